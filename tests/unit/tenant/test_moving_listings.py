"""Listings move while they are read, and expanded collections come in parts: nothing gets lost."""

import json

import httpx
import pytest

from intune_scep.backup.backup import back_up_profiles
from intune_scep.compliance import Status, check_tenant
from intune_scep.desired_state import list_profiles
from intune_scep.errors import IntuneScepError
from intune_scep.simulator.scenarios.bulk import bulk
from intune_scep.strong_mapping import Choices, apply_plan, assess_tenant, enforce, plan_tenant
from intune_scep.tenant import (
    CREATABLE_TYPES,
    SCEP_TYPES,
    Wanted,
    read_profiles,
    read_profiles_by_id,
    read_snapshot,
)
from intune_scep.tenant.profiles import read_profile

LISTING = {"method": "GET", "path": "deviceConfigurations$"}
COUNT = 24


def paged(simulated, *rules, size=5, **settings):
    """A tenant of 24 SCEP profiles and 4 roots, on pages of five."""
    tenant = simulated(bulk(COUNT), name="bulk24")
    tenant.control("PUT", "settings", {"page_size": size, **settings})
    tenant.control("PUT", "faults", list(rules))
    return tenant


def slip(nth=None, **more):
    match = {**LISTING, **({"nth": nth} if nth else {})}
    return {"match": match, "effect": "slip", **more}


def scep(tenant):
    return tenant.run(lambda graph: read_snapshot(graph, Wanted(SCEP_TYPES)))


def told(report):
    """The notes of a plan or run, but what the rules say of the change and what the tests' token
    permits."""
    return [note for note in report.notes if "token" not in note and not note.startswith("R-")]


def ids(profiles):
    return sorted(profile.id for profile in profiles)


ONCE = {
    "the first item of the second page": slip([1]),
    "the first item of the third page": slip([2]),
    "the first item of the last page": slip([4]),
    "several items": slip([2], count=3),
    "a whole page and more": slip([1], count=7),
    "all that was left": slip([3], count=99),
    "an item at every turn of the page": slip([1, 2, 3, 4]),
}


@pytest.mark.parametrize("rule", ONCE.values(), ids=ONCE)
def test_what_slips_between_two_pages_is_found_by_listing_again_and_told(simulated, rule):
    whole = scep(paged(simulated))
    snapshot = scep(paged(simulated, rule))
    assert ids(snapshot.profiles) == ids(whole.profiles)
    assert snapshot.left_out == ()
    assert snapshot.notes
    assert all("slipped between two pages" in note for note in snapshot.notes)
    named = {
        profile.display_name for profile in snapshot.profiles if profile.id in str(snapshot.notes)
    }
    assert len(named) == len(snapshot.notes)
    assert whole.notes == ()


@pytest.mark.parametrize("count", [1, 2, 3])
def test_what_slips_every_time_is_told_and_never_counts_as_fine(simulated, tmp_path, count):
    tenant = paged(simulated, slip(count=count, times=None), size=10)
    snapshot = scep(tenant)
    [missing] = snapshot.left_out
    lacking = COUNT - len(snapshot.profiles)
    assert lacking > 0
    assert f"{lacking} of {COUNT} items" in missing.what
    assert str(missing) in snapshot.notes
    assert str(missing) in tenant.run(assess_tenant).notes
    assert str(missing) in tenant.run(lambda graph: plan_tenant(graph, Choices())).notes
    assert "of 28 items" in str(tenant.run(list_profiles).notes)
    judged = tenant.run(check_tenant)
    assert "of 28 items" in str(judged.unread)
    assert judged.outcome.status in {Status.NOT_JUDGED, Status.FAILED}
    assert "of 28 items" in str(tenant.run(lambda graph: back_up_profiles(graph, tmp_path)).notes)


def test_a_profile_that_is_made_meanwhile_is_no_alarm(simulated):
    made = {"@odata.type": "#microsoft.graph.iosScepCertificateProfile", "displayName": "New"}
    edit = {"match": {**LISTING, "nth": [2]}, "effect": "edit", "create": made, "when": "after"}
    snapshot = scep(paged(simulated, edit))
    assert len(snapshot.profiles) == COUNT + 1
    assert (snapshot.left_out, snapshot.notes) == ((), ())


