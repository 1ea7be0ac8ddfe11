"""Trusted root and SCEP profiles as declared state: plan, apply.

Everything loads when it is first used.
"""

from typing import TYPE_CHECKING

from intune_scep.errors import MarkerError, StatePlanError
from intune_scep.lazy import lazily

if TYPE_CHECKING:
    from intune_scep.desired_state.choices import PlanChoices
    from intune_scep.desired_state.listing import ProfileListing, list_profiles
    from intune_scep.desired_state.run import apply_declarations, apply_plan, plan_declarations

_HOMES = {
    "PlanChoices": "choices",
    "ProfileListing": "listing",
    "apply_declarations": "run",
    "apply_plan": "run",
    "list_profiles": "listing",
    "plan_declarations": "run",
}

__getattr__ = lazily(__name__, _HOMES)

__all__ = [
    "MarkerError",
    "PlanChoices",
    "ProfileListing",
    "StatePlanError",
    "apply_declarations",
    "apply_plan",
    "list_profiles",
    "plan_declarations",
]
