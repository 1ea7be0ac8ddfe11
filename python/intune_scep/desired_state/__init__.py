"""Trusted root and SCEP profiles as declared state: describe, plan, apply.

`OPTIONS` loads nothing but the standard library; everything else loads when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from intune_scep.desired_state.options import OPTIONS, Option, options_of

if TYPE_CHECKING:
    from intune_scep.desired_state.accidents import template_accidents
    from intune_scep.desired_state.choices import PlanChoices
    from intune_scep.desired_state.declarations import (
        Declaration,
        ScepDeclaration,
        TrustedRootDeclaration,
        parse_declaration,
    )
    from intune_scep.desired_state.errors import DeclarationError, InexpressibleError
    from intune_scep.desired_state.from_profile import declaration_from_profile, inexpressible
    from intune_scep.desired_state.listing import ProfileListing, list_profiles
    from intune_scep.desired_state.marker import MarkerError
    from intune_scep.desired_state.names import Catalogue, Names, UnresolvedNameError
    from intune_scep.desired_state.observe import names_for_profiles
    from intune_scep.desired_state.option_values import RootReference
    from intune_scep.desired_state.plan import (
        Change,
        Difference,
        Reissues,
        StateAction,
        StatePlan,
        StatePlanError,
    )
    from intune_scep.desired_state.reading import read_declarations
    from intune_scep.desired_state.report import Outcome, StateReport, Status
    from intune_scep.desired_state.run import apply_state_plan, dry_run_report, plan_declarations

_HOMES = {
    "template_accidents": "accidents",
    "PlanChoices": "choices",
    "Declaration": "declarations",
    "RootReference": "option_values",
    "ScepDeclaration": "declarations",
    "TrustedRootDeclaration": "declarations",
    "parse_declaration": "declarations",
    "DeclarationError": "errors",
    "InexpressibleError": "errors",
    "declaration_from_profile": "from_profile",
    "inexpressible": "from_profile",
    "Catalogue": "names",
    "Names": "names",
    "UnresolvedNameError": "names",
    "read_declarations": "reading",
    "ProfileListing": "listing",
    "list_profiles": "listing",
    "MarkerError": "marker",
    "names_for_profiles": "observe",
    "Change": "plan",
    "Difference": "plan",
    "Reissues": "plan",
    "StateAction": "plan",
    "StatePlan": "plan",
    "StatePlanError": "plan",
    "Outcome": "report",
    "StateReport": "report",
    "Status": "report",
    "apply_state_plan": "run",
    "dry_run_report": "run",
    "plan_declarations": "run",
}

__all__ = [
    "OPTIONS",
    "Catalogue",
    "Change",
    "Declaration",
    "DeclarationError",
    "Difference",
    "InexpressibleError",
    "MarkerError",
    "Names",
    "Option",
    "Outcome",
    "PlanChoices",
    "ProfileListing",
    "Reissues",
    "RootReference",
    "ScepDeclaration",
    "StateAction",
    "StatePlan",
    "StatePlanError",
    "StateReport",
    "Status",
    "TrustedRootDeclaration",
    "UnresolvedNameError",
    "apply_state_plan",
    "declaration_from_profile",
    "dry_run_report",
    "inexpressible",
    "list_profiles",
    "names_for_profiles",
    "options_of",
    "parse_declaration",
    "plan_declarations",
    "read_declarations",
    "template_accidents",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
