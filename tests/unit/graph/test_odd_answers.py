"""Whatever a server sends, what comes out is an answer or an error of ours."""

import asyncio
import gzip
import json

import httpx
import pytest

from intune_scep.errors import GraphError, GraphTransportError, IntuneScepError, UnsafeLinkError
from intune_scep.graph import network, session
from intune_scep.graph.batch import read_batch
from intune_scep.graph.session import require_same_id

ROOT = "https://graph.microsoft.com/beta"
DEEP = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
NESTED = b'{"a":' * 200 + b"1" + b"}" * 200


async def read_one(session):
    return await session.read("things")


async def read_two(session):
    return await read_batch(session, ["things/1", "things/2"])


@pytest.mark.parametrize(
    "content", [DEEP, b"[" * 100_000, NESTED, b"\xff\xfe\x00", b"\x80abc", b'{"a": "\xe9"}', b"{"]
)
def test_what_is_no_usable_json_is_an_error_of_ours(converse, content):
    with pytest.raises(GraphTransportError, match="is not JSON"):
        converse(lambda request: httpx.Response(200, content=content), read_one)


@pytest.mark.parametrize("content", [DEEP, NESTED, b"\xff"])
def test_the_status_of_an_error_survives_a_body_that_cannot_be_read(converse, content):
    with pytest.raises(GraphError, match="Graph answered 403"):
        converse(lambda request: httpx.Response(403, content=content), read_one)


def test_a_deep_message_inside_an_error_is_an_error_all_the_same(converse):
    body = {"error": {"code": {"x": [1]}, "message": '{"Message":' * 50_000}}
    with pytest.raises(GraphError) as caught:
        converse(lambda request: httpx.Response(400, json=body), read_one)
    assert len(str(caught.value)) < 3000


def test_an_answer_that_unpacks_to_more_than_the_bound_is_not_read_to_its_end(
    converse, monkeypatch
):
    monkeypatch.setattr(network, "MAX_ANSWER_BYTES", 100_000)
    asked = []

    def answer(request):
        asked.append(request)
        packed = gzip.compress(b" " * 10_000_000)
        return httpx.Response(
            200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(packed)
        )

    with pytest.raises(GraphTransportError, match="more than 100000 bytes"):
        converse(answer, read_one)
    assert len(asked) == 1


@pytest.mark.parametrize(
    "foreign",
    [
        MemoryError(),
        RecursionError(),
        httpx.InvalidURL("odd"),
        OSError("odd"),
        RuntimeError("odd"),
        UnicodeEncodeError("ascii", "é", 0, 1, "odd"),
        httpx.DecodingError("odd"),
    ],
)
def test_no_foreign_exception_comes_out_of_a_request(converse, foreign):
    def answer(request):
        raise foreign

    with pytest.raises(GraphTransportError) as caught:
        converse(answer, lambda session: session.write("PATCH", "things/1", {}))
    assert caught.value.hides_commit is not isinstance(foreign, httpx.InvalidURL)


@pytest.mark.parametrize("link", [f"{ROOT}/a\x00b", f"{ROOT}/a\nb", "https://[::1/beta", "a://["])
def test_a_next_link_that_is_no_usable_url_is_an_error_of_ours(converse, link):
    def answer(request):
        return httpx.Response(200, json={"value": [], "@odata.nextLink": link})

    async def work(session):
        return [page async for page in session.pages("things")]

    with pytest.raises((UnsafeLinkError, GraphTransportError)):
        converse(answer, work)


def test_items_of_a_page_come_as_they_are(converse):
    items = [None, 7, "x", [], {"id": "1"}]

    async def work(session):
        return [page async for page in session.pages("things")]

    assert converse(lambda request: httpx.Response(200, json={"value": items}), work) == [items]


