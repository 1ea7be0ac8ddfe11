"""A run that is killed anywhere is finished by the next one: the same end as undisturbed, and
nothing written twice."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest
from tests.length import LONG

from intune_scep.changes import run as runs
from intune_scep.changes.journal import read_journal
from intune_scep.changes.record_log import RecordWriter
from intune_scep.changes.runs import find_journals
from intune_scep.simulator import seed_database
from intune_scep.simulator.scenarios.bulk import bulk

from .jobs import content
from .kill_jobs import FAR, HOLD, JOBS, TORN, do, opened, prepare

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Nothing kills like this.")

ROOT = Path(__file__).parents[3]
WRITES = {
    "migration": 4,
    "declared state": 17,
    "restore": 9,
    "repointing": 5,
    "rollback of a migration": 4,
    "rollback of a declared state": 17,
    "rollback of a restore": 4,
    "rollback of a repointing": 5,
}
"""How many writes each job is made of."""
RECORDS = {
    "migration": 19,
    "declared state": 45,
    "restore": 25,
    "repointing": 17,
    "rollback of a migration": 14,
    "rollback of a declared state": 44,
    "rollback of a restore": 14,
    "rollback of a repointing": 16,
}
"""How many records each job writes into its journal: a rollback goes on in one that has a head."""
MOMENTS = ("read", "before", "after")
"""Killed at the read right before a write; when the write was announced and sent; when it took
effect."""
WAYS = ("found", "named", "pointed at")
"""How the next run knows of the journal: it is in the state directory; it is given; a pointer to
it is in the state directory."""
_ITEM = re.compile(r"deviceConfigurations(/[^/]+)?(/.*)?$")


TELLING = [
    ("declared state", 12, "read", "found"),
    ("declared state", 15, "before", "named"),
    ("declared state", 15, "after", "found"),
    ("restore", 3, "before", "named"),
    ("rollback of a restore", 2, "after", "found"),
]
"""A replaced root whose users still wait; a deletion that was over but not read back; a restore
with a journal of its own."""


def _boundaries():
    every = [
        (name, nth, moment)
        for name, count in WRITES.items()
        for nth in range(1, count + 1)
        for moment in MOMENTS
    ]
    # The number of ways shares no factor with a step of 7, so that each way is met.
    turns = [(*each, WAYS[(place + place // 3) % 3]) for place, each in enumerate(every)]
    if not LONG:
        return list(dict.fromkeys([*TELLING, *turns[::7]]))
    sent = [each for each in every if each[2] != "read"]
    both = [(*each, way) for each, way in product(sent, WAYS[:2])]
    return list(dict.fromkeys([*turns, *both]))


@dataclass(frozen=True)
class Stage:
    """A job about to be done, and how it goes undisturbed."""

    path: Path
    requests: tuple
    records: int
    end: list


@pytest.fixture(scope="module")
def stages(tmp_path_factory):
    made = {}

    def stage(name):
        if name not in made:
            path = tmp_path_factory.mktemp("stage") / "start"
            path.mkdir()
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("XDG_STATE_HOME", str(path.parent / "state"))
                prepare(name, path)
                copy = path.with_name("undisturbed")
                shutil.copytree(path, copy)
                tenant = opened(copy / "tenant.db")
                records = counted_records(patch)
                report = do(tenant, JOBS[name].run, copy)
            assert not report.failed, report.msg
            requests = tuple(tenant.requests())
            made[name] = Stage(path, requests, len(records), tenant.run(content))
            tenant.close()
        return made[name]

    return stage


def counted_records(patch):
    """A list that gets an item with each record that is written from now on."""
    append, written = RecordWriter._append, []

    def counting(self, data):
        written.append(data)
        append(self, data)

    patch.setattr(RecordWriter, "_append", counting)
    return written


def is_write(request):
    return request["method"] != "GET" and "deviceConfigurations" in request["path"]


def is_read(request):
    """Whether it is a reading that can be killed: one item of a batch cannot."""
    about = "deviceConfigurations" in request["path"]
    return request["method"] == "GET" and about and request["batch"] is None


def rule(requests, nth, moment):
    """A rule that kills at the nth write of a run that goes like these requests."""
    places = [place for place, request in enumerate(requests) if is_write(request)]
    place, when = places[nth - 1], moment
    if moment == "read":
        when = "before"
        place = max(n for n in range(place) if is_read(requests[n]))
    method = requests[place]["method"]
    earlier = [
        request
        for request in requests[: place + 1]
        if request["method"] == method and "deviceConfigurations" in request["path"]
    ]
    match = {"method": method, "path": "deviceConfigurations", "nth": [len(earlier)]}
    return {"match": match, "when": when, "effect": "kill"}


def start(name, path, journal=None, **environment):
    arguments = [name, path / "tenant.db", path, *([journal] if journal else [])]
    python_path = os.pathsep.join([str(ROOT), str(ROOT / "python")])
    return subprocess.Popen(
        [sys.executable, "-m", "tests.unit.changes.kill_jobs", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": python_path, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def killed(name, path, journal=None, **environment):
    process = start(name, path, journal, **environment)
    said, _ = process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL, said


@pytest.fixture
def staged(stages, tmp_path):
    opened_ones = []

    def put(name):
        stage = stages(name)
        shutil.copytree(stage.path, tmp_path / "run")
        opened_ones.append(opened(tmp_path / "run" / "tenant.db"))
        return stage, tmp_path / "run", opened_ones[-1]

    yield put
    for tenant in opened_ones:
        tenant.close()


def sorts(requests):
    """How many writes of each sort took effect."""
    return Counter(
        (request["method"], _ITEM.search(request["path"])[1] is None, request["path"][-6:])
        if request["path"].endswith(("assign", "$ref", "ions"))
        else request["method"]
        for request in requests
        if is_write(request) and request["committed"]
    )


def written_twice(requests):
    counts = Counter(
        (request["method"], request["path"], str(request["body"]))
        if request["path"].endswith("deviceConfigurations")
        else (request["method"], request["path"])
        for request in requests
        if is_write(request) and request["committed"]
    )
    return [each for each, count in counts.items() if count > 1]


def require_end(stage, tenant, report):
    """The same tenant as after an undisturbed run, by the same writes."""
    assert not report.failed, report.msg
    assert tenant.run(content) == stage.end
    requests = tenant.requests()
    assert written_twice(requests) == []
    assert sorts(requests) == sorts(stage.requests)


def require_nothing_left(name, tenant, path):
    """Nothing that any run began is left to do, and doing the job again does nothing."""
    count = len([request for request in tenant.requests() if is_write(request)])
    for journal in find_journals(tenant.door.tenant_id).journals:
        if journal.last.begun:
            # A migration is planned anew; what it was doing shows in the tenant.
            assert name == "migration"
            assert not do(tenant, resumed, path, journal.path).failed
            assert read_journal(journal.path).is_finished
    again = do(tenant, JOBS[name].run, path)
    assert not again.failed, again.msg
    assert not again.changed
    assert len([request for request in tenant.requests() if is_write(request)]) == count


async def resumed(tenant, _path, journal, watch):
    return await runs.resume(tenant, journal, watch=watch)


def go_on(name, way, path, tenant):
    """Run again, in the plain way or by the journal."""
    if JOBS[name].rolls_back is not None:
        content = read_journal(path / "journal")
        by_journal = way == "named" and len(content.runs) > 1 and content.last.begun
        return do(tenant, resumed if by_journal else JOBS[name].run, path, path / "journal")
    return do(tenant, JOBS[name].run, path, path / "mine" if way == "named" else None)


@pytest.mark.parametrize("name", JOBS)
def test_each_boundary_of_each_job_is_known(stages, name):
    assert sum(map(is_write, stages(name).requests)) == WRITES[name]
    assert stages(name).records == RECORDS[name]


def test_a_declared_state_has_every_kind_of_write(stages):
    kinds = sorts(stages("declared state").requests)
    assert {kind if isinstance(kind, str) else kind[0] for kind in kinds} == {
        "PATCH",
        "POST",
        "PUT",
        "DELETE",
    }


@pytest.mark.parametrize(("name", "nth", "moment", "way"), _boundaries())
def test_a_run_killed_at_a_write_is_finished_by_the_next(staged, name, nth, moment, way):
    stage, path, tenant = staged(name)
    tenant.control("PUT", "faults", [rule(stage.requests, nth, moment)])
    killed(name, path, path / "mine" if way != "found" else None)
    tenant.control("PUT", "faults", [])
    report = go_on(name, way, path, tenant)
    require_end(stage, tenant, report)
    require_nothing_left(name, tenant, path)


def _records():
    every = [
        (name, number, size)
        for name in JOBS
        for number in range(1, RECORDS[name] + 1)
        for size in (0, 1, 200, 10**9)
    ]
    return every[:: 5 if LONG else 79]


@pytest.mark.parametrize(("name", "number", "size"), _records())
def test_a_run_killed_inside_a_record_of_its_journal_is_finished_by_the_next(
    staged, name, number, size
):
    stage, path, tenant = staged(name)
    killed(name, path, **{TORN: f"{number},{size}"})
    report = go_on(name, "found", path, tenant)
    require_end(stage, tenant, report)
    require_nothing_left(name, tenant, path)


@pytest.mark.parametrize("way", WAYS if LONG else WAYS[:1])
def test_a_run_may_be_killed_again_and_again(staged, way):
    stage, path, tenant = staged("declared state")
    journal = path / "mine" if way == "named" else None
    kills = 0
    for _ in range(3 * WRITES["declared state"]):
        # Only the second write of each run is its end, so that each run brings one.
        deaths = [
            {
                "match": {"method": method, "path": "deviceConfigurations", "nth": [2]},
                "when": "after" if kills % 2 else "before",
                "effect": "kill",
            }
            for method in ("PATCH", "POST", "PUT", "DELETE")
        ]
        tenant.control("PUT", "faults", deaths)
        first = path / "mine" if way == "pointed at" and not kills else journal
        process = start("declared state", path, first)
        said, _ = process.communicate(timeout=120)
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL, said
        kills += 1
    assert kills > 3
    tenant.control("PUT", "faults", [])
    assert tenant.run(content) == stage.end
    assert written_twice(tenant.requests()) == []


def test_a_second_process_says_who_is_at_work_and_writes_nothing(staged):
    _, path, tenant = staged("migration")
    go = path / "go"
    first = start("migration", path, **{HOLD: str(go)})
    for _ in range(6000):
        if (path / "held").exists():
            break
        assert first.poll() is None, first.communicate()
        time.sleep(0.01)
    second = start("migration", path)
    said, _ = second.communicate(timeout=120)
    assert second.returncode == 3
    assert "Another run is at work" in said
    assert f"process {first.pid}" in said
    assert not [request for request in tenant.requests() if is_write(request)]
    go.touch()
    said, _ = first.communicate(timeout=120)
    assert first.returncode == 0, said
    assert written_twice(tenant.requests()) == []
    assert len([r for r in tenant.requests("PATCH") if r["committed"]]) == WRITES["migration"]


def test_two_processes_started_at_once_patch_no_profile_twice(simulated, tmp_path):
    tenant = simulated(bulk(15), name="bulk15")
    path = tmp_path / "at once"
    path.mkdir()
    shutil.copy(tenant.path, path / "tenant.db")
    processes = [start("migration", path) for _ in range(2)]
    said = [process.communicate(timeout=120)[0] for process in processes]
    codes = sorted(process.returncode for process in processes)
    assert codes in ([0, 0], [0, 3]), said
    both = opened(path / "tenant.db")
    committed = [r["path"] for r in both.requests("PATCH") if r["committed"]]
    both.close()
    assert len(committed) == len(set(committed)) == 15


MANY = 24


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("nth", range(3, MANY) if LONG else (3, 9, 20))
def test_a_run_killed_with_several_writes_under_way_is_finished_by_the_next(
    tmp_path, monkeypatch, nth, moment
):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = tmp_path / "run"
    path.mkdir()
    seed_database(path / "tenant.db", bulk(MANY, platforms=("ios",)))
    tenant = opened(path / "tenant.db")
    patches = {"method": "PATCH", "path": "deviceConfigurations"}
    kill = {"match": {**patches, "nth": [nth]}, "when": moment, "effect": "kill"}
    tenant.control("PUT", "faults", [kill])
    killed("migration", path, path / "mine", **{FAR: "0.5"})
    left_open = read_journal(path / "mine").last
    unknown = [item for record in left_open.actions.values() for item in record.steps.values()]
    assert sum(step.status is None for step in unknown) > 1, "Nothing else was under way."
    tenant.control("PUT", "faults", [])
    report = do(tenant, JOBS["migration"].run, path, path / "mine")
    assert not report.failed, report.msg
    requests = tenant.requests()
    assert written_twice(requests) == []
    assert sum(item["method"] == "PATCH" and item["committed"] for item in requests) == MANY
    assert not do(tenant, JOBS["migration"].run, path).changed
    tenant.close()
