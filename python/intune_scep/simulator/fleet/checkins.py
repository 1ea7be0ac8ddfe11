"""Check-ins: what devices do when the time since the last request has passed.

A device checks in once a cycle, at a phase that its id decides. In one span of at most a cycle it
checks in at most once, so a span is carried out set by set: every certificate of one profile that
is due by one cause is one set.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from intune_scep.simulator.certificates import freeze_certificates, validity_seconds
from intune_scep.simulator.fleet.connectors import deaths_between, hosts_of, living_hosts
from intune_scep.simulator.fleet.plan import absorb_changes, profile_ids
from intune_scep.simulator.fleet.platforms import UNREVOKED, has_dependants, platform_of_type
from intune_scep.simulator.fleet.roster import begin_fleet, forget_fleet
from intune_scep.simulator.fleet.statements import (
    ASK,
    ENROL,
    FORGET_FUTILE,
    INSIDE,
    IS_LEFT,
    LEAVE,
    VISITS,
    renewal_visits,
    todo_visits,
)
from intune_scep.simulator.schema import require_entity_type, strip_namespace
from intune_scep.simulator.settings import Settings
from intune_scep.simulator.store import write_meta
from intune_scep.simulator.variables import wants_sid

LEAVES, CHANGES = 0, 1
"""Causes of a visit; a renewal is the third."""

HOST_IS_DEAD = -2016341111
CANNOT_RESOLVE = -2016341112
DEVICE_FAILED = -2016341109
_AT = "fleet_at"


def settle_fleet(connection: sqlite3.Connection, meta: Mapping[str, Any], now: float) -> None:
    """Carry out every check-in up to `now`; nothing without check-in cycles.

    Args:
        connection: The transaction's.
        meta: Facts about the tenant.
        now: Epoch seconds by the tenant's clock.
    """
    settings = Settings(**meta["settings"])
    if not settings.check_in_seconds:
        return
    past = meta.get(_AT)
    if past is None:
        begin_fleet(connection)
        past = now
        write_meta(connection, _AT, now)
    absorb_changes(connection)
    if now <= past:
        return
    facts = cache(partial(_facts, connection, settings))
    for start, end in _spans(connection, past, now, settings.check_in_seconds):
        if _collect(connection, settings.check_in_seconds, start, end):
            _check_in(connection, settings, facts, start)
    write_meta(connection, _AT, now)


def end_cycles(connection: sqlite3.Connection) -> None:
    """Check-in cycles are switched off: should they come back, they begin anew."""
    freeze_certificates(connection)
    forget_fleet(connection)
    connection.execute("DELETE FROM meta WHERE key = ?", (_AT,))


def last_check_in(cycle: float) -> str:
    """SQL for a device's last check-in up to the parameter `:now`."""
    moment = "min(:now, coalesce(silent_since, :now))"
    return f"({moment} - {cycle} * ({_fraction(moment, cycle)}))"


def _fraction(moment: str, cycle: float) -> str:
    """SQL for the part of a cycle since the last check-in before `moment`."""
    turns = f"(({moment}) / {cycle} - phase)"
    return f"({turns} - floor({turns}))"


def _spans(
    connection: sqlite3.Connection, start: float, end: float, cycle: float
) -> Iterator[tuple[float, float]]:
    cuts = [*deaths_between(connection, start, end), end]
    for cut in cuts:
        while start < cut:
            until = min(start + cycle, cut)
            yield start, until
            start = until


def _check_in(
    connection: sqlite3.Connection,
    settings: Settings,
    facts_of: Callable[[int, int], "_Facts"],
    start: float,
) -> None:
    ids = profile_ids(connection)
    base = connection.execute("SELECT coalesce(max(seq), 0) FROM certificate").fetchone()[0]
    sets = connection.execute(
        "SELECT DISTINCT profile, via, cause FROM fleet_visit ORDER BY profile, via, cause"
    ).fetchall()
    for profile, via, cause in sets:
        place = {"profile": profile, "via": via, "cause": cause, "base": base}
        facts = facts_of(profile, via)
        if cause == LEAVES:
            _leave(connection, place, facts, settings)
        else:
            place["profile_id"] = ids[profile]
            place["via_id"] = ids.get(via)
            _enrol(connection, place, facts, start)
    connection.execute("DELETE FROM fleet_visit")


