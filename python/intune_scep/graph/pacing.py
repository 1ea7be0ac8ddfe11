"""Staying below Intune's published limits, as far as one process can.

GRAPH.md 4.1: 100 writes and 1,000 requests in 20 s for an application in a tenant, whatever the
number of its processes. So a 429 can still come where others are at work; it is waited out. A leaky
bucket lets a burst of its capacity through and then leaks steadily, so in any 20 s it passes at
most capacity + 20 s of leak: 19 + 76 = 95 writes and 190 + 760 = 950 requests.
"""

from __future__ import annotations

import logging

from aiolimiter import AsyncLimiter

WRITE_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_WINDOW_SECONDS = 5.0
_WRITES_PER_WINDOW = 19.0
_REQUESTS_PER_WINDOW = 190.0
_LOG = logging.getLogger("intune_scep.graph")


class Pacer:
    """Lets the requests of one session through no faster than the published limits allow."""

    def __init__(self) -> None:
        self._writes = AsyncLimiter(_WRITES_PER_WINDOW, _WINDOW_SECONDS)
        self._requests = AsyncLimiter(_REQUESTS_PER_WINDOW, _WINDOW_SECONDS)

    async def admit(self, method: str, *, items: int = 1) -> None:
        """Wait until `items` requests of this method may be sent.

        Args:
            method: HTTP method of each item; a $batch of reads counts as reads.
            items: How many requests Graph will count.
        """
        if method in WRITE_METHODS:
            await _pass(self._writes, items, "writes")
        await _pass(self._requests, items, "requests")


async def _pass(limiter: AsyncLimiter, items: int, kind: str) -> None:
    if not limiter.has_capacity(items):
        _LOG.info("Waiting, to stay below Intune's limit of %s", kind)
    await limiter.acquire(items)
