"""Every job that writes, in the smallest tenant that shows its promises, ready to be disturbed.

A job has five profiles to write, all by one kind of write. `Ready` is a tenant before the job, with
what is right after it known from a run that nothing disturbed.
"""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.unit.backup.tenants import URL

from intune_scep.backup.backup import back_up_profiles, read_backup
from intune_scep.backup.restore import plan_restoring, restore_backup
from intune_scep.changes.job import do_job
from intune_scep.changes.plan import Plan, Task
from intune_scep.changes.report import Outcome, RunReport
from intune_scep.changes.run import carry_out, resume, roll_back
from intune_scep.declarations import parse_declaration
from intune_scep.desired_state import (
    PlanChoices,
    apply_declarations,
    plan_declarations,
)
from intune_scep.profiles import PROFILE_TYPES, ProfileKind
from intune_scep.profiles.dependants import CERTIFICATE_LINKS
from intune_scep.rollout.repointing import Move, read_users, repoints
from intune_scep.rules import RULES, Configuration, Severity
from intune_scep.simulator.scenario import NavigationLink, Scenario
from intune_scep.simulator.scenarios.bulk import bulk
from intune_scep.simulator.scenarios.wire import root_body, scep_body, stable_id
from intune_scep.strong_mapping import Choices, enforce, plan_tenant
from intune_scep.tenant import Tenant, read_profiles, read_root_links
from intune_scep.tenant.dependants import has_certificate_links
from intune_scep.tenant.listing import list_configurations

COUNT = 5
GROUP = stable_id("group", "Staff")
ITEM = r"deviceConfigurations/[^/]+$"
WRITES: Mapping[str, dict[str, str]] = {
    "patch": {"method": "PATCH", "path": ITEM},
    "link": {"method": "PUT", "path": r"rootCertificate/\$ref$"},
    "repoint": {"method": "PUT", "path": r"dentityCertificate\w*/\$ref$"},
    "assign": {"method": "POST", "path": "/assign$"},
    "create": {"method": "POST", "path": "deviceConfigurations$"},
    "delete": {"method": "DELETE", "path": ITEM},
}
"""Kind of write -> how a fault rule matches it."""

NOT_CONTENT = {"id", "version", "createdDateTime", "lastModifiedDateTime", "supportsScopeTags"}
LENIENT = Configuration(severities=dict.fromkeys(RULES, Severity.WARNING))


@dataclass
class Ready:
    """A tenant before a job."""

    job: Job
    tenant: Any
    directory: Path
    material: Path
    goal: list[Any]

    @property
    def match(self) -> dict[str, Any]:
        """How a fault rule matches the writes of this job."""
        return dict(WRITES[self.job.kind])

    def fault(self, *rules: Mapping[str, Any]) -> None:
        self.tenant.control("PUT", "faults", list(rules))

    def bend(self, effect: Any, *, nth: Sequence[int] | None = None, **more: Any) -> None:
        """Let the nth writes of the job's kind, or all, suffer an effect."""
        match = {**self.match, **({"nth": list(nth)} if nth else {})}
        self.fault({"match": match, "effect": effect, **more})

    def run(self, **options: Any) -> RunReport:
        """The job through its front door: it plans by itself."""
        return self.tenant.run(lambda graph: self.job.run(graph, self, **options))

    def patiently(self, patience: float, **options: Any) -> RunReport:
        return self.tenant.run(
            lambda graph: self.job.run(replace(graph, patience=patience), self, **options)
        )

    def plan(self) -> Plan:
        return self.tenant.run(lambda graph: self.job.plan(graph, self))

    def carry_out(self, plan: Plan, **options: Any) -> RunReport:
        return self.tenant.run(lambda graph: carry_out(graph, plan, **options))

    def resume(self, journal: Path | str, **options: Any) -> RunReport:
        return self.tenant.run(lambda graph: resume(graph, Path(journal), **options))

    def roll_back(self, journal: Path | str, **options: Any) -> RunReport:
        return self.tenant.run(lambda graph: roll_back(graph, Path(journal), **options))

    def content(self) -> list[Any]:
        """What the tenant holds, faults aside, in names instead of ids."""
        self.fault()
        return self.tenant.run(content)

    def ids(self) -> dict[str, str]:
        return {item["displayName"]: key for key, item in self.tenant.profiles().items()}

    def writes(self) -> list[dict[str, Any]]:
        """Writes of profiles that were sent, in order."""
        return [
            item
            for item in self.tenant.sent()
            if item["method"] != "GET"
            and not item["path"].endswith(("$batch", "exportJobs"))
            and item["client_request_id"] != "a colleague"
        ]

    def struck(self) -> list[dict[str, Any]]:
        """Those of the job's kind."""
        return [item for item in self.writes() if is_kind(item, self.job.kind)]

    def twice(self) -> list[Any]:
        """What took effect more than once: method, path and, of a create, the name."""
        done = Counter(
            (
                item["method"],
                item["path"],
                item["body"]["displayName"] if is_kind(item, "create") else None,
            )
            for item in self.writes()
            if item["committed"]
        )
        return [what for what, count in done.items() if count > 1]

    @property
    def is_right(self) -> bool:
        return self.content() == self.goal


