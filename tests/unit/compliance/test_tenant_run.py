"""A run over a tenant: what it reads, what it costs, and that it never looks green unread."""

import asyncio
import json
from pathlib import Path

import pytest

from intune_scep import AsyncIntuneClient
from intune_scep.compliance import Policy, Status, approve, read_baseline
from intune_scep.connection import ConnectionOptions
from intune_scep.reports.formats import render
from intune_scep.simulator.scenarios.bulk import bulk

GOLDEN = Path(__file__).with_name("contoso-report.txt")
LENIENT = Policy(errors=False, required=False, defective=False, expired_roots=False)
CONFIGURATIONS = r"deviceConfigurations$"


def test_contoso_report_is_the_reviewed_one(contoso, check):
    """After a change that is meant: write the text anew and read the difference."""
    text = render("text", check(contoso, with_directory=True))
    assert text.splitlines() == GOLDEN.read_text(encoding="utf-8").splitlines()


def test_the_same_tenant_makes_the_same_report(contoso, check):
    first, second = check(contoso), check(contoso)
    assert json.dumps(first.to_dict()) == json.dumps(second.to_dict())


def test_nothing_is_written(contoso, check):
    contoso.control("PUT", "settings", {"read_only": True})
    assert not check(contoso, with_directory=True).unread
    assert {item["method"] for item in contoso.requests()} <= {"GET", "POST"}
    assert {item["path"] for item in contoso.sent("POST")} == {"/beta/$batch"}


def test_a_thousand_profiles_cost_the_pages_and_one_batch_in_twenty(simulated, check):
    tenant = simulated(bulk(1000), name="bulk1000")
    report = check(tenant)
    assert not report.unread
    assert report.summary["profiles"]["scep"] == 1000
    assert len(tenant.sent()) <= 2 + 1 + 1000 // 20 + 2


BROKEN = {
    "the listing": {"match": {"method": "GET", "path": CONFIGURATIONS}, "effect": 500},
    "its second page": {
        "match": {"method": "GET", "path": CONFIGURATIONS, "nth": list(range(2, 60))},
        "effect": "close",
    },
    "no permission": {"match": {"method": "GET", "path": CONFIGURATIONS}, "effect": 403},
    "every batch": {"match": {"method": "POST", "path": r"\$batch$"}, "effect": 503},
    "one root link": {
        "match": {"method": "POST", "path": r"\$batch$"},
        "effect": "batch_item",
        "item": 1,
        "status": 500,
    },
}


@pytest.mark.parametrize("policy", [Policy(), LENIENT], ids=["strict", "lenient"])
@pytest.mark.parametrize("fault", BROKEN.values(), ids=BROKEN)
def test_a_read_that_fails_half_way_is_never_green(contoso, check, fault, policy):
    contoso.control("PUT", "settings", {"page_size": 40})
    contoso.control("PUT", "faults", [{"when": "before", "times": 1000, **fault}])
    report = check(contoso, policy=policy)
    assert report.outcome.status is Status.NOT_JUDGED
    assert report.outcome.exit_code == 3
    assert report.failed
    assert "Could not be judged" in report.msg
    assert report.to_dict()["unread"]


def test_a_failed_run_against_a_baseline_reports_no_drift(contoso, check, tmp_path):
    approve(check(contoso), tmp_path / "baseline.json")
    contoso.control("PUT", "faults", [{**BROKEN["the listing"], "when": "before", "times": 1000}])
    report = check(contoso, baseline=read_baseline(tmp_path / "baseline.json"))
    assert report.outcome.exit_code == 3
    assert not report.drift


def test_a_directory_that_may_not_be_read_is_never_green(contoso):
    token = contoso.door.access_token(["DeviceManagementConfiguration.Read.All"])
    options = ConnectionOptions(cloud="simulator", simulator=str(contoso.path), access_token=token)

    async def work():
        async with AsyncIntuneClient(options) as client:
            without = await client.compliance.check(LENIENT)
            return without, await client.compliance.check(LENIENT, with_directory=True)

    without, with_directory = asyncio.run(work())
    assert without.outcome.exit_code == 0
    assert any("shown by id" in note for note in without.notes)
    assert with_directory.outcome.exit_code == 3
    assert "403" in with_directory.msg


def test_transient_faults_leave_no_trace(contoso, check):
    sound = check(contoso).to_dict()
    contoso.control(
        "PUT",
        "faults",
        [
            {"match": {"path": CONFIGURATIONS}, "when": "before", "effect": 503, "times": 2},
            {
                "match": {"method": "POST", "path": r"\$batch$"},
                "when": "after",
                "effect": "batch_item",
                "item": 2,
                "status": 429,
                "retry_after": 1,
                "times": 3,
            },
        ],
    )
    assert check(contoso).to_dict() == sound


def test_ids_of_groups_are_shown_as_names(contoso, check):
    report = check(contoso)
    name = "Android BYOD - SCEP - User - Pilot"
    [profile] = [item for item in report.profiles if item.name == name]
    assert profile.assignments == ("PKI Pilot",)
    [finding] = [item for item in profile.findings if item.rule_id == "R-181"]
    assert "“PKI Pilot”" in finding.message


def test_dependants_are_found_through_their_links(contoso, check):
    used_by = {item.name: item.used_by for item in check(contoso).profiles}
    assert used_by["Windows - SCEP - User - Head office docking"] == (
        "Windows - Wired - Munich docking stations",
    )
    assert used_by["iOS - SCEP - User - S/MIME signing"] == ("iOS - Mail - Exchange",)


def test_steps_start_with_strong_mapping_and_name_every_profile_once(contoso, check):
    report = check(contoso)
    first, second = report.steps[:2]
    assert first.command == "intune-scep strong-mapping plan"
    assert len(first.profiles) == report.verdicts["required"]
    assert len(second.profiles) == report.verdicts["defective"]
    covered = {ref.id for ref in (*first.profiles, *second.profiles)}
    again = {ref.id for step in report.steps if step.rule_id == "R-075" for ref in step.profiles}
    assert not covered & again
