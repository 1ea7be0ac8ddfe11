"""What a Graph less friendly than expected does to a plan, and what people get to read."""

import json

import httpx
import pytest

from intune_scep import IntuneClient
from intune_scep.changes.watch import Watch
from intune_scep.connection import ConnectionOptions
from intune_scep.declarations import Names
from intune_scep.declarations.from_profile import describe_assignments
from intune_scep.desired_state import PlanChoices, apply_plan, plan_declarations
from intune_scep.errors import GraphError, PlanError
from intune_scep.profiles import Platform, ProfileKind

from .declared import CHANGED, ERRORS_AS_WARNINGS, OTHER_PEM, full, root, scep


class Refuses(httpx.AsyncBaseTransport):
    """A Graph that answers 400 to some query options of a listing."""

    def __init__(self, inner, *words):
        self._inner = inner
        self._words = words

    async def handle_async_request(self, request):
        query = request.url.query.decode()
        listing = request.url.path.endswith("deviceConfigurations")
        if listing and any(word in query for word in self._words):
            return httpx.Response(400, json={"error": {"code": "BadRequest"}}, request=request)
        return await self._inner.handle_async_request(request)


class Pretends(httpx.AsyncBaseTransport):
    """A Graph that accepts some writes and does nothing."""

    def __init__(self, inner, method, ending):
        self._inner = inner
        self._what = (method, ending)

    async def handle_async_request(self, request):
        method, ending = self._what
        if request.method == method and request.url.path.endswith(ending):
            return httpx.Response(204, request=request)
        return await self._inner.handle_async_request(request)


@pytest.mark.parametrize(
    ("method", "ending", "change", "named"),
    [
        ("PATCH", "", {"key_size": 4096}, "keySize"),
        ("POST", "/assign", {"assignments": []}, "assignments"),
        ("DELETE", "/$ref", {"root_profile": None}, "root"),
    ],
)
def test_a_write_without_effect_is_not_called_applied(tenant, method, ending, change, named):
    tenant.applied([root(), scep()])
    tenant.simulated.door.transport = Pretends(tenant.simulated.door.transport, method, ending)
    [outcome] = tenant.apply([scep(**change)], rules=ERRORS_AS_WARNINGS).outcomes
    assert outcome.status == "unknown", outcome.message
    assert named in outcome.message


@pytest.mark.parametrize("words", [["filter"], ["expand"], ["filter", "expand"]], ids=str)
def test_a_listing_without_filter_or_expansion_plans_the_same(tenant, words):
    declarations = [root(), scep()]
    tenant.applied(declarations)
    tenant.simulated.door.transport = Refuses(tenant.simulated.door.transport, *words)
    assert tenant.plan(declarations).is_empty
    [action] = tenant.plan([scep(assignments=[])]).actions
    assert [d.property for d in action.diff] == ["assignments"]


def test_a_filter_id_beside_the_type_none_is_no_filter():
    target = {
        "@odata.type": "#microsoft.graph.allDevicesAssignmentTarget",
        "deviceAndAppManagementAssignmentFilterId": "00000000-0000-0000-0000-000000000000",
        "deviceAndAppManagementAssignmentFilterType": "none",
    }
    assert describe_assignments([{"target": target}], Names()) == [{"all_devices": True}]


def test_groups_that_may_not_be_read_name_the_permission(tenant):
    tenant.fault({"match": {"method": "GET", "path": "groups"}, "effect": 403})
    with pytest.raises(GraphError, match=r"GroupMember\.Read\.All"):
        tenant.plan([root()])


@pytest.mark.parametrize("page_size", [1, 2, 1000])
def test_small_pages_lose_nothing(tenant, page_size):
    declarations = [root(), scep(), root(Platform.MACOS), scep(Platform.MACOS)]
    tenant.applied(declarations)
    tenant.simulated.control("PUT", "settings", {"page_size": page_size})
    assert tenant.plan(declarations).is_empty


REISSUES = {
    "yes": ["subject_name_format", "subject_alternative_names", "validity", "key_size"],
    "probably_not": ["description", "renewal_threshold", "scep_server_urls", "scope_tags"],
}


@pytest.mark.parametrize(
    ("option", "expected"), [(o, expected) for expected, names in REISSUES.items() for o in names]
)
def test_the_plan_says_what_re_issues(tenant, option, expected):
    tenant.applied([root(), scep()])
    [action] = tenant.plan([scep(**{option: CHANGED[option][0]})]).actions
    assert action.details["reissues"] is expected
    says_page = "any change to a SCEP profile revokes" in " ".join(action.details["notes"])
    surely = {"subject_name_format", "subject_alternative_names", "validity"}
    assert says_page == (option not in surely)


