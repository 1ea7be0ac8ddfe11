"""A plan that names a profile twice is walked by no run, whoever made it and however it arrives."""

import hashlib
import json
from dataclasses import replace

import pytest

from intune_scep.changes.plan import Plan, check_plan
from intune_scep.changes.plan_file import load_plan
from intune_scep.changes.status import Status
from intune_scep.errors import PlanError

from .jobs import JOBS

SPELLINGS = {"the same": str, "in capitals": str.upper, "in mixed letters": str.title}
WAYS = ("update", "delete", "replace", "migration", "rollback of link")


@pytest.fixture(params=WAYS)
def ready(request, start):
    return start(JOBS[request.param])


@pytest.fixture(params=SPELLINGS)
def doubled(request, ready):
    """A plan of which the second action is about the profile of the first."""
    plan = ready.plan()
    assert len(plan.writing) > 1
    assert all(action.id for action in plan.writing)
    ready.tenant.control("DELETE", "requests")
    first, second, *_ = plan.writing
    other = replace(second, id=SPELLINGS[request.param](first.id))
    actions = tuple(other if action is second else action for action in plan.actions)
    return replace(plan, actions=actions), first.id


def test_it_is_refused_with_the_id(doubled):
    plan, identifier = doubled
    with pytest.raises(PlanError, match=rf"more than once: {identifier}\.$"):
        check_plan(plan)


def test_it_is_not_read_although_its_digest_fits(doubled, tmp_path):
    plan, identifier = doubled
    data = plan.to_dict()
    digest = hashlib.sha256(
        json.dumps(
            {name: value for name, value in data.items() if name != "digest"},
            sort_keys=True,
            separators=(",", ":"),
        ).encode()
    ).hexdigest()
    assert data["digest"] == digest
    with pytest.raises(PlanError, match=rf"more than once: {identifier}\.$"):
        Plan.from_dict(data)
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(data))
    with pytest.raises(PlanError, match=identifier) as caught:
        load_plan(path)
    assert str(path) in str(caught.value)


def test_it_is_not_carried_out_and_leaves_no_journal(doubled, ready, tmp_path):
    plan, identifier = doubled
    journal = tmp_path / "journal"
    with pytest.raises(PlanError, match=rf"more than once: {identifier}\.$"):
        ready.carry_out(plan, journal=journal)
    assert ready.tenant.sent() == []
    assert not journal.exists()


def test_an_action_that_stays_as_it_is_counts_too(ready):
    """Else what is left alone by one action would be written by another."""
    plan = ready.plan()
    first, *_ = plan.writing
    idle = replace(first, key="another", steps=(), status=Status.UNCHANGED)
    with pytest.raises(PlanError, match="more than once"):
        check_plan(replace(plan, actions=(*plan.actions, idle)))


def test_two_profiles_to_be_made_have_no_id_and_are_no_pair(start):
    plan = start(JOBS["create"]).plan()
    assert [action.id for action in plan.writing] == [None] * len(plan.writing)
    check_plan(plan)
    assert Plan.from_dict(plan.to_dict()) == plan
