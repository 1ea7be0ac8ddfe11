"""Reading goes on until the wanted state is seen or the patience ends."""

import asyncio

import pytest

from intune_scep.errors import AuthenticationError, GraphError, GraphTransportError
from intune_scep.graph.settle import settle


class Tenant:
    """Shows a new value from a moment on, and fails where it is told to."""

    def __init__(self, *, after=0.0, failures=()):
        self.after = after
        self.failures = dict(failures)
        self.moments = []

    async def read(self):
        clock = asyncio.get_running_loop().time
        self.start = getattr(self, "start", clock())
        self.moments.append(round(clock() - self.start, 1))
        if failure := self.failures.get(len(self.moments)):
            raise failure
        return "new" if clock() - self.start >= self.after else "old"


@pytest.fixture
def settled(virtual_time):
    async def reading(tenant, patience):
        clock = asyncio.get_running_loop().time
        start = clock()
        result = await settle(tenant.read, lambda value: value == "new", patience=patience)
        tenant.seconds = clock() - start
        return result

    return lambda tenant, patience: virtual_time(reading(tenant, patience))


def test_a_state_that_shows_at_once_is_read_once(settled):
    tenant = Tenant()
    result = settled(tenant, 60)
    assert (result.value, result.seen, result.error) == ("new", True, None)
    assert tenant.moments == [0]


def test_the_pauses_grow_and_a_state_that_shows_late_is_seen(settled):
    tenant = Tenant(after=20)
    result = settled(tenant, 60)
    assert result.seen
    assert tenant.moments == [0, 0.5, 1.5, 3.5, 7.5, 15.5, 23.5]
    assert 23 < tenant.seconds < 24


def test_there_is_one_last_reading_when_the_patience_ends(settled):
    tenant = Tenant(after=1000)
    result = settled(tenant, 10)
    assert (result.value, result.seen, result.error) == ("old", False, None)
    assert tenant.moments == [0, 0.5, 1.5, 3.5, 7.5, 10]


def test_without_patience_there_is_one_reading(settled):
    tenant = Tenant(after=1)
    assert not settled(tenant, 0).seen
    assert len(tenant.moments) == 1


def test_a_reading_that_fails_in_passing_is_tried_again(settled):
    broken = GraphTransportError("The connection broke.", hides_commit=True)
    busy = GraphError(method="GET", path="x", status=503)
    tenant = Tenant(failures={1: broken, 2: busy})
    assert settled(tenant, 60).seen
    assert len(tenant.moments) == 3


def test_a_failure_of_the_last_reading_is_remembered_with_what_was_read_before(settled):
    busy = GraphError(method="GET", path="x", status=503)
    result = settled(Tenant(after=1000, failures={2: busy, 3: busy}), 1)
    assert (result.value, result.seen, result.error) == ("old", False, busy)


@pytest.mark.parametrize(
    "failure", [GraphError(method="GET", path="x", status=403), AuthenticationError("No token.")]
)
def test_a_failure_that_stays_ends_the_reading_and_is_not_raised(settled, failure):
    tenant = Tenant(failures={1: failure})
    result = settled(tenant, 60)
    assert (result.value, result.seen, result.error) == (None, False, failure)
    assert len(tenant.moments) == 1


def test_what_is_no_failure_of_graph_is_raised(settled):
    with pytest.raises(KeyError):
        settled(Tenant(failures={1: KeyError("a defect")}), 60)
