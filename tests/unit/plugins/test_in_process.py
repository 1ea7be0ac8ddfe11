# Copyright: The intune.scep maintainers
# GNU General Public License v3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fork that works as a program would, and what tells that a module must be one."""

from __future__ import annotations

import atexit
import importlib
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
from ansible_collections.intune.scep.plugins.modules import strong_mapping
from ansible_collections.intune.scep.plugins.plugin_utils import _fork, _in_process, _preload

import intune_scep

COLLECTIONS = Path(strong_mapping.__file__).parents[5]
LIBRARY = Path(intune_scep.__file__).parents[1]
MODULES = sorted(
    path.stem for path in Path(strong_mapping.__file__).parent.glob("*.py") if path.stem[0] != "_"
)


@pytest.mark.parametrize("module", MODULES)
def test_every_module_can_run_in_process(module):
    place = f"ansible_collections.intune.scep.plugins.action.{module}"
    action = importlib.import_module(place).ActionModule
    assert issubclass(action, _in_process.InProcessAction)
    assert Path(action.module.__file__).stem == module


def run(work, directory=".", **environment):
    code, out, err = _fork.run(work, directory, environment)
    return code, out.decode(), err.decode()


def nothing():
    pass


def write_everywhere():
    print("printed")
    os.write(2, b"past the buffer\n")
    sys.stdout.write("and written\n")


def leaving_with(code):
    return lambda: sys.exit(code)


def leave_at_once():
    os._exit(9)


def raise_error():
    raise ValueError("an error")


def raise_what_is_no_error():
    raise KeyboardInterrupt


def die(number):
    os.kill(os.getpid(), number)
    time.sleep(5)


@pytest.mark.parametrize(
    ("work", "code", "out", "err"),
    [
        (nothing, 0, "", ""),
        (write_everywhere, 0, "printed\nand written\n", "past the buffer\n"),
        (leaving_with(None), 0, "", ""),
        (leaving_with(5), 5, "", ""),
        (leaving_with(256 + 3), 3, "", ""),
        (leaving_with("words"), 1, "", "words\n"),
        (raise_error, 1, "", "ValueError: an error\n"),
        (raise_what_is_no_error, 1, "", "KeyboardInterrupt\n"),
        (leave_at_once, 9, "", ""),
        (lambda: die(signal.SIGKILL), 128 + signal.SIGKILL, "", ""),
        (lambda: die(signal.SIGTERM), 128 + signal.SIGTERM, "", ""),
        (lambda: print(repr(sys.stdin.read())), 0, "''\n", ""),
        (lambda: print("x" * 1_000_000), 0, "x" * 1_000_000 + "\n", ""),
    ],
)
def test_a_fork_ends_as_a_program_does(work, code, out, err):
    found = run(work)
    assert found[:2] == (code, out)
    assert found[2].endswith(err)
    assert bool(found[2]) == bool(err)


def test_a_fork_begins_where_it_is_told_with_what_it_is_given(tmp_path, monkeypatch):
    monkeypatch.setenv("KEPT", "kept")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(elsewhere))
    given = {"GIVEN": "given", "TMPDIR": str(tmp_path), "TZ": "Asia/Tokyo"}
    before = (Path.cwd(), dict(os.environ), time.strftime("%Z"))

    def tell():
        print(Path.cwd(), os.environ["KEPT"], os.environ["GIVEN"], tempfile.gettempdir())
        print(time.strftime("%Z"))

    found = run(tell, str(tmp_path), **given)
    assert found == (0, f"{tmp_path} kept given {tmp_path}\nJST\n", "")
    assert before == (Path.cwd(), dict(os.environ), time.strftime("%Z"))
    assert tempfile.tempdir == str(elsewhere)


def test_a_fork_knows_nothing_of_what_its_parent_arranged(tmp_path, monkeypatch):
    marks = tmp_path / "marks"
    atexit.register(lambda: marks.write_text("of the parent") if marks.parent.exists() else None)
    handler = logging.FileHandler(marks)
    monkeypatch.setattr(logging.root, "handlers", [handler])
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:

        def tell():
            logging.getLogger("intune_scep").info("not logged")
            print(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)
            print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)
            atexit.register(print, "at its own end")

        assert run(tell) == (0, "True\nTrue\nat its own end\n", "")
        assert logging.root.handlers == [handler]
        assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
    finally:
        signal.signal(signal.SIGTERM, before)
        handler.close()
    assert not marks.read_text()