def _collect(connection: sqlite3.Connection, cycle: float, start: float, end: float) -> int:
    """Note every device that checks in with something to do; how many such things."""
    window = {
        "cycle": cycle,
        "end": end,
        "first": start % cycle / cycle,
        "last": end % cycle / cycle,
    }
    if end - start >= cycle:
        inside = INSIDE["whole"]
    else:
        inside = INSIDE["once" if window["first"] < window["last"] else "around"]
    connection.execute(VISITS)
    found = 0
    if connection.execute("SELECT 1 FROM fleet_todo LIMIT 1").fetchone():
        found += connection.execute(todo_visits(inside), window).rowcount
    return found + connection.execute(renewal_visits(inside), window).rowcount


@dataclass(frozen=True)
class _Facts:
    """What counts of a profile when its certificates are asked for."""

    edition: int
    total: int
    hosts: list[str]
    validity: float
    kept: float
    machine: bool
    wants_sid: bool
    revokes: bool
    share: float


def _facts(connection: sqlite3.Connection, settings: Settings, profile: int, via: int) -> _Facts:
    edition = _edition(connection, profile)
    text = connection.execute(
        "SELECT body FROM fleet_edition WHERE profile = ? ORDER BY edition DESC LIMIT 1",
        (profile,),
    ).fetchone()[0]
    body = json.loads(text)
    kind = require_entity_type(strip_namespace(body["@odata.type"]))
    failure = connection.execute(
        "SELECT share FROM fleet_failure WHERE profile_id = ?", (body["id"],)
    ).fetchone()
    return _Facts(
        edition=edition,
        total=edition + (_edition(connection, via) if via and has_dependants(kind) else 0),
        hosts=hosts_of(body),
        validity=validity_seconds(body),
        kept=(100 - (body.get("renewalThresholdPercentage") or 0)) / 100,
        machine=body.get("certificateStore") == "machine",
        wants_sid=settings.missing_sid == "fails" and wants_sid(body),
        revokes=platform_of_type(kind) not in UNREVOKED,
        share=failure[0] if failure else 0.0,
    )


def _edition(connection: sqlite3.Connection, profile: int) -> int:
    row = connection.execute(
        "SELECT edition FROM fleet_profile WHERE number = ?", (profile,)
    ).fetchone()
    return int(row[0])


def _leave(
    connection: sqlite3.Connection, place: Mapping[str, Any], facts: _Facts, settings: Settings
) -> None:
    revoked = settings.leaving == "revoked" and facts.revokes
    values = {**place, "how": "revoked" if revoked else "removedFromCollection"}
    for statement in LEAVE:
        connection.execute(statement, values)


def _enrol(
    connection: sqlite3.Connection, place: Mapping[str, Any], facts: _Facts, start: float
) -> None:
    living = living_hosts(connection, facts.hosts, start)
    changes = place["cause"] == CHANGES
    revokes = changes and facts.revokes
    values = {
        **place,
        "hosts": json.dumps(living),
        "living": len(living),
        "wants_sid": facts.wants_sid,
        "machine": facts.machine,
        "share": facts.share,
        "changes": changes,
        "revokes": revokes,
        "how": "revoked" if revokes else "deleted",
        "edition": facts.edition,
        "total": facts.total,
        "validity": facts.validity,
        "kept": facts.kept,
        "host_is_dead": HOST_IS_DEAD,
        "cannot_resolve": CANNOT_RESOLVE,
        "device_failed": DEVICE_FAILED,
    }
    connection.execute(ASK, values)
    connection.execute(FORGET_FUTILE, values)
    if connection.execute(IS_LEFT, values).fetchone() is None:
        return
    for statement in ENROL:
        connection.execute(statement, values)
