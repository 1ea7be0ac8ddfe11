"""Every gate, as a table of facts and answers."""

import asyncio
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intune_scep.rollout import commands
from intune_scep.rollout.commands import run_command
from intune_scep.rollout.gates import (
    Check,
    CommandEnd,
    Devices,
    Facts,
    GateResult,
    Told,
    judge_gate,
)
from intune_scep.rollout.model import Gates, MaxFailed
from intune_scep.rollout.words import Answer, Need
from intune_scep.tenant.connectors import Connector

CHANGED = datetime(2026, 11, 2, 8, tzinfo=UTC)
NOW = CHANGED + timedelta(hours=30)
PASS, WAIT, FAIL, UNKNOWN = Answer.PASS, Answer.WAIT, Answer.FAIL, Answer.UNKNOWN

OFF = Gates(soak=timedelta())
FACTS = Facts(now=NOW, changed_at=CHANGED)


def gates(**asked):
    return replace(OFF, **asked)


def facts(**known):
    return replace(FACTS, **known)


def only(result):
    [check] = result.checks
    return check


SOAKS = [
    (timedelta(hours=24), timedelta(hours=24), PASS),
    (timedelta(hours=24), timedelta(hours=24, seconds=-1), WAIT),
    (timedelta(hours=24), timedelta(hours=400), PASS),
    (timedelta(hours=14), timedelta(hours=1), WAIT),
    # The service's clock went back.
    (timedelta(hours=14), timedelta(hours=-5), WAIT),
    (timedelta(minutes=1), timedelta(seconds=59), WAIT),
]


@pytest.mark.parametrize(("soak", "gone_by", "answer"), SOAKS)
def test_soaking_lasts_its_time_and_says_when_it_ends(soak, gone_by, answer):
    check = only(judge_gate(gates(soak=soak), facts(now=CHANGED + gone_by)))
    assert check.answer is answer
    assert check.until == (CHANGED + soak if answer is WAIT else None)


SEEN = [
    (80.0, Devices(100, 80, 0), PASS),
    (80.0, Devices(100, 79, 0), WAIT),
    (95.0, Devices(20, 19, 0), PASS),
    (95.0, Devices(20, 18, 0), WAIT),
    (100.0, Devices(3, 2, 0), WAIT),
    (0.0, Devices(3, 0, 0), PASS),
    (80.0, Devices(0, 0, 0), UNKNOWN),
]


@pytest.mark.parametrize(("asked", "devices", "answer"), SEEN)
def test_so_many_devices_must_have_checked_in(asked, devices, answer):
    assert only(judge_gate(gates(seen=asked), facts(devices=devices))).answer is answer


REISSUED = [
    (95.0, Devices(100, 100, 95), PASS),
    (95.0, Devices(100, 100, 94), WAIT),
    # Of those that checked in, not of all.
    (95.0, Devices(100, 20, 19), PASS),
    (95.0, Devices(100, 0, 0), WAIT),
    (95.0, Devices(0, 0, 0), UNKNOWN),
    (100.0, Devices(100, 100, 99, within_lag=1), WAIT),
    (33.3, Devices(3, 3, 1), PASS),
]


@pytest.mark.parametrize(("asked", "devices", "answer"), REISSUED)
def test_so_many_of_them_must_have_a_new_certificate(asked, devices, answer):
    assert only(judge_gate(gates(reissued=asked), facts(devices=devices))).answer is answer


def test_the_lag_of_the_report_is_told_where_it_may_explain_what_is_missing():
    devices = Devices(100, 100, 90, within_lag=7)
    said = only(judge_gate(gates(reissued=95.0), facts(devices=devices))).said
    assert "90 devices of 100 that checked in have a new certificate (90.0 %)" in said
    assert "7 may have one that the report does not show yet" in said