@pytest.mark.parametrize("option", ["validity", "assignments"])
@pytest.mark.parametrize("platform", [Platform.IOS, Platform.ANDROID_DEVICE_OWNER])
def test_the_plan_promises_no_revocation_where_intune_cannot_revoke(tenant, platform, option):
    tenant.applied([root(platform), scep(platform)])
    value = {"validity": {"value": 2, "unit": "years"}, "assignments": []}[option]
    [action] = tenant.plan([scep(platform, **{option: value})], rules=ERRORS_AS_WARNINGS).actions
    notes = " ".join(action.details["notes"])
    assert ("revoked" in notes) == (platform is Platform.IOS)
    assert ("do that at the CA" in notes) == (platform is not Platform.IOS)


def test_a_root_re_issues_nothing(tenant):
    tenant.applied([root()])
    [action] = tenant.plan([root(certificate=OTHER_PEM)]).actions
    assert action.details["reissues"] == "no"
    [difference] = action.diff
    assert "Contoso" in difference.before
    assert "SHA-1" in difference.after


def test_a_validity_that_the_page_does_not_allow_is_said(tenant):
    long = {"value": 5, "unit": "years"}
    plan = tenant.plan([root(), scep(validity=long)], rules=ERRORS_AS_WARNINGS)
    assert "24 months" in " ".join(plan.actions[1].details["warnings"])
    assert "24 months" not in " ".join(tenant.plan([root(), scep()]).actions[1].details["warnings"])


def test_names_of_groups_that_go_are_shown(tenant):
    tenant.applied([root()])
    [action] = tenant.plan([root(assignments=[])]).actions
    [difference] = action.diff
    assert difference.before == [{"group": "All Staff"}, {"group": "Contractors", "exclude": True}]
    assert difference.after == []


def test_a_report_is_json_and_says_who_was_asked(tenant):
    report = tenant.apply([root(), scep()])
    data = json.loads(json.dumps(report.to_dict()))
    assert data["cloud"] == "simulator"
    assert data["msg"].startswith("SIMULATOR: 2 profiles changed (2 create)")
    assert data["changed"]
    assert not data["failed"]
    row = data["profiles"][1]
    assert (row["kind"], row["platform"], row["action"], row["status"]) == (
        "scep",
        "ios",
        "create",
        "applied",
    )
    assert row["id"] == tenant.profile("Staff")["id"]
    assert {d["property"] for d in row["diff"]} >= {"name", "root_profile", "assignments"}
    again = tenant.apply([root(), scep()])
    assert not again.changed
    assert again.msg == "SIMULATOR: 0 profiles changed."


def test_a_plan_of_another_tenant_is_refused(tenant, simulated):
    plan = tenant.plan([root()])
    other = simulated("empty")
    with pytest.raises(PlanError, match="Nothing was changed"):
        other.run(lambda graph: apply_plan(graph, plan))


def test_the_client_does_it_all_without_await(tenant):
    options = ConnectionOptions(cloud="simulator", simulator=str(tenant.simulated.path))
    with IntuneClient(options) as client:
        dry = client.profiles.apply([root(), scep()], dry_run=True)
        assert dry.changed
        assert tenant.names() == []
        assert not client.profiles.apply([root(), scep()], PlanChoices("set")).failed
        assert client.profiles.plan([root(), scep()], PlanChoices("set")).is_empty
        listing = client.profiles.list(kinds=[ProfileKind.SCEP], platforms=[Platform.IOS])
        [row] = json.loads(json.dumps(listing.to_dict()))["profiles"]
        assert row["not_declarable"] == []
        assert row["declaration"]["root_profile"] == {"name": "Root"}
        expected = full(ProfileKind.SCEP, Platform.IOS)
        assert {k: row["declaration"][k] for k in ("key_size", "assignments", "scope_tags")} == {
            k: expected[k] for k in ("key_size", "assignments", "scope_tags")
        }
        pruned = client.profiles.apply([], PlanChoices("set", prune=True))
        assert not pruned.failed
    assert tenant.names() == []


def test_everybody_hears_of_each_profile_once(tenant):
    heard = []

    async def work(graph):
        plan = await plan_declarations(graph, [root(), scep()])
        await apply_plan(graph, plan, watch=Watch(progress=lambda *what: heard.append(what)))

    tenant.simulated.run(work)
    assert heard == [(1, 2, "Root"), (2, 2, "Staff")]
