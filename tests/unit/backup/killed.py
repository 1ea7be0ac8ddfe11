"""A process that is killed at its n-th operation on the files of a directory."""

import os
import signal
import sys

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
# Audit events that come right before an operation, with the position of the path among their
# arguments. Python raises them for pathlib, os and open alike.
OPERATIONS = {"os.rename": 1, "os.remove": 0, "os.mkdir": 0, "os.link": 1, "os.truncate": 0}


def run_until(number, directory, work):
    """Do the work in a child that is killed at the given operation; whether it was killed."""
    child = os.fork()
    if not child:
        _watch(number, str(directory))
        try:
            work()
        except BaseException:
            os._exit(1)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0
    return False


def _watch(number, directory):
    count = 0

    def step():
        nonlocal count
        count += 1
        if count == number:
            os.kill(os.getpid(), signal.SIGKILL)

    def before(event, arguments):
        if event == "open":
            writes = isinstance(arguments[2], int) and arguments[2] & WRITING
            if writes and str(arguments[0]).startswith(directory):
                step()
        elif event in OPERATIONS and str(arguments[OPERATIONS[event]]).startswith(directory):
            step()

    real = os.fsync

    def fsync(descriptor):
        step()
        real(descriptor)

    os.fsync = fsync
    sys.addaudithook(before)
