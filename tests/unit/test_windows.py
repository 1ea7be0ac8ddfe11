"""What Windows lacks is asked of nobody: every module is imported and files are written without."""

import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "python" / "intune_scep"
LACKING = """
import os, sys, signal, socket
ABSENT = {"fcntl", "termios", "pwd", "grp", "resource", "pty", "tty", "syslog"}

class NotThere:
    def find_spec(self, name, path=None, target=None):
        if name in ABSENT:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

# What other packages need of these they have by now, as on Windows they need nothing of them.
import asyncio, subprocess, multiprocessing, ssl, filelock, platformdirs, uvicorn, httpx, typer
import azure.identity, kiota_http.httpx_request_adapter, rich.console, cryptography
for name in ABSENT:
    sys.modules.pop(name, None)
sys.meta_path.insert(0, NotThere())
for name in ("O_NOFOLLOW", "O_DIRECTORY", "O_NONBLOCK", "O_CLOEXEC", "fchmod", "fork", "mkfifo",
             "getuid", "geteuid", "set_blocking", "uname"):
    if hasattr(os, name):
        delattr(os, name)
for name in ("SIGHUP", "SIGKILL", "SIGPIPE", "SIGALRM"):
    if hasattr(signal, name):
        delattr(signal, name)
"""


def run(text, *arguments, **environment):
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LACKING + text, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_every_module_is_imported_without_what_windows_lacks():
    names = [
        ".".join(("intune_scep", *path.relative_to(PACKAGE).with_suffix("").parts))
        for path in sorted(PACKAGE.rglob("*.py"))
    ]
    names = [name.removesuffix(".__init__") for name in names]
    text = """
import importlib
wrong = []
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except Exception as error:
        wrong.append(f"{name}: {error!r}")
print("\\n".join(wrong))
"""
    ended = run(text, *names)
    assert ended.stderr == ""
    assert ended.stdout.strip() == ""


def test_files_and_locks_work_without_what_windows_lacks(tmp_path):
    text = """
from pathlib import Path
from intune_scep import files
os.environ["INTUNE_SCEP_STATE"] = sys.argv[1]
path = Path(sys.argv[1]) / "plan.json"
files.write_private(path, b"one")
files.write_private(path, b"two")
print(files.read_regular(path, what="Plan", most=10))
try:
    files.write_new_private(path, b"three")
except FileExistsError:
    print("there already")
"""
    ended = run(text, str(tmp_path))
    assert (ended.stdout, ended.stderr) == ("b'two'\nthere already\n", "")
    assert [item.name for item in tmp_path.iterdir()] == ["plan.json"]


def test_the_command_runs_without_what_windows_lacks():
    ended = run("from intune_scep.cli.app import run\nsys.exit(run(['rules', 'list']))")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "R-113" in ended.stdout
