"""Pydantic models of the certificate profile types."""

from intune_scep.profiles.models.android import (
    AndroidAospScepProfile,
    AndroidAospTrustedRootProfile,
    AndroidDeviceAdministratorScepProfile,
    AndroidDeviceAdministratorTrustedRootProfile,
    AndroidDeviceOwnerScepProfile,
    AndroidDeviceOwnerTrustedRootProfile,
    AndroidForWorkScepProfile,
    AndroidForWorkTrustedRootProfile,
    AndroidWorkProfileScepProfile,
    AndroidWorkProfileTrustedRootProfile,
)
from intune_scep.profiles.models.apple import (
    IosScepProfile,
    IosTrustedRootProfile,
    MacOSScepProfile,
    MacOSTrustedRootProfile,
)
from intune_scep.profiles.models.complex_types import (
    ApplicabilityRuleDeviceMode,
    ApplicabilityRuleOsEdition,
    ApplicabilityRuleOsVersion,
    ExtendedKeyUsage,
    SilentCertificateAccess,
    SubjectAlternativeName,
)
from intune_scep.profiles.models.profile import (
    DeviceConfigurationProfile,
    Profile,
    ResourceAccessProfile,
    ScepProfile,
    TrustedRootProfile,
)
from intune_scep.profiles.models.windows import (
    Windows10XScepProfile,
    Windows10XTrustedRootProfile,
    WindowsPhoneScepProfile,
    WindowsPhoneTrustedRootProfile,
    WindowsScepProfile,
    WindowsTrustedRootProfile,
)
from intune_scep.profiles.models.wire_model import (
    WireModel,
)

__all__ = [
    "AndroidAospScepProfile",
    "AndroidAospTrustedRootProfile",
    "AndroidDeviceAdministratorScepProfile",
    "AndroidDeviceAdministratorTrustedRootProfile",
    "AndroidDeviceOwnerScepProfile",
    "AndroidDeviceOwnerTrustedRootProfile",
    "AndroidForWorkScepProfile",
    "AndroidForWorkTrustedRootProfile",
    "AndroidWorkProfileScepProfile",
    "AndroidWorkProfileTrustedRootProfile",
    "ApplicabilityRuleDeviceMode",
    "ApplicabilityRuleOsEdition",
    "ApplicabilityRuleOsVersion",
    "DeviceConfigurationProfile",
    "ExtendedKeyUsage",
    "IosScepProfile",
    "IosTrustedRootProfile",
    "MacOSScepProfile",
    "MacOSTrustedRootProfile",
    "Profile",
    "ResourceAccessProfile",
    "ScepProfile",
    "SilentCertificateAccess",
    "SubjectAlternativeName",
    "TrustedRootProfile",
    "Windows10XScepProfile",
    "Windows10XTrustedRootProfile",
    "WindowsPhoneScepProfile",
    "WindowsPhoneTrustedRootProfile",
    "WindowsScepProfile",
    "WindowsTrustedRootProfile",
    "WireModel",
]
