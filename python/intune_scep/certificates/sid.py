"""SIDs in a certificate: where they may stand, and what is wrong with those that do not count.

Sources: DOMAIN.md 1 (the URI tag Intune writes) and 2.2 (the extension).
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from intune_scep.certificates._asn1 import (
    OBJECT_SID,
    Asn1Error,
    read_octet_string,
    read_sid_extension,
)
from intune_scep.certificates._json import JsonReady

SID_TAG = "tag:microsoft.com,2022-09-14:sid:"
SID_EXTENSION_OID = "1.3.6.1.4.1.311.25.2"
OBJECT_SID_OID = OBJECT_SID.dotted_string

_SID = re.compile(r"S-1-([0-9]{1,15})((?:-[0-9]{1,10}){1,15})")
_SID_ANYWHERE = re.compile(r"S-1-[0-9]+(?:-[0-9]+)+", re.IGNORECASE)
_VARIABLE = re.compile(r"\{\{\s*OnPremisesSecurityIdentifier\s*\}\}", re.IGNORECASE)
_TAG_OWNER = "tag:microsoft.com"
_SHOWN_LENGTH = 200


class SidForm(StrEnum):
    """Where a SID, or something meant to be one, was found."""

    URI = "uri"
    EXTENSION = "extension"
    SAN_OTHER_NAME = "san_other_name"
    FOREIGN_URI = "foreign_uri"


@dataclass(frozen=True, slots=True)
class SidOccurrence(JsonReady):
    """One place of a certificate that holds a SID or tries to.

    Attributes:
        form: `uri` and `extension` are the two that domain controllers read; `san_other_name` is
            the extension's content in the wrong place; `foreign_uri` is another product's URI.
        text: What stands there (octets that are not text as hex), at most 200 characters.
        sid: The SID, when a domain controller can read it here; else None.
        problem: Why not, else None.
    """

    form: SidForm
    text: str
    sid: str | None = None
    problem: str | None = None


def is_sid(text: str) -> bool:
    """Whether the text is a SID in its string form (MS-DTYP 2.4.2.1, decimal authority)."""
    match = _SID.fullmatch(text)
    if match is None or int(match[1]) >= 2**48:
        return False
    return all(int(part) < 2**32 for part in match[2].split("-")[1:])


def is_domain_account_sid(sid: str) -> bool:
    """Whether an account of an Active Directory domain can have this SID: `S-1-5-21-a-b-c-rid`."""
    return sid.startswith("S-1-5-21-") and sid.count("-") == 7


def sids_in_uris(uris: Iterable[str]) -> Iterator[SidOccurrence]:
    """The URI names that are a SID URI, were meant to be one, or hold a SID for someone else."""
    for uri in uris:
        occurrence = _judge_uri(uri)
        if occurrence is not None:
            yield occurrence


def sids_in_other_names(other_names: Iterable[tuple[str, bytes]]) -> Iterator[SidOccurrence]:
    """SID otherNames in the SAN: the content of the SID extension where nobody looks for it.

    Args:
        other_names: Type id (dotted) and DER value of each otherName of the SAN.
    """
    for type_id, value in other_names:
        if type_id != OBJECT_SID_OID:
            continue
        try:
            text = _octets_as_text(read_octet_string(value))
        except Asn1Error:
            text = value.hex()
        problem = (
            f"the SID is an otherName {OBJECT_SID_OID} of the subject alternative name; "
            f"domain controllers read it from the extension {SID_EXTENSION_OID} only"
        )
        yield SidOccurrence(SidForm.SAN_OTHER_NAME, _shorten(text), problem=problem)


def sid_in_extension(value: bytes) -> SidOccurrence:
    """What the value of the extension 1.3.6.1.4.1.311.25.2 says."""
    try:
        type_id, octets = read_sid_extension(value)
    except Asn1Error as error:
        problem = (
            f"the SID extension is not one otherName {OBJECT_SID_OID} "
            f"with an OCTET STRING ({_parser_words(error)})"
        )
        return SidOccurrence(SidForm.EXTENSION, _shorten(value.hex()), problem=problem)
    text = _octets_as_text(octets)
    if type_id != OBJECT_SID_OID:
        problem = f"the SID extension holds an otherName {type_id} instead of {OBJECT_SID_OID}"
        return SidOccurrence(SidForm.EXTENSION, _shorten(text), problem=problem)
    if is_sid(text):
        return SidOccurrence(SidForm.EXTENSION, text, sid=text)
    return SidOccurrence(SidForm.EXTENSION, _shorten(text), problem=_why_no_ascii_sid(octets))


def _judge_uri(uri: str) -> SidOccurrence | None:
    if uri.startswith(SID_TAG):
        rest = uri.removeprefix(SID_TAG)
        if is_sid(rest):
            return SidOccurrence(SidForm.URI, uri, sid=rest)
        return SidOccurrence(SidForm.URI, _shorten(uri), problem=_why_no_sid(rest))
    if _VARIABLE.search(uri):
        problem = "the variable was issued unresolved, as text"
        return SidOccurrence(SidForm.URI, _shorten(uri), problem=problem)
    if _TAG_OWNER in uri.casefold():
        problem = f"the tag is not exactly {SID_TAG} followed by a SID"
        return SidOccurrence(SidForm.URI, _shorten(uri), problem=problem)
    if _SID_ANYWHERE.search(uri):
        problem = "the URI names a SID under another tag; domain controllers ignore it"
        return SidOccurrence(SidForm.FOREIGN_URI, _shorten(uri), problem=problem)
    return None


def _why_no_sid(rest: str) -> str:
    if not rest:
        return "nothing follows the tag"
    if _TAG_OWNER in rest.casefold():
        return (
            "the tag is doubled: the profile wrote the tag before "
            "{{OnPremisesSecurityIdentifier}}, which brings its own"
        )
    if _VARIABLE.search(rest):
        return "the variable was issued unresolved, as text"
    return "what follows the tag is not a SID"


def _why_no_ascii_sid(octets: bytes) -> str:
    if is_sid(octets.decode("utf-16-le", errors="replace").rstrip("\0")):
        return "the SID extension holds the SID as UTF-16 text; it must be ASCII"
    if octets[:1] == b"\x01" and len(octets) >= 8:
        return "the SID extension holds the SID in binary; it must be its ASCII string form"
    return "the SID extension does not hold a SID"


def _octets_as_text(octets: bytes) -> str:
    text = octets.decode("ascii", errors="replace")
    return text if text.isascii() and text.isprintable() else octets.hex()


def _parser_words(error: Asn1Error) -> str:
    return str(error).removeprefix("error parsing asn1 value: ")


def _shorten(text: str) -> str:
    return text if len(text) <= _SHOWN_LENGTH else text[: _SHOWN_LENGTH - 1] + "…"
