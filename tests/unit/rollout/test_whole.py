"""Whole rollouts on the simulator's clock: what opens, what holds, and what nothing explains."""

import pytest
from tests.length import LONG

from intune_scep.errors import FileInUseError, PlanError
from intune_scep.profiles import SID_URI
from intune_scep.rollout.state import RolloutState
from intune_scep.rollout.tick import Exit
from intune_scep.rollout.verbs import (
    cancel_rollout,
    pause_rollout,
    promote_rollout,
    resume_rollout,
    roll_back_rollout,
    run_rollout,
)
from intune_scep.rollout.words import Need, State
from intune_scep.simulator.scenarios.rollout import HOSTS, profile_id

from .world import GATES, HOUR, RINGS, TWELVE, World, clone, in_place

DEVICES = 20_000 if LONG else 200


@pytest.fixture
def world(simulated, tmp_path):
    """Return a function that makes a tenant with a rollout."""

    def make(content, *, devices=200, **settings):
        return World(simulated, tmp_path, content, devices=devices, **settings)

    return make


def sans_of(tenant, profile):
    return tenant.profiles()[profile]["customSubjectAlternativeNames"]


def test_twelve_profiles_in_five_rings_are_edited_one_ring_after_the_other(world):
    it = world(in_place(), devices=DEVICES)
    assert it.start(reason="CHG0042").state.rings[0].state is State.ACTIVATED
    end = it.finished()
    assert end.state.state is State.COMPLETED
    assert end.exit is Exit.AS_ALLOWED
    opened = [ring.entered_at for ring in end.state.rings]
    assert opened == sorted(opened)
    soaked = [(ring.passed_at - ring.changed_at).total_seconds() / 3600 for ring in end.state.rings]
    assert min(soaked) >= 24
    profiles = it.tenant.profiles()
    for name in (name for ring in TWELVE for name in ring):
        sans = profiles[profile_id(name)]["customSubjectAlternativeNames"]
        assert sans[-1] == dict(SID_URI)
    # Each was written once.
    assert set(it.patched().values()) == {1}


STRICT = {**GATES, "max_failed": {"count": 0}}
READY = {"users_with_sid": "90%", "hybrid_devices": "90%"}


def max_failed(tick):
    """What the last judgement of the first ring says of failures."""
    checks = tick.state.rings[0].samples[-1].checks
    return next(check for check in checks if check["name"] == "max_failed")


def test_devices_that_fail_for_want_of_a_sid_that_was_known_of_hold_nothing(world):
    it = world(in_place(TWELVE[:1], gates=STRICT, readiness=READY), missing_sid="fails")
    it.start()
    end = it.finished()
    assert end.state.state is State.COMPLETED
    check = max_failed(end)
    assert check["answer"] == "pass"
    assert "for accounts without a SID, which readiness knew" in check["said"]
    assert "0 of " in check["said"]


def test_of_whom_readiness_was_not_asked_every_failure_counts(world):
    it = world(in_place(TWELVE[:1], gates=STRICT), missing_sid="fails")
    it.start()
    end = it.finished()
    assert (end.state.state, end.exit) == (State.ERROR, Exit.FAILED)
    assert "accounts without a SID" not in end.state.frozen


def test_what_fails_beside_those_without_a_sid_freezes_as_ever(world):
    it = world(in_place(TWELVE[:1], gates=STRICT, readiness=READY), missing_sid="fails")
    it.driver.fail(profile_id("Windows user Wi-Fi"), 0.2)
    it.start()
    end = it.finished()
    assert (end.state.state, end.exit) == (State.ERROR, Exit.FAILED)
    assert "for accounts without a SID, which readiness knew" in end.state.frozen


def test_copies_set_those_without_a_sid_apart_too(world):
    content = clone(("Windows user Wi-Fi",), groups=RINGS[2:4], gates=STRICT, readiness=READY)
    it = world(content, missing_sid="fails")
    it.start()
    end = it.finished()
    assert end.state.state is State.COMPLETED
    said = [c["said"] for ring in end.state.rings for c in ring.samples[-1].checks]
    assert any("for accounts without a SID" in each for each in said)


