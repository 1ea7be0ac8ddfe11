"""Profiles, roots and tenants out of which the cases of the rules are made."""

import base64
from datetime import UTC, date, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, pkcs12
from cryptography.x509.oid import NameOID

from intune_scep.profiles import (
    Platform,
    ProfileKind,
    TrustedRootProfile,
    parse_profile,
    profile_type_for,
)
from intune_scep.rules import Context, GroupFacts, PlannedChange, profile_to_check

Wire = dict[str, Any]
TODAY = date(2026, 11, 22)

_KEY = ec.generate_private_key(ec.SECP256R1())
_OTHER_KEY = ec.generate_private_key(ec.SECP256R1())


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _certificate(subject: str, issuer: str, *, ca: bool, until: datetime) -> x509.Certificate:
    self_signed = subject == issuer
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key((_KEY if self_signed else _OTHER_KEY).public_key())
        .serial_number(4711)
        .not_valid_before(datetime(2015, 1, 1, tzinfo=UTC))
        .not_valid_after(until)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .sign(_KEY, hashes.SHA256())
    )


def _der(*args: Any, **kwargs: Any) -> str:
    return base64.b64encode(_certificate(*args, **kwargs).public_bytes(Encoding.DER)).decode()


_FAR = datetime(2034, 11, 1, tzinfo=UTC)
ROOT_CA = _der("Contoso Root", "Contoso Root", ca=True, until=_FAR)
ENDING_CA = _der("Contoso Root", "Contoso Root", ca=True, until=datetime(2027, 5, 1, tzinfo=UTC))
EXPIRED_CA = _der("Old Root", "Old Root", ca=True, until=datetime(2025, 1, 1, tzinfo=UTC))
ISSUING_CA = _der("Contoso Issuing", "Contoso Root", ca=True, until=_FAR)
_SOON = datetime(2027, 5, 1, tzinfo=UTC)
ENDING_ISSUING_CA = _der("Contoso Issuing", "Contoso Root", ca=True, until=_SOON)
ENDING_SECOND_CA = _der("Contoso Issuing 2", "Contoso Root", ca=True, until=_SOON)
ENDING_THIRD_TIER_CA = _der("Contoso Wi-Fi CA", "Contoso Issuing", ca=True, until=_SOON)
EXPIRED_ISSUING_CA = _der(
    "Contoso Issuing", "Contoso Root", ca=True, until=datetime(2025, 1, 1, tzinfo=UTC)
)
STRANGE_CA = _der("Fabrikam Issuing", "Fabrikam Root", ca=True, until=_SOON)
LEAF = _der("ndes.contoso.com", "Contoso Root", ca=False, until=_FAR)
PFX = base64.b64encode(
    pkcs12.serialize_key_and_certificates(
        b"root",
        _KEY,
        _certificate("Contoso Root", "Contoso Root", ca=True, until=_FAR),
        None,
        NoEncryption(),
    )
).decode()
PEM = base64.b64encode(
    _certificate("Contoso Root", "Contoso Root", ca=True, until=_FAR).public_bytes(Encoding.PEM)
).decode()

SID = "{{OnPremisesSecurityIdentifier}}"
CLIENT = {"name": "Client Authentication", "objectIdentifier": "1.3.6.1.5.5.7.3.2"}
EMAIL_USAGE = {"name": "Secure Email", "objectIdentifier": "1.3.6.1.5.5.7.3.4"}
ANY_USAGE = {"name": "Any Purpose", "objectIdentifier": "2.5.29.37.0"}
CODE_SIGNING = {"name": "Code Signing", "objectIdentifier": "1.3.6.1.5.5.7.3.3"}
NDES = "https://ndes.contoso.com/certsrv/mscep/mscep.dll"
CLOUD_PKI = "https://{{CloudPKIFQDN}}/TrafficGateway/PassThroughRoutingService/CloudPki/Scep/1/2"

GROUP_A, GROUP_B, GROUP_X = (f"00000000-0000-0000-0000-00000000000{x}" for x in "abc")


def san(kind: str | None, name: str | None) -> Wire:
    return {"sanType": kind, "name": name}


def upn(name: str = "{{UserPrincipalName}}") -> Wire:
    return san("userPrincipalName", name)


def uri(name: str) -> Wire:
    return san("universalResourceIdentifier", name)


def dns(name: str) -> Wire:
    return san("domainNameService", name)


def email(name: str) -> Wire:
    return san("emailAddress", name)


SID_URI = uri(SID)
NAC = uri("IntuneDeviceId://{{DeviceId}}")


