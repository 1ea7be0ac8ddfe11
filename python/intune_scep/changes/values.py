"""Values of plans and journals, read back as what they were written as: never converted. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, TypeVar

T = TypeVar("T")


class NotAsWrittenError(ValueError):
    """A value is of a type that nothing here writes."""


def object_of(value: Any) -> dict[str, Any]:
    """A JSON object.

    Raises:
        NotAsWrittenError: it is none. So do all of these functions.
    """
    return _checked(value, dict, "an object")


def list_of(value: Any) -> list[Any]:
    return _checked(value, list, "a list")


def objects_of(value: Any) -> tuple[dict[str, Any], ...]:
    return tuple(map(object_of, list_of(value)))


def text_of(value: Any) -> str:
    return _checked(value, str, "a text")


def texts_of(value: Any) -> tuple[str, ...]:
    return tuple(map(text_of, list_of(value)))


def text_or_none(value: Any) -> str | None:
    return None if value is None else text_of(value)


def flag_of(value: Any) -> bool:
    return _checked(value, bool, "true or false")


def number_of(value: Any) -> int:
    """A whole number; true and false are none, though Python takes them for some."""
    return _checked(None if isinstance(value, bool) else value, int, "a whole number")


def number_or_none(value: Any) -> int | None:
    return None if value is None else number_of(value)


def _checked(value: Any, kind: type[T], word: str) -> T:
    if not isinstance(value, kind):
        raise NotAsWrittenError(f"something else stands where {word} should be")
    return value


def moment_of(text: str) -> datetime | None:
    """A time as journals write it; None where it is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
