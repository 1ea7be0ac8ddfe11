"""Rollouts against a model of what docs/rollout.md says of them."""

from itertools import cycle

import pytest
from tests.length import LONG

from intune_scep.rollout.words import State

from .machine import BOUNDS, FINISHES, USERS, RolloutMachine
from .model import Judged
from .world import clone

TestARolloutDoesAsItsDocumentationSays = RolloutMachine.TestCase
TestARolloutDoesAsItsDocumentationSays.settings = BOUNDS

GATES = {"soak": "24h", "reissued": "50%", "seen": "60%"}
KILLED = {"never killed": None, "killed before a record": False, "killed after one": True}


@pytest.mark.parametrize("killed", KILLED.values(), ids=KILLED.keys())
@pytest.mark.parametrize(
    ("dependants", "finish"), [(what, end) for what, ends in FINISHES.items() for end in ends]
)
@pytest.mark.parametrize("groups", [("fast",), ("fast", "broad")] if LONG else [("fast",)])
def test_a_rollout_by_clone_ends_as_its_file_says(
    simulated, tmp_path, groups, dependants, finish, killed
):
    bundle = {"dependants": dependants, "finish": finish}
    it = Judged(simulated, tmp_path, clone(USERS[:2], groups=groups, gates=GATES, bundle=bundle))
    it.verb("start", reason="CHG0042")
    records = cycle(range(1, 5))
    for _ in range(60):
        it.pass_hours(8)
        if killed is not None:
            it.verb("run", kill=next(records), after=killed)
        it.verb("run")
        if it.state.state is State.COMPLETED:
            break
    assert it.state.state is State.COMPLETED
    assert bool(it.kills) == (killed is not None)
