"""A report survives its terminal, and no signal or stream makes an undocumented exit code."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

MAIN = "from intune_scep.cli import main; main()"
HELPED = "from intune_scep.cli import app as cli, commands\n"
# A command that says more than fits into a pipe, works, and leaves with 2.
TALKATIVE = """
@commands.app.command("talk")
def talk(file: str) -> int:
    from intune_scep.cli.console import console, plain
    out = console()
    for number in range(4_000):
        out.print(plain(f"{number} \\u2014 Z\\u00fcrich \\ud800 \\x9b"))
    open(file, "x").close()
    return 2
sys.exit(cli.run(sys.argv[1:]))
"""


def script(text):
    return [sys.executable, "-c", f"import sys\n{HELPED}{textwrap.dedent(text)}"]


def run(command, **options):
    return subprocess.run(
        command, stderr=subprocess.PIPE, timeout=60, check=False, text=True, **options
    )


def test_a_reader_that_goes_away_changes_nothing(tmp_path):
    done = tmp_path / "done"
    with subprocess.Popen(
        [*script(TALKATIVE), "talk", str(done)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.readline()
        process.stdout.close()
        errors = process.stderr.read()
    assert (process.returncode, errors) == (2, b"")
    assert done.exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="This system has no /dev/full.")
def test_a_full_disk_is_told_after_the_work(tmp_path):
    done = tmp_path / "done"
    with Path("/dev/full").open("w") as full:
        ended = run([*script(TALKATIVE), "talk", str(done)], stdout=full)
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "No space left on device" in ended.stderr
    assert "exit code was 2" in ended.stderr
    assert done.exists()


@pytest.mark.parametrize("closed", ["1", "2", "0", "1 2", "0 1 2"])
def test_closed_streams_change_nothing(tmp_path, closed):
    done = tmp_path / "done"
    shut = " ".join(f"{number}>&-" if number != "0" else "0<&-" for number in closed.split())
    ended = subprocess.run(
        ["sh", "-c", f'exec "$@" {shut}', "sh", *script(TALKATIVE), "talk", str(done)],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (2, b"")
    assert done.read_bytes() == b""


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "cp1252", "utf-8", "ascii:strict"])
def test_an_encoding_that_lacks_characters_shows_escapes(tmp_path, encoding):
    ended = subprocess.run(
        [*script(TALKATIVE), "talk", str(tmp_path / "done")],
        env={**os.environ, "PYTHONIOENCODING": encoding},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (2, b"")
    last = ended.stdout.decode(encoding.partition(":")[0]).splitlines()[-1]
    assert last.startswith("3999 ")
    assert last.endswith("\\ud800 \\x9b")


@pytest.mark.parametrize("arguments", ["rules list", "--help", "rules explain R-031"])
def test_real_commands_print_in_ascii(arguments):
    ended = subprocess.run(
        [sys.executable, "-c", MAIN, *arguments.split()],
        env={**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert ended.stdout


WAITING = """
import pathlib, time
@commands.app.command("wait")
def wait() -> int:
    try:
        print("ready", flush=True)
        time.sleep(60)
    finally:
        print("tidied up", flush=True)
    return 0
sys.exit(cli.run(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    ("number", "code", "word"),
    [
        (signal.SIGTERM, 143, "Terminated."),
        (signal.SIGHUP, 143, "Terminated."),
        (signal.SIGINT, 130, "Interrupted."),
    ],
)
def test_signals_end_with_their_documented_code(number, code, word):
    with subprocess.Popen(
        [*script(WAITING), "wait"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        out, errors = process.communicate(timeout=60)
    assert process.returncode == code
    assert out == "tidied up\n"
    assert errors.strip() == word


def test_a_signal_that_is_ignored_from_outside_stays_ignored():
    with subprocess.Popen(
        ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", *script(WAITING), "wait"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 143


def test_who_took_a_signal_over_keeps_it():
    code = """
    import os, signal
    @commands.app.command("work")
    def work() -> int:
        seen = []
        before = signal.signal(signal.SIGTERM, lambda *_: seen.append(1))
        os.kill(os.getpid(), signal.SIGTERM)
        signal.signal(signal.SIGTERM, before)
        return 2 if seen else 1
    sys.exit(cli.run(sys.argv[1:]))
    """
    assert run([*script(code), "work"]).returncode == 2


@pytest.mark.parametrize(
    ("raised", "code", "part"),
    [
        ("RuntimeError('\\x1b[31m\\ud800')", 1, "RuntimeError: \\x1b[31m\\ud800"),
        ("IntuneScepError('name \\u202e', hint='Do.')", 1, "Error: name \\u202e Do."),
        ("SystemExit(7)", 1, ""),
        ("SystemExit(0)", 0, ""),
        ("RecursionError()", 1, "RecursionError"),
        ("MemoryError()", 1, "MemoryError"),
    ],
)
def test_whatever_is_raised_ends_in_one_clean_line(raised, code, part):
    text = f"""
    from intune_scep.errors import IntuneScepError
    @commands.app.command("fail")
    def fail() -> int:
        raise {raised}
    sys.exit(cli.run(sys.argv[1:]))
    """
    ended = run([*script(text), "fail"])
    assert ended.returncode == code
    assert part in ended.stderr
    assert ended.stderr.count("\n") == (1 if part else 0)
    assert ended.stderr.isascii()


def test_what_is_read_from_the_start_of_a_command_line_can_be_interrupted(monkeypatch):
    from intune_scep.cli import app as cli
    from intune_scep.cli import commands

    def interrupted(arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "answer", interrupted)
    assert cli.run(["check"]) == 130
