"""One conversation with Graph: paced, repeated where that is safe, errors made readable."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from intune_scep.errors import GraphTransportError, IntuneScepError, InvalidIdError, UnsafeLinkError
from intune_scep.graph.answers import parse_answer
from intune_scep.graph.engine import GraphEngine
from intune_scep.graph.errors import error_from_response
from intune_scep.graph.pacing import Pacer, WritePlace
from intune_scep.graph.retry import REPEATABLE_STATUSES, is_repeatable, policy

_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,127}\Z")
_MAX_PAGES = 100_000
LISTING_SECONDS = 1800.0
_LONGEST_SHOWN = 200
_LOG = logging.getLogger("intune_scep.graph")


@dataclass(frozen=True)
class GraphResponse:
    """A successful answer.

    Attributes:
        status: 200 to 299.
        headers: Lower-case names.
        body: Parsed JSON; None where there was none.
    """

    status: int
    headers: Mapping[str, str]
    body: Any


def checked_id(value: str) -> str:
    """Return an id that is fit for a URL.

    An empty one would list everything instead (GRAPH.md 3.6).

    Raises:
        InvalidIdError: it is empty or has characters that no id has.
    """
    if not isinstance(value, str) or not _ID.match(value):
        raise InvalidIdError(f"{value!r} is not an id of Graph.")
    return value


def require_same_id(identifier: str, body: Any) -> Mapping[str, Any]:
    """Return the answer about one object, which must be the one that was asked for.

    Raises:
        GraphTransportError: it is about another object, or about none.
    """
    answer: Mapping[str, Any] = body if isinstance(body, Mapping) else {}
    found = answer.get("id")
    if isinstance(found, str) and found.lower() == identifier.lower():
        return answer
    about = f"{found[:_LONGEST_SHOWN]!r}" if isinstance(found, str) else "nothing that has an id"
    raise GraphTransportError(
        f"Graph was asked for {identifier} and answered about {about}.", hides_commit=False
    )


class GraphSession:
    """Requests to one tenant.

    Attributes:
        requests_sent: How many requests went out, repeated ones included.
        clock_skew: How far the service's clock is before this machine's, by its last answer that
            told its time; zero before any did.
    """

    def __init__(self, engine: GraphEngine, pacer: Pacer | None = None) -> None:
        self.engine = engine
        self._pacer = pacer or Pacer()
        self.requests_sent = 0
        self.clock_skew = timedelta()

    async def read(
        self,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """GET and return the parsed body, repeating after transient failures.

        Raises:
            GraphError: Graph refused, or kept failing.
            GraphTransportError: no usable answer came.
        """
        return await self.repeat_read("GET", path, query=query, headers=headers)

    async def repeat_read(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        items: int = 1,
        refusals: Callable[[Any], Sequence[str | None]] | None = None,
    ) -> Any:
        """Send a request that changes nothing, by whatever method, and return its JSON.

        Args:
            items: How many requests Graph counts for it.
            refusals: Returns the Retry-After of each item that an answer refuses for rate.
        """
        async for attempt in policy(is_repeatable):
            with attempt:
                async with self._pacer.reading(items) as sent:
                    answer = await self._attempt(method, path, query, headers, _encoded(body))
                    if refusals is not None:
                        sent.in_part(refusals(answer.body))
                if answer.body is None:
                    raise GraphTransportError(
                        f"The answer to {method} {_shown(path)} is not JSON.", hides_commit=True
                    )
                return answer.body
        raise AssertionError("unreachable")  # pragma: no cover

    async def download(self, link: str) -> bytes:
        """What lies at a link that Graph gave, which may be on another host: no token goes there.

        Raises:
            UnsafeLinkError: the link is none that may be followed.
            GraphTransportError: it could not be had, repetition included.
        """
        async for attempt in policy(is_repeatable):
            with attempt:
                self.requests_sent += 1
                response = await self.engine.download(link)
                if response.is_success:
                    return response.content
                raise GraphTransportError(
                    f"The download from {response.request.url.host} was answered"
                    f" {response.status_code}.",
                    hides_commit=False,
                    may_repeat=response.status_code in REPEATABLE_STATUSES,
                )
        raise AssertionError("unreachable")  # pragma: no cover

    async def take_write_place(self) -> WritePlace:
        """Wait until one write may be sent, so that a reading right before it is not outdated.

        Read within the place, and write within its `sending()`. An unused place is given back.
        """
        return await self._pacer.take_place()

    async def write(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> GraphResponse:
        """Send a write once, at once, within `sending()` of its place; `write_once` may repeat it.

        Args:
            content: Sent as it is, in the place of the body.

        Raises:
            AuthenticationError: there was no token for it, and nothing was sent.
            GraphError: with `hides_commit` where it may have taken effect all the same.
            GraphTransportError: likewise.
        """
        sent = _encoded(body) if content is None else content
        return await self._attempt(method, path, None, headers, sent)

    async def pages(
        self,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[list[dict[str, Any]]]:
        """Yield each page's `value`, following nextLinks as they are, empty pages included.

        Items come as Graph sent them, those that are no objects too.

        Raises:
            GraphTransportError, UnsafeLinkError: as `page_bodies` says.
        """
        async for body in self.page_bodies(path, query=query, headers=headers):
            yield body["value"]

    async def page_bodies(
        self,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield each page whole: its `value`, which is a list, and what stands beside it.

        Raises:
            GraphTransportError: a page has no `value` list, links lead in a circle, or there is
                no end to them within `LISTING_SECONDS`.
            UnsafeLinkError: a nextLink is no URL or leads to another host.
        """
        clock = asyncio.get_running_loop().time
        end = clock() + LISTING_SECONDS
        seen: set[str] = set()
        link: str | None = path
        while link is not None:
            body = await self.read(link, query=query if not seen else None, headers=headers)
            seen.add(link)
            values = body.get("value") if isinstance(body, dict) else None
            if not isinstance(values, list):
                raise GraphTransportError(
                    f"The answer to GET {_shown(path)} is not a page of a collection.",
                    hides_commit=False,
                )
            yield body
            link = self.next_link(body)
            if link in seen or len(seen) > _MAX_PAGES:
                raise GraphTransportError(
                    f"The pages of {_shown(path)} lead in a circle.", hides_commit=False
                )
            if link is not None and clock() > end:
                raise GraphTransportError(
                    f"The pages of {_shown(path)} did not end within {LISTING_SECONDS:g} s:"
                    f" {len(seen)} were read.",
                    hides_commit=False,
                )

    def next_link(self, body: Mapping[str, Any]) -> str | None:
        """Where a collection goes on, None at its end.

        Raises:
            UnsafeLinkError: it is no URL.
        """
        link = body.get("@odata.nextLink")
        if link is None or (isinstance(link, str) and "://" in link):
            return link
        shown = self.engine.redactor.clean(repr(link))[:_LONGEST_SHOWN]
        raise UnsafeLinkError(f"Graph sent a nextLink that is not a URL: {shown}.")

    async def _attempt(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        content: bytes | None,
    ) -> GraphResponse:
        self.requests_sent += 1
        clock = asyncio.get_running_loop().time
        start = clock()
        what = f"{method} {_shown(path)}{_option_names(path, query)}"
        try:
            response = await self.engine.send(
                method, path, query=query, headers=headers, content=content
            )
        except IntuneScepError as error:
            _LOG.debug("%s: no answer after %.2f s: %s", what, clock() - start, error.message)
            raise
        clean = self.engine.redactor.clean
        parsed = parse_answer(response.content)
        received = {name.lower(): value for name, value in response.headers.items()}
        self._note_time(received.get("date"))
        _LOG.debug(
            "%s: %d in %.2f s, request id %r",
            what,
            response.status_code,
            clock() - start,
            clean(received.get("request-id", ""))[:_LONGEST_SHOWN],
        )
        if response.is_success:
            return GraphResponse(response.status_code, received, parsed)
        refusal = error_from_response(
            method, _shown(path), response.status_code, received, parsed, clean=clean
        )
        if refusal.is_about_approval:
            refusal.sent = content or b""
        raise refusal

    def _note_time(self, date: str | None) -> None:
        """Learn the service's time; one that cannot be read leaves what is known."""
        with contextlib.suppress(TypeError, ValueError, IndexError):
            told = parsedate_to_datetime(date or "")
            self.clock_skew = told.astimezone(UTC) - datetime.now(UTC)

    async def close(self) -> None:
        self._pacer.close()
        await self.engine.close()


def _encoded(body: Any) -> bytes | None:
    return None if body is None else json.dumps(body).encode()


def _shown(path: str) -> str:
    """A path without its query and host, short enough for a message."""
    without_host = path.partition("://")[2].partition("/")[2] if "://" in path else path
    return without_host.partition("?")[0].removeprefix("beta/")


def _option_names(path: str, query: Mapping[str, str] | None) -> str:
    """Which query options a request has, without their values."""
    inside = [part.partition("=")[0] for part in path.partition("?")[2].split("&") if part]
    names = sorted({*inside, *(query or {})})
    return f" ({', '.join(names)[:_LONGEST_SHOWN]})" if names else ""
