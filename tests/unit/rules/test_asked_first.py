"""A rule that asks first for what nobody has read is skipped uncalled, as if it had been called."""

from dataclasses import replace

import pytest

from intune_scep.rules import NOT_READ, RULES, Need, check
from intune_scep.rules.context import NotReadError

from .cases import CASES, Case

ASKING = [case for case in CASES if RULES[case.rule].asks is not None]
NOTHING = {
    "root": NOT_READ,
    "root_assignments": NOT_READ,
    "assignments": NOT_READ,
    "dependants": NOT_READ,
    "directory": NOT_READ,
    "devices": NOT_READ,
    "groups": NOT_READ,
    "profiles": NOT_READ,
    "tenant": NOT_READ,
}


@pytest.mark.parametrize("case", ASKING, ids=str)
@pytest.mark.parametrize("which", ["ok", "bad"])
def test_calling_it_would_have_said_the_same(case: Case, which: str) -> None:
    rule = RULES[case.rule]
    profile = getattr(case, which).profile
    bare = profile.model_copy(update={"assignments": None})
    judged = replace(getattr(case, which), profile=bare, **NOTHING)
    with pytest.raises(NotReadError) as raised:
        list(rule.judge(judged))
    [left] = [item for item in check(judged).skipped if item.rule_id == rule.id]
    assert (left.need, left.missing) == (raised.value.need, raised.value.what)
    assert left.need is rule.asks


def test_every_need_that_is_asked_for_first_is_tried() -> None:
    assert {RULES[case.rule].asks for case in ASKING} == {
        Need.ROOT,
        Need.ASSIGNMENTS,
        Need.DEPENDANTS,
        Need.DEVICES,
    }
    asking = {rule.id for rule in RULES.values() if rule.asks is not None}
    assert {case.rule for case in ASKING} == asking


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_was_read_is_never_among_the_unread(case: Case) -> None:
    judged = case.bad
    if judged.kind == "foreign":
        return
    unread = judged.unread
    assert (Need.ROOT in unread) == (judged.root is NOT_READ)
    assert (Need.DEPENDANTS in unread) == (judged.dependants is NOT_READ)
    assert (Need.DEVICES in unread) == (judged.devices is NOT_READ)
    own = judged.known.assignments
    assert (Need.ASSIGNMENTS in unread) == (judged.assignments is NOT_READ and own is None)
