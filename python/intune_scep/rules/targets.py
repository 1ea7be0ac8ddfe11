"""Whom a profile is assigned to, in a form that can be compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final


class TargetKind(StrEnum):
    """The kind of an assignment's target."""

    GROUP = "group"
    EXCLUDED_GROUP = "excluded_group"
    ALL_USERS = "all_users"
    ALL_DEVICES = "all_devices"
    OTHER = "other"


_KINDS: Final = {
    "groupassignmenttarget": TargetKind.GROUP,
    "exclusiongroupassignmenttarget": TargetKind.EXCLUDED_GROUP,
    "alllicensedusersassignmenttarget": TargetKind.ALL_USERS,
    "alldevicesassignmenttarget": TargetKind.ALL_DEVICES,
}


@dataclass(frozen=True, slots=True)
class Target:
    """One target of an assignment (GRAPH.md 2).

    Attributes:
        group_id: Lower case; empty for all users and all devices.
        filter_id: Of the assignment filter, lower case; empty for none.
        filter_type: `include` or `exclude`; empty without a filter.
    """

    kind: TargetKind
    group_id: str = ""
    filter_id: str = ""
    filter_type: str = ""

    @property
    def is_exclusion(self) -> bool:
        """Whether it takes a group out."""
        return self.kind is TargetKind.EXCLUDED_GROUP

    def __str__(self) -> str:
        base = {
            TargetKind.ALL_USERS: "All users",
            TargetKind.ALL_DEVICES: "All devices",
            TargetKind.GROUP: f"group {self.group_id}",
            TargetKind.EXCLUDED_GROUP: f"excluded group {self.group_id}",
            TargetKind.OTHER: self.group_id,
        }[self.kind]
        return f"{base} ({self.filter_type} filter {self.filter_id})" if self.filter_id else base


def read_targets(assignments: Iterable[Mapping[str, Any]]) -> frozenset[Target]:
    """The targets of assignments, wire objects of `deviceConfigurationAssignment`.

    Assignments with the intent `remove` take the profile away and so are left out.
    """
    return frozenset(
        _target(assignment.get("target") or {})
        for assignment in assignments
        if str(assignment.get("intent") or "apply").lower() != "remove"
    )


def _target(wire: Mapping[str, Any]) -> Target:
    name = str(wire.get("@odata.type") or "").lower().removeprefix("#microsoft.graph.")
    kind = _KINDS.get(name, TargetKind.OTHER)
    filter_type = str(wire.get("deviceAndAppManagementAssignmentFilterType") or "none").lower()
    filter_id = str(wire.get("deviceAndAppManagementAssignmentFilterId") or "").lower()
    filtered = bool(filter_id) and filter_type != "none" and kind is not TargetKind.EXCLUDED_GROUP
    return Target(
        kind,
        group_id=str(wire.get("groupId") or (name if kind is TargetKind.OTHER else "")).lower(),
        filter_id=filter_id if filtered else "",
        filter_type=filter_type if filtered else "",
    )


def included(targets: Iterable[Target]) -> frozenset[Target]:
    """The targets that give the profile."""
    return frozenset(target for target in targets if not target.is_exclusion)


def excluded_groups(targets: Iterable[Target]) -> frozenset[str]:
    """Ids of the groups that are taken out."""
    return frozenset(target.group_id for target in targets if target.is_exclusion)


def describe(targets: Iterable[Target]) -> str:
    """Targets in words, in a stable order."""
    return ", ".join(sorted(str(target) for target in targets)) or "nobody"
