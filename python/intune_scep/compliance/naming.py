"""Targets in words, with the names of groups and filters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from intune_scep.rules.targets import Target, TargetKind


def target_words(target: Target, names: Mapping[str, str]) -> str:
    """Whom a target means, in the words of the admin center."""
    whom = {
        TargetKind.ALL_USERS: "All users",
        TargetKind.ALL_DEVICES: "All devices",
        TargetKind.COLLECTION: f"collection {target.collection_id}",
        TargetKind.OTHER: target.type_name.removeprefix("#microsoft.graph."),
    }.get(target.kind) or names.get(target.group_id, target.group_id)
    text = f"not {whom}" if target.is_exclusion else whom
    if not target.filter_id:
        return text
    return f"{text} ({target.filter_type} {names.get(target.filter_id, target.filter_id)})"


def all_words(targets: Any, names: Mapping[str, str]) -> tuple[str, ...]:
    """Several targets, inclusions first, each in alphabetical order."""
    ordered = sorted(targets, key=lambda item: (item.is_exclusion, target_words(item, names)))
    return tuple(target_words(item, names) for item in ordered)
