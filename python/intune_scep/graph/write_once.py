"""A write that takes effect at most once, and whose outcome is known afterwards (law 4)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt
from tenacity.stop import stop_before_delay

from intune_scep.graph.errors import GraphError, GraphTransportError, OutcomeUnknownError
from intune_scep.graph.retry import MAX_ATTEMPTS, MAX_TOTAL_SECONDS, WaitAsTold

T = TypeVar("T")


@dataclass(frozen=True)
class Written(Generic[T]):
    """How a write ended well.

    Attributes:
        value: What `send` returned, or what `look` found.
        seen_by_reading: True where the answer was lost and a re-read showed the effect.
    """

    value: T
    seen_by_reading: bool


async def write_once(
    send: Callable[[], Awaitable[T]], look: Callable[[], Awaitable[T | None]]
) -> Written[T]:
    """Send a write; after an answer that may hide a commit, look before sending it again.

    Args:
        send: Sends the write once.
        look: Reads back: the effect's value if the write took effect, None if everything is as
            before. It raises where somebody else changed things meanwhile; that ends the write.

    Raises:
        GraphError, GraphTransportError: it failed, and a re-read showed no effect.
        OutcomeUnknownError: it may have taken effect and could not be read back.
    """
    policy = AsyncRetrying(
        stop=stop_after_attempt(MAX_ATTEMPTS) | stop_before_delay(MAX_TOTAL_SECONDS),
        wait=WaitAsTold(),
        retry=retry_if_exception(_may_have_landed),
        reraise=True,
    )
    try:
        async for attempt in policy:
            with attempt:
                if attempt.retry_state.attempt_number > 1:
                    found = await _look(look)
                    if found is not None:
                        return Written(found, seen_by_reading=True)
                return Written(await send(), seen_by_reading=False)
    except (GraphError, GraphTransportError) as error:
        if not _may_have_landed(error):
            raise
        found = await _look(look)
        if found is not None:
            return Written(found, seen_by_reading=True)
        raise
    raise AssertionError("unreachable")  # pragma: no cover


def _may_have_landed(error: BaseException) -> bool:
    return isinstance(error, GraphError | GraphTransportError) and error.hides_commit


async def _look(look: Callable[[], Awaitable[T | None]]) -> T | None:
    try:
        return await look()
    except (GraphError, GraphTransportError) as error:
        raise OutcomeUnknownError(
            f"A write may have taken effect and could not be read back: {error}"
        ) from error
