"""The whole job: read, plan, apply, read back. Modules, CLI and scripts call these.

Check mode is the same path stopped after the plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from intune_scep.declarations.declaration import Declaration
from intune_scep.desired_state.apply import Progress, StateApplication, silent
from intune_scep.desired_state.choices import PlanChoices
from intune_scep.desired_state.judging import judge_plan
from intune_scep.desired_state.plan import StatePlan, StatePlanError
from intune_scep.desired_state.planner import make_plan
from intune_scep.desired_state.reading import read_for_declarations
from intune_scep.desired_state.report import Outcome, StateReport, Status, planned, report
from intune_scep.rules import Configuration
from intune_scep.tenant import Tenant


async def plan_declarations(
    tenant: Tenant,
    declarations: Sequence[Declaration],
    *,
    managed_by: str | None = None,
    prune: bool = False,
    prune_list: Sequence[str] = (),
    rules: Configuration | None = None,
) -> StatePlan:
    """Read the tenant and say what would be done to it.

    Args:
        managed_by: Name of this set of declarations. Each of its profiles then carries
            `[managed by intune.scep: NAME]` at the end of its description.
        prune: Delete the profiles with that mark, and those of `prune_list`, that no declaration
            is about.
        prune_list: Names or ids of profiles to prune; one that is gone already is no error.
        rules: Severities, disabled rules, waivers and answers for judging what would be written;
            as documented if not given.

    Raises:
        StatePlanError, MarkerError: the choices contradict each other.
        GraphError, GraphTransportError: the tenant could not be read.
    """
    choices = PlanChoices(managed_by, prune, tuple(prune_list))
    choices.check()
    snapshot, resolved = await read_for_declarations(tenant, declarations, choices)
    plan = make_plan(tenant.tenant_id, tenant.cloud, resolved, snapshot, choices)
    return judge_plan(plan, snapshot, rules or Configuration(), datetime.now(UTC).date())


async def apply_state_plan(
    tenant: Tenant, plan: StatePlan, *, progress: Progress = silent
) -> StateReport:
    """Carry out a plan. Where one declaration is refused, nothing at all is written.

    The failure of one profile does not stop the others.

    Raises:
        StatePlanError: the plan is of another tenant.
    """
    if (plan.tenant, plan.cloud) != (tenant.tenant_id, tenant.cloud):
        raise StatePlanError(
            f"The plan is for tenant {plan.tenant} ({plan.cloud}), but you are signed in to"
            f" {tenant.tenant_id} ({tenant.cloud}). Nothing was changed."
        )
    if plan.refused:
        return report(plan, _not_tried(plan), dry_run=False)
    outcomes = await StateApplication(tenant, plan, progress).run()
    return report(plan, outcomes, dry_run=False)


def dry_run_report(plan: StatePlan) -> StateReport:
    """The report of a plan that is not carried out."""
    return report(plan, _not_tried(plan), dry_run=True)


def _not_tried(plan: StatePlan) -> list[Outcome]:
    outcomes = [planned(action) for action in plan.actions]
    return [_held_back(item) for item in outcomes] if plan.refused else outcomes


def _held_back(outcome: Outcome) -> Outcome:
    if outcome.status is not Status.PLANNED:
        return outcome
    return outcome.but(Status.HELD_BACK, "Not tried, because another declaration is refused.")
