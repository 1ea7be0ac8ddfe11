"""Distinguished names and subject alternative names, in the spellings people and AD use."""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Final

from intune_scep.certificates._der import (
    OBJECT_IDENTIFIER,
    SEQUENCE,
    SET,
    DerError,
    Element,
    an,
    context,
    elements,
    only,
    read_oid,
    read_text,
)
from intune_scep.records import Record

USER_PRINCIPAL_NAME_OID = "1.3.6.1.4.1.311.20.2.3"

# CertNameToStr with CERT_X500_NAME_STR; every other type is written OID.<dotted>.
_X500_KEYS = {
    "2.5.4.3": "CN",
    "2.5.4.4": "SN",
    "2.5.4.5": "SERIALNUMBER",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "S",
    "2.5.4.9": "STREET",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.12": "T",
    "2.5.4.42": "G",
    "2.5.4.43": "I",
    "1.2.840.113549.1.9.1": "E",
    "0.9.2342.19200300.100.1.25": "DC",
}
# RFC 4514, section 3.
_LDAP_KEYS = {
    "2.5.4.3": "CN",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "STREET",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.25": "DC",
}
_QUOTED = frozenset(',+="\r\n<>#;')
_ESCAPED = frozenset('\\"+,;<>')

_OTHER_NAME: Final = context(0, constructed=True)
_DIRECTORY_NAME: Final = context(4, constructed=True)
_IP_ADDRESS: Final = context(7, constructed=False)
_REGISTERED_ID: Final = context(8, constructed=False)
_PLAIN_TEXTS: Final = {
    context(1, constructed=False): ("email", "e-mail address"),
    context(2, constructed=False): ("dns", "DNS name"),
    context(6, constructed=False): ("uri", "URI"),
}
_KINDS: Final = {
    _OTHER_NAME: "otherName",
    _DIRECTORY_NAME: "directory name",
    _IP_ADDRESS: "IP address",
    _REGISTERED_ID: "registered ID",
    context(3, constructed=True): "X.400 address",
    context(5, constructed=True): "EDI party name",
} | {tag: kind for tag, (_, kind) in _PLAIN_TEXTS.items()}


@dataclass(frozen=True, slots=True)
class OtherName(Record):
    """An otherName of a kind not decoded here: type id (dotted) and DER value as hex."""

    type_id: str
    value_hex: str


@dataclass(frozen=True, slots=True)
class SubjectAlternativeNames(Record):
    """The SAN by type, each in the order of the certificate.

    `upn` is the otherName 1.3.6.1.4.1.311.20.2.3; `directory` holds RFC 4514 strings.
    """

    dns: tuple[str, ...] = ()
    email: tuple[str, ...] = ()
    upn: tuple[str, ...] = ()
    uri: tuple[str, ...] = ()
    ip: tuple[str, ...] = ()
    directory: tuple[str, ...] = ()
    registered_id: tuple[str, ...] = ()
    other: tuple[OtherName, ...] = ()

    def joined(self, more: "SubjectAlternativeNames") -> "SubjectAlternativeNames":
        """The names of both."""
        return SubjectAlternativeNames(
            *(getattr(self, item.name) + getattr(more, item.name) for item in fields(self))
        )


@dataclass(frozen=True, slots=True)
class DistinguishedName:
    """A name as it is encoded: its parts in their order, each of one or more attributes.

    Attributes:
        rdns: Type (dotted) and value of each attribute; a value that is no text is its DER.
        problems: What is wrong with its texts, as beginnings of sentences.
    """

    rdns: tuple[tuple[tuple[str, str | bytes], ...], ...]
    problems: tuple[str, ...]

    def rfc4514(self) -> str:
        """As RFC 4514 writes it, most specific part first."""
        return ",".join("+".join(map(_ldap_part, rdn)) for rdn in reversed(self.rdns))

    def for_ad(self) -> str:
        """As altSecurityIdentities holds it: encoded order, Windows' keys, commas.

        AD CS encodes the domain first, so this reads `DC=com,DC=contoso,CN=CONTOSO-DC-CA` where
        Windows' certificate viewer shows the reverse. Parts of one multi-valued RDN are joined by
        a space, as Windows does with CERT_NAME_STR_NO_PLUS_FLAG.
        """
        return ",".join(" ".join(map(_ad_part, rdn)) for rdn in self.rdns)

    def texts(self) -> Iterator[str]:
        """The values that are texts."""
        for rdn in self.rdns:
            yield from (value for _, value in rdn if isinstance(value, str))


@dataclass(slots=True)
class GeneralNames:
    """What a list of general names holds (RFC 5280 4.2.1.6), and what is wrong with it.

    Attributes:
        names: Those that could be read.
        problems: One for each name that is damaged or oddly written, as the end of a sentence.
        is_damaged: Whether the list itself breaks off.
    """

    names: SubjectAlternativeNames = field(default_factory=SubjectAlternativeNames)
    problems: list[str] = field(default_factory=list)
    is_damaged: bool = False


def read_name(element: Element) -> DistinguishedName:
    """A distinguished name.

    Raises:
        DerError: It is not one.
    """
    problems: list[str] = []
    rdns = tuple(
        tuple(
            _read_attribute(attribute, problems) for attribute in only(rdn.encoded, SET).children()
        )
        for rdn in only(element.encoded, SEQUENCE).children()
    )
    return DistinguishedName(rdns, tuple(dict.fromkeys(problems)))


