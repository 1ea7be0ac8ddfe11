"""Moving SCEP profiles to strong mapping (KB5014754): judge, plan, apply."""

from intune_scep.errors import SelectionError
from intune_scep.strong_mapping.assessment import Assessed, Assessment, append_sid_uri, assess
from intune_scep.strong_mapping.choices import Choices
from intune_scep.strong_mapping.plan import make_plan
from intune_scep.strong_mapping.run import apply_plan, assess_tenant, enforce, plan_tenant

__all__ = [
    "Assessed",
    "Assessment",
    "Choices",
    "SelectionError",
    "append_sid_uri",
    "apply_plan",
    "assess",
    "assess_tenant",
    "enforce",
    "make_plan",
    "plan_tenant",
]
