"""A simulated tenant for every test that needs Graph, on time that does not have to pass."""

import asyncio
import json
import shutil
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tests import one_parse_at_a_time

from intune_scep.graph.clouds import CLOUDS
from intune_scep.graph.credentials import StaticCredential
from intune_scep.graph.engine import GraphEngine
from intune_scep.graph.session import GraphSession
from intune_scep.simulator import open_in_process, seed_database
from intune_scep.simulator.messages import Request
from intune_scep.tenant import Tenant

one_parse_at_a_time.install()

CONFIGURATIONS = "/beta/deviceManagement/deviceConfigurations"


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer, so that waiting takes no time.

    It does not jump while a program that was started runs: that lives by the real clock.
    """

    def __init__(self) -> None:
        super().__init__()
        self._offset = 0.0
        self._programs: list[asyncio.SubprocessTransport] = []

    def time(self) -> float:
        return super().time() + self._offset

    def _run_once(self) -> None:
        self._programs = [program for program in self._programs if not program.is_closing()]
        timers = [timer.when() for timer in self._scheduled if not timer.cancelled()]
        if not self._ready and not self._programs and timers:
            self._offset += max(0.0, min(timers) - self.time())
        super()._run_once()

    async def subprocess_exec(self, *args: Any, **options: Any) -> Any:
        transport, protocol = await super().subprocess_exec(*args, **options)
        self._programs.append(transport)
        return transport, protocol


class SimulatedTenant:
    """A tenant file, and what tests ask of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._loop: asyncio.AbstractEventLoop | None = None
        self._start = time.time()
        self.door = open_in_process(path, clock=self._now)

    def _now(self) -> float:
        if self._loop is None:
            # Waiting that took no time has been, for the tenant.
            return max(time.time(), self._start)
        return self._start + self._loop.time() - self._zero

    def run(self, work: Callable[[Tenant], Awaitable[Any]]) -> Any:
        """Run `work(tenant)` on virtual time, which the tenant shares."""
        # Not returned by `main`: asyncio formats what a program returns, however long it is.
        results: list[Any] = []

        async def main() -> None:
            self._start = self._now()
            self._loop = asyncio.get_running_loop()
            self._zero = self._loop.time()
            token = self.door.access_token(expires_in=100_000_000)
            engine = GraphEngine(
                CLOUDS["simulator"],
                StaticCredential(token),
                transport=self.door.transport,
                timeout=30,
            )
            tenant = Tenant(GraphSession(engine), self.door.tenant_id, "simulator")
            try:
                results.append(await work(tenant))
            finally:
                await tenant.close()
                self._start = self._now()
                self._loop = None

        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            runner.run(main())
        return results[0]

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """Call the simulator's control surface."""
        path, _, query = path.partition("?")
        answer = self.door.core.handle(
            Request(
                method=method,
                path=f"/_simulator/{path}",
                query=query,
                headers={"authorization": f"Bearer {self.door.access_token()}"},
                body=b"" if body is None else json.dumps(body).encode(),
            )
        )
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    def requests(self, method: str | None = None) -> list[dict[str, Any]]:
        """Requests the tenant received, items of a $batch included."""
        entries = self.control("GET", "requests")["value"]
        return [item for item in entries if method is None or item["method"] == method]

    def sent(self, method: str | None = None) -> list[dict[str, Any]]:
        """Requests that were sent, a $batch counting as one."""
        return [item for item in self.requests(method) if item["batch"] is None]

    def profiles(self) -> dict[str, dict[str, Any]]:
        """Every profile as Graph would show it, by id, read past all faults and throttling."""
        return self.run(_read_everything) if not self._loop else {}

    def close(self) -> None:
        self.door.close()


async def _read_everything(tenant: Tenant) -> dict[str, dict[str, Any]]:
    found = {}
    async for page in tenant.session.pages("deviceManagement/deviceConfigurations"):
        found |= {item["id"]: item for item in page}
    return found


@pytest.fixture
def virtual_time():
    """Return a function that runs a coroutine on time that does not have to pass."""

    def run(work: Awaitable[Any]) -> Any:
        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            return runner.run(work)

    return run


@pytest.fixture(scope="session")
def _seeded(tmp_path_factory):
    made: dict[str, list[tuple[Any, Path]]] = {}

    def seed(name: str, scenario: Any) -> Path:
        # Two tests may give different tenants one name.
        for known, path in made.setdefault(name, []):
            if known == scenario:
                return path
        path = tmp_path_factory.mktemp("tenants") / f"{name}.db"
        seed_database(path, scenario)
        made[name].append((scenario, path))
        return path

    return seed


@pytest.fixture
def simulated(tmp_path, _seeded):
    """Return a function from a scenario (by name, or made by `bulk`) to a fresh tenant."""
    opened = []

    def start(scenario: Any = "contoso", *, name: str | None = None) -> SimulatedTenant:
        key = name or (scenario if isinstance(scenario, str) else None)
        path = tmp_path / f"tenant{len(opened)}.db"
        if key:
            shutil.copy(_seeded(key, scenario), path)
        else:
            seed_database(path, scenario)
        opened.append(SimulatedTenant(path))
        return opened[-1]

    yield start
    for tenant in opened:
        tenant.close()


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch, tmp_path):
    """No test sees the credentials, the state directory or the CI job of whoever runs it."""
    import os

    from intune_scep.changes.ephemeral import JOB_PREFIXES, JOB_VARIABLES

    for name in list(os.environ):
        if name in JOB_VARIABLES or name.startswith(("AZURE_", "INTUNE_SCEP_", *JOB_PREFIXES)):
            monkeypatch.delenv(name)
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
