"""The SQL of check-ins: statements over `fleet_visit`, what devices do in a span of time.

Parameters come by name; a set is what one profile, via and cause have in common.
"""

from string import Template

_PARTS = {
    "set": "visit.profile = :profile AND visit.via = :via AND visit.cause = :cause",
    "with_held": (
        "fleet_visit AS visit LEFT JOIN fleet_held AS held ON held.profile = visit.profile"
        " AND held.via = visit.via AND held.device = visit.device"
    ),
    "instant": ":end - :cycle * (:last - device.phase + (:last < device.phase))",
    "chance": "(device.roll + :profile * 0.6180339887498949)",
}


def _statement(text: str) -> str:
    return Template(text).substitute(_PARTS)


VISITS = """
CREATE TEMP TABLE IF NOT EXISTS fleet_visit (
    number INTEGER PRIMARY KEY,
    profile INTEGER NOT NULL,
    via INTEGER NOT NULL,
    cause INTEGER NOT NULL,
    device INTEGER NOT NULL,
    at REAL NOT NULL,
    error INTEGER NOT NULL DEFAULT 0,
    host TEXT
)"""

INSIDE = {
    "whole": "TRUE",
    "once": "device.phase > :first AND device.phase <= :last",
    "around": "(device.phase > :first OR device.phase <= :last)",
}
"""Which devices check in: all, those of phases in a row, or those around the end of a cycle."""


def todo_visits(inside: str) -> str:
    """Devices that check in with something to do."""
    return _TODO.replace("INSIDE", inside)


def renewal_visits(inside: str) -> str:
    """Devices that check in with a certificate beyond its renewal threshold."""
    return _RENEWALS.replace("INSIDE", inside)


_TODO = _statement("""
INSERT INTO fleet_visit (profile, via, cause, device, at)
SELECT todo.profile, todo.via, wanted.device IS NOT NULL, device.number, $instant
FROM fleet_device AS device CROSS JOIN fleet_todo AS todo ON todo.device = device.number
LEFT JOIN fleet_wanted AS wanted ON wanted.profile = todo.profile AND wanted.via = todo.via
    AND wanted.device = device.number
WHERE device.silent_since IS NULL AND INSIDE""")

_RENEWALS = _statement("""
INSERT INTO fleet_visit (profile, via, cause, device, at)
SELECT held.profile, held.via, 2, device.number, $instant
FROM fleet_held AS held CROSS JOIN fleet_device AS device ON device.number = held.device
WHERE held.renew_at <= :end AND held.renew_at <= $instant
    AND device.silent_since IS NULL AND INSIDE
    AND NOT (device.platform IN ('ios', 'macos') AND held.expires <= $instant)
    AND NOT EXISTS (
        SELECT 1 FROM fleet_todo AS todo WHERE todo.device = held.device
            AND todo.profile = held.profile AND todo.via = held.via
    )""")

LEAVE = tuple(
    map(
        _statement,
        (
            """
UPDATE certificate SET ended = visit.at, ended_as = :how
FROM $with_held WHERE $set AND certificate.seq = held.certificate""",
            """
UPDATE certificate SET ended = visit.at, ended_as = 'gone'
FROM $with_held WHERE $set AND certificate.seq = held.failure""",
            """
INSERT INTO fleet_status (profile, device, at, status)
SELECT profile, device, at, 'removed' FROM fleet_visit AS visit WHERE $set AND via = 0""",
            """
DELETE FROM fleet_held WHERE profile = :profile AND via = :via AND device IN (
    SELECT device FROM fleet_visit AS visit WHERE $set
)""",
            """
DELETE FROM fleet_todo WHERE profile = :profile AND via = :via AND device IN (
    SELECT device FROM fleet_visit AS visit WHERE $set
)""",
        ),
    )
)
"""A profile that is not assigned any more takes its certificate along."""

ASK = _statement("""
UPDATE fleet_visit AS visit SET
    error = CASE
        WHEN NOT :living THEN :host_is_dead
        WHEN :wants_sid AND NOT CASE WHEN :machine THEN device.device_sid ELSE device.user_sid END
            THEN :cannot_resolve
        WHEN $chance - CAST($chance AS INTEGER) < :share THEN :device_failed
        ELSE 0
    END,
    host = json_extract(:hosts, '$$[' || ((device.number + :profile) % max(:living, 1)) || ']')
FROM fleet_device AS device WHERE $set AND device.number = visit.device""")
"""Whether it fails, and at which host the device asks."""

FORGET_FUTILE = _statement("""
DELETE FROM fleet_visit AS visit WHERE $set AND error IN (:host_is_dead, :cannot_resolve)
    AND device IN (
        SELECT held.device FROM fleet_held AS held
        WHERE held.profile = :profile AND held.via = :via AND held.failure IS NOT NULL
            AND (held.certificate IS NULL OR NOT :revokes)
    )""")
"""Failing once more before any host was asked changes nothing."""

IS_LEFT = _statement("SELECT 1 FROM fleet_visit AS visit WHERE $set LIMIT 1")

ENROL = tuple(
    map(
        _statement,
        (
            # The one before ends: with a change even where the new one fails.
            """
UPDATE certificate SET ended = visit.at, ended_as = :how
FROM $with_held WHERE $set AND certificate.seq = held.certificate
    AND (visit.error = 0 OR :revokes)""",
            """
UPDATE certificate SET ended = visit.at, ended_as = 'gone'
FROM $with_held WHERE $set AND certificate.seq = held.failure AND visit.error = 0""",
            """
INSERT INTO certificate (
    seq, profile_id, managed_device_id, via, edition, issued, expires, host, error
)
SELECT :base + visit.number, :profile_id, device.id, :via_id, :edition, visit.at,
    visit.at + :validity, visit.host, visit.error
FROM $with_held JOIN fleet_device AS device ON device.number = visit.device
WHERE $set AND (visit.error = 0 OR held.failure IS NULL)""",
            """
INSERT INTO fleet_status (profile, device, at, status)
SELECT visit.profile, visit.device, visit.at, iif(visit.error, 'error', 'succeeded')
FROM $with_held WHERE $set AND visit.via = 0 AND (
    held.status IS NOT iif(visit.error, 'error', 'succeeded')
    OR (visit.error = 0 AND :changes)
)""",
            """
INSERT OR REPLACE INTO fleet_held
SELECT visit.profile, visit.via, visit.device, :total, :base + visit.number,
    visit.at + :validity, visit.at + :validity * :kept, NULL, 'succeeded'
FROM fleet_visit AS visit WHERE $set AND visit.error = 0""",
            """
INSERT OR REPLACE INTO fleet_held
SELECT visit.profile, visit.via, visit.device, coalesce(held.edition, 0),
    iif(:revokes, NULL, held.certificate), iif(:revokes, NULL, held.expires),
    iif(:revokes, NULL, held.renew_at), coalesce(held.failure, :base + visit.number), 'error'
FROM $with_held WHERE $set AND visit.error""",
            """
INSERT INTO fleet_load
SELECT visit.host, CAST(visit.at / 3600 AS INTEGER), count(*) FROM fleet_visit AS visit
WHERE $set AND visit.error IN (0, :device_failed) AND visit.host IS NOT NULL GROUP BY 1, 2
ON CONFLICT (host, hour) DO UPDATE SET enrolments = enrolments + excluded.enrolments""",
            """
DELETE FROM fleet_todo WHERE (device, profile, via) IN (
    SELECT visit.device, visit.profile, visit.via FROM fleet_visit AS visit
    WHERE $set AND visit.error = 0
)""",
        ),
    )
)
"""A device asks for a certificate, and what comes of it."""
