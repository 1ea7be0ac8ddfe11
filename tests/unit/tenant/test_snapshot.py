"""A listing is a set by id, and one odd item of it costs only itself, in every job."""

import json
from pathlib import Path

import httpx
import pytest

from intune_scep.backup.backup import back_up_profiles, read_backup
from intune_scep.backup.export import export_profiles
from intune_scep.backup.plan import RestoreAction, plan_restore
from intune_scep.compliance import Status, check_tenant
from intune_scep.declarations import read_declarations
from intune_scep.desired_state import list_profiles, plan_declarations
from intune_scep.errors import IntuneScepError
from intune_scep.profiles import ProfileKind
from intune_scep.simulator.scenarios.bulk import bulk
from intune_scep.strong_mapping import Choices, assess_tenant, plan_tenant
from intune_scep.tenant import (
    CREATABLE_TYPES,
    NamesOf,
    Wanted,
    read_profiles,
    read_profiles_by_id,
    read_root_links,
    read_snapshot,
)

EVERYTHING = Wanted(
    assignments=True, root_links=True, names=NamesOf.SHOWN, dependants=True, directory=True
)


class Odd(httpx.AsyncBaseTransport):
    """A Graph that changes the items of listings of profiles, or of the answers of a $batch.

    Args:
        pages: From the items of a page to the items that are sent instead.
        alone: From an answer within a $batch to what is sent instead.
    """

    def __init__(self, inner, pages=list, alone=dict):
        self._inner = inner
        self._pages = pages
        self._alone = alone

    async def handle_async_request(self, request):
        response = await self._inner.handle_async_request(request)
        if response.status_code != 200:
            return response
        body = json.loads(await response.aread())
        if request.url.path.endswith("/deviceConfigurations"):
            body["value"] = self._pages(body["value"])
        elif request.url.path.endswith("/$batch"):
            body["responses"] = [self._alone(item) for item in body["responses"]]
        return httpx.Response(200, json=body, request=request)


@pytest.fixture
def odd(simulated):
    """Return a function that gives a tenant whose Graph answers oddly."""

    def start(scenario="contoso", *, pages=list, alone=dict, **more):
        tenant = simulated(scenario, **more)
        tenant.door.transport = Odd(tenant.door.transport, pages, alone)
        return tenant

    return start


def read(tenant, wanted=EVERYTHING):
    return tenant.run(lambda graph: read_snapshot(graph, wanted))


def twice(items):
    """Every item two times, at both ends of the page."""
    return [*items, *reversed(items)]


def stale(items):
    """Every item two times, and both copies are of an edition that is no more."""
    return [{**item, "version": number} for number in (0, -1) for item in items]


def ids(profiles):
    return sorted(profile.id for profile in profiles)


def as_json(value):
    return json.dumps(value.to_dict(), default=str)


@pytest.mark.parametrize("pages", [twice, stale])
def test_a_profile_that_is_listed_twice_is_one_profile_in_every_job(
    odd, simulated, pages, tmp_path
):
    plain, double = simulated("contoso"), odd(pages=pages)

    def both(work):
        return plain.run(lambda graph: work(graph, "plain")), double.run(
            lambda graph: work(graph, "double")
        )

    def rows(value, key="profiles"):
        return value.to_dict()[key]

    one, other = both(lambda graph, _: assess_tenant(graph))
    assert rows(one) == rows(other)
    one, other = both(lambda graph, _: plan_tenant(graph, Choices()))
    assert [item.id for item in one.actions] == [item.id for item in other.actions]
    name = plain.profiles()[one.actions[0].id]["displayName"]
    one, other = both(lambda graph, _: plan_tenant(graph, Choices(only=(name,))))
    assert [item.id for item in one.actions] == [item.id for item in other.actions]
    one, other = both(lambda graph, _: list_profiles(graph))
    assert rows(one) == rows(other)
    one, other = both(lambda graph, where: export_profiles(graph, tmp_path / "yaml" / where))
    assert rows(one) == rows(other)
    one, other = both(lambda graph, where: back_up_profiles(graph, tmp_path / "json" / where))
    assert rows(one) == rows(other)
    one, other = both(lambda graph, _: check_tenant(graph))
    assert rows(one) == rows(other)
    assert one.summary == other.summary
    assert not other.unread
    declared = read_declarations(tmp_path / "yaml" / "double")
    assert double.run(lambda graph: plan_declarations(graph, declared)).is_empty
    backup = read_backup(tmp_path / "json" / "plain")
    steps = double.run(lambda graph: plan_restore(graph, backup)).steps
    assert {step.action for step in steps} == {RestoreAction.LEAVE}
    assert not [step for step in steps if step.differences]


