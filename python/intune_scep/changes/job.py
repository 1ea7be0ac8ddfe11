"""A job from beginning to end: resume or plan, and carry out. Check mode stops after the plan."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from intune_scep.changes.evidence import Gather
from intune_scep.changes.plan import Plan, Task, require_room
from intune_scep.changes.report import RunReport
from intune_scep.changes.run import (
    begun_report,
    carry_out,
    dry_run_report,
    finish_begun,
    require_resumable,
    resume,
    resume_report,
    unfinished,
    unfinished_at,
)
from intune_scep.changes.watch import Watch
from intune_scep.tenant import Tenant


async def do_job(
    tenant: Tenant,
    make_plan: Callable[[], Awaitable[Plan]],
    tasks: Collection[Task],
    given: Mapping[str, Any],
    *,
    finish_first: bool,
    dry_run: bool = False,
    journal: Path | None = None,
    max_changes: int | None = None,
    watch: Watch | None = None,
    gather: Gather | None = None,
) -> RunReport:
    """Resume the run of a journal that was cut short, or make a plan and carry it out.

    Args:
        tasks: The jobs whose journals may be resumed.
        given: The choices that were given; those of a run that is resumed must be the same.
        finish_first: Finish what earlier runs had begun before planning, since it would stand in
            the way of the plan.
        dry_run: Say what would be done; write nothing.
        journal: Where the record goes; a new file in the tenant's state directory by default.
        max_changes: Refuse the run if it would write more profiles.
        gather: Gathers what the journal keeps of the time before the first write.

    Raises:
        IntuneScepError: nothing could be planned, or the journal cannot be used.
    """
    if (earlier := unfinished_at(journal)) is not None:
        require_resumable(
            earlier,
            tenant.tenant_id,
            tenant.cloud,
            tasks=tasks,
            given=given,
            max_changes=max_changes,
        )
        if dry_run:
            return resume_report(earlier)
        return await resume(
            tenant, earlier.path, max_changes=max_changes, watch=watch, gather=gather
        )
    begun = unfinished(tenant.tenant_id) if finish_first else []
    if begun and dry_run:
        return begun_report(begun[0])
    finished = [await finish_begun(tenant, item.path, watch=watch) for item in begun]
    plan = await make_plan()
    if not plan.is_held:
        require_room(len(plan.writing), max_changes)
    if dry_run:
        return dry_run_report(plan)
    report = await carry_out(
        tenant, plan, journal=journal, max_changes=max_changes, watch=watch, gather=gather
    )
    return _after(finished, report)


def _after(finished: Sequence[RunReport], report: RunReport) -> RunReport:
    """A report that tells what was finished of earlier runs before it."""
    told = [f"{' '.join(item.notes)} {item.msg}" for item in finished]
    return replace(report, before=tuple(finished), notes=(*told, *report.notes))
