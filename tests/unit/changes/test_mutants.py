"""A deliberately broken engine is noticed in every job that it concerns."""

import pytest
from tests.length import LONG

from .mutants import MUTANTS
from .promises import PROMISES

SHORT = {
    "migration",
    "update",
    "assign",
    "create",
    "delete",
    "restore",
    "repoint",
    "rollback of migration",
    "rollback of link",
    "rollback of delete",
}
"""Each job and each kind of write; the long form (make test-long) breaks the engine in the others
too, which write in the same ways."""


def chosen(mutant):
    jobs = [job for job in mutant.jobs if LONG or job.name in SHORT]
    return jobs or mutant.jobs[:1]


CASES = [
    pytest.param(mutant, job, id=f"{mutant.name}-{mutant.promise}-{job}")
    for mutant in MUTANTS
    for job in chosen(mutant)
]


@pytest.mark.parametrize(("mutant", "job"), CASES)
def test_a_broken_engine_is_noticed(start, monkeypatch, mutant, job):
    ready = start(job)
    mutant.mutate(monkeypatch)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        PROMISES[mutant.promise].check(ready)


def test_each_promise_has_a_mutant_that_breaks_it():
    assert set(PROMISES) == {mutant.promise for mutant in MUTANTS}
