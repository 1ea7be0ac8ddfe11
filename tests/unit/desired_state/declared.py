"""Declarations for every type, and one changed value for every option."""

import base64
import json
from pathlib import Path
from typing import Any

from intune_scep.declarations import OPTIONS, options_of, parse_declaration
from intune_scep.declarations.codecs import CODECS, to_pem
from intune_scep.declarations.options import CREATABLE_PLATFORMS
from intune_scep.profiles import Platform, ProfileKind
from intune_scep.rules import RULES, Configuration, Severity
from intune_scep.simulator.scenario import Scenario
from intune_scep.simulator.scenarios import wire

ERRORS_AS_WARNINGS = Configuration(severities=dict.fromkeys(RULES, Severity.WARNING))
"""For tests of profiles that the rules would refuse, about something else than the rules."""

_CERTIFICATES = json.loads(
    (Path(wire.__file__).parent / "root_certificates.json").read_text(encoding="utf-8")
)
ROOT_PEM = to_pem(_CERTIFICATES["contoso-root-ca-2021"])
OTHER_PEM = to_pem(_CERTIFICATES["contoso-wifi-root-2016"])
ROOT_DER = base64.b64decode(_CERTIFICATES["contoso-root-ca-2021"])
OTHER_DER = base64.b64decode(_CERTIFICATES["contoso-wifi-root-2016"])

KINDS = (ProfileKind.TRUSTED_ROOT, ProfileKind.SCEP)
TYPES = [(kind, platform) for platform in CREATABLE_PLATFORMS for kind in KINDS]
TYPE_IDS = [f"{platform}-{kind}" for kind, platform in TYPES]

GROUPS = {"All Staff": 1, "Contractors": 2, "Pilot": 3, "Twins": 4}
FILTERS = {"Corporate": 1, "Personal": 2}
TAGS = {"0": "Default", "1": "Munich", "2": "Zurich"}


def guid(number: int, of: int = 0) -> str:
    return f"{of:08d}-0000-4000-8000-{number:012d}"


def group(name: str) -> str:
    return guid(GROUPS[name], 1)


def scenario(profiles=(), root_links=None, assignments=None) -> Scenario:
    """A tenant with groups, filters and scope tags, and with these profiles."""
    groups = [(group(name), name) for name in GROUPS] + [(guid(44, 1), "Twins")]
    return Scenario(
        tenant_id="22222222-2222-4333-8444-555555555555",
        display_name="Declared",
        default_domain="declared.example",
        groups=tuple({"id": i, "displayName": n} for i, n in groups),
        assignment_filters=tuple(
            {"id": guid(n, 2), "displayName": name, "platform": "unknown", "rule": "(x)"}
            for name, n in FILTERS.items()
        ),
        role_scope_tags=tuple(
            {"id": tag, "displayName": name, "isBuiltIn": tag == "0"} for tag, name in TAGS.items()
        ),
        profiles=tuple(profiles),
        root_links=root_links or {},
        assignments=assignments or {},
    )


_ROOT_VALUES: dict[str, Any] = {
    "description": "As declared",
    "certificate": ROOT_PEM,
    "certificate_file_name": "contoso.cer",
    "applicability_rule_os_version": {"rule": "include", "minimum": "10.0.1", "maximum": "10.0.9"},
    "scope_tags": ["Default"],
    "assignments": [{"group": "All Staff"}, {"group": "Contractors", "exclude": True}],
}
_SCEP_VALUES: dict[str, Any] = {
    **{
        name: _ROOT_VALUES[name] for name in _ROOT_VALUES if ProfileKind.SCEP in OPTIONS[name].kinds
    },
    "subject_alternative_names": [
        {"type": "upn", "value": "{{UserPrincipalName}}"},
        {"type": "uri", "value": "{{OnPremisesSecurityIdentifier}}"},
    ],
    "legacy_subject_alternative_names": ["email"],
    "legacy_subject_alternative_name_format": "{{UserPrincipalName}}",
    "root_profile": {"name": "Root"},
    "scep_server_urls": ["https://ndes.contoso.example/certsrv/mscep/mscep.dll"],
}
VALUES = {ProfileKind.TRUSTED_ROOT: _ROOT_VALUES, ProfileKind.SCEP: _SCEP_VALUES}
"""Where an option's example in the table will not do."""

