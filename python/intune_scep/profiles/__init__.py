"""Intune's certificate profiles: the types, lossless models of them, and how to compare them.

Everything but `normal_form`, whose name a module has too, loads when it is first used. The
registry, the words and the variables load nothing but the standard library, the models pydantic.
"""

from typing import TYPE_CHECKING

from intune_scep.errors import UnknownProfileTypeError
from intune_scep.lazy import lazily
from intune_scep.profiles.normal_form import normal_form

if TYPE_CHECKING:
    from intune_scep.profiles.flags import Flags
    from intune_scep.profiles.index import ProfileIndex
    from intune_scep.profiles.models import (
        DeviceConfigurationProfile,
        ExtendedKeyUsage,
        Profile,
        ResourceAccessProfile,
        ScepProfile,
        SubjectAlternativeName,
        TrustedRootProfile,
    )
    from intune_scep.profiles.normal_form import (
        changed_properties,
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

_HOMES = {
    "CertificateType": "vocabulary",
    "DeviceConfigurationProfile": "models",
    "ExtendedKeyUsage": "models",
    "Flags": "flags",
    "KNOWN_VARIABLES": "variables",
    "KnownVariable": "variables",
    "PROFILE_TYPES": "registry",
    "Platform": "vocabulary",
    "Profile": "models",
    "ProfileIndex": "index",
    "ProfileKind": "vocabulary",
    "ProfileType": "registry",
    "Property": "properties",
    "ResourceAccessProfile": "models",
    "SID_URI": "sid_uri",
    "SID_VARIABLE": "sid_uri",
    "ScepProfile": "models",
    "SubjectAlternativeName": "models",
    "TrustedRootProfile": "models",
    "Variable": "variables",
    "changed_properties": "normal_form",
    "find_profile_type": "registry",
    "find_variables": "variables",
    "fold_variables": "variables",
    "known_variable": "variables",
    "normal_value": "normal_form",
    "parse_profile": "parsing",
    "platforms_with": "registry",
    "profile_type_for": "registry",
    "require_profile_type": "registry",
    "same_profile": "normal_form",
    "writable": "wire",
}

__getattr__ = lazily(__name__, _HOMES)

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
