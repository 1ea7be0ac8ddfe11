"""The whole job: read, judge, plan, apply, verify. Modules, CLI and scripts call these.

Check mode is the same path stopped after the plan.
"""

from __future__ import annotations

from pathlib import Path

from intune_scep.strong_mapping.apply import Application, Progress, silent
from intune_scep.strong_mapping.choices import Choices
from intune_scep.strong_mapping.journal import (
    JournalContent,
    JournalError,
    default_journal_path,
    new_journal,
    read_journal,
    reopened_journal,
)
from intune_scep.strong_mapping.plan import Assessment, Plan, PlanFileError, assess, make_plan
from intune_scep.strong_mapping.report import EnforcementReport, Outcome, Status, Task, planned
from intune_scep.strong_mapping.rollback import REISSUE_NOTE, Rollback, rollback_candidates
from intune_scep.strong_mapping.verify import Expectation, verify_outcomes
from intune_scep.tenant import SCEP_TYPES, Tenant, Wanted, read_snapshot


async def assess_tenant(tenant: Tenant) -> Assessment:
    """Read every SCEP profile and judge it.

    Raises:
        GraphError, GraphTransportError: the profiles could not be read.
    """
    snapshot = await read_snapshot(tenant, Wanted(SCEP_TYPES))
    return assess(
        tenant.tenant_id,
        tenant.cloud,
        snapshot.profiles,
        notes=snapshot.notes,
        pages=snapshot.pages,
    )


async def plan_tenant(tenant: Tenant, choices: Choices) -> Plan:
    """Assess and plan.

    Raises:
        SelectionError, TooManyChangesError: the choices do not fit the tenant.
    """
    return make_plan(await assess_tenant(tenant), choices)


async def enforce(
    tenant: Tenant,
    choices: Choices,
    *,
    dry_run: bool,
    journal: Path | None = None,
    progress: Progress = silent,
) -> EnforcementReport:
    """Append the SID URI wherever the choices say, and prove it.

    Args:
        dry_run: Stop after the plan.
        journal: Where the record goes; by default into the user's state directory. A journal of
            a run that was cut short is resumed instead of planning anew.

    Raises:
        IntuneScepError: nothing could be judged or planned, or the journal cannot be used.
    """
    unfinished = _unfinished(journal)
    if unfinished is not None:
        return await _resume(tenant, unfinished, dry_run=dry_run, progress=progress)
    plan = await plan_tenant(tenant, choices)
    if dry_run or not plan.actions:
        return _report(tenant, plan, planned(plan.actions), dry_run=dry_run)
    return await apply_plan(tenant, plan, journal=journal, progress=progress)


async def apply_plan(
    tenant: Tenant, plan: Plan, *, journal: Path | None = None, progress: Progress = silent
) -> EnforcementReport:
    """Carry out a plan that was made and perhaps saved before.

    Raises:
        PlanFileError: the plan is for another tenant.
        JournalError: the journal belongs to something else or cannot be written.
    """
    if (plan.tenant, plan.cloud) != (tenant.tenant_id, tenant.cloud):
        raise PlanFileError(
            f"The plan is for tenant {plan.tenant} ({plan.cloud}), but you are signed in to"
            f" {tenant.tenant_id} ({tenant.cloud}). Nothing was changed."
        )
    unfinished = _unfinished(journal)
    if unfinished is not None:
        if unfinished.plan.digest != plan.digest:
            raise JournalError(f"Journal {journal} belongs to another plan. Nothing was changed.")
        return await _resume(tenant, unfinished, dry_run=False, progress=progress)
    if not plan.actions:
        return _report(tenant, plan, (), dry_run=False)
    path = journal or default_journal_path(tenant.tenant_id)
    pages = plan.assessment.pages if plan.assessment else 1
    with new_journal(path, plan) as writer:
        application = Application(tenant, writer, pages=pages, progress=progress)
        outcomes = await application.run(plan.actions)
    return _report(tenant, plan, outcomes, dry_run=False, journal=path)


async def resume(
    tenant: Tenant, journal: Path, *, progress: Progress = silent
) -> EnforcementReport:
    """Finish the run that a journal records; nothing is written twice.

    Raises:
        JournalError: it cannot be used, or is of another tenant.
    """
    return await _resume(tenant, read_journal(journal), dry_run=False, progress=progress)


async def _resume(
    tenant: Tenant, content: JournalContent, *, dry_run: bool, progress: Progress
) -> EnforcementReport:
    content.require_tenant(tenant.tenant_id, tenant.cloud)
    assessment = await assess_tenant(tenant)
    if dry_run:
        outcomes = tuple(
            outcome if outcome.id not in content.entries else _recorded(content, outcome)
            for outcome in planned(content.plan.actions)
        )
        return _report(
            tenant, content.plan, outcomes, dry_run=True, journal=content.path, now=assessment
        )
    with reopened_journal(content.path) as (current, writer):
        application = Application(tenant, writer, pages=assessment.pages, progress=progress)
        outcomes = await application.run(current.plan.actions, current)
    return _report(
        tenant,
        content.plan,
        outcomes,
        dry_run=False,
        journal=content.path,
        now=assessment,
        notes=(f"Resumed the run recorded in {content.path}.",),
    )