ALL = tuple(name for ring in TWELVE for name in ring)
OF_DEVICES = ("Windows device Wi-Fi", "Windows device wired")
OF_USERS = tuple(name for name in ALL if name not in OF_DEVICES)
FEW = ("Windows user Wi-Fi", "Windows user VPN", "iOS user Wi-Fi", "Android user Wi-Fi")
COPIES = {
    # An exclusion works within its own kind only, so the twelve are two files.
    "users": (OF_USERS, RINGS[:4], DEVICES) if LONG else (FEW, RINGS[:3], DEVICES),
    "devices": (OF_DEVICES, RINGS[:4] if LONG else RINGS[1:3], DEVICES),
}


@pytest.mark.parametrize("kind", COPIES)
def test_groups_move_to_copies_and_out_of_the_originals(world, kind):
    names, groups, devices = COPIES[kind]
    it = world(clone(names, groups=groups, kind=kind), devices=devices)
    it.start()
    end = it.finished()
    assert end.state.state is State.COMPLETED
    profiles = it.tenant.profiles()
    for name in names:
        original, copy = profile_id(name), end.state.clones[profile_id(name)]
        assert dict(SID_URI) not in profiles[original]["customSubjectAlternativeNames"]
        assert profiles[copy]["customSubjectAlternativeNames"][-1] == dict(SID_URI)
        stand = it.driver.bundle([original, copy])
        assert stand["without_profile"] == []


def test_nobody_is_given_a_copy_where_certificates_of_the_original_went(world):
    it = world(clone(FEW[:1], groups=("fast",)))
    it.start()
    original = profile_id(FEW[0])
    kind = it.tenant.profiles()[original]["@odata.type"]
    body = {"@odata.type": kind, "renewalThresholdPercentage": 33}
    path = f"deviceManagement/deviceConfigurations/{original}"
    it.tenant.run(lambda tenant: tenant.session.write("PATCH", path, body))
    it.driver.advance(30 * HOUR)
    tick = it.tenant.run(lambda tenant: run_rollout(tenant, it.file))
    assert (tick.exit, tick.wait.need) == (Exit.PERSON, Need.PERSON)
    assert "of the originals went since the clones were made" in tick.wait.said[0]
    assert not [item for item in it.tenant.requests("POST") if item["path"].endswith("/assign")]


def test_a_rollout_that_is_not_started_does_nothing(world):
    it = world(in_place())
    tick = it.tick()
    assert (tick.exit, tick.wait.need) == (Exit.PERSON, Need.PERSON)
    assert not it.patched()


def test_a_gate_that_nothing_fulfils_holds_the_next_ring(world):
    it = world(in_place(TWELVE[:2]))
    it.driver.silence_share(1.0)
    it.start()
    for _ in range(12):
        it.hours(6)
        tick = it.tick()
    assert [ring.state for ring in tick.state.rings[:2]] == [State.ACTIVATED, State.NOT_ACTIVATED]
    assert tick.exit is Exit.AS_ALLOWED
    assert any("seen: 0 devices" in said for said in tick.wait.said)


def test_a_ring_of_which_too_many_fail_freezes_the_rollout_until_somebody_resumes_it(world):
    it = world(in_place(TWELVE[:2]))
    it.driver.fail(profile_id("Windows user Wi-Fi"), 0.5)
    it.start()
    end = it.finished()
    assert (end.state.state, end.exit) == (State.ERROR, Exit.FAILED)
    assert "max_failed" in end.state.frozen
    it.hours(48)
    assert it.tick().state.state is State.ERROR
    with pytest.raises(PlanError, match=r"opens over that|No ring of"):
        it.do(promote_rollout, reason="never mind")
    assert set(it.patched()) == {profile_id("Windows user Wi-Fi")}
    it.driver.fail(profile_id("Windows user Wi-Fi"), 0.0)
    it.hours(24)
    assert it.do(resume_rollout, reason="mended").state.state is State.ACTIVATED
    assert it.finished().state.state is State.COMPLETED


