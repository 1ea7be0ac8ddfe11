"""Each promise of the engine, kept in every job that it concerns."""

from typing import Any

import pytest

from .jobs import JOBS
from .promises import PROMISES

_LISTINGS = "Listings are not yet sets by id, and an odd item of one is not yet passed over."
NOT_YET = {
    "a_profile_that_is_listed_twice_is_written_once": {
        "migration",
        "update",
        "link",
        "assign",
        "delete",
        "replace",
    },
    "a_stale_copy_in_a_listing_is_not_planned_on": {
        "migration",
        "update",
        "link",
        "assign",
        "delete",
    },
    "an_odd_item_of_a_listing_costs_itself": set(JOBS),
}


def marks(promise: str, job: str) -> Any:
    if job not in NOT_YET.get(promise, ()):
        return ()
    return pytest.mark.xfail(strict=True, reason=_LISTINGS)


CASES = [
    pytest.param(promise, job, id=f"{name}-{job}", marks=marks(name, job.name))
    for name, promise in PROMISES.items()
    for job in promise.jobs
]


@pytest.mark.parametrize(("promise", "job"), CASES)
def test_promise(start, promise, job):
    promise.check(start(job))
