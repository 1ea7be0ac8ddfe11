"""A deliberately broken engine is noticed in every job that it concerns."""

import os

import pytest

from .mutants import MUTANTS
from .promises import PROMISES

LONG = os.environ.get("INTUNE_SCEP_TEST_PROFILE") == "long"
LIKE_ANOTHER = {f"rollback of {job}" for job in ("update", "link", "assign", "replace", "restore")}
"""Rollbacks that write as others do: their promises are checked, their mutants in the long form."""

CASES = [
    pytest.param(mutant, job, id=f"{mutant.name}-{mutant.promise}-{job}")
    for mutant in MUTANTS
    for job in mutant.jobs
    if LONG or job.name not in LIKE_ANOTHER
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
    # They rest on how listings are read, which is shown in the room that reads them.
    "a_profile_that_is_listed_twice_is_written_once",
    "a_stale_copy_in_a_listing_is_not_planned_on",
    "an_odd_item_of_a_listing_costs_itself",
}