@pytest.mark.parametrize("asked", ["none", "healthy"])
def test_a_dead_connector_is_not_blamed_on_the_change(world, asked):
    """Without the gate of connectors the renewals of devices that were not changed tell it."""
    it = world(in_place(gates={**GATES, "connector": asked}))
    # Old enough that some certificates are renewed every day.
    it.driver.advance(60 * 24 * HOUR)
    it.start()
    for connector in it.driver.connectors():
        it.driver.kill_connector(connector["displayName"])
    it.hours(96)
    tick = it.tick()
    assert tick.state.state is not State.ERROR
    assert tick.exit is Exit.UNKNOWN
    assert any("may not be to blame" in said for said in tick.wait.said)
    told = " ".join(tick.wait.said)
    assert ("Of the devices that were not changed" in told) is (asked == "none")
    for connector in it.driver.connectors():
        it.driver.revive_connector(connector["displayName"])
    it.until(lambda tick: tick.state.rings[1].is_entered)


def test_an_unhealthy_connector_holds_the_ring(world):
    it = world(in_place(TWELVE[:2]))
    it.start()
    it.driver.kill_connector("NDES 3")
    it.hours(40)
    tick = it.tick()
    assert tick.wait.need is Need.TIME
    assert any("'NDES 3'" in said for said in tick.wait.said)
    assert tick.state.rings[1].state is State.NOT_ACTIVATED
    it.driver.revive_connector("NDES 3")
    assert it.finished().state.state is State.COMPLETED


def test_an_approval_waits_for_a_person_and_opens_nothing_else(world):
    gates = {**GATES, "approval": "required"}
    it = world(in_place(TWELVE[:2], gates=gates))
    it.start()
    # Given too early it answers the approval alone: the ring goes on soaking.
    early = it.do(promote_rollout, reason="help desk saw nothing")
    assert early.state.rings[0].approved is not None
    assert early.state.rings[1].state is State.NOT_ACTIVATED
    it.until(lambda tick: tick.state.rings[1].is_entered)
    waiting = it.until(lambda tick: tick.wait is not None and tick.wait.need is Need.PERSON)
    assert waiting.exit is Exit.PERSON
    end = it.do(promote_rollout, reason="CAB of Tuesday")
    assert end.state.state is State.COMPLETED
    assert end.state.rings[1].approved.reason == "CAB of Tuesday"


def test_promoting_opens_over_what_waits_once_the_approval_is_given(world):
    it = world(in_place(TWELVE[:2]))
    it.start()
    tick = it.do(promote_rollout, reason="a hurry")
    assert tick.state.rings[1].is_entered
    assert set(tick.state.rings[0].promoted) >= {"soak", "seen", "reissued"}


def test_nothing_is_opened_outside_the_windows_and_in_a_freeze(world):
    from datetime import UTC, datetime, timedelta

    today = datetime.now(UTC).date()
    freeze = f"{today - timedelta(days=1)}/{today + timedelta(days=2)}"
    it = world(in_place(TWELVE[:2], freeze=[freeze]))
    tick = it.start()
    assert tick.wait.need is Need.TIME
    assert not it.patched()
    opening = it.until(lambda tick: tick.state.rings[0].is_entered)
    assert opening.state.rings[0].entered_at.date() == today + timedelta(days=3)


def test_the_hosts_are_never_overrun(world):
    it = world(in_place(load={"per_scep_host": "20/h"}))
    it.start()
    end = it.finished()
    assert end.state.state is State.COMPLETED
    hours = it.driver.truth(since=it.began)["enrolments"]
    assert {hour["host"] for hour in hours} == set(HOSTS)


