"""Reading until a write is seen: one reading is not trusted where the service may lag."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from intune_scep.errors import AuthenticationError, GraphError, GraphTransportError, IntuneScepError
from intune_scep.graph.retry import is_repeatable

T = TypeVar("T")

FIRST_DELAY_SECONDS = 0.5
LONGEST_DELAY_SECONDS = 8.0


@dataclass(frozen=True)
class Settled(Generic[T]):
    """What reading on and on has shown.

    Attributes:
        value: The last reading that came; None where none did.
        seen: Whether that reading is the wanted one.
        error: What kept the last reading from coming, if it did not come.
    """

    value: T | None
    seen: bool
    error: IntuneScepError | None


async def settle(
    read: Callable[[], Awaitable[T]], wanted: Callable[[T], bool], *, patience: float
) -> Settled[T]:
    """Read at once, and again with growing pauses, until the wanted state is seen.

    A reading that fails does not raise, since the write before it has happened: one that may come
    later is tried again, and any other ends the reading. What `wanted` raises, and what `read`
    raises that is no failure of Graph, ends it as it is.

    Args:
        read: Reads the state once, with whatever repetition it has of its own.
        wanted: Whether a reading shows the wanted state.
        patience: Seconds after which one last reading is made; 0 for a single one.
    """
    clock = asyncio.get_running_loop().time
    start = clock()
    delay = FIRST_DELAY_SECONDS
    value: T | None = None
    while True:
        # A reading that begins when the patience has run out is the last.
        left = patience - (clock() - start)
        error: IntuneScepError | None = None
        try:
            value = now = await read()
            if wanted(now):
                return Settled(value, True, None)
        except (GraphError, GraphTransportError, AuthenticationError) as failure:
            error = failure
        if left <= 0 or (error is not None and not is_repeatable(error)):
            return Settled(value, False, error)
        await asyncio.sleep(max(0.0, min(delay, patience - (clock() - start))))
        delay = min(2 * delay, LONGEST_DELAY_SECONDS)
