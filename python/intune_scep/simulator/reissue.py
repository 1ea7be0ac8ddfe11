"""What an edit of a SCEP profile costs: every certificate is revoked and issued again.

Documented for Windows, iOS, macOS and Knox (GRAPH.md 5). Whether an edit that writes the value
already there also does it is unknown; the simulator takes the expensive side, so that a careless
write shows.
"""

import sqlite3
from collections.abc import Collection, Mapping
from typing import Any

from intune_scep.simulator.certificates import (
    State,
    add_states,
    find_state,
    issues_certificates,
    new_state,
    replace_state,
    states_of,
)
from intune_scep.simulator.clock import format_instant
from intune_scep.simulator.context import Context
from intune_scep.simulator.fleet.plan import note_edit
from intune_scep.simulator.resources import (
    DEVICES,
    MANAGED_DEVICES,
    PROFILES,
    USERS,
    find_resource,
)
from intune_scep.simulator.schema import (
    DEVICE_CONFIGURATION,
    StructuredType,
    require_entity_type,
)
from intune_scep.simulator.variables import wants_sid

_HELD = frozenset({"issued", "installed", "enrollmentSucceeded", "renewVerified"})
_CANNOT_RESOLVE = -2016341112


def reissue_certificates(
    context: Context, kind: StructuredType, profile: Mapping[str, Any], named: Collection[str]
) -> None:
    """Begin re-issuance when an edit names a certificate-bearing property.

    Args:
        context: The request that edits.
        kind: The profile's type.
        profile: The profile after the edit.
        named: Properties the edit names.
    """
    base = require_entity_type(DEVICE_CONFIGURATION).properties
    if not any(name not in base for name in named):
        return
    if context.settings.check_in_seconds:
        note_edit(context.connection, profile["id"])
        return
    if not issues_certificates(kind):
        return
    due = context.now + context.settings.issuance_seconds
    for device_id, state in states_of(context.connection, profile["id"]):
        if state["certificateRevokeStatus"] != "none":
            continue
        if state["certificateIssuanceState"] == "issuePending":
            _postpone(context.connection, state["id"], due)
        elif state["certificateIssuanceState"] in _HELD:
            _begin(context, profile, device_id, state, due)


def settle_certificates(context: Context) -> None:
    """Bring re-issuance up to the tenant's clock, where edits alone begin it."""
    due = context.connection.execute(
        "SELECT pending_issuance.certificate_id, pending_issuance.replaces_id,"
        " pending_issuance.due, certificate.profile_id, certificate.managed_device_id"
        " FROM pending_issuance JOIN certificate"
        " ON certificate.id = pending_issuance.certificate_id"
        " WHERE pending_issuance.due <= ? ORDER BY certificate.seq",
        (context.now,),
    ).fetchall()
    for certificate_id, replaced_id, instant, profile_id, device_id in due:
        _finish(context, profile_id, device_id, certificate_id, instant)
        _revoke(context.connection, replaced_id, instant)
        context.connection.execute(
            "DELETE FROM pending_issuance WHERE certificate_id = ?", (certificate_id,)
        )


def _begin(
    context: Context, profile: Mapping[str, Any], device_id: str, old: State, due: float
) -> None:
    successor = old | {
        "id": context.new_id(),
        "certificateIssuanceState": "issuePending",
        "certificateThumbprint": None,
        "certificateSerialNumber": None,
        "certificateLastIssuanceStateChangedDateTime": context.timestamp,
        "lastCertificateStateChangeDateTime": context.timestamp,
    }
    add_states(context.connection, [(profile["id"], device_id, successor)])
    context.connection.execute(
        "INSERT INTO pending_issuance VALUES (?, ?, ?)", (successor["id"], old["id"], due)
    )
    waiting = old | {
        "certificateRevokeStatus": "pending",
        "lastCertificateStateChangeDateTime": context.timestamp,
    }
    replace_state(context.connection, waiting)


def _postpone(connection: sqlite3.Connection, certificate_id: str, due: float) -> None:
    connection.execute(
        "UPDATE pending_issuance SET due = ? WHERE certificate_id = ?", (due, certificate_id)
    )


def _finish(
    context: Context,
    profile_id: str,
    device_id: str,
    certificate_id: str,
    instant: float,
) -> None:
    connection = context.connection
    profile = _entity(connection, PROFILES, profile_id)
    device = _entity(connection, MANAGED_DEVICES, device_id)
    if not profile or not device:
        return
    user = _entity(connection, USERS, device.get("userId") or "")
    state = new_state(certificate_id, profile, device, user, instant)
    refused = context.settings.missing_sid == "fails" and wants_sid(profile)
    if refused and not _has_sid(connection, profile, device, user):
        # One variable without a value fails the whole profile on that device (GRAPH.md 5).
        state |= {
            "certificateIssuanceState": "issueFailed",
            "certificateErrorCode": _CANNOT_RESOLVE,
            "certificateThumbprint": None,
            "certificateSerialNumber": None,
        }
    replace_state(connection, state)


def _revoke(connection: sqlite3.Connection, certificate_id: str, instant: float) -> None:
    state = find_state(connection, certificate_id)
    if state is None:
        return
    moment = format_instant(instant)
    revoked = {
        "certificateIssuanceState": "revoked",
        "certificateRevokeStatus": "revoked",
        "certificateLastIssuanceStateChangedDateTime": moment,
        "lastCertificateStateChangeDateTime": moment,
    }
    replace_state(connection, state | revoked)


def _has_sid(
    connection: sqlite3.Connection,
    profile: Mapping[str, Any],
    device: Mapping[str, Any],
    user: Mapping[str, Any] | None,
) -> bool:
    if profile.get("certificateStore") != "machine":
        return bool(user and user.get("onPremisesSecurityIdentifier"))
    row = connection.execute(
        "SELECT json_extract(body, '$.onPremisesSecurityIdentifier') FROM resource"
        " WHERE collection = ? AND json_extract(body, '$.deviceId') = ?",
        (DEVICES, device.get("azureADDeviceId")),
    ).fetchone()
    return bool(row and row[0])


def _entity(
    connection: sqlite3.Connection, collection: str, resource_id: str
) -> dict[str, Any] | None:
    resource = find_resource(connection, collection, resource_id)
    return resource.entity if resource else None
