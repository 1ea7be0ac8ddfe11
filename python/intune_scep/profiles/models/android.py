"""Android in its five kinds of management."""

from pydantic import StrictStr

from intune_scep.profiles.models.complex_types import SilentCertificateAccess
from intune_scep.profiles.models.profile import (
    DeviceConfigurationProfile,
    ScepProfile,
    TrustedRootProfile,
)


class AndroidDeviceOwnerScepProfile(ScepProfile, DeviceConfigurationProfile):
    """`androidDeviceOwnerScepCertificateProfile`: corporate devices."""

    certificate_access_type: StrictStr | None = None
    silent_certificate_access_details: list[SilentCertificateAccess] | None = None


class AndroidDeviceOwnerTrustedRootProfile(TrustedRootProfile, DeviceConfigurationProfile):
    """`androidDeviceOwnerTrustedRootCertificate`: corporate devices."""


class AndroidWorkProfileScepProfile(ScepProfile, DeviceConfigurationProfile):
    """`androidWorkProfileScepCertificateProfile`: personally-owned work profile."""


class AndroidWorkProfileTrustedRootProfile(TrustedRootProfile, DeviceConfigurationProfile):
    """`androidWorkProfileTrustedRootCertificate`: personally-owned work profile."""


class AndroidForWorkScepProfile(ScepProfile, DeviceConfigurationProfile):
    """`androidForWorkScepCertificateProfile`: the older twin of the work profile."""


class AndroidForWorkTrustedRootProfile(TrustedRootProfile, DeviceConfigurationProfile):
    """`androidForWorkTrustedRootCertificate`: the older twin of the work profile."""


class AndroidAospScepProfile(ScepProfile, DeviceConfigurationProfile):
    """`aospDeviceOwnerScepCertificateProfile`: AOSP."""


class AndroidAospTrustedRootProfile(TrustedRootProfile, DeviceConfigurationProfile):
    """`aospDeviceOwnerTrustedRootCertificate`: AOSP."""


class AndroidDeviceAdministratorScepProfile(ScepProfile, DeviceConfigurationProfile):
    """`androidScepCertificateProfile`: device administrator, without custom SANs."""


class AndroidDeviceAdministratorTrustedRootProfile(TrustedRootProfile, DeviceConfigurationProfile):
    """`androidTrustedRootCertificate`: device administrator."""