def read_general_names(value: bytes) -> GeneralNames:
    """General names sorted by type, name by name: a damaged one costs itself."""
    read = GeneralNames()
    found: dict[str, list[str]] = {}
    other: list[OtherName] = []
    try:
        for element in elements(only(value, SEQUENCE).content):
            _read_one(element, found, other, read.problems)
    except DerError as error:
        read.problems.append(str(error))
        read.is_damaged = True
    sorted_names = {key: tuple(values) for key, values in found.items()}
    read.names = SubjectAlternativeNames(**sorted_names, other=tuple(other))
    return read


def kind_of_general_name(element: Element) -> str:
    """What a general name is, with its article: `a DNS name`, `an otherName`."""
    kind = _KINDS.get(element.tag)
    if kind is None:
        return an(element)
    return f"{'an' if kind[0] in 'aeioEIX' else 'a'} {kind}"


def read_other_name(element: Element) -> tuple[str, Element]:
    """Type id (dotted) and value of an otherName.

    Raises:
        DerError: It is damaged, or its value does not stand in [0] as it must.
    """
    parts = element.children()
    if len(parts) != 2:
        raise DerError(f"an otherName has {len(parts)} parts instead of two")
    type_id = read_oid(parts[0])
    if parts[1].tag != _OTHER_NAME:
        raise DerError(f"the value of the otherName {type_id} lacks the tag [0]")
    values = parts[1].children()
    if len(values) != 1:
        raise DerError(f"the otherName {type_id} has {len(values)} values")
    return type_id, values[0]


def _read_one(
    element: Element, found: dict[str, list[str]], other: list[OtherName], problems: list[str]
) -> None:
    try:
        if element.tag == _OTHER_NAME:
            _read_other(element, found, other, problems)
            return
        key, text = _read_plain(element, problems)
        found.setdefault(key, []).append(text)
    except DerError as error:
        problems.append(f"{kind_of_general_name(element)} is damaged ({error})")


def _read_other(
    element: Element, found: dict[str, list[str]], other: list[OtherName], problems: list[str]
) -> None:
    type_id, value = read_other_name(element)
    if type_id != USER_PRINCIPAL_NAME_OID or not value.is_text:
        other.append(OtherName(type_id, value.encoded.hex()))
        return
    text, problem = read_text(value)
    if problem is not None:
        problems.append(problem)
    found.setdefault("upn", []).append(text)


def _read_plain(element: Element, problems: list[str]) -> tuple[str, str]:
    if element.tag in _PLAIN_TEXTS:
        key, kind = _PLAIN_TEXTS[element.tag]
        if element.content.isascii():
            return key, element.content.decode("ascii")
        problems.append(f"a {kind} holds letters beyond ASCII")
        return key, _as_meant(element.content)
    if element.tag == _IP_ADDRESS:
        try:
            return "ip", str(ipaddress.ip_address(element.content))
        except ValueError as error:
            raise DerError(f"it has {len(element.content)} octets") from error
    if element.tag == _DIRECTORY_NAME:
        read = read_name(only(element.content, SEQUENCE))
        problems.extend(read.problems)
        return "directory", read.rfc4514()
    if element.tag == _REGISTERED_ID:
        return "registered_id", read_oid(Element(OBJECT_IDENTIFIER, b"", _as_oid(element)))
    raise DerError("names of this kind are not read")


def _as_oid(element: Element) -> bytes:
    return bytes([OBJECT_IDENTIFIER]) + element.encoded[1:]


def _as_meant(octets: bytes) -> str:
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return octets.decode("latin-1")


def _read_attribute(element: Element, problems: list[str]) -> tuple[str, str | bytes]:
    parts = only(element.encoded, SEQUENCE).children()
    if len(parts) != 2:
        raise DerError(f"an attribute has {len(parts)} parts instead of two")
    oid = read_oid(parts[0])
    if not parts[1].is_text:
        return oid, parts[1].encoded
    text, problem = read_text(parts[1])
    if problem is not None:
        problems.append(problem)
    return oid, text


def _ldap_part(attribute: tuple[str, str | bytes]) -> str:
    oid, value = attribute
    key = _LDAP_KEYS.get(oid, oid)
    if isinstance(value, bytes):
        return f"{key}=#{value.hex()}"
    text = "".join(f"\\{char}" if char in _ESCAPED else char for char in value)
    text = text.replace("\0", "\\00")
    if value.endswith(" "):
        text = text[:-1] + "\\ "
    if value.startswith("#") or (value.startswith(" ") and len(value) > 1):
        text = "\\" + text
    return f"{key}={text}"


def _ad_part(attribute: tuple[str, str | bytes]) -> str:
    oid, value = attribute
    return f"{_X500_KEYS.get(oid, f'OID.{oid}')}={_ad_value(value)}"


def _ad_value(value: str | bytes) -> str:
    if isinstance(value, bytes):
        return f"#{value.hex()}"
    if not value or value != value.strip() or _QUOTED & set(value):
        return '"' + value.replace('"', '""') + '"'
    return value
