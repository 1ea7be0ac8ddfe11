"""What the session does with links, ids and answers that are not what Graph should send."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from intune_scep.errors import GraphError, GraphTransportError, InvalidIdError, UnsafeLinkError
from intune_scep.graph.clouds import CLOUDS
from intune_scep.graph.credentials import StaticCredential
from intune_scep.graph.engine import GraphEngine
from intune_scep.graph.session import GraphSession, checked_id

ROOT = "https://graph.microsoft.com/beta"
NOW = datetime.now(UTC)


def run_with(answer, work):
    """Run `work(session)` against a function from httpx request to response."""
    seen = []

    def handle(request):
        seen.append(request)
        return answer(request)

    async def main():
        engine = GraphEngine(
            CLOUDS["public"], StaticCredential("a-token"), transport=httpx.MockTransport(handle)
        )
        session = GraphSession(engine)
        try:
            return await work(session)
        finally:
            await session.close()

    try:
        return asyncio.run(main()), seen
    except Exception as error:
        error.seen = seen
        raise


async def _collect(session):
    return [page async for page in session.pages("things", query={"$filter": "a eq 'it''s & co'"})]


def page(values, link=None):
    body = {"value": values} | ({"@odata.nextLink": link} if link else {})
    return httpx.Response(200, json=body)


def test_pages_are_followed_verbatim_and_empty_ones_do_not_end_them():
    link = f"{ROOT}/things?$skiptoken=a%2Bb"

    def answer(request):
        if "skiptoken=a" in str(request.url):
            return page([], f"{ROOT}/things?$skiptoken=c")
        return page(
            [{"id": 3}] if "skiptoken" in str(request.url) else [{"id": 1}],
            link if "skiptoken" not in str(request.url) else None,
        )

    pages, seen = run_with(answer, _collect)
    assert pages == [[{"id": 1}], [], [{"id": 3}]]
    assert str(seen[1].url) == link
    assert seen[0].url.params["$filter"] == "a eq 'it''s & co'"
    assert seen[0].headers["authorization"] == "Bearer a-token"


@pytest.mark.parametrize(
    "link",
    [
        "https://graph.microsoft.com.evil.example/beta/things",
        "https://graph.microsoft.com:8443/beta/things",
        "http://graph.microsoft.com/beta/things",
        "https://user@evil.example/beta",
    ],
)
def test_a_next_link_to_another_host_is_refused_and_gets_no_token(link):
    with pytest.raises(UnsafeLinkError) as caught:
        run_with(lambda request: page([], link), _collect)
    assert len(caught.value.seen) == 1


@pytest.mark.parametrize("link", ["/beta/things", "", 7, ["x"]])
def test_a_next_link_that_is_no_url_is_refused(link):
    with pytest.raises(UnsafeLinkError):
        run_with(
            lambda request: httpx.Response(200, json={"value": [], "@odata.nextLink": link}),
            _collect,
        )


def test_pages_in_a_circle_end_in_an_error():
    with pytest.raises(GraphTransportError, match="circle"):
        run_with(lambda request: page([], f"{ROOT}/things?$skiptoken=1"), _collect)


@pytest.mark.parametrize("body", [{}, {"value": {}}, [], 3])
def test_a_page_without_values_is_an_error(body):
    with pytest.raises(GraphTransportError, match="not a page"):
        run_with(lambda request: httpx.Response(200, content=json.dumps(body)), _collect)


def test_a_redirect_is_not_followed():
    moved = httpx.Response(302, headers={"location": "https://evil.example/"})
    with pytest.raises(GraphError) as caught:
        run_with(lambda request: moved, lambda session: session.write("PATCH", "things/1", {}))
    assert len(caught.value.seen) == 1


def test_an_html_error_page_is_a_readable_error():
    bad = httpx.Response(400, html="<html>Bad gateway</html>")
    with pytest.raises(GraphError, match="Graph answered 400 to GET things"):
        run_with(lambda request: bad, lambda session: session.read("things"))


def test_an_expired_token_fails_before_anything_is_sent():
    expired = "x." + "eyJleHAiOjEwMDAwMDAwMDB9" + ".y"
    with pytest.raises(Exception, match="expired at 2001-09-09") as caught:
        StaticCredential(expired).get_token("scope")
    assert expired not in str(caught.value)


@pytest.mark.parametrize("value", ["", " ", "../x", "a/b", "a?b", "a'b", "é", "-", None, "x" * 129])
def test_what_is_no_id_never_enters_a_url(value):
    with pytest.raises(InvalidIdError):
        checked_id(value)


def test_an_id_is_left_as_it_is():
    assert checked_id("0e2f87bd-de2c-47c2-a69b-c8cbe9823042") == (
        "0e2f87bd-de2c-47c2-a69b-c8cbe9823042"
    )


@pytest.mark.parametrize(
    ("date", "days"),
    [
        ("Tue, 01 Jan 2036 00:00:00 GMT", (datetime(2036, 1, 1, tzinfo=UTC) - NOW).days),
        ("Tue, 01 Jan 2036 02:00:00 +0200", (datetime(2036, 1, 1, tzinfo=UTC) - NOW).days),
        ("tomorrow", 0),
        ("", 0),
        ("Tue, 99 Jan 2036 00:00:00 GMT", 0),
        (None, 0),
    ],
)
def test_the_time_is_the_services_own_where_an_answer_tells_it(date, days):
    async def work(session):
        await session.read("things")
        return session.clock_skew

    headers = {} if date is None else {"date": date}
    skew, _ = run_with(lambda _: httpx.Response(200, json={"value": []}, headers=headers), work)
    assert skew / timedelta(days=1) == pytest.approx(days, abs=1.1)