def test_a_profile_that_is_deleted_meanwhile_is_no_alarm(simulated):
    tenant = paged(simulated)
    victim = scep(tenant).profiles[2].id
    edit = {"match": {**LISTING, "nth": [3]}, "effect": "edit", "id": victim, "delete": True}
    tenant.control("PUT", "faults", [edit])
    snapshot = scep(tenant)
    assert snapshot.left_out == ()
    assert all("slipped between two pages" in note for note in snapshot.notes)
    assert len(snapshot.profiles) == COUNT


@pytest.mark.parametrize("stale", [False, True])
def test_a_profile_that_slips_and_one_that_is_listed_twice_stay_one_each(simulated, stale):
    overlap = {"match": LISTING, "effect": "overlap", "stale": stale}
    tenant = paged(simulated, slip([2]), overlap)
    snapshot = scep(tenant)
    assert len(ids(snapshot.profiles)) == len(set(ids(snapshot.profiles))) == COUNT
    assert any("slipped" in note for note in snapshot.notes)


@pytest.mark.parametrize("size", [5, COUNT, 1000])
@pytest.mark.parametrize("form", ["collection", "page", "absent", "refused"])
def test_counting_costs_no_request_unless_graph_refuses_to_count(simulated, form, size):
    tenant = paged(simulated, count=form, size=size)
    snapshot = scep(tenant)
    assert len(snapshot.profiles) == COUNT
    assert snapshot.notes == ()
    pages, retired = -(-COUNT // size), 1
    assert snapshot.pages == pages + retired
    assert len(tenant.sent()) == snapshot.pages + (form == "refused")


class Counting(httpx.AsyncBaseTransport):
    """A Graph that says otherwise how many items a listing has, on its first page or on each."""

    def __init__(self, inner, count, *, each):
        self._inner = inner
        self._count = count
        self._each = each

    async def handle_async_request(self, request):
        response = await self._inner.handle_async_request(request)
        query = request.url.query.decode()
        listing = request.url.path.endswith("/deviceConfigurations")
        if response.status_code != 200 or not listing:
            return response
        body = json.loads(await response.aread())
        if self._each or "skiptoken" not in query:
            body["@odata.count"] = self._count(body["value"])
        return httpx.Response(200, json=body, request=request)


GIVEN = {
    "of the collection": (lambda _: COUNT, 0, 0),
    "of the page": (len, 0, 0),
    "too many": (lambda _: COUNT + 1, 5, 1),
    "zero": (lambda _: 0, 0, 0),
    "a text": (lambda _: "24", 0, 0),
    "true": (lambda _: True, 0, 0),
    "null": (lambda _: None, 0, 0),
}


@pytest.mark.parametrize("each", [False, True])
@pytest.mark.parametrize(("count", "more", "missing"), GIVEN.values(), ids=GIVEN)
def test_a_count_is_used_if_it_can_be_one(simulated, count, more, missing, each):
    tenant = paged(simulated)
    tenant.door.transport = Counting(tenant.door.transport, count, each=each)
    snapshot = scep(tenant)
    assert len(snapshot.profiles) == COUNT
    assert len(snapshot.left_out) == missing
    retired = 1
    assert len(tenant.sent()) == 5 + more + retired


UNCOUNTED = ("page", "absent", "refused")


@pytest.mark.parametrize("form", UNCOUNTED)
@pytest.mark.parametrize("nth", [1, 3, 4])
def test_without_a_count_the_listing_at_the_end_of_a_run_tells(simulated, form, nth):
    tenant = paged(simulated, slip([nth]), count=form)
    everybody = tenant.run(lambda graph: read_profiles(graph, SCEP_TYPES))
    tenant.control("PUT", "faults", [slip([nth])])
    plan = tenant.run(lambda graph: plan_tenant(graph, Choices()))
    assert told(plan) == []
    assert len(plan.actions) == COUNT - 1
    missing = set(scep_ids(tenant)) - {action.id for action in plan.actions}
    report = tenant.run(lambda graph: apply_plan(graph, plan))
    assert report.counts["statuses"]["applied"] == COUNT - 1
    [note] = told(report)
    assert "Not in the plan" in note
    assert all(identifier in note for identifier in missing)
    assert len(everybody.profiles) == COUNT - 1


def scep_ids(tenant):
    return [
        identifier
        for identifier, wire in tenant.profiles().items()
        if "scep" in wire["@odata.type"].lower()
    ]


def test_the_listing_at_the_end_is_made_for_a_small_run_in_a_large_tenant_too(simulated):
    tenant = paged(simulated, slip([2]), count="absent")
    report = tenant.run(
        lambda graph: enforce(graph, Choices(only=("Bulk SCEP 000002",)), dry_run=False)
    )
    assert report.counts["statuses"]["applied"] == 1
    assert "Not in the plan" in str(report.notes)


def test_a_run_in_a_tenant_that_stands_still_has_nothing_to_tell(simulated):
    for form in ("collection", *UNCOUNTED):
        tenant = paged(simulated, count=form)
        report = tenant.run(lambda graph: enforce(graph, Choices(), dry_run=False))
        assert report.counts["statuses"]["applied"] == COUNT
        assert told(report) == []


def test_a_ring_of_a_plan_does_not_take_the_rest_for_missed(simulated):
    tenant = paged(simulated, count="absent")
    plan = tenant.run(lambda graph: plan_tenant(graph, Choices()))
    ring = plan.part([action.key for action in plan.actions[:3]])
    report = tenant.run(lambda graph: apply_plan(graph, ring))
    assert report.counts["statuses"]["applied"] == 3
    assert told(report) == []


# Assignments in parts

GROUPS = [f"5f9e6b0a-54b4-4f66-9a0e-1f3a3a6c1d{number:02d}" for number in range(7)]
ASSIGN = {
    "assignments": [
        {"target": {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group}}
        for group in GROUPS
    ]
}


@pytest.fixture
def assigned(simulated):
    """Return a function that gives a tenant whose second profile is assigned to seven groups."""

    def start(*rules):
        tenant = simulated(bulk(3), name="bulk3")
        identifier = scep_ids(tenant)[1]
        path = f"deviceManagement/deviceConfigurations/{identifier}/assign"
        tenant.run(lambda graph: graph.session.write("POST", path, ASSIGN))
        tenant.control("PUT", "faults", list(rules))
        return tenant, identifier

    return start


async def listed(graph, identifier):
    found = await read_profiles(graph, CREATABLE_TYPES, with_assignments=True)
    assert found.left_out == ()
    return found.index.by_id(identifier)


async def alone(graph, identifier):
    return await read_profile(graph, identifier, with_assignments=True)


async def by_id(graph, identifier):
    return (await read_profiles_by_id(graph, [identifier], with_assignments=True))[identifier]


READERS = {"listed": listed, "alone": alone, "by id": by_id}


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
@pytest.mark.parametrize("size", [1, 2, 6, 7, 8])
def test_all_assignments_are_read_however_small_the_parts(assigned, reader, size):
    tenant, identifier = assigned({"effect": "split", "size": size})
    profile = tenant.run(lambda graph: reader(graph, identifier))
    assert [item["target"]["groupId"] for item in profile.assignments] == GROUPS
    assert "assignments@odata.nextLink" not in profile.to_wire()


def test_assignments_that_are_asked_for_by_themselves_come_in_parts_too(assigned):
    refused = {"match": LISTING, "effect": 400, "times": 2}
    tenant, identifier = assigned(refused, {"effect": "split", "size": 3})
    profile = tenant.run(lambda graph: listed(graph, identifier))
    assert [item["target"]["groupId"] for item in profile.assignments] == GROUPS


REST = {"method": "GET", "path": "/assignments$"}


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_rest_that_cannot_be_read_costs_only_its_profile(assigned, status):
    tenant, identifier = assigned({"match": REST, "effect": status}, {"effect": "split", "size": 2})
    snapshot = tenant.run(
        lambda graph: read_profiles(graph, CREATABLE_TYPES, with_assignments=True)
    )
    assert len(snapshot.left_out) == 1
    assert "all assignments of" in snapshot.left_out[0].what
    assert len(snapshot.profiles) == len(tenant.profiles())
    for reader in (alone, by_id):
        with pytest.raises(IntuneScepError):
            found = tenant.run(lambda graph, reader=reader: reader(graph, identifier))
            raise found if isinstance(found, IntuneScepError) else AssertionError(found)
