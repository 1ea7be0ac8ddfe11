"""A deliberately broken controller is noticed, by a directed sequence and at length by chance."""

import pytest
from hypothesis.stateful import run_state_machine_as_test
from tests.length import LONG

from .hunts import FILES, HUNTS
from .machine import HUNT, RolloutMachine
from .model import Judged
from .mutants import MUTANTS

NOTICED = (AssertionError, RuntimeError, AttributeError, pytest.fail.Exception)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_broken_controller_is_noticed(simulated, tmp_path, monkeypatch, mutant):
    it = Judged(simulated, tmp_path, FILES[mutant.hunt])
    mutant.mutate(monkeypatch)
    with pytest.raises(NOTICED):
        HUNTS[mutant.hunt](it)


def test_there_are_enough_of_them_and_each_sequence_is_known():
    assert len(MUTANTS) >= 15
    assert {mutant.hunt for mutant in MUTANTS} <= set(HUNTS)


def is_noticed_by_chance(mutant):
    """Whether the state machine alone notices a mutant, without being led to where it breaks."""
    with pytest.MonkeyPatch.context() as patch:
        mutant.mutate(patch)
        try:
            run_state_machine_as_test(RolloutMachine, settings=HUNT)
        except NOTICED:
            return True
    return False


@pytest.mark.skipif(not LONG, reason="takes up to a minute for each")
def test_chance_alone_notices_enough_of_them():
    noticed = 0
    for mutant in MUTANTS:
        noticed += is_noticed_by_chance(mutant)
        if noticed >= 15:
            return
    raise AssertionError(f"only {noticed} were noticed")
