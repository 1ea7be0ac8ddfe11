"""Opens tenants for the tests, behind either door."""

import asyncio
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any
from unittest.mock import patch

import httpx

from intune_scep.simulator import Door, open_in_process, seed_database, wire
from intune_scep.simulator.core import Core
from intune_scep.simulator.messages import Request, Response
from intune_scep.simulator.scenario import Scenario

from .graph import Graph

IN_PROCESS_ROOT = "https://graph.simulator.invalid"


@dataclass
class Tenant:
    """One tenant and a caller of it.

    Args:
        door: The in-process door: gives tokens, whichever door requests go through.
        graph: Calls the tenant through the door under test.
        ends: What to undo when the test is over.
    """

    door: Door
    graph: Graph
    ends: ExitStack

    def close(self) -> None:
        """End both."""
        self.ends.close()


class Switchboard:
    """One server for many tests: hands each request to the tenant of the moment."""

    core: Core | None = None

    def handle(self, request: Request) -> Response:
        """Answer as the present tenant."""
        assert self.core is not None
        return self.core.handle(request)


def open_tenant(path: Path | None = None, scenario: str | Scenario | None = "empty") -> Tenant:
    """A tenant behind the in-process door.

    Args:
        path: Its file. None: somewhere temporary.
        scenario: What to seed the file with. None: it is seeded.
    """
    ends = ExitStack()
    door = _open(ends, path, scenario)
    client = httpx.AsyncClient(transport=door.transport)
    return _tenant(ends, door, IN_PROCESS_ROOT, client)


def open_tenant_on(
    root: str, switchboard: Switchboard, path: Path, scenario: str | Scenario | None = "empty"
) -> Tenant:
    """A tenant behind the wire door of a running server.

    Args:
        root: The server's URL.
        switchboard: The server's.
        path: The tenant's file.
        scenario: What to seed the file with. None: it is seeded.
    """
    ends = ExitStack()
    door = _open(ends, path, scenario)
    switchboard.core = door.core
    return _tenant(ends, door, root, httpx.AsyncClient(trust_env=False))


@contextmanager
def running(core: Any, tls: wire.Tls | None = None) -> Iterator[str]:
    """A real server on a free port of loopback, until the block ends.

    Yields:
        Its URL.
    """
    servers: list[Any] = []
    urls: Queue[str] = Queue()

    class Stoppable(wire._Server):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            servers.append(self)

    host = "localhost" if tls else "127.0.0.1"
    options = {"host": host, "tls": tls, "announce": urls.put}
    with patch.object(wire, "_Server", Stoppable):
        thread = Thread(target=wire.serve, args=(core,), kwargs=options)
        thread.start()
        url = urls.get(timeout=30)
    try:
        yield url
    finally:
        servers[0].should_exit = True
        thread.join(timeout=30)


@contextmanager
def served(
    path: Path, scenario: str | Scenario | None = "empty", tls: wire.Tls | None = None
) -> Iterator[Tenant]:
    """A tenant behind a wire door of its own, https when `tls` is given."""
    switchboard = Switchboard()
    with running(switchboard, tls) as root:
        tenant = open_tenant_on(root, switchboard, path, scenario)
        if tls:
            context = ssl.create_default_context(cafile=authority_of(tls))
            client = httpx.AsyncClient(verify=context, trust_env=False)
            tenant = _tenant(tenant.ends, tenant.door, root, client)
        try:
            yield tenant
        finally:
            tenant.close()


@contextmanager
def commanded(path: Path, scenario: str, *options: str) -> Iterator[str]:
    """`intune-scep simulator serve` in a process of its own, until the block ends.

    Yields:
        Its URL.
    """
    command = [str(Path(sys.executable).with_name("intune-scep")), "simulator", "serve"]
    command += ["--database", str(path), "--scenario", scenario, *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


@contextmanager
def commanded_tenant(path: Path, scenario: str, folder: Path, *options: str) -> Iterator[Tenant]:
    """A tenant that the command serves over https, with the certificates of `folder`."""
    served_by = commanded(path, scenario, "--tls-directory", str(folder), *options)
    with served_by as root, ExitStack() as ends:
        door = _open(ends, path, None)
        context = ssl.create_default_context(cafile=folder / "ca.pem")
        client = httpx.AsyncClient(verify=context, trust_env=False)
        yield _tenant(ends, door, root, client)


def authority_of(tls: wire.Tls) -> Path:
    """The CA certificate a client must trust."""
    return tls.certificate.with_name("ca.pem")


def _open(ends: ExitStack, path: Path | None, scenario: str | Scenario | None) -> Door:
    folder = ends.enter_context(tempfile.TemporaryDirectory()) if path is None else ""
    file = path or Path(folder) / "tenant.db"
    if scenario is not None:
        seed_database(file, scenario)
    door = open_in_process(file)
    ends.callback(door.close)
    return door


def _tenant(ends: ExitStack, door: Door, root: str, client: httpx.AsyncClient) -> Tenant:
    runner = ends.enter_context(asyncio.Runner())
    ends.callback(lambda: runner.run(client.aclose()))
    return Tenant(door, Graph(root, client, runner, door.access_token()), ends)
