"""One core, two doors: a difference between them is a bug."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from intune_scep.simulator import seed_database

from .graph import Graph, Json
from .harness import open_tenant, served
from .recording import Step, recording

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?")
COMPARED = (
    "content-type", "content-length", "retry-after", "location", "request-id", "client-request-id",
    "www-authenticate",
)  # fmt: skip


def play(graph: Graph) -> list[tuple[str, int, Json, str]]:
    """Statuses, headers and bodies of the whole sequence."""
    created: list[str] = []
    answers = []
    for step in recording():
        response = perform(graph, step, created)
        if response.status_code == 201:
            created.append(response.json()["id"])
        headers = {
            name: neutral(graph, response.headers[name])
            for name in COMPARED
            if name in response.headers
        }
        # The roots differ in length and so do the bodies that hold them.
        headers.pop("content-length", None)
        text = neutral(graph, response.text)
        answers.append((f"{step.method} {step.path}", response.status_code, headers, text))
    return answers


def perform(graph: Graph, step: Step, created: list[str]) -> httpx.Response:
    caller = graph.with_token(None) if step.anonymous else graph
    return caller.send(
        step.method,
        filled(step.path, created),
        json.loads(filled(json.dumps(step.body), created)) if step.body is not None else None,
        content=step.content,
        headers=step.headers,
    )


def filled(text: str, created: list[str]) -> str:
    return re.sub(r"\{(\d+)\}", lambda match: created[int(match[1])], text)


def neutral(graph: Graph, text: str) -> str:
    """Without what must differ: the host asked, and the instant."""
    return INSTANT.sub("<instant>", text.replace(graph.root, "<root>"))


def test_both_doors_answer_a_long_sequence_alike(tmp_path: Path) -> None:
    """SIMULATOR.md 1: one core, two doors."""
    first, second = tmp_path / "first.db", tmp_path / "second.db"
    seed_database(first, "contoso")
    shutil.copy(first, second)
    tenant = open_tenant(first, scenario=None)
    try:
        inside = play(tenant.graph)
    finally:
        tenant.close()
    with served(second, scenario=None) as tenant:
        outside = play(tenant.graph)
    assert len(inside) > 100
    pairs = zip(inside, outside, strict=True)
    assert [pair for pair in pairs if pair[0] != pair[1]] == []


def test_the_command_serves_a_tenant_and_says_where(tmp_path: Path) -> None:
    """`intune-scep simulator serve` on a free port, and a token made by the command."""
    database = tmp_path / "tenant.db"
    command = [str(Path(sys.executable).with_name("intune-scep")), "simulator"]
    server = subprocess.Popen(
        [*command, "serve", "--host", "127.0.0.1", "--port", "0", "--database", str(database),
         "--scenario", "contoso"],
        stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        line = server.stdout.readline()
        match = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert match, line
        token = subprocess.run(
            [*command, "token", "--database", str(database)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        profiles = ask(match[0], token)
        assert len(profiles) > 100
    finally:
        server.terminate()
        server.wait(timeout=20)
        if server.stdout is not None:
            server.stdout.close()


def ask(root: str, token: str) -> list[Any]:
    with httpx.Client(trust_env=False) as client:
        response = client.get(
            f"{root}/beta/deviceManagement/deviceConfigurations",
            headers={"Authorization": f"Bearer {token}"},
        )
    assert response.status_code == 200
    values: list[Any] = response.json()["value"]
    return values
