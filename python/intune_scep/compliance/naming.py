"""Groups and filters by their names, wherever a text or a target has only their ids."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from intune_scep.rules.targets import Target, TargetKind

_GUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def with_names(text: str, names: Mapping[str, str]) -> str:
    """A text with every id that has a name replaced by the quoted name."""

    def name(match: re.Match[str]) -> str:
        found = names.get(match[0].lower())
        return f"“{found}”" if found else match[0]

    return _GUID.sub(name, text)


def target_words(target: Target, names: Mapping[str, str]) -> str:
    """Whom a target means, in the words of the admin center."""
    whom = {
        TargetKind.ALL_USERS: "All users",
        TargetKind.ALL_DEVICES: "All devices",
    }.get(target.kind) or names.get(target.group_id, target.group_id)
    text = f"not {whom}" if target.is_exclusion else whom
    if not target.filter_id:
        return text
    return f"{text} ({target.filter_type} {names.get(target.filter_id, target.filter_id)})"


def all_words(targets: Any, names: Mapping[str, str]) -> tuple[str, ...]:
    """Several targets, inclusions first, each in alphabetical order."""
    ordered = sorted(targets, key=lambda item: (item.is_exclusion, target_words(item, names)))
    return tuple(target_words(item, names) for item in ordered)
