"""Certificate connectors (NDES): which SCEP hosts they serve, and since when one is dead."""

import json
import sqlite3
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from intune_scep.simulator.clock import format_instant
from intune_scep.simulator.resources import NDES_CONNECTORS


def register_connectors(connection: sqlite3.Connection) -> None:
    """Know every connector of the tenant; a new one is alive and serves every host."""
    connection.execute(
        "INSERT OR IGNORE INTO fleet_connector (id) SELECT id FROM resource WHERE collection = ?",
        (NDES_CONNECTORS,),
    )


def show_connectors(connection: sqlite3.Connection, now: float) -> None:
    """Write into connectors whether they live; the last connection of a dead one stands still."""
    register_connectors(connection)
    rows = connection.execute("SELECT id, dead_since FROM fleet_connector").fetchall()
    for identifier, dead_since in rows:
        dead = dead_since is not None and dead_since <= now
        connection.execute(
            "UPDATE resource SET body = json_set(body, '$.state', ?, '$.lastConnectionDateTime', ?)"
            " WHERE collection = ? AND id = ?",
            (
                "inactive" if dead else "active",
                format_instant(dead_since if dead else now),
                NDES_CONNECTORS,
                identifier,
            ),
        )


def list_connectors(connection: sqlite3.Connection, now: float) -> list[dict[str, Any]]:
    """Id, name, hosts (None: every one) and the instant of death of each connector."""
    register_connectors(connection)
    rows = connection.execute(
        "SELECT fleet_connector.id, json_extract(resource.body, '$.displayName'), hosts, dead_since"
        " FROM fleet_connector JOIN resource ON resource.collection = ?"
        "  AND resource.id = fleet_connector.id ORDER BY resource.seq",
        (NDES_CONNECTORS,),
    )
    return [
        {
            "id": identifier,
            "displayName": name,
            "hosts": None if hosts is None else json.loads(hosts),
            "dead": dead_since is not None and dead_since <= now,
            "dead_since": None if dead_since is None else format_instant(dead_since),
        }
        for identifier, name, hosts, dead_since in rows
    ]


def find_connector(connection: sqlite3.Connection, named: str) -> str:
    """Id of the connector with that id or name.

    Raises:
        ValueError: There is none, said in one line.
    """
    register_connectors(connection)
    rows = connection.execute(
        "SELECT id, json_extract(body, '$.displayName') FROM resource WHERE collection = ?"
        " ORDER BY seq",
        (NDES_CONNECTORS,),
    ).fetchall()
    for identifier, name in rows:
        if named in (identifier, name):
            return str(identifier)
    known = ", ".join(name for _, name in rows) or "none at all"
    raise ValueError(f"There is no connector {named[:80]!r}; there are {known}.")


def set_connector(connection: sqlite3.Connection, named: str, changes: Mapping[str, Any]) -> None:
    """Change `dead_since` (epoch seconds, None for alive) or `hosts` (None for every one)."""
    identifier = find_connector(connection, named)
    if "dead_since" in changes:
        connection.execute(
            "UPDATE fleet_connector SET dead_since = ? WHERE id = ?",
            (changes["dead_since"], identifier),
        )
    if "hosts" in changes:
        hosts = changes["hosts"]
        connection.execute(
            "UPDATE fleet_connector SET hosts = ? WHERE id = ?",
            (None if hosts is None else json.dumps(sorted(hosts)), identifier),
        )


def hosts_of(profile: Mapping[str, Any]) -> list[str]:
    """Host names of a profile's SCEP servers, in lower case and in order, each once."""
    urls: Iterable[str] = profile.get("scepServerUrls") or ()
    return sorted({(urlsplit(url).hostname or url).lower() for url in urls})


def living_hosts(connection: sqlite3.Connection, hosts: Collection[str], at: float) -> list[str]:
    """Those hosts that some living connector serves; every one in a tenant without connectors."""
    rows = connection.execute("SELECT hosts, dead_since FROM fleet_connector").fetchall()
    served = [(None if text is None else set(json.loads(text)), dead) for text, dead in rows]
    return [host for host in hosts if _lives(host, served, at)]


def _lives(host: str, served: list[tuple[set[str] | None, float | None]], at: float) -> bool:
    """A host that no connector is said to serve is none of NDES, and lives."""
    mine = [dead for hosts, dead in served if hosts is None or host in hosts]
    return not mine or any(dead is None or dead > at for dead in mine)


def deaths_between(connection: sqlite3.Connection, start: float, end: float) -> list[float]:
    """Instants of death after `start` and before `end`."""
    rows = connection.execute(
        "SELECT DISTINCT dead_since FROM fleet_connector WHERE dead_since > ? AND dead_since < ?"
        " ORDER BY dead_since",
        (start, end),
    )
    return [row[0] for row in rows]