def is_kind(item: Mapping[str, Any], kind: str) -> bool:
    """Whether an entry of the request journal is a write of that kind."""
    match = WRITES[kind]
    return item["method"] == match["method"] and bool(re.search(match["path"], item["path"]))


class Job:
    """One job, with the kind of write by which it changes its five profiles."""

    other_choices: tuple[str, Any] = ("", None)
    """A choice by which the job is not begun here, and a value of it."""

    def __init__(self, name: str, kind: str) -> None:
        self.name = name
        self.kind = kind

    def __repr__(self) -> str:
        return self.name

    def scenario(self) -> Scenario:
        raise NotImplementedError

    def prepare(self, tenant: Any, material: Path) -> None:
        """Bring the seeded tenant to where the job begins."""

    def furnish(self, ready: Ready) -> None:
        """Give a test its own copy of what the job reads."""

    async def plan(self, graph: Tenant, ready: Ready) -> Plan:
        raise NotImplementedError

    async def run(self, graph: Tenant, ready: Ready, **options: Any) -> RunReport:
        raise NotImplementedError


class Migration(Job):
    """Strong mapping: five SCEP profiles get the SID URI."""

    other_choices = ("include_android", True)

    def scenario(self) -> Scenario:
        return bulk(COUNT, 1, platforms=("ios",))

    async def plan(self, graph: Tenant, ready: Ready) -> Plan:
        return await plan_tenant(graph, Choices())

    async def run(
        self,
        graph: Tenant,
        ready: Ready,
        *,
        max_changes: int | None = None,
        include_android: bool = False,
        **options: Any,
    ) -> RunReport:
        options.setdefault("dry_run", False)
        choices = Choices(max_changes=max_changes, include_android=include_android)
        return await enforce(graph, choices, **options)


def scep_names() -> list[str]:
    return [f"Staff {number}" for number in range(1, COUNT + 1)]


def sceps(platform: str = "ios", **properties: Any) -> list[dict[str, Any]]:
    sid = {"sanType": "universalResourceIdentifier", "name": "{{OnPremisesSecurityIdentifier}}"}
    return [
        scep_body(platform, name, urls=[URL], sans=[sid], **properties) for name in scep_names()
    ]


def everybody() -> tuple[dict[str, Any], ...]:
    return ({"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": GROUP},)


def tenant_of(
    profiles: Sequence[Mapping[str, Any]],
    *,
    root: Mapping[str, Any] | None = None,
    assigned: bool = False,
) -> Scenario:
    """A tenant with these profiles; its SCEP profiles point at `root`."""
    linked = [str(item["id"]) for item in profiles if "cep" in str(item["@odata.type"]).lower()]
    return Scenario(
        tenant_id=stable_id("tenant", "changes"),
        display_name="Changes",
        default_domain="changes.example",
        groups=({"id": GROUP, "displayName": "Staff"},),
        role_scope_tags=({"id": "0", "displayName": "Default", "isBuiltIn": True},),
        profiles=tuple(profiles),
        root_links={item: str(root["id"]) for item in linked} if root else {},
        assignments={str(item["id"]): everybody() for item in profiles} if assigned else {},
    )


@dataclass(frozen=True)
class Declared:
    """What a declared state starts from and asks for."""

    scenario: Callable[[], Scenario]
    root: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    choices: Mapping[str, Any] = field(default_factory=dict)
    platform: str = "ios"
    names: Callable[[], list[str]] = scep_names


