"""Moving SCEP profiles to strong mapping (KB5014754): judge, plan, apply."""

from typing import TYPE_CHECKING

from intune_scep.errors import SelectionError
from intune_scep.lazy import lazily

if TYPE_CHECKING:
    from intune_scep.strong_mapping.assessment import Assessed, Assessment, append_sid_uri, assess
    from intune_scep.strong_mapping.choices import Choices
    from intune_scep.strong_mapping.plan import make_plan
    from intune_scep.strong_mapping.reading import assess_tenant
    from intune_scep.strong_mapping.run import apply_plan, enforce, plan_tenant

_HOMES = {
    "Assessed": "assessment",
    "Assessment": "assessment",
    "Choices": "choices",
    "append_sid_uri": "assessment",
    "apply_plan": "run",
    "assess": "assessment",
    "assess_tenant": "reading",
    "enforce": "run",
    "make_plan": "plan",
    "plan_tenant": "run",
}

__getattr__ = lazily(__name__, _HOMES)

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
