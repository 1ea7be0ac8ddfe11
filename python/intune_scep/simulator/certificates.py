"""Certificates on devices, as `managedDeviceCertificateState` rows."""

import hashlib
import json
import math
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
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
        "certificateExpirationDateTime": format_instant(issued + validity_seconds(profile)),
        "certificateLastIssuanceStateChangedDateTime": instant,
        "lastCertificateStateChangeDateTime": instant,
        "certificateIssuer": "CN=Simulated Issuing CA",
        "certificateThumbprint": thumbprint(serial),
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
    found = all_certificates(connection, of=profile)
    return [(each.managed_device_id, each.state) for each in found]


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


def all_certificates(
    connection: sqlite3.Connection, *, of: str | None = None, at: float = math.inf
) -> Iterator[DeliveredCertificate]:
    """Every certificate, in order of request, one at a time: there can be very many.

    Args:
        connection: The tenant's.
        of: Only those of this profile.
        at: Epoch seconds: as they were then, as far as check-in cycles know. Now by default.
    """
    place = {"of": of, "at": at}
    for text, ended, how, *owner in connection.execute(_WHOLE, place):
        state = _ended(json.loads(text), ended, how, at)
        if state is not None:
            yield DeliveredCertificate(state, *owner)
    yield from _composed(connection, place, at)


_WHOLE = """
SELECT certificate.body, certificate.ended, certificate.ended_as, certificate.profile_id,
    profile.type, certificate.managed_device_id, json_extract(device.body, '$.userId'),
    json_extract(device.body, '$.userPrincipalName')
FROM certificate
LEFT JOIN resource device ON device.collection = 'managedDevices'
    AND device.id = certificate.managed_device_id
LEFT JOIN resource profile ON profile.collection = 'deviceConfigurations'
    AND profile.id = certificate.profile_id
WHERE certificate.body IS NOT NULL AND (:of IS NULL OR certificate.profile_id = :of)
ORDER BY certificate.seq"""
_COMPOSED = """
SELECT certificate.seq, certificate.profile_id, certificate.edition, certificate.issued,
    certificate.expires, certificate.error, certificate.ended, certificate.ended_as,
    device.id, device.name, device.user_id, device.owner, device.owner_name
FROM certificate JOIN fleet_device AS device ON device.id = certificate.managed_device_id
WHERE certificate.body IS NULL AND (:of IS NULL OR certificate.profile_id = :of)
    AND certificate.issued <= :at
ORDER BY certificate.seq"""


def _composed(
    connection: sqlite3.Connection, place: Mapping[str, Any], at: float
) -> Iterator[DeliveredCertificate]:
    """Certificates that are kept as what differs from one of their profile to the next."""
    templates = _templates(connection)
    for row in connection.execute(_COMPOSED, place):
        seq, profile, edition, issued, expires, error, ended, how = row[:8]
        device, name, user, owner, owner_name = row[8:]
        kind, template = templates[profile, edition]
        moment = format_instant(issued)
        serial = serial_number(seq)
        state = template | {
            "id": f"{seq:08x}-0000-4000-8000-000000000000",
            "deviceDisplayName": name,
            "userDisplayName": owner_name,
            "certificateExpirationDateTime": format_instant(expires),
            "certificateLastIssuanceStateChangedDateTime": moment,
            "lastCertificateStateChangeDateTime": moment,
            "certificateIssuanceDateTime": moment,
            "certificateSerialNumber": serial,
            "certificateThumbprint": thumbprint(serial),
        }
        if error:
            state |= _FAILED | {"certificateErrorCode": error}
        shown = _ended(state, ended, how, at)
        if shown is not None:
            yield DeliveredCertificate(shown, profile, kind, device, user, owner)


def freeze_certificates(connection: sqlite3.Connection) -> None:
    """Store whole what check-in cycles kept as differences, so that it stays without them."""
    whole = [
        (each.state["id"], dump_json(each.state), _seq_of(each.state["id"]))
        for each in _composed(connection, {"of": None, "at": math.inf}, math.inf)
    ]
    connection.executemany("UPDATE certificate SET id = ?, body = ? WHERE seq = ?", whole)
    connection.execute("DELETE FROM certificate WHERE body IS NULL")
    connection.execute("UPDATE certificate SET issued = NULL, ended = NULL, ended_as = NULL")


def _seq_of(certificate_id: str) -> int:
    return int(certificate_id[:8], 16)


_FAILED: State = {
    "certificateIssuanceState": "issueFailed",
    "certificateThumbprint": None,
    "certificateSerialNumber": None,
}


def _templates(connection: sqlite3.Connection) -> dict[tuple[str, int], tuple[str, State]]:
    """(profile id, edition) -> type and what all its certificates have in common."""
    found = {}
    rows = connection.execute(
        "SELECT id, fleet_edition.edition, body FROM fleet_edition"
        " JOIN fleet_profile ON fleet_profile.number = fleet_edition.profile"
    )
    for profile, edition, text in rows:
        body = json.loads(text)
        kind = strip_namespace(body["@odata.type"])
        found[profile, edition] = (kind, new_state("", body, {}, None, 0))
    return found


def serial_number(seq: int) -> str:
    """Serial number of a certificate that check-ins brought: a CA counts."""
    return f"5A000000{seq:024X}"


def thumbprint(serial: str) -> str:
    """Thumbprint of the certificate with that serial number."""
    return hashlib.sha1(serial.encode(), usedforsecurity=False).hexdigest().upper()


def _ended(state: State, ended: float | None, how: str | None, at: float) -> State | None:
    """The state of a certificate that came to its end; None once nothing is left to show."""
    if ended is None or ended > at or how == "before":
        return state
    if how == "gone":
        return None
    moment = format_instant(ended)
    over = {
        "certificateIssuanceState": how,
        "certificateLastIssuanceStateChangedDateTime": moment,
        "lastCertificateStateChangeDateTime": moment,
    }
    if how == "revoked":
        over["certificateRevokeStatus"] = "revoked"
    return state | over


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


def validity_seconds(profile: Mapping[str, Any]) -> float:
    """How long a certificate of the profile is valid."""
    days = _DAYS[profile["certificateValidityPeriodScale"]]
    return float(profile["certificateValidityPeriodValue"] * days * 86_400)


def _platform(type_name: str) -> str:
    for prefix, platform in _PLATFORMS.items():
        if type_name.startswith(prefix):
            return platform
    return "unknown"
