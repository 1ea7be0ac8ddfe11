"""`make demo` as a viewer sees it, through a pipe, and what it promises."""

import importlib.util
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "dev" / "demo.py"
HIDDEN, SHOWN = b"\x1b[?25l", b"\x1b[?25h"
"""What hides the cursor of a terminal, and what brings it back."""
LONGEST = 180.0
"""Seconds that a viewer may be asked for, without installation."""


def load():
    specification = importlib.util.spec_from_file_location("demo", SCRIPT)
    module = importlib.util.module_from_spec(specification)
    sys.modules["demo"] = module
    specification.loader.exec_module(module)
    return module


demo = load()


def started(into, **options):
    return subprocess.Popen(
        [sys.executable, SCRIPT, "--into", into],
        stdin=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        env={**os.environ, "TERM": "xterm", "PYTHONDONTWRITEBYTECODE": "1"},
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
    )


def show(tmp_path):
    """Directory, standard output, standard error and seconds of a whole demo."""
    into = tmp_path / "shown"
    began = time.monotonic()
    with started(into) as process:
        out, err = process.communicate(timeout=2 * LONGEST)
    assert process.returncode == 0, (out[-2000:], err)
    return into, out, err, time.monotonic() - began


def every_step_is_shown_in_order_with_the_command_that_is_run(shown):
    into, out, _, _ = shown
    assert re.findall(r"^\$ (.*)$", out, re.MULTILINE) == [
        step.command.format(demo=into) for step in demo.STEPS
    ]
    for step in demo.STEPS:
        assert f"\n{step.title} ─" in out or not step.title


STORY = (
    "8 required, 0 defective",
    "1 of 12 profiles short (short: fewer than 95 % have a SID).",
    "SCEP HOSTS, over all profiles of the tenant",
    "HELD BACK: not carried out\n  add_sid_uri scep ios  iOS user mail",
    "strong-mapping.yml is right: in_place, 2 rings.",
    "Ring 'first': 1 profile changed.",
    "THE CLOCK IS MOVED FOR THE VIEWER: 8 hours.",
    "Waits, ring 'first': soak: 16 h of 24 h are left.",
    "THE CLOCK IS MOVED FOR THE VIEWER: 16 hours.",
    "Ring 'first' passed its gate.\nRing 'broad': 2 profiles changed.",
    "THE CLOCK IS MOVED FOR THE VIEWER: 24 hours.",
    "Ring 'broad' passed its gate.\nEvery ring has passed: the rollout is completed.",
    "HELD BACK: not carried out\n          add_sid_uri scep ios  iOS user mail",
    "4 profiles changed. 1 profile held back.",
    "Every device that was seen since the change has a new certificate.",
    "1 held back, 7 unchanged.",
)


def the_story_is_told_to_its_end(shown):
    rest = shown[1]
    for part in STORY:
        assert part in rest, part
        rest = rest.split(part, 1)[1]


def it_says_that_it_is_a_simulator_before_anything_else(shown):
    assert shown[1].lstrip().startswith("SIMULATOR: ")


def exit_codes_that_are_not_zero_are_told(shown):
    told = [int(code) for code in re.findall(r"^\(exit code (\d): .+\)$", shown[1], re.MULTILINE)]
    assert told == [step.ends for step in demo.STEPS if step.ends]


def it_takes_less_than_three_minutes(shown):
    assert shown[3] < LONGEST


def a_pipe_gets_no_terminal_codes_and_its_own_words_fit_eighty_columns(shown):
    _, out, err, _ = shown
    assert "\x1b" not in out + err
    for step in demo.STEPS:
        assert max(map(len, about_lines(out, step))) <= 80


def about_lines(out, step):
    first = step.about[:30]
    block = out.split(f"\n{first}", 1)[1].partition("\n\n")[0]
    return (first + block).splitlines()


def what_it_says_to_look_at_is_there(shown):
    into = shown[0]
    for path, _ in demo.LOOK_AT:
        assert Path(path.format(demo=into)).is_file()
    assert "<polyline" in (into / "after.html").read_text(encoding="utf-8")
    assert "<polyline" not in (into / "before.html").read_text(encoding="utf-8")


