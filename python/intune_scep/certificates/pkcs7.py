"""PKCS#7: the certificates in a bundle, which certificate authorities and Windows write as .p7b."""

from collections.abc import Sequence
from typing import Final

from intune_scep.certificates._der import (
    OBJECT_IDENTIFIER,
    SEQUENCE,
    DerError,
    Element,
    context,
    only,
    read_oid,
)
from intune_scep.errors import InvalidCertificateError

_SIGNED_DATA: Final = "1.2.840.113549.1.7.2"
_OTHER_CONTENTS: Final = {
    "1.2.840.113549.1.7.1": "plain data",
    "1.2.840.113549.1.7.3": "encrypted data",
    "1.2.840.113549.1.7.6": "encrypted data",
    "1.2.840.113549.1.9.16.1.2": "authenticated data",
}
_CERTIFICATES: Final = context(0, constructed=True)


def certificates_of_pkcs7(element: Element) -> Sequence[bytes | InvalidCertificateError] | None:
    """The DER of each certificate in a ContentInfo (RFC 2315 7); None if it is none.

    What holds no certificates is one error.
    """
    try:
        parts = only(element.encoded, SEQUENCE).children()
        if not parts or parts[0].tag != OBJECT_IDENTIFIER:
            return None
        oid = read_oid(parts[0])
    except DerError:
        return None
    if oid in _OTHER_CONTENTS:
        return [InvalidCertificateError(f"It is PKCS#7 with {_OTHER_CONTENTS[oid]}.")]
    if oid != _SIGNED_DATA:
        return None
    try:
        found = _certificates(parts)
    except DerError as error:
        return [InvalidCertificateError(f"It is a PKCS#7 bundle that is damaged: {error}.")]
    if not found:
        return [InvalidCertificateError("It is a PKCS#7 bundle without any certificate.")]
    return found


def _certificates(parts: Sequence[Element]) -> list[bytes]:
    if len(parts) != 2:
        raise DerError(f"it has {len(parts)} parts instead of two")
    signed_data = only(parts[1].content, SEQUENCE).children()
    return [
        certificate.encoded
        for part in signed_data
        if part.tag == _CERTIFICATES
        for certificate in part.children()
        if certificate.tag == SEQUENCE
    ]
