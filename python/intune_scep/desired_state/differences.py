"""What changes of one profile: on the wire for the write, in options for the eye. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from intune_scep.certificates import describe_certificate
from intune_scep.changes.plan import Difference
from intune_scep.declarations.codecs import ABSENT, CODECS, Wire, decode_option
from intune_scep.declarations.declaration import Declaration
from intune_scep.declarations.from_profile import describe_assignments
from intune_scep.declarations.names import Names
from intune_scep.declarations.options import OPTIONS
from intune_scep.declarations.wire_form import WireForm, option_of
from intune_scep.desired_state.marker import with_marker
from intune_scep.desired_state.plan import Reissues
from intune_scep.errors import InexpressibleError
from intune_scep.profiles import Profile, ProfileKind, ProfileType, changed_properties
from intune_scep.rules.ca_certificates import read_ca_certificate

_USAGES = "extendedKeyUsages"
_LEGACY_NAMES = "subjectAlternativeNameType"
_PLACES = {name: place for place, name in enumerate(OPTIONS)}


def wanted_wire(form: WireForm, names: Names, managed_by: str | None) -> Wire:
    """The wire properties a declaration manages, scope tags and mark included.

    Raises:
        UnresolvedNameError: A scope tag is not there.
    """
    wire = dict(form.managed)
    if tags := form.declaration.given.get("scope_tags"):
        wire["roleScopeTagIds"] = [names.scope_tags.resolve(tag) for tag in tags]
    if managed_by is not None and "description" in wire:
        wire["description"] = with_marker(wire["description"], managed_by)
    return wire


def changed_wire(declaration: Declaration, current: Profile, wanted: Wire) -> Wire:
    """Those of the wanted properties that differ in meaning from what the profile has (law 1).

    Clearing what is clear already is no change. The label of a key usage given by a well-known
    word is left as it is, since only its object identifier means something.
    """
    now = current.to_wire()
    considered = {
        name: _with_labels(declaration, now, value) if name == _USAGES else value
        for name, value in wanted.items()
        if not _is_clear_already(name, now.get(name), value)
    }
    typed = {"@odata.type": current.odata_type, **considered}
    return {name: considered[name] for name in changed_properties(now, typed)}


def _is_clear_already(name: str, now: Any, value: Any) -> bool:
    clear: tuple[Any, ...] = (None, [], "") if name == "description" else (None, [])
    if name == _LEGACY_NAMES:
        clear = (None, "none")
    return value in clear and now in clear


def _with_labels(
    declaration: Declaration, now: Mapping[str, Any], usages: list[Wire]
) -> list[Wire]:
    labels = {
        item.get("objectIdentifier"): item.get("name")
        for item in now.get(_USAGES) or []
        if isinstance(item, dict)
    }
    given = declaration.given.get("extended_key_usages") or []
    return [
        {**usage, "name": labels.get(usage["objectIdentifier"], usage["name"])}
        if isinstance(word, str)
        else usage
        for word, usage in zip(given, usages, strict=True)
    ]


def property_differences(
    kind: ProfileType, before: Mapping[str, Any], changes: Wire, names: Names
) -> list[Difference]:
    """The changed properties as options; a property without one keeps its own name."""
    after = {**before, **changes}
    options = dict.fromkeys(option_of(name) for name in changes if not name.startswith("@"))
    return [
        Difference(option, _shown(option, before, names), _shown(option, after, names))
        for option in sorted(OPTIONS.keys() & options, key=_PLACES.__getitem__)
    ] + [
        Difference(name, before.get(name), after.get(name))
        for name in options
        if name not in OPTIONS
    ]


def _shown(option: str, wire: Mapping[str, Any], names: Names) -> Any:
    if option == "scope_tags":
        return [names.scope_tags.reference_to(tag) for tag in wire.get("roleScopeTagIds") or []]
    if option in {"certificate", "certificate_path"}:
        return _described(wire.get("trustedRootCertificate"))
    try:
        value = decode_option(option, wire) if option in CODECS else ABSENT
    except InexpressibleError as error:
        return wire.get(error.wire_name)
    return None if value is ABSENT else value


def _described(encoded: Any) -> str | None:
    """Which certificate this is, in one line."""
    if not isinstance(encoded, str):
        return None
    certificate = read_ca_certificate(encoded)
    if certificate.facts is None:
        return "(not a certificate)"
    form = f" ({certificate.problem})" if certificate.problem else ""
    return f"{describe_certificate(certificate.facts)}{form}"


def assignment_difference(
    before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]], names: Names
) -> Difference:
    """The whole sets before and after, in the words of `assignments`."""
    return Difference(
        "assignments", describe_assignments(before, names), describe_assignments(after, names)
    )


def reissues(kind: ProfileType, changed: Iterable[str], *, relinked: bool) -> Reissues:
    """What a change of these wire properties, or of the root, means for issued certificates."""
    if kind.kind is ProfileKind.TRUSTED_ROOT:
        return Reissues.NO
    rows = [kind.properties_by_name.get(name) for name in changed]
    if relinked or any(row is None or row.re_enrols is not False for row in rows):
        return Reissues.YES
    return Reissues.PROBABLY_NOT
