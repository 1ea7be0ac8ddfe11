"""Tenant files: what is one, who may read it, and many processes at once."""

import sqlite3
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from intune_scep.simulator import SimulatorError, open_in_process, seed_database
from intune_scep.simulator.scenario import Certificate, NavigationLink, build_scenario
from intune_scep.simulator.store import Store

from .conftest import WINDOWS_SCEP, Graph

WRITER = """
import sys
from intune_scep.simulator.core import Core
from intune_scep.simulator.messages import Request
path, token, profile = sys.argv[1:]
core = Core(path, clock=lambda: 1_780_000_000.0)
body = '{"@odata.type":"#microsoft.graph.windows81SCEPCertificateProfile","description":"x"}'
for _ in range(25):
    answer = core.handle(Request("PATCH", "/beta/deviceManagement/deviceConfigurations/" + profile,
        headers={"authorization": "Bearer " + token}, body=body.encode()))
    assert answer.status == 204, answer
"""


def test_a_tenant_file_is_its_owners_only(database: Path) -> None:
    assert stat.S_IMODE(database.stat().st_mode) == 0o600
    assert [each.name for each in database.parent.iterdir()] == [database.name]


def test_what_is_no_tenant_file_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("nothing of the kind\n" * 100)
    other = tmp_path / "other.sqlite"
    sqlite3.connect(other).execute("CREATE TABLE t (x)").connection.close()
    for path in (text, other, tmp_path, tmp_path / "missing"):
        with pytest.raises(SimulatorError) as caught:
            open_in_process(path)
        assert str(path) in str(caught.value) and "\n" not in str(caught.value)
        assert caught.value.exit_code == 1


def test_seeding_never_replaces_a_foreign_file(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("precious")
    with pytest.raises(SimulatorError, match="not a simulator database"):
        seed_database(text, "empty")
    assert text.read_text() == "precious"
    with pytest.raises(SimulatorError, match="Cannot create"):
        seed_database(tmp_path / "no" / "such" / "folder", "empty")
    with pytest.raises(SimulatorError, match="no scenario 'fabrikam'"):
        seed_database(tmp_path / "new", "fabrikam")
    assert [each.name for each in tmp_path.iterdir()] == ["notes.txt"]


def test_a_scenario_that_does_not_fit_leaves_the_old_tenant(database: Path, tmp_path: Path) -> None:
    good = build_scenario("empty")
    profile = {"@odata.type": f"#microsoft.graph.{WINDOWS_SCEP}", "id": "1", "displayName": "x"}
    bad = [
        replace(good, profiles=({**profile, "keySize": "huge"},)),
        replace(good, profiles=({**profile, "@odata.type": "#microsoft.graph.nothing"},)),
        replace(good, profiles=(profile,), root_links={"1": "2"}),
        replace(good, profiles=(profile,), links=(NavigationLink("1", "nothing", "1"),)),
        replace(good, certificates=(Certificate("1", "2", "2026-01-01T00:00:00Z"),)),
    ]
    before = database.read_bytes()
    for scenario in bad:
        with pytest.raises(SimulatorError, match="scenario"):
            seed_database(database, scenario)
    assert database.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


def test_the_same_scenario_makes_the_same_tenant(tmp_path: Path) -> None:
    contents = []
    for name in ("one", "two"):
        seed_database(tmp_path / name, "contoso")
        store = Store(tmp_path / name)
        contents.append(
            [
                store.connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3").fetchall()
                for table in ("resource", "link", "assignment", "membership", "certificate")
            ]
        )
        store.close()
    assert contents[0] == contents[1]


def test_the_same_requests_get_the_same_ids(tmp_path: Path) -> None:
    ids = []
    for name in ("one", "two"):
        seed_database(tmp_path / name, "empty")
        door = open_in_process(tmp_path / name, clock=lambda: 1_780_000_000.0)
        from .conftest import Clock

        ids.append(Graph(door, Clock()).create(WINDOWS_SCEP)["id"])
        door.close()
    assert ids[0] == ids[1]


def test_no_write_is_lost_between_processes(graph: Graph, database: Path) -> None:
    graph.control("PUT", "settings", {"throttling": False})
    profile = graph.create(WINDOWS_SCEP)
    arguments = [sys.executable, "-c", WRITER, str(database), graph.token, profile["id"]]
    writers = [subprocess.Popen(arguments) for _ in range(4)]
    assert [writer.wait(timeout=60) for writer in writers] == [0] * 4
    assert graph.get(profile["id"])["version"] == 1 + 4 * 25
    assert graph.control("GET", "requests", query="method=PATCH")["count"] == 100
