"""Request bodies, written from GRAPH.md 1.3 and the captured exchanges alone."""

import base64
from typing import Any

Json = dict[str, Any]

DER = base64.b64encode(b"\x30\x82\x01\x7f" + bytes(range(96))).decode()
"""Stands for a certificate: Graph is not known to look inside (GRAPH.md 3.2)."""

CLIENT_AUTHENTICATION = {
    "name": "Client Authentication",
    "objectIdentifier": "1.3.6.1.5.5.7.3.2",
}
UPN = {"sanType": "userPrincipalName", "name": "{{UserPrincipalName}}"}
SID_URI = {"sanType": "universalResourceIdentifier", "name": "{{OnPremisesSecurityIdentifier}}"}

SCEP_ROOTS = {
    "windows81SCEPCertificateProfile": "windows81TrustedRootCertificate",
    "iosScepCertificateProfile": "iosTrustedRootCertificate",
    "macOSScepCertificateProfile": "macOSTrustedRootCertificate",
    "androidDeviceOwnerScepCertificateProfile": "androidDeviceOwnerTrustedRootCertificate",
    "androidWorkProfileScepCertificateProfile": "androidWorkProfileTrustedRootCertificate",
    "androidForWorkScepCertificateProfile": "androidForWorkTrustedRootCertificate",
    "aospDeviceOwnerScepCertificateProfile": "aospDeviceOwnerTrustedRootCertificate",
    "androidScepCertificateProfile": "androidTrustedRootCertificate",
    "windowsPhone81SCEPCertificateProfile": "windowsPhone81TrustedRootCertificate",
}
"""SCEP type of `deviceConfigurations` -> the trusted root type it takes (GRAPH.md 1.1)."""

WITHOUT_CUSTOM_SANS = ("androidScepCertificateProfile", "windowsPhone81SCEPCertificateProfile")
APPLE = ("iosScepCertificateProfile", "macOSScepCertificateProfile")
WITH_KEY_STORAGE = ("windows81SCEPCertificateProfile", "windowsPhone81SCEPCertificateProfile")


def wire_type(name: str) -> str:
    """`@odata.type` of a type."""
    return f"#microsoft.graph.{name}"


def root(name: str = "windows81TrustedRootCertificate", **more: Any) -> Json:
    """A trusted root profile."""
    body = {
        "@odata.type": wire_type(name),
        "displayName": "Root",
        "trustedRootCertificate": DER,
        "certFileName": "root.cer",
    }
    if name == "windows81TrustedRootCertificate":
        body["destinationStore"] = "computerCertStoreRoot"
    return body | more


def scep(name: str = "windows81SCEPCertificateProfile", **more: Any) -> Json:
    """A SCEP profile for user certificates with a UPN SAN."""
    body: Json = {
        "@odata.type": wire_type(name),
        "displayName": "SCEP",
        "renewalThresholdPercentage": 20,
        "certificateValidityPeriodScale": "years",
        "certificateValidityPeriodValue": 1,
        "subjectNameFormat": "custom",
        "subjectNameFormatString": "CN={{UserName}},E={{EmailAddress}}",
        "keySize": "size2048",
        "keyUsage": "digitalSignature,keyEncipherment",
        "extendedKeyUsages": [CLIENT_AUTHENTICATION],
        "scepServerUrls": ["https://scep.example.com/certsrv/mscep/mscep.dll"],
    }
    if name in WITHOUT_CUSTOM_SANS:
        body["subjectAlternativeNameType"] = "userPrincipalName"
    else:
        body |= {"certificateStore": "user", "customSubjectAlternativeNames": [UPN]}
    if name not in APPLE:
        body["hashAlgorithm"] = "sha2"
    if name in WITH_KEY_STORAGE:
        body["keyStorageProvider"] = "useTpmKspOtherwiseUseSoftwareKsp"
    return body | more


def group_target(group_id: str, **more: Any) -> Json:
    """An element of `/assign` that includes a group."""
    target = {"@odata.type": wire_type("groupAssignmentTarget"), "groupId": group_id}
    return {"target": target | more}


def target_of(kind: str, **more: Any) -> Json:
    """An element of `/assign` with another target."""
    return {"target": {"@odata.type": wire_type(kind)} | more}
