"""Text that others wrote, made harmless before a person or a terminal sees it.

What a terminal would obey, and what cannot be seen, is shown as an escape: control characters,
marks that turn the reading direction, characters without a width, line separators, halves of
surrogate pairs. Everything else stays as it is, in any script.
"""

from __future__ import annotations

import codecs
import json
import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Final

_SUSPECT: Final = re.compile(r"[^\n\t\x20-\x7e]")
# Unicode calls these letters and marks, yet nothing of them is drawn.
_BLANK: Final = frozenset(
    map(chr, (0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810), 0x3164, 0xFFA0))
) | frozenset(map(chr, range(0xE0100, 0xE01F0)))


def printable(text: object) -> str:
    """Text with an escape, such as `\\x1b`, for every character that could deceive.

    Line breaks and tabs stay.
    """
    return _escape(str(text), _shown)


_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order marks; that of UTF-32 begins as that of UTF-16 does, and so comes first."""


def decoded(data: bytes) -> str:
    """Text in UTF-8, or in UTF-16 or UTF-32 as Windows PowerShell writes it.

    The byte order mark tells, or in UTF-16 without one the zero byte of an ASCII character.

    Raises:
        UnicodeError: it is none of these.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding)
    if len(data) % 2 == 0 and data[:2].count(0) == 1:
        return data.decode("utf-16-be" if data[0] == 0 else "utf-16-le")
    return data.decode()


def one_line(text: object) -> str:
    """Printable text on one line, every run of blanks being one space."""
    return " ".join(printable(text).split())


def told_once(told: Iterable[tuple[str, str]], *, most: int = 3) -> list[str]:
    """What is said of many, each sentence once: `A, B, C and 67 more: No root has the name.`

    Args:
        told: Pairs of whom a sentence is about, and the sentence.
        most: How many are named.
    """
    about: dict[str, dict[str, None]] = {}
    for who, sentence in told:
        about.setdefault(sentence, {})[who] = None
    return [
        f"{first_of(filter(None, names), most=most)}: {sentence}" if any(names) else sentence
        for sentence, names in about.items()
    ]


def first_of(names: Iterable[str], *, most: int) -> str:
    """The first names and how many more there are, as `A, B and 3 more`."""
    known = list(names)
    listed = ", ".join(known[:most])
    return f"{listed} and {len(known) - most} more" if len(known) > most else listed


_ON_ONE_LINE: Final = json.JSONEncoder(ensure_ascii=False).encode


def json_text(value: Any, *, indent: int | None = 2) -> str:
    """JSON with the same characters escaped as `printable` escapes, readable in any script."""
    text = (
        _ON_ONE_LINE(value)
        if indent is None
        else json.dumps(value, indent=indent, ensure_ascii=False)
    )
    return _escape(text, _escaped)


def _escape(text: str, shown: Callable[[str], str]) -> str:
    # Almost every text is plain, and known to be so without a search.
    if text.isascii() and text.isprintable():
        return text
    return _SUSPECT.sub(lambda match: shown(match[0]), text)


@lru_cache(maxsize=4096)
def _shown(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii") if _deceives(character) else character


@lru_cache(maxsize=4096)
def _escaped(character: str) -> str:
    return json.dumps(character)[1:-1] if _deceives(character) else character


def _deceives(character: str) -> bool:
    if character.isprintable():
        return character in _BLANK
    return unicodedata.category(character) != "Zs"