IOS_ROOT = root_body("ios", "Root", "bulk-root")
OTHER_ROOT = root_body("ios", "Other root", "contoso-root-ca-2021")
MAC_ROOT = root_body("macos", "Root", "bulk-root")
NEW = {
    "certificate_type": "user",
    "subject_name_format": "CN={{UserName}}",
    "subject_alternative_names": [{"type": "uri", "value": "{{OnPremisesSecurityIdentifier}}"}],
    "validity": {"value": 1, "unit": "years"},
    "key_usage": ["digital_signature", "key_encipherment"],
    "key_size": 2048,
    "extended_key_usages": ["client_authentication"],
    "renewal_threshold": 20,
    "scep_server_urls": [URL],
    "root_profile": {"name": "Root"},
}
DECLARED: Mapping[str, Declared] = {
    "update": Declared(
        lambda: tenant_of([IOS_ROOT, *sceps()], root=IOS_ROOT), values={"renewal_threshold": 40}
    ),
    "link": Declared(
        lambda: tenant_of([IOS_ROOT, OTHER_ROOT, *sceps()], root=IOS_ROOT),
        values={"root_profile": {"name": "Other root"}},
    ),
    "assign": Declared(
        lambda: tenant_of([IOS_ROOT, *sceps()], root=IOS_ROOT),
        values={"assignments": [{"group": "Staff"}]},
    ),
    "create": Declared(lambda: tenant_of([IOS_ROOT]), values=NEW),
    "delete": Declared(
        lambda: tenant_of([IOS_ROOT, *sceps()], root=IOS_ROOT, assigned=True),
        choices={"prune": True, "prune_list": tuple(scep_names())},
        names=list,
    ),
    "replace": Declared(
        lambda: tenant_of([MAC_ROOT, *sceps("macos")], root=MAC_ROOT, assigned=True),
        values={"deployment_channel": "device", "replace": True},
        platform="macos",
    ),
}


class DeclaredState(Job):
    """A declared state of five SCEP profiles."""

    other_choices = ("managed_by", "Another set")

    def __init__(self, name: str, kind: str) -> None:
        super().__init__(name, kind)
        self.given = DECLARED[name]

    def scenario(self) -> Scenario:
        return self.given.scenario()

    def declarations(self) -> list[Any]:
        platform = self.given.platform
        root = {"name": "Root", "platform": platform, **self.given.root}
        found = [parse_declaration(root, kind=ProfileKind.TRUSTED_ROOT)]
        for name in self.given.names():
            data = {"name": name, "platform": platform, **self.given.values}
            found.append(parse_declaration(data, kind=ProfileKind.SCEP))
        return found

    @property
    def choices(self) -> PlanChoices:
        return PlanChoices(**self.given.choices)

    async def plan(self, graph: Tenant, ready: Ready) -> Plan:
        return await plan_declarations(graph, self.declarations(), self.choices, rules=LENIENT)

    async def run(
        self, graph: Tenant, ready: Ready, *, managed_by: str | None = None, **options: Any
    ) -> RunReport:
        choices = replace(self.choices, managed_by=managed_by)
        return await apply_declarations(
            graph, self.declarations(), choices, rules=LENIENT, **options
        )


class Restore(Job):
    """A restore of five SCEP profiles, linked and assigned, whose root is there already."""

    def scenario(self) -> Scenario:
        return tenant_of([IOS_ROOT, *sceps()], root=IOS_ROOT, assigned=True)

    def prepare(self, tenant: Any, material: Path) -> None:
        tenant.run(lambda graph: back_up_profiles(graph, material / "backup"))
        for name, identifier in _ids(tenant).items():
            if name != "Root":
                path = f"deviceManagement/deviceConfigurations/{identifier}"
                tenant.run(lambda graph, path=path: graph.session.write("DELETE", path))

    async def plan(self, graph: Tenant, ready: Ready) -> Plan:
        return await plan_restoring(graph, read_backup(ready.material / "backup"))

    async def run(self, graph: Tenant, ready: Ready, **options: Any) -> RunReport:
        return await restore_backup(graph, read_backup(ready.material / "backup"), **options)


def dependant(name: str, kind: str = "iosEnterpriseWiFiConfiguration") -> dict[str, Any]:
    """A profile that uses a certificate, as a body."""
    return {
        "@odata.type": f"#microsoft.graph.{kind}",
        "id": stable_id(kind, name),
        "displayName": name,
        "roleScopeTagIds": ["0"],
    }


