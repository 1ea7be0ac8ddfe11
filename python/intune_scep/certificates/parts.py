"""A certificate taken apart: each part as its bytes, so that each is read, or fails, on its own."""

from dataclasses import dataclass
from typing import Final

from intune_scep.certificates._der import (
    BIT_STRING,
    INTEGER,
    OCTET_STRING,
    SEQUENCE,
    DerError,
    Element,
    an,
    context,
    elements,
    only,
    read_boolean,
    read_integer,
    read_oid,
)
from intune_scep.errors import InvalidCertificateError

_VERSION: Final = context(0, constructed=True)
_EXTENSIONS: Final = context(3, constructed=True)
_UNIQUE_IDS: Final = {
    context(number, constructed=form) for number in (1, 2) for form in (False, True)
}
_SIGNED_FORM: Final = (SEQUENCE, SEQUENCE, BIT_STRING)
_SKELETON: Final = (INTEGER, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE, SEQUENCE)
_PARTS: Final = ("serial number", "signature algorithm", "issuer", "validity", "subject", "key")


@dataclass(frozen=True, slots=True)
class Extension:
    """One extension, its value not decoded."""

    oid: str
    critical: bool
    value: bytes


@dataclass(frozen=True, slots=True)
class CertificateParts:
    """The parts of one certificate (RFC 5280 4.1).

    Attributes:
        der: All of it.
        signed: What the signature is over, with its header.
        version: As people count, 1 to 3; another number where it says so, None if unreadable.
        extensions: Those that could be told apart, in their order.
        unread: What is wrong with each extension that could not be told, in sentences.
        damage: Where the list of extensions breaks off and why, as a sentence; None if it is whole.
    """

    der: bytes
    signed: bytes
    version: int | None
    serial_number: Element
    issuer: Element
    validity: Element
    subject: Element
    public_key: Element
    extensions: tuple[Extension, ...]
    unread: tuple[str, ...]
    damage: str | None
    signature_algorithm: Element
    signature: Element


def take_apart(der: bytes) -> CertificateParts:
    """The parts of a certificate.

    Only the skeleton must be there: the outer form alone is also that of a request and of a
    revocation list.

    Args:
        der: One certificate, DER.

    Raises:
        InvalidCertificateError: The bytes are no certificate.
    """
    try:
        signed, algorithm, signature = signed_form(der)
        inner = list(elements(signed.content))
    except DerError as error:
        raise InvalidCertificateError(f"The bytes are not a DER certificate: {error}.") from error
    version = inner.pop(0) if inner and inner[0].tag == _VERSION else None
    _require_skeleton(inner)
    serial, _, issuer, validity, subject, key, *rest = inner
    extensions, unread, damage = _read_extensions(rest)
    return CertificateParts(
        der=der,
        signed=signed.encoded,
        version=_read_version(version),
        serial_number=serial,
        issuer=issuer,
        validity=validity,
        subject=subject,
        public_key=key,
        extensions=extensions,
        unread=unread,
        damage=damage,
        signature_algorithm=algorithm,
        signature=signature,
    )


def signed_form(der: bytes) -> tuple[Element, Element, Element]:
    """What is signed, with which algorithm, and the signature.

    Raises:
        DerError: The bytes are not SEQUENCE { SEQUENCE, SEQUENCE, BIT STRING } and nothing else.
    """
    outer = only(der, SEQUENCE).children()
    if tuple(item.tag for item in outer) != _SIGNED_FORM:
        raise DerError("it does not consist of contents, an algorithm and a signature")
    signed, algorithm, signature = outer
    return signed, algorithm, signature


def _require_skeleton(inner: list[Element]) -> None:
    for place, (tag, part) in enumerate(zip(_SKELETON, _PARTS, strict=True)):
        found = an(inner[place]) if place < len(inner) else "nothing"
        if place >= len(inner) or inner[place].tag != tag:
            raise InvalidCertificateError(
                f"The bytes are not a DER certificate: {found} stands where its {part} should be."
            )


def _read_version(element: Element | None) -> int | None:
    if element is None:
        return 1
    try:
        return read_integer(only(element.content, INTEGER)) + 1
    except DerError:
        return None


def _read_extensions(
    rest: list[Element],
) -> tuple[tuple[Extension, ...], tuple[str, ...], str | None]:
    rest = [item for item in rest if item.tag not in _UNIQUE_IDS]
    found: list[Extension] = []
    unread: list[str] = []
    if not rest:
        return (), (), None
    try:
        if [item.tag for item in rest] != [_EXTENSIONS]:
            raise DerError(f"{an(rest[0])} stands in its place")
        for place, element in enumerate(elements(only(rest[0].content, SEQUENCE).content), 1):
            try:
                found.append(_read_extension(element))
            except DerError as error:
                unread.append(f"Extension number {place} cannot be read: {error}.")
    except DerError as error:
        after = f" after {len(found) + len(unread)} of them" if found or unread else ""
        damage = f"The list of extensions is damaged{after}: {error}."
        return tuple(found), tuple(unread), damage
    return tuple(found), tuple(unread), None


def _read_extension(element: Element) -> Extension:
    parts = only(element.encoded, SEQUENCE).children()
    if len(parts) not in {2, 3}:
        raise DerError(f"an extension has {len(parts)} parts")
    critical = read_boolean(parts[1]) if len(parts) == 3 else False
    return Extension(read_oid(parts[0]), critical, only(parts[-1].encoded, OCTET_STRING).content)
