"""What the process has to do with outside: its three streams, the signals that end it, its codes.

A report survives its terminal. What cannot be written to standard output is dropped, so that the
work goes on to its end; whether that is a failure is said afterwards.

`--version` passes here too, so nothing is imported that it does not need: typing alone would
double its time.
"""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from intune_scep.version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any, Final, TextIO

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130
EXIT_TERMINATED = 143
# Windows tells of a reader that has gone by EINVAL.
_READER_GONE: Final = {errno.EPIPE, errno.EINVAL} if os.name == "nt" else {errno.EPIPE}
_ENDING: Final = ("SIGTERM", "SIGHUP")


def show_version() -> None:
    """Print the version, whoever was asked for it."""
    sys.stdout.write(f"intune-scep {__version__}\n")


def tell(sentence: str) -> None:
    """A line on standard error, which no redirected result is mixed with."""
    from intune_scep.texts import printable

    sys.stderr.write(f"{printable(sentence)}\n")
    sys.stderr.flush()


class Terminated(BaseException):
    """SIGTERM or SIGHUP came. No `Exception`: nothing but the end of the command catches it."""


class _Enduring(io.TextIOWrapper):
    """A text stream that takes everything and never complains.

    Attributes:
        failure: The first error, after which everything goes to the null device; or None.
    """

    failure: OSError | None = None

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except OSError as error:
            self._give_up(error)
            return len(text)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        self.failure = self.failure or error
        # What is in the buffers would be tried again, last by the interpreter when it ends.
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, self.fileno())
        os.close(nothing)


class Output:
    """Standard output and standard error of a command, while it runs."""

    _out: TextIO

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Put streams that endure in the place of the process's own, and these back at the end.

        Characters that the encoding of the terminal lacks are written as escapes.
        """
        _fill_closed_descriptors()
        before = sys.stdout, sys.stderr
        made = _enduring(sys.stdout), _enduring(sys.stderr)
        sys.stdout, sys.stderr = made
        self._out = sys.stdout
        try:
            yield
        finally:
            sys.stdout, sys.stderr = before
            for stream in made:
                if isinstance(stream, _Enduring):
                    stream.flush()
                    stream.detach()

    def complaint(self) -> str | None:
        """Why the output is not whole, if that is an error; a reader that went away is none."""
        self._out.flush()
        failure = getattr(self._out, "failure", None)
        if failure is None or failure.errno in _READER_GONE:
            return None
        return failure.strerror or type(failure).__name__


def _fill_closed_descriptors() -> None:
    """Let no file that is opened later become standard output by accident."""
    if None not in (sys.stdin, sys.stdout, sys.stderr):
        return
    descriptor = os.open(os.devnull, os.O_RDWR)
    while descriptor <= 2:
        descriptor = os.dup(descriptor)
    os.close(descriptor)
    sys.stdin = sys.stdin or _nowhere("r")
    sys.stdout = sys.stdout or _nowhere("w")
    sys.stderr = sys.stderr or _nowhere("w")


def _nowhere(mode: str) -> Any:
    null = os.open(os.devnull, os.O_RDWR)
    return os.fdopen(null, mode, encoding="utf-8", errors="backslashreplace")


def _enduring(stream: TextIO) -> TextIO:
    if not isinstance(stream, io.TextIOWrapper) or not isinstance(
        getattr(stream.buffer, "raw", stream.buffer), io.RawIOBase
    ):
        return stream
    stream.flush()
    if hasattr(os, "set_blocking"):
        # Another program of the same terminal may have made it answer "not now".
        os.set_blocking(stream.fileno(), True)
    return _Enduring(
        stream.buffer,
        encoding=stream.encoding,
        errors="backslashreplace",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


@contextmanager
def ending_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP raise `Terminated` in the main thread.

    Only where they have their default effect: what ignores them (nohup) or has a handler already
    knows better. A second signal ends the process at once.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [getattr(signal, name) for name in _ENDING if hasattr(signal, name)]
    ours = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, _terminate)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _terminate(number: int, frame: FrameType | None) -> None:
    signal.signal(number, signal.SIG_DFL)
    raise Terminated
