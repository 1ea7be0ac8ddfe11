"""The properties of the certificate profile types as data: Graph's type, label, who writes them.

Types and nullability are those of Graph's beta metadata (GRAPH.md 1.2, 1.3); labels are those of
the Intune admin center (DOMAIN.md 5.1).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from intune_scep.profiles.enums import ENUMS, FLAGS


@dataclass(frozen=True, slots=True)
class Property:
    """One property of a profile type or of a complex type.

    Attributes:
        name: The wire name, for example `keyUsage`.
        graph_type: The type in Graph's metadata, for example `Edm.Int32` or
            `microsoft.graph.keySize`; for a collection the type of its items.
        collection: Whether the value is a list.
        nullable: Whether Graph's metadata allows null. Real profiles hold null elsewhere too.
        label: The words of the admin center; empty when it does not show the property.
        not_configured: Whether the admin center offers “Not configured”, which is null on the wire,
            whatever the metadata says (DOMAIN.md 5.1, R-101, R-112).
        server_owned: Written by Graph only; never part of a write (GRAPH.md 3.2).
        unordered: The order of the items means nothing (DOMAIN.md 5.4, R-157).
        has_variables: The text may hold `{{…}}` variables, whose letter case means nothing (R-024).
        re_enrols: Whether a change makes Intune re-issue the certificates. True and False as
            reported by the community, None where nobody says. Microsoft's own page says that
            any change revokes (DOMAIN.md 2), so False never promises anything.
    """

    name: str
    graph_type: str
    collection: bool = False
    nullable: bool = True
    label: str = ""
    not_configured: bool = False
    server_owned: bool = False
    unordered: bool = False
    has_variables: bool = False
    re_enrols: bool | None = None

    @property
    def enum(self) -> type[StrEnum] | None:
        """The enumeration of the known members, if the type is one."""
        return ENUMS.get(self.graph_type)

    @property
    def is_flags(self) -> bool:
        """Whether the value is a set of members."""
        return self.graph_type in _FLAG_TYPES

    @property
    def choices(self) -> tuple[str, ...]:
        """The members a person may choose, in value order; empty when the type is no enum."""
        enum = self.enum
        if enum is None:
            return ()
        return tuple(member.value for member in enum if member.value != "unknownFutureValue")

    @property
    def properties(self) -> tuple[Property, ...]:
        """The properties of the complex type this property holds; empty for other types."""
        return COMPLEX_TYPES.get(self.graph_type, ())


_FLAG_TYPES: Final = frozenset(name for name, enum in ENUMS.items() if enum in FLAGS)


def _graph(name: str) -> str:
    return f"microsoft.graph.{name}"


_TEXT: Final = "Edm.String"
_INTEGER: Final = "Edm.Int32"
_MOMENT: Final = "Edm.DateTimeOffset"

_SAN_ITEM: Final = (
    Property("sanType", _graph("subjectAlternativeNameType"), nullable=False, label="Attribute"),
    Property("name", _TEXT, label="Value", has_variables=True),
)
_RULE: Final = (
    Property("name", _TEXT),
    Property(
        "ruleType", _graph("deviceManagementApplicabilityRuleType"), nullable=False, label="Rule"
    ),
)

COMPLEX_TYPES: Final[dict[str, tuple[Property, ...]]] = {
    _graph("customSubjectAlternativeName"): _SAN_ITEM,
    _graph("windows10XCustomSubjectAlternativeName"): _SAN_ITEM,
    _graph("extendedKeyUsage"): (
        Property("name", _TEXT, label="Name"),
        Property("objectIdentifier", _TEXT, label="Object Identifier"),
    ),
    _graph("androidDeviceOwnerSilentCertificateAccess"): (
        Property("packageId", _TEXT, nullable=False, label="App"),
    ),
    _graph("deviceManagementApplicabilityRuleOsEdition"): (
        Property(
            "osEditionTypes",
            _graph("windows10EditionType"),
            collection=True,
            nullable=False,
            label="OS edition",
            unordered=True,
        ),
        *_RULE,
    ),
    _graph("deviceManagementApplicabilityRuleOsVersion"): (
        Property("minOSVersion", _TEXT, label="Min OS version"),
        Property("maxOSVersion", _TEXT, label="Max OS version"),
        *_RULE,
    ),
    _graph("deviceManagementApplicabilityRuleDeviceMode"): (
        Property(
            "deviceMode", _graph("windows10DeviceModeType"), nullable=False, label="Device mode"
        ),
        *_RULE,
    ),
}
"""Graph's complex types by name."""

_ID: Final = Property("id", _TEXT, nullable=False, server_owned=True)
_VERSION: Final = Property("version", _INTEGER, nullable=False, server_owned=True)
_LAST_MODIFIED: Final = Property("lastModifiedDateTime", _MOMENT, nullable=False, server_owned=True)
_NAME: Final = Property("displayName", _TEXT, nullable=False, label="Name", re_enrols=False)
_DESCRIPTION: Final = Property("description", _TEXT, label="Description", re_enrols=False)
_SCOPE_TAGS: Final = Property(
    "roleScopeTagIds", _TEXT, collection=True, label="Scope tags", unordered=True, re_enrols=False
)

