"""Which profile is meant, and that a create which may have happened is never sent twice."""

import json

import httpx
import pytest

from intune_scep.desired_state import apply_plan
from intune_scep.profiles import Platform, ProfileKind

from .declared import declare, guid, root, scep

CREATE = {"method": "POST", "path": "deviceConfigurations$"}
LOST = [500, 502, "html_502", 503, 504, "close", "truncate", "slow", "drip"]


def test_a_profile_is_found_by_type_and_exact_name(tenant):
    tenant.applied([root(), root(Platform.MACOS), scep()])
    assert tenant.plan([root(), root(Platform.MACOS)]).is_empty
    assert tenant.plan([root(name="root")]).actions[0].action == "create"


def test_with_its_id_a_profile_is_renamed(tenant):
    tenant.applied([root(), scep()])
    renamed = scep(id=tenant.profile("Staff")["id"].upper(), name="Employees")
    report = tenant.apply([renamed])
    assert not report.failed, report.msg
    assert tenant.writes()[0]["body"] == {
        "@odata.type": "#microsoft.graph.iosScepCertificateProfile",
        "displayName": "Employees",
    }
    assert tenant.names() == ["Employees", "Root"]


def test_without_a_name_the_name_is_left_alone(tenant):
    tenant.applied([root(), scep()])
    assert tenant.plan([scep(id=tenant.profile("Staff")["id"], name=...)]).is_empty


def test_a_rename_to_a_name_that_is_taken_is_refused(tenant):
    tenant.applied([root(), scep(), scep(name="Employees")])
    report = tenant.apply([scep(id=tenant.profile("Staff")["id"], name="Employees")])
    assert report.failed
    assert tenant.profile("Employees")["id"] in report.msg


def test_two_profiles_are_not_renamed_to_one_name_but_may_swap_theirs(tenant):
    tenant.applied([root(), scep(), scep(name="Employees")])
    one, other = tenant.profile("Staff")["id"], tenant.profile("Employees")["id"]
    report = tenant.apply([scep(id=one, name="People"), scep(id=other, name="People")])
    assert report.failed
    assert tenant.writes() == []
    report = tenant.apply([scep(id=one, name="Employees"), scep(id=other, name="Staff")])
    assert not report.failed, report.msg
    assert tenant.profile("Employees")["id"] == one


def test_an_unknown_id_is_refused_and_absent_already_when_it_should_be(tenant):
    assert "No certificate profile has the id" in tenant.apply([root(id=guid(9))]).msg
    assert tenant.plan([root(id=guid(9), state="absent")]).is_empty


@pytest.mark.parametrize("name", ["Root", ...])
def test_what_is_declared_twice_is_refused_twice(tenant, name):
    tenant.applied([root()])
    other = root(id=tenant.profile("Root")["id"], name=name)
    plan = tenant.plan([root(description="one"), other])
    assert [action.action for action in plan.actions] == ["refused"] * 2


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("effect", LOST)
@pytest.mark.parametrize("kind", [ProfileKind.TRUSTED_ROOT, ProfileKind.SCEP])
def test_a_create_whose_answer_was_lost_is_adopted_not_repeated(tenant, kind, effect, when):
    declarations = [root()] if kind is ProfileKind.TRUSTED_ROOT else [root(), scep()]
    tenant.applied(declarations[:-1])
    tenant.fault({"match": {**CREATE, "nth": [1]}, "when": when, "effect": effect})
    report = tenant.apply(declarations)
    assert not report.failed, report.msg
    created = [w for w in tenant.writes() if w["path"].endswith("deviceConfigurations")]
    assert sum(w["committed"] for w in created) == 1
    assert len(tenant.simulated.profiles()) == len(declarations)
    tenant.fault()
    assert tenant.plan(declarations).is_empty


def test_a_create_that_cannot_be_looked_up_is_unknown(tenant):
    plan = tenant.plan([root()])
    tenant.fault(
        {"match": CREATE, "when": "after", "effect": "close"},
        {
            "match": {
                "method": "GET",
                "path": "deviceConfigurations$",
                "nth": list(range(2, 99)),
            },
            "effect": 503,
        },
    )
    report = tenant.simulated.run(lambda graph: apply_plan(graph, plan))
    assert [o.status for o in report.outcomes] == ["unknown"]
    assert report.changed
    assert report.failed


