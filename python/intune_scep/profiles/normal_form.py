"""Profiles in a form in which only differences that mean something differ (law 1).

What means nothing: the order of flags, of URLs and of other collections without order; the letter
case of variables; line breaks in base64; annotations; what only Graph writes. Null, absent and
`none` stay different, and so does everything not listed here.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import TYPE_CHECKING, Any, Final

from intune_scep.profiles.dependants import name_of_dependant
from intune_scep.profiles.flags import Flags
from intune_scep.profiles.properties import Property
from intune_scep.profiles.registry import ProfileType, require_profile_type
from intune_scep.profiles.variables import fold_variables
from intune_scep.profiles.wire import is_annotation, is_writable

if TYPE_CHECKING:
    from intune_scep.profiles.models.profile import Profile


_ABSENT: Final = object()


def normal_form(profile: Profile | Mapping[str, Any]) -> dict[str, Hashable]:
    """Wire name to normalised value of everything in a profile that a person could have changed.

    The link to the trusted root is no part of it: Graph never sends it with the profile.

    Args:
        profile: A model, or a wire object with `@odata.type`.

    Raises:
        UnknownProfileTypeError: `@odata.type` is missing or not a certificate profile type.
    """
    wire = _wire_of(profile)
    profile_type = require_profile_type(wire.get("@odata.type"))
    normal = {
        name: normal_value(profile_type, name, value)
        for name, value in wire.items()
        if _counts(name)
    }
    return {"@odata.type": profile_type.odata_type, **normal}


def _wire_of(profile: Profile | Mapping[str, Any]) -> Mapping[str, Any]:
    return profile if isinstance(profile, Mapping) else profile.wire


def _counts(name: str) -> bool:
    return is_writable(name) and not is_annotation(name)


def normal_value(profile_type: ProfileType, name: str, value: Any) -> Hashable:
    """The normalised value of one property of a profile of that type."""
    return _normalise(value, profile_type.properties_by_name.get(name))


def normaliser(odata_type: object) -> Callable[[str, Any], Hashable]:
    """What normalises a property, by name and value, of a profile that runs write.

    Raises:
        UnknownProfileTypeError: the type is neither a certificate profile's nor a dependant's.
    """
    _, known = _known(odata_type)
    return lambda name, value: _normalise(value, known.get(name))


def _known(odata_type: object) -> tuple[str, Mapping[str, Property]]:
    """A type in one spelling, and what is known of its properties: of a dependant's nothing."""
    if (name := name_of_dependant(odata_type)) is not None:
        return name, {}
    row = require_profile_type(odata_type)
    return row.name, row.properties_by_name


def same_profile(one: Profile | Mapping[str, Any], other: Profile | Mapping[str, Any]) -> bool:
    """Whether two profiles differ in nothing that means something."""
    return normal_form(one) == normal_form(other)


def changed_properties(
    current: Profile | Mapping[str, Any], wanted: Profile | Mapping[str, Any]
) -> tuple[str, ...]:
    """Wire names of the properties of `wanted` that differ from `current` in meaning.

    These are what a PATCH has to carry; when there are none, there must be no PATCH. A property
    that `wanted` does not have is kept by Graph (GRAPH.md 3.3) and so is no change.

    Raises:
        UnknownProfileTypeError: `@odata.type` of one is missing or not a known type.
    """
    before, after = _wire_of(current), _wire_of(wanted)
    (old, of_old), (new, of_new) = (_known(wire.get("@odata.type")) for wire in (before, after))

    def differs(name: str, value: Any) -> bool:
        earlier = before.get(name, _ABSENT)
        if earlier is value and old == new:
            return False  # One value, as a profile and a changed copy of it share them.
        if not _counts(name):
            return False
        if earlier is _ABSENT or _differ_in_length(of_new.get(name), earlier, value):
            return True
        return _normalise(earlier, of_old.get(name)) != _normalise(value, of_new.get(name))

    changed = (name for name, value in after.items() if differs(name, value))
    return (*(() if old == new else ("@odata.type",)), *changed)


def _differ_in_length(row: Property | None, one: Any, other: Any) -> bool:
    """Whether two lists are of different length and every item of them counts."""
    if row is None or not row.collection or row.unordered or row.is_flags:
        return False
    return isinstance(one, list) and isinstance(other, list) and len(one) != len(other)


def _normalise(value: Any, row: Property | None) -> Hashable:
    if row is None:
        return _freeze(value, None)
    if isinstance(value, list) and row.collection:
        items = tuple(_normalise_item(item, row) for item in value)
        return frozenset(items) if row.unordered or row.is_flags else items
    return _normalise_item(value, row)


def _normalise_item(value: Any, row: Property) -> Hashable:
    if isinstance(value, dict):
        return _freeze(value, row)
    if not isinstance(value, str):
        return _freeze(value, None)
    if row.is_flags:
        return Flags(value).members
    if row.has_variables:
        return fold_variables(value)
    if row.graph_type == "Edm.Binary":
        return "".join(value.split())
    return value


def _freeze(value: Any, row: Property | None) -> Hashable:
    """A hashable twin of a JSON value.

    Truth values and objects carry their Python type, since True == 1 and since an empty object
    must not equal an empty set of flags.
    """
    if isinstance(value, bool):
        return (bool, value)
    if isinstance(value, list):
        return tuple(_freeze(item, None) for item in value)
    if not isinstance(value, dict):
        hashable: Hashable = value
        return hashable
    rows = {known.name: known for known in row.properties} if row else {}
    members = frozenset(
        (name, _normalise(item, rows.get(name)))
        for name, item in value.items()
        if not _is_noise(name, known=bool(rows))
    )
    return (dict, members)


def _is_noise(name: str, *, known: bool) -> bool:
    """Whether a name inside a value means nothing; the type of an unknown object does."""
    return is_annotation(name) and (known or name != "@odata.type")