DEVICE_CONFIGURATION: Final = (
    _ID,
    _LAST_MODIFIED,
    _SCOPE_TAGS,
    Property("supportsScopeTags", "Edm.Boolean", nullable=False, server_owned=True),
    Property(
        "deviceManagementApplicabilityRuleOsEdition",
        _graph("deviceManagementApplicabilityRuleOsEdition"),
        label="Applicability rule: OS edition",
    ),
    Property(
        "deviceManagementApplicabilityRuleOsVersion",
        _graph("deviceManagementApplicabilityRuleOsVersion"),
        label="Applicability rule: OS version",
    ),
    Property(
        "deviceManagementApplicabilityRuleDeviceMode",
        _graph("deviceManagementApplicabilityRuleDeviceMode"),
        label="Applicability rule: Device mode",
    ),
    Property("createdDateTime", _MOMENT, nullable=False, server_owned=True),
    _DESCRIPTION,
    _NAME,
    _VERSION,
)
"""Properties of `deviceConfiguration`, the base of 18 of the 20 types."""

RESOURCE_ACCESS_PROFILE: Final = (
    _ID,
    _VERSION,
    _NAME,
    _DESCRIPTION,
    Property("creationDateTime", _MOMENT, server_owned=True),
    replace(_LAST_MODIFIED, nullable=True),
    _SCOPE_TAGS,
)
"""Properties of `deviceManagementResourceAccessProfileBase`, the base of the windows10X types."""

NAVIGATION_PROPERTIES: Final = frozenset(
    {
        "assignments",
        "groupAssignments",
        "deviceStatuses",
        "userStatuses",
        "deviceStatusOverview",
        "userStatusOverview",
        "deviceSettingStateSummaries",
        "managedDeviceCertificateStates",
        "rootCertificate",
    }
)
"""Links to other entities. They may come expanded in a read and never go into a write."""

SCEP: Final[dict[str, Property]] = {
    row.name: row
    for row in (
        Property(
            "renewalThresholdPercentage",
            _INTEGER,
            nullable=False,
            label="Renewal threshold (%)",
            re_enrols=False,
        ),
        Property(
            "keyStorageProvider",
            _graph("keyStorageProviderOption"),
            nullable=False,
            label="Key storage provider (KSP)",
            not_configured=True,
        ),
        Property(
            "subjectNameFormat",
            _graph("subjectNameFormat"),
            nullable=False,
            label="Subject name format",
            re_enrols=True,
        ),
        Property(
            "subjectAlternativeNameType",
            _graph("subjectAlternativeNameType"),
            label="Subject alternative name (legacy)",
            re_enrols=True,
        ),
        Property(
            "certificateValidityPeriodValue",
            _INTEGER,
            nullable=False,
            label="Certificate validity period",
            re_enrols=True,
        ),
        Property(
            "certificateValidityPeriodScale",
            _graph("certificateValidityPeriodScale"),
            nullable=False,
            label="Certificate validity period",
            re_enrols=True,
        ),
        Property(
            "scepServerUrls",
            _TEXT,
            collection=True,
            label="SCEP Server URLs",
            unordered=True,
            has_variables=True,
            re_enrols=False,
        ),
        Property(
            "subjectNameFormatString",
            _TEXT,
            label="Subject name format",
            has_variables=True,
            re_enrols=True,
        ),
        Property("keyUsage", _graph("keyUsages"), nullable=False, label="Key usage"),
        Property(
            "keySize",
            _graph("keySize"),
            nullable=False,
            label="Key size (bits)",
            not_configured=True,
        ),
        Property(
            "hashAlgorithm",
            _graph("hashAlgorithms"),
            nullable=False,
            label="Hash algorithm",
            not_configured=True,
        ),
        Property(
            "subjectAlternativeNameFormatString",
            _TEXT,
            label="Subject alternative name (legacy)",
            has_variables=True,
            re_enrols=True,
        ),
        Property("certificateStore", _graph("certificateStore"), label="Certificate type"),
        Property("allowAllAppsAccess", "Edm.Boolean", label="Allow all apps access to private key"),
        Property("deploymentChannel", _graph("appleDeploymentChannel"), label="Deployment channel"),
        Property(
            "extendedKeyUsages",
            _graph("extendedKeyUsage"),
            collection=True,
            nullable=False,
            label="Extended key usage",
            unordered=True,
            re_enrols=True,
        ),
        Property(
            "customSubjectAlternativeNames",
            _graph("customSubjectAlternativeName"),
            collection=True,
            label="Subject alternative name",
            re_enrols=True,
        ),
        Property(
            "subjectAlternativeNameFormats",
            _graph("windows10XCustomSubjectAlternativeName"),
            collection=True,
            label="Subject alternative name",
            re_enrols=True,
        ),
        Property("rootCertificateId", "Edm.Guid", label="Root Certificate"),
        Property(
            "certificateAccessType",
            _graph("androidDeviceOwnerCertificateAccessType"),
            label="Certificate access",
        ),
        Property(
            "silentCertificateAccessDetails",
            _graph("androidDeviceOwnerSilentCertificateAccess"),
            collection=True,
            label="Apps",
            unordered=True,
        ),
    )
}
"""Every property that some SCEP type adds to its base, by name (GRAPH.md 1.3)."""

TRUSTED_ROOT: Final[dict[str, Property]] = {
    row.name: row
    for row in (
        Property("trustedRootCertificate", "Edm.Binary", nullable=False, label="Certificate file"),
        Property("certFileName", _TEXT, label="Certificate file"),
        Property(
            "destinationStore",
            _graph("certificateDestinationStore"),
            nullable=False,
            label="Destination store",
        ),
        SCEP["deploymentChannel"],
    )
}
"""Every property that some trusted-root type adds to its base, by name (GRAPH.md 1.3)."""
