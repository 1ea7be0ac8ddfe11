"""What is so on the devices, whatever reports say and however late they say it."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from intune_scep.simulator.clock import format_instant
from intune_scep.simulator.fleet.connectors import list_connectors

_PROFILES = """
SELECT fleet_profile.number, fleet_profile.id, json_extract(resource.body, '$.displayName')
FROM fleet_profile LEFT JOIN resource ON resource.collection = 'deviceConfigurations'
    AND resource.id = fleet_profile.id
WHERE fleet_profile.number IN (SELECT profile FROM fleet_edition)
ORDER BY fleet_profile.number"""
_COUNTS = {
    "assigned": "SELECT profile, count(*) FROM fleet_wanted WHERE via = 0 GROUP BY profile",
    "valid": (
        "SELECT profile, count(*) FROM fleet_held WHERE via = 0 AND expires > :now GROUP BY profile"
    ),
    "current": (
        "SELECT held.profile, count(*) FROM fleet_held AS held JOIN fleet_profile AS profile"
        " ON profile.number = held.profile AND profile.edition = held.edition"
        " WHERE held.via = 0 AND held.expires > :now GROUP BY held.profile"
    ),
    "waiting": "SELECT profile, count(*) FROM fleet_todo WHERE via = 0 GROUP BY profile",
    "failed": (
        "SELECT profile, count(*) FROM fleet_held WHERE via = 0 AND status = 'error'"
        " GROUP BY profile"
    ),
    "certificates": (
        "SELECT profile, count(*) FROM fleet_held WHERE expires > :now GROUP BY profile"
    ),
}


def fleet_truth(connection: sqlite3.Connection, now: float, since: float = 0.0) -> dict[str, Any]:
    """The state of the devices, and the load of the SCEP hosts.

    Args:
        connection: The tenant's, its check-ins settled up to `now`.
        now: Epoch seconds.
        since: Only the enrolments of hours that end after it.
    """
    counts = {name: dict(connection.execute(sql, {"now": now})) for name, sql in _COUNTS.items()}
    devices, silent = connection.execute(
        "SELECT count(*), count(silent_since) FROM fleet_device"
    ).fetchone()
    return {
        "now": format_instant(now),
        "devices": devices,
        "silent": silent,
        "profiles": [
            {
                "id": identifier,
                "displayName": name,
                **{word: counts[word].get(number, 0) for word in _COUNTS},
            }
            for number, identifier, name in connection.execute(_PROFILES).fetchall()
        ],
        "enrolments": enrolments(connection, since),
        "connectors": list_connectors(connection, now),
    }


def enrolments(connection: sqlite3.Connection, since: float = 0.0) -> list[dict[str, Any]]:
    """How many certificates each SCEP host was asked for in each hour."""
    rows = connection.execute(
        "SELECT host, hour, enrolments FROM fleet_load WHERE hour * 3600 + 3600 > ?"
        " ORDER BY hour, host",
        (since,),
    )
    return [
        {"host": host, "hour": format_instant(hour * 3600), "enrolments": count}
        for host, hour, count in rows
    ]


_MEMBERS = """
WITH bundle (number, id) AS (
    SELECT number, id FROM fleet_profile WHERE id IN (SELECT value FROM json_each(:ids))
), had (device) AS (
    SELECT DISTINCT fleet_device.number FROM certificate
    JOIN fleet_device ON fleet_device.id = certificate.managed_device_id
    WHERE certificate.profile_id IN (SELECT id FROM bundle)
), wanted (device) AS (
    SELECT DISTINCT device FROM fleet_wanted
    WHERE via = 0 AND profile IN (SELECT number FROM bundle)
), valid (device) AS (
    SELECT DISTINCT device FROM fleet_held
    WHERE via = 0 AND expires > :now AND profile IN (SELECT number FROM bundle)
)
SELECT fleet_device.id,
    fleet_device.number IN wanted, fleet_device.number IN valid, fleet_device.number IN had
FROM fleet_device
WHERE fleet_device.number IN wanted OR fleet_device.number IN had"""


def bundle_truth(
    connection: sqlite3.Connection, now: float, profiles: Sequence[str]
) -> dict[str, Any]:
    """How devices stand to several profiles that replace one another, as an original and its copy.

    Args:
        connection: The tenant's, its check-ins settled up to `now`.
        now: Epoch seconds.
        profiles: Ids of the profiles.

    Returns:
        How many devices are assigned one of them at least (`assigned`) and hold a valid certificate
        of one (`valid`), and the ids of those that had a certificate of one and are assigned none
        (`without_profile`), and of those that are assigned one and hold no valid certificate
        (`without_certificate`).
    """
    ids = json.dumps([profile.lower() for profile in profiles])
    rows = connection.execute(_MEMBERS, {"ids": ids, "now": now}).fetchall()
    return {
        "profiles": list(profiles),
        "assigned": sum(wanted for _, wanted, _, _ in rows),
        "valid": sum(valid for _, _, valid, _ in rows),
        "without_profile": [each for each, wanted, _, had in rows if had and not wanted],
        "without_certificate": [each for each, wanted, valid, _ in rows if wanted and not valid],
    }
