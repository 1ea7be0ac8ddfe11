"""Certificates on devices, as `managedDeviceCertificateState` rows."""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from intune_scep.simulator.clock import format_instant
from intune_scep.simulator.messages import dump_json
from intune_scep.simulator.schema import StructuredType, entity_type, strip_namespace

State = dict[str, Any]
"""A `managedDeviceCertificateState` as it goes on the wire."""

_DAYS = {"days": 1, "months": 30, "years": 365}
_UNREPORTED = ("androidDeviceOwner", "aospDeviceOwner")
_PLATFORMS = {
    "windowsPhone81": "windowsPhone81",
    "windows81": "windows81AndLater",
    "windows10": "windows10AndLater",
    "iosScep": "iOS",
    "iosPkcs": "iOS",
    "macOS": "macOS",
    "androidWorkProfile": "androidWorkProfile",
    "androidForWork": "androidForWork",
    "androidDeviceOwner": "androidForWork",
    "aosp": "androidAOSP",
    "android": "android",
}


def is_reported(kind: StructuredType) -> bool:
    """Whether Intune reports certificates of the type (GRAPH.md 2)."""
    return not kind.name.startswith(_UNREPORTED)


def issues_certificates(kind: StructuredType) -> bool:
    """Whether devices get certificates through profiles of the type."""
    return "managedDeviceCertificateStates" in kind.navigation


def new_state(
    certificate_id: str,
    profile: Mapping[str, Any],
    device: Mapping[str, Any],
    user: Mapping[str, Any] | None,
    issued: float,
) -> State:
    """An issued certificate of `profile` on `device`.

    Args:
        certificate_id: Id of the row; serial number and thumbprint derive from it.
        profile: The SCEP profile.
        device: The `managedDevice`.
        user: Its user.
        issued: Epoch seconds.
    """
    serial = hashlib.sha256(certificate_id.encode()).hexdigest().upper()
    instant = format_instant(issued)
    oids = [eku["objectIdentifier"] for eku in profile.get("extendedKeyUsages") or ()]
    sans = profile.get("customSubjectAlternativeNames") or ()
    return {
        "id": certificate_id,
        "devicePlatform": _platform(strip_namespace(profile["@odata.type"])),
        "certificateKeyUsage": profile.get("keyUsage") or "digitalSignature",
        "certificateValidityPeriodUnits": profile["certificateValidityPeriodScale"],
        "certificateIssuanceState": "issued",
        "certificateKeyStorageProvider": profile.get("keyStorageProvider") or "useSoftwareKsp",
        "certificateSubjectNameFormat": profile.get("subjectNameFormat") or "custom",
        "certificateSubjectAlternativeNameFormat": (
            profile.get("subjectAlternativeNameType") or "none"
        ),
        "certificateRevokeStatus": "none",
        "certificateProfileDisplayName": profile["displayName"],
        "deviceDisplayName": device.get("deviceName"),
        "userDisplayName": user.get("displayName") if user else None,
        "certificateExpirationDateTime": format_instant(issued + _validity(profile)),
        "certificateLastIssuanceStateChangedDateTime": instant,
        "lastCertificateStateChangeDateTime": instant,
        "certificateIssuer": "CN=Simulated Issuing CA",
        "certificateThumbprint": hashlib.sha1(serial.encode()).hexdigest().upper(),  # noqa: S324 - a thumbprint is SHA-1
        "certificateSerialNumber": serial[:38],
        "certificateKeyLength": int((profile.get("keySize") or "size2048").removeprefix("size")),
        "certificateEnhancedKeyUsage": ",".join(filter(None, oids)) or None,
        "certificateValidityPeriod": profile["certificateValidityPeriodValue"],
        "certificateSubjectNameFormatString": profile.get("subjectNameFormatString"),
        "certificateSubjectAlternativeNameFormatString": (
            ";".join(f"{san['sanType']}={san['name']}" for san in sans) or None
        ),
        "certificateIssuanceDateTime": instant,
        "certificateErrorCode": 0,
    }