def test_a_fork_waits_for_its_threads():
    def start():
        threading.Thread(target=lambda: (time.sleep(0.2), print("done"))).start()

    assert run(start) == (0, "done\n", "")


def test_work_may_go_as_deep_as_in_a_program():
    def down(levels):
        return down(levels - 1) if levels else 0

    def from_deep(levels, then):
        return from_deep(levels - 1, then) if levels else then()

    deepest = sys.getrecursionlimit() - 300
    code, nothing_said, err = from_deep(deepest // 2, lambda: run(lambda: down(900)))
    assert (code, nothing_said) == (0, ""), err
    assert run(lambda: down(1100))[0] == 1


def test_work_that_takes_too_long_is_interrupted(monkeypatch, tmp_path):
    class TooLong(BaseException):
        pass

    def alarm(*_):
        raise TooLong

    def work():
        try:
            (tmp_path / "pid").write_text(str(os.getpid()))
            time.sleep(60)
        except KeyboardInterrupt:
            (tmp_path / "order").write_text("in good order")

    before = signal.signal(signal.SIGALRM, alarm)
    try:
        signal.setitimer(signal.ITIMER_REAL, 1)
        with pytest.raises(TooLong):
            run(work)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert (tmp_path / "order").read_text() == "in good order"
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_work_that_does_not_heed_an_interruption_is_killed(monkeypatch):
    monkeypatch.setattr(_fork, "SECONDS_TO_END", 0.3)
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        time.sleep(60)
        os._exit(0)
    time.sleep(0.2)
    _fork.stop(child)
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


IMPORT = """
import asyncio, json, socket, sqlite3, sys, threading

def refuse(*arguments, **options):
    raise AssertionError("opened")

asyncio.new_event_loop = sqlite3.connect = socket.create_connection = refuse
from ansible_collections.intune.scep.plugins.plugin_utils import _preload
print(json.dumps([_preload.UNAVAILABLE, threading.active_count(), "httpx" in sys.modules]))
"""


@pytest.mark.parametrize(
    ("switch", "reason", "imported"),
    [
        ({}, "null", "true"),
        ({"INTUNE_SCEP_IN_PROCESS": "yes"}, "null", "true"),
        ({"INTUNE_SCEP_IN_PROCESS": ""}, "null", "true"),
        ({"INTUNE_SCEP_IN_PROCESS": "false"}, '"INTUNE_SCEP_IN_PROCESS says so"', "false"),
        ({"INTUNE_SCEP_IN_PROCESS": "0"}, '"INTUNE_SCEP_IN_PROCESS says so"', "false"),
        ({"INTUNE_SCEP_IN_PROCESS": "off"}, '"INTUNE_SCEP_IN_PROCESS says so"', "false"),
    ],
)
def test_the_library_is_imported_without_opening_anything(switch, reason, imported):
    path = os.pathsep.join(map(str, (COLLECTIONS, LIBRARY)))
    kept = {k: v for k, v in os.environ.items() if not k.startswith("INTUNE_")}
    output = subprocess.check_output(
        [sys.executable, "-c", IMPORT], env={**kept, "PYTHONPATH": path, **switch}, text=True
    )
    assert output == f"[{reason}, 1, {imported}]\n"


@pytest.mark.parametrize("problem", [ImportError("no wheel"), TypeError("too old a pydantic")])
def test_a_library_that_cannot_be_imported_is_no_error_here(monkeypatch, problem):
    def fail():
        raise problem

    monkeypatch.setattr(_preload, "import_library", fail)
    assert str(problem) in _preload.preload()


def test_macos_never_forks_without_a_new_program(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "macOS" in _preload.preload()


def test_a_library_that_is_replaced_during_a_play_is_seen(monkeypatch, tmp_path):
    file = tmp_path / "__init__.py"
    file.write_text("# one")
    monkeypatch.setattr(intune_scep, "__file__", str(file))
    before = _preload.stamp()
    assert _preload.stamp() == before
    file.unlink()
    file.write_text("# other")
    assert _preload.stamp() != before


@pytest.mark.parametrize(
    ("name", "late"),
    [
        ("INTUNE_SCEP_SIMULATOR", True),
        ("AZURE_CLIENT_SECRET", True),
        ("https_proxy", True),
        ("HTTPS_PROXY", True),
        ("SSL_CERT_FILE", True),
        ("TZ", True),
        ("HOME", True),
        ("PYTHONPATH", False),
        ("PYTHONUTF8", False),
        ("LD_PRELOAD", False),
        ("LC_ALL", False),
        ("OPENSSL_CONF", False),
        ("PYDANTIC_DISABLE_PLUGINS", False),
        ("of_nobody", False),
    ],
)
def test_variables_that_count_when_an_interpreter_starts_are_known(name, late):
    assert _in_process.read_when_needed(name) is late


@pytest.mark.parametrize(
    ("shell", "expected"),
    [
        ("sh", True),
        ("/bin/sh", True),
        ("/usr/bin/dash", True),
        ("/bin/bash", True),
        ("/bin/bash -l", False),
        ("/bin/zsh", False),
        ("csh", False),
        ("/usr/local/bin/wrapper", False),
    ],
)
def test_shells_that_only_start_programs_are_known(monkeypatch, shell, expected):
    monkeypatch.delenv("BASH_ENV", raising=False)
    assert _in_process.plain(shell) is expected


def test_a_shell_with_a_file_of_its_own_is_not_plain(monkeypatch):
    monkeypatch.setenv("BASH_ENV", "/etc/bash.env")
    assert not _in_process.plain("/bin/bash")
    assert _in_process.plain("/bin/sh")


@pytest.fixture
def interpreters(tmp_path, monkeypatch):
    """Two virtual environments on one interpreter, and a link to the first."""
    (tmp_path / "python3.11").write_text("")
    for place in ("one", "two"):
        (tmp_path / place / "bin").mkdir(parents=True)
        (tmp_path / place / "bin" / "python").symlink_to(tmp_path / "python3.11")
        (tmp_path / place / "bin" / "python3").symlink_to("python")
        (tmp_path / place / "bin" / "other").write_text("")
    (tmp_path / "link").symlink_to("one")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "one" / "bin" / "python"))
    return tmp_path


