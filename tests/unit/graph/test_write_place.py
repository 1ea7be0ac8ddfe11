"""The reading right before a write comes after the wait for the write's place."""

import asyncio

import httpx
import pytest

from intune_scep.errors import GraphTransportError
from intune_scep.graph.session import GraphSession

CAPACITY = 19


def recorder():
    sent = []

    def answer(request):
        sent.append((request.method, asyncio.get_running_loop().time()))
        return httpx.Response(200, json={"id": "1"})

    return sent, answer


def test_nothing_waits_between_a_reading_and_the_write_that_has_its_place(converse):
    sent, answer = recorder()

    async def work(session):
        for _ in range(3 * CAPACITY):
            await session.take_write_place()
            await session.read("things/1")
            await session.write("PATCH", "things/1", {}, placed=True)

    converse(answer, work)
    pairs = list(zip(sent[::2], sent[1::2], strict=True))
    assert all((read[0], write[0]) == ("GET", "PATCH") for read, write in pairs)
    assert max(write[1] - read[1] for read, write in pairs) < 0.1
    # Yet the writes stay below the limit.
    assert sent[-1][1] - sent[0][1] > 9


def test_a_write_without_a_place_waits_for_one(converse):
    sent, answer = recorder()

    async def work(session):
        for _ in range(3 * CAPACITY):
            await session.read("things/1")
            await session.write("PATCH", "things/1", {})

    converse(answer, work)
    pairs = list(zip(sent[::2], sent[1::2], strict=True))
    assert max(write[1] - read[1] for read, write in pairs) > 0.2


class CountingPacer:
    def __init__(self):
        self.admitted = []

    async def admit(self, method, *, items=1):
        self.admitted.append(method)


@pytest.mark.parametrize(("placed", "places"), [(True, 2), (False, 3)])
def test_a_write_that_never_left_takes_a_new_place_each_time(converse, placed, places):
    sent = []
    pacer = CountingPacer()

    def answer(request):
        sent.append(request)
        if len(sent) < 3:
            raise httpx.ConnectError("refused")
        return httpx.Response(204)

    async def work(session):
        mine = GraphSession(session.engine, pacer)
        await mine.write("PATCH", "things/1", {}, placed=placed)

    converse(answer, work)
    assert (len(sent), len(pacer.admitted)) == (3, places)


def test_a_placed_write_whose_answer_is_lost_is_not_sent_again(converse):
    sent = []

    def answer(request):
        sent.append(request)
        raise httpx.ReadTimeout("late")

    async def work(session):
        await session.take_write_place()
        try:
            await session.write("PATCH", "things/1", {}, placed=True)
        except GraphTransportError as error:
            return error

    assert converse(answer, work).hides_commit
    assert len(sent) == 1