def add_states(connection: sqlite3.Connection, rows: Iterable[tuple[str, str, State]]) -> None:
    """Store certificates: (profile id, managed device id, state)."""
    connection.executemany(
        "INSERT INTO certificate (id, profile_id, managed_device_id, body) VALUES (?, ?, ?, ?)",
        ((state["id"], profile, device, dump_json(state)) for profile, device, state in rows),
    )


def replace_state(connection: sqlite3.Connection, state: State) -> None:
    """Store the new state of a certificate."""
    connection.execute(
        "UPDATE certificate SET body = ? WHERE id = ?", (dump_json(state), state["id"])
    )


def states_of(connection: sqlite3.Connection, profile: str) -> list[tuple[str, State]]:
    """(managed device id, state) of every certificate of a profile."""
    rows = connection.execute(
        "SELECT managed_device_id, body FROM certificate WHERE profile_id = ? ORDER BY seq",
        (profile,),
    )
    return [(device, json.loads(text)) for device, text in rows]


def find_state(connection: sqlite3.Connection, certificate_id: str) -> State | None:
    """The certificate with that id."""
    row = connection.execute(
        "SELECT body FROM certificate WHERE id = ?", (certificate_id,)
    ).fetchone()
    return json.loads(row[0]) if row else None


@dataclass(frozen=True)
class DeliveredCertificate:
    """A certificate with whose it is: also of deleted profiles and devices."""

    state: State
    profile_id: str
    profile_type: str | None
    managed_device_id: str
    user_id: str | None
    user_principal_name: str | None

    @property
    def reported(self) -> bool:
        """Whether Intune reports it."""
        kind = entity_type(self.profile_type) if self.profile_type else None
        return kind is None or is_reported(kind)


def all_certificates(connection: sqlite3.Connection) -> list[DeliveredCertificate]:
    """Every certificate, in order of request."""
    rows = connection.execute(
        "SELECT certificate.body, certificate.profile_id, profile.type,"
        " certificate.managed_device_id, json_extract(device.body, '$.userId'),"
        " json_extract(device.body, '$.userPrincipalName')"
        " FROM certificate"
        " LEFT JOIN resource device ON device.collection = 'managedDevices'"
        "  AND device.id = certificate.managed_device_id"
        " LEFT JOIN resource profile ON profile.collection = 'deviceConfigurations'"
        "  AND profile.id = certificate.profile_id"
        " ORDER BY certificate.seq"
    )
    return [DeliveredCertificate(json.loads(text), *owner) for text, *owner in rows]


def summarise(state: State, user: str | None) -> dict[str, Any]:
    """The certificate as a `managedAllDeviceCertificateState`."""
    usages = {"keyEncipherment": 1, "digitalSignature": 2}
    return {
        "id": state["id"],
        "certificateRevokeStatus": state["certificateRevokeStatus"],
        "certificateRevokeStatusLastChangeDateTime": state["lastCertificateStateChangeDateTime"],
        "managedDeviceDisplayName": state["deviceDisplayName"],
        "userPrincipalName": user,
        "certificateExpirationDateTime": state["certificateExpirationDateTime"],
        "certificateIssuerName": state["certificateIssuer"],
        "certificateThumbprint": state["certificateThumbprint"],
        "certificateSerialNumber": state["certificateSerialNumber"],
        "certificateSubjectName": state["certificateSubjectNameFormatString"],
        "certificateKeyUsages": sum(
            usages.get(usage, 0) for usage in state["certificateKeyUsage"].split(",")
        ),
        "certificateExtendedKeyUsages": state["certificateEnhancedKeyUsage"],
        "certificateIssuanceDateTime": state["certificateIssuanceDateTime"],
    }


def _validity(profile: Mapping[str, Any]) -> float:
    days = _DAYS[profile["certificateValidityPeriodScale"]]
    return float(profile["certificateValidityPeriodValue"] * days * 86_400)


def _platform(type_name: str) -> str:
    for prefix, platform in _PLATFORMS.items():
        if type_name.startswith(prefix):
            return platform
    return "unknown"
