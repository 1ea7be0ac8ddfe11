"""Windows: 8.1 and later, and the retired Windows Phone 8.1 and Windows 10X."""

from pydantic import StrictStr

from intune_scep.profiles.flags import FlagsCollection
from intune_scep.profiles.models.complex_types import SubjectAlternativeName
from intune_scep.profiles.models.profile import (
    DeviceConfigurationProfile,
    ResourceAccessProfile,
    ScepProfile,
    TrustedRootProfile,
)


class WindowsScepProfile(ScepProfile, DeviceConfigurationProfile):
    """`windows81SCEPCertificateProfile`: what the admin center makes for Windows 10 and 11."""

    key_storage_provider: StrictStr | None = None


class WindowsTrustedRootProfile(TrustedRootProfile, DeviceConfigurationProfile):
    """`windows81TrustedRootCertificate`."""

    destination_store: StrictStr | None = None


class WindowsPhoneScepProfile(ScepProfile, DeviceConfigurationProfile):
    """`windowsPhone81SCEPCertificateProfile`; the platform is retired."""

    key_storage_provider: StrictStr | None = None


class WindowsPhoneTrustedRootProfile(TrustedRootProfile, DeviceConfigurationProfile):
    """`windowsPhone81TrustedRootCertificate`; the platform is retired."""


class Windows10XScepProfile(ScepProfile, ResourceAccessProfile):
    """`windows10XSCEPCertificateProfile`; the platform is retired.

    Its root is a property (`root_certificate_id`), not a link.
    """

    key_storage_provider: StrictStr | None = None
    hash_algorithm: FlagsCollection | None = None
    root_certificate_id: StrictStr | None = None
    subject_alternative_name_formats: list[SubjectAlternativeName] | None = None


class Windows10XTrustedRootProfile(TrustedRootProfile, ResourceAccessProfile):
    """`windows10XTrustedRootCertificate`; the platform is retired."""

    destination_store: StrictStr | None = None
