"""How many requests the job costs: numbers, not impressions. Pages hold 1,000 in the simulator;
Graph's own page size is unknown (GRAPH.md 7)."""

from dataclasses import replace

import pytest

from intune_scep.simulator.scenarios.bulk import bulk
from intune_scep.strong_mapping import Choices, apply_plan, assess_tenant, enforce, plan_tenant
from intune_scep.strong_mapping.impact import READING, read_impact

COUNT = 1000


def start(simulated, page_size=1000):
    tenant = simulated(bulk(COUNT), name="bulk1000")
    tenant.control("PUT", "settings", {"page_size": page_size})
    return tenant


def test_assessing_costs_the_pages_one_more_and_the_links_of_those_that_may_change(simulated):
    for page_size in (1000, 300, 100):
        tenant = start(simulated, page_size)
        assessment = tenant.run(assess_tenant)
        assert len(assessment.assessed) == COUNT
        assert len(tenant.sent()) <= -(-COUNT // page_size) + 1 + -(-COUNT // 20)
        assert all(item["status"] == 200 for item in tenant.requests())


def test_saying_what_it_costs_is_one_listing_more_the_links_and_one_export_job(simulated):
    tenant = start(simulated)
    choices = Choices()

    async def plan(graph):
        may_read = frozenset({READING})
        return await plan_tenant(replace(graph, granted_permissions=may_read), choices)

    assert tenant.run(plan).impact["certificates"] == 0
    with_impact = tenant.sent()
    tenant.control("DELETE", "requests")
    tenant.run(lambda graph: plan_tenant(graph, Choices(no_impact=True)))
    # The configurations, the retired Windows 10X collection, the job and how it goes. There are no
    # dependants here; each 20 of their links are one more.
    assert len(with_impact) - len(tenant.sent()) <= -(-2 * COUNT // 1000) + 1 + 4
    asked = [item for item in with_impact if item["path"].endswith("/exportJobs")]
    assert [item["method"] for item in asked] == ["POST"]


def test_reading_the_impact_alone_lists_once(simulated):
    tenant = start(simulated)
    found = tenant.run(read_impact)
    # The configurations, the Windows 10X collection, the roots, and the job.
    assert found.requests <= -(-2 * COUNT // 1000) + 1 + -(-COUNT // 20) + 5
    assert len(tenant.sent()) <= found.requests


def test_migrating_costs_one_read_and_one_write_each(simulated, tmp_path):
    tenant = start(simulated)
    plan = tenant.run(lambda graph: plan_tenant(graph, Choices()))
    tenant.control("DELETE", "requests")
    report = tenant.run(lambda graph: apply_plan(graph, plan, journal=tmp_path / "j"))
    assert report.counts["statuses"]["applied"] == COUNT
    sent = tenant.sent()
    assert len([item for item in sent if item["method"] == "PATCH"]) == COUNT
    jobs = [item for item in sent if "exportJobs" in item["path"]]
    # Which certificates are out before: one job, asked about until Intune has written it.
    assert [item["method"] for item in jobs] == ["POST", "GET", "GET"]
    first_write = next(item for item in sent if item["method"] == "PATCH")
    assert all(item["seq"] < first_write["seq"] for item in jobs)
    # One reading right before each write, one after the first, and a listing at the end.
    assert len(sent) - len(jobs) <= 2 * COUNT + 1 + 1
    # The published limits are in force: a healthy run meets no 429, in batches neither.
    assert {item["status"] for item in tenant.requests()} <= {200, 201, 204}


def test_without_the_certificates_before_no_report_is_asked_for(simulated, tmp_path):
    tenant = simulated(bulk(20), name="bulk20")
    report = tenant.run(
        lambda graph: enforce(
            graph, Choices(), dry_run=False, journal=tmp_path / "j", certificates_before=False
        )
    )
    assert report.counts["statuses"]["applied"] == 20
    assert not [item for item in tenant.sent() if "exportJobs" in item["path"]]


@pytest.mark.parametrize(
    ("mapped", "dry_run"), [(0, True), (20, False), (20, True)], ids=["check", "converged", "both"]
)
def test_where_nothing_is_written_no_report_is_asked_for(simulated, mapped, dry_run):
    tenant = simulated(bulk(20, mapped=mapped), name=f"bulk20-{mapped}")
    tenant.run(lambda graph: enforce(graph, Choices(), dry_run=dry_run))
    assert not [item for item in tenant.sent() if "exportJobs" in item["path"]]


def test_a_converged_run_costs_what_assessing_costs(simulated):
    tenant = simulated(bulk(COUNT, mapped=COUNT), name="mapped1000")
    report = tenant.run(lambda graph: enforce(graph, Choices(), dry_run=False))
    assert not report.changed
    assert len(tenant.sent()) <= 2
