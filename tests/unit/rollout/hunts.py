"""Directed sequences of what the state machine may do; each looks where controllers break.

Each is judged by the model after every step, and by what it asserts itself.
"""

from intune_scep.profiles import SID_URI
from intune_scep.rollout.tick import Exit
from intune_scep.rollout.words import State
from intune_scep.simulator.scenarios.rollout import profile_id

from .world import HOUR, clone, in_place

WIFI, SIGN_IN, WIRED, MAIL = (
    "Windows user Wi-Fi",
    "Windows user sign-in",
    "Windows device Wi-Fi",
    "iOS user mail",
)
TWO = (("Windows user Wi-Fi",), ("iOS user mail",))
PROVEN = {"soak": "24h", "reissued": "90%", "seen": "60%"}
FAILED = {"soak": "24h", "max_failed": {"share": "10%"}}
FILES = {}
HUNTS = {}


def hunt(content):
    """Register a sequence with the file that it is done with."""

    def register(sequence):
        HUNTS[sequence.__name__] = sequence
        FILES[sequence.__name__] = content
        return sequence

    return register


def on(it, hours, *, step=8):
    """Tick every few hours."""
    tick = None
    for _ in range(0, hours, step):
        it.pass_hours(step)
        tick = it.verb("run")
    return tick


def entered(it):
    return [ring.name for ring in it.state.rings if ring.is_entered]


def connectors_are_ill(it, hours):
    """Every connector is dead for some hours, in which a tick sees that."""
    for number in (1, 2, 3):
        it.kill_connector(f"NDES {number}")
    it.pass_hours(hours)
    assert it.verb("run").exit is Exit.UNKNOWN
    for number in (1, 2, 3):
        it.revive_connector(f"NDES {number}")


@hunt(in_place(TWO, gates=PROVEN))
def everything_is_well(it):
    it.verb("start")
    tick = on(it, 64)
    assert tick.state.state is State.COMPLETED


@hunt(in_place(TWO, gates=PROVEN))
def the_report_cannot_be_read_any_more(it):
    it.verb("start")
    it.pass_hours(12)
    it.lose_report("403")
    tick = on(it, 32)
    assert tick.exit is Exit.UNKNOWN
    assert entered(it) == ["test"]


@hunt(in_place(TWO, gates=PROVEN))
def the_report_is_lost_before_the_start(it):
    it.lose_report("503")
    tick = it.verb("start")
    assert tick.exit is Exit.UNKNOWN
    assert not entered(it)


@hunt(
    in_place(
        (("Windows user Wi-Fi", "Windows device Wi-Fi", "iOS user Wi-Fi", "macOS user Wi-Fi"),),
        gates={"soak": "14h"},
        load={"per_scep_host": "2/h"},
    )
)
def profiles_of_one_host_are_changed_one_after_the_other(it):
    it.verb("start")
    # The third of them asks for its time a cycle later than the first.
    tick = on(it, 56, step=2)
    assert tick.state.state is State.COMPLETED


@hunt(
    in_place(
        (("Windows user Wi-Fi", "iOS user Wi-Fi"),),
        gates={"soak": "14h"},
        load={"per_scep_host": "2/h"},
    )
)
def a_profile_may_ask_two_hosts(it):
    urls = [f"https://scep{number}.rollout.example/scep" for number in (3, 1)]
    it.somebody_edits(profile_id("iOS user Wi-Fi"), scepServerUrls=urls)
    it.hosts[profile_id("iOS user Wi-Fi")] = it.hosts[profile_id("Windows user Wi-Fi")]
    it.pass_hours(16)
    it.verb("start")
    on(it, 24, step=4)


@hunt(in_place(TWO, gates={"soak": "24h"}))
def a_machine_goes_wrong_by_days(it):
    it.verb("start")
    it.pass_hours(4)
    it.verb("run")
    assert entered(it) == ["test"]


@hunt(
    in_place(
        (("Windows user Wi-Fi", "Windows device Wi-Fi"), ("iOS user mail",)),
        gates={"soak": "14h"},
        load={"per_scep_host": "2/h"},
    )
)
def the_profiles_of_a_ring_are_changed_hours_apart(it):
    it.verb("start")
    # The second of the ring begins to soak when it is changed, after the host was busy.
    tick = on(it, 40, step=2)
    assert tick.state.rings[1].is_entered


