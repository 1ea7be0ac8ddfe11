"""Pydantic models of certificate profiles: what they share; the concrete ones are made from the
registry (`ProfileType.model`)."""

from intune_scep.profiles.models.complex_types import (
    ApplicabilityRuleDeviceMode,
    ApplicabilityRuleOsEdition,
    ApplicabilityRuleOsVersion,
    ExtendedKeyUsage,
    SilentCertificateAccess,
    SubjectAlternativeName,
)
from intune_scep.profiles.models.profile import (
    DependantProfile,
    DeviceConfigurationProfile,
    Profile,
    ResourceAccessProfile,
    ScepProfile,
    TrustedRootProfile,
)
from intune_scep.profiles.models.wire_model import WireModel

__all__ = [
    "ApplicabilityRuleDeviceMode",
    "ApplicabilityRuleOsEdition",
    "ApplicabilityRuleOsVersion",
    "DependantProfile",
    "DeviceConfigurationProfile",
    "ExtendedKeyUsage",
    "Profile",
    "ResourceAccessProfile",
    "ScepProfile",
    "SilentCertificateAccess",
    "SubjectAlternativeName",
    "TrustedRootProfile",
    "WireModel",
]
