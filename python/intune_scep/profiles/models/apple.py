"""iOS/iPadOS and macOS."""

from pydantic import StrictBool, StrictStr

from intune_scep.profiles.models.profile import (
    DeviceConfigurationProfile,
    ScepProfile,
    TrustedRootProfile,
)


class IosScepProfile(ScepProfile, DeviceConfigurationProfile):
    """`iosScepCertificateProfile`."""


class IosTrustedRootProfile(TrustedRootProfile, DeviceConfigurationProfile):
    """`iosTrustedRootCertificate`."""


class MacOSScepProfile(ScepProfile, DeviceConfigurationProfile):
    """`macOSScepCertificateProfile`.

    `deployment_channel` cannot be changed after deployment (rule R-015).
    """

    allow_all_apps_access: StrictBool | None = None
    deployment_channel: StrictStr | None = None


class MacOSTrustedRootProfile(TrustedRootProfile, DeviceConfigurationProfile):
    """`macOSTrustedRootCertificate`."""

    deployment_channel: StrictStr | None = None
