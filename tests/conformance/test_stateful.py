"""The simulator against a model of it, and proof that the comparison can fail."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis.stateful import run_state_machine_as_test

from .machine import HUNT, SimulatorMachine
from .mutants import MUTANTS, broken

TestSimulatorBehavesAsItsModel = SimulatorMachine.TestCase


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.__name__)
def test_a_broken_simulator_is_noticed(mutant: Callable[[], Any]) -> None:
    """SIMULATOR.md 5: a suite that notices nothing proves nothing."""
    with broken(mutant), pytest.raises((AssertionError, KeyError)):
        run_state_machine_as_test(SimulatorMachine, settings=HUNT)
