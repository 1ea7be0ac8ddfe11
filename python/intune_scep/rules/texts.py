"""Small pieces of messages."""

from __future__ import annotations

from collections.abc import Iterable

_BRACKETS = "{{%s}}"


def variable(name: str) -> str:
    """A variable with its brackets."""
    return _BRACKETS % name


def variables(names: Iterable[str]) -> str:
    """Variables with their brackets, once each, in a stable order."""
    return ", ".join(variable(name) for name in sorted(set(names)))


def counted(count: int, noun: str) -> str:
    """`1 certificate`, `2 certificates`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
