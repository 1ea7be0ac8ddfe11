"""Every option of a declaration as data, in the words of the Intune admin center.

Modules, documentation, validation and translation read this one table. Importing it loads nothing
but the standard library.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from intune_scep.profiles import Platform, ProfileKind, platforms_with
from intune_scep.profiles.enums import (
    AndroidDeviceOwnerCertificateAccessType,
    SubjectNameFormat,
    Windows10EditionType,
)
from intune_scep.profiles.properties import DEVICE_CONFIGURATION, SCEP, TRUSTED_ROOT, Property
from intune_scep.profiles.registry import CREATABLE_PLATFORMS

MAX_NAMES: Final = 500
NOT_CONFIGURED: Final = "not_configured"
"""The admin center's word for a setting in which nothing is chosen; null on the wire."""
BOTH: Final = (ProfileKind.TRUSTED_ROOT, ProfileKind.SCEP)
_SCEP_ONLY: Final = (ProfileKind.SCEP,)
_ROOT_ONLY: Final = (ProfileKind.TRUSTED_ROOT,)
_REENROLS: Final = {
    **{row.name: row.re_enrols for row in DEVICE_CONFIGURATION},
    **{name: row.re_enrols for name, row in SCEP.items()},
    **dict.fromkeys(TRUSTED_ROOT, False),
}

PROPERTIES: Final[Mapping[str, Property]] = {
    **{row.name: row for row in DEVICE_CONFIGURATION},
    **TRUSTED_ROOT,
    **SCEP,
}
"""The wire properties that options may stand for, by name."""


@dataclass(frozen=True)
class Option:
    """One option of a declaration, or of one of its nested objects.

    Attributes:
        name: As it is written in YAML.
        type: `str`, `int`, `bool`, `path`, `list` or `dict`, as in an Ansible argument spec.
        label: The words of the admin center; empty where it has none.
        summary: What it means, one or two sentences.
        kinds: Which declarations have it.
        wire: The wire properties it stands for; empty where it is resolved by other means.
        elements: Type of the items of a list.
        choices: The words that may be given, each with the member on the wire.
        suboptions: Options of the object, or of each item of the list.
        required: Must always be given.
        example: A value as YAML would have it.
        only_on: Platforms that have it, where the registry cannot tell.
        on_create: What a new profile gets when it is not given; empty: nothing is sent. Where it
            is a value of the option, that is what is sent.
        needed: A new profile cannot be made without it.
        least, most: Limits of a number; of a list, of how many items it has.
        may_be_blank: Whether a text may be empty.
        form: What a text, or each item of a list of texts, must look like.
        form_words: The same in words, for example `a whole http or https URL`.
    """

    name: str
    type: str
    label: str
    summary: str
    kinds: tuple[ProfileKind, ...] = BOTH
    wire: tuple[str, ...] = ()
    elements: str = ""
    choices: Mapping[Any, str] = field(default_factory=dict)
    suboptions: tuple[Option, ...] = ()
    required: bool = False
    example: Any = None
    only_on: tuple[Platform, ...] = ()
    on_create: str = ""
    needed: bool = False
    least: int | None = None
    most: int | None = None
    may_be_blank: bool = False
    form: str = ""
    form_words: str = ""

    def platforms(self, kind: ProfileKind) -> tuple[Platform, ...]:
        """The platforms whose profiles of that kind have it."""
        if self.only_on:
            return self.only_on
        if not self.wire:
            return CREATABLE_PLATFORMS
        return platforms_with(self.wire[0], kind)

    @property
    def default(self) -> Any:
        """`on_create` as a value of the option; None where it depends on something."""
        if self.type == "int" and self.on_create.isdecimal():
            return int(self.on_create)
        if self.type == "bool" and self.on_create:
            return self.on_create == "true"
        return self.on_create if self.on_create in self.choices else None

    @property
    def may_be_not_configured(self) -> bool:
        """Whether `not_configured` is one of its choices.

        So it is where the admin center offers it, and where Graph's metadata allows null for a
        choice of one.
        """
        if not self.choices or len(self.wire) != 1:
            return False
        row = PROPERTIES[self.wire[0]]
        return row.not_configured or (row.nullable and not self.elements)

    @property
    def words(self) -> tuple[Any, ...]:
        """Everything that may be given where there are choices."""
        return (*self.choices, *((NOT_CONFIGURED,) if self.may_be_not_configured else ()))

    @property
    def reissues(self) -> bool | None:
        """Whether a change re-issues certificates, as the community reports it.

        None where nobody says. Microsoft's page knows no harmless change (DOMAIN.md 2), so False
        never promises anything.
        """
        known = {_REENROLS[name] for name in self.wire}
        return True if True in known else False if known == {False} else None


