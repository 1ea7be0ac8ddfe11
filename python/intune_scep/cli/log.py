"""What the library tells of itself while it works, on standard error."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from intune_scep.texts import printable

_LOGGER: Final = logging.getLogger("intune_scep")
_WAITS: Final = logging.getLogger("intune_scep.graph.pacing")


class _OnStandardError(logging.Handler):
    """Writes where standard error is now, which a progress bar may have taken over."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            sys.stderr.write(printable(self.format(record)) + "\n")
            sys.stderr.flush()
        except Exception:
            self.handleError(record)


def show_log(verbosity: int) -> None:
    """Show the library's log: nothing at 0, what it does at 1, every detail from 2 on."""
    hide_log()
    if not verbosity:
        return
    handler = _OnStandardError()
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s: %(message)s", "%H:%M:%S"))
    _LOGGER.addHandler(handler)
    _LOGGER.setLevel(logging.DEBUG if verbosity > 1 else logging.INFO)


def hide_log() -> None:
    """Undo `show_log`."""
    for handler in [item for item in _LOGGER.handlers if isinstance(item, _OnStandardError)]:
        _LOGGER.removeHandler(handler)
        _LOGGER.setLevel(logging.NOTSET)


class _Showing(logging.Handler):
    def __init__(self, show: Callable[[str], None]) -> None:
        super().__init__()
        self._show = show

    def emit(self, record: logging.LogRecord) -> None:
        self._show(record.getMessage())


@contextmanager
def showing_waits(show: Callable[[str], None]) -> Iterator[None]:
    """Tell when requests begin to wait, whatever else of the log is shown."""
    handler, level = _Showing(show), _WAITS.level
    _WAITS.addHandler(handler)
    _WAITS.setLevel(logging.INFO)
    try:
        yield
    finally:
        _WAITS.removeHandler(handler)
        _WAITS.setLevel(level)