@pytest.mark.parametrize(
    ("path", "same"),
    [
        ("one/bin/python", True),
        ("one/bin/python3", True),
        ("link/bin/python", True),
        ("one/bin/../bin/python", True),
        ("two/bin/python", False),
        ("one/bin/other", False),
        ("python3.11", False),
        ("one/bin/python -X utf8", False),
        ("nowhere/python", False),
    ],
)
def test_another_environment_of_the_same_interpreter_is_another(interpreters, path, same):
    assert _in_process.same_interpreter(str(interpreters / path)) is same


@pytest.mark.parametrize("path", ["python3", "auto", "~/bin/python", "/usr/bin/env python3"])
def test_an_interpreter_that_a_shell_would_find_is_another(path):
    assert not _in_process.same_interpreter(path)


@pytest.mark.parametrize(
    ("options", "otherwise"),
    [
        ([], False),
        (["/usr/bin/ansible-playbook", "-v"], False),
        (["-s", "/usr/bin/ansible-playbook"], False),
        (["-sP", "/usr/bin/ansible-playbook"], False),
        (["-I", "/usr/bin/ansible-playbook"], True),
        (["-sE", "/usr/bin/ansible-playbook"], True),
        (["-m", "ansible", "playbook"], True),
        (["-X", "utf8", "/usr/bin/ansible-playbook"], True),
        (["-O", "/usr/bin/ansible-playbook"], True),
    ],
)
def test_options_of_ansibles_own_interpreter_are_seen(monkeypatch, options, otherwise):
    monkeypatch.setattr(sys, "orig_argv", [sys.executable, *options])
    monkeypatch.setattr(_in_process.site, "getusersitepackages", lambda: "/nowhere")
    assert _in_process.started_otherwise() is otherwise


def test_packages_of_the_users_own_are_seen(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "orig_argv", [sys.executable, "-s", "/usr/bin/ansible-playbook"])
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    monkeypatch.setattr(_in_process.site, "getusersitepackages", lambda: str(tmp_path))
    assert _in_process.started_otherwise()