def _words(*names: str, **irregular: str) -> dict[str, str]:
    """Words for members: `client_only` stands for `clientOnly`."""
    regular = {name: _camel(name) for name in names}
    return {**regular, **irregular}


def _camel(word: str) -> str:
    first, *rest = word.split("_")
    return first + "".join(part.capitalize() for part in rest)


SAN_TYPES: Final = {
    "email": "emailAddress",
    "upn": "userPrincipalName",
    "dns": "domainNameService",
    "uri": "universalResourceIdentifier",
    "custom_azure_ad_attribute": "customAzureADAttribute",
    "none": "none",
}

EXTENDED_KEY_USAGES: Final = {
    "any_purpose": ("Any Purpose", "2.5.29.37.0"),
    "client_authentication": ("Client Authentication", "1.3.6.1.5.5.7.3.2"),
    "server_authentication": ("Server Authentication", "1.3.6.1.5.5.7.3.1"),
    "secure_email": ("Secure Email", "1.3.6.1.5.5.7.3.4"),
    "code_signing": ("Code Signing", "1.3.6.1.5.5.7.3.3"),
    "smart_card_logon": ("Smart Card Logon", "1.3.6.1.4.1.311.20.2.2"),
    "time_stamping": ("Time Stamping", "1.3.6.1.5.5.7.3.8"),
    "ocsp_signing": ("OCSP Signing", "1.3.6.1.5.5.7.3.9"),
    "any_app_policy": ("Any App Policy", "1.3.6.1.4.1.311.10.12.1"),
}
"""Well-known extended key usages: word -> name and object identifier on the wire."""

_RULE: Final = (
    Option(
        "rule",
        "str",
        "Rule",
        "Whether matching devices get the profile or are left out.",
        required=True,
        choices={"include": "include", "exclude": "exclude"},
        example="include",
    ),
    Option("name", "str", "", "A name Graph stores with the rule."),
)

