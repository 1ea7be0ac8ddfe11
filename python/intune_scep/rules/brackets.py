"""Curly brackets in a text: variables, broken variables, strays."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_PIECE: Final = re.compile(r"\{+[^{}]*\}+|[{}]+")
_VARIABLE: Final = re.compile(r"\{\{[^{}]*[^{}\s][^{}]*\}\}")


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of curly brackets with what stands between them.

    Attributes:
        start: Position in the text.
        is_variable: It is a name in two brackets on each side.
        has_name: Something stands between the brackets.
    """

    text: str
    start: int
    is_variable: bool
    has_name: bool


def find_pieces(text: str) -> Iterator[Piece]:
    """Yield every run of curly brackets, from left to right."""
    for found in _PIECE.finditer(text):
        piece = found.group()
        is_variable = _VARIABLE.fullmatch(piece) is not None
        yield Piece(piece, found.start(), is_variable, bool(piece.strip("{} \t")))


def broken_variables(text: str) -> list[str]:
    """Brackets that are meant as a variable, and strays that do not follow one (rule R-022)."""
    broken = []
    seen_variable = False
    for piece in find_pieces(text):
        if piece.is_variable:
            seen_variable = True
        elif piece.has_name or not seen_variable:
            broken.append(piece.text)
    return broken


def forbidden_after_variable(text: str) -> list[str]:
    """The characters `{ } | ;` in the text after the first variable, once each (rule R-054)."""
    pieces = list(find_pieces(text))
    first = next((piece.start for piece in pieces if piece.is_variable), None)
    if first is None:
        return []
    strays = "".join(p.text for p in pieces if p.start > first and not p.has_name)
    return sorted({*strays, *re.findall(r"[|;]", text[first:])} - {" ", "\t"})
