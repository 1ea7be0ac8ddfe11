"""All processes of an application in a tenant on a machine are paced together, if they can be."""

import asyncio
import logging
import os
import sqlite3
import stat
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intune_scep.connection import ConnectionOptions
from intune_scep.errors import GraphError
from intune_scep.files import state_directory
from intune_scep.graph import pacing
from intune_scep.graph.connect import connect
from intune_scep.graph.pacing import Pacer, PlaceLostError
from intune_scep.graph.shared_tally import SharedTally
from intune_scep.simulator.store import read_meta
from intune_scep.simulator.tokens import issue_token
from intune_scep.tenant import Tenant

from .test_pacing import Server, busiest, now

TENANT = "11111111-2222-3333-4444-555555555555"
APPLICATION = "66666666-7777-8888-9999-000000000000"

# As much as fits into a second; then what was sent is told.
PROCESS = """
import asyncio, os, sys
from intune_scep.graph.pacing import Pacer
from intune_scep.graph.shared_tally import SharedTally

async def main():
    pacer = Pacer(SharedTally(sys.argv[1], sys.argv[2]), writes=4, requests=30)
    ending = sys.argv[3]
    sent = [0, 0]

    async def write():
        while True:
            async with await pacer.take_place() as place, place.sending():
                if ending == "killed in a write":
                    os._exit(9)
                sent[0] += 1
                sent[1] += 1

    async def read():
        while True:
            async with pacer.reading():
                sent[1] += 1

    tasks = [asyncio.create_task(work()) for work in (write, read)]
    await asyncio.sleep(1.5)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    pacer.close()
    print(*sent)

asyncio.run(main())
"""


def start(tenant=TENANT, application=APPLICATION, ending=""):
    return subprocess.Popen(
        [sys.executable, "-c", PROCESS, tenant, application, ending],
        stdout=subprocess.PIPE,
        text=True,
    )


def sent(*processes):
    """Writes and requests of all of them."""
    told = [process.communicate(timeout=60)[0].split() for process in processes]
    return tuple(sum(map(int, numbers)) for numbers in zip(*told, strict=True))


def pacer(application=APPLICATION, tenant=TENANT, **sizes):
    return Pacer(SharedTally(tenant, application), **sizes)


def the_file():
    [path] = (state_directory() / TENANT).glob("pacing-*.db")
    return path


def test_processes_share_one_window_at_the_same_time_and_one_after_the_other():
    first, second, third = start(), start(), start()
    writes, requests = sent(first, second, third)
    assert (writes, requests) == (4, 30)
    assert sent(start()) == (0, 0)


@pytest.mark.parametrize(
    "other",
    [
        {"application": "another-application"},
        {"tenant": "another-tenant"},
    ],
)
def test_processes_of_others_have_a_window_of_their_own(other):
    assert sent(start(), start(**other)) == (8, 60)


def test_what_a_killed_process_had_under_way_counts_for_half_a_minute(virtual_time):
    killed = [start(ending="killed in a write") for _ in range(4)]
    assert sent(*killed) == ()
    assert [process.returncode for process in killed] == [9] * 4

    async def main():
        mine, began = pacer(writes=4, requests=30), now()
        async with await mine.take_place() as place, place.sending():
            waited = now() - began
        mine.close()
        return waited

    assert 20 < virtual_time(main()) < 32


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    ways=st.lists(st.tuples(st.floats(0, 4), st.floats(0, 4)), min_size=1, max_size=5),
    jobs=st.lists(st.one_of(st.just("write"), st.integers(1, 20)), min_size=1, max_size=40),
    processes=st.integers(2, 4),
    number=st.uuids(),
)
def test_no_twenty_seconds_see_more_than_the_window(virtual_time, ways, jobs, processes, number):
    server = Server(ways)

    async def main():
        pacers = [pacer(tenant=str(number), writes=5, requests=40) for _ in range(processes)]
        waiting = iter(jobs)

        async def work(mine):
            for job in waiting:
                await (server.change(mine) if job == "write" else server.read(mine, job))

        await asyncio.gather(*(work(mine) for mine in pacers for _ in range(3)))
        for mine in pacers:
            mine.close()

    virtual_time(main())
    assert busiest(server.requests) <= 40
    assert busiest(server.writes or [0]) <= 5


