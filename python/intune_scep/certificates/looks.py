"""What a file that holds no certificate looks like, and what to do about it, in one sentence."""

import re
from typing import Final

from intune_scep.certificates._der import (
    BIT_STRING,
    GENERALIZED_TIME,
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    UTC_TIME,
    DerError,
    Element,
    context,
    element_at,
    read_integer,
    read_oid,
)
from intune_scep.errors import CertificateError, InvalidCertificateError

PKCS12_REFUSED = (
    "It is a PKCS#12 container (.pfx, .p12), which may hold a private key: "
    "export the certificate alone, without the key."
)
PRIVATE_KEY_REFUSED = "It holds a private key, which does not belong here: keep it safe elsewhere."

_REQUEST: Final = (
    "It is a certificate request (CSR), not a certificate: take what the CA issued for it."
)
_LIST: Final = "It is a certificate revocation list (CRL): take the certificate of the CA itself."
_PUBLIC_KEY: Final = "It is a public key alone: take the certificate that holds it."
_HTML: Final = (
    "It is a web page (HTML), not a certificate: open the address in a browser and save the "
    "certificate that it leads to."
)
_AS_TEXT: Final = (
    "It was a DER certificate once, but has been saved as text and is damaged: "
    "copy the file as it is, or export the certificate as PEM."
)
_LABELS: Final = {
    "CERTIFICATE REQUEST": _REQUEST,
    "NEW CERTIFICATE REQUEST": _REQUEST,
    "X509 CRL": _LIST,
    "PUBLIC KEY": _PUBLIC_KEY,
    "RSA PUBLIC KEY": _PUBLIC_KEY,
    "PKCS12": PKCS12_REFUSED,
}
_STARTS: Final = (
    (b"PK\x03\x04", "It is a ZIP archive: unpack it and take the certificate."),
    (b"%PDF", "It is a PDF document, not a certificate."),
    (
        b"\xfe\xed\xfe\xed",
        "It is a Java key store: export the certificate with keytool -exportcert.",
    ),
    (b"\xef\xbf\xbd", _AS_TEXT),
    (b"0\xef\xbf\xbd", _AS_TEXT),
    (b"0\xc2\x82", _AS_TEXT),
    (b"ssh-", "It is an SSH key, not a certificate."),
    (b"ecdsa-sha2-", "It is an SSH key, not a certificate."),
    (b"\0\0\0\0CERT", "It is a store of certificates (.sst): export the certificate alone as DER."),
    (b"{{", "It is a template that nobody has resolved, not a certificate."),
    (b"{", "It is JSON, not a certificate: give what stands in trustedRootCertificate there."),
    (b"[", "It is JSON, not a certificate: give what stands in trustedRootCertificate there."),
)
_MARKUP: Final = re.compile(rb"<(!doctype\s+html|html|head|body)", re.IGNORECASE)
_ENCRYPTIONS: Final = ("1.2.840.113549.1.5.", "1.2.840.113549.1.12.1.")
_LONGEST_PROLOGUE: Final = 1000
_PATH: Final = re.compile(rb"[^\s\0]{1,300}\.(cer|crt|pem|der|p7b|p7c|pfx|p12)", re.IGNORECASE)
_IS_PATH: Final = (
    "It is the path of a file, not what stands in it: give a path as certificate_path, "
    "or the certificate itself."
)
_PFX: Final = re.compile(
    rb"\x30(?:[\x00-\x80]|\x81.|\x82..|\x83...|\x84....)\x02\x01\x03\x30", re.S
)
_TIMES: Final = frozenset({UTC_TIME, GENERALIZED_TIME})
_ATTRIBUTES: Final = context(0, constructed=True)


def pem_label_refused(label: str) -> CertificateError | None:
    """Why a PEM block with this label is not read; None if it may hold a certificate."""
    if label.endswith("PRIVATE KEY"):
        return CertificateError(PRIVATE_KEY_REFUSED)
    said = _LABELS.get(label)
    if said is None:
        return None
    return InvalidCertificateError(f"{said} The PEM block says “{label}”.")


def describe_text(data: bytes) -> CertificateError | None:
    """What bytes that are no DER look like; None if they look like nothing in particular."""
    if _PFX.match(data):
        return CertificateError(PKCS12_REFUSED)
    text = data.lstrip()
    if _MARKUP.search(text[:_LONGEST_PROLOGUE]):
        return InvalidCertificateError(_HTML)
    if text.startswith(b"<"):
        return InvalidCertificateError("It is XML, not a certificate.")
    for start, sentence in _STARTS:
        if text.startswith(start):
            return InvalidCertificateError(sentence)
    if _PATH.fullmatch(text.rstrip()):
        return InvalidCertificateError(_IS_PATH)
    return None


def describe_der(element: Element) -> CertificateError | None:
    """What a DER element is that is no certificate; None if it may be one."""
    if _PFX.match(element.encoded):
        return CertificateError(PKCS12_REFUSED)
    try:
        parts = element.children()
        tags = tuple(part.tag for part in parts)
        if _is_private_key(parts, tags):
            return CertificateError(PRIVATE_KEY_REFUSED)
        if tags == (SEQUENCE, BIT_STRING):
            return InvalidCertificateError(_PUBLIC_KEY)
        if tags == (INTEGER, INTEGER):
            return InvalidCertificateError(_PUBLIC_KEY)
        if tags == (SEQUENCE, SEQUENCE, BIT_STRING):
            return _describe_signed(parts[0])
    except DerError:
        return None
    return None


def _is_private_key(parts: tuple[Element, ...], tags: tuple[int, ...]) -> bool:
    """PKCS#8 (plain or encrypted), PKCS#1, SEC 1 and DSA, by their shape."""
    if tags[:3] == (INTEGER, SEQUENCE, OCTET_STRING) or tags[:2] == (INTEGER, OCTET_STRING):
        return True
    if tags == (SEQUENCE, OCTET_STRING):
        return _is_encryption(parts[0])
    numbers = len(tags) >= 6 and set(tags[:6]) == {INTEGER}
    return numbers and read_integer(parts[0]) in {0, 1}


def _is_encryption(algorithm: Element) -> bool:
    inner = algorithm.children()
    is_named = bool(inner) and inner[0].tag == OBJECT_IDENTIFIER
    return is_named and read_oid(inner[0]).startswith(_ENCRYPTIONS)


def _describe_signed(signed: Element) -> CertificateError | None:
    """What else has the outer form of a certificate."""
    tags: list[int] = []
    try:
        place = 0
        while place < len(signed.content) and len(tags) < 5:
            part = element_at(signed.content, place)
            tags.append(part.tag)
            place += len(part.encoded)
    except DerError:
        return None
    if tags[:3] == [INTEGER, SEQUENCE, SEQUENCE] and tags[3:4] in ([], [_ATTRIBUTES]):
        return InvalidCertificateError(_REQUEST)
    if tags[:2] == [SEQUENCE, SEQUENCE] and tags[2:3] and tags[2] in _TIMES:
        return InvalidCertificateError(_LIST)
    if tags[:3] == [INTEGER, SEQUENCE, SEQUENCE] and tags[3] in _TIMES:
        return InvalidCertificateError(_LIST)
    return None
