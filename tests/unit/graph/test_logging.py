"""The log tells requests, waits and repeats, and neither bodies, tokens nor values of queries."""

import logging

import httpx
import pytest

from intune_scep.errors import GraphTransportError
from intune_scep.graph.credentials import StaticCredential
from intune_scep.graph.window import WRITES


def test_requests_waits_and_repeats_are_told_without_what_they_carry(converse, caplog):
    caplog.set_level(logging.DEBUG, "intune_scep.graph")
    asked = []

    def answer(request):
        asked.append(request)
        if len(asked) == 1:
            return httpx.Response(503, headers={"Retry-After": "7"})
        return httpx.Response(200, json={"id": "answered"}, headers={"request-id": "r-1"})

    async def work(session):
        await session.read("things?$expand=inside", query={"$filter": "name eq 'private'"})
        for _ in range(WRITES + 10):
            async with await session.take_write_place() as place, place.sending():
                await session.write("PATCH", "things/1", {"name": "posted"})

    converse(answer, work, credential=StaticCredential("a-token"))
    text = caplog.text
    assert "GET things ($expand, $filter): 503" in text
    assert "Trying again in 7.0 s (attempt 2 of 6): GET things was answered 503" in text
    assert "PATCH things/1: 200" in text
    assert "'r-1'" in text
    assert text.count("Waiting, to stay below Intune's limit of writes") == 1
    for hidden in ("private", "inside", "posted", "answered'", "a-token"):
        assert hidden not in text


def test_nobody_who_set_up_no_logging_sees_the_log(converse, capfd):
    def answer(request):
        raise httpx.ConnectError("refused")

    with pytest.raises(GraphTransportError, match="cannot be reached"):
        converse(answer, lambda session: session.read("things"))
    assert capfd.readouterr().err == ""