class Repointing(Job):
    """Five dependants of one SCEP profile are pointed at another one."""

    other_choices = ("toward", "Other")
    users = (
        "iosEnterpriseWiFiConfiguration",
        "iosVpnConfiguration",
        "iosEasEmailProfileConfiguration",
        "iosEnterpriseWiFiConfiguration",
        "iosWiredNetworkConfiguration",
    )

    def scenario(self) -> Scenario:
        sceps = [scep_body("ios", name, urls=[URL]) for name in ("Mail", "Next", "Other")]
        users = [dependant(name, kind) for name, kind in zip(scep_names(), self.users, strict=True)]
        links = tuple(
            NavigationLink(str(wire["id"]), link_of(wire), str(sceps[0]["id"])) for wire in users
        )
        tenant = tenant_of([IOS_ROOT, *sceps, *users], root=IOS_ROOT)
        return replace(tenant, links=links)

    async def plan(self, graph: Tenant, ready: Ready, toward: str = "Next") -> Plan:
        users = await read_users(graph)
        profiles = (await read_profiles(graph, PROFILE_TYPES)).profiles
        ids = {profile.display_name: profile.id or "" for profile in profiles}
        move = Move(ids["Mail"], ids[toward], ("Mail", toward))
        actions = repoints(users, [move])
        return Plan(
            Task.ROLLOUT,
            graph.tenant_id,
            graph.cloud,
            tuple(actions),
            choices={"toward": toward},
        )

    async def run(self, graph: Tenant, ready: Ready, **options: Any) -> RunReport:
        given = {"toward": options.pop("toward")} if "toward" in options else {}

        async def make_plan() -> Plan:
            return await self.plan(graph, ready, **given)

        tasks = {Task.ROLLOUT}
        return await do_job(graph, make_plan, tasks, given, finish_first=True, **options)


def link_of(wire: Mapping[str, Any]) -> str:
    """The first certificate link that the type of a dependant has."""
    return CERTIFICATE_LINKS[str(wire["@odata.type"]).rpartition(".")[2]][0]


class Rollback(Job):
    """The rollback of another job; it writes into the journal it takes back."""

    def __init__(self, of: Job, kind: str) -> None:
        super().__init__(f"rollback of {of.name}", kind)
        self.of = of

    def scenario(self) -> Scenario:
        return self.of.scenario()

    def prepare(self, tenant: Any, material: Path) -> None:
        self.of.prepare(tenant, material)
        done = Ready(self.of, tenant, material, material, []).run(journal=material / "journal")
        assert not done.failed, told(done)

    def furnish(self, ready: Ready) -> None:
        shutil.copy(ready.material / "journal", self.journal(ready))

    def journal(self, ready: Ready) -> Path:
        return ready.directory / "rolled-back.jsonl"

    async def plan(self, graph: Tenant, ready: Ready) -> Plan:
        return (await roll_back(graph, self.journal(ready), dry_run=True)).plan

    async def run(self, graph: Tenant, ready: Ready, **options: Any) -> RunReport:
        options.pop("journal", None)
        return await roll_back(graph, self.journal(ready), **options)


_FIRST = (
    Migration("migration", "patch"),
    DeclaredState("update", "patch"),
    DeclaredState("link", "link"),
    DeclaredState("assign", "assign"),
    DeclaredState("create", "create"),
    DeclaredState("delete", "delete"),
    DeclaredState("replace", "create"),
    Restore("restore", "create"),
    Repointing("repoint", "repoint"),
)
_UNDOES = {
    "migration": "patch",
    "update": "patch",
    "link": "link",
    "assign": "assign",
    "create": "delete",
    "delete": "create",
    "replace": "create",
    "restore": "delete",
    "repoint": "repoint",
}
JOBS: Mapping[str, Job] = {
    job.name: job
    for job in (
        *_FIRST,
        *(Rollback(job, _UNDOES[job.name]) for job in _FIRST if job.name in _UNDOES),
    )
}


def named(*names: str) -> list[Job]:
    return [JOBS[name] for name in names]


def of_kind(*kinds: str) -> list[Job]:
    """The jobs that write in one of these ways."""
    return [job for job in JOBS.values() if job.kind in kinds]


