"""The whole declaration of a profile, the same wherever profiles are made into declarations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from intune_scep.declarations.declaration import parse_declaration
from intune_scep.declarations.from_profile import (
    NOT_READ,
    declaration_from_profile,
    decode_options,
    inexpressible,
)
from intune_scep.declarations.names import Names
from intune_scep.declarations.options import OPTIONS
from intune_scep.errors import DeclarationError
from intune_scep.profiles import Profile, ProfileIndex


@dataclass(frozen=True)
class Description:
    """A profile in the words of declarations.

    Attributes:
        options: In the order of `OPTIONS`; the certificate of a root is PEM.
        not_expressed: Wire property to the reason why the options do not say it.
        by_id: Why it is declared by id and not by name, as the end of a sentence; None if by name.
        refused: Why no declaration can say it at all; None if one can.
    """

    options: dict[str, Any]
    not_expressed: Mapping[str, str]
    by_id: str | None = None
    refused: str | None = None


def describe_profile(
    profile: Profile,
    *,
    names: Names,
    profiles: ProfileIndex,
    root: Any = NOT_READ,
    roots: ProfileIndex | None = None,
) -> Description:
    """The declaration that would make a profile, and what it leaves out.

    Args:
        profile: As it was read.
        names: To call groups, filters and scope tags by name, where the name is unique.
        profiles: All profiles of its type, to see whether its name is unique.
        root: The trusted root profile it is linked to, None if to none.
        roots: All trusted root profiles; see `declaration_from_profile`.
    """
    decoded = decode_options(profile)
    options = declaration_from_profile(
        profile, names=names, root=root, roots=roots, decoded=decoded
    )
    reasons = inexpressible(profile, decoded)
    by_id = _settle_identity(options, profile, profiles)
    _settle_assignments(options, profile, reasons)
    refused = None
    try:
        _settle_certificate(options, profile)
    except DeclarationError as error:
        refused = str(error)
    ordered = {name: options[name] for name in OPTIONS if name in options}
    return Description(ordered, reasons, by_id, refused)


def _settle_identity(
    options: dict[str, Any], profile: Profile, profiles: ProfileIndex
) -> str | None:
    """Declare by id where type and name do not tell the profile, and say why."""
    twins = profiles.twins_of(profile)
    if "name" in options and twins <= 1:
        return None
    name = options.pop("name", None)
    options["id"] = profile.id
    return f"{twins} profiles of this type have the name {name!r}" if name else "it has no name"


def _settle_assignments(options: dict[str, Any], profile: Profile, reasons: dict[str, str]) -> None:
    """Leave assignments out, all of them, where one of them has no words."""
    if "assignments" not in options:
        return
    if "assignments" not in reasons:
        known = {"name": "x", "platform": options["platform"]}
        try:
            parse_declaration(
                {**known, "assignments": options["assignments"]}, kind=profile.profile_type.kind
            )
        except DeclarationError as error:
            reasons["assignments"] = f"assignments is refused: {error.problems[0]}"
    if "assignments" in reasons:
        del options["assignments"]


def _settle_certificate(options: dict[str, Any], profile: Profile) -> None:
    """Make sure that the whole declaration is accepted.

    Raises:
        DeclarationError: it is refused all the same.
    """
    kind = profile.profile_type.kind
    try:
        parse_declaration(options, kind=kind)
    except DeclarationError:
        if "certificate" not in options:
            raise
        options["allow_expired"] = True
        parse_declaration(options, kind=kind)