def the_commands_that_it_names_at_the_end_work(shown):
    into = shown[0]
    source, runs, rollback, _ = (command.format(demo=into) for _, command in demo.GO_ON)
    script = f"set -e; {source}; {runs}; {rollback} || test $? = 2"
    done = subprocess.run(
        ["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "3 profiles would be rolled back, in 2 runs." in done.stdout


def nothing_of_a_journal_or_state_is_left_elsewhere(shown):
    _, out, err, _ = shown
    for line in re.findall(r"(?:Journal|The state is kept in):? (\S+)", out + err):
        assert Path(line).is_relative_to(shown[0]), line


PROMISES = (
    every_step_is_shown_in_order_with_the_command_that_is_run,
    the_story_is_told_to_its_end,
    it_says_that_it_is_a_simulator_before_anything_else,
    exit_codes_that_are_not_zero_are_told,
    it_takes_less_than_three_minutes,
    a_pipe_gets_no_terminal_codes_and_its_own_words_fit_eighty_columns,
    what_it_says_to_look_at_is_there,
    the_commands_that_it_names_at_the_end_work,
    nothing_of_a_journal_or_state_is_left_elsewhere,
)


def test_a_whole_demo_keeps_its_promises(tmp_path):
    shown = show(tmp_path)
    for promise in PROMISES:
        promise(shown)


@pytest.mark.parametrize(
    ("command", "ends"),
    [
        ("false", 0),
        ("true", 2),
        ("sh -c 'exit 3'", 2),
        ("intune-scep strong-mapping assess --cloud nowhere", 2),
        ("intune-scep strong-mapping rollout status {demo}/missing.yml", 0),
        ("sh -c 'kill -9 $$'", 0),
        ("ansible-playbook {demo}/missing.yml", 0),
    ],
)
def test_a_step_that_ends_otherwise_ends_the_demo(tmp_path, command, ends):
    with pytest.raises(SystemExit) as ended:
        demo.play(demo.Step("about", command, ends=ends), tmp_path, str(tmp_path))
    told = ended.value.code
    assert isinstance(told, str), "a text is exit code 1"
    assert command.format(demo=tmp_path) in told
    assert "\n" not in told


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_it_is_ended_with_what_it_started_and_says_at_most_a_line(tmp_path, sent):
    with started(tmp_path / "ended") as process:
        while not process.stdout.readline().startswith("$ "):
            assert process.poll() is None
        process.send_signal(sent)
        # Whatever it left behind would keep the pipes open.
        _, err = process.communicate(timeout=30)
    assert process.returncode == 128 + sent
    assert "Traceback" not in err
    assert len(err.splitlines()) == (sent == signal.SIGINT)


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit, OSError])
@pytest.mark.parametrize(
    "command",
    [
        "true",
        "false",
        "sleep 60",
        "sleep 60 & sleep 60",
        "sleep 60 & exit 0",
        "trap '' TERM; sleep 60",
    ],
)
def test_whatever_ends_it_is_told_and_no_command_is_left(command, interruption):
    with subprocess.Popen(
        ["sh", "-c", command], stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        if "60" not in command:
            process.wait()
        with pytest.raises(interruption), demo.ended_with_us(process):
            raise interruption
        assert process.stdout.read() == b"", "it comes to an end when nobody holds the pipe"


@pytest.mark.parametrize("piped", [False, True])
def test_a_terminal_gets_its_cursor_back(tmp_path, piped):
    ours, theirs = os.openpty()
    out = subprocess.DEVNULL if piped else theirs
    with started(tmp_path / "shown", stdout=out, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        while HIDDEN not in shown:
            shown += os.read(ours, 4096)
        process.send_signal(signal.SIGINT)
        # Reading from a terminal whose other end is closed is an error.
        with suppress(OSError):
            while more := os.read(ours, 4096):
                shown += more
    os.close(ours)
    assert process.returncode == 128 + signal.SIGINT
    assert shown.rfind(SHOWN) > shown.rfind(HIDDEN)


def test_a_reader_that_goes_away_ends_it_without_a_traceback(tmp_path):
    with started(tmp_path / "unread") as process:
        process.stdout.readline()
        process.stdout.close()
        err = process.stderr.read()
    assert process.returncode != 0
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "content", ["a file", "a directory with something", "a link to something", "a hidden file"]
)
def test_what_it_did_not_make_is_left_alone(tmp_path, content):
    place = tmp_path / "mine"
    if content == "a file":
        place.write_text("mine", encoding="utf-8")
    else:
        home = tmp_path / "home" if "link" in content else place
        home.mkdir()
        (home / (".x" if "hidden" in content else "x")).write_text("mine", encoding="utf-8")
        if home != place:
            place.symlink_to(home)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(SystemExit, match="left alone"):
        demo.main(["--into", str(place)])
    assert sorted(tmp_path.rglob("*")) == before