def scep(platform: str, **changes: Any) -> Wire:
    """A sound profile of a user certificate, as Graph would send it, with changes."""
    row = profile_type_for(ProfileKind.SCEP, Platform(platform))
    full = {
        "id": "7d8b9c9a-0000-4000-8000-000000000001",
        "displayName": "SCEP profile for entire company",
        "description": "User cert for Wi-Fi, owner NetOps",
        "version": 3,
        "subjectNameFormat": "custom",
        "subjectNameFormatString": "CN={{UserPrincipalName}}",
        "subjectAlternativeNameType": "none",
        "subjectAlternativeNameFormatString": None,
        "customSubjectAlternativeNames": [upn(), SID_URI],
        "certificateStore": "user",
        "certificateValidityPeriodValue": 1,
        "certificateValidityPeriodScale": "years",
        "keyStorageProvider": "useTpmKspOtherwiseUseSoftwareKsp",
        "keyUsage": "digitalSignature,keyEncipherment",
        "keySize": "size2048",
        "hashAlgorithm": "sha2",
        "extendedKeyUsages": [CLIENT],
        "renewalThresholdPercentage": 20,
        "scepServerUrls": [NDES],
        "certificateAccessType": "userApproval",
        "silentCertificateAccessDetails": [],
        "deploymentChannel": "userChannel",
    }
    if platform == "macos":
        full["hashAlgorithm"] = None
    own = {name: value for name, value in full.items() if row.has(name)}
    return {"@odata.type": row.odata_type, **own, **changes}


def device(platform: str, **changes: Any) -> Wire:
    """A sound profile of a device certificate."""
    subject = {"subjectNameFormatString": "CN={{AAD_Device_ID}}"}
    channel = {"deploymentChannel": "deviceChannel"} if platform == "macos" else {}
    names = [dns("{{DeviceName}}.contoso.com")]
    base = {"certificateStore": "machine", "customSubjectAlternativeNames": names}
    return scep(platform, **{**base, **subject, **channel, **changes})


def root(platform: str, certificate: str = ROOT_CA, **changes: Any) -> Wire:
    """A sound trusted root profile."""
    row = profile_type_for(ProfileKind.TRUSTED_ROOT, Platform(platform))
    full = {
        "id": "7d8b9c9a-0000-4000-8000-000000000002",
        "displayName": "Contoso Root",
        "description": "Root of the company, owner PKI",
        "trustedRootCertificate": certificate,
        "certFileName": "root.cer",
        "destinationStore": "computerCertStoreRoot",
        "deploymentChannel": "userChannel",
    }
    own = {name: value for name, value in full.items() if row.has(name)}
    return {"@odata.type": row.odata_type, **own, **changes}


def root_profile(platform: str, certificate: str = ROOT_CA, **changes: Any) -> TrustedRootProfile:
    parsed = parse_profile(root(platform, certificate, **changes))
    assert isinstance(parsed, TrustedRootProfile)
    return parsed


def context(wire: Wire, **around: Any) -> Context:
    return Context(profile=profile_to_check(wire), today=TODAY, **around)


def planned(before: Wire | None, after: Wire, **more: Any) -> Context:
    """The context of a change from one profile to another."""
    old = parse_profile(before) if before is not None else None
    new = parse_profile(after)
    return Context(new, TODAY, planned_change=PlannedChange(old, new, **more))


def group(group_id: str, **more: Any) -> Wire:
    return _target("groupAssignmentTarget", groupId=group_id, **more)


def excluded(group_id: str) -> Wire:
    return _target("exclusionGroupAssignmentTarget", groupId=group_id)


def all_users() -> Wire:
    return _target("allLicensedUsersAssignmentTarget")


def all_devices() -> Wire:
    return _target("allDevicesAssignmentTarget")


def _target(name: str, **more: Any) -> Wire:
    none = {
        "deviceAndAppManagementAssignmentFilterId": None,
        "deviceAndAppManagementAssignmentFilterType": "none",
    }
    return {
        "id": "x",
        "intent": "apply",
        "target": {"@odata.type": f"#microsoft.graph.{name}", **none, **more},
    }


def members_for(wire: Wire) -> GroupFacts:
    """Members of the kind that the certificate is for."""
    is_device = wire.get("certificateStore") == "machine"
    return GroupFacts(users=0, devices=40) if is_device else GroupFacts(users=40, devices=0)


def certificate_with_uri(*uris: str) -> bytes:
    """An issued certificate, DER, whose alternative names are the URIs."""
    return (
        x509.CertificateBuilder()
        .subject_name(_name("Ann"))
        .issuer_name(_name("Contoso Issuing"))
        .public_key(_OTHER_KEY.public_key())
        .serial_number(4712)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2027, 1, 1, tzinfo=UTC))
        .add_extension(
            x509.SubjectAlternativeName(list(map(x509.UniformResourceIdentifier, uris))),
            critical=False,
        )
        .sign(_KEY, hashes.SHA256())
        .public_bytes(Encoding.DER)
    )
