"""Distinguished names and subject alternative names, in the spellings people and AD use."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cryptography import x509

from intune_scep.certificates._asn1 import Asn1Error, read_utf8_string
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
_QUOTED = frozenset(',+="\r\n<>#;')


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


def read_general_names(names: Iterable[x509.GeneralName]) -> SubjectAlternativeNames:
    """Sort general names by type."""
    found: dict[str, list[str]] = {}
    other: list[OtherName] = []
    for name in names:
        upn = _upn(name)
        if upn is not None:
            found.setdefault("upn", []).append(upn)
        elif isinstance(name, x509.OtherName):
            other.append(OtherName(name.type_id.dotted_string, name.value.hex()))
        else:
            key, text = _plain_name(name)
            found.setdefault(key, []).append(text)
    sorted_names = {key: tuple(values) for key, values in found.items()}
    return SubjectAlternativeNames(**sorted_names, other=tuple(other))


def ad_distinguished_name(name: x509.Name) -> str:
    """The name as altSecurityIdentities holds it: encoded order, Windows' keys, commas.

    AD CS encodes the domain first, so this reads `DC=com,DC=contoso,CN=CONTOSO-DC-CA` where
    Windows' certificate viewer shows the reverse. Parts of one multi-valued RDN are joined by a
    space, as Windows does with CERT_NAME_STR_NO_PLUS_FLAG.
    """
    return ",".join(" ".join(_ad_parts(rdn)) for rdn in name.rdns)


def _ad_parts(rdn: x509.RelativeDistinguishedName) -> Iterator[str]:
    for attribute in rdn:
        dotted = attribute.oid.dotted_string
        yield f"{_X500_KEYS.get(dotted, f'OID.{dotted}')}={_ad_value(attribute.value)}"


def _ad_value(value: str | bytes) -> str:
    if isinstance(value, bytes):
        return f"#{value.hex()}"
    if not value or value != value.strip() or _QUOTED & set(value):
        return '"' + value.replace('"', '""') + '"'
    return value


def _upn(name: x509.GeneralName) -> str | None:
    if not isinstance(name, x509.OtherName):
        return None
    if name.type_id.dotted_string != USER_PRINCIPAL_NAME_OID:
        return None
    try:
        return read_utf8_string(name.value)
    except Asn1Error:
        return None


def _plain_name(name: x509.GeneralName) -> tuple[str, str]:
    match name:
        case x509.DNSName():
            return "dns", name.value
        case x509.RFC822Name():
            return "email", name.value
        case x509.UniformResourceIdentifier():
            return "uri", name.value
        case x509.IPAddress():
            return "ip", str(name.value)
        case x509.DirectoryName():
            return "directory", name.value.rfc4514_string()
        case x509.RegisteredID():
            return "registered_id", name.value.dotted_string
        case _:
            raise ValueError(f"general name of unknown type {type(name).__name__}")
