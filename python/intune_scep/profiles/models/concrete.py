"""The model of each concrete profile type, made from the registry's row of it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from pydantic import Field, StrictBool, StrictInt, StrictStr, create_model
from pydantic.alias_generators import to_snake

from intune_scep.profiles.flags import Flags, FlagsCollection
from intune_scep.profiles.models.complex_types import COMPLEX_MODELS
from intune_scep.profiles.models.profile import (
    DeviceConfigurationProfile,
    Profile,
    ResourceAccessProfile,
    ScepProfile,
    TrustedRootProfile,
)
from intune_scep.profiles.vocabulary import ProfileKind

if TYPE_CHECKING:
    from intune_scep.profiles.properties import Property
    from intune_scep.profiles.registry import ProfileType

_KINDS: Final[dict[ProfileKind, type[Profile]]] = {
    ProfileKind.SCEP: ScepProfile,
    ProfileKind.TRUSTED_ROOT: TrustedRootProfile,
}
_COLLECTIONS: Final[dict[str, type[Profile]]] = {
    "deviceManagement/deviceConfigurations": DeviceConfigurationProfile,
    "deviceManagement/resourceAccessProfiles": ResourceAccessProfile,
}
_SIMPLE: Final[dict[str, Any]] = {"Edm.Int32": StrictInt, "Edm.Boolean": StrictBool}


@cache
def model_of(kind: ProfileType) -> type[Profile]:
    """The class of a type: its kind, its collection, and a field for each property of its own."""
    bases = (_KINDS[kind.kind], _COLLECTIONS[kind.collection])
    inherited = {name for base in bases for name in base.model_fields}
    fields: dict[str, Any] = {}
    for row in kind.properties:
        name = to_snake(row.name)
        if name not in inherited or (row.is_flags and row.collection):
            fields[name] = (_annotation(row) | None, Field(default=None, alias=row.name))
    model = create_model(_class_name(kind), __base__=bases, __module__=__name__, **fields)
    model.row = kind
    return model


def _annotation(row: Property) -> Any:
    if row.is_flags:
        return FlagsCollection if row.collection else Flags
    item = COMPLEX_MODELS.get(row.graph_type) or _SIMPLE.get(row.graph_type, StrictStr)
    return list[item] if row.collection else item  # type: ignore[valid-type]  # from the table


def _class_name(kind: ProfileType) -> str:
    return kind.name[0].upper() + kind.name[1:]


def __getattr__(name: str) -> Any:
    """The class of that name, which is how a pickled profile finds it again."""
    from intune_scep.profiles.registry import PROFILE_TYPES

    for kind in PROFILE_TYPES:
        if _class_name(kind) == name:
            return model_of(kind)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
