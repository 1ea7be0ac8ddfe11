"""The door without a socket, as an httpx client sees it."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from intune_scep.simulator import open_in_process
from intune_scep.simulator.core import Core

from .conftest import CONFIGURATIONS, Graph

URL = f"https://graph.simulator.invalid/beta/{CONFIGURATIONS}"
KILLED = """
import asyncio, sys, httpx
from intune_scep.simulator import open_in_process
door = open_in_process(sys.argv[1])
async def main():
    headers = {"Authorization": "Bearer " + door.access_token()}
    async with httpx.AsyncClient(transport=door.transport, headers=headers) as client:
        await client.post(sys.argv[2], json={
            "@odata.type": "#microsoft.graph.windows81SCEPCertificateProfile", "displayName": "x"})
asyncio.run(main())
"""
LIGHT = """
import sys
from intune_scep.simulator import open_in_process
door = open_in_process(sys.argv[1])
door.core.handle
heavy = {"starlette", "uvicorn", "typer", "jwt", "cryptography", "pydantic", "msgraph"}
print(sorted(heavy & set(sys.modules)))
"""


def ask(graph: Graph, method: str = "GET", **more: Any) -> httpx.Response:
    async def run() -> httpx.Response:
        async with httpx.AsyncClient(transport=graph.door.transport) as client:
            headers = {"Authorization": f"Bearer {graph.token}"}
            return await client.request(method, URL, headers=headers, **more)

    return asyncio.run(run())


def test_answers_any_host_and_builds_links_from_it(graph: Graph) -> None:
    answer = ask(graph, params={"$top": "1"})
    assert answer.status_code == 200
    assert answer.json()["@odata.context"].startswith("https://graph.simulator.invalid/beta/")
    assert ask(graph, "HEAD").content == b""


@pytest.mark.parametrize(
    ("effect", "error"),
    [
        ("close", httpx.RemoteProtocolError),
        ("truncate", httpx.RemoteProtocolError),
        ("slow", httpx.ReadTimeout),
        ("drip", httpx.ReadTimeout),
    ],
)
def test_effects_are_errors_and_nobody_waits(
    graph: Graph, effect: str, error: type[Exception]
) -> None:
    late = effect in ("slow", "drip")
    rule = {"effect": effect, "when": "after", "times": 1}
    graph.control("PUT", "faults", [rule | ({"seconds": 500} if late else {})])
    with pytest.raises(error):
        ask(graph)
    assert graph.control("GET", "clock")["skew"] == (500 if late else 0)
    assert ask(graph).status_code == 200


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_ends_the_process_and_leaves_the_tenant_whole(
    graph: Graph, database: Path, when: str
) -> None:
    graph.control("PUT", "faults", [{"effect": "kill", "when": when, "times": 1}])
    arguments = [sys.executable, "-c", KILLED, str(database), URL]
    assert subprocess.run(arguments, check=False).returncode == -9
    assert len(graph.list()) == (when == "after")
    assert subprocess.run(arguments, check=False).returncode == 0
    assert len(graph.list()) == (when == "after") + 1
    core = Core(database)
    assert core.store.connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    core.close()


def test_opening_loads_nothing_heavy(database: Path) -> None:
    arguments = [sys.executable, "-c", LIGHT, str(database)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_tokens_take_roles_and_a_lifetime(database: Path) -> None:
    door = open_in_process(database)
    assert door.tenant_id == "11111111-2222-4333-8444-555555555555"
    assert len({door.access_token(), door.access_token([]), door.access_token(None, 5)}) == 3
    door.close()
