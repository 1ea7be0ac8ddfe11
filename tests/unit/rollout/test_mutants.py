"""A deliberately broken controller is noticed, by a directed sequence and at length by chance."""

import pytest
from hypothesis.stateful import run_state_machine_as_test
from tests.length import LONG

from .hunts import FILES, HUNTS
from .machine import HUNT, RolloutMachine
from .model import Judged
from .mutants import MUTANTS

BY_CHANCE = (
    "a_copy_is_assigned_before_the_originals_were_looked_at",
    "a_pause_is_ignored",
    "a_ring_is_passed_that_was_not_judged",
    "a_ring_is_taken_out_before_its_gate_passed",
    "a_tick_lifts_a_freeze",
    "a_tick_tells_what_is_not_in_the_journal",
    "an_approval_is_not_waited_for",
    "an_edit_of_an_opened_ring_is_accepted",
    "an_edited_file_is_promoted_before_it_is_looked_at",
    "devices_seen_before_the_change_count",
    "every_tick_ends_with_0",
    "evidence_is_not_kept_before_the_change",
    "frozen_days_are_days_like_others",
    "later_rings_do_not_follow_the_file",
    "nothing_soaks",
    "promoting_opens_over_what_fails",
    "soaking_begins_when_the_ring_is_entered",
    "soaking_goes_by_the_clock_of_the_machine",
    "the_control_group_includes_the_ring",
    "the_next_ring_is_opened_without_waiting",
    "the_original_is_taken_from_everybody_at_once",
    "unknown_passes",
    "what_fails_does_not_freeze",
)
"""Those that a few dozen random rollouts meet; the others take a longer way to where they show."""
BY_CHANCE_SOON = ("nothing_soaks", "devices_seen_before_the_change_count")
NOTICED = (AssertionError, RuntimeError, AttributeError, pytest.fail.Exception)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_broken_controller_is_noticed(simulated, tmp_path, monkeypatch, mutant):
    it = Judged(simulated, tmp_path, FILES[mutant.hunt])
    mutant.mutate(monkeypatch)
    with pytest.raises(NOTICED):
        HUNTS[mutant.hunt](it)


def test_there_are_enough_of_them_and_each_sequence_is_known():
    assert min(len(MUTANTS), len(BY_CHANCE)) >= 15
    assert {mutant.hunt for mutant in MUTANTS} <= set(HUNTS)


@pytest.mark.parametrize("name", BY_CHANCE if LONG else BY_CHANCE_SOON)
def test_chance_alone_notices_it_too(name):
    """The state machine can fail, without being led to where a controller is broken."""
    [mutant] = [mutant for mutant in MUTANTS if mutant.name == name]
    with pytest.MonkeyPatch.context() as patch:
        mutant.mutate(patch)
        with pytest.raises(NOTICED):
            run_state_machine_as_test(RolloutMachine, settings=HUNT)