def first_jobs() -> list[Job]:
    """The jobs that have a plan of their own to save: all but rollbacks."""
    return list(_FIRST)


def _ids(tenant: Any) -> dict[str, str]:
    return {item["displayName"]: key for key, item in tenant.profiles().items()}


async def content(graph: Tenant) -> list[Any]:
    """Every profile with root and assignments, in names instead of ids, sorted."""
    profiles = (await read_profiles(graph, PROFILE_TYPES, with_assignments=True)).profiles
    links = await read_root_links(graph, [profile for profile in profiles if profile.is_scep])
    names = {profile.id: profile.display_name for profile in profiles}
    found = []
    users = {
        user.id: {"uses": names[profile_id], "links": list(user.links)}
        for profile_id, users in (await read_users(graph)).by_profile.items()
        for user in users
    }
    listed = await list_configurations(graph, (), has_certificate_links, with_assignments=False)
    found += [
        {"name": wire["displayName"], "wire": content_of(wire), **users.get(wire["id"], {})}
        for wire in listed.items
    ]
    for profile in profiles:
        wire = profile.to_wire()
        root = links.get(profile.id or "")
        found.append(
            {
                "name": profile.display_name,
                "root": root.display_name if root is not None else None,
                "assignments": sorted(
                    json.dumps(
                        {k: v for k, v in item["target"].items() if v not in (None, "none")},
                        sort_keys=True,
                    )
                    for item in profile.assignments or ()
                ),
                "wire": content_of(wire),
            }
        )
    return sorted(found, key=lambda item: json.dumps(item, sort_keys=True))


def content_of(wire: Mapping[str, Any]) -> dict[str, Any]:
    """What people wrote of a profile."""
    return {
        name: value
        for name, value in wire.items()
        if name not in NOT_CONTENT
        and not name.startswith("assignments")
        and (name == "@odata.type" or "@" not in name)
    }


@dataclass(frozen=True)
class _Prepared:
    database: Path
    material: Path
    goal: list[Any]


class Stage:
    """Makes jobs ready, each seeded and prepared once."""

    def __init__(self, kind: type, directory: Path) -> None:
        self._kind = kind
        self._directory = directory
        self._prepared: dict[str, _Prepared] = {}

    def ready(self, job: Job, directory: Path) -> Ready:
        if job.name not in self._prepared:
            self._prepared[job.name] = self._prepare(job)
        prepared = self._prepared[job.name]
        return self._opened(job, prepared, directory)

    def _opened(self, job: Job, prepared: _Prepared, directory: Path) -> Ready:
        path = directory / "job.db"
        shutil.copy(prepared.database, path)
        ready = Ready(job, self._kind(path), directory, prepared.material, prepared.goal)
        ready.tenant.control("DELETE", "requests")
        job.furnish(ready)
        return ready

    def _prepare(self, job: Job) -> _Prepared:
        from intune_scep.simulator import seed_database

        material = self._directory / job.name.replace(" ", "-")
        material.mkdir()
        path = material / "begin.db"
        seed_database(path, job.scenario())
        tenant = self._kind(path)
        try:
            job.prepare(tenant, material)
        finally:
            tenant.close()
        prepared = _Prepared(path, material, [])
        trial = material / "trial"
        trial.mkdir()
        undisturbed = self._opened(job, prepared, trial)
        try:
            done = undisturbed.run()
            assert not done.failed, told(done)
            assert done.count("applied") == COUNT, told(done)
            return replace(prepared, goal=undisturbed.content())
        finally:
            undisturbed.tenant.close()


Start = Callable[[Job], Ready]
Work = Callable[[Tenant], Awaitable[Any]]


def outcomes(report: RunReport) -> dict[str, str]:
    """Status by name of the profiles the run was to write."""
    return {item.action.name: item.status.value for item in written(report)}


def written(report: RunReport) -> list[Outcome]:
    """The outcomes of what there was to write, in the order in which it was written."""
    by_key = {item.action.key: item for item in report.outcomes}
    return [by_key[action.key] for action in report.plan.writing]


def statuses(report: RunReport) -> list[str]:
    return [item.status.value for item in written(report)]


def told(report: RunReport) -> str:
    """What a report says of each profile that was to be written, in short."""
    rows = [f"{item.status.value} ({item.message})" for item in report.outcomes]
    return " | ".join(row[:160] for row in rows)
