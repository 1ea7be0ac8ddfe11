"""For tests: what a library can do to the process it runs in, when it begins to reach a tenant.

Each interpreter that has this folder on its path reads this file, so that a module that runs by
itself and one that runs in process break in the same way. INTUNE_SCEP_BREAK says how, by the name
of a function here.
"""

import atexit
import logging
import os
import signal
import socket
import sys
import time
from pathlib import Path

IN_A_MODULE = ("AnsiballZ_", "/plugins/modules/")


def note(text):
    with Path(os.environ["INTUNE_SCEP_NOTES"]).open("a", encoding="utf-8") as notes:
        notes.write(f"{text}\n")


def error():
    raise RuntimeError("something broke")


def error_of_three():
    try:
        raise KeyError("inner")
    except KeyError as inner:
        raise ValueError("outer") from inner


def memory():
    raise MemoryError


def recursion():
    recursion()


def unusual():
    class Unusual(BaseException):
        pass

    raise Unusual("neither an error nor an exit")


def leave():
    sys.exit(7)


def leave_with_words():
    sys.exit("these are the last words")


def leave_at_once():
    os._exit(3)


def segfault():
    os.kill(os.getpid(), signal.SIGSEGV)


def kill():
    os.kill(os.getpid(), signal.SIGKILL)


def chatter():
    print("a line that is no JSON")
    os.write(1, b"past every buffer\n")
    os.system("echo from a program of its own")


def half_a_result():
    print('{"changed": "no result either"')


def words_at_the_end():
    atexit.register(print, "a line after the result")


def complain():
    sys.stderr.write("a complaint\n")
    logging.getLogger("intune_scep").warning("a warning of the log")


def half_a_letter():
    os.write(1, b"\xff\xfe\n")


def litter():
    """Change all that a process can change about itself."""
    os.environ.update({"INTUNE_SCEP_CLOUD": "china", "AZURE_TENANT_ID": "littered", "HOME": "/"})
    os.environ.pop("INTUNE_SCEP_SIMULATOR", None)
    os.chdir("/")
    os.umask(0o777)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    logging.getLogger().addHandler(logging.StreamHandler(sys.stdout))
    logging.getLogger().setLevel(logging.DEBUG)
    sys.setrecursionlimit(200)
    from ansible.module_utils.common import warnings

    warnings.warn("littered")
    warnings.deprecate("littered", version="9.9.9", collection_name="intune.scep")
    if "ansible.plugins.loader" not in sys.modules:
        return
    sys.modules["ansible.plugins.loader"].module_loader = None


def sleep():
    note(os.getpid())
    time.sleep(120)


def count_imports():
    """Counted from the beginning, see below."""


broken = []


def watch(event, arguments):
    how = os.environ.get("INTUNE_SCEP_BREAK")
    if not how or not any(part in (sys.argv or [""])[0] for part in IN_A_MODULE):
        return
    if event == "socket.__new__" and arguments[1] == socket.AF_UNIX and not broken:
        broken.append(how)
        globals()[how]()
    elif event == "import" and how == "count_imports":
        note(arguments[0])


if "missing" in os.environ.get("INTUNE_SCEP_LIBRARY", ""):
    sys.modules["intune_scep"] = None
elif "old" in os.environ.get("INTUNE_SCEP_LIBRARY", ""):
    import intune_scep

    intune_scep.__version__ = "0.0.9"
sys.addaudithook(watch)