def test_a_listing_without_an_end_ends_in_time(converse):
    asked = []

    async def answer(request):
        await asyncio.sleep(90)
        asked.append(request)
        link = f"{ROOT}/things?$skiptoken={len(asked)}"
        return httpx.Response(200, json={"value": [], "@odata.nextLink": link})

    async def work(session):
        async for _ in session.pages("things"):
            pass

    with pytest.raises(GraphTransportError, match=r"did not end within 1800 s: 2[01] were read"):
        converse(answer, work)
    assert len(asked) <= session.LISTING_SECONDS / 90 + 1


def good(identifier):
    return {"id": identifier, "status": 200, "body": {"id": identifier}}


@pytest.mark.parametrize(
    "odd",
    [
        None,
        7,
        [],
        {},
        {"status": 200, "body": {}},
        {"id": "0", "status": True, "body": {}},
        {"id": "0", "status": "200", "body": {}},
        {"id": "0", "status": None},
        {"id": {}, "status": 200},
    ],
)
def test_an_odd_item_of_a_batch_costs_itself_only(converse, odd):
    def answer(request):
        asked = [item["id"] for item in json.loads(request.content)["requests"]]
        responses = [odd if identifier == "0" else good(identifier) for identifier in asked]
        return httpx.Response(200, json={"responses": responses})

    bad, fine = converse(answer, read_two)
    assert isinstance(bad.error, GraphTransportError)
    assert (fine.error, fine.body) == (None, {"id": "1"})


@pytest.mark.parametrize("headers", [None, 7, "x", [1], {"Retry-After": {"a": 1}, "": None}])
def test_odd_headers_of_a_batch_item_do_not_matter(converse, headers):
    def answer(request):
        items = [
            {**good("0"), "status": 400, "headers": headers},
            {**good("1"), "headers": headers},
        ]
        return httpx.Response(200, json={"responses": items})

    bad, fine = converse(answer, read_two)
    assert isinstance(bad.error, GraphError)
    assert fine.body == {"id": "1"}


@pytest.mark.parametrize(
    "told", ["nan", "-1", "²", "1e999", "9" * 400, "99999999", "soon", 7, None]
)
def test_no_retry_after_of_a_batch_item_breaks_or_stops_the_reading(converse, told):
    asked = []

    def answer(request):
        asked.append(request)
        items = [{"id": "0", "status": 429, "headers": {"Retry-After": told}}, good("1")]
        return httpx.Response(200, json={"responses": items})

    async def work(session):
        start = asyncio.get_running_loop().time()
        answers = await read_two(session)
        return answers, asyncio.get_running_loop().time() - start

    (bad, fine), seconds = converse(answer, work)
    assert bad.error.status == 429
    assert fine.body == {"id": "1"}
    assert len(asked) <= 6
    assert seconds <= 300


def test_a_batch_that_keeps_failing_as_a_whole_is_sent_six_times(converse):
    asked = []

    def answer(request):
        asked.append(request)
        return httpx.Response(503)

    with pytest.raises(GraphError, match="503"):
        converse(answer, read_two)
    assert len(asked) == 6


@pytest.mark.parametrize("body", [None, 7, [], {}, {"responses": None}, {"responses": {"0": 1}}])
def test_an_odd_body_of_a_batch_is_no_answer_to_anything(converse, body):
    def answer(request):
        return httpx.Response(200, content=json.dumps(body))

    try:
        answers = converse(answer, read_two)
    except IntuneScepError:
        return
    assert [type(answer.error) for answer in answers] == [GraphTransportError] * 2


def test_the_answer_about_the_id_that_was_asked_for_is_taken_whatever_its_letter_case():
    assert require_same_id("aB-1", {"id": "Ab-1", "x": 1}) == {"id": "Ab-1", "x": 1}


@pytest.mark.parametrize("body", [{"id": "2"}, {"id": None}, {"id": 1}, {}, [], None, "1"])
def test_an_answer_about_another_object_is_refused(body):
    with pytest.raises(GraphTransportError, match="asked for 1 and answered about"):
        require_same_id("1", body)
