"""Staying below Intune's limits: nothing is sent before its window has room (`window`).

No library was found that does this: a window that counts from the answer on, shrinks at a refusal
and has places that are taken before they are used.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from intune_scep.errors import GraphError
from intune_scep.graph.retry import retry_after_seconds
from intune_scep.graph.window import LONGEST_HOLD_SECONDS, REQUESTS, WRITES, Tally

if TYPE_CHECKING:
    from intune_scep.graph.shared_tally import SharedTally

WRITES_IN_FLIGHT = 8
# Another may have made room meanwhile, or taken it.
_LONGEST_SLEEP = 0.5
# Beyond it the reading before a write is outdated.
_LONGEST_HESITATION = 1.0
_APPROACHES = 8
_WORTH_A_WORD = 1.0

T = TypeVar("T")

_LOG = logging.getLogger("intune_scep.graph.pacing")


class PlaceLostError(Exception):
    """Graph has asked everybody to wait since the place was taken: another is to be taken."""


class Pacer:
    """Lets requests through no faster than Graph's limits allow.

    Args:
        shared: Where other processes count too; without it this pacer counts for itself.
        writes, requests: How many Graph may count at a time.
    """

    def __init__(
        self,
        shared: SharedTally | None = None,
        *,
        writes: int | None = None,
        requests: int | None = None,
    ) -> None:
        self._shared = shared
        self._tally = Tally(writes or WRITES, requests or REQUESTS)
        self._in_flight = asyncio.Semaphore(WRITES_IN_FLIGHT)
        self._readers, self._writers = asyncio.Lock(), asyncio.Lock()
        self._approaches: deque[float] = deque([0.0], maxlen=_APPROACHES)

    @asynccontextmanager
    async def reading(self, items: int = 1) -> AsyncIterator[Sent]:
        """Wait until requests that change nothing may be sent, and count them.

        Args:
            items: How many requests Graph will count.
        """

        def begin(tally: Tally, now: float) -> Sent:
            counted = tally.requests.count(now)
            tally.requests.begin(now, items)
            return Sent(self, "requests", now, counted, items)

        async with self._readers:
            sent = await self._wait("requests", lambda tally, now: tally.read_at(now, items), begin)
        try:
            with sent.learning():
                yield sent
        finally:
            with self._open() as tally:
                tally.requests.end(sent.began, _now(), items)

    async def take_place(self) -> WritePlace:
        """Wait until a write may be sent as soon as the reading before it has been made."""

        def take(tally: Tally, now: float) -> WritePlace:
            tally.places.append(now)
            return WritePlace(self, now)

        def free_at(tally: Tally, now: float) -> float:
            # Of late no write was sent sooner after its place than this.
            return tally.place_at(now) - min(*self._approaches, _LONGEST_HESITATION)

        async with self._writers:
            return await self._wait("writes", free_at, take)

    @asynccontextmanager
    async def writing(self, place: float) -> AsyncIterator[None]:
        """Use a place, while no more than `WRITES_IN_FLIGHT` are being sent.

        Raises:
            PlaceLostError: the write would have to wait.
        """

        def begin(tally: Tally, now: float) -> Sent:
            tally.leave(place)
            counted = tally.writes.count(now)
            tally.writes.begin(now)
            tally.requests.begin(now)
            return Sent(self, "writes", now, counted)

        self._approaches.append(_now() - place)
        async with self._in_flight:
            sent = await self._wait("writes", Tally.write_at, begin, most=_LONGEST_HESITATION)
            try:
                with sent.learning():
                    yield
            finally:
                with self._open() as tally:
                    tally.writes.end(sent.began, _now())
                    tally.requests.end(sent.began, _now())

    def give_back(self, place: float) -> None:
        """Let others have a place that is not used."""
        with self._open() as tally:
            tally.leave(place)

    def refused(self, sent: Sent, let_through: int, wait: float | None) -> None:
        """Learn from a refusal for rate, and obey it for all.

        Args:
            let_through: How many were counted when the refused one was sent.
            wait: Seconds that Graph asked for, if it did.
        """
        if wait is None or wait >= LONGEST_HOLD_SECONDS:
            # Nobody waits so long: each fails by itself.
            wait = 0.0
        with self._open() as tally:
            window = tally.writes if sent.kind == "writes" else tally.requests
            window.refuse(sent.began, _now(), let_through=let_through, wait=wait)

    def close(self) -> None:
        """Leave what is shared with other processes."""
        if self._shared is not None:
            self._shared.close()

    @contextmanager
    def _open(self) -> Iterator[Tally]:
        if self._shared is None:
            yield self._tally
            return
        self._shared.load(self._tally, _now)
        try:
            yield self._tally
        finally:
            self._shared.save(self._tally)

    async def _wait(
        self,
        kind: str,
        free_at: Callable[[Tally, float], float],
        enter: Callable[[Tally, float], T],
        *,
        most: float | None = None,
    ) -> T:
        """Wait until there is room, and enter before anybody else can.

        Args:
            most: Seconds; a longer wait is refused.
        """
        told = False
        while True:
            with self._open() as tally:
                now = _now()
                wait = free_at(tally, now) - now
                if wait <= 0:
                    return enter(tally, now)
            if most is not None and wait > most:
                raise PlaceLostError
            if not told and wait >= _WORTH_A_WORD:
                _LOG.info("Waiting, to stay below Intune's limit of %s", kind)
                told = True
            await asyncio.sleep(min(wait, _LONGEST_SLEEP))


@dataclass(frozen=True)
class Sent:
    """What was sent together.

    Attributes:
        kind: `writes` or `requests`.
        began: When it was sent.
        counted: How many were counted then, without it.
        items: How many requests it is.
    """

    pacer: Pacer
    kind: str
    began: float
    counted: int
    items: int = 1

    @contextmanager
    def learning(self) -> Iterator[None]:
        """Learn from the refusal, if it is refused."""
        try:
            yield
        except GraphError as error:
            if error.is_throttling:
                self.pacer.refused(self, self.counted, retry_after_seconds(error.retry_after))
            raise

    def in_part(self, refusals: Sequence[str | None]) -> None:
        """Learn that items of it were refused, each with this Retry-After."""
        if refusals:
            waits = [retry_after_seconds(told) or 0.0 for told in refusals]
            self.pacer.refused(self, self.counted + self.items - len(refusals), max(waits))


class WritePlace:
    """A place among the writes; given back at the end if it was not used.

    `async with` it around the reading and the write, and `sending()` around the write alone.
    """

    def __init__(self, pacer: Pacer, taken: float) -> None:
        self._pacer = pacer
        self._taken = taken
        self._used = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # Another place may have been taken at the same moment.
        if not self._used:
            self._pacer.give_back(self._taken)

    @asynccontextmanager
    async def sending(self) -> AsyncIterator[None]:
        """Use the place for one write.

        Raises:
            PlaceLostError: Graph has asked everybody to wait. Nothing was sent.
        """
        async with self._pacer.writing(self._taken):
            self._used = True
            yield


def _now() -> float:
    return asyncio.get_running_loop().time()
