"""Names that a terminal would obey or cannot show, and output that cannot be written."""

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from intune_scep.simulator.scenarios.bulk import bulk
from intune_scep.texts import printable

from .commands import mapped, refused
from .half_characters import STANDS_FOR_HALF, install
from .playbooks import ROOT

COMMAND = [sys.executable, "-m", "tests.e2e.half_characters"]
COUNT = 4
NAMES = {
    "ANSI escapes": "\x1b[2J\x1b]0;owned\x07red",
    "C1 controls": "\x9b2J\x90q\x9c",
    "bidi controls": "\u202egnp.exe\u2066\u2069",
    "invisible letters": "ze\u200bro\u00ad\ufeff\U000e0041",
    "line separators": "one\u2028two\u2029three\x85four\rfive",
    "half a surrogate pair": "half \ud800",
}
HOSTILE = "".join(NAMES.values()) + " Z\u00fcrich \u540d"


@pytest.fixture
def few(use, monkeypatch):
    """A tenant whose profiles all have hostile names, each its own."""
    scenario = bulk(COUNT, 1, platforms=("ios",))
    kept = HOSTILE.replace("\ud800", STANDS_FOR_HALF)
    profiles = tuple(
        {**wire, "displayName": f"{number} {kept}", "description": kept}
        for number, wire in enumerate(scenario.profiles)
    )
    install(monkeypatch)
    return use(replace(scenario, profiles=profiles), "hostile")


def require_harmless(text):
    """Nothing is in it that `printable` would not let through."""
    assert text == printable(text)
    assert "Z\u00fcrich \u540d" in text


def require_same(text, names):
    """JSON that says the names as they are, in characters that harm nobody."""
    require_harmless(text)
    said = json.dumps(json.loads(text))
    for name in names:
        assert json.dumps(name)[1:-1] in said


SHOWN = {
    "assess": (2, "strong-mapping", "assess"),
    "plan": (2, "strong-mapping", "plan"),
    "plan, saved": (0, "plans", "show", "{path}/plan.json"),
    "list": (0, "profiles", "list"),
    "apply": (0, "strong-mapping", "apply", "--yes", "--journal", "{path}/new.jsonl"),
    "verify": (0, "strong-mapping", "verify", "--journal", "{path}/run.jsonl"),
    "rollback, foreseen": (2, "profiles", "rollback", "--dry-run", "--journal", "{path}/run.jsonl"),
    "rollback": (0, "strong-mapping", "rollback", "--yes", "--journal", "{path}/run.jsonl"),
}


@pytest.mark.parametrize("output", ["text", "json"])
@pytest.mark.parametrize("how", SHOWN)
def test_names_are_escaped_in_both_outputs(few, cli, tmp_path, how, output):
    names = [w["displayName"] for w in few.profiles().values() if "Scep" in w["@odata.type"]]
    assert cli("strong-mapping", "plan", "--plan", tmp_path / "plan.json")[0] == 2
    if "run.jsonl" in str(SHOWN[how]):
        journal = tmp_path / "run.jsonl"
        assert cli("strong-mapping", "apply", "--yes", "--journal", journal)[0] == 0
    wanted, *words = SHOWN[how]
    code, out, err = cli(*(word.format(path=tmp_path) for word in words), "-o", output)
    assert code == wanted, err
    assert err == printable(err)
    if output == "json":
        require_same(out, names)
    else:
        require_harmless(out)


def test_runs_escapes_the_path_of_a_journal_in_both_outputs(few, cli, tmp_path):
    journal = tmp_path / "run \x1b[31m\x9b\u202e.jsonl"
    assert cli("strong-mapping", "apply", "--yes", "--journal", journal)[0] == 0
    _, text, _ = cli("runs")
    assert text == printable(text)
    assert "\\x1b[31m\\x9b\\u202e" in text
    _, text, _ = cli("runs", "-o", "json")
    assert text == printable(text)
    [row] = json.loads(text)["runs"]
    assert row["journal"] == str(journal)


def test_a_conflict_in_a_hostile_name_is_told_harmlessly_in_both_outputs(few, cli):
    rule = {"match": {"method": "PATCH", "nth": [2]}, "when": "before", "effect": 400}
    for output in ("text", "json"):
        few.control("PUT", "faults", [rule])
        code, out, err = cli("strong-mapping", "apply", "--yes", "-o", output)
        assert code == 1
        require_harmless(out)
        assert err == printable(err)
        assert cli("strong-mapping", "rollback", "--yes", "--journal", journal_in(err))[0] == 0


def journal_in(err):
    [path] = [line.removeprefix("Journal: ") for line in err.splitlines() if "Journal: " in line]
    return path


def test_an_error_about_a_hostile_name_is_one_harmless_line(few, cli):
    answer = cli("strong-mapping", "plan", "--only", HOSTILE)
    refused(answer, "\\x1b[2J", "\\u202egnp.exe", "\\x9b2J", "\\ud800")
    assert answer[2] == printable(answer[2])


# Output that cannot be written


@contextmanager
def _full():
    with Path("/dev/full").open("wb") as file:
        yield file


@contextmanager
def _gone():
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as file:
        yield file


OUTPUTS = {
    "a full disk": (_full, 1),
    "a reader that went away": (_gone, 0),
}


def apply(output, stdout, **environment):
    return subprocess.run(
        [*COMMAND, "strong-mapping", "apply", "--yes", "--without-certificates", "-o", output],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )


def require_finished(few, cli):
    """Every profile was changed, once, and the journal says so."""
    assert mapped(few) == len(few.requests("PATCH")) == COUNT
    code, listed, _ = cli("runs", "-o", "json")
    [run] = json.loads(listed)["runs"]
    assert (code, run["state"], run["profiles"], run["left"]) == (0, "finished", COUNT, 0)
    assert cli("strong-mapping", "verify", "--journal", run["journal"])[0] == 0


@pytest.mark.parametrize("output", ["text", "json"])
@pytest.mark.parametrize("where", OUTPUTS)
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="This system has no /dev/full.")
def test_a_run_whose_output_is_lost_is_finished_and_recorded(few, cli, where, output):
    opened, code = OUTPUTS[where]
    with opened() as stdout:
        ended = apply(output, stdout)
    err = ended.stderr.decode()
    assert ended.returncode == code, err
    assert "Traceback" not in err
    assert ("No space left on device" in err, "exit code was 0" in err) == (code == 1,) * 2
    require_finished(few, cli)


def test_a_run_that_head_reads_is_finished_and_recorded(few, cli):
    ended = subprocess.run(
        [
            "sh",
            "-c",
            '"$@" | head -1',
            "sh",
            *COMMAND,
            "strong-mapping",
            "apply",
            "--yes",
            "--without-certificates",
        ],
        cwd=ROOT,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stdout.count(b"\n")) == (0, 1)
    assert b"Traceback" not in ended.stderr
    require_finished(few, cli)


@pytest.mark.parametrize("output", ["text", "json"])
@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "utf-8", "cp1252:strict"])
def test_a_terminal_that_lacks_characters_shows_escapes_and_the_run_is_finished(
    few, cli, encoding, output
):
    ended = apply(output, subprocess.PIPE, PYTHONIOENCODING=encoding)
    assert ended.returncode == 0, ended.stderr
    said = (ended.stdout + ended.stderr).decode(encoding.partition(":")[0])
    assert "Traceback" not in said
    assert said == printable(said)
    assert "\\ud800" in said
    assert ("\u540d" in said) == (encoding == "utf-8")
    require_finished(few, cli)
