"""One event loop in a daemon thread, so that synchronous code can use asynchronous clients.

`asyncio.run` for each call would close the loop that pooled connections live in (SDK.md 3). This
way works inside a running loop too, as in notebooks.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, Protocol, TypeVar

from intune_scep.errors import RunInterruptedError

T = TypeVar("T")


class Stoppable(Protocol):
    """Something that can be asked to stop."""

    def request(self) -> None: ...


class Portal:
    """Runs coroutines on a loop of its own and waits for them."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="intune-scep", daemon=True
        )
        self._thread.start()

    def call(self, coroutine: Coroutine[Any, Any, T], *, stop: Stoppable | None = None) -> T:
        """Run a coroutine to its end and return its result or raise its exception.

        Ctrl-C cancels it.

        Args:
            stop: Asked first, where the work can stop in good order; a second Ctrl-C cancels.

        Raises:
            RunInterruptedError: Ctrl-C stopped the work in good order; with its result.
        """
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            try:
                return future.result()
            except KeyboardInterrupt:
                if stop is None or future.done():
                    raise
                stop.request()
            raise RunInterruptedError(future.result())
        except RunInterruptedError:
            raise
        except BaseException:
            future.cancel()
            raise

    def close(self) -> None:
        """Stop the loop and the thread."""
        if self._loop.is_closed():
            return
        asyncio.run_coroutine_threadsafe(
            self._loop.shutdown_default_executor(), self._loop
        ).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
