"""From the bytes of a file to the certificates inside: PEM, DER, PKCS#7."""

from collections.abc import Callable, Iterator, Sequence

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    load_der_private_key,
    pkcs7,
)

from intune_scep.certificates._asn1 import is_pkcs12
from intune_scep.certificates._quiet import quiet_parser
from intune_scep.errors import CertificateError, InvalidCertificateError

_BEGIN = b"-----BEGIN "
_LOADER_ERRORS = (ValueError, TypeError, OverflowError, UnsupportedAlgorithm, x509.InvalidVersion)

PKCS12_REFUSED = (
    "It is a PKCS#12 container (.pfx, .p12), which may hold a private key: "
    "export the certificate alone, without the key."
)
PRIVATE_KEY_REFUSED = "It holds a private key, which does not belong here: keep it safe elsewhere."


def certificates_in(data: bytes) -> Iterator[bytes | CertificateError]:
    """The DER of each certificate in a file, or what is wrong with that part of it.

    Args:
        data: The whole file: PEM (any number of certificates and PKCS#7 blocks), one DER
            certificate, or one DER PKCS#7 bundle.
    """
    if not data.strip():
        yield InvalidCertificateError("It is empty.")
    elif _BEGIN in data:
        yield from _in_pem(data)
    else:
        yield from _in_der(data)


def is_private_key(data: bytes) -> bool:
    """Whether the bytes are a private key in DER, encrypted or not."""
    try:
        # The key is dropped at once; checking its numbers would only cost time.
        load_der_private_key(data, None, unsafe_skip_rsa_key_validation=True)
    except TypeError:
        # Encrypted: it needed the password.
        return True
    except (ValueError, OverflowError, UnsupportedAlgorithm):
        return False
    return True


def _in_pem(data: bytes) -> Iterator[bytes | CertificateError]:
    start = data.find(_BEGIN)
    while start != -1:
        following = data.find(_BEGIN, start + 1)
        block = data[start:following] if following != -1 else data[start:]
        yield from _read_pem_block(block)
        start = following


def _read_pem_block(block: bytes) -> Sequence[bytes | CertificateError]:
    """Read one BEGIN line and all that follows it up to the next one."""
    label_bytes, _, body = block.removeprefix(_BEGIN).partition(b"-----")
    label = label_bytes[:40].decode("ascii", errors="replace")
    if label.endswith("PRIVATE KEY"):
        return [CertificateError(PRIVATE_KEY_REFUSED)]
    if b"-----END " + label_bytes + b"-----" not in body:
        return [InvalidCertificateError("A PEM block has no matching END line: it is cut off.")]
    read = _PEM_READERS.get(label)
    if read is None:
        return [InvalidCertificateError(f"A PEM block is a {label}, not a certificate.")]
    try:
        with quiet_parser():
            return _ders(read(block))
    except _LOADER_ERRORS as error:
        return [InvalidCertificateError(f"A PEM block {label} cannot be read: {error}.")]


def _pem_certificate(block: bytes) -> list[x509.Certificate]:
    return [x509.load_pem_x509_certificate(block)]


_PEM_READERS: dict[str, Callable[[bytes], list[x509.Certificate]]] = {
    "CERTIFICATE": _pem_certificate,
    "X509 CERTIFICATE": _pem_certificate,
    "PKCS7": pkcs7.load_pem_pkcs7_certificates,
}


def _in_der(data: bytes) -> Sequence[bytes | CertificateError]:
    with quiet_parser():
        try:
            return _ders([x509.load_der_x509_certificate(data)])
        except _LOADER_ERRORS as error:
            not_certificate = error
        try:
            return _ders(pkcs7.load_der_pkcs7_certificates(data))
        except _LOADER_ERRORS:
            return [_what_else(data, not_certificate)]


def _what_else(data: bytes, not_certificate: Exception) -> CertificateError:
    if is_pkcs12(data):
        return CertificateError(PKCS12_REFUSED)
    if is_private_key(data):
        return CertificateError(PRIVATE_KEY_REFUSED)
    return InvalidCertificateError(
        f"It is neither PEM, nor a DER certificate, nor a PKCS#7 bundle: {not_certificate}."
    )


def _ders(certificates: list[x509.Certificate]) -> list[bytes]:
    return [certificate.public_bytes(Encoding.DER) for certificate in certificates]
