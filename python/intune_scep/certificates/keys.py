"""The public key of a certificate, and whether the certificate was signed with it."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from intune_scep.certificates._der import (
    INTEGER,
    OBJECT_IDENTIFIER,
    SEQUENCE,
    DerError,
    Element,
    element_at,
    elements,
    only,
    read_bits,
    read_integer,
    read_oid,
)
from intune_scep.certificates._quiet import quiet_parser
from intune_scep.certificates.parts import CertificateParts

_RSA: Final = frozenset({"1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10"})
_EC: Final = "1.2.840.10045.2.1"
_DSA: Final = "1.2.840.10040.4.1"
_FIXED: Final = {
    "1.3.101.110": ("X25519", 256),
    "1.3.101.111": ("X448", 448),
    "1.3.101.112": ("Ed25519", 256),
    "1.3.101.113": ("Ed448", 456),
    "2.16.840.1.101.3.4.3.17": ("ML-DSA-44", None),
    "2.16.840.1.101.3.4.3.18": ("ML-DSA-65", None),
    "2.16.840.1.101.3.4.3.19": ("ML-DSA-87", None),
}
_CURVES: Final = {
    "1.2.840.10045.3.1.1": ("secp192r1", 192),
    "1.2.840.10045.3.1.7": ("secp256r1", 256),
    "1.3.132.0.10": ("secp256k1", 256),
    "1.3.132.0.33": ("secp224r1", 224),
    "1.3.132.0.34": ("secp384r1", 384),
    "1.3.132.0.35": ("secp521r1", 521),
    "1.3.36.3.3.2.8.1.1.7": ("brainpoolP256r1", 256),
    "1.3.36.3.3.2.8.1.1.11": ("brainpoolP384r1", 384),
    "1.3.36.3.3.2.8.1.1.13": ("brainpoolP512r1", 512),
}
_SHA1: Final = "1.3.14.3.2.26"
_RSA_PSS: Final = "1.2.840.113549.1.1.10"
_HASHES: Final[dict[str, Callable[[], hashes.HashAlgorithm]]] = {
    "1.2.840.113549.1.1.4": hashes.MD5,
    "1.2.840.113549.1.1.5": hashes.SHA1,
    "1.3.14.3.2.29": hashes.SHA1,
    "1.2.840.113549.1.1.14": hashes.SHA224,
    "1.2.840.113549.1.1.11": hashes.SHA256,
    "1.2.840.113549.1.1.12": hashes.SHA384,
    "1.2.840.113549.1.1.13": hashes.SHA512,
    "1.2.840.10045.4.1": hashes.SHA1,
    "1.2.840.10045.4.3.1": hashes.SHA224,
    "1.2.840.10045.4.3.2": hashes.SHA256,
    "1.2.840.10045.4.3.3": hashes.SHA384,
    "1.2.840.10045.4.3.4": hashes.SHA512,
    "1.2.840.10040.4.3": hashes.SHA1,
    "2.16.840.1.101.3.4.3.2": hashes.SHA256,
    _SHA1: hashes.SHA1,
    "2.16.840.1.101.3.4.2.1": hashes.SHA256,
    "2.16.840.1.101.3.4.2.2": hashes.SHA384,
    "2.16.840.1.101.3.4.2.3": hashes.SHA512,
}
_CANNOT_VERIFY: Final = (ValueError, TypeError, OverflowError, UnsupportedAlgorithm)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """What a SubjectPublicKeyInfo says.

    Attributes:
        algorithm: `RSA`, `EC secp256r1`, `Ed25519` …, else the OID.
        size: Bits; None for keys of a kind not supported.
        sha1: Over the bits of subjectPublicKey (RFC 5280 4.2.1.2 (1)), hex.
        problem: Why the key itself could not be read, as the end of a sentence; None if it could.
    """

    algorithm: str
    size: int | None
    sha1: str
    problem: str | None = None


def read_public_key(element: Element) -> PublicKey:
    """The public key of a certificate.

    Raises:
        DerError: It is no SubjectPublicKeyInfo.
    """
    parts = element.children()
    if len(parts) != 2:
        raise DerError(f"it has {len(parts)} parts instead of two")
    oid, parameters = _algorithm(parts[0])
    bits = read_bits(parts[1])
    sha1 = hashlib.sha1(bits, usedforsecurity=False).hexdigest()
    try:
        algorithm, size = _describe(oid, parameters, bits)
    except DerError as error:
        return PublicKey(oid, None, sha1, str(error))
    return PublicKey(algorithm, size, sha1)


def is_signed_by_itself(parts: CertificateParts) -> bool | None:
    """Whether the certificate's own key made its signature; None if that cannot be verified."""
    try:
        with quiet_parser():
            key = load_der_public_key(parts.public_key.encoded)
            _verify(key, parts)
    except InvalidSignature:
        return False
    except (*_CANNOT_VERIFY, DerError):
        return None
    return True


