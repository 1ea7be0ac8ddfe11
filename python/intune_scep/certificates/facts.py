"""Reading one X.509 certificate."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa

from intune_scep.certificates._quiet import quiet_parser
from intune_scep.certificates.alt_security import AltSecurityIdentity, alt_security_identities
from intune_scep.certificates.mapping import (
    StrongMapping,
    judge_strong_mapping,
    mapping_without_extensions,
)
from intune_scep.certificates.names import SubjectAlternativeNames, read_general_names
from intune_scep.certificates.sid import (
    SID_EXTENSION_OID,
    SidOccurrence,
    sid_in_extension,
    sids_in_other_names,
    sids_in_uris,
)
from intune_scep.errors import InvalidCertificateError
from intune_scep.records import Record

_T = TypeVar("_T")

# What cryptography raises for content it refuses; most of it only when the content is asked for.
_PARSER_ERRORS = (
    ValueError,
    TypeError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)

_EKU_NAMES = {
    "1.3.6.1.5.5.7.3.1": "Server Authentication",
    "1.3.6.1.5.5.7.3.2": "Client Authentication",
    "1.3.6.1.5.5.7.3.3": "Code Signing",
    "1.3.6.1.5.5.7.3.4": "Secure Email",
    "1.3.6.1.5.5.7.3.5": "IP Security End System",
    "1.3.6.1.5.5.7.3.6": "IP Security Tunnel Endpoint",
    "1.3.6.1.5.5.7.3.7": "IP Security User",
    "1.3.6.1.5.5.7.3.8": "Time Stamping",
    "1.3.6.1.5.5.7.3.9": "OCSP Signing",
    "1.3.6.1.5.5.7.3.17": "IP Security IKE Intermediate",
    "1.3.6.1.5.2.3.4": "PKINIT Client Authentication",
    "1.3.6.1.5.2.3.5": "KDC Authentication",
    "1.3.6.1.4.1.311.10.3.4": "Encrypting File System",
    "1.3.6.1.4.1.311.20.2.2": "Smart Card Logon",
    "2.5.29.37.0": "Any Purpose",
}
_KEY_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
)


@dataclass(frozen=True, slots=True)
class ExtendedKeyUsage(Record):
    """One purpose: its OID (dotted) and, where it is well known, its name."""

    object_identifier: str
    name: str | None


@dataclass(frozen=True, slots=True)
class CertificateFacts(Record):
    """What one certificate says.

    A part that cannot be read is None (or empty) and named in `problems`; the rest still stands.

    Attributes:
        subject, issuer: RFC 4514 strings, most specific part first, as Windows shows them.
        serial_number: Upper-case hex, whole bytes; a negative one starts with `-`.
        sha1_thumbprint, sha256_thumbprint: Upper-case hex over the DER certificate.
        not_before, not_after: Validity, aware, UTC.
        extended_key_usages: None when the certificate has no such extension (any purpose).
        key_usage: Names as in RFC 5280, snake_case; None when there is no such extension.
        is_ca: basicConstraints CA flag; False without the extension, None if unreadable.
        self_signed: Whether its own key made its signature; None if that cannot be verified.
        key_algorithm: `RSA`, `EC secp256r1`, `Ed25519` …, else the OID.
        key_size: Bits; None for keys of a kind not supported.
        subject_key_identifier, authority_key_identifier: Upper-case hex, if present.
        sids: Every place that holds a SID or tries to.
        strong_mapping: The judgement over them.
        alt_security_identities: Values for a fallback mapping, strong ones first.
    """

    subject: str | None
    issuer: str | None
    serial_number: str | None
    sha1_thumbprint: str
    sha256_thumbprint: str
    not_before: datetime | None
    not_after: datetime | None
    extended_key_usages: tuple[ExtendedKeyUsage, ...] | None
    key_usage: tuple[str, ...] | None
    subject_alternative_names: SubjectAlternativeNames
    is_ca: bool | None
    self_signed: bool | None
    key_algorithm: str | None
    key_size: int | None
    subject_key_identifier: str | None
    authority_key_identifier: str | None
    sids: tuple[SidOccurrence, ...]
    strong_mapping: StrongMapping
    alt_security_identities: tuple[AltSecurityIdentity, ...]
    problems: tuple[str, ...]


def inspect_certificate(der: bytes) -> CertificateFacts:
    """Read everything a PKI administrator asks about one certificate.

    Args:
        der: One certificate, DER.

    Raises:
        InvalidCertificateError: The bytes are not an X.509 certificate.
    """
    with quiet_parser():
        try:
            certificate = x509.load_der_x509_certificate(der)
        except _PARSER_ERRORS as error:
            reason = f"The bytes are not a DER certificate: {error}."
            raise InvalidCertificateError(reason) from error
        return _Reader(certificate, der).facts()


class _Reader:
    """Collects facts part by part, so that one bad part does not hide the others."""

    def __init__(self, certificate: x509.Certificate, der: bytes) -> None:
        self._certificate = certificate
        self._der = der
        self._problems: list[str] = []
        self._no_extensions: StrongMapping | None = None
        self._extensions = self._read_extensions()

    def facts(self) -> CertificateFacts:
        certificate = self._certificate
        names = self._names()
        sids = self._sids(names)
        ski = self._extension(x509.SubjectKeyIdentifier)
        aki = self._extension(x509.AuthorityKeyIdentifier)
        ski_hex = ski.digest.hex().upper() if ski else None
        algorithm, size = self._key()
        subject = self._try("subject", self._subject)
        issuer = self._try("issuer", self._issuer)
        identities = self._try(
            "altSecurityIdentities",
            lambda: tuple(alt_security_identities(certificate, ski_hex, names.email)),
        )
        return CertificateFacts(
            subject=subject,
            issuer=issuer,
            serial_number=self._try("serial number", self._serial_number),
            sha1_thumbprint=hashlib.sha1(self._der, usedforsecurity=False).hexdigest().upper(),
            sha256_thumbprint=hashlib.sha256(self._der).hexdigest().upper(),
            not_before=self._try("start of validity", lambda: certificate.not_valid_before_utc),
            not_after=self._try("end of validity", lambda: certificate.not_valid_after_utc),
            extended_key_usages=self._extended_key_usages(),
            key_usage=self._key_usage(),
            subject_alternative_names=names,
            is_ca=self._is_ca(),
            self_signed=self._self_signed() if subject == issuer else False,
            key_algorithm=algorithm,
            key_size=size,
            subject_key_identifier=ski_hex,
            authority_key_identifier=_key_identifier_hex(aki),
            sids=sids,
            strong_mapping=self._no_extensions or judge_strong_mapping(sids),
            alt_security_identities=identities or (),
            problems=tuple(self._problems),
        )

    def _try(self, part: str, read: Callable[[], _T]) -> _T | None:
        try:
            return read()
        except _PARSER_ERRORS as error:
            self._problems.append(f"The {part} cannot be read: {error}.")
            return None

    def _subject(self) -> str:
        return self._certificate.subject.rfc4514_string()

    def _issuer(self) -> str:
        return self._certificate.issuer.rfc4514_string()

    def _read_extensions(self) -> x509.Extensions | None:
        # cryptography decodes all extensions together: one bad one takes the others with it.
        try:
            return self._certificate.extensions
        except _PARSER_ERRORS as error:
            duplicate = isinstance(error, x509.DuplicateExtension)
            self._no_extensions = mapping_without_extensions(str(error), duplicate=duplicate)
            self._problems.append(f"The extensions cannot be read: {error}.")
            return None

    def _extension(self, kind: type[_T]) -> _T | None:
        for extension in self._extensions or ():
            if isinstance(extension.value, kind):
                return extension.value
        return None

    def _names(self) -> SubjectAlternativeNames:
        extension = self._extension(x509.SubjectAlternativeName)
        if extension is None:
            return SubjectAlternativeNames()
        names = self._try("subject alternative name", lambda: read_general_names(extension))
        return names or SubjectAlternativeNames()

    def _sids(self, names: SubjectAlternativeNames) -> tuple[SidOccurrence, ...]:
        other = ((name.type_id, bytes.fromhex(name.value_hex)) for name in names.other)
        in_extension = (
            sid_in_extension(extension.value.value)
            for extension in self._extensions or ()
            if extension.oid.dotted_string == SID_EXTENSION_OID
            and isinstance(extension.value, x509.UnrecognizedExtension)
        )
        return (*sids_in_uris(names.uri), *in_extension, *sids_in_other_names(other))

    def _serial_number(self) -> str:
        number = self._certificate.serial_number
        if number <= 0:
            self._problems.append("The serial number is not positive (RFC 5280 4.1.2.2).")
        digits = f"{abs(number):X}"
        padded = digits.zfill(len(digits) + len(digits) % 2)
        return f"-{padded}" if number < 0 else padded

    def _extended_key_usages(self) -> tuple[ExtendedKeyUsage, ...] | None:
        usages = self._extension(x509.ExtendedKeyUsage)
        if usages is None:
            return None
        oids = (usage.dotted_string for usage in usages)
        return tuple(ExtendedKeyUsage(oid, _EKU_NAMES.get(oid)) for oid in oids)

    def _key_usage(self) -> tuple[str, ...] | None:
        usage = self._extension(x509.KeyUsage)
        if usage is None:
            return None
        # The two "only" bits may be asked for beside key agreement alone.
        only = ("encipher_only", "decipher_only") if usage.key_agreement else ()
        return tuple(name for name in (*_KEY_USAGES, *only) if getattr(usage, name))

    def _is_ca(self) -> bool | None:
        if self._extensions is None:
            return None
        constraints = self._extension(x509.BasicConstraints)
        return constraints is not None and constraints.ca

    def _self_signed(self) -> bool | None:
        try:
            self._certificate.verify_directly_issued_by(self._certificate)
        except InvalidSignature:
            return False
        except _PARSER_ERRORS:
            return None
        return True

    def _key(self) -> tuple[str | None, int | None]:
        try:
            return _describe_key(self._certificate.public_key())
        except _PARSER_ERRORS as error:
            self._problems.append(f"The public key cannot be read: {error}.")
        oid = self._try("key algorithm", lambda: self._certificate.public_key_algorithm_oid)
        return (oid.dotted_string if oid else None), None


def _describe_key(key: object) -> tuple[str, int | None]:
    match key:
        case rsa.RSAPublicKey():
            return "RSA", key.key_size
        case ec.EllipticCurvePublicKey():
            return f"EC {key.curve.name}", key.key_size
        case dsa.DSAPublicKey():
            return "DSA", key.key_size
        case ed25519.Ed25519PublicKey():
            return "Ed25519", 256
        case ed448.Ed448PublicKey():
            return "Ed448", 456
        case _:
            return type(key).__name__.removesuffix("PublicKey"), None


def _key_identifier_hex(identifier: x509.AuthorityKeyIdentifier | None) -> str | None:
    if identifier is None or identifier.key_identifier is None:
        return None
    return identifier.key_identifier.hex().upper()
