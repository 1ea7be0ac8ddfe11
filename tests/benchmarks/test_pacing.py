"""What pacing costs, and what it spares where others are at work in the tenant."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from intune_scep.compliance import check_tenant
from intune_scep.graph.clouds import CLOUDS
from intune_scep.graph.credentials import StaticCredential
from intune_scep.graph.engine import GraphEngine
from intune_scep.graph.pacing import Pacer
from intune_scep.graph.session import GraphSession
from intune_scep.graph.write_once import write_once
from intune_scep.simulator.messages import Request
from intune_scep.simulator.scenarios.bulk import bulk
from intune_scep.simulator.store import read_meta
from intune_scep.simulator.tokens import issue_token
from intune_scep.tenant import Tenant

from .pace import unpaced
from .ratios import Row, wall

COUNT = 900
CONFIGURATIONS = "deviceManagement/deviceConfigurations"
WRITES = 400
OTHERS_WRITES = 60
OTHERS_PROFILE = "00000000-0000-4000-8000-000000000000"
WINDOW_SECONDS = 20.0
LATENCY_SECONDS = 0.3
AT_WORK = 16
TOO_MANY_REQUESTS = 429


class FarAway(httpx.AsyncBaseTransport):
    """A transport whose way takes its time."""

    def __init__(self, inner):
        self._inner = inner

    async def handle_async_request(self, request):
        await asyncio.sleep(LATENCY_SECONDS / 2)
        answer = await self._inner.handle_async_request(request)
        await asyncio.sleep(LATENCY_SECONDS / 2)
        return answer


class Description:
    """A write of one profile's description."""

    def __init__(self, session, profile):
        self._session = session
        self._path = f"{CONFIGURATIONS}/{profile['id']}"
        self._body = {"@odata.type": profile["@odata.type"], "description": "changed"}

    async def look(self):
        now = await self._session.read(self._path)
        return now if now["description"] == "changed" else None

    def announce(self):
        """Nobody is told."""

    async def send(self):
        return await self._session.write("PATCH", self._path, self._body)


async def change_all(tenant):
    """Write every profile, as a run does."""
    session = tenant.session
    profiles = [
        item
        async for page in session.pages(CONFIGURATIONS)
        for item in page
        if "cep" in item["@odata.type"].lower()
    ]
    waiting = iter(profiles)

    async def work():
        for profile in waiting:
            write = Description(session, profile)
            await write_once(write, place=session.take_write_place, patience=10)

    await asyncio.gather(*(work() for _ in range(AT_WORK)))


def another_application(graph):
    """Sends writes for ever, evenly; they lead to nothing, and are counted."""
    with graph.door.core.store.transaction() as connection:
        meta = read_meta(connection)
    token = issue_token(meta, now=graph._now(), application="another", expires_in=10_000_000)

    async def send():
        while True:
            graph.door.core.handle(
                Request(
                    method="PATCH",
                    path=f"/beta/{CONFIGURATIONS}/{OTHERS_PROFILE}",
                    query="",
                    headers={"authorization": f"Bearer {token}", "x-other": "1"},
                    body=b"{}",
                )
            )
            await asyncio.sleep(WINDOW_SECONDS / OTHERS_WRITES)

    return send


def test_writes_refused_beside_another_application(simulated):
    graph = simulated(bulk(WRITES))
    graph.control("PUT", "settings", {"tenant_writes": 100})
    graph.door.transport = FarAway(graph.door.transport)

    async def work(tenant):
        other = asyncio.create_task(another_application(graph)())
        await asyncio.sleep(WINDOW_SECONDS)
        await change_all(tenant)
        other.cancel()

    graph.run(work)
    ours = [item for item in graph.requests("PATCH") if OTHERS_PROFILE not in item["path"]]
    refused = sum(item["status"] == TOO_MANY_REQUESTS for item in ours)
    work = f"Writes refused where another application takes {OTHERS_WRITES} of 100"
    Row(work, "all writes", 0.02, "writes").show([refused], [len(ours)])


def checking(database):
    """A process that checks a tenant."""
    command = [str(Path(sys.executable).with_name("intune-scep")), "check", "--output", "json"]
    environment = {"INTUNE_SCEP_CLOUD": "simulator", "INTUNE_SCEP_SIMULATOR": str(database)}
    return subprocess.Popen(command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL)


def test_requests_of_two_processes_at_once(simulated):
    alone, together = simulated(bulk(COUNT)), simulated(bulk(COUNT))
    assert checking(alone.path).wait() in (0, 2)
    both = [checking(together.path) for _ in range(2)]
    assert [process.wait() in (0, 2) for process in both] == [True, True]
    ours, theirs = len(together.sent()), 2 * len(alone.sent())
    work = f"Requests of two processes that check {COUNT} profiles at once"
    Row(work, "twice those of one", 1.1, "requests").show([ours], [theirs])


@pytest.fixture
def checked(simulated):
    """Return a function that checks with a pacer, and takes the time."""
    graph = simulated(bulk(COUNT))

    def check(pacer):
        async def main():
            engine = GraphEngine(
                CLOUDS["simulator"],
                StaticCredential(graph.door.access_token()),
                transport=graph.door.transport,
            )
            tenant = Tenant(GraphSession(engine, pacer), graph.door.tenant_id, "simulator")
            report = await check_tenant(tenant)
            await tenant.close()
            assert len(report.profiles) > COUNT

        # Each round has Graph's whole window.
        graph.control("PUT", "settings", {"throttling": False})
        return wall(lambda: asyncio.run(main()))

    return check


def test_checking_with_a_pacer(checked):
    checked(unpaced())
    Row(f"Checking {COUNT} profiles", "the same without a pacer", 2, "s wall").measure(
        lambda: checked(Pacer()), lambda: checked(unpaced()), rounds=3
    )
