"""Carrying out a plan, finishing a run that was cut short, taking a run back, looking at it again.

Every job writes through these functions. One run at a time works on a tenant from this machine.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from intune_scep.changes.evidence import Evidence, Gather, gathered
from intune_scep.changes.expectation import Expectation
from intune_scep.changes.foreseen import after, taken_back, would_be_taken_back
from intune_scep.changes.journal import (
    Journal,
    default_journal_path,
    new_journal,
    read_journal,
    reopened_journal,
)
from intune_scep.changes.plan import Action, Plan, Task, check_plan, require_room, waits_for
from intune_scep.changes.readback import Readback
from intune_scep.changes.record import ActionRecord, RunRecord
from intune_scep.changes.record_log import RecordWriter
from intune_scep.changes.report import Outcome, RunReport, first_outcome
from intune_scep.changes.runs import find_journals, remember_journal
from intune_scep.changes.status import Hold, Status
from intune_scep.changes.steps import Reference, id_of
from intune_scep.changes.undo import Now, TakenBack, linked_ids, undo
from intune_scep.changes.walker import Walk
from intune_scep.changes.watch import Watch
from intune_scep.errors import IntuneScepError, JournalError, PermissionMissingError, PlanError
from intune_scep.files import tenant_lock
from intune_scep.graph.permissions import missing_permissions
from intune_scep.profiles import Profile, find_profile_type
from intune_scep.profiles.parsing import parse_written
from intune_scep.tenant import Tenant, read_profiles, read_root_links
from intune_scep.tenant.dependants import read_links
from intune_scep.tenant.listing import list_configurations

_WRITING = "DeviceManagementConfiguration.ReadWrite.All"
_JOBS: Mapping[Task, str] = {
    Task.STRONG_MAPPING: "the migration to strong mapping",
    Task.DECLARED_STATE: "a declared state",
    Task.RESTORE: "a restore",
    Task.ROLLBACK: "a rollback",
    Task.ROLLOUT: "a ring of a rollout",
}


def dry_run_report(plan: Plan, *, notes: Iterable[str] = ()) -> RunReport:
    """The report of a plan that is not carried out."""
    outcomes = _held_by_refusal(plan) or tuple(map(first_outcome, plan.actions))
    return RunReport(plan, outcomes, dry_run=True, notes=(*plan.notes, *notes))


def _held_by_refusal(plan: Plan) -> tuple[Outcome, ...] | None:
    """Where one action is refused and the plan is all or nothing: nothing is tried."""
    if not plan.is_held:
        return None
    message = "Not tried, because another declaration is refused."
    return tuple(
        outcome.but(Status.HELD_BACK, message, hold=Hold.REFUSED)
        if outcome.status is Status.PLANNED
        else outcome
        for outcome in map(first_outcome, plan.actions)
    )


def require_permission(tenant: Tenant) -> tuple[str, ...]:
    """Compare what the token permits with what a write needs.

    Returns:
        A note where the token does not say what it permits.

    Raises:
        PermissionMissingError: it says, and the permission is not among it.
    """
    if tenant.granted_permissions is None:
        return (f"The token does not say what it permits; this needs {_WRITING}.",)
    if missing_permissions([_WRITING], tenant.granted_permissions):
        raise PermissionMissingError(
            f"The token lacks the permission {_WRITING}. Nothing was changed.",
            hint="Let an administrator grant it to the application, then sign in again.",
        )
    return ()


async def carry_out(
    tenant: Tenant,
    plan: Plan,
    *,
    journal: Path | None = None,
    max_changes: int | None = None,
    watch: Watch | None = None,
    gather: Gather | None = None,
) -> RunReport:
    """Carry out a plan.

    Args:
        journal: Where the record goes; a new file in the tenant's state directory by default. The
            journal of a run of the same plan that was cut short is resumed.
        max_changes: Refuse the run if it would write more profiles.
        gather: Gathers what the journal keeps of the time before the first write; of a run that is
            resumed, where nothing was sent yet.

    Raises:
        PlanError: the plan is of another tenant, too large, or was carried out already.
        JournalError: the journal belongs to something else or cannot be made.
        FileInUseError: another run is at work in the tenant.
    """
    plan.require_tenant(tenant.tenant_id, tenant.cloud)
    check_plan(plan)
    held = _held_by_refusal(plan)
    if held is not None or not plan.writing:
        outcomes = held or tuple(map(first_outcome, plan.actions))
        return RunReport(plan, outcomes, dry_run=False, notes=plan.notes)
    told = require_permission(tenant)
    with tenant_lock(tenant.tenant_id, job=_JOBS[plan.task]):
        earlier = _earlier(tenant, plan, journal)
        if earlier is not None:
            return await _resume(
                tenant, earlier, max_changes=max_changes, watch=watch, gather=gather
            )
        require_room(len(plan.writing), max_changes)
        watch = watch or Watch()
        evidence = await gathered(gather, tenant, plan, watch)
        path = journal or default_journal_path(tenant.tenant_id, plan.task)
        with new_journal(path, plan.tenant, plan.cloud, plan.task) as writer:
            run = RunRecord(1, plan)
            writer.write("plan", run=1, plan=plan.to_dict())
            if journal is not None:
                remember_journal(tenant.tenant_id, path)
            told = (*told, *_keep(writer, evidence))
            return await _walk(tenant, run, writer, watch, notes=(*plan.notes, *told))


def _keep(writer: RecordWriter, evidence: Evidence | None) -> tuple[str, ...]:
    """Write evidence of the time before the first write; the notes on it."""
    if evidence is None:
        return ()
    for record in evidence.records:
        writer.write("evidence", run=1, of=evidence.kind, content=record)
    return tuple(evidence.notes)


def _earlier(tenant: Tenant, plan: Plan, journal: Path | None) -> Journal | None:
    """The journal of an earlier run of this plan that has something left to do.

    Raises:
        PlanError: the plan was carried out.
        JournalError: the journal that was named is of something else.
    """
    if journal is not None and journal.exists():
        content = read_journal(journal)
        content.require_tenant(tenant.tenant_id, tenant.cloud)
        if content.first.plan.digest != plan.digest and not content.is_finished:
            raise JournalError(
                f"Journal {journal} belongs to another plan, of which {len(content.last.left)} of"
                f" {len(content.last.plan.writing)} profiles are left. Nothing was changed.",
                hint="Finish that run first, or give another file for this one.",
            )
        # A finished one is refused where the new one is made.
        return None if content.is_finished else content
    return begun_with(tenant.tenant_id, plan)


def begun_with(tenant_id: str, plan: Plan) -> Journal | None:
    """The journal of a run of this plan that has something left to do.

    Raises:
        PlanError: the plan was carried out.
    """
    for content in find_journals(tenant_id).journals:
        if content.first.plan.digest != plan.digest or len(content.runs) > 1:
            continue
        if not content.is_finished:
            return content
        raise PlanError(
            f"This plan was carried out already, at {content.began}: {content.path}."
            " Nothing was changed.",
            hint="Make a new plan.",
        )
    return None


async def _walk(
    tenant: Tenant,
    run: RunRecord,
    writer: RecordWriter,
    watch: Watch | None,
    *,
    notes: Iterable[str] = (),
) -> RunReport:
    watch = watch or Watch()
    watch.began(writer.path, len(run.left))
    walk = Walk(tenant, run, writer, watch)
    outcomes = await walk.run()
    return RunReport(
        run.plan,
        outcomes,
        dry_run=False,
        journal=str(writer.path),
        stopped=walk.stopped,
        interrupted_by=watch.stop.signal,
        notes=(*notes, *walk.notes),
    )


async def resume(
    tenant: Tenant,
    journal: Path,
    *,
    tasks: Collection[Task] = tuple(Task),
    max_changes: int | None = None,
    watch: Watch | None = None,
    gather: Gather | None = None,
) -> RunReport:
    """Finish the run that a journal records; nothing is written twice.

    Args:
        tasks: The jobs whose runs may be finished here.
        gather: As for `carry_out`.

    Raises:
        JournalError: it cannot be used, or is of another tenant or another job.
        TooManyChangesError: more is left than `max_changes`.
        FileInUseError: another run is at work in the tenant.
    """
    content = read_journal(journal)
    content.require_tenant(tenant.tenant_id, tenant.cloud)
    content.require_task(tasks)
    with tenant_lock(tenant.tenant_id, job=_JOBS[content.last.plan.task]):
        return await _resume(tenant, content, max_changes=max_changes, watch=watch, gather=gather)


async def _resume(
    tenant: Tenant,
    content: Journal,
    *,
    max_changes: int | None,
    watch: Watch | None,
    gather: Gather | None,
) -> RunReport:
    require_room(len(content.last.left), max_changes)
    told = require_permission(tenant)
    with reopened_journal(content.path) as (current, writer):
        note = f"Resumed the run recorded in {content.path}."
        run, watch = current.last, watch or Watch()
        if run.number == 1 and not run.evidence and not run.is_begun:
            evidence = await gathered(gather, tenant, run.plan, watch)
            told = (*told, *_keep(writer, evidence))
        return await _walk(tenant, current.last, writer, watch, notes=(note, *told))


def resume_report(content: Journal) -> RunReport:
    """What resuming a run would do, without doing it."""
    left = len(content.last.left)
    note = f"The run recorded in {content.path} was cut short; {left} of it are left."
    return _foreseen(content, content.last.plan, note)


def begun_report(content: Journal) -> RunReport:
    """What finishing only what a run had begun would do, without doing it."""
    note = f"What the run recorded in {content.path} had begun is finished before anything else."
    return _foreseen(content, _begun_part(content.last), note)


def _foreseen(content: Journal, plan: Plan, note: str) -> RunReport:
    run = content.last
    left = {action.key for action in run.left}
    outcomes = tuple(
        first_outcome(action)
        if action.key in left or not action.writes
        else first_outcome(action).but(
            Status.UNCHANGED, "Done before the run was cut short.", id=run.record(action).id
        )
        for action in plan.actions
    )
    return RunReport(plan, outcomes, dry_run=True, journal=str(content.path), notes=(note,))


def require_resumable(
    content: Journal,
    tenant: str,
    cloud: str,
    *,
    tasks: Collection[Task],
    given: Mapping[str, Any],
    max_changes: int | None,
) -> None:
    """Refuse to finish a run that is not the one that was meant.

    Args:
        tasks: The jobs whose runs may be finished here.
        given: The choices that were given now; those that were not are not in it.

    Raises:
        JournalError: it is of another tenant or another job, or was begun under other choices.
        TooManyChangesError: more is left than `max_changes`.
    """
    content.require_tenant(tenant, cloud)
    content.require_task(tasks)
    _require_same_choices(content, given)
    require_room(len(content.last.left), max_changes)


def _require_same_choices(content: Journal, given: Mapping[str, Any]) -> None:
    recorded = content.first.plan.choices
    differing = [name for name, value in given.items() if recorded.get(name) != value]
    if not differing:
        return
    pairs = "; ".join(
        f"{name} was {recorded.get(name)!r}, not {given[name]!r}" for name in differing
    )
    left, total = len(content.last.left), len(content.last.plan.writing)
    raise JournalError(
        f"{content.path} is the journal of a run with other choices: {pairs}. {left} of its {total}"
        " profiles are left. Nothing was changed.",
        hint="Leave these options out to finish that run, or give another journal for a new one.",
    )


def unfinished_at(path: Path | None) -> Journal | None:
    """The journal at a path, if its first run has something left to do.

    Raises:
        JournalError: it cannot be read.
    """
    if path is None or not path.exists():
        return None
    content = read_journal(path)
    return None if content.is_finished or len(content.runs) > 1 else content


async def finish_begun(tenant: Tenant, journal: Path, *, watch: Watch | None = None) -> RunReport:
    """Finish what a run was doing when it was cut short.

    A profile that was half made or half replaced would stand in the way of a new plan. Only what
    was begun is finished, with what it waits for; nothing else of that run is started.

    Raises:
        JournalError: it cannot be used, or is of another tenant.
        FileInUseError: another run is at work in the tenant.
    """
    content = read_journal(journal)
    content.require_tenant(tenant.tenant_id, tenant.cloud)
    with (
        tenant_lock(tenant.tenant_id, job=_JOBS[content.last.plan.task]),
        reopened_journal(journal) as (current, writer),
    ):
        run = current.last
        part = replace(run, plan=_begun_part(run))
        note = f"Finished what the run recorded in {journal} had begun."
        return await _walk(tenant, part, writer, watch, notes=(note,))


_LATER: Mapping[str, Any] = {
    "steps": (),
    "status": Status.SKIPPED,
    "message": "Not begun by that run: the next plan decides.",
}


def _begun_part(run: RunRecord) -> Plan:
    """The plan with only what was begun left to do; what is over stays for what waits for it."""
    wanted = _needed(run)
    left = {action.key for action in run.left}
    return replace(
        run.plan,
        actions=tuple(
            replace(action, **_LATER) if action.key in left - wanted else action
            for action in run.plan.actions
        ),
    )


def _needed(run: RunRecord) -> set[str]:
    """Keys of what was cut short and of all that it waits for: an old root goes last."""
    needed: set[str] = set()
    left = [action.key for action in _cut_short(run)]
    while left:
        key = left.pop()
        if key not in needed:
            needed.add(key)
            left += waits_for(run.by_key[key])
    return needed


def _cut_short(run: RunRecord) -> list[Action]:
    return [action for action in run.begun if _is_cut_short(run.record(action))]


def _is_cut_short(record: ActionRecord) -> bool:
    if record.was_taken_back:
        return False
    return any(step.status in {None, Status.APPLIED} for step in record.steps.values())


def unfinished(tenant_id: str) -> list[Journal]:
    """The journals of a tenant whose runs were cut short with something begun.

    A run that came to its end has told what failed, and is resumed only by name.
    """
    return [
        content
        for content in find_journals(tenant_id).journals
        if content.first.plan.task is not Task.STRONG_MAPPING
        and not content.last.ended
        and _cut_short(content.last)
    ]


async def roll_back(
    tenant: Tenant,
    journal: Path,
    *,
    tasks: Collection[Task] = tuple(Task),
    later: Sequence[Path] = (),
    dry_run: bool = False,
    max_changes: int | None = None,
    watch: Watch | None = None,
) -> RunReport:
    """Take back what a run did, where nobody changed the profile since.

    Args:
        tasks: The jobs whose runs may be taken back here.
        later: Journals of the runs of the same job since, in their order; those were taken back.

    Raises:
        JournalError: it cannot be used, or is of another tenant or another job.
        TooManyChangesError: more would be written than `max_changes`.
        FileInUseError: another run is at work in the tenant.
    """
    content = read_journal(journal)
    content.require_tenant(tenant.tenant_id, tenant.cloud)
    content.require_task(tasks)
    if len(content.runs) > 1 and not content.is_finished and content.last.begun:
        if dry_run:
            require_room(len(content.last.left), max_changes)
            return resume_report(content)
        return await resume(tenant, journal, max_changes=max_changes, watch=watch)
    since = [taken_back(read_journal(path)) for path in later]
    plan = undo(content, await _now(tenant, content), since)
    require_room(len(plan.writing), max_changes)
    nothing = ("Nothing is left to roll back.",) if not plan.writing else ()
    if dry_run or not plan.writing:
        report = dry_run_report(plan, notes=nothing)
        return replace(report, dry_run=dry_run, journal=str(journal))
    told = require_permission(tenant)
    with (
        tenant_lock(tenant.tenant_id, job=_JOBS[Task.ROLLBACK]),
        reopened_journal(journal) as (current, writer),
    ):
        run = RunRecord(len(current.runs) + 1, plan)
        writer.write("plan", run=run.number, plan=plan.to_dict())
        return await _walk(tenant, run, writer, watch, notes=(*plan.notes, *told))


async def foresee_roll_back(
    tenant: Tenant, journals: Sequence[Path], *, tasks: Collection[Task] = tuple(Task)
) -> list[RunReport]:
    """What taking back several runs of a job would do, the last first. Writes nothing.

    Each is judged on the tenant as taking back those after it would leave it. The first that would
    not be taken back whole is the last, as it is when they are taken back.

    Args:
        journals: In the order of the runs; some may have been taken back already.

    Raises:
        JournalError: as for `roll_back`.
    """
    reports: list[RunReport] = []
    plans: list[Plan] = []
    later: list[TakenBack] = []
    for path in reversed(journals):
        content = read_journal(path)
        content.require_tenant(tenant.tenant_id, tenant.cloud)
        content.require_task(tasks)
        if len(content.runs) > 1 and content.is_finished:
            later.insert(0, taken_back(content))
            continue
        now = after(await _now(tenant, content), plans)
        plan = undo(content, now, later)
        reports.append(replace(dry_run_report(plan), journal=str(path)))
        if reports[-1].failed:
            break
        later.insert(0, would_be_taken_back(content, plan, now))
        plans.append(plan)
    return reports


async def _now(tenant: Tenant, content: Journal) -> Now:
    run = content.first
    begun = [action for action in run.plan.writing if run.record(action).begun]
    types = {
        action.odata_type: row
        for action in begun
        if (row := find_profile_type(action.odata_type)) is not None
    }
    assigned = any(not step.properties for action in begun for step in action.steps)
    profiles, links = await _dependants_now(tenant, begun)
    if types:
        snapshot = await read_profiles(tenant, types.values(), with_assignments=assigned)
        profiles |= {profile.id or "": profile for profile in snapshot.profiles}
    if not assigned:
        return Now(profiles)
    linked = {i: profiles[i] for i in linked_ids(content) if i in profiles}
    linked |= {i: profile for i, profile in profiles.items() if profile.is_scep}
    roots: dict[str, str | None] = {}
    for identifier, root in (await read_root_links(tenant, list(linked.values()))).items():
        if isinstance(root, IntuneScepError):
            raise root
        roots[identifier] = root.id if isinstance(root, Profile) else None
    return Now(profiles, roots, links)


async def _dependants_now(
    tenant: Tenant, begun: Iterable[Action]
) -> tuple[dict[str, Profile], dict[tuple[str, str], str | None]]:
    """The profiles of the types of dependants that a run wrote, and where the links that it
    changed lead.

    Raises:
        IntuneScepError: one of them could not be read.
    """
    types = {
        action.odata_type.lower()
        for action in begun
        if find_profile_type(action.odata_type) is None
    }
    if not types:
        return {}, {}
    wanted = [
        (action.id, action.odata_type, name)
        for action in begun
        if action.id
        for step in action.steps
        for name in step.links
    ]
    listed = await list_configurations(
        tenant, (), lambda odata_type: odata_type.lower() in types, with_assignments=True
    )
    profiles = {str(wire["id"]): parse_written(wire) for wire in listed.items}
    links: dict[tuple[str, str], str | None] = {}
    there = [link for link in wanted if link[0] in profiles]
    for key, led_to in (await read_links(tenant, there)).items():
        if isinstance(led_to, IntuneScepError):
            raise led_to
        if not isinstance(led_to, tuple):
            links[key] = led_to
    return profiles, links


async def verify_journal(tenant: Tenant, journal: Path) -> RunReport:
    """Read back every profile that a journal says was changed. Writes nothing.

    Raises:
        JournalError: it cannot be used, or is of another tenant.
    """
    content = read_journal(journal)
    content.require_tenant(tenant.tenant_id, tenant.cloud)
    run = content.first
    outcomes = {action.key: first_outcome(action) for action in run.plan.actions}
    expected: dict[str, Expectation] = {}
    for action in run.plan.writing:
        record, outcome = run.record(action), outcomes[action.key]
        if not record.begun:
            message = "The run did not get this far."
            outcomes[action.key] = outcome.but(Status.HELD_BACK, message, hold=Hold.STOPPED)
        elif _rolled_back(content, action):
            outcomes[action.key] = outcome.but(Status.SKIPPED, "Rolled back.")
        elif action.creates and record.made_id(action) is None:
            message = "The run was cut short before it knew whether this was made."
            outcomes[action.key] = outcome.but(Status.UNKNOWN, message)
        else:
            expected[action.key] = _expectation(run, action, record)
    readings = await Readback(tenant, run.plan.pages).settle(list(expected.values()), 0)
    for key, reading in zip(expected, readings, strict=True):
        outcomes[key] = outcomes[key].but(
            reading.status, reading.message, id=expected[key].id or None, version=reading.version
        )
    notes = ("The journal ends in the middle of a record.",) if content.torn else ()
    return RunReport(
        run.plan,
        tuple(outcomes.values()),
        dry_run=False,
        verified_only=True,
        journal=str(journal),
        notes=notes,
    )


def _rolled_back(content: Journal, action: Action) -> bool:
    return any(
        run.actions[action.key].ending is Status.APPLIED
        for run in content.runs[1:]
        if action.key in run.actions
    )


def _expectation(run: RunRecord, action: Action, record: ActionRecord) -> Expectation:
    """What the profile of an action should be like when all its steps are done."""

    def made_by(key: str) -> str | None:
        return run.record(run.by_key[key]).made_id(run.by_key[key])

    def root_id(reference: Reference | None) -> str | None:
        return id_of(reference, made_by)

    made = record.made_id(action)
    expected = Expectation(made or action.id or "", action.odata_type)
    for number, step in enumerate(action.steps):
        if step.deletes and action.creates:
            continue
        patched = step.properties and number in record.steps
        before = record.steps[number].pre_image.wire if patched else None
        expected = step.expect(expected, before, root_id)
    return expected
