"""References between profiles: root certificates, identity certificates and their like."""

import re
import sqlite3
from collections.abc import Iterable

from intune_scep.simulator.context import Context
from intune_scep.simulator.graph_errors import bad_request
from intune_scep.simulator.resources import PROFILES, Resource, find_resource
from intune_scep.simulator.schema import Navigation

ROOT = "rootCertificate"

_REFERENCE = re.compile(
    r"(?:(?P<scheme>https?)://(?P<host>[^/?#]+))?(?:/?(?:beta|v1\.0))?/?"
    r"deviceManagement/deviceConfigurations(?:\('(?P<key>[^'/()]+)'\)|/(?P<id>[^'/()?#]+))"
)
_GRAPH_HOSTS = frozenset(
    {
        "graph.microsoft.com",
        "graph.microsoft.us",
        "dod-graph.microsoft.us",
        "microsoftgraph.chinacloudapi.cn",
    }
)


def read_reference(context: Context, reference: object, navigation: Navigation) -> Resource:
    """The profile an entity reference points at.

    Raises:
        GraphError: 400: it is no reference, points nowhere, or at a profile of the wrong type.
    """
    match = _REFERENCE.fullmatch(reference) if isinstance(reference, str) else None
    if match is None:
        raise bad_request("The value is not a reference to a deviceConfiguration.")
    host = match["host"]
    if host is not None and host not in _GRAPH_HOSTS and host != context.request.host:
        raise bad_request(f"The reference points at another service: '{host[:100]}'.")
    target = find_resource(context.connection, PROFILES, match["key"] or match["id"])
    if target is None:
        raise bad_request("The referenced deviceConfiguration does not exist.")
    if not target.type.is_a(navigation.target):
        raise bad_request(
            f"The referenced profile is a '{target.type.name}', not a '{navigation.target}'."
        )
    return target


def set_link(connection: sqlite3.Connection, source: str, navigation: str, target: str) -> None:
    """Make `target` the only one `navigation` leads to."""
    clear_links(connection, source, navigation)
    add_link(connection, source, navigation, target)


def add_link(connection: sqlite3.Connection, source: str, navigation: str, target: str) -> None:
    """Let `navigation` also lead to `target`."""
    connection.execute("INSERT OR IGNORE INTO link VALUES (?, ?, ?)", (source, navigation, target))


def add_links(connection: sqlite3.Connection, links: Iterable[tuple[str, str, str]]) -> None:
    """Add many (source, navigation, target)."""
    connection.executemany("INSERT OR IGNORE INTO link VALUES (?, ?, ?)", links)


def clear_links(connection: sqlite3.Connection, source: str, navigation: str) -> int:
    """Let `navigation` lead nowhere; how many references there were."""
    cursor = connection.execute(
        "DELETE FROM link WHERE source_id = ? AND navigation = ?", (source, navigation)
    )
    return cursor.rowcount


def remove_link(connection: sqlite3.Connection, source: str, navigation: str, target: str) -> int:
    """Remove one reference; how many there were."""
    cursor = connection.execute(
        "DELETE FROM link WHERE source_id = ? AND navigation = ? AND target_id = ?",
        (source, navigation, target),
    )
    return cursor.rowcount


def forget_profile(connection: sqlite3.Connection, profile: str) -> None:
    """Remove every reference from and to a deleted profile."""
    connection.execute("DELETE FROM link WHERE source_id = ? OR target_id = ?", (profile, profile))


def linked_ids(connection: sqlite3.Connection, source: str, navigation: str) -> list[str]:
    """Ids `navigation` leads to."""
    rows = connection.execute(
        "SELECT target_id FROM link WHERE source_id = ? AND navigation = ? ORDER BY rowid",
        (source, navigation),
    )
    return [row[0] for row in rows]
