"""A declaration's own wire properties: what it manages, and what a new profile needs besides."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import PurePath
from typing import Any, Final

from intune_scep.declarations.codecs import CODECS, Wire, encode_option
from intune_scep.declarations.declaration import Declaration, TrustedRootDeclaration
from intune_scep.declarations.options import NOT_CONFIGURED, OPTIONS, options_of
from intune_scep.profiles import Platform, Profile, ProfileKind, parse_profile

_Default = Callable[[Declaration, Wire], Any]
_USER_SUBJECT: Final = "CN={{UserName}},E={{EmailAddress}}"
_DEVICE_SUBJECT: Final = "CN={{AAD_Device_ID}}"


@dataclass(frozen=True)
class WireForm:
    """What a declaration means on the wire, worked out once; names of other things aside."""

    declaration: Declaration

    @cached_property
    def managed(self) -> Wire:
        """The wire properties that the given options stand for."""
        declaration = self.declaration
        wire: Wire = {}
        for name, value in declaration.given.items():
            if name in CODECS and name != "certificate":
                wire |= encode_option(name, value)
        if declaration.given.get("subject_name_format"):
            wire.setdefault("subjectNameFormat", "custom")
        if isinstance(declaration, TrustedRootDeclaration) and declaration.trusted_root is not None:
            wire |= encode_option("certificate", declaration.trusted_root.der)
        return wire

    @cached_property
    def not_configured(self) -> frozenset[str]:
        """The wire properties that are declared as not configured: null, and sent as null."""
        words = (NOT_CONFIGURED, [NOT_CONFIGURED])
        return frozenset(
            wire_name
            for name, value in self.declaration.given.items()
            if value in words and OPTIONS[name].may_be_not_configured
            for wire_name in OPTIONS[name].wire
        )

    @cached_property
    def missing(self) -> tuple[str, ...]:
        """The options without which no profile can be made."""
        declaration = self.declaration
        missing = [
            option.name
            for option in options_of(declaration.kind)
            if option.needed and option.name not in declaration.given
        ]
        if isinstance(declaration, TrustedRootDeclaration) and declaration.trusted_root is None:
            missing.append("certificate_path or certificate")
        return tuple(missing)

    @cached_property
    def body(self) -> Wire:
        """The body of a new profile: what is managed, and the admin center's defaults.

        The scope tags and the link to the root are not in it: they need the tenant.
        """
        kind = self.declaration.profile_type
        wire = {
            name: value
            for name, value in self.managed.items()
            if value is not None or name in self.not_configured
        }
        for name, default in (*_fixed(kind.kind).items(), *_DEPENDING.items()):
            if kind.has(name) and name not in wire and name not in self.managed:
                value = default(self.declaration, wire)
                if value is not None:
                    wire[name] = value
        return {"@odata.type": kind.odata_type, **wire}


def managed_wire(declaration: Declaration) -> Wire:
    """The wire properties that the given options stand for, names of other things aside."""
    return WireForm(declaration).managed


def create_wire(declaration: Declaration) -> Wire:
    """The body of a new profile, without scope tags and root."""
    return WireForm(declaration).body


def profile_to_be(
    wire: Wire, *, identifier: str | None = None, assignments: Iterable[Wire] | None = None
) -> Profile:
    """The profile that a body will have made, for judging it.

    Args:
        wire: All its properties, with `@odata.type`.
        identifier: Of the profile, if there is one already.
        assignments: On the wire; None if they are not known.
    """
    known: Wire = {} if identifier is None else {"id": identifier}
    if assignments is not None:
        known["assignments"] = list(assignments)
    return parse_profile({**wire, **known})


def _store(declaration: Declaration, wire: Wire) -> str:
    device_channel = wire.get("deploymentChannel") == "deviceChannel"
    return "machine" if declaration.platform is Platform.MACOS and device_channel else "user"


def _subject(_declaration: Declaration, wire: Wire) -> str | None:
    if wire.get("subjectNameFormat") != "custom":
        return None
    return _DEVICE_SUBJECT if wire.get("certificateStore") == "machine" else _USER_SUBJECT


def _file_name(declaration: Declaration, _wire: Wire) -> str:
    path = declaration.given.get("certificate_path")
    return PurePath(path).name if path else f"{declaration.name}.cer"


def _hash(declaration: Declaration, _wire: Wire) -> str | None:
    return None if declaration.platform is Platform.MACOS else "sha2"


def _legacy_names(declaration: Declaration, _wire: Wire) -> str | None:
    row = declaration.profile_type.properties_by_name["subjectAlternativeNameType"]
    return None if row.nullable else "none"


def _always(value: Any) -> _Default:
    return lambda _declaration, _wire: value


@cache
def _fixed(kind: ProfileKind) -> dict[str, _Default]:
    """What the admin center fills in whatever else is given, from the table of options."""
    return {
        name: _always(value)
        for option in options_of(kind)
        if option.name in CODECS and option.default is not None
        for name, value in encode_option(option.name, option.default).items()
    }


_DEPENDING: Final[dict[str, _Default]] = {
    "certificateStore": _store,
    "certFileName": _file_name,
    "subjectNameFormatString": _subject,
    "certificateValidityPeriodValue": _always(1),
    "certificateValidityPeriodScale": _always("years"),
    "hashAlgorithm": _hash,
    "subjectAlternativeNameType": _legacy_names,
}
"""What it fills in besides, in an order in which later ones may look at earlier ones."""


def option_of(wire_name: str) -> str:
    """The option that stands for a wire property, else the property's own name."""
    return _OPTION_OF.get(wire_name, wire_name)


_OPTION_OF: Final = {
    wire_name: option.name
    for option in reversed(OPTIONS.values())
    for wire_name in option.wire
    if option.name in CODECS or option.name == "scope_tags"
}
