"""Stored assignments of profiles."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from intune_scep.simulator.messages import dump_json

Assignment = dict[str, Any]
"""A `deviceConfigurationAssignment` as it goes on the wire."""

# The ids Intune gives to its two built-in targets.
_BUILT_IN = {
    "#microsoft.graph.allDevicesAssignmentTarget": "adadadad-808e-44e2-905a-0b7873a8a531",
    "#microsoft.graph.allLicensedUsersAssignmentTarget": "acacacac-9df4-4c7d-9d50-4ef0226f57a9",
}
_CHUNK = 500


def new_assignment(profile: str, target: Mapping[str, Any], intent: str = "apply") -> Assignment:
    """The assignment of `profile` to `target`; its id is `<profile>_<group>` (GRAPH.md 2)."""
    whom = _BUILT_IN.get(target["@odata.type"]) or target.get("groupId")
    return {
        "id": f"{profile}_{whom or target.get('collectionId')}",
        "source": "direct",
        "sourceId": profile,
        "intent": intent,
        "target": dict(target),
    }


def replace_assignments(
    connection: sqlite3.Connection, profile: str, assignments: Iterable[Assignment]
) -> None:
    """Make `assignments` the profile's whole set."""
    forget_assignments(connection, profile)
    connection.executemany(
        "INSERT INTO assignment VALUES (?, ?, ?)",
        ((profile, place, dump_json(each)) for place, each in enumerate(assignments)),
    )


def forget_assignments(connection: sqlite3.Connection, profile: str) -> None:
    """Remove every assignment of a profile."""
    connection.execute("DELETE FROM assignment WHERE profile_id = ?", (profile,))


def assignments_by_profile(
    connection: sqlite3.Connection, profiles: Sequence[str]
) -> dict[str, list[Assignment]]:
    """Profile id -> its assignments, for those that have any."""
    found: dict[str, list[Assignment]] = {}
    for start in range(0, len(profiles), _CHUNK):
        chunk = profiles[start : start + _CHUNK]
        marks = ", ".join("?" * len(chunk))
        rows = connection.execute(
            f"SELECT profile_id, body FROM assignment WHERE profile_id IN ({marks})"  # noqa: S608 - placeholders only
            " ORDER BY profile_id, position",
            chunk,
        )
        for profile, text in rows:
            found.setdefault(profile, []).append(json.loads(text))
    return found
