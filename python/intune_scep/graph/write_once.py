"""A write that takes effect at most once, and whose outcome is known afterwards (law 4)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from intune_scep.errors import (
    AuthenticationError,
    GraphError,
    GraphTransportError,
    OutcomeUnknownError,
)
from intune_scep.graph.pacing import PlaceLostError, WritePlace
from intune_scep.graph.retry import never_sent, policy
from intune_scep.graph.settle import settle

Doubt = Callable[[], AbstractContextManager[object]]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True)
class Written(Generic[T]):
    """How a write ended well.

    Attributes:
        value: What `send` returned, or what `look` found.
        sent: Whether anything was sent that may have arrived.
        seen_by_reading: Whether reading showed the effect, not an answer.
    """

    value: T
    sent: bool
    seen_by_reading: bool


class Write(Protocol[T_co]):
    """One write, and how to tell whether it took effect."""

    async def look(self) -> T_co | None:
        """The effect if it is there, None if everything is as before the write.

        Raises:
            ProfileChangedError: it is neither; that ends the write.
        """

    def announce(self) -> None:
        """Record that the write is about to be sent for the first time."""

    async def send(self) -> T_co:
        """Send it once."""


async def write_once(
    write: Write[T],
    *,
    place: Callable[[], Awaitable[WritePlace]],
    patience: float,
    begun: bool = False,
    doubt: Doubt = nullcontext,
) -> Written[T]:
    """Wait for a place among the writes, look, send; all of it again where nothing arrived, and
    after an answer that may hide a commit once patient looking has not shown the effect.

    Args:
        place: Waits until one more write may be sent. It comes before `look`, so that the reading
            stands right before the write; a place that is lost meanwhile is taken anew, and the
            look with it.
        patience: Seconds for which reading goes on before an unseen effect counts as absent.
        begun: Whether the write was announced by an earlier run and may have taken effect.
        doubt: Entered while it is being learned whether a sending took effect.

    Raises:
        GraphError, GraphTransportError, AuthenticationError: it failed and had no effect.
        Whatever `look` raises: likewise, unless something may have arrived.
        OutcomeUnknownError: it may have taken effect, and reading did not show it.
    """
    if begun and (found := await _patient(write, patience)) is not None:
        return Written(found, sent=False, seen_by_reading=True)
    sending = _Sending(write, place, patience, doubt)
    try:
        async for attempt in policy(sending.may_go_on):
            with attempt:
                return await sending.attempt()
    except (GraphError, GraphTransportError, AuthenticationError) as error:
        throttled = sending.sent and getattr(error, "is_throttling", False)
        if throttled and (found := await _patient(write, patience)) is not None:
            return Written(found, sent=True, seen_by_reading=True)
        if not sending.lost:
            raise
        raise OutcomeUnknownError(
            f"It may have taken effect, but reading does not show it: {error}"
        ) from error
    raise AssertionError("unreachable")  # pragma: no cover


class _Sending(Generic[T]):
    """The attempts at one write.

    Attributes:
        sent: Whether something was sent that may have arrived.
        lost: Whether the answer was lost to a sending that may have landed.
    """

    def __init__(
        self,
        write: Write[T],
        place: Callable[[], Awaitable[WritePlace]],
        patience: float,
        doubt: Doubt,
    ) -> None:
        self._write = write
        self._place = place
        self._patience = patience
        self._doubt = doubt
        self._announced = False
        self._failure: Exception | None = None
        self.sent = False
        self.lost = False

    def may_go_on(self, error: BaseException) -> bool:
        """Whether an error is of a sending, not of a look, and one after which to try again."""
        return error is self._failure and (never_sent(error) or _may_have_landed(error))

    async def attempt(self) -> Written[T]:
        while True:
            async with await self._place() as place:
                with suppress(PlaceLostError):
                    return await self._at(place)

    async def _at(self, place: WritePlace) -> Written[T]:
        found = await self._look()
        if found is not None:
            return Written(found, sent=self.sent, seen_by_reading=True)
        try:
            return Written(await self._send(place), sent=True, seen_by_reading=False)
        except (GraphError, GraphTransportError) as error:
            self._failure = error
            found = await self._after(error)
            if found is None:
                raise
            return Written(found, sent=True, seen_by_reading=True)

    async def _send(self, place: WritePlace) -> T:
        async with place.sending():
            if not self._announced:
                self._write.announce()
                self._announced = True
            return await self._write.send()

    async def _after(self, error: GraphError | GraphTransportError) -> T | None:
        """The effect of a sending that failed, if reading shows it now."""
        if not _may_have_landed(error):
            return None
        self.sent = True
        # A refusal for rate is looked up once, before the next try; anything else that may
        # hide a commit is looked up until it can be believed.
        if error.is_throttling:
            return None
        self.lost = True
        with self._doubt():
            return await _patient(self._write, self._patience)

    async def _look(self) -> T | None:
        try:
            return await self._write.look()
        except (GraphError, GraphTransportError) as error:
            if not self.sent:
                raise
            raise _unreadable(error) from error


def _may_have_landed(error: BaseException) -> bool:
    return isinstance(error, GraphError | GraphTransportError) and error.hides_commit


async def _patient(write: Write[T], patience: float) -> T | None:
    seen = await settle(write.look, lambda found: found is not None, patience=patience)
    if seen.seen:
        return seen.value
    if seen.error is not None:
        raise _unreadable(seen.error) from seen.error
    return None


def _unreadable(error: Exception) -> OutcomeUnknownError:
    return OutcomeUnknownError(f"A write may have taken effect and could not be read back: {error}")
