"""Builders of wire dicts, shared by every scenario."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID, uuid5

from intune_scep.simulator.scenario import Wire

NAMESPACE = UUID("6f1d7a52-3c0e-4c53-9f0e-6f0a3c4b8d21")
"""Every id of every scenario is a `uuid5` in this namespace."""

EPOCH = datetime(2022, 3, 1, 7, 30, tzinfo=UTC)
"""Before the first profile of any scenario."""

SID_VARIABLE = "{{OnPremisesSecurityIdentifier}}"

EXTENDED_KEY_USAGES: Mapping[str, str] = {
    "Client Authentication": "1.3.6.1.5.5.7.3.2",
    "Server Authentication": "1.3.6.1.5.5.7.3.1",
    "Secure Email": "1.3.6.1.5.5.7.3.4",
    "Code Signing": "1.3.6.1.5.5.7.3.3",
    "Smart Card Logon": "1.3.6.1.4.1.311.20.2.2",
    "Any Purpose": "2.5.29.37.0",
    "Document Signing": "1.3.6.1.4.1.311.10.3.12",
    "Remote Desktop Authentication": "1.3.6.1.4.1.311.54.1.2",
}
"""Name -> object identifier."""

SCEP_TYPES: Mapping[str, str] = {
    "windows": "windows81SCEPCertificateProfile",
    "ios": "iosScepCertificateProfile",
    "macos": "macOSScepCertificateProfile",
    "android_device_owner": "androidDeviceOwnerScepCertificateProfile",
    "android_work_profile": "androidWorkProfileScepCertificateProfile",
    "android_for_work": "androidForWorkScepCertificateProfile",
    "android_aosp": "aospDeviceOwnerScepCertificateProfile",
    "android_device_administrator": "androidScepCertificateProfile",
    "windows_phone": "windowsPhone81SCEPCertificateProfile",
    "windows_10x": "windows10XSCEPCertificateProfile",
}
ROOT_TYPES: Mapping[str, str] = {
    "windows": "windows81TrustedRootCertificate",
    "ios": "iosTrustedRootCertificate",
    "macos": "macOSTrustedRootCertificate",
    "android_device_owner": "androidDeviceOwnerTrustedRootCertificate",
    "android_work_profile": "androidWorkProfileTrustedRootCertificate",
    "android_for_work": "androidForWorkTrustedRootCertificate",
    "android_aosp": "aospDeviceOwnerTrustedRootCertificate",
    "android_device_administrator": "androidTrustedRootCertificate",
    "windows_phone": "windowsPhone81TrustedRootCertificate",
    "windows_10x": "windows10XTrustedRootCertificate",
}

_WITHOUT_CUSTOM_SANS = {"android_device_administrator", "windows_phone"}
_WITHOUT_HASH = {"ios", "macos"}
_WITH_KEY_STORAGE = {"windows", "windows_phone", "windows_10x"}


@dataclass(frozen=True)
class Placed:
    """A profile together with what hangs on it.

    Args:
        wire: The profile.
        root_id: Trusted root it is bound to.
        targets: Assignment target wire dicts.
    """

    wire: Wire
    root_id: str | None = None
    targets: tuple[Wire, ...] = ()

    @property
    def id(self) -> str:
        """The profile's id."""
        return str(self.wire["id"])


def stable_id(kind: str, name: str) -> str:
    """The id of the thing called `name`, the same in every run."""
    return str(uuid5(NAMESPACE, f"{kind}/{name}"))


def timestamp(instant: datetime) -> str:
    """`instant` (UTC) with Graph's seven fractional digits."""
    return f"{instant:%Y-%m-%dT%H:%M:%S}.{instant.microsecond:06d}0Z"


def history(profile_id: str) -> dict[str, Any]:
    """Version and dates of a profile that has been in use for a while, taken from its id."""
    seed = UUID(profile_id).int
    version = 1 + seed % 6
    created = EPOCH + timedelta(
        days=seed % 1100, minutes=seed % 1439, seconds=seed % 59, microseconds=seed % 999_983
    )
    modified = created + timedelta(days=(version - 1) * 41, minutes=seed % 701)
    return {
        "version": version,
        "createdDateTime": timestamp(created),
        "lastModifiedDateTime": timestamp(modified if version > 1 else created),
    }


def san(san_type: str, name: str) -> dict[str, str]:
    """One entry of `customSubjectAlternativeNames`."""
    return {"sanType": san_type, "name": name}


