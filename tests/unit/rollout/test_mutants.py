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


@pytest.mark.skipif(not LONG, reason="takes up to a minute")
@pytest.mark.parametrize("name", ["unknown_passes"])
def test_chance_alone_notices_it_too(name):
    """The state machine can fail, without being led to where a controller is broken."""
    [mutant] = [mutant for mutant in MUTANTS if mutant.name == name]
    with pytest.MonkeyPatch.context() as patch:
        mutant.mutate(patch)
        with pytest.raises(NOTICED):
            run_state_machine_as_test(RolloutMachine, settings=HUNT)
