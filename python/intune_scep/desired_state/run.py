"""The whole job: read, plan, and let `changes` carry it out.

Check mode is the same path stopped after the plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from intune_scep.changes.job import do_job
from intune_scep.changes.plan import Plan, Task
from intune_scep.changes.report import RunReport
from intune_scep.changes.run import carry_out
from intune_scep.changes.watch import Watch
from intune_scep.declarations import Declaration
from intune_scep.desired_state.choices import PlanChoices
from intune_scep.desired_state.judging import judge_plan
from intune_scep.desired_state.planner import make_plan
from intune_scep.desired_state.reading import read_for_declarations
from intune_scep.desired_state.steps import refused_actions, require_roots, to_plan
from intune_scep.errors import DeclarationError, PlanError
from intune_scep.memory import collector_paused
from intune_scep.rules import Configuration
from intune_scep.tenant import Tenant

TASKS: Final = frozenset({Task.DECLARED_STATE, Task.RESTORE})
"""The jobs whose saved plans are carried out, and whose runs are finished, by one command."""


async def plan_declarations(
    tenant: Tenant,
    declarations: Sequence[Declaration],
    choices: PlanChoices | None = None,
    *,
    rules: Configuration | None = None,
    unusable: Sequence[DeclarationError] = (),
    roots_may_come: bool = False,
) -> Plan:
    """Read the tenant and say what would be done to it.

    Args:
        unusable: Declarations that could not be read: refused in the plan, beside the others.
        roots_may_come: Plan for roots whose name nothing has yet, with a note, instead of refusing
            the profiles that name them. Such a plan is to look at; `apply_plan` refuses it.
        rules: Severities, disabled rules, waivers and answers for judging what would be written;
            as documented if not given.

    Raises:
        StatePlanError, MarkerError: the choices contradict each other.
        GraphError, GraphTransportError: the tenant could not be read.
    """
    choices = choices or PlanChoices()
    choices.check()
    said = choices.to_dict()
    if unusable:
        # What is declared is not known: nothing may look as if it were declared no more.
        choices = replace(choices, prune=False, prune_list=())
    snapshot, resolved = await read_for_declarations(
        tenant, declarations, choices, roots_may_come=roots_may_come
    )
    with collector_paused():
        decided = make_plan(tenant.tenant_id, tenant.cloud, resolved, snapshot, choices)
        judged = judge_plan(decided, snapshot, rules or Configuration(), datetime.now(UTC).date())
        plan = to_plan(judged, said)
    return replace(plan, actions=(*plan.actions, *refused_actions(unusable)))


async def apply_declarations(
    tenant: Tenant,
    declarations: Sequence[Declaration],
    choices: PlanChoices | None = None,
    *,
    dry_run: bool = False,
    rules: Configuration | None = None,
    journal: Path | None = None,
    max_changes: int | None = None,
    watch: Watch | None = None,
    unusable: Sequence[DeclarationError] = (),
) -> RunReport:
    """Bring the tenant to its declared state; where one declaration is refused, not at all.

    What an earlier run was making or replacing when it was cut short is finished first.

    Args:
        dry_run: Stop after the plan.
        journal: Where the record goes; the journal of a run that was cut short is resumed.
        max_changes: Refuse the run if it would write more profiles.
        unusable: As for `plan_declarations`.

    Raises:
        IntuneScepError: nothing could be planned, or the journal cannot be used.
    """
    choices = choices or PlanChoices()
    return await do_job(
        tenant,
        lambda: plan_declarations(
            tenant,
            declarations,
            choices,
            rules=rules,
            unusable=unusable,
            roots_may_come=dry_run,
        ),
        TASKS,
        choices.given(),
        finish_first=True,
        dry_run=dry_run,
        journal=journal,
        max_changes=max_changes,
        watch=watch,
    )


async def apply_plan(
    tenant: Tenant,
    plan: Plan,
    *,
    journal: Path | None = None,
    max_changes: int | None = None,
    watch: Watch | None = None,
) -> RunReport:
    """Carry out a plan that was made and perhaps saved before.

    Raises:
        PlanError: the plan is of another tenant or another job, or was carried out already.
        JournalError: the journal belongs to something else or cannot be written.
    """
    if plan.task not in TASKS:
        raise PlanError(
            f"This is a plan of another job ({plan.task}), neither of declared state nor a restore."
        )
    require_roots(plan)
    return await carry_out(tenant, plan, journal=journal, max_changes=max_changes, watch=watch)