FAILURES = [
    # share, count, ring (devices, told, failed), control, answer
    (3.0, None, (100, 100, 3), None, PASS),
    (3.0, None, (100, 100, 4), None, FAIL),
    (None, 10, (1000, 1000, 10), None, PASS),
    (None, 10, (1000, 1000, 11), None, FAIL),
    # The stricter of the two.
    (3.0, 10, (1000, 1000, 11), None, FAIL),
    (3.0, 10, (100, 100, 4), None, FAIL),
    (3.0, 10, (20, 20, 1), None, FAIL),
    (3.0, 10, (20, 20, 0), None, PASS),
    # A dead NDES: what was not changed fails as well.
    (3.0, None, (100, 100, 90), (500, 50, 45), UNKNOWN),
    (3.0, None, (100, 40, 40), (500, 20, 10), UNKNOWN),
    # The control is well, so the change is to blame.
    (3.0, None, (100, 100, 90), (500, 50, 0), FAIL),
    (3.0, None, (100, 100, 90), (500, 50, 20), FAIL),
    # Too few of the control told anything.
    (3.0, None, (100, 100, 90), (500, 4, 4), FAIL),
    (3.0, None, (100, 100, 90), (500, 0, 0), FAIL),
    (3.0, None, (0, 0, 0), None, PASS),
    # Excused, and nothing told since: neither good nor bad.
    (3.0, None, (100, 0, 0, 90), None, UNKNOWN),
    (3.0, None, (100, 97, 0, 3), None, PASS),
    (3.0, None, (100, 96, 0, 4), None, UNKNOWN),
    (3.0, None, (100, 99, 2, 1), None, PASS),
    (3.0, None, (100, 98, 2, 2), (500, 50, 0), UNKNOWN),
    (3.0, 1, (100, 98, 0, 2), None, UNKNOWN),
    # What failed since then counts by itself.
    (3.0, None, (100, 50, 4, 50), None, FAIL),
]


@pytest.mark.parametrize(("share", "count", "ring", "control", "answer"), FAILURES)
def test_more_failures_than_may_be_fail_unless_the_control_group_explains_them(
    share, count, ring, control, answer
):
    known = facts(told=Told(*ring), control=Told(*control) if control else None)
    check = only(judge_gate(gates(max_failed=MaxFailed(share, count)), known))
    assert check.answer is answer
    assert ("decides alone" in check.said) is (
        answer is FAIL and (control is None or control[1] < 5)
    )


def test_a_connector_that_is_ill_explains_failures_where_connectors_are_asked_about():
    ill = (connector(), connector("NDES02", state="inactive"))
    known = facts(told=Told(100, 100, 90), control=Told(500, 50, 0), connectors=ill)
    check = only(judge_gate(gates(max_failed=MaxFailed(3.0, None)), known))
    assert check.answer is UNKNOWN
    assert "'NDES02' is inactive" in check.said


def connector(name="NDES01", state="active", hours=1):
    last = None if hours is None else NOW - timedelta(hours=hours)
    return Connector(id=name, name=name, state=state, version="6.2510.3.2002", last_connection=last)


CONNECTORS = [
    ((connector(),), PASS),
    ((connector(), connector("NDES02")), PASS),
    ((connector(), connector("NDES02", state="inactive")), WAIT),
    ((connector(hours=25),), WAIT),
    ((connector(hours=None),), WAIT),
    ((connector(state=""),), WAIT),
    ((), UNKNOWN),
    (None, UNKNOWN),
]


@pytest.mark.parametrize(("connectors", "answer"), CONNECTORS)
def test_every_connector_must_be_well(connectors, answer):
    assert only(judge_gate(gates(connector=True), facts(connectors=connectors))).answer is answer


COMMANDS = [
    (0, PASS),
    (1, FAIL),
    (75, WAIT),
    (2, UNKNOWN),
    (127, UNKNOWN),
    (-9, UNKNOWN),
    (None, UNKNOWN),
]


@pytest.mark.parametrize(("code", "answer"), COMMANDS)
def test_a_command_answers_by_its_exit_code(code, answer):
    asked = gates(command=("./check.sh",))
    check = only(judge_gate(asked, facts(command=CommandEnd(code, "3 events 39"))))
    assert check.answer is answer
    assert "3 events 39" in check.said


def test_a_command_that_does_not_end_is_ended_and_is_no_answer(tmp_path, monkeypatch):
    monkeypatch.setattr(commands, "SECONDS", 0.2)
    end = asyncio.run(run_command(("sleep", "60"), tmp_path, {}))
    assert end == CommandEnd(None, "sleep did not end within 0.2 s.")


def test_a_command_does_not_outlive_an_interruption(tmp_path):
    program = tmp_path / "gate"
    program.write_text("#!/bin/sh\necho $$ >pid\nexec sleep 60\n")
    program.chmod(0o700)

    async def interrupted() -> None:
        asking = asyncio.create_task(run_command(("./gate",), tmp_path, {}))
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            await asyncio.sleep(0.02)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    asyncio.run(interrupted())
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


@pytest.mark.parametrize(("by", "answer"), [(None, WAIT), ("anna@contoso.com", PASS)])
def test_an_approval_waits_for_a_person(by, answer):
    result = judge_gate(gates(approval=True), facts(approved_by=by))
    assert only(result).answer is answer
    assert result.need is (Need.PERSON if by is None else None)


