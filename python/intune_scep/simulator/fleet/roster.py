"""Where check-in cycles begin: the devices, and the certificates that they hold already."""

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from typing import Any

from intune_scep.simulator.clock import parse_instant
from intune_scep.simulator.fleet.connectors import register_connectors
from intune_scep.simulator.fleet.plan import (
    absorb_changes,
    dependants_of,
    note_change,
    profile_number,
)
from intune_scep.simulator.fleet.platforms import (
    delivers_certificates,
    has_dependants,
    platform_of_device,
)
from intune_scep.simulator.resources import (
    DEVICES,
    MANAGED_DEVICES,
    PROFILES,
    USERS,
    Resource,
    select_resources,
)

_EMPTIED = (
    "DELETE FROM fleet_device",
    "DELETE FROM fleet_profile",
    "DELETE FROM fleet_edition",
    "DELETE FROM fleet_wanted",
    "DELETE FROM fleet_held",
    "DELETE FROM fleet_todo",
    "DELETE FROM fleet_status",
    "DELETE FROM fleet_load",
)
_LIVE = ("issued", "installed", "enrollmentSucceeded", "renewVerified")
_UNIT = 2**32


def begin_fleet(connection: sqlite3.Connection) -> None:
    """Register every device and profile, and take over the certificates that are out.

    What is assigned and not there yet is for the next check-ins; what is there and not assigned
    is left alone.
    """
    forget_fleet(connection)
    connection.executemany(
        "INSERT INTO fleet_device (id, entra_id, user_id, platform, phase, roll, user_sid,"
        " device_sid, name, owner, owner_name) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        _devices(connection),
    )
    register_connectors(connection)
    profiles = list(
        select_resources(connection, "resource WHERE resource.collection = ?", [PROFILES])
    )
    _date_certificates(connection)
    for profile in profiles:
        if delivers_certificates(profile.type):
            number, _ = profile_number(connection, profile.id)
            _hold(connection, profile, number)
            note_change(connection, profile.id)
    absorb_changes(connection)
    _leave_alone(connection)


def forget_fleet(connection: sqlite3.Connection) -> None:
    """Forget what devices hold and were told; certificates stay."""
    for statement in _EMPTIED:
        connection.execute(statement)


def _devices(connection: sqlite3.Connection) -> Iterator[tuple[Any, ...]]:
    users = {
        identifier: (sid, name)
        for identifier, sid, name in connection.execute(
            "SELECT id, json_extract(body, '$.onPremisesSecurityIdentifier') IS NOT NULL,"
            " json_extract(body, '$.displayName') FROM resource WHERE collection = ?",
            (USERS,),
        )
    }
    entra = {
        device: (identifier, sid)
        for identifier, device, sid in connection.execute(
            "SELECT id, json_extract(body, '$.deviceId'),"
            " json_extract(body, '$.onPremisesSecurityIdentifier') IS NOT NULL"
            " FROM resource WHERE collection = ?",
            (DEVICES,),
        )
    }
    rows = connection.execute(
        "SELECT id, body FROM resource WHERE collection = ? ORDER BY seq", (MANAGED_DEVICES,)
    )
    for identifier, text in rows.fetchall():
        device = json.loads(text)
        digest = hashlib.sha256(identifier.encode()).digest()
        user = str(device.get("userId") or "").lower()
        entra_id, sid = entra.get(device.get("azureADDeviceId"), (None, 0))
        yield (
            identifier,
            entra_id,
            user if user in users else None,
            platform_of_device(device),
            int.from_bytes(digest[:4]) / _UNIT,
            int.from_bytes(digest[4:8]) / _UNIT,
            users.get(user, (0, None))[0],
            sid,
            device.get("deviceName"),
            device.get("userPrincipalName"),
            users.get(user, (0, None))[1],
        )


def _date_certificates(connection: sqlite3.Connection) -> None:
    """Tell of certificates from before check-in cycles when they began and end."""
    rows = connection.execute("SELECT seq, body FROM certificate WHERE issued IS NULL").fetchall()
    for seq, text in rows:
        state = json.loads(text)
        ended = None
        if state["certificateIssuanceState"] not in _LIVE:
            ended = parse_instant(state["lastCertificateStateChangeDateTime"])
        connection.execute(
            "UPDATE certificate SET issued = ?, expires = ?, ended = ?, ended_as = ? WHERE seq = ?",
            (
                parse_instant(state["certificateIssuanceDateTime"]),
                parse_instant(state["certificateExpirationDateTime"]),
                ended,
                None if ended is None else "before",
                seq,
            ),
        )
    connection.execute("DELETE FROM pending_issuance")


def _hold(connection: sqlite3.Connection, profile: Resource, number: int) -> None:
    """Take over the certificates of a profile.

    On Apple, further ones of a device are taken for those of its dependants, in their order.
    """
    vias = [0]
    if has_dependants(profile.type):
        names = dependants_of(connection, profile.id)
        vias += [profile_number(connection, name)[0] for name in names]
    threshold = profile.entity.get("renewalThresholdPercentage") or 0
    place = {"profile": number, "id": profile.id, "kept": (100 - threshold) / 100}
    for rank, via in enumerate(vias):
        edition = profile_number(connection, profile.id)[1] + (1 if via else 0)
        connection.execute(_TAKE_OVER, {**place, "rank": rank + 1, "via": via, "edition": edition})
    connection.execute(
        "INSERT INTO fleet_status (profile, device, at, status)"
        " SELECT held.profile, held.device, certificate.issued, held.status FROM fleet_held AS held"
        " JOIN certificate ON certificate.seq = held.certificate"
        " WHERE held.profile = ? AND held.via = 0",
        (number,),
    )


_TAKE_OVER = """
INSERT INTO fleet_held
SELECT :profile, :via, device, :edition, seq, expires,
    issued + (expires - issued) * :kept, NULL, 'succeeded'
FROM (
    SELECT certificate.seq, certificate.issued, certificate.expires,
        fleet_device.number AS device, row_number() OVER (
            PARTITION BY certificate.managed_device_id ORDER BY certificate.seq
        ) AS rank
    FROM certificate JOIN fleet_device ON fleet_device.id = certificate.managed_device_id
    WHERE certificate.profile_id = :id AND certificate.ended IS NULL AND certificate.error = 0
) WHERE rank = :rank"""


def _leave_alone(connection: sqlite3.Connection) -> None:
    """What is on a device and not assigned to it was there before, and stays."""
    surplus = (
        " FROM fleet_held AS held LEFT JOIN fleet_wanted AS wanted"
        " ON wanted.profile = held.profile AND wanted.via = held.via"
        " AND wanted.device = held.device WHERE wanted.device IS NULL"
    )
    rows = connection.execute(f"SELECT held.profile, held.via, held.device{surplus}").fetchall()
    for statement in (
        "DELETE FROM fleet_held WHERE profile = ? AND via = ? AND device = ?",
        "DELETE FROM fleet_todo WHERE profile = ? AND via = ? AND device = ?",
    ):
        connection.executemany(statement, rows)
