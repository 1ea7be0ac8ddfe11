"""What each device should hold, and where that differs from what it holds.

A certificate belongs to a profile, a device and a *via*: 0 for the profile's own, on Apple also
the number of each dependant that is on the device. Editions count changes, so that a certificate
tells whether it was issued for what stands there now.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable
from functools import cache

from intune_scep.simulator.fleet.audience import reached_devices
from intune_scep.simulator.fleet.platforms import delivers_certificates, has_dependants
from intune_scep.simulator.resources import PROFILES, Resource, find_resource

Reach = Callable[[str], set[int]]


def note_edit(connection: sqlite3.Connection, profile: str) -> None:
    """A profile was changed so that devices take it anew at their next check-in."""
    connection.execute(
        "INSERT INTO fleet_profile (id, edition) VALUES (?, 2)"
        " ON CONFLICT (id) DO UPDATE SET edition = edition + 1",
        (profile,),
    )
    note_change(connection, profile)


def note_change(connection: sqlite3.Connection, profile: str) -> None:
    """Whom a profile reaches may have changed."""
    connection.execute("INSERT OR IGNORE INTO fleet_changed VALUES (?)", (profile,))


def absorb_changes(connection: sqlite3.Connection) -> None:
    """Turn what was changed since the last time into what devices have to do."""
    changed = [row[0] for row in connection.execute("SELECT profile_id FROM fleet_changed")]
    if not changed:
        return
    connection.execute("DELETE FROM fleet_changed")
    reach = cache(lambda profile: reached_devices(connection, profile))
    for profile in sorted(_certificate_profiles(connection, changed)):
        _refresh(connection, profile, reach)


def profile_number(connection: sqlite3.Connection, profile: str) -> tuple[int, int]:
    """Number and edition of a profile, numbered now if it was not."""
    connection.execute("INSERT OR IGNORE INTO fleet_profile (id) VALUES (?)", (profile,))
    number, edition = connection.execute(
        "SELECT number, edition FROM fleet_profile WHERE id = ?", (profile,)
    ).fetchone()
    return number, edition


def profile_ids(connection: sqlite3.Connection) -> dict[int, str]:
    """Number of a profile -> its id."""
    return dict(connection.execute("SELECT number, id FROM fleet_profile"))


def dependants_of(connection: sqlite3.Connection, profile: str) -> list[str]:
    """Ids of the profiles that point at a SCEP profile."""
    rows = connection.execute(
        "SELECT DISTINCT source_id FROM link WHERE target_id = ? ORDER BY source_id", (profile,)
    )
    return [row[0] for row in rows]


def _certificate_profiles(connection: sqlite3.Connection, changed: Iterable[str]) -> set[str]:
    """SCEP profiles that a change touches, through a dependant too."""
    marks = json.dumps(list(changed))
    linked = connection.execute(
        "SELECT target_id FROM link WHERE source_id IN (SELECT value FROM json_each(?))", (marks,)
    )
    known = connection.execute(
        "SELECT DISTINCT owner.id FROM fleet_profile AS dependant"
        " JOIN fleet_wanted ON fleet_wanted.via = dependant.number"
        " JOIN fleet_profile AS owner ON owner.number = fleet_wanted.profile"
        " WHERE dependant.id IN (SELECT value FROM json_each(?))",
        (marks,),
    )
    candidates = {*changed, *(row[0] for row in linked), *(row[0] for row in known)}
    return {each for each in candidates if _is_or_was_scep(connection, each)}


def _is_or_was_scep(connection: sqlite3.Connection, profile: str) -> bool:
    resource = find_resource(connection, PROFILES, profile)
    if resource is not None:
        return delivers_certificates(resource.type)
    row = connection.execute(
        "SELECT 1 FROM fleet_profile JOIN fleet_edition ON fleet_edition.profile = number"
        " WHERE id = ?",
        (profile,),
    ).fetchone()
    return row is not None


def _refresh(connection: sqlite3.Connection, profile: str, reach: Reach) -> None:
    resource = find_resource(connection, PROFILES, profile)
    number, edition = profile_number(connection, profile)
    if resource is not None:
        connection.execute(
            "INSERT OR IGNORE INTO fleet_edition VALUES (?, ?, ?)",
            (number, edition, resource.text),
        )
    wanted = _wanted(connection, resource, edition, reach)
    for via in {*wanted, *_known_vias(connection, number)}:
        devices, target = wanted.get(via, (set(), 0))
        _want(connection, number, via, devices)
        _replan(connection, number, via, target)


def _wanted(
    connection: sqlite3.Connection, resource: Resource | None, edition: int, reach: Reach
) -> dict[int, tuple[set[int], int]]:
    """Via -> devices that should hold the certificate, and its edition."""
    if resource is None:
        return {}
    own = reach(resource.id)
    wanted = {0: (own, edition)}
    if not own or not has_dependants(resource.type):
        return wanted
    for dependant in dependants_of(connection, resource.id):
        number, more = profile_number(connection, dependant)
        wanted[number] = (own & reach(dependant), edition + more)
    return wanted


def _known_vias(connection: sqlite3.Connection, number: int) -> set[int]:
    rows = connection.execute(
        "SELECT via FROM fleet_wanted WHERE profile = ? UNION"
        " SELECT via FROM fleet_held WHERE profile = ?",
        (number, number),
    )
    return {row[0] for row in rows}


def _want(connection: sqlite3.Connection, number: int, via: int, devices: set[int]) -> None:
    rows = connection.execute(
        "SELECT device FROM fleet_wanted WHERE profile = ? AND via = ?", (number, via)
    )
    before = {row[0] for row in rows}
    connection.executemany(
        "DELETE FROM fleet_wanted WHERE profile = ? AND via = ? AND device = ?",
        ((number, via, device) for device in before - devices),
    )
    connection.executemany(
        "INSERT INTO fleet_wanted VALUES (?, ?, ?)",
        ((number, via, device) for device in sorted(devices - before)),
    )


def _replan(connection: sqlite3.Connection, number: int, via: int, edition: int) -> None:
    """What devices have to do about one certificate: get it, get it anew, give it up."""
    place = {"profile": number, "via": via, "edition": edition}
    connection.execute("DELETE FROM fleet_todo WHERE profile = :profile AND via = :via", place)
    connection.execute(
        "INSERT INTO fleet_todo SELECT wanted.device, :profile, :via FROM fleet_wanted AS wanted"
        " LEFT JOIN fleet_held AS held ON held.profile = :profile AND held.via = :via"
        "  AND held.device = wanted.device"
        " WHERE wanted.profile = :profile AND wanted.via = :via"
        "  AND held.edition IS NOT :edition",
        place,
    )
    connection.execute(
        "INSERT INTO fleet_todo SELECT held.device, :profile, :via FROM fleet_held AS held"
        " LEFT JOIN fleet_wanted AS wanted ON wanted.profile = :profile AND wanted.via = :via"
        "  AND wanted.device = held.device"
        " WHERE held.profile = :profile AND held.via = :via AND wanted.device IS NULL",
        place,
    )
