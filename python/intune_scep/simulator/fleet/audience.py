"""Whom assignments reach (ROLLOUT.md 1).

An exclusion takes users out of users and devices out of devices; one of the other kind does
nothing. Filters are not evaluated.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from intune_scep.simulator.assignments import assignments_by_profile
from intune_scep.simulator.fleet.platforms import platform_of_type
from intune_scep.simulator.resources import PROFILES, find_resource

_ALL_USERS = "#microsoft.graph.allLicensedUsersAssignmentTarget"
_ALL_DEVICES = "#microsoft.graph.allDevicesAssignmentTarget"
_GROUP = "#microsoft.graph.groupAssignmentTarget"
_EXCLUSION = "#microsoft.graph.exclusionGroupAssignmentTarget"

_REACHED = """
WITH RECURSIVE included (id) AS (
    SELECT value FROM json_each(:included)
    UNION SELECT membership.member_id FROM membership
    JOIN included ON membership.group_id = included.id
), excluded (id) AS (
    SELECT value FROM json_each(:excluded)
    UNION SELECT membership.member_id FROM membership
    JOIN excluded ON membership.group_id = excluded.id
)
SELECT number FROM fleet_device WHERE platform = :platform AND (
    (user_id IS NOT NULL AND (:all_users OR user_id IN (SELECT id FROM included))
        AND user_id NOT IN (SELECT id FROM excluded))
    OR ((:all_devices OR coalesce(entra_id, '') IN (SELECT id FROM included))
        AND coalesce(entra_id, '') NOT IN (SELECT id FROM excluded))
)"""


def reached_devices(connection: sqlite3.Connection, profile: str) -> set[int]:
    """Numbers of the devices that a profile is assigned to, on its own platform."""
    resource = find_resource(connection, PROFILES, profile)
    if resource is None:
        return set()
    found = assignments_by_profile(connection, [profile]).get(profile, [])
    targets = [each["target"] for each in found if each["intent"] == "apply"]
    kinds = {target["@odata.type"] for target in targets}
    if not kinds - {_EXCLUSION}:
        return set()
    rows = connection.execute(
        _REACHED,
        {
            "platform": platform_of_type(resource.type),
            "included": json.dumps(_groups(targets, _GROUP)),
            "excluded": json.dumps(_groups(targets, _EXCLUSION)),
            "all_users": _ALL_USERS in kinds,
            "all_devices": _ALL_DEVICES in kinds,
        },
    )
    return {row[0] for row in rows}


def mixes_everybody_with_groups(targets: Iterable[Mapping[str, Any]]) -> bool:
    """Whether All Users or All Devices stands beside included groups."""
    kinds = {target["@odata.type"] for target in targets}
    return _GROUP in kinds and bool(kinds & {_ALL_USERS, _ALL_DEVICES})


def _groups(targets: Sequence[Mapping[str, Any]], kind: str) -> list[str]:
    return [target["groupId"].lower() for target in targets if target["@odata.type"] == kind]
