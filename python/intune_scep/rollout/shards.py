"""Dividing the members of a group into shares that stay: by a hash of their ids. Pure.

Whoever is in a share stays in it when others join or leave the group, and when later shares are
made larger. Shares are by chance, so small groups come out unevenly.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from typing import Any, Final

from intune_scep.errors import SelectionError
from intune_scep.wording import option

_ALL: Final = 100
_RANGE: Final = 2**64


@dataclass(frozen=True)
class Shard:
    """A share of the members of a group.

    Attributes:
        number: From 1; the last one is the rest.
        percent: What was asked for.
        users, devices: Object ids in lower case, sorted.
    """

    number: int
    percent: Fraction
    users: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "number": self.number,
            "percent": float(self.percent),
            "users": list(self.users),
            "devices": list(self.devices),
        }


@dataclass(frozen=True)
class Sharding:
    """The members of a group, divided.

    Attributes:
        group_id, group_name: The group.
        notes: What is not in the shards, and why.
    """

    group_id: str
    group_name: str
    shards: tuple[Shard, ...]
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "group": {"id": self.group_id, "name": self.group_name},
            "shards": [shard.to_dict() for shard in self.shards],
            "notes": list(self.notes),
        }


def percents_of(text: str) -> tuple[Fraction, ...]:
    """The percentages in `5,20`: each above 0, together below 100.

    Raises:
        SelectionError: they are none.
    """
    try:
        found = tuple(Fraction(part.strip().removesuffix("%").strip()) for part in text.split(","))
    except (ValueError, ZeroDivisionError) as error:
        raise _wrong(text) from error
    if any(item <= 0 for item in found) or sum(found) >= _ALL:
        raise _wrong(text)
    return found


def _wrong(text: str) -> SelectionError:
    return SelectionError(
        f"{option('percent')} {text!r} does not say how large the shards are.",
        hint="Give percentages above 0 that are together below 100, such as 5,20; the last shard is"
        " the rest.",
    )


def divide(
    percents: Sequence[Fraction], users: Iterable[str], devices: Iterable[str]
) -> tuple[Shard, ...]:
    """The shards of members; one more than there are percentages, which is the rest.

    Args:
        percents: As from `percents_of`.
        users, devices: Object ids; letter case means nothing.
    """
    bounds = [*accumulate(percents), Fraction(_ALL)]
    sizes = [*percents, _ALL - sum(percents)]
    parts = [(_divided(bounds, users)), (_divided(bounds, devices))]
    return tuple(
        Shard(number, Fraction(size), parts[0][number - 1], parts[1][number - 1])
        for number, size in enumerate(sizes, start=1)
    )


def _divided(bounds: Sequence[Fraction], ids: Iterable[str]) -> list[tuple[str, ...]]:
    parts: list[list[str]] = [[] for _ in bounds]
    for identifier in sorted({item.lower() for item in ids}):
        place = _place_of(identifier)
        parts[next(number for number, bound in enumerate(bounds) if place < bound)].append(
            identifier
        )
    return [tuple(part) for part in parts]


def _place_of(identifier: str) -> Fraction:
    """Where an id falls between 0 and 100, for ever."""
    head = hashlib.sha256(identifier.encode()).digest()[:8]
    return Fraction(int.from_bytes(head, "big") * _ALL, _RANGE)
