"""docs/migration.md is run from its first line to its last, and its outputs are compared."""

import json
import os
import re
import shlex
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from tests.domain_answers import domain_answers, domain_controller
from tests.length import LONG

from intune_scep.simulator import FleetDriver

from .commands import COMMAND
from .test_certificate_cli import SID, TAG, mint

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "migration.md"
LEFT_OUT = "…"
PART = re.compile(
    r"^```(?P<kind>\w*)\n(?P<block>.*?)^```$|\*\*(?P<hours>\d+) hours later\*\*",
    re.MULTILINE | re.DOTALL,
)
ENDS = re.compile(r"^\(exit code (\d+): .+\)$")
CLOCK = "intune-scep simulator advance --hours {}"


@dataclass(frozen=True)
class Shown:
    """A command of the page, what the page says it prints, and its exit code."""

    command: str
    output: tuple[str, ...]
    code: int


@dataclass(frozen=True)
class File:
    name: str
    content: str


def parts(text):
    """What the page asks for, in its order: files, commands, and hours that pass."""
    for found in PART.finditer(text):
        if found["hours"]:
            yield Shown(CLOCK.format(found["hours"]), (LEFT_OUT,), 0)
        elif found["kind"] == "yaml":
            name = re.match(r"# (\S+\.yml)\n", found["block"])
            assert name, f"a file without its name: {found['block'][:60]}"
            yield File(name[1], found["block"])
        else:
            assert found["kind"] == "console", f"what is {found['kind']!r}?"
            yield from commands(found["block"])


def commands(block):
    first, *rest = re.split(r"^\$ ", block, flags=re.MULTILINE)
    assert not first.strip(), f"an output without a command: {first}"
    for each in rest:
        command, *lines = each.rstrip("\n").split("\n")
        ends = ENDS.match(lines[-1]) if lines else None
        yield Shown(command, tuple(lines[:-1] if ends else lines), int(ends[1]) if ends else 0)


def plain(line):
    return " ".join(line.split())


def pattern(lines):
    """What an output must look like: `…` alone is any lines, in a line any text."""
    told = []
    for line in lines:
        if line == LEFT_OUT:
            told.append(r"(?:[^\n]*\n)*?")
        else:
            told.append(r"[^\n]*?".join(map(re.escape, plain(line).split(LEFT_OUT))) + "\n")
    return re.compile("".join(told))


def fits(lines, output):
    """Whether an output is what the page shows of it. Spaces are not compared."""
    text = "".join(f"{plain(line)}\n" for line in output.splitlines())
    return bool(pattern(lines).fullmatch(text))


@cache
def asked_for():
    return tuple(parts(PAGE.read_text(encoding="utf-8")))


class Shell:
    """Runs one command after the other as a shell would, exports included."""

    def __init__(self, home):
        (home / "bin").mkdir()
        program = home / "bin" / "intune-scep"
        program.write_text(f'#!/bin/sh\nexec {" ".join(COMMAND)} "$@"\n', encoding="utf-8")
        program.chmod(0o755)
        self.home = home
        self.environment = {
            **os.environ,
            "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
        }

    def __call__(self, command):
        kept = self.home / "kept"
        script = f"{command}\ncode=$?\nenv -0 > '{kept}'\nexit $code"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.home,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        pairs = kept.read_text(encoding="utf-8").split("\0")
        self.environment = dict(pair.split("=", 1) for pair in pairs if pair)
        return done.returncode, done.stdout


class Here:
    """The same in this process, which is faster. It knows what the page needs of a shell."""

    def __init__(self, home, cli, monkeypatch):
        monkeypatch.chdir(home)
        self.home, self.cli, self.monkeypatch = home, cli, monkeypatch
        self.environment = os.environ

    def __call__(self, command):
        name, *words = shlex.split(command)
        if name in {"export", "unset"}:
            change = {"export": self.monkeypatch.setenv, "unset": self.monkeypatch.delenv}[name]
            for word in words:
                change(*word.split("=", 1))
            return 0, ""
        assert name == "intune-scep", command
        if words[-2:-1] != [">"]:
            code, out, err = self.cli(*words)
            return code, err + out
        code, out, err = self.cli(*words[:-2])
        (self.home / words[-1]).write_text(out, encoding="utf-8")
        return code, err


