"""What a text has to do with SIDs: the one reading that rules, verdicts and certificates share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from intune_scep.profiles.sid_uri import SID_VARIABLE
from intune_scep.profiles.variables import count_edits, fold

SID_TAG: Final = "tag:microsoft.com,2022-09-14:sid:"
"""What Intune writes before the SID; domain controllers compare it letter by letter."""

_NAME: Final = fold(SID_VARIABLE.strip("{}"))
_TAG_OWNER: Final = "tag:microsoft.com"
_SID: Final = re.compile(r"S-1-([0-9]{1,15})((?:-[0-9]{1,10}){1,15})")
_SID_ANYWHERE: Final = re.compile(
    r"(?<![a-z0-9])s-1-(?:\d+|0x[0-9a-f]+)(?:-\d+)+|s-1-(?:5-21|12-1)-\d"
)
_WRITTEN: Final = re.compile(re.escape(fold(SID_VARIABLE)))
_BRACKETED: Final = re.compile(r"\{([^{}]+)\}")
_MENTIONED: Final = re.compile(r"onprem(?:ises?)?securityidentifier")
_OTHER_NAMES: Final = frozenset({"sid", "objectsid", "usersid", "devicesid", "onpremsid",
                                 "onpremisesid", "onpremisessid"})  # fmt: skip
# Letters and symbols by their category that are blank on the screen all the same.
_BLANK: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")
# Two names of variables that differ by less are not both Microsoft's.
_SLIPS: Final = 4


@dataclass(frozen=True, slots=True)
class SidText:
    """A text, read for SIDs. Several of these may be true at once.

    Attributes:
        is_variable: It is the SID variable alone, letter case (of ASCII) and blanks around aside.
        is_spaced: It is, with white space around it: nobody knows whether Intune trims.
        has_variable: The variable stands in it as Intune resolves it, whatever else does.
        names_variable: The variable's whole name stands in it, in whatever form.
        is_near_miss: Something in it was meant to be the variable, but Intune does not resolve it:
            other brackets, blanks or invisible characters inside, a slip, `{{SID}}`.
        has_tag: A tag of Microsoft's stands in it, in whatever spelling.
        has_literal_sid: A SID stands in it, of whatever authority.
    """

    is_variable: bool
    is_spaced: bool
    has_variable: bool
    names_variable: bool
    is_near_miss: bool
    has_tag: bool
    has_literal_sid: bool

    @property
    def is_attempt(self) -> bool:
        """Whether the SID of whoever gets the certificate was meant to stand here."""
        if self.has_variable or self.is_near_miss:
            return True
        return self.has_tag and not self.has_literal_sid


def read_sid_text(text: str) -> SidText:
    """Read a text of a profile or of a certificate for SIDs.

    Characters that nobody sees, and those that only look like ASCII, are seen through to find what
    was meant; what works is decided on the text as it stands.
    """
    folded = fold(text)
    visible = _see(text)
    dense = "".join(visible.split())
    written = _WRITTEN.search(folded) is not None
    is_variable = folded.strip() == fold(SID_VARIABLE)
    return SidText(
        is_variable=is_variable,
        is_spaced=is_variable and folded != folded.strip(),
        has_variable=written,
        names_variable=_NAME in folded,
        is_near_miss=_has_near_miss(_see(_WRITTEN.sub(" ", folded))),
        has_tag=_TAG_OWNER in dense,
        has_literal_sid=any(_SID_ANYWHERE.search(form) for form in (visible, dense)),
    )


def is_sid(text: str) -> bool:
    """Whether the text is a SID in its string form (MS-DTYP 2.4.2.1, decimal authority)."""
    match = _SID.fullmatch(text)
    if match is None or int(match[1]) >= 2**48:
        return False
    return all(int(part) < 2**32 for part in match[2].split("-")[1:])


def beside_sid(text: str) -> str | None:
    """What keeps a text from being the one SID that it shows; None if it shows anything else.

    Returns:
        A clause such as `white space stands beside it`.
    """
    if is_sid(text):
        return None
    if is_sid(text.strip()):
        return "white space stands beside it"
    if not is_sid("".join(_see(text).split()).upper()):
        return None
    odd = [char for char in text if not (char.isascii() and char.isprintable())]
    if not odd:
        return "it is not written as S-1-… without blanks"
    codes = ", ".join(dict.fromkeys(f"U+{ord(char):04X}" for char in odd))
    return f"characters that nobody sees, or that only look right, stand in it ({codes})"


def _see(text: str) -> str:
    """The text as a person reads it: lower case, plain hyphens, nothing invisible."""
    if text.isascii() and text.isprintable():
        return text.lower()
    # Few texts need the tables of Unicode, so only they load them.
    from unicodedata import category, normalize

    shown = (
        _see_character(character, category(character)) for character in normalize("NFKC", text)
    )
    return "".join(shown).casefold()


def _see_character(character: str, category: str) -> str:
    if character.isspace():
        return " "
    if category[0] == "C" or category == "Mn" or character in _BLANK:
        return ""
    return "-" if category == "Pd" else character


def _has_near_miss(visible: str) -> bool:
    if _MENTIONED.search(_letters(visible)):
        return True
    return any(_is_near(_letters(match[1])) for match in _BRACKETED.finditer(visible))


_NOT_LETTERS: Final = str.maketrans("", "", " \t_-.")


def _letters(text: str) -> str:
    return text.translate(_NOT_LETTERS)


def _is_near(name: str) -> bool:
    if name in _OTHER_NAMES or "securityidentifier" in name:
        return True
    if abs(len(name) - len(_NAME)) >= _SLIPS:
        return False
    return count_edits(name, _NAME) < _SLIPS
