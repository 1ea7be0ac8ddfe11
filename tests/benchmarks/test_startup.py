"""How long a command takes before it does anything, whole processes on both sides.

Compiled files are kept, as an installation has them: each side runs once before it is measured.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from intune_scep.simulator import open_in_process, seed_database
from intune_scep.simulator.scenarios.bulk import bulk

from .ratios import Row, cpu_of

ROUNDS = 7
COMMAND = [sys.executable, "-c", "from intune_scep.cli import main; main()"]
COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}
# What is needed to read a page of Graph, to model and judge it, to read the certificates of roots
# in it, and to print a table; httpx without its command line, which nobody needs. What httpx sends
# with are httpcore and anyio; what the simulator stands on in the same process, sqlite3.
NEEDED = """
import sys
sys.modules["httpx._main"] = None
import asyncio, httpx, rich.console, rich.table, rich.text, tenacity, typer
import cryptography.hazmat.primitives.serialization
from pydantic import BaseModel, Field, TypeAdapter
from kiota_abstractions.authentication import BaseBearerTokenAuthenticationProvider
from kiota_abstractions.request_information import RequestInformation
from kiota_http.httpx_request_adapter import HttpxRequestAdapter
"""
OVER_HTTP = NEEDED + "import anyio._backends._asyncio, httpcore\n"
IN_PROCESS = NEEDED + "import sqlite3\n"


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def measure(row: Row, ours, theirs, *, codes, environment=None) -> None:
    def run_ours():
        return cpu_of(ours, environment={**COMPILED, **(environment or {})}, codes=codes)

    def run_theirs():
        return cpu_of(theirs, environment=COMPILED)

    run_ours()
    run_theirs()
    row.measure(run_ours, run_theirs, rounds=ROUNDS)


@pytest.mark.parametrize(
    ("arguments", "against", "goal", "codes"),
    [
        (["--version"], "pass", 3, (0,)),
        (["--help"], "import typer", 3, (0,)),
        (["strong-mapping", "assess", "--typo"], "import typer", 3, (1,)),
        (["misspelt"], "import typer", 3, (1,)),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_what_a_command_costs_before_it_works(arguments, against, goal, codes):
    row = Row(f"intune-scep {' '.join(arguments)}", f"python -c {against!r}", goal)
    measure(row, [*COMMAND, *arguments], python(against), codes=codes)


@pytest.fixture
def tenant(tmp_path: Path) -> Path:
    """A tenant of ten SCEP profiles."""
    path = tmp_path / "small.db"
    seed_database(path, bulk(10))
    return path


def test_assessing_a_small_tenant_in_process(tenant):
    row = Row("assess a small tenant in the same process", "the imports it needs", 1.6)
    measure(
        row,
        [*COMMAND, "strong-mapping", "assess"],
        python(IN_PROCESS),
        codes=(2,),
        environment={"INTUNE_SCEP_CLOUD": "simulator", "INTUNE_SCEP_SIMULATOR": str(tenant)},
    )


@pytest.fixture
def served(tenant) -> Iterator[dict[str, str]]:
    """The environment of a command that reaches the tenant over HTTP."""
    door = open_in_process(tenant)
    token = door.access_token()
    door.close()
    serve = [*COMMAND, "simulator", "serve", "--database", str(tenant)]
    quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    with subprocess.Popen(serve, **quiet) as server:
        try:
            yield {
                "INTUNE_SCEP_CLOUD": "simulator",
                "INTUNE_SCEP_ENDPOINT": server.stdout.readline().strip(),
                "INTUNE_SCEP_ACCESS_TOKEN": token,
            }
        finally:
            server.terminate()


def test_assessing_a_small_tenant_over_http(served):
    row = Row("assess a small tenant over HTTP", "the imports it needs", 1.6)
    command = [*COMMAND, "strong-mapping", "assess"]
    measure(row, command, python(OVER_HTTP), codes=(2,), environment=served)


def test_the_other_side_imports_nothing_that_ours_does_not(tenant):
    """The list above is what our process really has at its end, and no more."""
    script = (
        "import json, os, sys\nfrom intune_scep.cli.app import run\n"
        "run(['strong-mapping', 'assess', '--cloud', 'simulator', '--simulator', sys.argv[1]])\n"
        "print(json.dumps(list(sys.modules)), file=sys.stderr)"
    )
    ended = subprocess.run(
        [*python(script), str(tenant)], capture_output=True, text=True, check=True, timeout=60
    )
    ours = set(json.loads(ended.stderr))
    names = "import json, sys\nprint(json.dumps(list(sys.modules)))"
    before = json.loads(subprocess.check_output(python(names), timeout=60))
    after = json.loads(subprocess.check_output(python(IN_PROCESS + names), timeout=60))
    foreign = {
        name
        for name in set(after) - set(before) - ours - {"httpx._main"}
        if name.partition(".")[0] not in sys.stdlib_module_names
    }
    assert not foreign
