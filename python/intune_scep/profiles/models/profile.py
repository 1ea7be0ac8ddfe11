"""The bases of the concrete profile types: what all profiles, SCEP profiles and roots share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import StrictBool, StrictInt, StrictStr

from intune_scep.profiles.flags import Flags
from intune_scep.profiles.models.complex_types import (
    ApplicabilityRuleDeviceMode,
    ApplicabilityRuleOsEdition,
    ApplicabilityRuleOsVersion,
    ExtendedKeyUsage,
    SubjectAlternativeName,
)
from intune_scep.profiles.models.wire_model import WireModel
from intune_scep.profiles.vocabulary import CertificateType, ProfileKind
from intune_scep.profiles.wire import writable

if TYPE_CHECKING:
    from intune_scep.profiles.registry import ProfileType


class Profile(WireModel):
    """A certificate profile of any type.

    Attributes:
        version: Counts the changes (Int32); 1 after create.
        last_modified_date_time: As on the wire, for example `2025-08-19T08:13:19.0484998Z`:
            Graph sends seven digits of a second, one more than `datetime` holds.
        assignments: Wire objects; None unless the read expanded them.
    """

    row: ClassVar[ProfileType]

    id: StrictStr | None = None
    display_name: StrictStr | None = None
    description: StrictStr | None = None
    version: StrictInt | None = None
    last_modified_date_time: StrictStr | None = None
    role_scope_tag_ids: list[StrictStr] | None = None
    assignments: list[dict[str, Any]] | None = None

    @property
    def profile_type(self) -> ProfileType:
        """The registry's row of this type."""
        return self.row

    @property
    def odata_type(self) -> str:
        """The `@odata.type` as it came, else as Graph writes it."""
        wire = self._sent or {}
        return str(wire.get("@odata.type") or self.profile_type.odata_type)

    @property
    def is_scep(self) -> bool:
        """Whether it is a SCEP profile, not a trusted root."""
        return self.profile_type.kind == ProfileKind.SCEP

    @property
    def certificate_type(self) -> CertificateType | None:
        """User or device; None for trusted roots and where the profile does not say."""
        return None

    def to_write(self) -> dict[str, Any]:
        """The wire object without what only Graph writes (GRAPH.md 3.2): see `writable`."""
        return writable(self.wire)

    def _from_fields(self) -> dict[str, Any]:
        return {"@odata.type": self.odata_type, **super()._from_fields()}


class DeviceConfigurationProfile(Profile):
    """A profile in `deviceManagement/deviceConfigurations`."""

    created_date_time: StrictStr | None = None
    supports_scope_tags: StrictBool | None = None
    device_management_applicability_rule_os_edition: ApplicabilityRuleOsEdition | None = None
    device_management_applicability_rule_os_version: ApplicabilityRuleOsVersion | None = None
    device_management_applicability_rule_device_mode: ApplicabilityRuleDeviceMode | None = None


class DependantProfile(DeviceConfigurationProfile):
    """A profile of a type that can point at a certificate profile, and of which no more is known.

    It is in no row of the registry: nothing but what changes a dependant reads one.
    """

    @property
    def odata_type(self) -> str:
        """The `@odata.type` as it came."""
        return str((self._sent or {}).get("@odata.type") or "")

    @property
    def is_scep(self) -> bool:
        """Never."""
        return False


class ResourceAccessProfile(Profile):
    """A profile in `deviceManagement/resourceAccessProfiles` (windows10X only)."""

    creation_date_time: StrictStr | None = None


class ScepProfile(Profile):
    """A SCEP profile of any platform.

    The fields are those that the SCEP types share. Four are not on every type: iOS has no
    `hash_algorithm`; Android device administrator and Windows Phone have neither
    `certificate_store` nor `custom_subject_alternative_names`; windows10X has no
    `subject_name_format`, no legacy SAN and its SANs under another name. Such a field is None;
    `profile_type.has(wire_name)` tells whether the type has the property.

    Attributes:
        renewal_threshold_percentage: Percent of the lifetime that is left, 1 to 99.
        certificate_validity_period_value: In units of `certificate_validity_period_scale`.
        key_size: A member of `KeySize`.
        subject_alternative_name_type: Legacy; None is "never set", which is not `none`.
        subject_alternative_name_format_string: Legacy.
        certificate_store: A member of `CertificateStore`.
    """

    renewal_threshold_percentage: StrictInt | None = None
    subject_name_format: StrictStr | None = None
    subject_alternative_name_type: Flags | None = None
    certificate_validity_period_value: StrictInt | None = None
    certificate_validity_period_scale: StrictStr | None = None
    scep_server_urls: list[StrictStr] | None = None
    subject_name_format_string: StrictStr | None = None
    key_usage: Flags | None = None
    key_size: StrictStr | None = None
    hash_algorithm: Flags | None = None
    subject_alternative_name_format_string: StrictStr | None = None
    certificate_store: StrictStr | None = None
    extended_key_usages: list[ExtendedKeyUsage] | None = None
    custom_subject_alternative_names: list[SubjectAlternativeName] | None = None

    @property
    def certificate_type(self) -> CertificateType | None:
        """User or device, from `certificateStore`; None where the profile does not say."""
        return _CERTIFICATE_TYPES.get(self.certificate_store or "")


_CERTIFICATE_TYPES = {"user": CertificateType.USER, "machine": CertificateType.DEVICE}


class TrustedRootProfile(Profile):
    """A trusted root profile of any platform.

    Attributes:
        trusted_root_certificate: The certificate, base64 of DER (GRAPH.md 3.2).
        cert_file_name: What the admin center shows.
    """

    trusted_root_certificate: StrictStr | None = None
    cert_file_name: StrictStr | None = None
