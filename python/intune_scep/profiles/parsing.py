"""From a wire object to the model of its type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from intune_scep.profiles.dependants import name_of_dependant
from intune_scep.profiles.registry import require_profile_type

if TYPE_CHECKING:
    from intune_scep.profiles.models.profile import Profile


def parse_profile(wire: Mapping[str, Any], *, copy: bool = True) -> Profile:
    """Read a certificate profile as Graph sends it, without losing anything.

    `parse_profile(wire).to_wire() == wire`, in the order of keys too. Values of an unexpected
    JSON type do not raise; they are named in `malformed` and survive. The profile keeps nothing
    of `wire` that a later change to it could reach. A property is validated when it is first
    asked for.

    Args:
        wire: The wire object.
        copy: False where nobody else has the object or will change it: a `dict`, which is then
            kept itself.

    Raises:
        UnknownProfileTypeError: `@odata.type` is missing or not a certificate profile type.
    """
    return require_profile_type(wire.get("@odata.type")).model.from_wire(wire, copy=copy)


def parse_written(wire: Mapping[str, Any], *, copy: bool = True) -> Profile:
    """Read a profile of any type that runs write: a certificate profile, or a dependant of one.

    Raises:
        UnknownProfileTypeError: it is neither.
    """
    if name_of_dependant(wire.get("@odata.type")) is None:
        return parse_profile(wire, copy=copy)
    from intune_scep.profiles.models import DependantProfile

    return DependantProfile.from_wire(wire, copy=copy)