@pytest.fixture
def shell(tmp_path, cli, monkeypatch):
    """A real one in `make test-long`."""
    return Shell(tmp_path) if LONG else Here(tmp_path, cli, monkeypatch)


def given_by_others(home):
    """What the page says an administrator of the directory and a CA hand over."""
    domain = domain_answers(domain_controller(counts={39: 12}))
    (home / "domain.json").write_text(json.dumps(domain), encoding="utf-8")
    (home / "certificates").mkdir()
    mint(home / "certificates" / "mac.pem", TAG + SID)


def test_the_whole_page_is_as_it_says(tmp_path, shell):
    given_by_others(tmp_path)
    for part in asked_for():
        if isinstance(part, File):
            (tmp_path / part.name).write_text(part.content, encoding="utf-8")
            continue
        code, output = shell(part.command)
        assert code == part.code, f"{part.command}\n{output}"
        assert fits(part.output, output), f"{part.command}\n{output}"
        if " simulator seed " in part.command:
            spare_the_waiting(tmp_path / shell.environment["INTUNE_SCEP_SIMULATOR"])


def spare_the_waiting(tenant):
    """Reports are written at once; nothing that the page shows depends on how long that takes."""
    with FleetDriver(tenant) as fleet:
        fleet.change_settings(export_seconds=0)


def test_a_command_in_the_text_is_one_that_is_run():
    run = [part.command for part in asked_for() if isinstance(part, Shown)]
    text = PART.sub("", PAGE.read_text(encoding="utf-8"))
    named = re.findall(r"`((?:intune-scep|rollout) [^`]+)`", text)
    assert named
    for command in named:
        words = command.removesuffix(" N")
        assert any(words in each for each in run), command


def test_a_reader_is_led_to_the_page_and_away_from_it():
    for page in ("README.md", "docs/rollout.md", "docs/preflight.md"):
        assert "migration.md" in (ROOT / page).read_text(encoding="utf-8"), page


@pytest.mark.parametrize(
    ("lines", "output", "expected"),
    [
        (["a", "b"], "a\nb\n", True),
        (["a", "b"], "a\nx\nb\n", False),
        (["a", "…", "b"], "a\nx\ny\nb\n", True),
        (["a", "…", "b"], "a\nb\n", True),
        (["a"], "a\nb\n", False),
        (["b"], "a\nb\n", False),
        (["…", "b"], "a\nb\n", True),
        (["…", "c"], "a\nb\n", False),
        ([], "", True),
        ([], "a\n", False),
        (["a … c"], "a  b   c\n", True),
        (["a … c"], "a\nb c\n", False),
        (["a.c"], "abc\n", False),
        (["  12  new …"], "12 new certificates\n", True),
        (["12 new …"], "112 new certificates\n", False),
    ],
)
def test_an_output_fits_only_what_is_shown_of_it(lines, output, expected):
    assert fits(lines, output) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("```console\n$ a\n```", [Shown("a", (), 0)]),
        ("```console\n$ a\nb\n(exit code 2: x)\n```", [Shown("a", ("b",), 2)]),
        ("```console\n$ a\n$ b\nc\n```", [Shown("a", (), 0), Shown("b", ("c",), 0)]),
        ("**8 hours later** x", [Shown("intune-scep simulator advance --hours 8", ("…",), 0)]),
        ("8 hours later, **8 hours** later", []),
        ("```yaml\n# a.yml\nb: 1\n```", [File("a.yml", "# a.yml\nb: 1\n")]),
    ],
)
def test_the_page_is_read_as_it_is_written(text, expected):
    assert list(parts(text)) == expected


@pytest.mark.parametrize("text", ["```sh\na\n```", "```yaml\na: 1\n```", "```console\na\n```"])
def test_a_block_that_nobody_would_run_is_refused(text):
    with pytest.raises(AssertionError):
        list(parts(text))
