"""Each promise of the engine, kept in every job that it concerns."""

import pytest

from .promises import PROMISES

CASES = [
    pytest.param(promise, job, id=f"{name}-{job}")
    for name, promise in PROMISES.items()
    for job in promise.jobs
]


@pytest.mark.parametrize(("promise", "job"), CASES)
def test_promise(start, promise, job):
    promise.check(start(job))
