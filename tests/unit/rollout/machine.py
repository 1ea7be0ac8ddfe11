"""A state machine over rollout files, what is done to rollouts, and what happens meanwhile."""

import os
import shutil
import tempfile
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from tests.conftest import SimulatedTenant
from tests.length import LONG

from intune_scep.simulator import seed_database
from intune_scep.simulator.scenarios.rollout import profile_id

from .model import Judged
from .world import clone, in_place

BOUNDS = settings(
    max_examples=200 if LONG else 16,
    stateful_step_count=30 if LONG else 14,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
    # What is found is kept as a directed sequence in hunts.py; shrinking takes minutes.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
HUNT = settings(
    BOUNDS,
    max_examples=25,
    stateful_step_count=14,
    derandomize=True,
    phases=[Phase.generate],
)

USERS = ("Windows user Wi-Fi", "iOS user Wi-Fi", "Android user Wi-Fi", "Windows user sign-in")
OTHERS = ("Windows user VPN", "macOS user Wi-Fi", "Windows device Wi-Fi", "iOS user VPN")
NAMES = ("test", "first", "fast", "broad")
WELL = st.sampled_from([True, True, True, False])
FINISHES = {
    "none": ["retire_original", "keep_both", "swing_back"],
    "repoint_at_end": ["retire_original", "keep_both", "swing_back"],
    "clone": ["retire_original", "keep_both"],
}
"""What may be done with dependants, and what may become of the original beside it."""
ENDS = st.sampled_from(
    [
        {"dependants": dependants, "finish": finish}
        for dependants, finishes in FINISHES.items()
        for finish in finishes
    ]
)
HOLDS = st.sampled_from([0, 0, 0, 1, 75, 2, None])


@cache
def _seeded(devices):
    directory = tempfile.mkdtemp(prefix="rollout-model-")
    return Path(directory) / f"{devices}.db"


def _simulated(directory):
    """As the fixture: a function from a scenario to a fresh tenant of it."""

    def start(scenario, *, name):
        seeded = _seeded(name)
        if not seeded.exists():
            seed_database(seeded, scenario)
        path = directory / "tenant.db"
        shutil.copy(seeded, path)
        return SimulatedTenant(path)

    return start


@st.composite
def gates(draw):
    """What the gates of a file may ask for."""
    asked = {"soak": draw(st.sampled_from(["14h", "24h"]))}
    if draw(st.booleans()):
        asked |= {"reissued": draw(st.sampled_from(["50%", "90%"])), "seen": "60%"}
    if draw(st.booleans()):
        asked["max_failed"] = {"share": "10%"}
    if draw(st.booleans()):
        asked["connector"] = "healthy"
    held = draw(st.sampled_from(["", "", "approval", "command"]))
    if held == "approval":
        asked["approval"] = "required"
    if held == "command":
        asked["command"] = "./check.sh"
    return asked


@st.composite
def files(draw):
    """Rollout files: in place or by clone, of two to four rings."""
    asked = draw(gates())
    more = {"load": {"per_scep_host": "3/h"}} if draw(st.booleans()) else {}
    if draw(st.booleans()):
        chosen = draw(st.permutations((*USERS, *OTHERS)))
        count = draw(st.integers(2, 4))
        each = 2 if count < 4 else 1
        rings = [tuple(chosen[each * n : each * n + each]) for n in range(count)]
        return in_place(rings, gates=asked, **more)
    count = draw(st.integers(1, 2))
    groups = draw(st.sampled_from([("fast",), ("fast", "broad"), ("broad", "last")]))
    return clone(USERS[:count], groups=groups, gates=asked, bundle=draw(ENDS))


class RolloutMachine(RuleBasedStateMachine):
    """One tenant, one rollout, and anything that people and the world may do."""

    def __init__(self):
        super().__init__()
        self.stack = ExitStack()
        directory = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        known = os.environ.get("XDG_STATE_HOME")
        os.environ["XDG_STATE_HOME"] = str(directory / "state")
        self.stack.callback(_put_back, known)
        self.directory = directory

    @initialize(content=files())
    def begin(self, content):
        self.it = Judged(_simulated(self.directory), self.directory, content)
        self.stack.callback(self.it.tenant.close)
        self.stack.callback(self.it.driver.close)
        self.it.verb("start", reason="CHG0042")

    def teardown(self):
        self.stack.close()

    # Verbs

    @rule(hours=st.sampled_from([1, 3, 8, 24]))
    def tick_after(self, hours):
        self.it.pass_hours(hours)
        self.it.verb("run")

    @rule()
    def wait_for_the_gate(self):
        for _ in range(4):
            self.it.pass_hours(8)
            self.it.verb("run")

    @rule()
    def go_on_for_days(self):
        for _ in range(15):
            self.it.pass_hours(8)
            self.it.verb("run")

    @rule()
    def tick_again(self):
        self.it.verb("run")

    @rule(number=st.integers(1, 8), after=st.booleans())
    def kill_a_tick(self, number, after):
        self.it.verb("run", kill=number, after=after)

    @rule()
    def promote(self):
        self.it.verb("promote", reason="it is needed")

    @rule(hours=st.sampled_from([1, 24]))
    def pause_for_a_while(self, hours):
        self.it.verb("pause", reason="maintenance")
        self.tick_after(hours)
        self.it.verb("resume", reason="over")

    @rule()
    def resume(self):
        self.it.verb("resume", reason="mended")

    @rule()
    def start_again(self):
        self.it.verb("start", reason="once more")

    @precondition(lambda self: self.it.state.rings[0].passed_at is not None)
    @rule(back=st.booleans(), sure=st.integers(0, 3))
    def end(self, back, sure):
        if sure == 3:
            self.it.verb("rollback" if back else "cancel", reason="another CA")

    # What happens

    def through(self, well):
        """Go on as it is for longer than any gate soaks, and have everything mended or not."""
        self.wait_for_the_gate()
        if well:
            self.it.healed()
            self.it.verb("resume", reason="mended")

    @rule(names=st.sampled_from([("NDES 1",), ("NDES 1", "NDES 2", "NDES 3")]), well=WELL)
    def connectors_die(self, names, well):
        for name in names:
            self.it.kill_connector(name)
        self.through(well)

    @rule(number=st.integers(0, 3), share=st.sampled_from([0.5, 1.0]), well=WELL)
    def devices_fail(self, number, share, well):
        profiles = self.it.profiles()
        profile = profiles[number % len(profiles)]
        self.it.fails(self.it.state.clones.get(profile, profile), share)
        self.through(well)

    @rule(well=WELL)
    def devices_fall_silent(self, well):
        self.it.silence(True)
        self.through(well)

    @rule(how=st.sampled_from(["403", "503"]), well=WELL)
    def the_report_is_lost(self, how, well):
        self.it.lose_report(how)
        self.through(well)

    @rule()
    def days_are_frozen(self):
        self.it.freeze_days(True)
        self.wait_for_the_gate()
        self.it.freeze_days(False)

    @rule(code=HOLDS)
    def the_command_says_something_else(self, code):
        self.it.command = code

    @rule(number=st.integers(0, 7))
    def somebody_edits_a_profile(self, number):
        profiles = self.it.profiles()
        self.it.somebody_edits(profiles[number % len(profiles)])

    @rule()
    def everything_is_well_again(self):
        self.it.healed()

    # The file

    @rule(gate=st.sampled_from(["soak", "connector"]))
    def an_opened_ring_is_edited_and_put_back(self, gate):
        content, entered = self.it.content, self.it.state.rings[0].is_entered
        if not entered:
            return
        own = {"soak": {"soak": "15h"}, "connector": {"max_failed": {"share": "77%"}}}[gate]
        rings = [dict(ring) for ring in content["rings"]]
        rings[0] = {**rings[0], "gates": own}
        self.it.write({**content, "rings": rings})
        self.it.wrong = True
        for name in ("run", "promote", "resume"):
            self.it.verb(name, **({} if name == "run" else {"reason": "edited"}))
        self.it.wrong = False
        self.it.write(content)

    @rule(promote=st.booleans())
    def a_later_ring_is_edited(self, promote):
        content = self.it.content
        place = len(content["rings"]) - 1
        if self.it.state.rings[-1].is_entered or len(self.it.state.rings) != place + 1:
            return
        rings = [dict(ring) for ring in content["rings"]]
        rings[place] = {**rings[place], "name": rings[place]["name"] + "-2"}
        self.it.write({**content, "rings": rings})
        if promote:
            self.it.verb("promote", reason="after an edit")
        self.it.verb("run")


def _put_back(known):
    if known is None:
        os.environ.pop("XDG_STATE_HOME", None)
    else:
        os.environ["XDG_STATE_HOME"] = known


__all__ = ["BOUNDS", "HUNT", "RolloutMachine", "profile_id"]
