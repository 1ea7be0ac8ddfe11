"""The few ASN.1 structures that `cryptography.x509` leaves undecoded.

Everything is declared, nothing is cut out of bytes by hand. `cryptography.hazmat.asn1` exists
since version 47 and is not yet under that project's promise of compatibility, so this file is the
only one that touches it; the unit tests pin what is used.
"""

from typing import Annotated, TypeVar

from cryptography import x509
from cryptography.hazmat import asn1

OBJECT_SID = x509.ObjectIdentifier("1.3.6.1.4.1.311.25.2.1")

_T = TypeVar("_T")


class Asn1Error(ValueError):
    """The bytes are not the structure that was asked for."""


@asn1.sequence
class _ObjectSid:
    """OtherName of RFC 5280 whose value is the OCTET STRING of an ASCII SID."""

    type_id: x509.ObjectIdentifier
    value: Annotated[bytes, asn1.Explicit(0)]


@asn1.sequence
class _SidExtension:
    """GeneralNames with exactly one otherName: what AD CS writes (DOMAIN.md 2.2)."""

    object_sid: Annotated[_ObjectSid, asn1.Implicit(0)]


@asn1.sequence
class _ContentInfo:
    content_type: x509.ObjectIdentifier
    content: Annotated[bytes, asn1.Explicit(0)]


@asn1.sequence
class _PfxWithoutMac:
    """PFX of RFC 7292 without the optional macData."""

    version: int
    auth_safe: _ContentInfo


@asn1.sequence
class _PfxWithMac:
    """PFX of RFC 7292."""

    version: int
    auth_safe: _ContentInfo
    mac_data: asn1.TLV


def read_sid_extension(value: bytes) -> tuple[str, bytes]:
    """Type id (dotted) and octets of the one otherName in the SID extension.

    Raises:
        Asn1Error: The value is anything but GeneralNames with one otherName of an OCTET STRING.
    """
    name = _decode(_SidExtension, value).object_sid
    return name.type_id.dotted_string, name.value


def read_octet_string(value: bytes) -> bytes:
    """Content of a DER OCTET STRING; Asn1Error when it is something else."""
    return _decode(bytes, value)


def read_utf8_string(value: bytes) -> str:
    """Content of a DER UTF8String; Asn1Error when it is something else."""
    return _decode(str, value)


def is_pkcs12(value: bytes) -> bool:
    """Whether the bytes are a PKCS#12 container (encrypted or not)."""
    return _pfx_version(_PfxWithMac, value) == 3 or _pfx_version(_PfxWithoutMac, value) == 3


def _pfx_version(kind: type[_PfxWithMac | _PfxWithoutMac], value: bytes) -> int | None:
    try:
        return _decode(kind, value).version
    except Asn1Error:
        return None


def _decode(kind: type[_T], value: bytes) -> _T:
    try:
        return asn1.decode_der(kind, value)
    except (ValueError, TypeError, OverflowError) as error:
        raise Asn1Error(str(error)) from error
