"""What is done to a rollout when its file was edited, its report is lost, or a tick was killed."""

import pytest

from intune_scep.profiles import SID_URI
from intune_scep.rollout.tick import Exit
from intune_scep.rollout.words import State

from .model import Judged
from .world import clone, in_place

RINGS = (("Windows user Wi-Fi",), ("iOS user mail",), ("macOS user Wi-Fi",))
SOON = {"soak": "14h"}
FIRST, SECOND, THIRD = in_place(RINGS)["rings"]
OTHER = {"name": "other", "profiles": ["Android user VPN"]}


@pytest.fixture
def judged(simulated, tmp_path):
    def make(content):
        return Judged(simulated, tmp_path, content)

    return make


LATER = {
    "renamed": [FIRST, {**SECOND, "name": "second"}, THIRD],
    "of another profile": [FIRST, {**SECOND, "profiles": ["Android user VPN"]}, THIRD],
    "with other gates": [FIRST, {**SECOND, "gates": {"soak": "48h"}}, THIRD],
    "one more": [FIRST, SECOND, THIRD, OTHER],
    "one less": [FIRST, SECOND],
    "none left": [FIRST],
    "in another order": [FIRST, THIRD, SECOND],
}


@pytest.mark.parametrize("verb", ["run", "promote", "resume"])
@pytest.mark.parametrize("rings", LATER.values(), ids=LATER.keys())
def test_any_verb_follows_an_edit_of_later_rings(judged, verb, rings):
    it = judged(in_place(RINGS, gates=SOON))
    it.verb("start")
    if verb == "resume":
        it.verb("pause", reason="CA maintenance")
    it.write({**it.content, "rings": rings})
    tick = it.verb(verb, **({} if verb == "run" else {"reason": "go on"}))
    assert [ring.name for ring in tick.state.rings] == [ring["name"] for ring in rings]
    assert any("edited" in said for said in tick.did)


OPENED = {
    "renamed": {**FIRST, "name": "tests"},
    "of another profile": {**FIRST, "profiles": ["Android user VPN"]},
    "with a profile more": {**FIRST, "profiles": [*FIRST["profiles"], "Android user VPN"]},
    "with a shorter soak": {**FIRST, "gates": {"soak": "20h"}},
    "without a gate": {**FIRST, "gates": {"reissued": "none"}},
    "with an approval": {**FIRST, "gates": {"approval": "required"}},
}


@pytest.mark.parametrize("verb", ["run", "promote", "resume"])
@pytest.mark.parametrize("ring", OPENED.values(), ids=OPENED.keys())
def test_any_verb_is_refused_whole_where_an_opened_ring_was_edited(judged, verb, ring):
    it = judged(in_place(RINGS, gates={**SOON, "reissued": "90%"}))
    it.verb("start")
    if verb == "resume":
        it.verb("pause", reason="CA maintenance")
    before = it.records()
    it.wrong = True
    it.write({**it.content, "rings": [ring, SECOND, THIRD]})
    assert it.verb(verb, **({} if verb == "run" else {"reason": "go on"})) is None
    # Neither the word nor the edit was taken.
    assert it.records() == before


@pytest.mark.parametrize("verb", ["run", "promote", "resume", "cancel"])
def test_a_completed_rollout_gets_no_further_ring(judged, verb):
    it = judged(in_place(RINGS[:1], gates=SOON))
    it.verb("start")
    it.pass_hours(15)
    assert it.verb("run").state.state is State.COMPLETED
    it.write({**it.content, "rings": [FIRST, OTHER]})
    assert it.verb(verb, **({} if verb == "run" else {"reason": "go on"})) is None
    assert [ring.name for ring in it.state.rings] == ["test"]


COPIES = clone(("Windows user Wi-Fi",), groups=("fast",), gates=SOON)
UNPROVEN = {
    "a copy, with soak alone": (COPIES, "503", False),
    "a copy, with failures counted": ({**COPIES, "gates": {"max_failed": {"count": 1}}}, "503", 0),
    "a copy, and the devices of groups": (COPIES, "403", False),
    "in place, with soak alone": (in_place(RINGS, gates=SOON), "503", True),
    "in place, with new certificates": (in_place(RINGS, gates={"reissued": "9%"}), "503", False),
    "in place, with devices seen": (in_place(RINGS, gates={"seen": "9%"}), "503", False),
    "in place, with a load": (
        in_place(RINGS, gates=SOON, load={"per_scep_host": "9/h"}),
        "503",
        False,
    ),
}


@pytest.mark.parametrize(("content", "how", "goes"), UNPROVEN.values(), ids=UNPROVEN.keys())
def test_a_ring_is_entered_without_the_report_only_where_nothing_needs_it(
    judged, content, how, goes
):
    it = judged(content)
    it.lose_report(how)
    tick = it.verb("start")
    assert tick.state.rings[0].is_entered is bool(goes)
    assert (tick.exit is Exit.UNKNOWN) is not bool(goes)
    it.healed()
    assert it.verb("run").state.rings[0].is_entered


KILLS = ("evidence", "entered", "opening", "journal", "plan", "changed", "gate", "passed")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("record", KILLS)
def test_a_rollout_is_taken_back_wherever_its_tick_was_killed(judged, record, after):
    it = judged(in_place(RINGS, gates=SOON))
    it.verb("start")
    it.pass_hours(15)
    it.verb("run", kill=record, after=after)
    tick = it.verb("rollback", reason="Wi-Fi fails")
    assert tick.state.state is State.CANCELED
    assert not any(report.failed for report in tick.reports)
    for item in it.tenant.profiles().values():
        assert dict(SID_URI) not in item.get("customSubjectAlternativeNames", [])


def asked_by(ring):
    """How many certificates the devices of a ring are issued anew in an hour."""
    [held] = ring.before.held.values()
    return sum(len(serials) for device, serials in held.items() if device in ring.devices) / 8


def test_the_load_of_a_ring_is_that_of_its_own_devices(judged):
    """Two rings have one original: what the first asks for is not what the second asks for."""
    content = clone(("Windows user Wi-Fi",), groups=("last", "broad"), gates=SOON)
    it = judged({**content, "load": {"per_scep_host": "1/h"}})
    it.verb("start")
    it.pass_hours(7)
    it.verb("run")
    it.verb("promote", reason="a hurry")
    first, second = it.state.rings[:2]
    # Either alone may be changed, and two of the second; not the first and the second.
    assert 2 * asked_by(second) <= 0.8 < asked_by(first) + asked_by(second)
    assert first.changed
    assert second.is_entered
    assert not second.changed
    it.pass_hours(9)
    it.verb("run")
    assert it.state.rings[1].changed
