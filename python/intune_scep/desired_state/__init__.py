"""Trusted root and SCEP profiles as declared state: describe, plan, apply.

`OPTIONS` loads nothing but the standard library; everything else loads when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from intune_scep.desired_state.options import OPTIONS, Option, options_of

if TYPE_CHECKING:
    from intune_scep.desired_state.accidents import template_accidents
    from intune_scep.desired_state.declarations import (
        Declaration,
        RootReference,
        ScepDeclaration,
        TrustedRootDeclaration,
        parse_declaration,
    )
    from intune_scep.desired_state.errors import DeclarationError, InexpressibleError
    from intune_scep.desired_state.from_profile import declaration_from_profile, inexpressible
    from intune_scep.desired_state.names import Catalogue, Names, UnresolvedNameError
    from intune_scep.desired_state.reading import read_declarations

_HOMES = {
    "template_accidents": "accidents",
    "Declaration": "declarations",
    "RootReference": "declarations",
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
}

__all__ = [
    "OPTIONS",
    "Catalogue",
    "Declaration",
    "DeclarationError",
    "InexpressibleError",
    "Names",
    "Option",
    "RootReference",
    "ScepDeclaration",
    "TrustedRootDeclaration",
    "UnresolvedNameError",
    "declaration_from_profile",
    "inexpressible",
    "options_of",
    "parse_declaration",
    "read_declarations",
    "template_accidents",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
