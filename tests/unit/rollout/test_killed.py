"""A controller that is killed at any of its records is gone on with by the next one."""

import pytest
from tests.length import LONG

from intune_scep.changes.record_log import RecordWriter
from intune_scep.rollout.words import State
from intune_scep.simulator.scenarios.rollout import profile_id

from .world import TWELVE, World, clone, in_place

MOST = 1_000 if LONG else 4
FILES = {
    "in place": lambda: in_place(TWELVE[:2], gates={"soak": "14h", "reissued": "80%"}),
    "clone": lambda: clone(
        ("Windows user Wi-Fi", "iOS user Wi-Fi"),
        groups=("fast",),
        gates={"soak": "14h", "reissued": "80%"},
    ),
    "clone whose dependants follow, and come back": lambda: clone(
        ("Windows user Wi-Fi", "iOS user Wi-Fi"),
        groups=(),
        bundle={"dependants": "repoint_at_end", "finish": "swing_back"},
        gates={"soak": "14h", "reissued": "80%"},
    ),
    "clone whose dependants are cloned": lambda: clone(
        ("Windows user Wi-Fi", "iOS user Wi-Fi"),
        groups=("fast",),
        bundle={"dependants": "clone"},
        gates={"soak": "14h", "reissued": "80%"},
    ),
}


class KilledError(BaseException):
    """The process is gone."""


class Killer:
    """Ends the process at the n-th record, before or after it is on the disk."""

    def __init__(self, monkeypatch):
        self.written = 0
        self.at = None
        self.after = False
        self.is_gone = False
        append = RecordWriter._append

        def counting(writer, data):
            self.written += 1
            # What is gone does not write another word.
            if self.is_gone or (self.written == self.at and not self.after):
                self.is_gone = True
                raise KilledError
            append(writer, data)
            if self.written == self.at:
                self.is_gone = True
                raise KilledError

        monkeypatch.setattr(RecordWriter, "_append", counting)


@pytest.fixture
def killer(monkeypatch):
    return Killer(monkeypatch)


def ended(world):
    """The names of every profile, whom each is assigned to, and where each rollout is."""
    names = "customSubjectAlternativeNames"
    profiles = world.tenant.profiles().values()
    sans = sorted((item["displayName"], str(item.get(names))) for item in profiles)
    state = world.state
    return sans, [(ring.name, ring.state, ring.profiles) for ring in state.rings], state.state


def carried_through(world, killer):
    """Start, and go on whatever happens, one controller after the other."""
    kills = 0
    while True:
        state = world.state
        started = state is not None and state.started is not None
        try:
            tick = world.finished() if started else world.start()
        except KilledError:
            kills += 1
            killer.is_gone = False
            continue
        if tick.state.state is State.COMPLETED:
            return kills


@pytest.mark.parametrize("content", FILES.values(), ids=FILES.keys())
def test_it_ends_the_same_wherever_it_is_killed(simulated, tmp_path, killer, content):
    def fresh(name):
        directory = tmp_path / name
        directory.mkdir()
        world = World(simulated, directory, content(), devices=25, step=5)
        if world.journal.exists():
            world.journal.unlink()
        return world

    whole = fresh("whole")
    carried_through(whole, killer)
    expected, records = ended(whole), killer.written
    assert records > 20
    for number in range(1, records + 1, max(1, records // MOST)):
        for after in (False, True):
            world = fresh(f"{number}-{after}")
            killer.written, killer.at, killer.after = 0, number, after
            assert carried_through(world, killer) == 1
            killer.at = None
            assert ended(world) == expected
            once = {profile_id(name) for ring in TWELVE[:2] for name in ring}
            assert all(world.patched().get(profile, 0) <= 3 for profile in once)
            world.driver.close()
