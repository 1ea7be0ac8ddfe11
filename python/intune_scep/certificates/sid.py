"""SIDs in a certificate: where they may stand, and what is wrong with those that do not count.

Sources: DOMAIN.md 1 (the URI tag Intune writes) and its KB5014754 facts (the extension).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from intune_scep.certificates._der import (
    OCTET_STRING,
    SEQUENCE,
    DerError,
    Element,
    an,
    context,
    element_at,
    only,
    read_text,
)
from intune_scep.certificates.names import kind_of_general_name, read_other_name
from intune_scep.profiles.sid_text import SID_TAG, SidText, beside_sid, is_sid, read_sid_text
from intune_scep.records import Record

SID_EXTENSION_OID = "1.3.6.1.4.1.311.25.2"
OBJECT_SID_OID = "1.3.6.1.4.1.311.25.2.1"

_UNRESOLVED = "the variable was issued unresolved, as text"
_WRONG_PLACE = (
    "a SID stands where domain controllers do not read it: they read the extension "
    f"{SID_EXTENSION_OID} and a URI that begins with {SID_TAG}"
)
_MISPLACED_ATTEMPT = (
    "what was meant to be a SID stands where domain controllers do not read one, and is none"
)
_SHAPE = f"the SID extension is not one otherName {OBJECT_SID_OID} with an OCTET STRING"
_OTHER_NAME: Final = context(0, constructed=True)
_SHOWN_LENGTH = 200


class SidForm(StrEnum):
    """Where a SID, or something meant to be one, was found."""

    URI = "uri"
    EXTENSION = "extension"
    SAN_OTHER_NAME = "san_other_name"
    FOREIGN_URI = "foreign_uri"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class SidOccurrence(Record):
    """One place of a certificate that holds a SID or tries to.

    Attributes:
        form: `uri` and `extension` are the two that domain controllers read; `san_other_name` is
            the extension's content in the wrong place; `foreign_uri` is another product's URI;
            `elsewhere` is any other name.
        text: What stands there (octets that are not text as hex), at most 200 characters.
        sid: The SID, when a domain controller can read it here; else None.
        problem: Why not, else None.
    """

    form: SidForm
    text: str
    sid: str | None = None
    problem: str | None = None


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
    """SIDs in otherNames of the SAN, where nobody looks for them.

    Args:
        other_names: Type id (dotted) and DER value of each otherName of the SAN but UPNs.
    """
    for type_id, value in other_names:
        text = _text_of(value)
        meant = type_id in {OBJECT_SID_OID, SID_EXTENSION_OID}
        if not meant and (text is None or not _speaks_of_sids(read_sid_text(text))):
            continue
        problem = f"{_WRONG_PLACE}, not an otherName {type_id} of the subject alternative name"
        shown = value.hex() if text is None else text
        form = SidForm.SAN_OTHER_NAME if meant else SidForm.ELSEWHERE
        yield SidOccurrence(form, _shorten(shown), problem=problem)


def sids_elsewhere(texts: Iterable[str]) -> Iterator[SidOccurrence]:
    """SIDs, tags and unresolved variables in names that domain controllers do not search.

    Args:
        texts: UPNs, DNS names, e-mail addresses and the texts of the subject.
    """
    for text in texts:
        reading = read_sid_text(text)
        if not _speaks_of_sids(reading):
            continue
        problem = _WRONG_PLACE if reading.has_literal_sid else _MISPLACED_ATTEMPT
        yield SidOccurrence(SidForm.ELSEWHERE, _shorten(text), problem=problem)


def sid_in_extension(value: bytes) -> SidOccurrence:
    """What the value of the extension 1.3.6.1.4.1.311.25.2 says."""
    try:
        type_id, inner = _only_other_name(value)
    except DerError as error:
        shown = value.decode("ascii") if _is_plain(value) else value.hex()
        problem = f"{_SHAPE}: {error}"
        return SidOccurrence(SidForm.EXTENSION, _shorten(shown), problem=problem)
    if type_id != OBJECT_SID_OID:
        problem = f"the SID extension holds an otherName {type_id} instead of {OBJECT_SID_OID}"
        shown = _text_of(inner.encoded) or inner.content.hex()
        return SidOccurrence(SidForm.EXTENSION, _shorten(shown), problem=problem)
    if inner.tag != OCTET_STRING:
        problem = f"the SID in the extension must be an OCTET STRING, it is {an(inner)}"
        shown = _text_of(inner.encoded) or inner.content.hex()
        return SidOccurrence(SidForm.EXTENSION, _shorten(shown), problem=problem)
    text = _octets_as_text(inner.content)
    if is_sid(text):
        return SidOccurrence(SidForm.EXTENSION, text, sid=text)
    problem = _why_no_ascii_sid(inner.content)
    return SidOccurrence(SidForm.EXTENSION, _shorten(text), problem=problem)


def _only_other_name(value: bytes) -> tuple[str, Element]:
    names = only(value, SEQUENCE).children()
    if len(names) != 1:
        raise DerError(f"it holds {len(names)} names" if names else "it is empty")
    if names[0].tag != _OTHER_NAME:
        raise DerError(f"it holds {kind_of_general_name(names[0])} instead of an otherName")
    return read_other_name(names[0])


def _judge_uri(uri: str) -> SidOccurrence | None:
    if uri.startswith(SID_TAG):
        rest = uri.removeprefix(SID_TAG)
        if is_sid(rest):
            return SidOccurrence(SidForm.URI, uri, sid=rest)
        return SidOccurrence(SidForm.URI, _shorten(uri), problem=_why_no_sid(rest))
    reading = read_sid_text(uri)
    if reading.has_variable or reading.is_near_miss:
        return SidOccurrence(SidForm.URI, _shorten(uri), problem=_UNRESOLVED)
    if reading.has_tag:
        problem = f"the tag is not exactly {SID_TAG} followed by a SID"
        return SidOccurrence(SidForm.URI, _shorten(uri), problem=problem)
    if reading.has_literal_sid:
        problem = "the URI names a SID under another tag; domain controllers ignore it"
        return SidOccurrence(SidForm.FOREIGN_URI, _shorten(uri), problem=problem)
    return None


def _why_no_sid(rest: str) -> str:
    if not rest:
        return "nothing follows the tag"
    reading = read_sid_text(rest)
    if reading.has_tag:
        return (
            "the tag is doubled: the profile wrote the tag before "
            "{{OnPremisesSecurityIdentifier}}, which brings its own"
        )
    if reading.has_variable or reading.is_near_miss:
        return _UNRESOLVED
    beside = beside_sid(rest)
    if beside is not None:
        return f"what follows the tag is not a SID alone: {beside}"
    return "what follows the tag is not a SID"


def _why_no_ascii_sid(octets: bytes) -> str:
    if is_sid(octets.decode("utf-16-le", errors="replace").rstrip("\0")):
        return "the SID extension holds the SID as UTF-16 text; it must be ASCII"
    if octets[:1] == b"\x01" and len(octets) >= 8:
        return "the SID extension holds the SID in binary; it must be its ASCII string form"
    beside = beside_sid(octets.decode("utf-8", errors="replace"))
    if beside is not None:
        return f"the SID extension does not hold a SID alone: {beside}"
    return "the SID extension does not hold a SID"


def _speaks_of_sids(reading: SidText) -> bool:
    return reading.has_literal_sid or reading.is_attempt


def _text_of(value: bytes) -> str | None:
    """The text that a DER element holds; None if it is something else."""
    try:
        element = element_at(value)
        if element.tag == OCTET_STRING:
            return _octets_as_text(element.content)
        return read_text(element)[0]
    except DerError:
        return None


def _octets_as_text(octets: bytes) -> str:
    return octets.decode("ascii") if _is_plain(octets) else octets.hex()


def _is_plain(octets: bytes) -> bool:
    return octets.isascii() and octets.decode("ascii").strip().isprintable()


def _shorten(text: str) -> str:
    return text if len(text) <= _SHOWN_LENGTH else text[: _SHOWN_LENGTH - 1] + "…"