def _describe(oid: str, parameters: Element | None, bits: bytes) -> tuple[str, int | None]:
    if oid in _FIXED:
        return _FIXED[oid]
    if oid in _RSA:
        modulus = read_integer(next(elements(only(bits, SEQUENCE).content), _missing()))
        return "RSA", modulus.bit_length()
    if oid == _EC:
        return _describe_curve(parameters)
    if oid == _DSA and parameters is not None:
        return "DSA", read_integer(next(elements(parameters.content), _missing())).bit_length()
    raise DerError("keys of this kind are not known here")


def _describe_curve(parameters: Element | None) -> tuple[str, int | None]:
    if parameters is None or parameters.tag != OBJECT_IDENTIFIER:
        raise DerError("its curve is not named")
    oid = read_oid(parameters)
    name, size = _CURVES.get(oid, (oid, None))
    return f"EC {name}", size


def _missing() -> Element:
    return Element(INTEGER, b"", bytes([INTEGER, 0]))


def _algorithm(element: Element) -> tuple[str, Element | None]:
    """OID and parameters of an AlgorithmIdentifier."""
    parts = only(element.encoded, SEQUENCE).children()
    if len(parts) not in {1, 2}:
        raise DerError(f"an algorithm has {len(parts)} parts")
    return read_oid(parts[0]), parts[1] if len(parts) == 2 else None


def _verify(key: object, parts: CertificateParts) -> None:
    signature, signed = read_bits(parts.signature), parts.signed
    oid, parameters = _algorithm(parts.signature_algorithm)
    match key:
        case ed25519.Ed25519PublicKey() | ed448.Ed448PublicKey():
            key.verify(signature, signed)
        case rsa.RSAPublicKey() if oid == _RSA_PSS:
            digest = _pss_hash(parameters)
            pss = padding.PSS(padding.MGF1(digest), padding.PSS.AUTO)
            key.verify(signature, signed, pss, digest)
        case rsa.RSAPublicKey():
            key.verify(signature, signed, padding.PKCS1v15(), _hash(oid))
        case ec.EllipticCurvePublicKey():
            key.verify(signature, signed, ec.ECDSA(_hash(oid)))
        case dsa.DSAPublicKey():
            key.verify(signature, signed, _hash(oid))
        case _:
            raise DerError("keys of this kind are not known here")


def _hash(oid: str) -> hashes.HashAlgorithm:
    if oid not in _HASHES:
        raise DerError(f"the signature algorithm {oid} is not known here")
    return _HASHES[oid]()


def _pss_hash(parameters: Element | None) -> hashes.HashAlgorithm:
    """The hash of RSASSA-PSS-params (RFC 4055 3.1), SHA-1 by default."""
    fields = parameters.children() if parameters is not None else ()
    for item in fields:
        if item.tag == 0xA0:
            return _hash(_algorithm(element_at(item.content))[0])
    return _hash(_SHA1)
