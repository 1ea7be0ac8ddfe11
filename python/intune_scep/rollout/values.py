"""The values of a rollout file: how each is written, and what it means.

The patterns are those of the published schema, so they keep to what regular expressions mean
everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, time, timedelta
from typing import Any, Final

from intune_scep.rollout.model import DAYS, Answer, Freeze, MaxFailed

NONE: Final = "none"
USUAL_SOAK: Final = "24h"


def whole(pattern: str) -> str:
    """A pattern for a whole text; `$` alone lets Python take a line break after it."""
    return f"^(?:{pattern})$(?!\\n)"


_SHARE: Final = r"(?:100(?:\.0+)?|[0-9]{1,2}(?:\.[0-9]+)?) ?%"
_POSITIVE: Final = rf"(?![0.]+ ?%){_SHARE}"
_DAY: Final = "|".join(DAYS)
_DATE: Final = r"20[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
SHARE: Final = whole(_SHARE)
POSITIVE_SHARE: Final = whole(_POSITIVE)
POSITIVE_SHARE_OR_NONE: Final = whole(f"{NONE}|{_POSITIVE}")
DURATION: Final = whole("[0-9]{1,4}[mhd]")
LONG_DURATION: Final = whole(
    "(?:8[4-9][0-9]|9[0-9]{2}|[1-9][0-9]{3})m|(?:1[4-9]|[2-9][0-9]|[1-9][0-9]{2,3})h|0*[1-9][0-9]*d"
)
"""Fourteen hours and more: devices check in about every 8 hours, and Intune's report of
certificates may be 6 hours late (ROLLOUT.md 3)."""
RATE: Final = whole("[1-9][0-9]{0,6}/h")
DAYS_OF_WEEK: Final = whole(f"(?:{_DAY})(?:-(?:{_DAY}))?")
START: Final = whole("(?:[01][0-9]|2[0-3]):[0-5][0-9]")
END: Final = whole("(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00")
DATE: Final = whole(_DATE)
SPAN: Final = whole(f"{_DATE}(?:/{_DATE})?")
ZONE: Final = whole("[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+)*")
TEXT: Final = r"[^\s]"
NAME: Final = whole("[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
CLONE_NAME: Final = whole(r"(?=[\s\S]*[^\s])(?:[^{}]|\{name\})+")
QUESTION: Final = whole("[a-z][a-z0-9_]{0,99}")

_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}
_ANSWERS: Final = {"yes": True, "true": True, "no": False, "false": False}


def share(value: float | str | None) -> float | None:
    """A percentage; None where it is not asked for."""
    if value is None or value == NONE:
        return None
    return float(value.rstrip("% ")) if isinstance(value, str) else float(value)


def max_failed(value: dict[str, Any] | str | None) -> MaxFailed | None:
    """How many may fail; None where it is not asked."""
    if not isinstance(value, dict):
        return None
    count = value.get("count")
    return MaxFailed(share(value.get("share")), None if count is None else int(count))


def duration(value: str) -> timedelta:
    """A span of time such as `90m`, `24h` or `2d`."""
    return timedelta(**{_UNITS[value[-1]]: int(value[:-1])})


def rate(value: str) -> int:
    """How often in an hour: `300/h`."""
    return int(value.removesuffix("/h"))


def command(value: str | list[str] | None) -> tuple[str, ...] | None:
    """A program and its arguments."""
    if value is None or value == NONE:
        return None
    return (value,) if isinstance(value, str) else tuple(value)


def days(value: str | Iterable[str]) -> frozenset[int]:
    """Days of the week: `mon`, `mon-thu`, `fri-mon`, or a list of such."""
    if not isinstance(value, str):
        return frozenset(day for item in value for day in days(item))
    first, _, last = value.partition("-")
    start, end = DAYS.index(first), DAYS.index(last or first)
    return frozenset((start + step) % len(DAYS) for step in range((end - start) % len(DAYS) + 1))


def clock(value: str) -> time:
    """A time of the day; 24:00 is the midnight that begins the next."""
    hours, minutes = value.split(":")
    return time(int(hours) % 24, int(minutes))


def span(value: str) -> Freeze:
    """A day, or the first and the last of several.

    Raises:
        ValueError: there is no such day.
    """
    first, _, last = value.partition("/")
    return Freeze(date.fromisoformat(first), date.fromisoformat(last or first))


def answer(value: dict[str, Any]) -> Answer:
    """What somebody answered."""
    said = value["answer"]
    word = said if isinstance(said, bool) else _ANSWERS.get(str(said).lower(), str(said))
    return Answer(word, value["by"], date.fromisoformat(value["on"]))