def test_equal_copies_are_not_read_again_and_are_no_news(odd):
    tenant = odd(pages=twice)
    snapshot = read(tenant, Wanted(CREATABLE_TYPES, assignments=True))
    assert snapshot.notes == ()
    assert len(tenant.sent()) == snapshot.pages


def test_copies_that_differ_are_read_again_and_the_present_edition_is_taken(odd, simulated):
    fresh = simulated(bulk(30), name="bulk30").profiles()
    tenant = odd(bulk(30), name="bulk30", pages=stale)
    snapshot = read(tenant, Wanted(CREATABLE_TYPES))
    assert {profile.id: profile.version for profile in snapshot.profiles} == {
        identifier: wire["version"] for identifier, wire in fresh.items()
    }
    assert len(tenant.sent("POST")) == -(-len(fresh) // 20)
    assert len(snapshot.notes) == len(fresh)
    assert all("listed more than once" in note for note in snapshot.notes)


def test_assignments_survive_a_second_reading(odd):
    tenant = odd(pages=stale)
    assert all(
        profile.assignments is not None
        for profile in read(tenant, Wanted(CREATABLE_TYPES, assignments=True)).profiles
    )


ABOUT_ANOTHER = {
    "an error": {"status": 403, "body": {"error": {"code": "Forbidden", "message": "No."}}},
    "null": {"status": 200, "body": None},
    "another profile": {
        "status": 200,
        "body": {"id": "other", "@odata.type": "#microsoft.graph.iosScepCertificateProfile"},
    },
}


@pytest.mark.parametrize("answer", ABOUT_ANOTHER.values(), ids=ABOUT_ANOTHER)
def test_what_cannot_be_read_again_is_as_the_listing_had_it_last_and_is_told(odd, answer):
    tenant = odd(pages=stale, alone=lambda item: {**item, **answer})
    snapshot = read(tenant, Wanted(CREATABLE_TYPES))
    assert {profile.version for profile in snapshot.profiles} == {-1}
    assert len(snapshot.unread) == len(snapshot.profiles)
    assert tenant.run(check_tenant).outcome.status is Status.NOT_JUDGED


def test_a_profile_that_is_gone_by_then_is_left_out_with_a_note(odd):
    gone = {"status": 404, "body": {"error": {"code": "ResourceNotFound", "message": "Gone."}}}
    snapshot = read(odd(pages=stale, alone=lambda item: {**item, **gone}), Wanted(CREATABLE_TYPES))
    assert snapshot.profiles == ()
    assert snapshot.notes
    assert all("deleted while" in note for note in snapshot.notes)
    assert not snapshot.unread


IOS = "#microsoft.graph.iosScepCertificateProfile"
ITEMS = {
    "null": None,
    "a number": 7,
    "a text": "profile",
    "a list": [],
    "nothing in it": {},
    "no type": {"id": "d0000000-0000-4000-8000-000000000001", "displayName": "Odd one"},
    "null for a type": {"@odata.type": None, "displayName": "Odd one"},
    "a number for a type": {"@odata.type": 7, "displayName": "Odd one"},
    "no id": {"@odata.type": IOS, "displayName": "Odd one"},
    "an empty id": {"@odata.type": IOS, "displayName": "Odd one", "id": ""},
    "a number for an id": {"@odata.type": IOS, "displayName": "Odd one", "id": 7},
    "a path for an id": {"@odata.type": IOS, "displayName": "Odd one", "id": "../x?y"},
    "a Wi-Fi profile without id": {
        "@odata.type": "#microsoft.graph.iosEnterpriseWiFiConfiguration",
        "displayName": "Odd one",
    },
    "assignments in a text": {
        "@odata.type": IOS,
        "displayName": "Odd one",
        "id": "d0000000-0000-4000-8000-000000000001",
        "assignments": "all",
    },
    "an assignment that is null": {
        "@odata.type": IOS,
        "displayName": "Odd one",
        "id": "d0000000-0000-4000-8000-000000000001",
        "assignments": [None],
    },
    "a target in a text": {
        "@odata.type": IOS,
        "displayName": "Odd one",
        "id": "d0000000-0000-4000-8000-000000000001",
        "assignments": [{"target": "all"}],
    },
}


@pytest.mark.parametrize("item", ITEMS.values(), ids=ITEMS)
def test_one_odd_item_of_a_listing_costs_itself_and_is_told(odd, simulated, item):
    tenant = odd(pages=lambda items: [*items[:3], item, *items[3:]])
    snapshot = read(tenant)
    assert ids(snapshot.profiles) == ids(read(simulated("contoso")).profiles)
    [left_out] = snapshot.left_out
    assert "it was left out" in str(left_out)
    if isinstance(item, dict) and "displayName" in item:
        assert "Odd one" in str(left_out)
    report = tenant.run(check_tenant)
    assert report.outcome.status is Status.NOT_JUDGED
    assert report.to_dict()["unread"] == [{"what": left_out.what, "why": left_out.why}]
    assert str(left_out) not in report.notes


@pytest.mark.parametrize(
    "item", [ITEMS[name] for name in ("null", "no type", "no id", "a path for an id")]
)
def test_every_job_goes_on_beside_an_odd_item_and_tells_of_it(odd, item, tmp_path):
    tenant = odd(pages=lambda items: [*items, item])

    async def everything(graph):
        export = await export_profiles(graph, tmp_path / "yaml", remove_left_over=True)
        declared = read_declarations(tmp_path / "yaml")
        return {
            "assess": await assess_tenant(graph),
            "list": await list_profiles(graph, kinds=[ProfileKind.SCEP]),
            "export": export,
            "back up": await back_up_profiles(graph, tmp_path / "json"),
            "plan": await plan_declarations(graph, declared),
            "restore": await plan_restore(graph, read_backup(tmp_path / "json")),
        }

    for job, result in tenant.run(everything).items():
        assert any("it was left out" in note for note in result.notes), job
        if job in {"export", "back up"}:
            assert result.incomplete


def test_nothing_is_removed_from_an_export_while_an_item_could_not_be_used(odd, tmp_path):
    hidden = []

    def pages(items):
        return [{**item, "id": None} if item.get("id") in hidden else item for item in items]

    tenant = odd(pages=pages)

    def export():
        return tenant.run(
            lambda graph: export_profiles(graph, tmp_path, overwrite=True, remove_left_over=True)
        )

    first = export()
    written = next(item for item in first.profiles if item.file)
    hidden.append(written.profile.id)
    assert Path(tmp_path / written.file).exists()
    second = export()
    assert second.incomplete
    assert Path(tmp_path / written.file).exists()


def test_assignments_that_are_sent_in_parts_are_told(odd):
    def pages(items):
        return [{**item, "assignments@odata.nextLink": "https://x/"} for item in items]

    snapshot = read(odd(bulk(2), pages=pages), Wanted(CREATABLE_TYPES, assignments=True))
    assert len(snapshot.profiles) == len(snapshot.left_out)
    assert "all assignments of" in snapshot.notes[0]


ROOTS = {
    "null": {"status": 200, "body": None},
    "an unknown type": {"status": 200, "body": {"@odata.type": "#microsoft.graph.x", "id": "1"}},
    "no type": {"status": 200, "body": {"id": "1"}},
    "a SCEP profile": {"status": 200, "body": {"@odata.type": IOS, "id": "1"}},
}


@pytest.mark.parametrize("answer", ROOTS.values(), ids=ROOTS)
def test_a_root_link_that_leads_to_no_root_is_an_error_of_its_profile(odd, answer):
    tenant = odd(bulk(3), alone=lambda item: {**item, **answer})

    async def links(graph):
        found = await read_profiles(graph, CREATABLE_TYPES)
        return await read_root_links(graph, [item for item in found.profiles if item.is_scep])

    found = tenant.run(links)
    assert found
    assert all("no trusted root profile" in str(link) for link in found.values())


ABOUT_NOTHING = {
    "null": None,
    "a text": "x",
    "another profile": {"@odata.type": IOS, "id": "other"},
    "no type": {"id": "wanted"},
    "an unknown type": {"id": "wanted", "@odata.type": "#microsoft.graph.x"},
}


@pytest.mark.parametrize("body", ABOUT_NOTHING.values(), ids=ABOUT_NOTHING)
def test_an_answer_that_is_not_the_profile_asked_for_is_an_error_of_that_profile(odd, body):
    tenant = odd("empty", alone=lambda item: {"id": item["id"], "status": 200, "body": body})
    found = tenant.run(lambda graph: read_profiles_by_id(graph, ["wanted"]))
    assert isinstance(found["wanted"], IntuneScepError)


ENTITIES = {"null": None, "a text": "x", "no id": {"displayName": "All Staff"}}


@pytest.mark.parametrize("entity", ENTITIES.values(), ids=ENTITIES)
def test_an_odd_member_of_a_group_makes_the_count_incomplete_and_is_told(odd, entity):
    def alone(item):
        body = item.get("body")
        if isinstance(body, dict) and isinstance(body.get("value"), list):
            return {**item, "body": {**body, "value": [*body["value"], entity]}}
        return item

    snapshot = read(odd(alone=alone))
    assert snapshot.directory.failures
    assert any(" of " in failure.what for failure in snapshot.failures)


def test_ids_that_differ_in_letter_case_only_are_of_one_profile(odd):
    def shouted(items):
        return [*items, *({**item, "id": item["id"].upper()} for item in items)]

    ids = [profile.id.lower() for profile in read(odd(pages=shouted)).profiles]
    assert ids == [profile.id.lower() for profile in read(odd()).profiles]
    assert len(ids) == len(set(ids))
