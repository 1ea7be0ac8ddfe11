"""What a command has not imported it has not waited for. Modules are counted here, never time."""

import ast
import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from intune_scep.cli.commands import COMMANDS, app
from intune_scep.simulator.scenarios.bulk import bulk

CLI = Path(importlib.import_module("intune_scep.cli").__file__).parent
SCRIPT = """
import json, os, sys
from intune_scep.cli.app import run
code = run(sys.argv[2:])
with open(sys.argv[1], "w") as file:
    file.write("\\n".join([str(code), *sys.modules]))
"""
# What no command needs before it knows what it is asked for.
HEAVY = {
    "pydantic",
    "httpx",
    "kiota_http",
    "msgraph",
    "msgraph_core",
    "azure",
    "jinja2",
    "cryptography",
    "tenacity",
    "asyncio",
    "yaml",
    "starlette",
    "uvicorn",
}
JOBS = {"backup", "changes", "compliance", "desired_state", "graph", "rules", "tenant"}


class Ended:
    """How a command line ended, and which modules its process had then."""

    def __init__(self, file, out, errors):
        code, *self.modules = file.read_text().splitlines()
        self.code = int(code)
        self.packages = {name.partition(".")[0] for name in self.modules}
        self.rooms = {
            name.split(".")[1] for name in self.modules if name.startswith("intune_scep.")
        }
        self.out, self.errors = out, errors

    @property
    def words(self):
        """The words of the command line whose modules were imported."""
        return {
            word for word, entry in COMMANDS.items() if entry.home.split(":")[0] in self.modules
        }


@pytest.fixture
def command(tmp_path):
    def call(*arguments, **given):
        hidden = ("AZURE_", "INTUNE_SCEP_")
        environment = {k: v for k, v in os.environ.items() if not k.startswith(hidden)}
        file = tmp_path / "modules"
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(file), *arguments],
            env={**environment, **given},
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        return Ended(file, done.stdout, done.stderr)

    return call


def test_the_version_is_told_by_the_standard_library(command):
    ended = command("--version")
    assert ended.code == 0
    ours = {name for name in ended.modules if name.startswith("intune_scep")}
    assert ours == {
        "intune_scep",
        "intune_scep.cli",
        "intune_scep.cli.app",
        "intune_scep.cli.process",
        "intune_scep.errors",
        "intune_scep.version",
    }
    assert not HEAVY & ended.packages
    assert not {"typer", "rich", "typing_extensions"} & ended.packages
    assert not {"typing", "logging", "dataclasses", "inspect", "pathlib"} & ended.packages


@pytest.mark.parametrize(
    "arguments", [("--version", "anything"), ("--version", "profiles"), ("--version", "--help")]
)
def test_the_version_is_the_same_whoever_tells_it(command, arguments):
    assert command(*arguments).out == command("--version").out


def test_what_stands_with_the_version_is_still_looked_at(command):
    ended = command("--version", "--typo")
    assert (ended.code, ended.out) == (1, "")
    assert "--typo" in ended.errors


@pytest.mark.parametrize("arguments", [("--help",), ("-h",), (), ("--typo",), ("misspelt",)])
def test_the_root_imports_no_command(command, arguments):
    ended = command(*arguments)
    assert not HEAVY & ended.packages
    assert not ended.words
    assert not JOBS & ended.rooms


@pytest.mark.parametrize("word", COMMANDS)
def test_help_of_a_command_imports_that_command_and_no_job(command, word):
    ended = command(word, "--help")
    assert ended.code == 0
    assert not HEAVY & ended.packages
    assert ended.words == {word}
    assert not JOBS & ended.rooms


@pytest.mark.parametrize(
    "arguments",
    [
        "strong-mapping assess --typo",
        "strong-mapping asess",
        "strong-mapping plan --only",
        "strong-mapping --typo",
        "profiles list --typo",
        "profiles shwo",
        "profiles apply --journal",
        "check --polcy x",
        "report --format",
        "runs --typo",
        "plans show --typo",
        "baseline approve --bye",
        "rules explain --typo",
        "certificate inspect --typo",
        "simulator serve --typo",
        "profils",
    ],
)
def test_a_bad_argument_is_refused_before_anything_is_imported_for_the_work(command, arguments):
    ended = command(*arguments.split())
    assert ended.code == 1
    assert ended.errors
    assert not HEAVY & ended.packages
    assert not JOBS & ended.rooms
    assert "rich" not in ended.packages


