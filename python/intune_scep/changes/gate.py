"""Whether a further write may begin, where several are under way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final

from intune_scep.changes.endings import StepEndedError
from intune_scep.changes.status import Hold, Status
from intune_scep.changes.watch import Stop
from intune_scep.graph.pacing import WritePlace

_LOOKING_UP: Final = 0.25


class Gate:
    """Lets nobody write after a stop, and nobody new while a lost answer is looked into; the
    writes of a kind go through one by one until one of them has been proven.

    Args:
        stop: How a run is asked to stop.

    Attributes:
        closed: Why no further action was begun; None while the run goes on.
    """

    def __init__(self, stop: Stop) -> None:
        self.closed: str | None = None
        self._stop = stop
        self._proven: set[str] = set()
        self._turns: dict[str, asyncio.Lock] = {}
        self._doubts = 0
        self._sure = asyncio.Event()
        self._sure.set()

    def close(self, why: str) -> None:
        """Begin no further action."""
        self.closed = why

    def require_open(self) -> None:
        """Refuse to begin.

        Raises:
            StepEndedError: the run is to stop.
        """
        if self.closed is None and self._stop.requested:
            self.closed = "Stopped on request."
        if self.closed is not None:
            raise StepEndedError(Status.HELD_BACK, f"Not tried. {self.closed}", hold=Hold.STOPPED)

    def is_proven(self, kind: str) -> bool:
        """Whether a write of this kind had the effect that was intended."""
        return kind in self._proven

    def prove(self, kind: str) -> None:
        """Let other writes of this kind go side by side."""
        self._proven.add(kind)

    @asynccontextmanager
    async def turn(self, kind: str) -> AsyncIterator[None]:
        """Alone among the writes of a kind until one of them is proven."""
        if kind in self._proven:
            yield
            return
        lock = self._turns.setdefault(kind, asyncio.Lock())
        await lock.acquire()
        if kind in self._proven:
            lock.release()
            yield
            return
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def doubt(self) -> Iterator[None]:
        """Let nobody begin while it is learned whether a write took effect."""
        self._doubts += 1
        self._sure.clear()
        try:
            yield
        finally:
            self._doubts -= 1
            if not self._doubts:
                self._sure.set()

    async def place(
        self, take: Callable[[], Awaitable[WritePlace]], *, begun: Callable[[], bool]
    ) -> WritePlace:
        """Take a place among the writes when one may begin.

        Args:
            take: Waits for a place.
            begun: Whether the action has written something, so that it is to be finished.

        Raises:
            StepEndedError: the run is to stop, and the action has written nothing.
        """
        while True:
            while not self._sure.is_set():
                await self._watched(asyncio.ensure_future(self._sure.wait()), begun)
            if not begun():
                self.require_open()
            taking = asyncio.ensure_future(take())
            if await self._watched(taking, begun, until=self._sure.is_set):
                return taking.result()

    async def _watched(
        self,
        waiting: asyncio.Future[Any],
        begun: Callable[[], bool],
        *,
        until: Callable[[], bool] = lambda: True,
    ) -> bool:
        """Wait, and look up now and then.

        Args:
            until: Whether to go on waiting.

        Returns:
            Whether what was waited for has come.
        """
        try:
            while True:
                await asyncio.wait({waiting}, timeout=_LOOKING_UP)
                if waiting.done():
                    return True
                if (self.closed or self._stop.requested) and not begun():
                    self.require_open()
                if not until():
                    return False
        finally:
            waiting.cancel()
