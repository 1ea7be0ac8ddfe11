"""What is sent is never more than Graph takes, whatever way requests and answers take."""

import asyncio
import math
import random
from contextlib import suppress
from itertools import cycle

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intune_scep.errors import GraphError
from intune_scep.graph.pacing import WRITES_IN_FLIGHT, Pacer, PlaceLostError
from intune_scep.graph.retry import retry_after_seconds
from intune_scep.graph.window import REQUESTS, WRITES

GRAPH_SECONDS = 20.0
SECONDS = st.floats(0, 4, allow_nan=False)


def now():
    return asyncio.get_running_loop().time()


class Server:
    """Graph as the pacer's client sees it: when requests arrive, on ways that take their time.

    Args:
        ways: Seconds to Graph and back, one pair for each request, over and over.
    """

    def __init__(self, ways):
        self._ways = cycle(ways)
        self.writes = []
        self.requests = []
        self.at_once = self.most_at_once = 0

    async def take(self, items=1, *, write=False):
        there, back = next(self._ways)
        self.at_once += write
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(there)
        self.requests += [now()] * items
        self.writes += [now()] * write
        await asyncio.sleep(back)
        self.at_once -= write

    async def change(self, pacer):
        changed = False
        while not changed:
            async with await pacer.take_place() as place:
                async with pacer.reading():
                    await self.take()
                with suppress(PlaceLostError):
                    async with place.sending():
                        await self.take(write=True)
                        changed = True

    async def read(self, pacer, items):
        async with pacer.reading(items):
            await self.take(items)


def busiest(moments):
    """The most that arrived in any 20 s."""
    moments = sorted(moments)
    return max(sum(at - GRAPH_SECONDS < other <= at for other in moments) for at in moments)


async def at_work(jobs, workers):
    """Do the jobs in their order, so many at a time."""
    waiting = iter(jobs)

    async def work():
        for job in waiting:
            await job()

    await asyncio.gather(*(work() for _ in range(workers)))


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    ways=st.lists(st.tuples(SECONDS, SECONDS), min_size=1, max_size=7),
    jobs=st.lists(st.one_of(st.just("write"), st.integers(1, 20)), min_size=1, max_size=60),
    workers=st.integers(1, 20),
    pause=st.sampled_from([0.0, 0.0, 3.0, 25.0]),
)
def test_no_twenty_seconds_see_more_than_the_window(virtual_time, ways, jobs, workers, pause):
    server = Server(ways)

    async def main():
        pacer = Pacer(writes=5, requests=40)

        def job(kind):
            async def do():
                await (server.change(pacer) if kind == "write" else server.read(pacer, kind))
                await asyncio.sleep(pause)

            return do

        await at_work(map(job, jobs), workers)

    virtual_time(main())
    assert busiest(server.requests) <= 40
    assert busiest(server.writes or [0]) <= 5
    assert len(server.writes) == jobs.count("write")


@pytest.mark.parametrize("latency", [0.0, 0.15, 0.3, 0.5, 1.0])
def test_the_window_is_used(virtual_time, latency):
    """Once it is full: 98 writes in 20 s and a latency, and in 20.2 s at least."""
    server = Server([(latency / 2, latency / 2)])

    async def main():
        pacer = Pacer()
        await at_work([lambda: server.change(pacer)] * (4 * WRITES), 16)

    virtual_time(main())
    assert busiest(server.writes) == WRITES
    assert (server.writes[-1] - server.writes[2 * WRITES - 1]) / 2 < 20.3 + latency
    assert server.most_at_once <= WRITES_IN_FLIGHT


def test_a_latency_that_needs_all_writes_in_flight_has_them(virtual_time):
    server = Server([(2.0, 2.0)])

    async def main():
        pacer = Pacer()
        await at_work([lambda: server.change(pacer)] * (2 * WRITES), 40)

    virtual_time(main())
    assert server.most_at_once == WRITES_IN_FLIGHT


