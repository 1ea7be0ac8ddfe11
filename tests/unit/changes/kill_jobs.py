"""Small tenants, one for each job, on which a run can be killed and gone on with.

As a program it does one job in a process of its own, which may be killed:
`python -m tests.unit.changes.kill_jobs JOB TENANT DIRECTORY`.
"""

import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conftest import SimulatedTenant
from tests.unit.backup.tenants import GROUPS, URL, directory
from tests.unit.desired_state import declared

import intune_scep.simulator.handlers.profiles as handlers
from intune_scep.backup.backup import back_up_profiles, read_backup
from intune_scep.backup.restore import restore_backup
from intune_scep.changes import run as runs
from intune_scep.changes.plan import Plan, Task
from intune_scep.changes.record_log import RecordWriter
from intune_scep.changes.watch import Watch
from intune_scep.desired_state import PlanChoices, apply_declarations
from intune_scep.errors import IntuneScepError
from intune_scep.profiles import Platform
from intune_scep.rollout.repointing import Move, read_users, repoints
from intune_scep.simulator import seed_database
from intune_scep.simulator.scenario import NavigationLink, Scenario
from intune_scep.simulator.scenarios.bulk import bulk
from intune_scep.simulator.scenarios.wire import root_body, scep_body
from intune_scep.strong_mapping import Choices, enforce
from intune_scep.tenant import Tenant

from .far import Far
from .jobs import dependant, link_of

IOS, MAC = Platform.IOS, Platform.MACOS
TORN = "KILL_INSIDE_RECORD"
"""`number,bytes`: the process ends when so much of the record of that number is on disk."""
FAR = "SECONDS_FOR_A_REQUEST"
HOLD = "HOLD_WHEN_BEGUN"
"""A file whose appearance is waited for before the first write."""

Run = Callable[[Tenant, Path, Path | None, Watch], Awaitable[Any]]


@dataclass(frozen=True)
class Job:
    """A job on a tenant.

    Attributes:
        scenario: What the tenant has at first.
        run: The job, given a directory and, or not, the journal it is to use.
        before: A job whose undisturbed end is what this one starts from.
        rolls_back: Name of the job that it takes back, whose journal is `journal` in the directory.
    """

    scenario: Callable[[], Scenario]
    run: Run
    before: Run | None = None
    rolls_back: str | None = None


async def _migrate(tenant: Tenant, _: Path, journal: Path | None, watch: Watch) -> Any:
    return await enforce(tenant, Choices(), dry_run=False, journal=journal, watch=watch)


STANDING = [
    declared.root(IOS),
    declared.root(IOS, name="Next", certificate=declared.OTHER_PEM),
    declared.scep(IOS),
    declared.root(IOS, name="Old root"),
    declared.scep(IOS, name="Old", root_profile={"name": "Old root"}),
    declared.root(MAC),
    declared.scep(MAC),
]
WANTED = [
    declared.root(IOS, description="Otherwise"),
    declared.scep(
        IOS,
        key_size=4096,
        root_profile={"name": "Next"},
        assignments=[{"group": "Pilot"}, {"all_devices": True}],
    ),
    declared.root(IOS, name="New root", certificate=declared.OTHER_PEM),
    declared.scep(IOS, name="New", root_profile={"name": "New root"}),
    declared.root(IOS, name="Old root", state="absent"),
    declared.scep(IOS, name="Old", state="absent"),
    declared.root(MAC, deployment_channel="user", replace=True),
    declared.scep(MAC, deployment_channel="user", replace=True),
]


async def _stand(tenant: Tenant, _: Path, journal: Path | None, watch: Watch) -> Any:
    return await apply_declarations(tenant, STANDING, PlanChoices(), journal=journal, watch=watch)


async def _declare(tenant: Tenant, _: Path, journal: Path | None, watch: Watch) -> Any:
    return await apply_declarations(tenant, WANTED, PlanChoices(), journal=journal, watch=watch)


def _source() -> Scenario:
    profiles, links = [], {}
    for platform in ("ios", "macos"):
        root = root_body(platform, f"{platform} root", "bulk-root")
        scep = scep_body(platform, f"{platform} Wi-Fi", urls=[URL])
        profiles += [root, scep]
        links[scep["id"]] = root["id"]
    target = {
        "@odata.type": "#microsoft.graph.groupAssignmentTarget",
        "groupId": GROUPS["All Staff"],
    }
    everything = {wire["id"]: (target,) for wire in profiles}
    return directory(profiles=tuple(profiles), root_links=links, assignments=everything)


async def _restore(tenant: Tenant, path: Path, journal: Path | None, watch: Watch) -> Any:
    backup = read_backup(path / "backup")
    return await restore_backup(tenant, backup, journal=journal, watch=watch)


