"""Subject names as Windows reads them (CertStrToName): `CN="A, B",OU=C`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

KEYS: Final = frozenset(
    ("CN", "E", "EMAIL", "OU", "O", "L", "ST", "S", "C", "DC", "G", "GIVENNAME", "SN", "T",
     "TITLE", "I", "INITIALS", "STREET", "SERIALNUMBER", "POSTALCODE", "POBOX", "PHONE",
     "DESCRIPTION", "DNQUALIFIER", "UNSTRUCTUREDNAME", "UNSTRUCTUREDADDRESS")
)  # fmt: skip
"""Names of attributes, upper case; object identifiers are accepted besides them."""

_OID: Final = re.compile(r"(OID\.)?[0-2](\.\d+)+", re.IGNORECASE)
_NEXT_ATTRIBUTE: Final = re.compile(r"\+\s*(?:[A-Za-z][A-Za-z0-9]*|(?:OID\.)?[0-2](?:\.\d+)+)\s*=")


@dataclass(frozen=True, slots=True)
class Part:
    """One attribute of a subject, or a piece that should have been one.

    Attributes:
        key: Upper case; empty when there is no `=`.
        value: As written, quotes included.
        text: The whole piece as written.
    """

    key: str
    value: str
    text: str

    @property
    def is_quoted(self) -> bool:
        """Whether the value as a whole is in quotes."""
        return len(self.value) >= 2 and self.value[0] == self.value[-1] == '"'

    @property
    def has_known_key(self) -> bool:
        """Whether the attribute is one that Windows documents, or an object identifier."""
        return self.key in KEYS or _OID.fullmatch(self.key) is not None


def split_subject(text: str) -> tuple[Part, ...]:
    """The attributes of a subject, from left to right.

    Commas separate, and a plus before another attribute; neither inside quotes nor after a
    backslash.
    """
    pieces: list[str] = []
    start = 0
    in_quotes = False
    for index, character in enumerate(text):
        if character == '"':
            in_quotes = not in_quotes
        elif not in_quotes and _separates(text, index):
            pieces.append(text[start:index])
            start = index + 1
    pieces.append(text[start:])
    return tuple(_part(piece.strip()) for piece in pieces)


def _separates(text: str, index: int) -> bool:
    if index and text[index - 1] == "\\":
        return False
    return text[index] == "," or bool(_NEXT_ATTRIBUTE.match(text, index))


def _part(piece: str) -> Part:
    key, equals, value = piece.partition("=")
    if not equals:
        return Part("", piece, piece)
    return Part(key.strip().upper(), value.strip(), piece)


def has_open_quote(text: str) -> bool:
    """Whether a quote is never closed."""
    return text.count('"') % 2 == 1


def is_inside_quotes(text: str, position: int) -> bool:
    """Whether a position of the text is between quotes."""
    return text.count('"', 0, position) % 2 == 1
