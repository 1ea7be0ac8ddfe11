# Copyright: The intune.scep maintainers
# GNU General Public License v3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin_utils is PRIVATE and should only be used by this collection.
# Breaking changes can occur any time.

"""Work in a fork of this process, which sees of it what a program sees that was started here."""

from __future__ import annotations

import atexit
import gc
import io
import logging
import os
import signal
import sys
import tempfile
import threading
import time
import traceback

DEFAULT_RECURSION_LIMIT = 1000
SECONDS_TO_END = 10.0


def run(work, directory, environment):
    """Do work in a child that writes to nowhere but to what is returned.

    Args:
        work: Called without arguments; it may exit or raise as a program does.
        directory: Where the work begins.
        environment: Variables that the child has beside those of this process.

    Returns:
        The exit code as a shell tells it, and what went to standard output and to standard error.
    """
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        child = os.fork()
        if child == 0:
            live(work, directory, environment, stdout, stderr)
        code = end_of(child)
        return code, everything_in(stdout), everything_in(stderr)


def everything_in(file):
    """What was written to a file by whoever."""
    file.seek(0)
    return file.read()


def end_of(child):
    """Wait for the end of a child, and see to it that it does not outlive a task that is over."""
    try:
        status = os.waitpid(child, 0)[1]
    except KeyboardInterrupt:  # the child has it as well, and ends in good order
        raise
    except BaseException:
        stop(child)
        raise
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def stop(child):
    """Let a child end in good order, as Ctrl-C does, or end it."""
    os.kill(child, signal.SIGINT)
    patience = time.monotonic() + SECONDS_TO_END
    while time.monotonic() < patience:
        if os.waitpid(child, os.WNOHANG)[0]:
            return
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def live(work, directory, environment, stdout, stderr):
    """The life of the child. It never returns, so that nothing of its parent is done twice."""
    code = 1
    try:
        # What the parent holds is never collected here: that would copy it, or end it twice.
        gc.freeze()
        kept = redirect(stdout, stderr)
        forget_the_parent()
        enter(directory, environment)
        code = exit_code(work)
        finish()
        del kept
    finally:
        os._exit(code)


def redirect(stdout, stderr):
    """Give the child streams of its own; return those of the parent, whose end would close them."""
    kept = (sys.stdin, sys.stdout, sys.stderr, sys.__stdin__, sys.__stdout__, sys.__stderr__)
    errors = getattr(sys.__stdout__, "errors", None) or "strict"
    unbuffered = getattr(sys.__stdout__, "write_through", False)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (stdout.fileno(), 1), (stderr.fileno(), 2)):
        os.dup2(source, target)
    sys.stdin = sys.__stdin__ = io.TextIOWrapper(
        io.BufferedReader(io.FileIO(0, closefd=False)), encoding="utf-8"
    )
    sys.stdout = sys.__stdout__ = output(1, errors=errors, write_through=unbuffered)
    sys.stderr = sys.__stderr__ = output(2, errors="backslashreplace", line_buffering=True)
    return kept


def output(descriptor, **options):
    """A stream that writes text to a descriptor."""
    file = io.FileIO(descriptor, "w", closefd=False)
    buffered = file if options.get("write_through") else io.BufferedWriter(file)
    return io.TextIOWrapper(buffered, encoding="utf-8", **options)


def forget_the_parent():
    """Undo what this process had arranged for itself."""
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    atexit._clear()
    logging.disable(logging.NOTSET)
    logging.root.handlers.clear()
    logging.root.setLevel(logging.WARNING)
    # The frames of the parent lie below those of the work.
    sys.setrecursionlimit(DEFAULT_RECURSION_LIMIT + depth())


def depth():
    """How many frames are open."""
    count, frame = 0, sys._getframe()
    while frame is not None:
        count, frame = count + 1, frame.f_back
    return count


def enter(directory, environment):
    """Begin where a program would begin, with what it would be given."""
    os.chdir(directory)
    os.environ.update(environment)
    time.tzset()
    tempfile.tempdir = None


def exit_code(work):
    """Do the work and say with which code a program would end that does it."""
    try:
        work()
    except SystemExit as left:
        if left.code is None or isinstance(left.code, int):
            return (left.code or 0) & 0xFF
        sys.stderr.write(f"{left.code}\n")
        return 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def finish():
    """What an interpreter does at its end."""
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
