"""Whom a profile is assigned to, as rules compare it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from intune_scep.profiles.targets import Target, TargetKind, is_removal, targets_of

__all__ = ["Target", "TargetKind", "describe", "excluded_groups", "included", "read_targets"]


def read_targets(assignments: Iterable[Mapping[str, Any]]) -> frozenset[Target]:
    """The targets of assignments, wire objects of `deviceConfigurationAssignment`.

    Assignments with the intent `remove` take the profile away and so are left out; a filter on an
    exclusion means nothing.
    """
    given = [assignment for assignment in assignments if not is_removal(assignment)]
    return frozenset(_compared(target) for target in targets_of(given))


def _compared(target: Target) -> Target:
    folded = target.folded
    return replace(folded, filter_id="", filter_type="") if folded.is_exclusion else folded


def included(targets: Iterable[Target]) -> frozenset[Target]:
    """The targets that give the profile."""
    return frozenset(target for target in targets if not target.is_exclusion)


def excluded_groups(targets: Iterable[Target]) -> frozenset[str]:
    """Ids of the groups that are taken out."""
    return frozenset(target.group_id for target in targets if target.is_exclusion)


def describe(targets: Iterable[Target]) -> str:
    """Targets in words, in a stable order."""
    return ", ".join(sorted(map(_words, targets))) or "nobody"


def _words(target: Target) -> str:
    base = {
        TargetKind.ALL_USERS: "All users",
        TargetKind.ALL_DEVICES: "All devices",
        TargetKind.GROUP: f"group {target.group_id}",
        TargetKind.EXCLUDED_GROUP: f"excluded group {target.group_id}",
        TargetKind.COLLECTION: f"collection {target.collection_id}",
        TargetKind.OTHER: target.type_name.removeprefix("#microsoft.graph."),
    }[target.kind]
    if not target.filter_id:
        return base
    return f"{base} ({target.filter_type} filter {target.filter_id})"
