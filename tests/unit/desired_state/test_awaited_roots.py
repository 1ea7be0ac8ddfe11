"""A root that an earlier task of a play would make: awaited in check mode, refused in a run."""

import pytest

from intune_scep.desired_state import apply_declarations, apply_plan, plan_declarations
from intune_scep.errors import PlanError
from intune_scep.profiles import Platform

from .declared import root, scep


def foreseen(tenant, *declarations):
    return tenant.simulated.run(lambda graph: apply_declarations(graph, declarations, dry_run=True))


def test_a_new_profile_is_planned_with_the_note_that_its_root_must_exist(tenant):
    [outcome] = foreseen(tenant, scep()).outcomes
    assert outcome.status == "planned"
    assert "must exist when this is carried out" in outcome.row()["message"]
    assert "'Root'" in outcome.row()["message"]


def test_the_nearest_names_are_told_so_that_a_slip_is_seen(tenant):
    tenant.applied([root(name="Rooot")])
    [outcome] = foreseen(tenant, scep()).outcomes
    assert "Candidates: 'Rooot'" in outcome.row()["message"]


def test_a_profile_that_there_is_may_await_another_root(tenant):
    tenant.applied([root(), scep()])
    [outcome] = foreseen(tenant, scep(root_profile={"name": "Next"})).outcomes
    assert outcome.status == "planned"
    [difference] = outcome.action.diff
    assert difference.after == {"name": "Next", "id": None}
    assert "must exist when this is carried out" in " ".join(outcome.action.details["notes"])


@pytest.mark.parametrize(
    "reference",
    [
        {"id": "11111111-2222-4333-8444-555555555555"},
        {"thumbprint": "A" * 40},
        {"name": "Mac"},
    ],
    ids=["an id", "a thumbprint", "a root of another platform"],
)
def test_what_no_earlier_task_can_bring_stays_refused(tenant, reference):
    tenant.applied([root(Platform.MACOS, name="Mac")])
    report = foreseen(tenant, scep(root_profile=reference))
    assert report.outcomes[0].action.action == "refused"


def test_two_roots_of_the_name_stay_refused(tenant):
    tenant.applied([root()])
    first = tenant.profile("Root")["id"]
    tenant.applied([root(id=first, name="Other")])
    tenant.applied([root()])
    tenant.simulated.run(lambda graph: _rename(graph, first))
    assert foreseen(tenant, scep()).outcomes[0].action.action == "refused"


async def _rename(graph, identifier):
    await graph.session.write(
        "PATCH",
        f"deviceManagement/deviceConfigurations/{identifier}",
        {"@odata.type": "#microsoft.graph.iosTrustedRootCertificate", "displayName": "Root"},
    )


def test_a_run_refuses_it(tenant):
    report = tenant.apply([scep()])
    assert report.failed
    assert not tenant.writes()
    [outcome] = report.outcomes
    assert outcome.status == "failed"
    assert "no trusted root profile of ios has the name 'Root'" in outcome.message


def test_a_plan_to_be_kept_refuses_it(tenant):
    assert tenant.plan([scep()]).refused


def test_a_plan_for_looking_at_is_not_carried_out(tenant):
    plan = tenant.simulated.run(
        lambda graph: plan_declarations(graph, [scep()], roots_may_come=True)
    )
    with pytest.raises(PlanError, match="for looking at only"):
        tenant.simulated.run(lambda graph: apply_plan(graph, plan))
    assert not tenant.writes()
