"""Trusted root and SCEP profiles as declared state: plan, apply.

Everything loads when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from intune_scep.desired_state.choices import PlanChoices
    from intune_scep.desired_state.listing import ProfileListing, list_profiles
    from intune_scep.desired_state.marker import MarkerError
    from intune_scep.desired_state.plan import (
        Change,
        Difference,
        Reissues,
        StateAction,
        StatePlan,
        StatePlanError,
    )
    from intune_scep.desired_state.report import Outcome, StateReport, Status
    from intune_scep.desired_state.run import apply_state_plan, dry_run_report, plan_declarations

_HOMES = {
    "Change": "plan",
    "Difference": "plan",
    "MarkerError": "marker",
    "Outcome": "report",
    "PlanChoices": "choices",
    "ProfileListing": "listing",
    "Reissues": "plan",
    "StateAction": "plan",
    "StatePlan": "plan",
    "StatePlanError": "plan",
    "StateReport": "report",
    "Status": "report",
    "apply_state_plan": "run",
    "dry_run_report": "run",
    "list_profiles": "listing",
    "plan_declarations": "run",
}

__all__ = [
    "Change",
    "Difference",
    "MarkerError",
    "Outcome",
    "PlanChoices",
    "ProfileListing",
    "Reissues",
    "StateAction",
    "StatePlan",
    "StatePlanError",
    "StateReport",
    "Status",
    "apply_state_plan",
    "dry_run_report",
    "list_profiles",
    "plan_declarations",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