def upn(name: str = "{{UserPrincipalName}}") -> dict[str, str]:
    """A UPN entry."""
    return san("userPrincipalName", name)


def email(name: str = "{{EmailAddress}}") -> dict[str, str]:
    """An e-mail entry."""
    return san("emailAddress", name)


def dns(name: str) -> dict[str, str]:
    """A DNS entry."""
    return san("domainNameService", name)


def uri(name: str) -> dict[str, str]:
    """A URI entry."""
    return san("universalResourceIdentifier", name)


SID_URI = uri(SID_VARIABLE)


def scep_body(
    platform: str,
    display_name: str,
    *,
    urls: Sequence[str],
    key: str | None = None,
    store: str = "user",
    subject: str = "CN={{UserName}},E={{EmailAddress}}",
    sans: Sequence[Mapping[str, str]] = (),
    usages: Sequence[str] = ("Client Authentication",),
    **properties: Any,
) -> dict[str, Any]:
    """A SCEP profile as the admin centre writes one today.

    Args:
        platform: A key of `SCEP_TYPES`.
        display_name: The profile's name.
        urls: `scepServerUrls`.
        key: Seed of the id where the name is not unique.
        store: `certificateStore`, on types that have one.
        subject: `subjectNameFormatString`.
        sans: `customSubjectAlternativeNames`, on types that have them.
        usages: Keys of `EXTENDED_KEY_USAGES`.
        properties: Further or differing properties, by wire name.
    """
    profile_id = stable_id(SCEP_TYPES[platform], key or display_name)
    body = {
        "@odata.type": f"#microsoft.graph.{SCEP_TYPES[platform]}",
        "id": profile_id,
        "displayName": display_name,
        "roleScopeTagIds": ["0"],
        **history(profile_id),
        "renewalThresholdPercentage": 20,
        "certificateValidityPeriodScale": "years",
        "certificateValidityPeriodValue": 1,
        "subjectNameFormat": "custom",
        "subjectNameFormatString": subject,
        "keySize": "size2048",
        "keyUsage": "keyEncipherment,digitalSignature",
        "extendedKeyUsages": [
            {"name": name, "objectIdentifier": EXTENDED_KEY_USAGES[name]} for name in usages
        ],
        "scepServerUrls": list(urls),
        **_platform_properties(platform, store, sans),
    }
    return body | properties


def _platform_properties(
    platform: str, store: str, sans: Sequence[Mapping[str, str]]
) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    if platform in _WITHOUT_CUSTOM_SANS:
        # Not nullable on these two types (GRAPH.md 1.3).
        properties["subjectAlternativeNameType"] = "userPrincipalName"
    else:
        properties["certificateStore"] = store
        properties["customSubjectAlternativeNames"] = [dict(entry) for entry in sans]
    if platform not in _WITHOUT_HASH:
        properties["hashAlgorithm"] = "sha2"
    if platform in _WITH_KEY_STORAGE:
        properties["keyStorageProvider"] = "useTpmKspOtherwiseUseSoftwareKsp"
    if platform == "macos":
        properties["deploymentChannel"] = "userChannel" if store == "user" else "deviceChannel"
    return properties


def root_body(
    platform: str, display_name: str, certificate: str, **properties: Any
) -> dict[str, Any]:
    """A trusted root profile.

    Args:
        platform: A key of `ROOT_TYPES`.
        display_name: The profile's name.
        certificate: Name in `root_certificates.json`.
        properties: Further properties, by wire name.
    """
    profile_id = stable_id(ROOT_TYPES[platform], display_name)
    body: dict[str, Any] = {
        "@odata.type": f"#microsoft.graph.{ROOT_TYPES[platform]}",
        "id": profile_id,
        "displayName": display_name,
        "roleScopeTagIds": ["0"],
        **history(profile_id),
        "trustedRootCertificate": root_certificate(certificate),
        "certFileName": f"{certificate}.cer",
    }
    if platform in ("windows", "windows_10x"):
        body["destinationStore"] = "computerCertStoreRoot"
    if platform == "macos":
        body["deploymentChannel"] = "deviceChannel"
    return body | properties


def root_certificate(name: str) -> str:
    """Base64 of the DER certificate called `name`.

    The certificates were minted once, for these scenarios only, and their keys thrown away.
    """
    return _root_certificates()[name]


@cache
def _root_certificates() -> dict[str, str]:
    text = files(__package__).joinpath("root_certificates.json").read_text("utf-8")
    certificates: dict[str, str] = json.loads(text)
    return certificates
