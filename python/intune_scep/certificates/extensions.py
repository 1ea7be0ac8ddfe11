"""The extensions of a certificate that say something to a PKI administrator, each read alone."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from intune_scep.certificates._der import (
    BOOLEAN,
    OCTET_STRING,
    SEQUENCE,
    DerError,
    Element,
    context,
    element_at,
    elements,
    only,
    read_bits,
    read_boolean,
    read_oid,
    read_text,
)
from intune_scep.certificates.names import read_general_names
from intune_scep.certificates.parts import Extension

_T = TypeVar("_T")

SUBJECT_KEY_IDENTIFIER: Final = "2.5.29.14"
KEY_USAGE: Final = "2.5.29.15"
SUBJECT_ALTERNATIVE_NAME: Final = "2.5.29.17"
ISSUER_ALTERNATIVE_NAME: Final = "2.5.29.18"
BASIC_CONSTRAINTS: Final = "2.5.29.19"
AUTHORITY_KEY_IDENTIFIER: Final = "2.5.29.35"
EXTENDED_KEY_USAGE: Final = "2.5.29.37"

_NAMES: Final = {
    SUBJECT_KEY_IDENTIFIER: "subject key identifier",
    KEY_USAGE: "key usage",
    SUBJECT_ALTERNATIVE_NAME: "subject alternative name",
    ISSUER_ALTERNATIVE_NAME: "issuer alternative name",
    BASIC_CONSTRAINTS: "basic constraints",
    AUTHORITY_KEY_IDENTIFIER: "authority key identifier",
    EXTENDED_KEY_USAGE: "extended key usage",
    "2.5.29.9": "subject directory attributes",
    "2.5.29.16": "private key usage period",
    "2.5.29.30": "name constraints",
    "2.5.29.31": "CRL distribution points",
    "2.5.29.32": "certificate policies",
    "2.5.29.33": "policy mappings",
    "2.5.29.36": "policy constraints",
    "2.5.29.46": "freshest CRL",
    "2.5.29.54": "inhibit any policy",
    "1.3.6.1.5.5.7.1.1": "authority information access",
    "1.3.6.1.5.5.7.1.3": "qualified certificate statements",
    "1.3.6.1.5.5.7.1.11": "subject information access",
    "1.3.6.1.4.1.311.20.2": "certificate template name",
    "1.3.6.1.4.1.311.21.1": "CA version",
    "1.3.6.1.4.1.311.21.7": "certificate template",
    "1.3.6.1.4.1.311.21.10": "application policies",
    "1.3.6.1.4.1.311.25.2": "SID extension",
}
_DEEPEST: Final = 24
_KEY_USAGES: Final = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)
_KEY_IDENTIFIER: Final = context(0, constructed=False)


@dataclass(frozen=True, slots=True)
class Found:
    """The values of one extension by its OID: none, one, or (which RFC 5280 4.2 forbids) more."""

    oid: str
    values: tuple[bytes, ...]

    @property
    def is_doubled(self) -> bool:
        return len(self.values) > 1


def find(extensions: Sequence[Extension], oid: str) -> Found:
    """An extension among those of a certificate."""
    return Found(oid, tuple(item.value for item in extensions if item.oid == oid))


def read_single(found: Found, read: Callable[[bytes], _T]) -> _T | None:
    """What the extension says; None if it is not there.

    Raises:
        DerError: It is damaged or stands there twice.
    """
    if not found.values:
        return None
    if found.is_doubled:
        raise DerError("it stands there twice")
    return read(found.values[0])


def name_of(oid: str) -> str:
    """The extension in words, with its OID."""
    name = _NAMES.get(oid)
    return f"extension {oid}" if name is None else f"extension “{name}” ({oid})"


def read_extended_key_usage(value: bytes) -> tuple[str, ...]:
    """The purposes, dotted."""
    return tuple(map(read_oid, only(value, SEQUENCE).children()))


def read_key_usage(value: bytes) -> tuple[str, ...]:
    """Names as in RFC 5280, snake_case."""
    octets = read_bits(only(value, 0x03))
    bits = "".join(f"{octet:08b}" for octet in octets[:2])
    used = [name for name, bit in zip(_KEY_USAGES, bits, strict=False) if bit == "1"]
    # The two "only" bits mean something beside key agreement alone.
    return tuple(name for name in used if not name.endswith("_only") or "key_agreement" in used)


def read_ca_flag(value: bytes) -> bool:
    """The CA flag of basicConstraints, false by default."""
    first = next(elements(only(value, SEQUENCE).content), None)
    return first is not None and first.tag == BOOLEAN and read_boolean(first)


def read_key_identifier(value: bytes) -> str:
    """A subject key identifier, upper-case hex."""
    return only(value, OCTET_STRING).content.hex().upper()


def read_authority_key_identifier(value: bytes) -> str | None:
    """The key identifier of the issuer, upper-case hex; None if it names the issuer only."""
    for element in only(value, SEQUENCE).children():
        if element.tag == _KEY_IDENTIFIER:
            return element.content.hex().upper()
    return None


def complaints(extensions: Sequence[Extension], *, but: frozenset[str]) -> Iterator[str]:
    """What is wrong with the extensions that nobody reads further, in sentences.

    Args:
        but: OIDs of those that are read elsewhere.
    """
    seen: set[str] = set()
    for extension in extensions:
        oid = extension.oid
        if oid in but:
            continue
        if oid in seen:
            yield f"The {name_of(oid)} stands there twice, which RFC 5280 4.2 forbids."
        seen.add(oid)
        problem = _problem(extension) if oid in _NAMES else None
        if problem is not None:
            yield f"The {name_of(oid)} cannot be read: {problem}."


def _problem(extension: Extension) -> str | None:
    if extension.oid == ISSUER_ALTERNATIVE_NAME:
        return next(iter(read_general_names(extension.value).problems), None)
    try:
        element = element_at(extension.value)
        if len(element.encoded) != len(extension.value):
            return f"something follows the {element.kind}"
        return _problem_in(element, _DEEPEST)
    except DerError as error:
        return str(error)


def _problem_in(element: Element, depth: int) -> str | None:
    if not depth:
        return "it is nested beyond all measure"
    if element.is_text:
        return read_text(element)[1]
    if not element.is_constructed:
        return None
    problems = (_problem_in(child, depth - 1) for child in element.children())
    return next((problem for problem in problems if problem is not None), None)
