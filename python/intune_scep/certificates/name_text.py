"""Distinguished names that somebody wrote as text: of .NET, Windows, OpenSSL and RFC 4514.

Nobody here has seen the real certificate report, so no order of the parts is taken for granted:
see `encoded_order`.
"""

import re
from collections.abc import Iterator
from typing import Final

from intune_scep.certificates._der import DerError
from intune_scep.certificates.names import DistinguishedName, read_name
from intune_scep.certificates.parts import take_apart
from intune_scep.errors import CertificateError

_KEYS: Final = {
    "CN": "2.5.4.3",
    "COMMONNAME": "2.5.4.3",
    "SN": "2.5.4.4",
    "SURNAME": "2.5.4.4",
    "SERIALNUMBER": "2.5.4.5",
    "C": "2.5.4.6",
    "L": "2.5.4.7",
    "S": "2.5.4.8",
    "ST": "2.5.4.8",
    "STREET": "2.5.4.9",
    "O": "2.5.4.10",
    "OU": "2.5.4.11",
    "T": "2.5.4.12",
    "TITLE": "2.5.4.12",
    "G": "2.5.4.42",
    "GN": "2.5.4.42",
    "GIVENNAME": "2.5.4.42",
    "I": "2.5.4.43",
    "INITIALS": "2.5.4.43",
    "E": "1.2.840.113549.1.9.1",
    "EMAIL": "1.2.840.113549.1.9.1",
    "EMAILADDRESS": "1.2.840.113549.1.9.1",
    "DC": "0.9.2342.19200300.100.1.25",
    "UID": "0.9.2342.19200300.100.1.1",
    "USERID": "0.9.2342.19200300.100.1.1",
}
_COMMON_NAME: Final = "2.5.4.3"
# What stands at the top of a name that Windows or a public CA encodes, most certain first.
_TOPS: Final = ("0.9.2342.19200300.100.1.25", "2.5.4.6")
_DOTTED: Final = re.compile(r"(?:OID\.)?([0-2](?:\.(?:0|[1-9][0-9]*))+)", re.IGNORECASE)
_HEX: Final = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_ESCAPABLE: Final = frozenset('\\"+,;<>=# ')
_LONGEST: Final = 4096

Rdns = tuple[tuple[tuple[str, str | bytes], ...], ...]


def read_name_text(text: str) -> DistinguishedName:
    """A name with its parts in the order in which they are written.

    Both ways of quoting are known: `"Contoso, Ltd."` with doubled quotation marks, and `\\,`.

    Raises:
        CertificateError: It is no such name, or of a kind of part that is not known.
    """
    if len(text) > _LONGEST:
        raise CertificateError("it is longer than 4096 characters")
    rdns = tuple(tuple(map(_attribute, rdn)) for rdn in _split(text))
    return DistinguishedName(rdns, ())


def encoded_order(name: DistinguishedName) -> DistinguishedName:
    """The name with its parts as a certificate holds them, found from the text itself.

    A domain or a country stands first in what Windows and public CAs encode, and the common name
    last. Tools write that order or the reverse, so the text tells which of the two it is.

    Raises:
        CertificateError: The text does not tell.
    """
    rdns = name.rdns
    if len(rdns) == 1:
        return name
    for kind in _TOPS:
        first, last = (any(oid == kind for oid, _ in rdn) for rdn in (rdns[0], rdns[-1]))
        if first != last:
            return name if first else DistinguishedName(rdns[::-1], ())
    first, last = (any(oid == _COMMON_NAME for oid, _ in rdn) for rdn in (rdns[0], rdns[-1]))
    if first != last:
        return name if last else DistinguishedName(rdns[::-1], ())
    raise CertificateError("it does not tell which of its parts stands first in the certificate")


def subject_of(der: bytes) -> DistinguishedName:
    """The subject of a certificate, as it is encoded.

    Raises:
        CertificateError: The bytes are no certificate, or its subject cannot be read.
    """
    try:
        name = read_name(take_apart(der).subject)
    except DerError as error:
        raise CertificateError("The subject of the certificate cannot be read.") from error
    return DistinguishedName(name.rdns, ())


def name_key(name: DistinguishedName) -> tuple[tuple[tuple[str, str], ...], ...]:
    """The name for comparison, whatever the order of its parts, letter case and blanks."""
    parts = [tuple(sorted((oid, _folded(value)) for oid, value in rdn)) for rdn in name.rdns]
    return tuple(sorted(parts))


def _folded(value: str | bytes) -> str:
    return value.hex() if isinstance(value, bytes) else " ".join(value.split()).casefold()


def _attribute(written: tuple[str, str | bytes]) -> tuple[str, str | bytes]:
    key, value = written
    dotted = _DOTTED.fullmatch(key)
    oid = dotted[1] if dotted else _KEYS.get(key.upper())
    if oid is None:
        raise CertificateError(f"the kind of part “{key}” is not known")
    return oid, value


def _split(text: str) -> Iterator[list[tuple[str, str | bytes]]]:
    """Each part with its attributes, as written."""
    rdn: list[tuple[str, str | bytes]] = []
    place = 0
    while True:
        key, equals, _ = text[place:].partition("=")
        if not equals or not key.strip():
            raise CertificateError("a part has no “=”")
        value, place = _value(text, place + len(key) + 1)
        rdn.append((key.strip(), value))
        if place >= len(text):
            yield rdn
            return
        if text[place] != "+":
            yield rdn
            rdn = []
        place += 1


def _value(text: str, place: int) -> tuple[str | bytes, int]:
    """One value, and where the separator after it stands."""
    while place < len(text) and text[place] == " ":
        place += 1
    if text[place : place + 1] == '"':
        return _quoted(text, place + 1)
    if text[place : place + 1] == "#":
        return _octets(text, place + 1)
    octets = bytearray()
    kept = 0
    while place < len(text) and text[place] not in ",;+":
        if text[place] == "\\":
            more, place = _escaped(text, place + 1)
            octets += more
            kept = len(octets)
            continue
        if text[place] == '"':
            raise CertificateError("a quotation mark stands inside a value")
        octets += text[place].encode("utf-8", "surrogatepass")
        kept = kept if text[place] == " " else len(octets)
        place += 1
    return _decoded(bytes(octets[:kept])), place


def _escaped(text: str, place: int) -> tuple[bytes, int]:
    pair = text[place : place + 2]
    if len(pair) == 2 and _HEX.fullmatch(pair):
        return bytes.fromhex(pair), place + 2
    if not pair or pair[0] not in _ESCAPABLE:
        raise CertificateError("a backslash stands there that can be read in two ways")
    return pair[0].encode("ascii"), place + 1


def _decoded(octets: bytes) -> str:
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CertificateError("it holds characters that no text has") from error


def _quoted(text: str, place: int) -> tuple[str, int]:
    value = ""
    while True:
        part, mark, _ = text[place:].partition('"')
        if not mark:
            raise CertificateError("a quotation mark is never closed")
        value += part
        place += len(part) + 1
        if text[place : place + 1] != '"':
            break
        value += '"'
        place += 1
    while place < len(text) and text[place] == " ":
        place += 1
    if place < len(text) and text[place] not in ",;+":
        raise CertificateError("something follows a closing quotation mark")
    return value, place


def _octets(text: str, place: int) -> tuple[bytes, int]:
    end = place
    while end < len(text) and text[end] not in ",;+":
        end += 1
    digits = text[place:end].strip()
    if not _HEX.fullmatch(digits):
        raise CertificateError("a value that begins with “#” is not hexadecimal")
    return bytes.fromhex(digits), end
