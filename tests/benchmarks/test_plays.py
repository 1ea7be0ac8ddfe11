"""What a task of a play costs, against `ansible.builtin.ping`."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from intune_scep.simulator import seed_database
from intune_scep.simulator.scenarios.bulk import bulk

from .ratios import ROOT, Row, wall

PING = {"ansible.builtin.ping": {}}
BAD = {"intune.scep.strong_mapping": {"cloud": "mars"}, "ignore_errors": True}
CONVERGED = {"intune.scep.strong_mapping": {"cloud": "simulator"}}
MORE = 5
ROUNDS = 5
TENANTS = 20
HOST = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}


def play(
    directory: Path, tasks: list[object], environment: dict[str, str], hosts: int = 1
) -> float:
    """Seconds that a play takes."""
    names = {f"tenant-{number}": {} for number in range(hosts)}
    (directory / "hosts.json").write_text(json.dumps({"all": {"vars": HOST, "hosts": names}}))
    body = {"hosts": "all", "gather_facts": False, "tasks": tasks}
    (directory / "play.json").write_text(json.dumps([body]))
    command = [Path(sys.executable).with_name("ansible-playbook"), "-i", "hosts.json", "play.json"]
    surroundings = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
        "ANSIBLE_HOME": str(directory / "ansible"),
        "ANSIBLE_LOCAL_TEMP": str(directory / "local"),
        "ANSIBLE_REMOTE_TMP": str(directory / "remote"),
        "INTUNE_SCEP_STATE": str(directory / "state"),
        **environment,
    }
    return wall(
        lambda: subprocess.run(
            command, env=surroundings, check=True, capture_output=True, cwd=directory
        )
    )


def each_further(directory: Path, task: object, environment: dict[str, str] | None = None) -> float:
    """Seconds that one more task of a kind costs, in a play that has some already."""
    few, many = (play(directory, [task] * count, environment or {}) for count in (1, 1 + MORE))
    return (many - few) / MORE


@pytest.mark.parametrize(("profiles", "goal"), [(1, 0.3), (200, 0.5)])
def test_a_converged_task_against_ping(tmp_path: Path, profiles: int, goal: float) -> None:
    database = tmp_path / "tenant.db"
    seed_database(database, bulk(profiles, mapped=profiles))
    count = "1 profile" if profiles == 1 else f"{profiles} profiles"
    row = Row(f"A further converged task, {count}", "ansible.builtin.ping", goal, "s wall")
    tenant = {"INTUNE_SCEP_SIMULATOR": str(database)}
    play(tmp_path, [CONVERGED], tenant)
    row.measure(
        lambda: each_further(tmp_path, CONVERGED, tenant),
        lambda: each_further(tmp_path, PING),
        rounds=ROUNDS,
    )


def test_a_bad_argument_against_ping(tmp_path: Path) -> None:
    row = Row("A further task with a bad argument", "ansible.builtin.ping", 0.2, "s wall")
    row.measure(
        lambda: each_further(tmp_path, BAD), lambda: each_further(tmp_path, PING), rounds=ROUNDS
    )


def test_tenants_as_hosts_against_as_many_pings(tmp_path: Path) -> None:
    seeded = tmp_path / "tenant.db"
    seed_database(seeded, bulk(1, mapped=1))
    for number in range(TENANTS):
        shutil.copy(seeded, tmp_path / f"tenant-{number}.db")
    task = {
        **CONVERGED,
        "environment": {
            "INTUNE_SCEP_SIMULATOR": f"{tmp_path}/{{{{ inventory_hostname }}}}.db",
            "INTUNE_SCEP_STATE": f"{tmp_path}/{{{{ inventory_hostname }}}}",
        },
    }
    row = Row(f"{TENANTS} tenants as hosts", f"{TENANTS} of ansible.builtin.ping", 0.6, "s wall")
    row.measure(
        lambda: play(tmp_path, [task], {}, TENANTS),
        lambda: play(tmp_path, [PING], {}, TENANTS),
        rounds=3,
    )
