"""Intune's certificate profiles: the types, lossless models of them, and how to compare them.

The registry, the words and the variables load nothing but the standard library; the models load
pydantic when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from intune_scep.errors import UnknownProfileTypeError
from intune_scep.profiles.flags import Flags
from intune_scep.profiles.index import ProfileIndex
from intune_scep.profiles.normal_form import (
    changed_properties,
    normal_form,
    normal_value,
    same_profile,
)
from intune_scep.profiles.parsing import parse_profile
from intune_scep.profiles.properties import Property
from intune_scep.profiles.registry import (
    PROFILE_TYPES,
    ProfileType,
    find_profile_type,
    platforms_with,
    profile_type_for,
    require_profile_type,
)
from intune_scep.profiles.sid_uri import SID_URI, SID_VARIABLE
from intune_scep.profiles.variables import (
    KNOWN_VARIABLES,
    KnownVariable,
    Variable,
    find_variables,
    fold_variables,
    known_variable,
)
from intune_scep.profiles.vocabulary import CertificateType, Platform, ProfileKind
from intune_scep.profiles.wire import writable

if TYPE_CHECKING:
    from intune_scep.profiles.models import (
        DeviceConfigurationProfile,
        ExtendedKeyUsage,
        Profile,
        ResourceAccessProfile,
        ScepProfile,
        SubjectAlternativeName,
        TrustedRootProfile,
    )

__all__ = [
    "KNOWN_VARIABLES",
    "PROFILE_TYPES",
    "SID_URI",
    "SID_VARIABLE",
    "CertificateType",
    "DeviceConfigurationProfile",
    "ExtendedKeyUsage",
    "Flags",
    "KnownVariable",
    "Platform",
    "Profile",
    "ProfileIndex",
    "ProfileKind",
    "ProfileType",
    "Property",
    "ResourceAccessProfile",
    "ScepProfile",
    "SubjectAlternativeName",
    "TrustedRootProfile",
    "UnknownProfileTypeError",
    "Variable",
    "changed_properties",
    "find_profile_type",
    "find_variables",
    "fold_variables",
    "known_variable",
    "normal_form",
    "normal_value",
    "parse_profile",
    "platforms_with",
    "profile_type_for",
    "require_profile_type",
    "same_profile",
    "writable",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module("intune_scep.profiles.models"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