CHANGED: dict[str, tuple[Any, dict[str, Any]]] = {
    "name": ("Renamed", {"displayName": "Renamed"}),
    "description": ("Otherwise", {"description": "Otherwise"}),
    "certificate": (
        OTHER_PEM,
        {"trustedRootCertificate": base64.b64encode(OTHER_DER).decode()},
    ),
    "certificate_file_name": ("other.cer", {"certFileName": "other.cer"}),
    "destination_store": (
        "user_intermediate",
        {"destinationStore": "userCertStoreIntermediate"},
    ),
    "certificate_type": ("device", {"certificateStore": "machine"}),
    "subject_name_format": ("CN={{UserName}}", {"subjectNameFormatString": "CN={{UserName}}"}),
    "subject_name_format_type": ("common_name", {"subjectNameFormat": "commonName"}),
    "subject_alternative_names": (
        [{"type": "dns", "value": "host.contoso.example"}],
        {
            "customSubjectAlternativeNames": [
                {"sanType": "domainNameService", "name": "host.contoso.example"}
            ]
        },
    ),
    "legacy_subject_alternative_names": (
        ["uri", "upn"],
        {"subjectAlternativeNameType": "userPrincipalName,universalResourceIdentifier"},
    ),
    "legacy_subject_alternative_name_format": (
        "{{UserName}}",
        {"subjectAlternativeNameFormatString": "{{UserName}}"},
    ),
    "validity": ({"value": 2, "unit": "years"}, {"certificateValidityPeriodValue": 2}),
    "key_storage_provider": ("software", {"keyStorageProvider": "useSoftwareKsp"}),
    "key_usage": (["digital_signature"], {"keyUsage": "digitalSignature"}),
    "key_size": (4096, {"keySize": "size4096"}),
    "hash_algorithms": (["sha1", "sha2"], {"hashAlgorithm": "sha1,sha2"}),
    "extended_key_usages": (
        ["client_authentication", {"name": "Own", "object_identifier": "1.2.3.4"}],
        {
            "extendedKeyUsages": [
                {"name": "Client Authentication", "objectIdentifier": "1.3.6.1.5.5.7.3.2"},
                {"name": "Own", "objectIdentifier": "1.2.3.4"},
            ]
        },
    ),
    "renewal_threshold": (30, {"renewalThresholdPercentage": 30}),
    "scep_server_urls": (
        ["https://second.contoso.example/scep"],
        {"scepServerUrls": ["https://second.contoso.example/scep"]},
    ),
    "allow_all_apps_access": (True, {"allowAllAppsAccess": True}),
    "certificate_access": ("user_approval", {"certificateAccessType": "userApproval"}),
    "certificate_access_apps": (
        ["com.contoso.mail"],
        {"silentCertificateAccessDetails": [{"packageId": "com.contoso.mail"}]},
    ),
    "applicability_rule_os_edition": (
        {"rule": "exclude", "editions": ["windows_10_home", "windows_10_education"]},
        {
            "deviceManagementApplicabilityRuleOsEdition": {
                "ruleType": "exclude",
                "name": None,
                "osEditionTypes": ["windows10Home", "windows10Education"],
            }
        },
    ),
    "applicability_rule_os_version": (
        {"rule": "include", "minimum": "10.0.2", "maximum": "10.0.9", "name": "Newer"},
        {
            "deviceManagementApplicabilityRuleOsVersion": {
                "ruleType": "include",
                "name": "Newer",
                "minOSVersion": "10.0.2",
                "maxOSVersion": "10.0.9",
            }
        },
    ),
    "applicability_rule_device_mode": (
        {"rule": "exclude", "mode": "standard"},
        {
            "deviceManagementApplicabilityRuleDeviceMode": {
                "ruleType": "exclude",
                "name": None,
                "deviceMode": "standardConfiguration",
            }
        },
    ),
    "scope_tags": (["Zurich", "Default"], {"roleScopeTagIds": ["2", "0"]}),
}
"""Option to another value, and the properties a PATCH carries for it."""


def full(kind: ProfileKind, platform: Platform, **changes: Any) -> dict[str, Any]:
    """A declaration with every option that the platform has."""
    name = "Root" if kind is ProfileKind.TRUSTED_ROOT else "Staff"
    values = {
        option.name: VALUES[kind].get(option.name, option.example)
        for option in options_of(kind)
        if (option.name in VALUES[kind] or option.name in CODECS)
        and platform in option.platforms(kind)
    }
    data = {**values, "name": name, "platform": platform.value, **changes}
    return {key: value for key, value in data.items() if value is not ...}


def root(platform: Platform = Platform.IOS, **changes: Any) -> Any:
    return parse_declaration(
        full(ProfileKind.TRUSTED_ROOT, platform, **changes), kind=ProfileKind.TRUSTED_ROOT
    )


def scep(platform: Platform = Platform.IOS, **changes: Any) -> Any:
    return parse_declaration(full(ProfileKind.SCEP, platform, **changes), kind=ProfileKind.SCEP)


def declare(kind: ProfileKind, data: dict[str, Any]) -> Any:
    return parse_declaration(data, kind=kind)
