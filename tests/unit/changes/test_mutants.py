"""A deliberately broken engine is noticed in every job that it concerns."""

import pytest

from .mutants import MUTANTS
from .promises import PROMISES

CASES = [
    pytest.param(mutant, job, id=f"{mutant.name}-{mutant.promise}-{job}")
    for mutant in MUTANTS
    for job in mutant.jobs
]


@pytest.mark.parametrize(("mutant", "job"), CASES)
def test_a_broken_engine_is_noticed(start, monkeypatch, mutant, job):
    ready = start(job)
    mutant.mutate(monkeypatch)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        PROMISES[mutant.promise].check(ready)


def test_each_promise_has_a_mutant_that_breaks_it():
    broken = {mutant.promise for mutant in MUTANTS}
    assert set(PROMISES) - broken <= UNBROKEN


UNBROKEN = {
    # Both rest on how listings are read, which is shown in the room that reads them.
    "a_profile_that_is_listed_twice_is_written_once",
    "an_odd_item_of_a_listing_costs_itself",
}