def test_completion_imports_only_the_command_that_is_completed(command):
    asked = {"_INTUNE_SCEP_COMPLETE": "complete_bash", "COMP_CWORD": "2"}
    ended = command(COMP_WORDS="intune-scep profiles ex", **asked)
    assert ended.out.split() == ["export"]
    assert ended.words == {"profiles"}
    assert not JOBS & ended.rooms


# The table of commands, and the commands.


def made(word):
    """The command behind a word, as typer makes it."""
    group = typer.main.get_command(app)
    context = group.make_context("intune-scep", [word], resilient_parsing=True)
    return group.resolve_command(context, [word])[1]


@pytest.mark.parametrize("word", COMMANDS)
def test_the_table_says_of_a_command_what_the_command_says(word):
    first, _, _ = made(word).help.partition("\n\n")
    assert " ".join(first.split()) == COMMANDS[word].help


def test_every_command_of_the_room_is_in_the_table():
    homes = {entry.home for entry in COMMANDS.values()}
    found, mounted = set(), set()
    for path in CLI.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        for node in ast.parse(text).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("typer.Typer("):
                found |= {f"intune_scep.cli.{path.stem}:{node.targets[0].id}"}
            if isinstance(node, ast.ImportFrom) and node.module.startswith("intune_scep.cli."):
                mounted |= {
                    f"{node.module}:{item.name}"
                    for item in node.names
                    if f"add_typer({item.asname or item.name}" in text
                }
    assert found - mounted - {"intune_scep.cli.commands:app"} <= homes
    single = {home for home in homes - found if home.startswith("intune_scep.cli.")}
    assert {home.rpartition(":")[2] for home in single} == {"check", "report", "runs"}


def test_help_shows_the_table_in_its_order(command):
    lines = command("--help").out.splitlines()
    begun = [line.split()[1] for line in lines if len(line.split()) > 1]
    assert [word for word in begun if word in COMMANDS] == list(COMMANDS)


# The faces of rooms.

FACES = [
    "",
    ".certificates",
    ".compliance",
    ".declarations",
    ".desired_state",
    ".profiles",
    ".rules",
    ".strong_mapping",
    ".tenant",
]


@pytest.mark.parametrize("face", FACES)
def test_every_name_of_a_face_is_there_whatever_was_imported_before(face):
    """A module of the same name would hide what is imported late."""
    room = importlib.import_module(f"intune_scep{face}")
    for path in Path(room.__file__).parent.glob("*.py"):
        if path.stem not in {"__init__", "__main__"}:
            importlib.import_module(f"{room.__name__}.{path.stem}")
    for name in room.__all__:
        assert not isinstance(getattr(room, name), type(ast)), name
    with pytest.raises(AttributeError, match="no_such_name"):
        room.no_such_name  # noqa: B018


# A whole command.

UNNEEDED = {
    "azure",
    "msal",
    "msgraph",
    "msgraph_core",
    "urllib3",
    "requests",
    "jinja2",
    "uvicorn",
    "starlette",
    "click",
    "pygments",
    "yaml",
    "filelock",
}


@pytest.fixture
def small(simulated):
    return str(simulated(bulk(10), name="bulk10").path)


def test_assessing_imports_what_reading_and_judging_need(command, small):
    ended = command("strong-mapping", "assess", "--cloud", "simulator", "--simulator", small)
    assert ended.code == 2
    assert not UNNEEDED & ended.packages
    assert "httpx._main" not in ended.modules
    assert not {"rich.progress", "rich.live", "rich.markdown"} & set(ended.modules)
    assert not {"backup", "changes", "compliance", "desired_state", "reports"} & ended.rooms
    assert ended.words == {"strong-mapping"}


def test_what_is_printed_for_machines_is_not_drawn(command, small):
    options = ("--cloud", "simulator", "--simulator", small, "--output", "json")
    ended = command("strong-mapping", "assess", *options)
    assert len(json.loads(ended.out)["profiles"]) == 10
    assert "rich" not in ended.packages


def test_a_token_for_a_cloud_needs_neither_the_simulator_nor_azure(command):
    ended = command(
        "strong-mapping",
        "assess",
        INTUNE_SCEP_ACCESS_TOKEN="opaque",
        INTUNE_SCEP_ENDPOINT="http://127.0.0.1:1",
        AZURE_TENANT_ID="contoso.example",
    )
    assert (ended.code, ended.out) == (1, "")
    assert "cannot be reached" in ended.errors
    assert "httpx" in ended.packages
    assert not UNNEEDED & ended.packages
    assert "sqlite3" not in ended.packages
    assert "simulator" not in ended.rooms