def test_what_one_process_is_told_by_graph_all_obey(virtual_time):
    async def main():
        mine, other = pacer(), pacer()
        async with await other.take_place() as waiting:
            with pytest.raises(GraphError):
                async with await mine.take_place() as place, place.sending():
                    raise GraphError(method="PATCH", path="x", status=429, retry_after="12")
            with pytest.raises(PlaceLostError):
                async with waiting.sending():
                    raise AssertionError("was sent")
        began = now()
        async with await other.take_place() as place, place.sending():
            pass
        for each in (mine, other):
            each.close()
        return now() - began

    assert virtual_time(main()) == pytest.approx(12, abs=0.6)


def test_only_its_owner_can_read_the_file_and_its_name_says_nothing(virtual_time):
    async def main():
        mine = pacer()
        async with mine.reading():
            names = [path.name for path in the_file().parent.iterdir()]
            modes = {stat.S_IMODE(path.stat().st_mode) for path in the_file().parent.iterdir()}
        mine.close()
        return names, modes

    names, modes = virtual_time(main())
    assert modes == {0o600}
    assert not [name for name in names if APPLICATION[:8] in name]


def damaged_with(content):
    def damage(path):
        for beside in path.parent.glob(f"{path.name}?*"):
            beside.unlink()
        path.write_bytes(content)

    return damage


def numbers(*given):
    """A tally of these numbers, for whoever reads it."""
    from array import array

    def damage(path):
        _in_database(path, "UPDATE tally SET numbers = ?", array("d", given).tobytes())

    return damage


def row(value):
    return lambda path: _in_database(path, "UPDATE tally SET numbers = ?", value)


def statement(text):
    return lambda path: _in_database(path, text)


def _in_database(path, text, *values):
    database = sqlite3.connect(path)
    with database:
        database.execute(text, values)
    database.close()


def in_the_way(make):
    def damage(path):
        damaged_with(b"")(path)
        path.unlink()
        make(path)

    return damage


def cut_in_half(path):
    path.write_bytes(path.read_bytes()[:6000])


NAN, INFINITE = float("nan"), float("inf")
HARMLESS = [1.0, -INFINITE, -INFINITE, -INFINITE] * 2
DAMAGES = {
    "no database": damaged_with(b"not a database " * 1000),
    "empty": damaged_with(b""),
    "one byte": damaged_with(b"S"),
    "zeros": damaged_with(b"\0" * 8192),
    "only the head of one": damaged_with(b"SQLite format 3\0" + b"\xff" * 4096),
    "cut in half": cut_in_half,
    "no table": statement("DROP TABLE tally"),
    "no row": statement("DELETE FROM tally"),
    "text": row("many"),
    "null": row(None),
    "a number": row(7),
    "no whole number": row(b"\x01\x02\x03"),
    "no numbers": row(b""),
    "one number": numbers(1.0),
    "lengths that are none": numbers(NAN, INFINITE, -1.0, *HARMLESS),
    "lengths of something else": numbers(9.0, 9.0, 9.0, *HARMLESS),
    "never refused by then": numbers(0, 0, 0, *[0.0, INFINITE, INFINITE, INFINITE] * 2),
    "no numbers at all": numbers(0, 0, 0, *[NAN] * 8),
    "for ever": numbers(1, 2, 2, *HARMLESS, 1e300, 1e300, NAN, INFINITE, -1e300),
    "another shape": statement("ALTER TABLE tally RENAME COLUMN numbers TO others"),
    "a directory": in_the_way(lambda path: path.mkdir()),
    "a pipe": in_the_way(os.mkfifo),
    "a link to nothing": in_the_way(lambda path: path.symlink_to(path.parent / "nowhere" / "x")),
    "a link to itself": in_the_way(lambda path: path.symlink_to(path)),
}