def test_a_profile_that_alone_is_too_much_is_refused_in_words(world):
    it = world(in_place(load={"per_scep_host": "5/h"}))
    tick = it.start()
    assert (tick.exit, it.patched()) == (Exit.PERSON, {})
    [said] = tick.wait.said
    assert "'Windows user Wi-Fi' alone asks" in said
    assert "strategy: clone" in said


def test_a_pause_holds_and_a_resumption_goes_on(world):
    it = world(in_place(TWELVE[:2]))
    it.start()
    it.do(pause_rollout, reason="CA maintenance")
    it.hours(48)
    tick = it.tick()
    assert (tick.state.state, tick.exit) == (State.PAUSED, Exit.PERSON)
    assert not tick.state.rings[1].is_entered
    assert it.do(resume_rollout, reason="over").state.rings[1].is_entered


def test_a_canceled_rollout_does_nothing_any_more(world):
    it = world(in_place(TWELVE[:2]))
    it.start()
    it.do(cancel_rollout, reason="another CA")
    before = dict(it.patched())
    it.hours(48)
    assert it.tick().exit is Exit.PERSON
    assert it.patched() == before
    with pytest.raises(PlanError, match="cannot be promoted"):
        it.do(promote_rollout, reason="still")


def test_a_rollback_takes_back_what_was_changed_and_nothing_else(world):
    it = world(in_place(TWELVE[:2]))
    before = it.tenant.profiles()
    it.start()
    it.until(lambda tick: tick.state.rings[1].state is State.ACTIVATED)
    tick = it.do(roll_back_rollout, reason="Wi-Fi fails")
    assert tick.state.state is State.CANCELED
    assert not any(report.failed for report in tick.reports)
    after = it.tenant.profiles()
    names = "customSubjectAlternativeNames"
    assert {key: item.get(names) for key, item in after.items()} == {
        key: item.get(names) for key, item in before.items()
    }


def test_a_rollback_without_the_journals_of_its_runs_does_not_claim_to_be_whole(world):
    it = world(in_place(TWELVE[:1]))
    it.start()
    for run in it.state.runs:
        run.rename(run.with_suffix(".elsewhere"))
    tick = it.do(roll_back_rollout, reason="Wi-Fi fails")
    assert tick.exit is Exit.PERSON
    assert f"{it.state.runs[0]} is not there: what it records is not taken back." in tick.msg


def test_the_last_ring_is_judged_by_no_device_of_another_ring(world):
    it = world(clone(FEW[:1], groups=("fast",)))
    it.start()
    it.finished()
    assert all(ring.samples[-1].counts["held"] for ring in it.state.rings)


def test_a_last_ring_that_is_judged_by_devices_of_others_is_noticed(world, monkeypatch):
    monkeypatch.setattr(RolloutState, "devices_of_others", lambda *_: frozenset())
    it = world(clone(FEW[:1], groups=("fast",)))
    it.start()
    with pytest.raises(AssertionError):
        it.finished()


def test_a_completed_rollout_reads_nothing_any_more(world):
    it = world(in_place(TWELVE[:1]))
    it.start()
    it.finished()
    it.tenant.control("DELETE", "requests")
    assert it.tenant.run(lambda tenant: run_rollout(tenant, it.file)).exit is Exit.AS_ALLOWED
    assert it.tenant.requests() == []


def test_a_promotion_looks_once_at_the_gate_that_it_promotes(world, tmp_path):
    calls = tmp_path / "calls"
    gate = tmp_path / "gate"
    gate.write_text(f"#!/bin/sh\necho >>'{calls}'\nexit 75\n")
    gate.chmod(0o700)
    it = world(in_place(TWELVE[:2], gates={"soak": "24h", "command": [str(gate)]}))
    it.start()
    calls.write_text("")
    it.do(promote_rollout, reason="seen by hand")
    # The ring that is open now is judged too.
    assert len(calls.read_text().splitlines()) == 2
    assert it.state.rings[1].is_entered


