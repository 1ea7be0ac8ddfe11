"""What is sent is never more than Graph takes, whatever way requests and answers take."""

import asyncio
from contextlib import suppress
from itertools import cycle

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intune_scep.graph.pacing import WRITES_IN_FLIGHT, Pacer, PlaceLostError
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
    """From the second burst on, at the rate that the limit allows less what the way back costs."""
    server = Server([(latency / 2, latency / 2)])

    async def main():
        pacer = Pacer()
        await at_work([lambda: server.change(pacer)] * (4 * WRITES), 16)

    virtual_time(main())
    assert busiest(server.writes) == WRITES
    cycle_seconds = (server.writes[-1] - server.writes[WRITES - 1]) / 3
    assert cycle_seconds < 20.25 + latency
    assert server.most_at_once <= WRITES_IN_FLIGHT


def test_reads_come_in_one_burst_as_long_as_there_is_room(virtual_time):
    server = Server([(0.1, 0.1)])

    async def main():
        pacer = Pacer()
        for _ in range(REQUESTS // 20):
            await server.read(pacer, 20)
        return now() - start

    async def timed():
        nonlocal start
        start = now()
        return await main()

    start = 0.0
    assert virtual_time(timed()) < 0.2 * REQUESTS / 20 + 0.5


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
