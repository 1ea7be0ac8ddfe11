"""Results as plain JSON values."""

from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any


def to_json(value: Any) -> Any:
    """Turn dataclasses, enums, times and tuples into what `json.dumps` takes.

    Times come out in UTC as `2026-01-31T12:00:00Z`. Bytes are refused: a result names hashes
    and hex strings, never raw content.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, dict):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    if value is None or isinstance(value, (str, int, float)):
        return value
    raise TypeError(f"{type(value).__name__} has no JSON form here")


class JsonReady:
    """A dataclass whose `to_dict()` can be dumped as JSON as it is."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """Every field, by its name, as plain JSON values."""
        result: dict[str, Any] = to_json(self)
        return result
