"""Small pieces of messages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from typing import TypeVar

_T = TypeVar("_T", bound=Hashable)

_BRACKETS = "{{%s}}"
_MOST_NAMED = 3


def variable(name: str) -> str:
    """A variable with its brackets."""
    return _BRACKETS % name


def variables(names: Iterable[str]) -> str:
    """Variables with their brackets, once each, in a stable order."""
    return ", ".join(variable(name) for name in sorted(set(names)))


def counted(count: int, noun: str) -> str:
    """`1 certificate`, `2 certificates`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def listed(names: Sequence[str]) -> str:
    """How many profiles, and the first of their names."""
    shown = ", ".join(sorted(names, key=str.casefold)[:_MOST_NAMED])
    rest = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"({counted(len(names), 'profile')}: {shown}{rest})"


def repeated(items: Sequence[_T]) -> list[tuple[_T, int]]:
    """What is there more than once, and how often."""
    if len(set(items)) == len(items):
        return []
    return [(item, count) for item, count in Counter(items).items() if count > 1]
