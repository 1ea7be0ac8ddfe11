"""Moving SCEP profiles to strong mapping (KB5014754): judge, plan, apply."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from intune_scep.errors import SelectionError

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


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
