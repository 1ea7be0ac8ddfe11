"""Opens tenants for the tests, behind either door."""

import asyncio
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from intune_scep.simulator import Door, open_in_process, seed_database

from .graph import Graph

IN_PROCESS_ROOT = "https://graph.simulator.invalid"


@dataclass
class Tenant:
    """One tenant, a caller of it, and how to end both.

    Args:
        door: The in-process door: gives tokens, whichever door requests go through.
        graph: Calls the tenant through the door under test.
        close: Ends both.
    """

    door: Door
    graph: Graph
    close: Callable[[], None]


def open_tenant(path: Path | None = None, scenario: str = "empty") -> Tenant:
    """A fresh tenant behind the in-process door.

    Args:
        path: Where its file goes. None: somewhere temporary.
        scenario: What it holds.
    """
    folder = tempfile.TemporaryDirectory() if path is None else None
    file = path or Path(folder.name if folder else "") / "tenant.db"
    seed_database(file, scenario)
    door = open_in_process(file)
    runner = asyncio.Runner()
    client = httpx.AsyncClient(transport=door.transport)

    def close() -> None:
        runner.run(client.aclose())
        runner.close()
        door.close()
        if folder:
            folder.cleanup()

    return Tenant(door, Graph(IN_PROCESS_ROOT, client, runner, door.access_token()), close)