def _recorded(content: JournalContent, outcome: Outcome) -> Outcome:
    entry = content.entries[outcome.id]
    last = entry.verified or entry.outcome
    done = last is not None and last["status"] == Status.APPLIED
    return (
        outcome.but(Status.UNCHANGED, "Changed before the run was cut short.") if done else outcome
    )


def _unfinished(path: Path | None) -> JournalContent | None:
    """Return the journal at a path if its run has something left to do."""
    if path is None or not path.exists():
        return None
    content = read_journal(path)
    return content if content.torn or not _is_finished(content) else None


def _is_finished(content: JournalContent) -> bool:
    for action in content.plan.actions:
        entry = content.entries.get(action.id)
        if entry is None or entry.outcome is None:
            return False
        status = (entry.verified or entry.outcome)["status"]
        if status in {Status.FAILED, Status.UNKNOWN}:
            return False
        if entry.outcome["status"] == Status.APPLIED and entry.verified is None:
            return False
    return True


async def verify_journal(tenant: Tenant, journal: Path) -> EnforcementReport:
    """Read back every profile that a journal says was changed. Writes nothing.

    Raises:
        JournalError: it cannot be used, or is of another tenant.
    """
    content = read_journal(journal)
    content.require_tenant(tenant.tenant_id, tenant.cloud)
    expectations = []
    outcomes: list[Outcome] = []
    for action in content.plan.actions:
        entry = content.entries.get(action.id)
        outcome = Outcome(action.id, Status.HELD_BACK, before=action.before, after=action.after)
        if entry is None or entry.outcome is None or entry.pre_image is None:
            outcomes.append(outcome.but(Status.HELD_BACK, "The run did not get this far."))
            continue
        if entry.rollback is not None and entry.rollback["status"] == Status.APPLIED:
            outcomes.append(outcome.but(Status.HELD_BACK, "Rolled back."))
            continue
        outcome = outcome.but(Status(entry.outcome["status"]), entry.outcome.get("message"))
        outcomes.append(outcome)
        expectations.append(
            Expectation(outcome, entry.pre_image, {"customSubjectAlternativeNames": action.after})
        )
    seen = await verify_outcomes(tenant, expectations, pages=len(expectations))
    final = tuple(seen.get(outcome.id, outcome) for outcome in outcomes)
    notes = ("The journal ends in the middle of a record.",) if content.torn else ()
    return EnforcementReport(
        tenant.tenant_id,
        tenant.cloud,
        final,
        dry_run=False,
        assessment=await assess_tenant(tenant),
        plan=content.plan,
        journal=str(journal),
        notes=notes,
        task=Task.VERIFY,
    )


async def rollback(
    tenant: Tenant, journal: Path, *, dry_run: bool, progress: Progress = silent
) -> EnforcementReport:
    """Restore the names that a run's profiles had before it.

    Raises:
        JournalError: it cannot be used, is torn, or is of another tenant.
    """
    content = read_journal(journal)
    content.require_tenant(tenant.tenant_id, tenant.cloud)
    candidates = rollback_candidates(content)
    if dry_run or not candidates:
        outcomes = await Rollback(tenant, None, progress=progress).run(candidates)
    else:
        with reopened_journal(journal) as (current, writer):
            outcomes = await Rollback(tenant, writer, progress=progress).run(
                rollback_candidates(current)
            )
    return EnforcementReport(
        tenant.tenant_id,
        tenant.cloud,
        outcomes,
        dry_run and bool(candidates),
        assessment=await assess_tenant(tenant),
        journal=str(journal),
        notes=(REISSUE_NOTE,) if candidates else ("Nothing is left to roll back.",),
        task=Task.ROLL_BACK,
    )


def _report(
    tenant: Tenant,
    plan: Plan,
    outcomes: tuple[Outcome, ...],
    *,
    dry_run: bool,
    journal: Path | None = None,
    now: Assessment | None = None,
    notes: tuple[str, ...] = (),
) -> EnforcementReport:
    assessment = now or plan.assessment
    held = tuple(
        Outcome(identifier, Status.HELD_BACK, reason)
        for identifier, reason in plan.left_alone.items()
    )
    return EnforcementReport(
        tenant.tenant_id,
        tenant.cloud,
        (*outcomes, *held),
        dry_run,
        assessment=assessment,
        plan=plan,
        journal=str(journal) if journal else None,
        notes=(*(assessment.notes if assessment else ()), *notes),
    )