_OPTIONS: Final = (
    Option(
        "name",
        "str",
        "Name",
        "The profile's name, matched exactly. Required unless O(id) is given.",
        wire=("displayName",),
        example="Staff Wi-Fi - iOS",
        needed=True,
    ),
    Option(
        "id",
        "str",
        "",
        "Id of an existing profile. With O(id), O(name) renames it.",
        example="df301cbc-a3e9-4369-8613-291ce7292a85",
    ),
    Option(
        "platform",
        "str",
        "Platform",
        "The platform the profile is for. It cannot be changed later.",
        required=True,
        choices={platform.value: platform.value for platform in CREATABLE_PLATFORMS},
        example="ios",
    ),
    Option(
        "state",
        "str",
        "",
        "Whether the profile is to exist.",
        choices={"present": "present", "absent": "absent"},
        on_create="present",
    ),
    Option(
        "replace",
        "bool",
        "",
        "Where something cannot be changed in place, create the profile anew, completely, and then"
        " delete the old one. Its certificates go with it; the plan says what becomes of them.",
        on_create="false",
    ),
    Option(
        "description",
        "str",
        "Description",
        "Text for administrators.",
        wire=("description",),
        example="User certificates for Wi-Fi; owner NetOps",
        may_be_blank=True,
    ),
    Option(
        "certificate_path",
        "path",
        "Certificate file",
        "File with one CA certificate as DER, PEM, base64 or PKCS#7, relative to the declaration's"
        " file. DER is what is sent.",
        kinds=_ROOT_ONLY,
        wire=("trustedRootCertificate",),
        example="files/contoso-root.cer",
    ),
    Option(
        "certificate",
        "str",
        "Certificate file",
        "The CA certificate itself, as PEM or as base64, instead of O(certificate_path).",
        kinds=_ROOT_ONLY,
        wire=("trustedRootCertificate",),
        example="-----BEGIN CERTIFICATE-----\n...",
    ),
    Option(
        "certificate_file_name",
        "str",
        "Certificate file",
        "The file name the admin center shows.",
        kinds=_ROOT_ONLY,
        wire=("certFileName",),
        example="contoso-root.cer",
        on_create="the name of the file, else the profile's name with .cer",
    ),
    Option(
        "allow_expired",
        "bool",
        "",
        "Accept a certificate whose validity is over.",
        kinds=_ROOT_ONLY,
        on_create="false",
    ),
    Option(
        "destination_store",
        "str",
        "Destination store",
        "The Windows store the certificate goes into.",
        kinds=_ROOT_ONLY,
        wire=("destinationStore",),
        choices={
            "computer_root": "computerCertStoreRoot",
            "computer_intermediate": "computerCertStoreIntermediate",
            "user_intermediate": "userCertStoreIntermediate",
        },
        example="computer_root",
        on_create="computer_root",
    ),
    Option(
        "deployment_channel",
        "str",
        "Deployment channel",
        "How macOS receives the profile. It cannot be changed after deployment.",
        wire=("deploymentChannel",),
        choices={"device": "deviceChannel", "user": "userChannel"},
        example="device",
        on_create="device",
    ),
    Option(
        "certificate_type",
        "str",
        "Certificate type",
        "Whose certificate it is.",
        kinds=_SCEP_ONLY,
        wire=("certificateStore",),
        choices={"user": "user", "device": "machine"},
        example="user",
        on_create="user; device on macOS in the device channel",
    ),
    Option(
        "subject_name_format",
        "str",
        "Subject name format",
        "The subject as text with variables, for example C(CN={{UserName}}).",
        kinds=_SCEP_ONLY,
        wire=("subjectNameFormatString",),
        example="CN={{UserName}},E={{EmailAddress}}",
        on_create="CN={{UserName}},E={{EmailAddress}} for users, CN={{AAD_Device_ID}} for devices",
    ),
    Option(
        "subject_name_format_type",
        "str",
        "Subject name format",
        "V(custom) takes O(subject_name_format); the other formats are of older profiles. Not"
        " needed where O(subject_name_format) is given.",
        kinds=_SCEP_ONLY,
        wire=("subjectNameFormat",),
        choices={member.name.lower(): member.value for member in SubjectNameFormat},
        example="custom",
        on_create="custom",
    ),
    Option(
        "subject_alternative_names",
        "list",
        "Subject alternative name",
        "The names besides the subject, in order; the whole list.",
        kinds=_SCEP_ONLY,
        wire=("customSubjectAlternativeNames",),
        elements="dict",
        suboptions=(
            Option(
                "type",
                "str",
                "Attribute",
                "The kind of name.",
                required=True,
                choices=SAN_TYPES,
                example="uri",
            ),
            Option(
                "value",
                "str",
                "Value",
                "Text with variables.",
                required=True,
                example="{{OnPremisesSecurityIdentifier}}",
            ),
        ),
        example=[{"type": "uri", "value": "{{OnPremisesSecurityIdentifier}}"}],
        most=MAX_NAMES,
    ),
    Option(
        "legacy_subject_alternative_names",
        "list",
        "Subject alternative name (legacy)",
        "The older way to say which names a certificate has; the only one of Android device"
        " administrator.",
        kinds=_SCEP_ONLY,
        wire=("subjectAlternativeNameType",),
        elements="str",
        choices=SAN_TYPES,
        example=["upn"],
        on_create="none on Android device administrator",
    ),
    Option(
        "legacy_subject_alternative_name_format",
        "str",
        "Subject alternative name (legacy)",
        "The format string that goes with V(custom_azure_ad_attribute).",
        kinds=_SCEP_ONLY,
        wire=("subjectAlternativeNameFormatString",),
        example="{{OnPremisesSamAccountName}}",
    ),
    Option(
        "validity",
        "dict",
        "Certificate validity period",
        "How long certificates are valid.",
        kinds=_SCEP_ONLY,
        wire=("certificateValidityPeriodValue", "certificateValidityPeriodScale"),
        suboptions=(
            Option("value", "int", "", "The number of units.", required=True, example=1),
            Option(
                "unit",
                "str",
                "",
                "The unit.",
                required=True,
                choices=_words("days", "months", "years"),
                example="years",
            ),
        ),
        example={"value": 1, "unit": "years"},
        on_create="1 year",
    ),
    Option(
        "key_storage_provider",
        "str",
        "Key storage provider (KSP)",
        "Where Windows keeps the private key.",
        kinds=_SCEP_ONLY,
        wire=("keyStorageProvider",),
        choices={
            "tpm_otherwise_software": "useTpmKspOtherwiseUseSoftwareKsp",
            "tpm_otherwise_fail": "useTpmKspOtherwiseFail",
            "windows_hello_otherwise_fail": "usePassportForWorkKspOtherwiseFail",
            "software": "useSoftwareKsp",
        },
        example="tpm_otherwise_software",
        on_create="tpm_otherwise_software",
    ),
    Option(
        "key_usage",
        "list",
        "Key usage",
        "What the key may be used for. Required for a new profile.",
        kinds=_SCEP_ONLY,
        wire=("keyUsage",),
        elements="str",
        choices=_words("digital_signature", "key_encipherment"),
        example=["digital_signature", "key_encipherment"],
        needed=True,
        least=1,
    ),
    Option(
        "key_size",
        "int",
        "Key size (bits)",
        "The size of the key.",
        kinds=_SCEP_ONLY,
        wire=("keySize",),
        choices={1024: "size1024", 2048: "size2048", 4096: "size4096"},
        example=2048,
        on_create="2048",
    ),
    Option(
        "hash_algorithms",
        "list",
        "Hash algorithm",
        "The hash of the certificate request.",
        kinds=_SCEP_ONLY,
        wire=("hashAlgorithm",),
        elements="str",
        choices=_words("sha1", "sha2"),
        example=["sha2"],
        on_create="sha2; nothing on macOS",
        least=1,
    ),
    Option(
        "root_profile",
        "dict",
        "Root Certificate",
        "The trusted root profile, by exactly one of name, id or thumbprint of its certificate."
        " Required for a new profile; null says that there is none.",
        kinds=_SCEP_ONLY,
        suboptions=(
            Option("name", "str", "", "Its name.", example="Contoso Root CA - iOS"),
            Option("id", "str", "", "Its id."),
            Option("thumbprint", "str", "", "SHA-1 or SHA-256 of its certificate, in hex."),
        ),
        example={"name": "Contoso Root CA - iOS"},
        needed=True,
    ),
    Option(
        "extended_key_usages",
        "list",
        "Extended key usage",
        "What certificates may be used for: well-known words"
        f" ({', '.join(EXTENDED_KEY_USAGES)}), or objects with name and object_identifier."
        " Required for a new profile.",
        kinds=_SCEP_ONLY,
        wire=("extendedKeyUsages",),
        elements="raw",
        example=["client_authentication"],
        needed=True,
        most=MAX_NAMES,
    ),
    Option(
        "renewal_threshold",
        "int",
        "Renewal threshold (%)",
        "Percent of the lifetime left when a device renews, 1 to 99.",
        kinds=_SCEP_ONLY,
        wire=("renewalThresholdPercentage",),
        example=20,
        on_create="20",
        least=1,
        most=99,
    ),
    Option(
        "scep_server_urls",
        "list",
        "SCEP Server URLs",
        "Where devices ask for certificates; the order means nothing. Required for a new profile.",
        kinds=_SCEP_ONLY,
        wire=("scepServerUrls",),
        elements="str",
        example=["https://ndes.contoso.com/certsrv/mscep/mscep.dll"],
        needed=True,
        form=r"(?i:https?)://[^/\s?#]+[^\s]*",
        form_words="a whole http or https URL",
    ),
    Option(
        "allow_all_apps_access",
        "bool",
        "Allow all apps access to private key",
        "Whether every app on the Mac may use the key.",
        kinds=_SCEP_ONLY,
        wire=("allowAllAppsAccess",),
        example=False,
    ),
    Option(
        "certificate_access",
        "str",
        "Certificate access",
        "Whether people approve each use, or some apps may use the key unasked.",
        kinds=_SCEP_ONLY,
        wire=("certificateAccessType",),
        choices={
            member.name.lower(): member.value
            for member in AndroidDeviceOwnerCertificateAccessType
            if member.value != "unknownFutureValue"
        },
        example="specific_apps",
        on_create="user_approval",
    ),
    Option(
        "certificate_access_apps",
        "list",
        "Apps",
        "Package ids of the apps that may use the key unasked.",
        kinds=_SCEP_ONLY,
        wire=("silentCertificateAccessDetails",),
        elements="str",
        example=["com.contoso.vpn"],
        most=50,
    ),
    Option(
        "applicability_rule_os_edition",
        "dict",
        "Applicability rule: OS edition",
        "Which editions of Windows get the profile.",
        wire=("deviceManagementApplicabilityRuleOsEdition",),
        only_on=(Platform.WINDOWS,),
        suboptions=(
            *_RULE,
            Option(
                "editions",
                "list",
                "OS edition",
                "The editions.",
                elements="str",
                required=True,
                choices={member.name.lower(): member.value for member in Windows10EditionType},
                example=["windows_10_enterprise"],
            ),
        ),
        example={"rule": "include", "editions": ["windows_10_enterprise"]},
    ),
    Option(
        "applicability_rule_os_version",
        "dict",
        "Applicability rule: OS version",
        "Which versions of Windows get the profile.",
        wire=("deviceManagementApplicabilityRuleOsVersion",),
        only_on=(Platform.WINDOWS,),
        suboptions=(
            *_RULE,
            Option("minimum", "str", "Min OS version", "First version.", example="10.0.19045.0"),
            Option("maximum", "str", "Max OS version", "Last version.", example="10.0.26100.9999"),
        ),
        example={"rule": "include", "minimum": "10.0.19045.0", "maximum": "10.0.26100.9999"},
    ),
    Option(
        "applicability_rule_device_mode",
        "dict",
        "Applicability rule: Device mode",
        "Whether the profile is for Windows in S mode.",
        wire=("deviceManagementApplicabilityRuleDeviceMode",),
        only_on=(Platform.WINDOWS,),
        suboptions=(
            *_RULE,
            Option(
                "mode",
                "str",
                "Device mode",
                "The mode.",
                required=True,
                choices={
                    "standard": "standardConfiguration",
                    "s_mode": "sModeConfiguration",
                },
                example="standard",
            ),
        ),
        example={"rule": "exclude", "mode": "s_mode"},
    ),
    Option(
        "scope_tags",
        "list",
        "Scope tags",
        "Names or ids of scope tags; the whole list, at least one.",
        wire=("roleScopeTagIds",),
        elements="str",
        example=["Default"],
        least=1,
    ),
    Option(
        "assignments",
        "list",
        "Assignments",
        "Who gets the profile; the whole list. Each item names one of O(assignments[].group),"
        " O(assignments[].all_users), O(assignments[].all_devices).",
        elements="dict",
        suboptions=(
            Option("group", "str", "Groups", "Name or id of a group.", example="All Staff"),
            Option("exclude", "bool", "Excluded groups", "Leave the members of the group out."),
            Option("all_users", "bool", "All users", "Every licensed user."),
            Option("all_devices", "bool", "All devices", "Every device."),
            Option(
                "configuration_manager_collection",
                "str",
                "",
                "Id of a collection of a tenant-attached Configuration Manager.",
            ),
            Option("filter", "str", "Filter", "Name or id of an assignment filter."),
            Option(
                "filter_type",
                "str",
                "Filter mode",
                "Whether matching devices get the profile or are left out; goes with"
                " O(assignments[].filter).",
                choices={"include": "include", "exclude": "exclude"},
            ),
        ),
        example=[{"group": "All Staff"}, {"group": "Contractors", "exclude": True}],
    ),
)

OPTIONS: Final[dict[str, Option]] = {option.name: option for option in _OPTIONS}
"""Every option by name, in the order in which declarations are written."""


def options_of(kind: ProfileKind) -> tuple[Option, ...]:
    """The options that declarations of one kind have, in order."""
    return tuple(option for option in _OPTIONS if kind in option.kinds)