EVERYTHING = gates(
    soak=timedelta(hours=24),
    seen=80.0,
    reissued=95.0,
    max_failed=MaxFailed(3.0, 10),
    connector=True,
    command=("./check.sh",),
    approval=True,
)
GOOD = facts(
    devices=Devices(100, 100, 100),
    told=Told(100, 100, 0),
    connectors=(connector(),),
    command=CommandEnd(0),
    approved_by="anna",
)


def test_a_gate_passes_where_everything_does():
    assert judge_gate(EVERYTHING, GOOD).answer is PASS


@pytest.mark.parametrize("name", ["seen", "reissued", "max_failed", "connector"])
def test_what_could_not_be_read_is_unknown_and_never_good(name):
    known = replace(GOOD, unread={name: "It could not be read: 403"})
    result = judge_gate(EVERYTHING, known)
    assert result.answer is UNKNOWN
    assert [check.name for check in result.standing] == [name]


def test_where_nothing_can_be_proven_the_report_is_not_asked():
    result = judge_gate(EVERYTHING, replace(GOOD, devices=None))
    assert {"seen", "reissued"}.isdisjoint(check.name for check in result.checks)
    assert result.answer is PASS


answers = st.sampled_from(list(Answer))


@given(st.lists(st.tuples(st.text(min_size=1), answers), max_size=7), st.sets(st.text()))
def test_only_a_gate_of_which_everything_passes_is_passed(named, promoted):
    result = GateResult(tuple(Check(name, answer, "") for name, answer in named))
    assert (result.answer is PASS) == all(answer is PASS for _, answer in named)
    over = result.over(dict.fromkeys(promoted, "anna"))
    # A promotion never hides what fails.
    assert (over.answer is FAIL) == (result.answer is FAIL)
    left = [a for n, a in named if a is not PASS and (n not in promoted or a is FAIL)]
    assert (over.answer is PASS) == (not left)


NEEDS = [
    ({}, None),
    ({"soak": PASS, "approval": PASS}, None),
    ({"soak": WAIT}, Need.TIME),
    ({"approval": WAIT}, Need.PERSON),
    # Nobody is called before what goes by itself is over.
    ({"soak": WAIT, "approval": WAIT}, Need.TIME),
    ({"soak": PASS, "seen": PASS, "approval": WAIT}, Need.PERSON),
    ({"connector": WAIT, "command": WAIT}, Need.TIME),
    ({"seen": UNKNOWN, "approval": WAIT}, Need.EVIDENCE),
    ({"seen": UNKNOWN, "soak": WAIT}, Need.EVIDENCE),
    ({"max_failed": FAIL, "seen": UNKNOWN, "approval": WAIT}, Need.REPAIR),
    ({"command": FAIL}, Need.REPAIR),
]


@pytest.mark.parametrize(("named", "need"), NEEDS)
def test_a_gate_says_what_it_waits_for(named, need):
    result = GateResult(tuple(Check(name, answer, "") for name, answer in named.items()))
    assert result.need is need
    worst = [FAIL, UNKNOWN, WAIT, PASS]
    ranks = [worst.index(check.answer) for check in result.standing]
    assert ranks == sorted(ranks)


OVER = [
    ({"soak": WAIT}, {"soak"}, PASS),
    ({"soak": WAIT}, {"seen"}, WAIT),
    ({"seen": UNKNOWN}, {"seen"}, PASS),
    ({"max_failed": FAIL}, {"max_failed"}, FAIL),
    ({"command": FAIL, "soak": WAIT}, {"command", "soak"}, FAIL),
    ({"soak": WAIT, "seen": UNKNOWN}, {"soak"}, UNKNOWN),
    ({"soak": WAIT, "seen": UNKNOWN}, {"seen"}, WAIT),
    ({"soak": WAIT, "seen": UNKNOWN}, {"soak", "seen"}, PASS),
    ({}, {"soak"}, PASS),
]


@pytest.mark.parametrize(("named", "promoted", "answer"), OVER)
def test_a_promotion_is_over_what_it_was_given_for_and_never_over_what_fails(
    named, promoted, answer
):
    result = GateResult(tuple(Check(name, answer, "why") for name, answer in named.items()))
    over = result.over(dict.fromkeys(promoted, "anna: a hurry"))
    assert over.answer is answer
    for check in over.checks:
        taken = check.name in promoted and named[check.name] in {WAIT, UNKNOWN}
        assert ("Promoted by anna: a hurry" in check.said) is taken
