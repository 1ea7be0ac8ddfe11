"""One `to_dict` for every dataclass that is shown field by field."""

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from enum import IntEnum, StrEnum
from pathlib import Path
from types import MappingProxyType

import pytest

from intune_scep.records import Record, to_json


class Word(StrEnum):
    ONE = "one"


class Number(IntEnum):
    TWO = 2


@dataclass(frozen=True)
class Plain:
    """A dataclass that is no record."""

    word: Word


class Speaks:
    """Has a form of its own."""

    def to_dict(self):
        return {"says": "so"}


@dataclass(frozen=True, slots=True)
class Inner(Record):
    path: Path
    number: Number | None = None


@dataclass(frozen=True)
class Outer(Record):
    items: tuple[Inner, ...]
    links: object = field(default_factory=lambda: MappingProxyType({Word.ONE: (1, 2.5, True)}))
    plain: Plain = Plain(Word.ONE)
    other: Speaks = field(default_factory=Speaks)
    at: datetime = datetime(2026, 1, 31, 13, 0, 0, 5, timezone(timedelta(hours=1)))
    day: date = date(2026, 1, 31)


def test_every_field_is_shown_by_its_name_in_order():
    data = Outer((Inner(Path("a/b"), Number.TWO), Inner(Path("c")))).to_dict()
    assert data == {
        "items": [{"path": "a/b", "number": 2}, {"path": "c", "number": None}],
        "links": {"one": [1, 2.5, True]},
        "plain": {"word": "one"},
        "other": {"says": "so"},
        "at": "2026-01-31T12:00:00Z",
        "day": "2026-01-31",
    }
    assert list(data) == ["items", "links", "plain", "other", "at", "day"]
    assert type(data["items"][0]["number"]) is int
    assert type(data["plain"]["word"]) is str
    json.dumps(data)


@pytest.mark.parametrize("value", [b"raw", {1, 2}, frozenset(), object(), Plain, UTC])
def test_what_has_no_form_is_refused(value):
    with pytest.raises(TypeError, match="has no JSON form"):
        to_json([value])
