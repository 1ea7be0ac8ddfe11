"""The texts of a SCEP profile that end up in its certificates, each taken apart once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from intune_scep.memory import once, remembered
from intune_scep.profiles import KnownVariable, find_variables, fold_variables, known_variable
from intune_scep.profiles.sid_text import SidText, read_sid_text
from intune_scep.profiles.variables import fold
from intune_scep.profiles.vocabulary import URI, san_label
from intune_scep.rules.brackets import broken_variables, forbidden_after_variable
from intune_scep.rules.distinguished_name import Part, split_subject

SUBJECT: Final = "subjectNameFormatString"
LEGACY_SAN: Final = "subjectAlternativeNameFormatString"
SANS: Final = "customSubjectAlternativeNames"

_VARIABLE: Final = re.compile(r"\{\{[^{}]+\}\}")
_ESCAPE: Final = re.compile(r"\\[+;,=]")


@dataclass(frozen=True, slots=True)
class Used:
    """A variable in its place.

    Attributes:
        name: As written, without brackets.
        folded: Without letter case.
        known: What is known of it, or None.
        start: Position in the text.
    """

    name: str
    folded: str
    known: KnownVariable | None
    start: int


@dataclass(frozen=True)
class Place:
    """A text that ends up in the certificate; each answer about it is worked out once.

    Attributes:
        label: In words, for messages.
        wire_name: Of the property it stands in.
        text: As written.
        san_type: `sanType` of a subject alternative name; None elsewhere.
        variables: In the order of the text.
        sid: What the text has to do with SIDs.
    """

    label: str
    wire_name: str
    text: str
    san_type: str | None
    variables: tuple[Used, ...]
    sid: SidText

    @property
    def is_uri(self) -> bool:
        """Whether it is a URI, the only place where the SID variable works."""
        return self.san_type == URI

    @once
    def is_sid_uri(self) -> bool:
        """Whether it is the SID URI, blanks around it and letter case aside."""
        return self.is_uri and self.sid.is_variable

    @once
    def misuses_sid(self) -> bool:
        """Whether a SID was meant to stand in it, but Intune does not put one there."""
        return self.sid.is_attempt and not self.is_sid_uri

    @once
    def folded(self) -> str:
        """The text with variables in lower case."""
        return fold_variables(self.text)

    @once
    def broken(self) -> tuple[str, ...]:
        """Brackets in it that make no variable (rule R-022)."""
        return tuple(broken_variables(self.text))

    @once
    def forbidden(self) -> tuple[str, ...]:
        """Characters that must not follow a variable (rule R-054)."""
        return tuple(forbidden_after_variable(self.text))

    @once
    def fixed(self) -> str:
        """The text without its variables."""
        return _VARIABLE.sub("", self.text)

    @once
    def escapes(self) -> tuple[str, ...]:
        """Special characters with a backslash before them, once each (rule R-029)."""
        return tuple(sorted(set(_ESCAPE.findall(self.text))))

    @once
    def parts(self) -> tuple[Part, ...]:
        """The attributes of a subject; none if it is empty."""
        return split_subject(self.text) if self.text.strip() else ()


_LABELS: Final = {SUBJECT: "subject", LEGACY_SAN: "legacy alternative name format"}


@remembered
def read_place(wire_name: str, text: str, san_type: str | None = None) -> Place:
    """A text and where it stands: a property, and of a subject alternative name its `sanType`."""
    is_san = wire_name == SANS
    label = f"{san_label(san_type)} alternative name" if is_san else _LABELS[wire_name]
    variables = tuple(
        Used(found.name, fold(found.name), known_variable(found.name), found.start)
        for found in find_variables(text)
    )
    kind = (san_type or "") if is_san else None
    return Place(label, wire_name, text, kind, variables, read_sid_text(text))