def test_a_limit_that_is_too_low_can_be_raised_where_it_holds_a_ring(world):
    it = world(in_place(TWELVE[:1], load={"per_scep_host": "1/h"}))
    tick = it.start()
    assert (tick.exit, tick.wait.need) == (Exit.PERSON, Need.PERSON)
    assert "Raise `load`" in tick.msg
    it.write({**it.content, "load": {"per_scep_host": "400/h"}})
    assert it.tick().state.rings[0].state is State.ACTIVATED


def test_a_ring_whose_names_lead_elsewhere_now_is_refused(world):
    one, other = "Windows user Wi-Fi", "Windows user VPN"
    it = world(in_place(((one,),)))
    it.start()

    async def rename(tenant):
        for name, new in ((one, "what it was"), (other, one)):
            path = f"deviceManagement/deviceConfigurations/{profile_id(name)}"
            kind = "#microsoft.graph.windows81SCEPCertificateProfile"
            await tenant.session.write("PATCH", path, {"@odata.type": kind, "displayName": new})

    it.tenant.run(rename)
    before = it.tenant.profiles()
    with pytest.raises(PlanError, match=f"Ring 'test' .*{profile_id(one)}"):
        it.tenant.run(lambda tenant: run_rollout(tenant, it.file))
    assert it.tenant.profiles() == before


def test_two_controllers_at_once_exclude_each_other(world):
    from intune_scep.files import tenant_lock

    it = world(in_place())
    it.start()
    with (
        tenant_lock(it.tenant.door.tenant_id, job="the rollout users-2026", name="rollout"),
        pytest.raises(FileInUseError, match="the rollout users-2026"),
    ):
        it.tick()


def test_a_dry_run_says_what_would_be_changed_and_changes_nothing(world):
    it = world(in_place(TWELVE[:2]))
    tick = it.start(dry_run=True)
    assert [action.name for action in tick.plan.writing] == ["Windows user Wi-Fi"]
    assert tick.changed
    assert not it.journal.exists()
    assert not it.patched()


EDITS = {
    "the profiles of an opened ring": (0, lambda ring: ring.update(profiles=["iOS user mail"])),
    "the gates of an opened ring": (0, lambda ring: ring.update(gates={"soak": "14h"})),
    "the name of an opened ring": (0, lambda ring: ring.update(name="tests")),
}


@pytest.mark.parametrize(("place", "edit"), EDITS.values(), ids=EDITS.keys())
def test_an_edit_that_touches_an_opened_ring_is_refused(world, place, edit):
    it = world(in_place(TWELVE[:2]))
    it.start()
    content = in_place(TWELVE[:2])
    edit(content["rings"][place])
    it.write(content)
    with pytest.raises(PlanError, match="was edited where the rollout has been already"):
        it.tenant.run(lambda tenant: start_again(tenant, it.file))


async def start_again(tenant, file):
    from intune_scep.rollout.verbs import run_rollout

    return await run_rollout(tenant, file)


def test_later_rings_may_be_edited_and_are_followed(world):
    it = world(in_place(TWELVE[:2]))
    it.start()
    content = in_place((TWELVE[0], ("iOS user mail",), ("iOS user VPN",)))
    it.write(content)
    tick = it.tick()
    assert any("edited" in said for said in tick.did)
    end = it.finished()
    assert [ring.profiles for ring in end.state.rings[1:]] == [
        (profile_id("iOS user mail"),),
        (profile_id("iOS user VPN"),),
    ]


def test_what_the_preflight_says_is_told_and_a_no_is_no(world):
    it = world(in_place(TWELVE[:2]))
    old = {"answer": "no", "by": "Anna", "on": "2026-11-20"}
    it.write({**it.content, "answers": {"domain_controllers_2019": old}})
    with pytest.raises(PlanError, match=r"The preflight says no\. domain_controllers_2019"):
        it.start()
    assert it.state is None or it.state.started is None
    it.write(in_place(TWELVE[:2], answers={"domain_controllers_2019": {**old, "answer": "yes"}}))
    notes = " ".join(it.start().notes)
    assert "ca_accepts_url_tag" in notes
    assert "domain_controllers_2019" not in notes