def test_reads_come_in_one_burst_as_long_as_there_is_room(virtual_time):
    server = Server([(0.1, 0.1)])

    async def main():
        pacer, start = Pacer(), now()
        for _ in range(REQUESTS // 20):
            await server.read(pacer, 20)
        return now() - start

    assert virtual_time(main()) < 0.2 * REQUESTS / 20 + 1


def test_a_place_that_is_not_used_is_given_back(virtual_time):
    async def main():
        pacer, start = Pacer(writes=2), now()
        for _ in range(50):
            async with await pacer.take_place():
                pass
        return now() - start

    assert virtual_time(main()) < 1


def test_a_place_whose_reading_fails_is_given_back(virtual_time):
    async def main():
        pacer, start = Pacer(writes=1), now()
        for _ in range(5):
            with pytest.raises(OSError, match="cut"):
                async with await pacer.take_place():
                    raise OSError("cut")
        return now() - start

    assert virtual_time(main()) < 1


def test_places_that_nobody_uses_do_not_stop_others_for_ever(virtual_time):
    async def main():
        pacer, start = Pacer(writes=2), now()
        await pacer.take_place()
        await pacer.take_place()
        await pacer.take_place()
        return now() - start

    assert virtual_time(main()) < 35


class Tenant:
    """Graph's limit on the writes of a tenant, with another application beside ours.

    Args:
        others: Writes of the other one in 20 s.
        in_bursts: Whether it sends them all at once.
        told: The Retry-After of so many seconds.
        latency: Seconds to Graph and back, and whatever is drawn up to `jitter` on either way.
    """

    def __init__(self, others=0, *, in_bursts=False, told=None, latency=0.3, jitter=0.0, limit=100):
        self.others = others
        self._in_bursts = in_bursts
        self._told = told or (lambda seconds: str(math.ceil(seconds)))
        self._latency = latency
        self._jitter = jitter
        self._limit = limit
        self._arrived = []
        self._random = random.Random(1)
        self.refused = self.accepted = 0
        self.refusals = []
        self.moments = []

    async def be_used_by_another(self):
        while True:
            for _ in range(self.others if self._in_bursts else 1):
                self._arrive()
            pause = GRAPH_SECONDS if self._in_bursts else GRAPH_SECONDS / max(self.others, 1)
            await asyncio.sleep(pause * (1 if self.others else 1000))

    def _arrive(self):
        self._arrived = [at for at in self._arrived if at > now() - GRAPH_SECONDS] + [now()]
        over = len(self._arrived) - self._limit
        return 0.0 if over <= 0 else self._arrived[over - 1] + GRAPH_SECONDS - now()

    async def write(self):
        self.moments.append(now())
        await self._travel()
        wait = self._arrive()
        await self._travel()
        if wait <= 0:
            self.accepted += 1
            return
        self.refused += 1
        told = self._told(wait)
        self.refusals.append((now(), retry_after_seconds(told) or 0.0))
        raise GraphError(method="PATCH", path="x", status=429, retry_after=told)

    async def _travel(self):
        await asyncio.sleep(self._latency / 2 + self._random.random() * self._jitter)

    async def change(self, pacer):
        """One write, as often as it takes."""
        while True:
            try:
                async with await pacer.take_place() as place:
                    await self._travel()
                    await self._travel()
                    async with place.sending():
                        return await self.write()
            except PlaceLostError:
                continue
            except GraphError as error:
                await asyncio.sleep(retry_after_seconds(error.retry_after) or 1.0)


async def beside_another(tenant, work):
    other = asyncio.create_task(tenant.be_used_by_another())
    await asyncio.sleep(GRAPH_SECONDS)
    try:
        return await work()
    finally:
        other.cancel()


@pytest.mark.parametrize(
    "tenant",
    [
        Tenant(60),
        Tenant(60, in_bursts=True),
        Tenant(60, jitter=0.2),
        Tenant(60, latency=0.1),
        Tenant(60, told=lambda seconds: f"{seconds + 0.001:.3f}"),
        Tenant(60, told=lambda _: None),
        Tenant(50),
        Tenant(30),
        Tenant(10),
        Tenant(70),
    ],
    ids=[
        "60-of-100",
        "in-bursts",
        "jitter",
        "quick",
        "fractional-retry-after",
        "no-retry-after",
        "50-of-100",
        "30-of-100",
        "10-of-100",
        "70-of-100",
    ],
)
def test_beside_another_application_few_writes_are_refused_and_the_rest_of_the_limit_is_used(
    virtual_time, tenant
):
    async def work():
        pacer, start = Pacer(), now()
        await at_work([lambda: tenant.change(pacer)] * 400, 16)
        return now() - start

    seconds = virtual_time(beside_another(tenant, work))
    assert tenant.accepted == 400
    assert tenant.refused <= 0.02 * (tenant.accepted + tenant.refused)
    assert tenant.accepted / seconds * GRAPH_SECONDS > 0.75 * (100 - tenant.others)


def test_when_the_other_application_has_ended_the_whole_limit_is_used_again(virtual_time):
    tenant = Tenant(60)

    async def work():
        pacer = Pacer()
        await at_work([lambda: tenant.change(pacer)] * 200, 16)
        tenant.others = 0
        await at_work([lambda: tenant.change(pacer)] * 400, 16)
        before = now()
        await at_work([lambda: tenant.change(pacer)] * 196, 16)
        return now() - before

    assert virtual_time(beside_another(tenant, work)) < 45


@pytest.mark.parametrize("told", ["7", "7.25", "0.5", "60"])
def test_everybody_waits_as_long_as_graph_asks_one_of_them_to(virtual_time, told):
    tenant = Tenant(told=lambda _: told, limit=30)

    async def work():
        pacer = Pacer()
        await at_work([lambda: tenant.change(pacer)] * 60, 16)

    virtual_time(beside_another(tenant, work))
    at, wait = tenant.refusals[0]
    assert not [moment for moment in tenant.moments if at < moment < at + wait]


def test_a_reading_that_a_refusal_has_made_old_is_made_anew(virtual_time):
    """Who has read when another is refused takes another place, and reads again."""

    async def main():
        pacer = Pacer()
        async with await pacer.take_place() as mine, await pacer.take_place() as other:
            with pytest.raises(GraphError):
                async with other.sending():
                    raise GraphError(method="PATCH", path="x", status=429, retry_after="10")
            with pytest.raises(PlaceLostError):
                async with mine.sending():
                    raise AssertionError("was sent")
        start = now()
        async with await pacer.take_place() as mine, mine.sending():
            return now() - start

    assert virtual_time(main()) == pytest.approx(10, abs=0.5)


def test_a_refused_read_holds_writes_back_too_and_a_refused_write_holds_no_reads(virtual_time):
    async def main():
        pacer = Pacer()
        with pytest.raises(GraphError):
            async with await pacer.take_place() as place, place.sending():
                raise GraphError(method="PATCH", path="x", status=429, retry_after="10")
        start = now()
        with pytest.raises(GraphError):
            async with pacer.reading():
                raise GraphError(method="GET", path="x", status=429, retry_after="30")
        read = now() - start
        async with await pacer.take_place() as place, place.sending():
            return read, now() - start

    read, write = virtual_time(main())
    assert read < 1
    assert write == pytest.approx(30, abs=0.5)


def test_refused_items_of_a_batch_hold_all_reads_back(virtual_time):
    async def main():
        pacer = Pacer()
        async with pacer.reading(20) as sent:
            sent.in_part(["3", "5", None])
        start = now()
        async with pacer.reading():
            return now() - start

    assert virtual_time(main()) == pytest.approx(5, abs=0.5)


def test_a_single_refusal_leaves_a_third_of_the_window(virtual_time):
    """Not every refusal is about this window."""

    async def main():
        pacer = Pacer()
        with pytest.raises(GraphError):
            async with pacer.reading():
                raise GraphError(method="GET", path="x", status=429)
        start = now()
        for _ in range(REQUESTS // 4):
            async with pacer.reading():
                pass
        return now() - start

    assert virtual_time(main()) < 2


def test_places_taken_at_one_moment_are_two(virtual_time, monkeypatch):
    """A coarse clock gives them the same moment; to leave the one leaves the other taken."""
    monkeypatch.setattr("intune_scep.graph.pacing._now", lambda: 1000.0)

    async def main():
        pacer = Pacer(writes=2)
        async with await pacer.take_place() as first, await pacer.take_place():
            async with first.sending():
                pass
            await first.__aexit__(None, None, None)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(5):
                    await pacer.take_place()

    virtual_time(main())