@hunt(in_place(TWO, gates=FAILED))
def every_device_fails_and_nothing_opens_over_that(it):
    it.verb("start")
    it.fails(profile_id(WIFI))
    # They fail at what they get from now on.
    it.somebody_edits(profile_id(WIFI))
    it.pass_hours(40)
    it.verb("promote", reason="never mind")
    assert entered(it) == ["test"]
    assert it.verb("run").exit is Exit.FAILED
    it.verb("promote", reason="never mind")
    it.verb("run")
    assert it.state.state is State.ERROR


@hunt(in_place(TWO, gates=FAILED))
def every_device_fails_while_everything_else_is_well(it):
    it.fails(profile_id(WIFI))
    # Old enough that some of the others are renewed every day.
    it.driver.advance(60 * 24 * HOUR)
    it.verb("start")
    it.pass_hours(20)
    assert it.verb("run").state.state is State.ERROR


@hunt(in_place(TWO, gates={**FAILED, "connector": "healthy"}))
def connectors_die_and_live_again_and_then_devices_fail(it):
    it.verb("start")
    connectors_are_ill(it, 40)
    it.pass_hours(2)
    # Those that failed until now were told of as long as the connectors were ill.
    assert it.verb("run").state.state is not State.ERROR


@hunt(in_place(TWO, gates={**FAILED, "soak": "96h", "connector": "healthy"}))
def devices_fail_long_after_the_connectors_were_ill(it):
    it.verb("start")
    connectors_are_ill(it, 40)
    it.pass_hours(12)
    it.fails(profile_id(WIFI))
    it.somebody_edits(profile_id(WIFI))
    it.pass_hours(24)
    assert it.verb("run").state.state is State.ERROR


@hunt(in_place(TWO, gates={**FAILED, "connector": "healthy"}))
def devices_go_on_failing_when_the_connectors_are_well_again(it):
    it.verb("start")
    it.fails(profile_id(WIFI))
    connectors_are_ill(it, 40)
    on(it, 48)
    assert entered(it) == ["test"]


@hunt(in_place(TWO, gates={"soak": "14h"}))
def it_is_paused_and_canceled(it):
    it.verb("start")
    it.verb("pause", reason="maintenance")
    on(it, 24)
    it.verb("resume", reason="over")
    assert entered(it) == ["test", "first"]
    it.verb("cancel", reason="another CA")
    it.verb("resume", reason="still")
    assert it.state.state is State.CANCELED
    on(it, 24)


@hunt(in_place((*TWO, ("macOS user Wi-Fi",)), gates={"soak": "14h"}))
def it_is_canceled_and_somebody_resumes_it(it):
    it.verb("start")
    it.verb("cancel", reason="another CA")
    it.pass_hours(24)
    it.verb("resume", reason="still")
    it.verb("promote", reason="still")
    assert entered(it) == ["test"]


@hunt(in_place(TWO, gates={"soak": "24h", "approval": "required"}))
def nobody_approves(it):
    it.verb("start")
    on(it, 48)
    assert entered(it) == ["test"]
    it.verb("promote", reason="CAB")
    assert entered(it) == ["test", "first"]


@hunt(in_place(TWO, gates={"soak": "24h", "command": "./check.sh"}))
def a_command_waits_and_fails(it):
    it.command = 75
    it.verb("start")
    on(it, 32)
    assert entered(it) == ["test"]
    it.command = None
    assert it.verb("run").exit is Exit.UNKNOWN
    it.command = 1
    assert it.verb("run").state.state is State.ERROR
    # It is well again, and still nobody resumed it.
    it.command = 0
    assert on(it, 8).state.state is State.ERROR
    assert entered(it) == ["test"]


@hunt(in_place(TWO, gates={"soak": "24h"}))
def it_is_frozen_in_the_holidays(it):
    it.freeze_days(True)
    it.verb("start")
    on(it, 24)
    it.freeze_days(False)
    it.verb("run")
    assert entered(it) == ["test"]


@hunt(in_place(TWO, gates={"soak": "24h", "seen": "60%", "reissued": "50%"}))
def no_device_is_seen_any_more(it):
    it.silence(True)
    it.pass_hours(1)
    it.verb("start")
    on(it, 48)
    assert entered(it) == ["test"]


