"""The language of declared state: options, values, wire form, YAML.

`OPTIONS` loads nothing but the standard library; everything else loads when it is first used.
"""

from typing import TYPE_CHECKING

from intune_scep.errors import DeclarationError, InexpressibleError, UnresolvedNameError
from intune_scep.lazy import lazily

if TYPE_CHECKING:
    from intune_scep.declarations.declaration import (
        Declaration,
        ScepDeclaration,
        TrustedRootDeclaration,
        parse_declaration,
    )
    from intune_scep.declarations.emptied_values import template_accidents
    from intune_scep.declarations.from_profile import declaration_from_profile, inexpressible
    from intune_scep.declarations.names import NameIndex, Names
    from intune_scep.declarations.options import OPTIONS, Option, options_of
    from intune_scep.declarations.reading import all_of, read_all, read_declarations
    from intune_scep.declarations.values import RootReference

_HOMES = {
    "OPTIONS": "options",
    "Option": "options",
    "options_of": "options",
    "NameIndex": "names",
    "Declaration": "declaration",
    "Names": "names",
    "RootReference": "values",
    "ScepDeclaration": "declaration",
    "TrustedRootDeclaration": "declaration",
    "declaration_from_profile": "from_profile",
    "inexpressible": "from_profile",
    "parse_declaration": "declaration",
    "all_of": "reading",
    "read_all": "reading",
    "read_declarations": "reading",
    "template_accidents": "emptied_values",
}

__getattr__ = lazily(__name__, _HOMES)

__all__ = [
    "OPTIONS",
    "Declaration",
    "DeclarationError",
    "InexpressibleError",
    "NameIndex",
    "Names",
    "Option",
    "RootReference",
    "ScepDeclaration",
    "TrustedRootDeclaration",
    "UnresolvedNameError",
    "all_of",
    "declaration_from_profile",
    "inexpressible",
    "options_of",
    "parse_declaration",
    "read_all",
    "read_declarations",
    "template_accidents",
]
