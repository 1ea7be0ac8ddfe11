"""Who watches a run, and how it is asked to stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Final

Progress = Callable[[int, int, str], None]


def silent(*_: Any) -> None:
    """Nobody watches."""


class Stop:
    """Asks a run to stop after the write that is under way. Safe to call from a signal handler.

    Attributes:
        signal: The signal that asked, or None.
    """

    def __init__(self) -> None:
        self._asked = threading.Event()
        self.signal: int | None = None

    @property
    def requested(self) -> bool:
        return self._asked.is_set()

    def request(self, number: int | None = None) -> None:
        """Ask; asking again changes nothing."""
        self.signal = self.signal or number
        self._asked.set()


@dataclass(frozen=True)
class Watch:
    """What somebody wants to know of a run while it goes on.

    Attributes:
        began: Called with the journal's path and the number of profiles to change, before the
            first write.
        progress: Called after each profile with (done, total, name).
        stop: Asked before each profile.
        preparing: Called with what is done before the first write, where that takes long.
    """

    began: Callable[[Path, int], None] = silent
    progress: Progress = silent
    stop: Stop = field(default_factory=Stop)
    preparing: Callable[[str], None] = silent


STOPPING_SIGNALS: Final = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)


@contextmanager
def stopping_on_signals(stop: Stop, told: Callable[[int], None] = silent) -> Iterator[None]:
    """Let the first SIGINT, SIGTERM or SIGHUP ask a run to stop, and the second end it at once.

    Signals reach the main thread only; elsewhere nothing is changed.

    Args:
        told: Called with the number of the first signal.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, frame: FrameType | None) -> None:
        if not stop.requested:
            stop.request(number)
            told(number)
            return
        before = earlier[number]
        if callable(before):
            before(number, frame)
        raise KeyboardInterrupt

    earlier = {number: signal.getsignal(number) for number in STOPPING_SIGNALS}
    for number in STOPPING_SIGNALS:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