@hunt(in_place(TWO, gates=PROVEN))
def new_certificates_are_revoked_again(it):
    it.verb("start")
    it.pass_hours(12)
    # What was re-issued is gone when somebody edits, and no host is there to issue another.
    for number in (1, 2, 3):
        it.kill_connector(f"NDES {number}")
    it.somebody_edits(profile_id(WIFI))
    on(it, 48)
    assert entered(it) == ["test"]


def wrong(it, *names, **gates):
    """Do some verbs with a file whose opened ring was edited, and put it back."""
    content = it.content
    rings = [{**content["rings"][0], "gates": gates}, *content["rings"][1:]]
    it.write({**content, "rings": rings})
    it.wrong = True
    for name in names:
        it.verb(name, **({} if name == "run" else {"reason": "edited"}))
    it.wrong = False
    it.write(content)


@hunt(in_place(TWO, gates={"soak": "24h"}))
def an_opened_ring_is_edited(it):
    it.verb("start")
    it.pass_hours(16)
    wrong(it, "run", "promote", soak="14h")
    assert entered(it) == ["test"]


@hunt(in_place(TWO, gates={"soak": "24h"}))
def a_later_ring_is_edited_and_the_one_before_promoted(it):
    it.verb("start")
    content = it.content
    later = {"name": "another", "profiles": ["macOS user Wi-Fi"]}
    it.write({**content, "rings": [content["rings"][0], later]})
    assert it.verb("promote", reason="a hurry") is not None
    assert entered(it) == ["test", "another"]


@hunt(in_place(TWO, gates={"soak": "24h"}))
def it_is_killed_at_every_record_of_a_tick(it):
    for number in range(1, 7):
        for after in (False, True):
            state = it.state
            begun = state is not None and state.started is not None
            it.verb("run" if begun else "start", kill=number, after=after)
    it.verb("run" if it.state.started else "start")
    assert entered(it) == ["test"]


COPIES = clone((WIFI,), groups=("fast",), gates={"soak": "14h"})


@hunt(COPIES)
def copies_take_over(it):
    it.verb("start")
    tick = on(it, 72)
    assert tick.state.state is State.COMPLETED
    stand = it.driver.bundle([profile_id(WIFI), tick.state.clones[profile_id(WIFI)]])
    assert stand["without_profile"] == []
    copy = it.tenant.profiles()[tick.state.clones[profile_id(WIFI)]]
    assert copy["customSubjectAlternativeNames"][-1] == dict(SID_URI)


@hunt(clone((WIFI,), groups=("fast",), gates={"soak": "14h"}))
def a_copy_is_killed_while_it_is_made(it):
    for number in range(2, 9):
        begun = it.state is not None and it.state.started is not None
        it.verb("run" if begun else "start", kill=number, after=True)
    it.verb("run")
    names = [item["displayName"] for item in it.tenant.profiles().values()]
    assert names.count(f"{WIFI} (SID)") == 1, names
    assert on(it, 56).state.state is State.COMPLETED


@hunt(COPIES)
def originals_are_touched_after_the_copies_were_made(it):
    it.verb("start")
    it.somebody_edits(profile_id(WIFI))
    it.pass_hours(16)
    on(it, 24)
    [copy] = it.state.clones.values()
    assert not [write for write in it.writes if write.profile == copy and write.assigns]


@hunt(clone((WIFI,), groups=("fast", "last"), gates=FAILED))
def devices_with_a_copy_fail(it):
    it.verb("start")
    [copy] = it.state.clones.values()
    it.fails(copy)
    on(it, 40)
    assert it.state.state is State.ERROR


@hunt(in_place(TWO, gates={"soak": "14h"}))
def it_is_taken_back(it):
    it.verb("start")
    tick = it.verb("rollback", reason="Wi-Fi fails")
    assert tick.state.state is State.CANCELED
    names = it.tenant.profiles()[profile_id(WIFI)]["customSubjectAlternativeNames"]
    assert not any("{{OnPremisesSecurityIdentifier}}" in item["name"] for item in names)


@hunt(in_place(TWO, gates={"soak": "14h"}))
def a_tick_that_sent_nothing_is_taken_back(it):
    # Its run was noted, and it was killed before the run had a journal.
    it.verb("start")
    it.pass_hours(16)
    it.verb("run", kill="opening", after=True)
    assert not it.state.runs[-1].exists()
    assert it.verb("rollback", reason="Wi-Fi fails").state.state is State.CANCELED
