"""Graph's complex types in certificate profiles (GRAPH.md 1.4)."""

from typing import Final

from pydantic import StrictStr

from intune_scep.profiles.models.wire_model import WireModel


class SubjectAlternativeName(WireModel):
    """`customSubjectAlternativeName`; also `windows10XCustomSubjectAlternativeName`.

    Attributes:
        san_type: A member of `SubjectAlternativeNameType`.
        name: The value, text with variables.
    """

    san_type: StrictStr | None = None
    name: StrictStr | None = None


class ExtendedKeyUsage(WireModel):
    """`extendedKeyUsage`: a purpose. The name is only a label, the OID decides."""

    name: StrictStr | None = None
    object_identifier: StrictStr | None = None


class SilentCertificateAccess(WireModel):
    """`androidDeviceOwnerSilentCertificateAccess`: an app that may use the key unasked."""

    package_id: StrictStr | None = None


class ApplicabilityRuleOsEdition(WireModel):
    """`deviceManagementApplicabilityRuleOsEdition`."""

    os_edition_types: list[StrictStr] | None = None
    name: StrictStr | None = None
    rule_type: StrictStr | None = None


class ApplicabilityRuleOsVersion(WireModel):
    """`deviceManagementApplicabilityRuleOsVersion`."""

    min_os_version: StrictStr | None = None
    max_os_version: StrictStr | None = None
    name: StrictStr | None = None
    rule_type: StrictStr | None = None


class ApplicabilityRuleDeviceMode(WireModel):
    """`deviceManagementApplicabilityRuleDeviceMode`."""

    device_mode: StrictStr | None = None
    name: StrictStr | None = None
    rule_type: StrictStr | None = None


COMPLEX_MODELS: Final[dict[str, type[WireModel]]] = {
    "microsoft.graph.customSubjectAlternativeName": SubjectAlternativeName,
    "microsoft.graph.windows10XCustomSubjectAlternativeName": SubjectAlternativeName,
    "microsoft.graph.extendedKeyUsage": ExtendedKeyUsage,
    "microsoft.graph.androidDeviceOwnerSilentCertificateAccess": SilentCertificateAccess,
    "microsoft.graph.deviceManagementApplicabilityRuleOsEdition": ApplicabilityRuleOsEdition,
    "microsoft.graph.deviceManagementApplicabilityRuleOsVersion": ApplicabilityRuleOsVersion,
    "microsoft.graph.deviceManagementApplicabilityRuleDeviceMode": ApplicabilityRuleDeviceMode,
}
"""Graph's name of a complex type to its model."""
