"""Deleting what is no longer declared: only on demand, and only what is marked or named."""

import pytest

from intune_scep.errors import IntuneScepError, MarkerError, StatePlanError
from intune_scep.profiles import Platform

from .declared import root, scep

MARK = "[managed by intune.scep: contoso]"


def test_the_mark_is_visible_in_the_description_and_written_once(tenant):
    declarations = [root(description="Ours"), scep(description=...)]
    tenant.applied(declarations, managed_by="contoso")
    assert tenant.profile("Root")["description"] == f"Ours {MARK}"
    assert tenant.profile("Staff")["description"] == MARK
    assert tenant.plan(declarations, managed_by="contoso").is_empty
    exported = root(description=f"Ours {MARK}")
    assert tenant.plan([exported], managed_by="contoso").is_empty


def test_an_existing_profile_gets_the_mark_and_keeps_its_text(tenant):
    tenant.applied([root(description="Ours")])
    [action] = tenant.plan([root(description=...)], managed_by="contoso").actions
    [difference] = action.diff
    assert difference.after == f"Ours {MARK}"


def test_nothing_is_pruned_unless_asked(tenant):
    tenant.applied([root(), scep()], managed_by="contoso")
    assert tenant.plan([root()], managed_by="contoso").is_empty


def test_only_marked_profiles_are_pruned_users_before_roots(tenant):
    everything = [root(), scep(), root(Platform.WINDOWS, name="Ours")]
    tenant.applied(everything, managed_by="contoso")
    tenant.applied([root(Platform.MACOS, name="Theirs")], managed_by="fabrikam")
    tenant.applied([root(Platform.MACOS, name="Nobody's")])
    choices = {"managed_by": "contoso", "prune": True}
    plan = tenant.plan([everything[2]], **choices)
    assert plan.counts["actions"]["delete"] == 2
    by_name = {action.name: action for action in plan.actions}
    assert by_name["Staff"].details["reissues"] == "yes"
    report = tenant.apply([everything[2]], **choices)
    assert not report.failed, report.msg
    assert tenant.names() == ["Nobody's", "Ours", "Theirs"]
    assert [w["method"] for w in tenant.writes()] == ["DELETE", "DELETE"]
    assert tenant.plan([everything[2]], **choices).is_empty


def test_a_pruned_root_that_somebody_else_uses_stays(tenant):
    tenant.applied([root()], managed_by="contoso")
    tenant.applied([scep()])
    report = tenant.apply([], managed_by="contoso", prune=True)
    assert report.failed
    assert tenant.names() == ["Root", "Staff"]


def test_an_explicit_list_prunes_by_name_and_id(tenant):
    tenant.applied([root(), root(Platform.MACOS, name="Mac"), root(Platform.WINDOWS, name="Win")])
    listed = ["Mac", tenant.profile("Win")["id"], "Gone already"]
    report = tenant.apply([root()], prune=True, prune_list=listed)
    assert not report.failed, report.msg
    assert tenant.names() == ["Root"]
    assert any("Gone already" in note for note in report.notes)


@pytest.mark.parametrize(
    ("choices", "error"),
    [
        ({"prune": True}, StatePlanError),
        ({"prune_list": ["x"]}, StatePlanError),
        ({"managed_by": ""}, MarkerError),
        ({"managed_by": "a]b"}, MarkerError),
        ({"managed_by": " a"}, MarkerError),
    ],
)
def test_choices_that_contradict_are_refused_before_any_request(tenant, choices, error):
    with pytest.raises(error) as caught:
        tenant.plan([root()], **choices)
    assert isinstance(caught.value, IntuneScepError)
    assert tenant.simulated.sent() == []


def test_a_list_that_is_ambiguous_or_names_what_is_declared_is_refused(tenant):
    tenant.applied([root(), root(Platform.MACOS)])
    with pytest.raises(StatePlanError, match="2 profiles have the name"):
        tenant.plan([], prune=True, prune_list=["Root"])
    with pytest.raises(StatePlanError, match="declared as well"):
        tenant.plan([root()], prune=True, prune_list=[tenant.plan([root()]).actions[0].id])
