"""The certificate profile types of Intune, one row each (GRAPH.md 1.1, DOMAIN.md 5).

Importing this module loads no model and no pydantic; `ProfileType.model` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import TYPE_CHECKING, Final

from intune_scep.errors import UnknownProfileTypeError
from intune_scep.profiles.properties import (
    DEVICE_CONFIGURATION,
    RESOURCE_ACCESS_PROFILE,
    SCEP,
    TRUSTED_ROOT,
    Property,
)
from intune_scep.profiles.revocation import can_revoke
from intune_scep.profiles.vocabulary import Platform, ProfileKind

if TYPE_CHECKING:
    from intune_scep.profiles.models.profile import Profile

DEVICE_CONFIGURATIONS: Final = "deviceManagement/deviceConfigurations"
RESOURCE_ACCESS_PROFILES: Final = "deviceManagement/resourceAccessProfiles"
_PREFIX: Final = "microsoft.graph."


@dataclass(frozen=True, eq=False)
class ProfileType:
    """What is known of one concrete type.

    Attributes:
        name: Graph's name without prefix, for example `iosScepCertificateProfile`.
        kind: SCEP or trusted root.
        platform: The platform it is for.
        properties: Every property of the type, base properties first.
        collection: Path of the collection it lives in, below the Graph version.
        root_type: `odata_type` of the trusted root a SCEP profile takes; None for trusted roots.
        retired: The platform no longer exists.
        certificate_reporting: Whether Intune reports certificates of this platform; not for
            Android device owner and AOSP (GRAPH.md 2).
    """

    name: str
    kind: ProfileKind
    platform: Platform
    properties: tuple[Property, ...] = field(repr=False)
    collection: str = DEVICE_CONFIGURATIONS
    root_type: str | None = None
    retired: bool = False
    certificate_reporting: bool = True

    @cached_property
    def odata_type(self) -> str:
        """The `@odata.type` on the wire, for example `#microsoft.graph.iosScep…`."""
        return f"#{_PREFIX}{self.name}"

    @property
    def can_revoke(self) -> bool:
        """False where only the CA can revoke its certificates (R-191); True promises nothing."""
        return can_revoke(self.platform)

    @property
    def creatable(self) -> bool:
        """Whether declared state may create it: the types of the platforms that still exist.

        Whether Graph still creates `androidForWork*` and `android*` is unknown (GRAPH.md 7).
        """
        return not self.retired

    @cached_property
    def supports_custom_sans(self) -> bool:
        """Whether it has `customSubjectAlternativeNames`, where the SID URI goes.

        False for windows10X, whose SANs are in `subjectAlternativeNameFormats`.
        """
        return self.has("customSubjectAlternativeNames")

    @cached_property
    def has_certificate_store(self) -> bool:
        """Whether it knows user and device certificates apart."""
        return self.has("certificateStore")

    @cached_property
    def properties_by_name(self) -> Mapping[str, Property]:
        """The properties by wire name."""
        return {row.name: row for row in self.properties}

    @cached_property
    def editable(self) -> tuple[Property, ...]:
        """The properties a person may write."""
        return tuple(row for row in self.properties if not row.server_owned)

    @cached_property
    def model(self) -> type[Profile]:
        """The pydantic class of this type; loads pydantic on first use."""
        from intune_scep.profiles.models.concrete import model_of

        return model_of(self)

    def has(self, name: str) -> bool:
        """Whether the type has a property of that wire name."""
        return name in self.properties_by_name


_COMMON: Final = (
    "renewalThresholdPercentage",
    "subjectNameFormat",
    "subjectAlternativeNameType",
    "certificateValidityPeriodValue",
    "certificateValidityPeriodScale",
    "scepServerUrls",
    "subjectNameFormatString",
    "keyUsage",
    "keySize",
    "hashAlgorithm",
    "subjectAlternativeNameFormatString",
    "extendedKeyUsages",
)
_MODERN: Final = (*_COMMON, "certificateStore", "customSubjectAlternativeNames")
_ROOT: Final = ("trustedRootCertificate", "certFileName")


def _choose(
    table: Mapping[str, Property], names: tuple[str, ...], *changes: Property
) -> tuple[Property, ...]:
    """The rows of `table` with these names, replaced by those of `changes` that have the same."""
    changed = {row.name: row for row in changes}
    return tuple(changed.get(name, table[name]) for name in names)


_APPLE_FORMAT: Final = replace(
    SCEP["subjectNameFormat"], graph_type="microsoft.graph.appleSubjectNameFormat"
)
_OPTIONAL_FORMAT: Final = replace(SCEP["subjectNameFormat"], nullable=True)
_REQUIRED_LEGACY_SAN: Final = replace(SCEP["subjectAlternativeNameType"], nullable=False)

PROFILE_TYPES: Final[tuple[ProfileType, ...]] = (
    ProfileType(
        name="windows81SCEPCertificateProfile",
        kind=ProfileKind.SCEP,
        platform=Platform.WINDOWS,
        properties=DEVICE_CONFIGURATION + _choose(SCEP, (*_MODERN, "keyStorageProvider")),
        root_type="#microsoft.graph.windows81TrustedRootCertificate",
    ),
    ProfileType(
        name="windows81TrustedRootCertificate",
        kind=ProfileKind.TRUSTED_ROOT,
        platform=Platform.WINDOWS,
        properties=DEVICE_CONFIGURATION + _choose(TRUSTED_ROOT, (*_ROOT, "destinationStore")),
    ),
    ProfileType(
        name="iosScepCertificateProfile",
        kind=ProfileKind.SCEP,
        platform=Platform.IOS,
        properties=DEVICE_CONFIGURATION
        + _choose(SCEP, tuple(n for n in _MODERN if n != "hashAlgorithm"), _APPLE_FORMAT),
        root_type="#microsoft.graph.iosTrustedRootCertificate",
    ),
    ProfileType(
        name="iosTrustedRootCertificate",
        kind=ProfileKind.TRUSTED_ROOT,
        platform=Platform.IOS,
        properties=DEVICE_CONFIGURATION + _choose(TRUSTED_ROOT, _ROOT),
    ),
    ProfileType(
        name="macOSScepCertificateProfile",
        kind=ProfileKind.SCEP,
        platform=Platform.MACOS,
        properties=DEVICE_CONFIGURATION
        + _choose(
            SCEP,
            (*_MODERN, "allowAllAppsAccess", "deploymentChannel"),
            _APPLE_FORMAT,
            replace(SCEP["hashAlgorithm"], nullable=True),
        ),
        root_type="#microsoft.graph.macOSTrustedRootCertificate",
    ),
    ProfileType(
        name="macOSTrustedRootCertificate",
        kind=ProfileKind.TRUSTED_ROOT,
        platform=Platform.MACOS,
        properties=DEVICE_CONFIGURATION + _choose(TRUSTED_ROOT, (*_ROOT, "deploymentChannel")),
    ),
    ProfileType(
        name="androidDeviceOwnerScepCertificateProfile",
        kind=ProfileKind.SCEP,
        platform=Platform.ANDROID_DEVICE_OWNER,
        properties=DEVICE_CONFIGURATION
        + _choose(
            SCEP,
            (*_MODERN, "certificateAccessType", "silentCertificateAccessDetails"),
            _OPTIONAL_FORMAT,
        ),
        root_type="#microsoft.graph.androidDeviceOwnerTrustedRootCertificate",
        certificate_reporting=False,
    ),
    ProfileType(
        name="androidDeviceOwnerTrustedRootCertificate",
        kind=ProfileKind.TRUSTED_ROOT,
        platform=Platform.ANDROID_DEVICE_OWNER,
        properties=DEVICE_CONFIGURATION + _choose(TRUSTED_ROOT, _ROOT),
        certificate_reporting=False,
    ),
    ProfileType(
        name="androidWorkProfileScepCertificateProfile",
        kind=ProfileKind.SCEP,
        platform=Platform.ANDROID_WORK_PROFILE,
        properties=DEVICE_CONFIGURATION + _choose(SCEP, _MODERN),
        root_type="#microsoft.graph.androidWorkProfileTrustedRootCertificate",
    ),
    ProfileType(
        name="androidWorkProfileTrustedRootCertificate",
        kind=ProfileKind.TRUSTED_ROOT,
        platform=Platform.ANDROID_WORK_PROFILE,
        properties=DEVICE_CONFIGURATION + _choose(TRUSTED_ROOT, _ROOT),
    ),
    ProfileType(
        name="androidForWorkScepCertificateProfile",
        kind=ProfileKind.SCEP,
        platform=Platform.ANDROID_FOR_WORK,
        properties=DEVICE_CONFIGURATION + _choose(SCEP, _MODERN),
        root_type="#microsoft.graph.androidForWorkTrustedRootCertificate",
    ),
    ProfileType(
        name="androidForWorkTrustedRootCertificate",
        kind=ProfileKind.TRUSTED_ROOT,
        platform=Platform.ANDROID_FOR_WORK,
        properties=DEVICE_CONFIGURATION + _choose(TRUSTED_ROOT, _ROOT),
    ),
    ProfileType(
        name="aospDeviceOwnerScepCertificateProfile",
        kind=ProfileKind.SCEP,
        platform=Platform.ANDROID_AOSP,
        properties=DEVICE_CONFIGURATION + _choose(SCEP, _MODERN, _OPTIONAL_FORMAT),
        root_type="#microsoft.graph.aospDeviceOwnerTrustedRootCertificate",
        certificate_reporting=False,
    ),
    ProfileType(
        name="aospDeviceOwnerTrustedRootCertificate",
        kind=ProfileKind.TRUSTED_ROOT,
        platform=Platform.ANDROID_AOSP,
        properties=DEVICE_CONFIGURATION + _choose(TRUSTED_ROOT, _ROOT),
        certificate_reporting=False,
    ),
    ProfileType(
        name="androidScepCertificateProfile",
        kind=ProfileKind.SCEP,
        platform=Platform.ANDROID_DEVICE_ADMINISTRATOR,
        properties=DEVICE_CONFIGURATION + _choose(SCEP, _COMMON, _REQUIRED_LEGACY_SAN),
        root_type="#microsoft.graph.androidTrustedRootCertificate",
    ),
    ProfileType(
        name="androidTrustedRootCertificate",
        kind=ProfileKind.TRUSTED_ROOT,
        platform=Platform.ANDROID_DEVICE_ADMINISTRATOR,
        properties=DEVICE_CONFIGURATION + _choose(TRUSTED_ROOT, _ROOT),
    ),
    ProfileType(
        name="windowsPhone81SCEPCertificateProfile",
        kind=ProfileKind.SCEP,
        platform=Platform.WINDOWS_PHONE,
        properties=DEVICE_CONFIGURATION
        + _choose(SCEP, (*_COMMON, "keyStorageProvider"), _REQUIRED_LEGACY_SAN),
        root_type="#microsoft.graph.windowsPhone81TrustedRootCertificate",
        retired=True,
    ),
    ProfileType(
        name="windowsPhone81TrustedRootCertificate",
        kind=ProfileKind.TRUSTED_ROOT,
        platform=Platform.WINDOWS_PHONE,
        properties=DEVICE_CONFIGURATION + _choose(TRUSTED_ROOT, _ROOT),
        retired=True,
    ),
    ProfileType(
        name="windows10XSCEPCertificateProfile",
        kind=ProfileKind.SCEP,
        platform=Platform.WINDOWS_10X,
        properties=RESOURCE_ACCESS_PROFILE
        + _choose(
            SCEP,
            (
                "certificateStore",
                "certificateValidityPeriodScale",
                "certificateValidityPeriodValue",
                "extendedKeyUsages",
                "hashAlgorithm",
                "keySize",
                "keyStorageProvider",
                "keyUsage",
                "renewalThresholdPercentage",
                "rootCertificateId",
                "scepServerUrls",
                "subjectAlternativeNameFormats",
                "subjectNameFormatString",
            ),
            replace(SCEP["certificateStore"], nullable=False),
            replace(SCEP["hashAlgorithm"], collection=True),
        ),
        collection=RESOURCE_ACCESS_PROFILES,
        root_type="#microsoft.graph.windows10XTrustedRootCertificate",
        retired=True,
    ),
    ProfileType(
        name="windows10XTrustedRootCertificate",
        kind=ProfileKind.TRUSTED_ROOT,
        platform=Platform.WINDOWS_10X,
        properties=RESOURCE_ACCESS_PROFILE + _choose(TRUSTED_ROOT, (*_ROOT, "destinationStore")),
        collection=RESOURCE_ACCESS_PROFILES,
        retired=True,
    ),
)
"""Every certificate profile type: ten platforms, a SCEP and a trusted-root type each."""

CREATABLE_PLATFORMS: Final = tuple(
    row.platform for row in PROFILE_TYPES if row.creatable and row.kind is ProfileKind.SCEP
)
"""The platforms of which profiles can be made, in the order of the table."""

_AS_WRITTEN: Final = {row.odata_type: row for row in PROFILE_TYPES}
_BY_NAME: Final = {row.name.lower(): row for row in PROFILE_TYPES}


def find_profile_type(odata_type: str) -> ProfileType | None:
    """The row of a type, or None when it is not a certificate profile type.

    Letter case, a leading `#` and the prefix `microsoft.graph.` do not matter: payloads with
    other letter case are in circulation (R-001).
    """
    found = _AS_WRITTEN.get(odata_type)
    if found is not None:
        return found
    return _BY_NAME.get(odata_type.lower().removeprefix("#").removeprefix(_PREFIX))


def require_profile_type(odata_type: object) -> ProfileType:
    """The row of a type.

    Raises:
        UnknownProfileTypeError: It is not a certificate profile type, or not a text at all.
    """
    found = find_profile_type(odata_type) if isinstance(odata_type, str) else None
    if found is None:
        raise UnknownProfileTypeError(
            f"{odata_type!r} is not a SCEP or trusted root profile type."
            if odata_type is not None
            else "The profile has no @odata.type, so its type is unknown."
        )
    return found


@cache
def profile_type_for(kind: ProfileKind, platform: Platform) -> ProfileType:
    """The one type of that kind on that platform."""
    return next(row for row in PROFILE_TYPES if (row.kind, row.platform) == (kind, platform))


@cache
def platforms_with(property_name: str, kind: ProfileKind) -> tuple[Platform, ...]:
    """The platforms, retired ones left out, whose type of that kind has the wire property."""
    return tuple(
        row.platform
        for row in PROFILE_TYPES
        if row.kind == kind and row.creatable and row.has(property_name)
    )
