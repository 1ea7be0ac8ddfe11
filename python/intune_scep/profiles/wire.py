"""Wire objects of profiles as plain JSON: copying them, and what of them may be written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from intune_scep.profiles.properties import (
    DEVICE_CONFIGURATION,
    NAVIGATION_PROPERTIES,
    RESOURCE_ACCESS_PROFILE,
)

SERVER_OWNED: Final = frozenset(
    row.name for row in DEVICE_CONFIGURATION + RESOURCE_ACCESS_PROFILE if row.server_owned
)
"""Properties only Graph writes: id, version, dates, supportsScopeTags."""


def copy_json(value: Any) -> Any:
    """A copy of a JSON value that shares no list and no object with it.

    Walks with a list of its own instead of recursion: depth comes from outside.
    """
    if not isinstance(value, (dict, list)):
        return value
    root = value.copy()
    pending = [root]
    while pending:
        container = pending.pop()
        items = container.items() if isinstance(container, dict) else enumerate(container)
        for key, item in items:
            if isinstance(item, (dict, list)):
                container[key] = item.copy()
                pending.append(container[key])
    return root


def is_annotation(name: str) -> bool:
    """Whether a wire name is an annotation (`@odata.context`, `assignments@odata.context`, …)."""
    return "@" in name


def is_writable(name: str) -> bool:
    """Whether a property of a profile belongs into a write (GRAPH.md 3.2).

    Not the server's own properties, not links to other entities, and of the annotations only
    `@odata.type` and binds.
    """
    if is_annotation(name):
        return name == "@odata.type" or name.endswith("@odata.bind")
    return name not in SERVER_OWNED and name not in NAVIGATION_PROPERTIES


def writable(wire: Mapping[str, Any]) -> dict[str, Any]:
    """What of a profile's wire object a create may carry, in the same order.

    Unknown properties stay. `roleScopeTagIds` is left out when it is null or empty, which Graph
    refuses (GRAPH.md 3.2). The result shares nothing with `wire`.
    """
    kept = {name: value for name, value in wire.items() if is_writable(name)}
    if not kept.get("roleScopeTagIds", True):
        del kept["roleScopeTagIds"]
    result: dict[str, Any] = _without_annotations(copy_json(kept))
    return result


def _without_annotations(root: dict[str, Any]) -> dict[str, Any]:
    """Take nested annotations other than `@odata.type` out of a wire object, in place."""
    pending: list[Any] = list(root.values())
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            for name in [key for key in value if is_annotation(key) and key != "@odata.type"]:
                del value[name]
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
    return root