def test_a_twin_made_after_the_plan_is_a_conflict(tenant):
    plan = tenant.plan([root()])
    tenant.applied([root(description="by somebody else")])
    report = tenant.simulated.run(lambda graph: apply_plan(graph, plan))
    assert [o.status for o in report.outcomes] == ["conflict"]
    assert tenant.writes() == []


class OvertakenBySomebodyElse(httpx.AsyncBaseTransport):
    """A Graph in which somebody creates a twin while our own create is lost."""

    def __init__(self, inner):
        self._inner = inner

    async def handle_async_request(self, request):
        if request.method == "POST" and request.url.path.endswith("deviceConfigurations"):
            body = {**json.loads(await request.aread()), "description": "by somebody else"}
            headers = {k: v for k, v in request.headers.items() if k != "content-length"}
            other = httpx.Request("POST", request.url, headers=headers, json=body)
            await self._inner.handle_async_request(other)
            raise httpx.ReadError("lost", request=request)
        return await self._inner.handle_async_request(request)


def test_a_twin_that_somebody_else_made_is_not_adopted(tenant):
    tenant.simulated.door.transport = OvertakenBySomebodyElse(tenant.simulated.door.transport)
    report = tenant.apply([root()])
    assert [o.status for o in report.outcomes] == ["conflict"]
    assert len(tenant.simulated.profiles()) == 1


@pytest.mark.parametrize("effect", LOST)
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", ["assign", "delete", "patch"])
def test_every_write_survives_a_lost_answer(tenant, step, effect, when):
    tenant.applied([root(), scep()])
    wanted = {
        "assign": scep(assignments=[{"all_users": True}]),
        "delete": scep(state="absent"),
        "patch": scep(renewal_threshold=50),
    }[step]
    match = {
        "assign": {"method": "POST", "path": "/assign$"},
        "delete": {"method": "DELETE", "path": "deviceConfigurations"},
        "patch": {"method": "PATCH", "path": "deviceConfigurations"},
    }[step]
    tenant.fault({"match": {**match, "nth": [1]}, "when": when, "effect": effect})
    report = tenant.apply([wanted])
    assert not report.failed, report.msg
    assert sum(w["committed"] for w in tenant.writes()) == 1
    tenant.fault()
    assert tenant.plan([wanted]).is_empty


def test_a_profile_deleted_meanwhile_is_a_conflict_for_a_change_and_fine_for_a_delete(tenant):
    tenant.applied([root(), scep(), scep(name="Other")])
    plan = tenant.plan([scep(renewal_threshold=50), scep(name="Other", state="absent")])
    tenant.applied([scep(state="absent"), scep(name="Other", state="absent")])
    report = tenant.simulated.run(lambda graph: apply_plan(graph, plan))
    assert [o.status for o in report.outcomes] == ["conflict", "applied"]


def test_absent_needs_no_more_than_type_and_name(tenant):
    tenant.applied([root()])
    absent = {"name": "Root", "platform": "ios", "state": "absent"}
    assert not tenant.apply([declare(ProfileKind.TRUSTED_ROOT, absent)]).failed
    assert tenant.names() == []


def test_an_id_of_another_type_is_refused_for_deleting(tenant):
    tenant.applied([root()])
    report = tenant.apply([scep(id=tenant.profile("Root")["id"], state="absent")])
    assert report.failed
    assert tenant.names() == ["Root"]


def test_the_documented_statuses_make_no_difference(tenant):
    tenant.simulated.control("PUT", "settings", {"documented_statuses": True})
    declarations = [root(), scep()]
    assert not tenant.apply(declarations).failed
    assert tenant.plan(declarations).is_empty
    assert not tenant.apply([scep(renewal_threshold=50, assignments=[])]).failed
    assert not tenant.apply([scep(state="absent"), root(state="absent")]).failed
    assert tenant.names() == []


def test_check_mode_sends_no_write(tenant):
    tenant.simulated.control("PUT", "settings", {"read_only": True})
    plan = tenant.plan([root(), scep()])
    assert plan.counts["actions"]["create"] == 2
    assert tenant.writes() == []
