"""The whole job: plan what was read and judged, and let `changes` carry it out.

Check mode is the same path stopped after the plan.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

from intune_scep.changes.job import do_job
from intune_scep.changes.plan import Plan, Task, require_room
from intune_scep.changes.report import RunReport
from intune_scep.changes.run import carry_out
from intune_scep.changes.watch import Watch, silent
from intune_scep.rules import Configuration, load_configuration
from intune_scep.strong_mapping.choices import Choices
from intune_scep.strong_mapping.holding import measure
from intune_scep.strong_mapping.impact import with_impact
from intune_scep.strong_mapping.keeping import keep_certificates
from intune_scep.strong_mapping.plan import make_plan, require_only_sid_uris
from intune_scep.strong_mapping.reading import assess_tenant
from intune_scep.tenant import Tenant
from intune_scep.tenant.entities import Progress
from intune_scep.tenant.issued import IssuedOnce

TASKS: Final = frozenset({Task.STRONG_MAPPING})
"""The job whose saved plans are carried out, and whose runs are finished and taken back, here."""


async def plan_tenant(
    tenant: Tenant,
    choices: Choices,
    rules: Configuration | None = None,
    *,
    issued: IssuedOnce | None = None,
    progress: Progress | None = None,
) -> Plan:
    """Assess and plan; read who has a SID only where the choices ask for it, and what the change
    costs unless they leave that out.

    Args:
        rules: Severities, disabled rules, waivers and answers; by default those of the file that
            the choices name.
        issued: What was read of issued certificates in this job, or will be after the plan.
        progress: Told after every page of users, devices and groups, and while it is read what the
            plan costs.

    Raises:
        SelectionError, TooManyChangesError: the choices do not fit the tenant.
        ConfigurationError: the file of rules cannot be used.
    """
    if rules is None and choices.rules_path is not None:
        rules = load_configuration(Path(choices.rules_path))
    assessment = await assess_tenant(tenant, rules)
    plan = make_plan(assessment, choices)
    if choices.min_ready is not None:
        changing = {action.key for action in plan.writing}
        profiles = [item.profile for item in assessment.assessed if item.profile.id in changing]
        measured = await measure(tenant, profiles, progress=progress)
        plan = make_plan(assessment, choices, measured)
    require_room(len(plan.writing), choices.max_changes)
    if choices.no_impact:
        return plan
    return await with_impact(
        tenant, plan, issued or IssuedOnce(tenant), progress=progress or silent
    )


async def enforce(
    tenant: Tenant,
    choices: Choices,
    rules: Configuration | None = None,
    *,
    dry_run: bool,
    journal: Path | None = None,
    watch: Watch | None = None,
    certificates_before: bool = True,
) -> RunReport:
    """Append the SID URI wherever the choices say, and prove it.

    Args:
        rules: As for `plan_tenant`.
        dry_run: Stop after the plan.
        journal: Where the record goes; by default into the user's state directory. The journal of
            a run that was cut short is resumed instead of planning anew, under its own choices.
        certificates_before: Keep in the journal which certificates are out before the first write,
            where the permission allows it: one export job, and the seconds that it takes. Without
            it nothing can tell later which devices got a new one.

    Raises:
        IntuneScepError: nothing could be judged or planned, or the journal cannot be used.
    """
    issued = IssuedOnce(tenant)
    return await do_job(
        tenant,
        lambda: plan_tenant(tenant, choices, rules, issued=issued),
        TASKS,
        choices.given(),
        finish_first=False,
        dry_run=dry_run,
        journal=journal,
        max_changes=choices.max_changes,
        watch=watch,
        gather=partial(keep_certificates, issued=issued) if certificates_before else None,
    )


async def apply_plan(
    tenant: Tenant,
    plan: Plan,
    *,
    journal: Path | None = None,
    max_changes: int | None = None,
    watch: Watch | None = None,
    certificates_before: bool = True,
) -> RunReport:
    """Carry out a plan that was made and perhaps saved before.

    Args:
        certificates_before: As for `enforce`.

    Raises:
        PlanError: the plan is of another tenant or another job, or was carried out already.
        JournalError: the journal belongs to something else or cannot be written.
    """
    require_only_sid_uris(plan)
    return await carry_out(
        tenant,
        plan,
        journal=journal,
        max_changes=max_changes,
        watch=watch,
        gather=keep_certificates if certificates_before else None,
    )
