"""Two different jobs on one tenant at once, each with a process and a journal of its own."""

import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from intune_scep.simulator.scenarios.bulk import bulk

from .commands import SID, journal_of, keep_waiting, let_go, refused, running, until, writes

COUNT = 5
MIGRATION = "the migration to strong mapping"
DECLARED_STATE = "a declared state"
RESTORE = "a restore"
ROLLBACK = "a rollback"
PAIRS = [
    (MIGRATION, DECLARED_STATE),
    (DECLARED_STATE, MIGRATION),
    (MIGRATION, RESTORE),
    (RESTORE, MIGRATION),
    (ROLLBACK, DECLARED_STATE),
    (DECLARED_STATE, ROLLBACK),
]


class Office:
    """A tenant that lacks a profile of its backup, and for which more than one job has work."""

    def __init__(self, tenant, cli, path):
        self.tenant = tenant
        self._cli = cli
        self._path = path
        self._declare()
        taken_back = ("--only", "Bulk SCEP 000004", "--journal", path / "taken back")
        assert cli("strong-mapping", "apply", "--yes", *taken_back)[0] == 0
        assert cli("profiles", "export", path / "backup", "--format", "json")[0] == 0
        self._delete("Bulk SCEP 000005")
        self.tenant.control("DELETE", "requests")

    def _declare(self):
        for number in range(1, 4):
            wanted = {"name": f"Bulk SCEP {number:06d}", "platform": "ios", "renewal_threshold": 35}
            path = self._path / "declared" / f"{number}.yml"
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps({"scep_profile": wanted}))

    def _delete(self, name):
        [identifier] = [k for k, v in self.tenant.profiles().items() if v["displayName"] == name]
        path = f"deviceManagement/deviceConfigurations/{identifier}"
        self.tenant.run(lambda graph: graph.session.write("DELETE", path))

    def command(self, job, journal="journal"):
        fresh = ("--journal", self._path / f"{journal} of {job}", "--yes")
        return {
            MIGRATION: ("strong-mapping", "apply", "--without-certificates", *fresh),
            DECLARED_STATE: ("profiles", "apply", self._path / "declared", *fresh),
            RESTORE: ("profiles", "apply", self._path / "backup", *fresh),
            ROLLBACK: (
                "strong-mapping",
                "rollback",
                "--journal",
                self._path / "taken back",
                "--yes",
            ),
        }[job]

    def has_journal_of(self, job):
        return (self._path / f"journal of {job}").exists()

    def do(self, job):
        return self._cli(*self.command(job, "second journal"))

    def twice(self):
        """What was written to a profile more than once."""
        counts = Counter(
            (item["method"], item["path"], name)
            for item in writes(self.tenant)
            if item["committed"]
            for name in (item["body"] if item["method"] == "PATCH" else [str(item["body"])])
            if name != "@odata.type"
        )
        return [what for what, count in counts.items() if count > 1]

    def profiles(self):
        everything = self.tenant.profiles().values()
        return {wire["displayName"]: wire for wire in everything if "Scep" in wire["@odata.type"]}


@pytest.fixture
def office(use, cli, tmp_path):
    return Office(use(bulk(COUNT, 1, platforms=("ios",)), "bulk5 ios"), cli, tmp_path)


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_the_second_job_says_who_is_at_work_since_when_and_writes_nothing(office, first, second):
    keep_waiting(office.tenant)
    started = datetime.now(UTC) - timedelta(seconds=1)
    with running(*office.command(first)) as process:
        journal_of(process)
        until(lambda: writes(office.tenant))
        with running(*office.command(second)) as other:
            out, err = other.communicate(timeout=60)
        assert len(writes(office.tenant)) == 1
        let_go(office.tenant)
        _, told = process.communicate(timeout=60)
    who = f"Another run is at work in tenant {office.tenant.door.tenant_id}: {first} (process"
    refused((other.returncode, out, err), who, f"process {process.pid} on", "Nothing was changed")
    since = datetime.fromisoformat(re.search(r"since (\S+)\)", err)[1])
    assert started <= since <= datetime.now(UTC)
    assert not office.has_journal_of(second)
    assert process.returncode == 0, told
    assert office.twice() == []
    again = office.do(second)
    # A restore that leaves something different alone says so with 2.
    assert again[0] == (2 if second == RESTORE else 0), again


@pytest.mark.parametrize("jobs", [(DECLARED_STATE, MIGRATION), (RESTORE, MIGRATION)])
def test_two_jobs_started_at_once_write_nothing_twice_and_lose_nothing(office, jobs):
    with running(*office.command(jobs[0])) as one, running(*office.command(jobs[1])) as other:
        said = [process.communicate(timeout=120) for process in (one, other)]
    codes = [one.returncode, other.returncode]
    assert 0 in codes, said
    assert set(codes) <= {0, 1, 2}, said
    assert not any("Traceback" in out + err for out, err in said)
    assert office.twice() == []
    for job in jobs:
        assert office.do(job)[0] in {0, 2}
    assert office.twice() == []
    profiles = office.profiles()
    assert all(SID in json.dumps(wire) for wire in profiles.values())
    if RESTORE in jobs:
        assert len(profiles) == COUNT
    else:
        declared = [profiles[f"Bulk SCEP {number:06d}"] for number in range(1, 4)]
        assert {wire["renewalThresholdPercentage"] for wire in declared} == {35}
