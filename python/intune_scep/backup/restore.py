"""Restoring a backup: what a tenant lacks of it is made, linked and only then assigned."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from intune_scep.backup.backup import Backup
from intune_scep.backup.plan import RestoreAction, RestorePlan, RestoreStep, plan_restore
from intune_scep.changes.job import do_job
from intune_scep.changes.plan import Action, Difference, Plan, Task
from intune_scep.changes.report import RunReport
from intune_scep.changes.status import Status
from intune_scep.changes.steps import Reference, Step
from intune_scep.changes.steps.assign import Assign
from intune_scep.changes.steps.create import Create
from intune_scep.changes.steps.link import Link
from intune_scep.changes.watch import Watch
from intune_scep.tenant import Tenant


async def plan_restoring(tenant: Tenant, backup: Backup) -> Plan:
    """Say what restoring would do. Reads only.

    Raises:
        GraphError, GraphTransportError: the tenant could not be read.
    """
    return _to_plan(tenant, await plan_restore(tenant, backup))


async def restore_backup(
    tenant: Tenant,
    backup: Backup,
    *,
    dry_run: bool = False,
    journal: Path | None = None,
    max_changes: int | None = None,
    watch: Watch | None = None,
) -> RunReport:
    """Make what a tenant lacks of a backup, with roots and assignments.

    What is there already, by type and name, is left alone. A profile that cannot be made whole is
    taken away again before it was ever assigned. What an earlier run was making when it was cut
    short is finished first.

    Args:
        dry_run: Stop after the plan.
        journal: Where the record goes; in the tenant's state directory by default. The journal of
            a run that was cut short is resumed.
        max_changes: Refuse the run if it would make more profiles.

    Raises:
        GraphError, GraphTransportError: the tenant could not be read. What goes wrong with one
            profile is its own outcome.
        JournalError: the journal is of another tenant or another backup.
    """
    return await do_job(
        tenant,
        lambda: plan_restoring(tenant, backup),
        {Task.RESTORE},
        {"of": backup.tenant, "read_at": backup.read_at},
        finish_first=True,
        dry_run=dry_run,
        journal=journal,
        max_changes=max_changes,
        watch=watch,
    )


def _to_plan(tenant: Tenant, decided: RestorePlan) -> Plan:
    backup = decided.backup
    read = (
        f"The backup in {backup.directory} is of tenant {backup.tenant} ({backup.cloud}), read"
        f" {backup.read_at}."
    )
    return Plan(
        Task.RESTORE,
        tenant.tenant_id,
        tenant.cloud,
        tuple(_action(step) for step in decided.steps),
        choices={"backup": backup.directory, "of": backup.tenant, "read_at": backup.read_at},
        made_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        notes=(read, *decided.notes),
    )


def _action(step: RestoreStep) -> Action:
    profile = step.item.profile
    common: dict[str, Any] = {
        "key": step.item.file,
        "odata_type": profile.odata_type,
        "name": profile.display_name or "",
        "id": step.existing.id if step.existing is not None else None,
        "message": step.message,
        "details": {"id_in_backup": profile.id, "differs_in": list(step.differences)},
    }
    if step.action is RestoreAction.REFUSE:
        return Action(action="refused", status=Status.FAILED, **common)
    if step.action is RestoreAction.LEAVE:
        status = Status.SKIPPED if step.differences else Status.UNCHANGED
        return Action(action="none", status=status, **common)
    after = (step.root_file,) if step.root_file is not None else ()
    return Action(
        action="create",
        status=Status.PLANNED,
        steps=tuple(_steps(step)),
        after=after,
        whole=True,
        diff=(Difference("name", None, profile.display_name),),
        **common,
    )


def _steps(step: RestoreStep) -> list[Step]:
    root: Reference | None = None
    if step.root_file is not None or step.root_id is not None:
        root = Reference(step.root_id, step.root_file, step.item.root_name or "")
    steps: list[Step] = [Create(dict(step.body), root)]
    if step.item.profile.is_scep:
        steps.append(Link(None, root))
    if step.assignments:
        steps.append(Assign((), step.assignments))
    return steps