async def _read_all(mine, count):
    """Seconds that so many readings take."""
    began = now()
    for _ in range(count):
        async with mine.reading():
            pass
    mine.close()
    return now() - began


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_file_that_is_damaged_between_two_runs_stops_nobody(virtual_time, caplog, damage):
    caplog.set_level(logging.DEBUG, "intune_scep.graph")

    async def main():
        await _read_all(pacer(), 5)
        damage(the_file())
        return await _read_all(pacer(requests=30), 30), await _read_all(pacer(requests=30), 1)

    first, second = virtual_time(main())
    assert first < 5
    if "not counted" not in caplog.text:
        # It was made anew, so that the next one knows of the first.
        assert second > 15
    assert caplog.text.count("not counted") <= 2


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_file_that_is_damaged_during_a_run_stops_nobody(virtual_time, caplog, damage):
    caplog.set_level(logging.DEBUG, "intune_scep.graph")

    async def main():
        mine = pacer(requests=30)
        for _ in range(10):
            async with mine.reading():
                pass
        try:
            damage(the_file())
        except sqlite3.DatabaseError:
            pytest.skip("SQLite keeps it from being damaged so")
        return await _read_all(mine, 40)

    assert virtual_time(main()) < 100
    assert caplog.text.count("not counted") <= 1


@pytest.mark.parametrize(
    "state",
    ["/dev/null/nothing", "/proc/nothing", "a-file/below", "a-file"],
)
def test_without_a_state_directory_a_process_counts_for_itself(
    virtual_time, monkeypatch, tmp_path, caplog, state
):
    caplog.set_level(logging.DEBUG, "intune_scep.graph")
    (tmp_path / "a-file").touch()
    monkeypatch.setenv("INTUNE_SCEP_STATE", str(tmp_path / state))

    async def main():
        mine = pacer(requests=30)
        return await _read_all(mine, 30), await _read_all(mine, 1)

    first, second = virtual_time(main())
    assert first < 5
    assert 15 < second < 25
    assert caplog.text.count("not counted") == 1


def test_a_lock_that_nobody_releases_stops_nobody(virtual_time, caplog):
    caplog.set_level(logging.DEBUG, "intune_scep.graph")

    async def main():
        mine = pacer(requests=30)
        async with mine.reading():
            pass
        holder = sqlite3.connect(the_file(), isolation_level=None)
        holder.execute("BEGIN EXCLUSIVE")
        began = now()
        for _ in range(29):
            async with mine.reading():
                pass
        held = now() - began
        holder.close()
        return held, await _read_all(mine, 1)

    held, after = virtual_time(main())
    assert held < 5
    # What it had counted before still counts.
    assert 10 < after < 25
    assert caplog.text.count("not counted") == 1


# As a whole connection


@pytest.fixture
def reading(simulated, monkeypatch):
    """Return a function that connects, reads so often and tells how long that took."""
    monkeypatch.setattr(pacing, "REQUESTS", 10)
    graph = simulated("contoso")

    def run(count, *, application=None, database=None):
        with graph.door.core.store.transaction() as connection:
            meta = read_meta(connection)
        token = None
        if application:
            token = issue_token(meta, now=graph._now(), application=application)

        async def main():
            options = ConnectionOptions(
                cloud="simulator", simulator=str(database or graph.path), access_token=token
            )
            connection = await connect(options)
            began = now()
            try:
                async with asyncio.timeout(6):
                    for _ in range(count):
                        await connection.session.read("deviceManagement/deviceConfigurations")
            except TimeoutError:
                return "waited"
            finally:
                await connection.session.close()
            return now() - began

        return asyncio.run(main())

    run.path = graph.path
    return run


def test_connections_of_one_application_share_a_window(reading):
    assert reading(6) != "waited"
    assert reading(4) != "waited"
    assert reading(1) == "waited"


def test_connections_of_another_application_have_their_own(reading):
    assert reading(10) != "waited"
    assert reading(10, application="99999999-0000-4000-8000-000000000000") != "waited"


def test_another_simulated_tenant_has_its_own_though_its_id_is_the_same(reading, tmp_path):
    import shutil

    copy = tmp_path / "copy.db"
    shutil.copy(reading.path, copy)
    assert reading(10) != "waited"
    assert reading(10, database=copy) != "waited"


def test_a_session_of_ones_own_touches_no_state(simulated):
    async def work(tenant: Tenant):
        await tenant.session.read("deviceManagement/deviceConfigurations")

    simulated("contoso").run(work)
    assert not state_directory().exists()
