"""From a profile back to the declaration that would make it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from intune_scep.declarations.codecs import ABSENT, CODECS, decode_option
from intune_scep.declarations.declaration import parse_declaration
from intune_scep.declarations.names import Names, decode_target
from intune_scep.declarations.options import OPTIONS, Option, options_of
from intune_scep.declarations.wire_form import create_wire, managed_wire, option_of
from intune_scep.errors import DeclarationError, InexpressibleError
from intune_scep.profiles import (
    Profile,
    ProfileIndex,
    ProfileKind,
    ProfileType,
    normal_value,
)
from intune_scep.profiles.targets import APPLY, intent_of
from intune_scep.profiles.wire import is_annotation, is_writable

NOT_READ: Final = object()
"""For the root link: it was not read, which is not the same as that there is none."""


def declaration_from_profile(
    profile: Profile,
    *,
    names: Names,
    root: Any = NOT_READ,
    roots: ProfileIndex | None = None,
    decoded: Decoded | None = None,
) -> dict[str, Any]:
    """The options that describe a profile, in the order of `OPTIONS`.

    What is null is left out where a new profile gets null too; else it is said, so that the
    options make the same profile in an empty tenant.

    What options cannot say is left out as well; `inexpressible` lists it. The certificate of a
    root comes as PEM in `certificate`. Assignments are in it where the profile was read with
    them.

    Args:
        profile: As it was read.
        names: To call groups, filters and scope tags by name, where the name is unique.
        root: The trusted root profile it is linked to, None if to none.
        roots: All trusted root profiles, to see whether the root's name is unique; it counts as
            unique without them.
        decoded: What `decode_options` made of the profile, where that is known already.
    """
    options = dict((decoded or decode_options(profile)).options)
    options |= _unset(options, profile)
    options["platform"] = profile.profile_type.platform.value
    if profile.role_scope_tag_ids:
        options["scope_tags"] = [
            names.scope_tags.reference_to(i) for i in profile.role_scope_tag_ids
        ]
    if profile.is_scep and root is not NOT_READ:
        options["root_profile"] = _root_reference(root, roots)
    if profile.assignments is not None:
        options["assignments"] = describe_assignments(profile.assignments, names)
    return {name: options[name] for name in OPTIONS if name in options}


def _unset(options: dict[str, Any], profile: Profile) -> dict[str, Any]:
    """What must be said to be unset, since a new profile would get something else."""
    kind, wire = profile.profile_type, profile.to_wire()
    probe = {**options, "name": "x", "platform": kind.platform.value}
    if kind.kind is ProfileKind.TRUSTED_ROOT:
        probe["allow_expired"] = True
    try:
        new = create_wire(parse_declaration(probe, kind=kind.kind))
    except DeclarationError:
        return {}
    unset: dict[str, Any] = {}
    for name, value in new.items():
        row = kind.properties_by_name.get(name)
        # What was not sent at all is unknown, which is not the same as null.
        if row is None or value is None or wire.get(name, value) is not None:
            continue
        option = OPTIONS.get(option_of(name))
        if option is not None and (row.nullable or row.not_configured):
            said = decode_option(option.name, wire) if option.name in CODECS else ABSENT
            unset[option.name] = None if said is ABSENT else said
    return unset


def describe_assignments(
    assignments: Sequence[dict[str, Any]], names: Names
) -> list[dict[str, Any]]:
    """`assignments` for assignments on the wire, in an order that does not depend on Graph's."""
    items = [decode_target(item.get("target") or {}, names) for item in assignments]
    return sorted(items, key=lambda item: (bool(item.get("exclude")), json.dumps(item)))


def inexpressible(profile: Profile, decoded: Decoded | None = None) -> dict[str, str]:
    """What of a profile no option can say: wire property to the reason, as a sentence.

    Besides values without words: properties this library does not know, applicability rules off
    Windows, assignments with the intent to remove.
    """
    reasons = dict((decoded or decode_options(profile)).reasons)
    wire = profile.to_wire()
    said = {name for option in options_of(profile.profile_type.kind) for name in option.wire}
    for name, value in wire.items():
        if name in said or is_annotation(name) or not is_writable(name) or value in (None, [], {}):
            continue
        reasons[name] = f"{name} is not known to this version."
    for name in _null_without_word(profile):
        reasons[name] = f"{name} is null, and no option says that; a new profile gets a value."
    for item in profile.assignments or ():
        if (intent := intent_of(item)) != APPLY:
            reasons["assignments"] = f"assignments has the intent {intent!r}."
        elif "unknown" in decode_target(item.get("target") or {}, Names()):
            reasons["assignments"] = "assignments has a target of an unknown type."
    return reasons


def _null_without_word(profile: Profile) -> Iterator[str]:
    """Properties that Graph's metadata and the admin center never leave empty, and that are."""
    kind, wire = profile.profile_type, profile.to_wire()
    for option in options_of(kind.kind):
        for name in option.wire if option.name in CODECS else ():
            row = kind.properties_by_name.get(name)
            if row is None or row.nullable or row.not_configured or row.collection:
                continue
            if name in wire and wire[name] is None:
                yield name


def _root_reference(root: Profile | None, roots: ProfileIndex | None) -> dict[str, Any] | None:
    if root is None:
        return None
    unique = bool(root.display_name) and (roots is None or roots.twins_of(root) <= 1)
    return {"name": root.display_name} if unique else {"id": root.id}


@dataclass(frozen=True)
class Decoded:
    """The properties of a profile in the words of options.

    Attributes:
        options: What they say.
        reasons: Wire property to the reason why no option says it.
    """

    options: Mapping[str, Any]
    reasons: Mapping[str, str]


def decode_options(profile: Profile) -> Decoded:
    """Say every property as an option that means the same on the way back, or why not."""
    wire, kind = profile.to_wire(), profile.profile_type
    options: dict[str, Any] = {}
    reasons: dict[str, str] = {}
    for option in options_of(kind.kind):
        if option.name not in CODECS or all(wire.get(name) is None for name in option.wire):
            continue
        try:
            value = _decode_checked(option, wire, kind)
        except InexpressibleError as error:
            reasons[error.wire_name] = str(error)
        else:
            if value is not ABSENT:
                options[option.name] = value
    _settle_subject(options, wire)
    return Decoded(options, reasons)


def _settle_subject(options: dict[str, Any], wire: dict[str, Any]) -> None:
    """Say the format only where it is not what `subject_name_format` implies."""
    if "subject_name_format" not in options:
        return
    if options.get("subject_name_format_type") == "custom":
        del options["subject_name_format_type"]
    elif wire.get("subjectNameFormat") is None:
        options["subject_name_format_type"] = None


def _decode_checked(option: Option, wire: dict[str, Any], kind: ProfileType) -> Any:
    """Decode one option and make sure that it means the same on the way back."""
    if kind.platform not in option.platforms(kind.kind):
        raise InexpressibleError(option.wire[0], f"has no option on {kind.platform}.")
    value = decode_option(option.name, wire)
    if value is ABSENT:
        return ABSENT
    data = {"name": "x", "platform": kind.platform.value, option.name: value}
    if option.name == "certificate":
        data["allow_expired"] = True
    try:
        again = managed_wire(parse_declaration(data, kind=kind.kind))
    except DeclarationError as error:
        raise InexpressibleError(option.wire[0], f"is refused: {error.problems[0]}") from error
    for name in option.wire:
        if normal_value(kind, name, again.get(name)) != normal_value(kind, name, wire.get(name)):
            raise InexpressibleError(name, f"has a form that no option keeps: {wire.get(name)!r}.")
    return value
