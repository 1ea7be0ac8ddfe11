"""Results as plain JSON values: one `to_dict` for every record that is shown field by field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from enum import Enum
from functools import cache
from pathlib import PurePath
from typing import Any

_PLAIN = frozenset({type(None), bool, int, float, str})


class Record:
    """A dataclass or named tuple whose `to_dict()` can be dumped as JSON as it is."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """Every field, by its name, as plain JSON values."""
        return {
            name: value if type(value := getattr(self, name)) in _PLAIN else to_json(value)
            for name in _names(type(self))  # type: ignore[arg-type]  # types are hashable
        }


@cache
def _names(kind: type) -> tuple[str, ...]:
    of_tuple: tuple[str, ...] | None = getattr(kind, "_fields", None)
    return tuple(field.name for field in fields(kind)) if of_tuple is None else of_tuple


def to_json(value: Any) -> Any:
    """Turn dataclasses, enums, times, paths and tuples into what `json.dumps` takes.

    What has a `to_dict` of its own speaks for itself. Times come out in UTC as
    `2026-01-31T12:00:00Z`, days as `2026-01-31`. Bytes are refused: a result names hashes and hex
    strings, never raw content. Sets are refused too: they have no order.

    Raises:
        TypeError: a value has no JSON form.
    """
    if type(value) in _PLAIN:
        return value
    if isinstance(value, Record):
        return value.to_dict()
    if isinstance(value, (bool, int, float, str)):
        return value.value if isinstance(value, Enum) else value
    if isinstance(value, Enum):
        return to_json(value.value)
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, PurePath):
        return str(value)
    if hasattr(value, "to_dict"):
        return value.to_dict()
    if is_dataclass(value) and not isinstance(value, type):
        return Record.to_dict(value)  # type: ignore[arg-type]  # has fields as a Record has
    raise TypeError(f"{type(value).__name__} has no JSON form here")