async def _roll_back(tenant: Tenant, path: Path, _: Path | None, watch: Watch) -> Any:
    return await runs.roll_back(tenant, path / "journal", watch=watch)


USED, NEXT = (scep_body("ios", name, urls=[URL]) for name in ("Mail", "Next"))


def _users() -> Scenario:
    sceps = [USED, NEXT]
    users = [dependant(f"Staff {number}") for number in range(3)]
    mail = dependant("Mailbox", "iosEasEmailProfileConfiguration")
    links = [NavigationLink(wire["id"], link_of(wire), sceps[0]["id"]) for wire in (*users, mail)]
    # One that uses two certificates.
    links.append(NavigationLink(mail["id"], "smimeSigningCertificate", sceps[0]["id"]))
    return directory(profiles=(*sceps, *users, mail), links=tuple(links))


async def _repoint(tenant: Tenant, path: Path, journal: Path | None, watch: Watch) -> Any:
    earlier = runs.unfinished(tenant.tenant_id) if journal is None else []
    for begun in earlier:
        await runs.finish_begun(tenant, begun.path, watch=watch)
    if journal is not None and runs.unfinished_at(journal) is not None:
        return await runs.resume(tenant, journal, watch=watch)
    users = await read_users(tenant)
    actions = repoints(users, [Move(USED["id"], NEXT["id"], ("Mail", "Next"))])
    plan = Plan(Task.ROLLOUT, tenant.tenant_id, tenant.cloud, tuple(actions))
    return await runs.carry_out(tenant, plan, journal=journal, watch=watch)


_FORWARD = {
    "migration": Job(lambda: bulk(4), _migrate),
    "declared state": Job(declared.scenario, _declare, before=_stand),
    "restore": Job(directory, _restore),
    "repointing": Job(_users, _repoint),
}
JOBS = {
    **_FORWARD,
    **{
        f"rollback of a {name}": Job(job.scenario, _roll_back, job.before, rolls_back=name)
        for name, job in _FORWARD.items()
    },
}


@contextmanager
def dropped_binds() -> Iterator[None]:
    """A service that drops the root a new iOS profile is bound to (GRAPH.md 3.4)."""
    bind = handlers._bind

    def dropping(context: Any, kind: Any, source: str, body: Any) -> None:
        if not kind.name.lower().startswith("ios"):
            bind(context, kind, source, body)

    handlers._bind = dropping
    try:
        yield
    finally:
        handlers._bind = bind


def opened(path: Path) -> SimulatedTenant:
    return SimulatedTenant(path)


def do(
    tenant: SimulatedTenant, job: Run, path: Path, journal: Path | None = None, **watch: Any
) -> Any:
    """Do a job in this process."""
    with dropped_binds():
        return tenant.run(lambda graph: job(graph, path, journal, Watch(**watch)))


def prepare(name: str, path: Path) -> None:
    """Make the tenant, and what else a job starts from, in a directory."""
    job = JOBS[name]
    seed_database(path / "tenant.db", job.scenario())
    tenant = opened(path / "tenant.db")
    tenant.control("PUT", "settings", {"throttling": False})
    if "restore" in name:
        seed_database(path / "source.db", _source())
        source = opened(path / "source.db")
        source.run(lambda graph: back_up_profiles(graph, path / "backup"))
        source.close()
    if job.before is not None:
        assert not do(tenant, job.before, path).failed
    if job.rolls_back is not None:
        report = do(tenant, JOBS[job.rolls_back].run, path, path / "journal")
        assert not report.failed, report.msg
    tenant.control("DELETE", "requests")
    tenant.close()


def _tear(number: int, size: int) -> None:
    """End this process inside a record, counted in this process."""
    real, count = RecordWriter._append, 0

    def append(self: RecordWriter, data: bytes) -> None:
        nonlocal count
        count += 1
        if count == number:
            real(self, data[:size])
            os.kill(os.getpid(), signal.SIGKILL)
        real(self, data)

    RecordWriter._append = append  # type: ignore[method-assign]


def _wait_for(path: Path) -> None:
    path.with_name("held").touch()
    for _ in range(6000):
        if path.exists():
            return
        time.sleep(0.01)
    raise SystemExit(f"{path} did not appear.")


def main(name: str, tenant_path: str, path: str, journal: str = "") -> int:
    if torn := os.environ.get(TORN):
        _tear(*map(int, torn.split(",")))
    hold = os.environ.get(HOLD)
    watch = {"began": lambda *_: _wait_for(Path(hold))} if hold else {}
    tenant = opened(Path(tenant_path))
    if seconds := os.environ.get(FAR):
        Far(tenant, float(seconds))
    try:
        report = do(tenant, JOBS[name].run, Path(path), Path(journal) if journal else None, **watch)
    except IntuneScepError as error:
        print(error)
        return 3
    finally:
        tenant.close()
    print(report.msg)
    return int(report.failed)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
