"""The reading right before a write comes after the wait for the write's place, at each try."""

import asyncio

import httpx
import pytest

from intune_scep.errors import (
    GraphError,
    GraphTransportError,
    OutcomeUnknownError,
    ProfileChangedError,
)
from intune_scep.graph.window import WRITES
from intune_scep.graph.write_once import write_once


def recorder():
    sent = []

    def answer(request):
        sent.append((request.method, asyncio.get_running_loop().time()))
        return httpx.Response(200, json={"id": "1"})

    return sent, answer


def test_nothing_waits_between_a_reading_and_the_write_that_has_its_place(converse):
    sent, answer = recorder()

    async def work(session):
        for _ in range(3 * WRITES):
            async with await session.take_write_place() as place:
                await session.read("things/1")
                async with place.sending():
                    await session.write("PATCH", "things/1", {})

    converse(answer, work)
    pairs = list(zip(sent[::2], sent[1::2], strict=True))
    assert all((read[0], write[0]) == ("GET", "PATCH") for read, write in pairs)
    assert max(write[1] - read[1] for read, write in pairs) < 0.1
    # Yet the writes stay below the limit.
    assert 48 < sent[-1][1] - sent[0][1] < 53


class Thing:
    """A write of one thing, which says in `calls` what was asked of it."""

    def __init__(self, session):
        self._session = session
        self.calls = []
        self.first = None

    async def look(self):
        self.calls.append("look")
        now = (await self._session.read("things/1"))["name"]
        if now == "wanted":
            return now
        self.first = self.first or now
        if now != self.first:
            raise ProfileChangedError("Somebody else changed it.")
        return None

    def announce(self):
        self.calls.append("announce")

    async def send(self):
        self.calls.append("send")
        await self._session.write("PATCH", "things/1", {})
        return "sent"


class Graph:
    """Answers to each PATCH in its order; a thing is named as `names` say from a PATCH on.

    Args:
        fates: An exception or a status each; the last stays.
    """

    def __init__(self, *fates, names=("old",), reads=()):
        self._fates = list(fates)
        self._names = names
        self._reads = dict(reads)
        self.methods = []
        self.writes = 0

    def __call__(self, request):
        self.methods.append(request.method)
        if request.method == "GET":
            if failure := self._reads.get(self.writes):
                raise failure
            name = self._names[min(self.writes, len(self._names) - 1)]
            return httpx.Response(200, json={"name": name})
        fate = self._fates[min(self.writes, len(self._fates) - 1)]
        self.writes += 1
        if isinstance(fate, Exception):
            raise fate
        return httpx.Response(fate)


@pytest.fixture
def written(converse):
    """Return a function that writes once to a Graph: what came of it, and what was called."""

    def run(graph):
        async def work(session):
            thing = Thing(session)
            try:
                ending = await write_once(thing, place=session.take_write_place, patience=1)
            except Exception as error:
                ending = error
            return ending, thing.calls

        return converse(graph, work)

    return run


REFUSED = httpx.ConnectError("refused")


def test_a_write_that_never_left_is_preceded_by_a_reading_each_time_and_announced_once(written):
    graph = Graph(REFUSED, REFUSED, REFUSED, 204)
    ending, calls = written(graph)
    assert graph.methods == ["GET", "PATCH"] * 4
    assert calls == ["look", "announce", "send"] + ["look", "send"] * 3
    assert (ending.sent, ending.seen_by_reading) == (True, False)


def test_an_edit_while_graph_is_out_of_reach_is_not_overwritten(written):
    graph = Graph(REFUSED, 204, names=("old", "edited"))
    ending, _ = written(graph)
    assert isinstance(ending, ProfileChangedError)
    assert graph.methods == ["GET", "PATCH", "GET"]


def test_the_same_edit_by_somebody_else_while_graph_is_out_of_reach_was_not_sent(written):
    ending, _ = written(Graph(REFUSED, names=("old", "wanted")))
    assert (ending.value, ending.sent, ending.seen_by_reading) == ("wanted", False, True)


def test_a_write_that_never_leaves_ends_as_the_failure_that_it_is(written):
    graph = Graph(REFUSED)
    ending, _ = written(graph)
    assert isinstance(ending, GraphTransportError)
    assert not ending.hides_commit
    assert graph.methods == ["GET", "PATCH"] * 6


def test_a_look_that_fails_after_a_write_that_never_left_leaves_no_doubt(written):
    graph = Graph(REFUSED, reads={1: httpx.ReadError("cut")})
    ending, calls = written(graph)
    assert isinstance(ending, GraphTransportError)
    assert calls == ["look", "announce", "send", "look"]
    assert graph.methods == ["GET", "PATCH"] + ["GET"] * 6


def test_a_look_that_fails_before_anything_was_sent_is_not_begun_anew(written):
    graph = Graph(204, reads={0: REFUSED})
    ending, calls = written(graph)
    assert isinstance(ending, GraphTransportError)
    assert (calls, graph.writes) == (["look"], 0)


@pytest.mark.parametrize("fates", [(503, REFUSED), (REFUSED, 503), (httpx.ReadTimeout("late"),)])
def test_a_write_that_may_have_left_once_stays_in_doubt(written, fates):
    ending, calls = written(Graph(*fates))
    assert isinstance(ending, OutcomeUnknownError)
    assert calls.count("announce") == 1


def test_a_look_that_fails_after_a_write_that_may_have_left_leaves_doubt(written):
    ending, _ = written(Graph(429, reads={1: httpx.ReadError("cut")}))
    assert isinstance(ending, OutcomeUnknownError)


def test_a_refusal_is_final(written):
    graph = Graph(REFUSED, 403)
    ending, _ = written(graph)
    assert isinstance(ending, GraphError)
    assert graph.methods == ["GET", "PATCH"] * 2


@pytest.mark.parametrize("failure", [REFUSED, httpx.ReadTimeout("late")])
def test_a_session_sends_a_write_once(converse, failure):
    graph = Graph(failure)
    with pytest.raises(GraphTransportError) as caught:
        converse(graph, lambda session: session.write("PATCH", "things/1", {}))
    assert caught.value.hides_commit is (failure is not REFUSED)
    assert graph.methods == ["PATCH"]
