"""Reading one X.509 certificate."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from intune_scep.certificates import extensions as ext
from intune_scep.certificates._der import DerError, Element, read_integer, read_time
from intune_scep.certificates.alt_security import AltSecurityIdentity, alt_security_identities
from intune_scep.certificates.keys import PublicKey, is_signed_by_itself, read_public_key
from intune_scep.certificates.mapping import StrongMapping, judge_strong_mapping
from intune_scep.certificates.names import (
    DistinguishedName,
    GeneralNames,
    SubjectAlternativeNames,
    read_general_names,
    read_name,
)
from intune_scep.certificates.parts import CertificateParts, take_apart
from intune_scep.certificates.sid import (
    SID_EXTENSION_OID,
    SidOccurrence,
    sid_in_extension,
    sids_elsewhere,
    sids_in_other_names,
    sids_in_uris,
)
from intune_scep.records import Record

_T = TypeVar("_T")

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
_READ_HERE: Final = frozenset(
    {
        ext.SUBJECT_KEY_IDENTIFIER,
        ext.KEY_USAGE,
        ext.SUBJECT_ALTERNATIVE_NAME,
        ext.BASIC_CONSTRAINTS,
        ext.AUTHORITY_KEY_IDENTIFIER,
        ext.EXTENDED_KEY_USAGE,
        SID_EXTENSION_OID,
    }
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
        version: 1 to 3 as people count; another number where it says so, None if unreadable.
        is_ca: basicConstraints CA flag; False without the extension, None if unreadable.
        has_basic_constraints: Whether that extension is there.
        self_signed: Whether its own key made its signature; None if that cannot be verified.
        key_algorithm: `RSA`, `EC secp256r1`, `Ed25519` …, else the OID.
        key_size: Bits; None for keys of a kind not supported.
        subject_key_identifier, authority_key_identifier: Upper-case hex, if present.
        sids: Every place that holds a SID or tries to.
        strong_mapping: The judgement over them.
        alt_security_identities: Values for a fallback mapping, strong ones first.
    """

    version: int | None
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
    has_basic_constraints: bool
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
    return _Reader(take_apart(der)).facts()


class _Reader:
    """Collects facts part by part, so that one bad part does not hide the others."""

    def __init__(self, parts: CertificateParts) -> None:
        self._parts = parts
        self._problems: list[str] = []

    def facts(self) -> CertificateFacts:
        der = self._parts.der
        version = self._version()
        subject = self._name("subject", self._parts.subject)
        issuer = subject if self._is_self_issued else self._name("issuer", self._parts.issuer)
        serial = self._try("The serial number", lambda: read_integer(self._parts.serial_number))
        key = self._key()
        ski = self._extension(ext.SUBJECT_KEY_IDENTIFIER, ext.read_key_identifier)
        names = self._names()
        sids = tuple(self._sids(names.names, subject))
        validity = self._try("The validity", self._parts.validity.children) or ()
        constraints = ext.find(self._parts.extensions, ext.BASIC_CONSTRAINTS)
        return CertificateFacts(
            version=version,
            subject=subject.rfc4514() if subject else None,
            issuer=issuer.rfc4514() if issuer else None,
            serial_number=None if serial is None else self._serial_number(serial),
            sha1_thumbprint=hashlib.sha1(der, usedforsecurity=False).hexdigest().upper(),
            sha256_thumbprint=hashlib.sha256(der).hexdigest().upper(),
            not_before=self._time("start of validity", validity[:1]),
            not_after=self._time("end of validity", validity[1:]),
            extended_key_usages=self._extended_key_usages(),
            key_usage=self._extension(ext.KEY_USAGE, ext.read_key_usage),
            subject_alternative_names=names.names,
            is_ca=self._is_ca(constraints),
            has_basic_constraints=bool(constraints.values),
            self_signed=self._self_signed(subject, issuer),
            key_algorithm=key.algorithm if key else None,
            key_size=key.size if key else None,
            subject_key_identifier=ski,
            authority_key_identifier=self._extension(
                ext.AUTHORITY_KEY_IDENTIFIER, ext.read_authority_key_identifier
            ),
            sids=sids,
            strong_mapping=self._strong_mapping(sids, names),
            alt_security_identities=tuple(
                alt_security_identities(
                    self._parts,
                    subject=subject,
                    issuer=issuer,
                    serial_number=serial,
                    key=key,
                    ski=ski,
                    emails=names.names.email,
                )
            ),
            problems=tuple(dict.fromkeys(self._problems)),
        )

    @property
    def _is_self_issued(self) -> bool:
        return self._parts.subject.encoded == self._parts.issuer.encoded

    def _try(self, part: str, read: Callable[[], _T]) -> _T | None:
        try:
            return read()
        except DerError as error:
            self._problems.append(f"{part} cannot be read: {error}.")
            return None

    def _version(self) -> int | None:
        version = self._parts.version
        if version not in {1, 2, 3}:
            self._problems.append("The version is none that X.509 knows.")
        elif version < 3 and self._parts.extensions:
            self._problems.append(
                f"The certificate says that it is of version {version}, which has no extensions,"
                " yet holds some (RFC 5280 4.1.2.1)."
            )
        return version

    def _name(self, part: str, element: Element) -> DistinguishedName | None:
        name = self._try(f"The {part}", lambda: read_name(element))
        for problem in name.problems if name else ():
            self._problems.append(f"The {part} is not encoded as X.509 asks: {problem}.")
        return name

    def _time(self, part: str, elements: tuple[Element, ...]) -> datetime | None:
        if not elements:
            self._problems.append(f"The {part} is missing.")
            return None
        read = self._try(f"The {part}", lambda: read_time(elements[0]))
        if read is None:
            return None
        time, problem = read
        if problem is not None:
            self._problems.append(f"The {part} {problem}.")
        return time

    def _extension(self, oid: str, read: Callable[[bytes], _T]) -> _T | None:
        found = ext.find(self._parts.extensions, oid)
        return self._try(f"The {ext.name_of(oid)}", lambda: ext.read_single(found, read))

    def _names(self) -> GeneralNames:
        """The SAN; of a doubled one the names of all, for no SID in it may be overlooked."""
        together = GeneralNames()
        for value in ext.find(self._parts.extensions, ext.SUBJECT_ALTERNATIVE_NAME).values:
            read = read_general_names(value)
            together = GeneralNames(
                together.names.joined(read.names),
                [*together.problems, *read.problems],
                together.is_damaged or read.is_damaged,
            )
        return together

    def _sids(
        self, names: SubjectAlternativeNames, subject: DistinguishedName | None
    ) -> Iterator[SidOccurrence]:
        other = ((name.type_id, bytes.fromhex(name.value_hex)) for name in names.other)
        yield from sids_in_uris(names.uri)
        yield from map(sid_in_extension, ext.find(self._parts.extensions, SID_EXTENSION_OID).values)
        yield from sids_in_other_names(other)
        elsewhere = (*names.upn, *names.dns, *names.email, *names.directory)
        yield from sids_elsewhere((*elsewhere, *(subject.texts() if subject else ())))

    def _strong_mapping(
        self, sids: tuple[SidOccurrence, ...], names: GeneralNames
    ) -> StrongMapping:
        parts = self._parts
        about_sids = (ext.SUBJECT_ALTERNATIVE_NAME, SID_EXTENSION_OID)
        doubled = tuple(
            f"The {ext.name_of(oid)} stands there twice, which RFC 5280 4.2 forbids."
            for oid in about_sids
            if ext.find(parts.extensions, oid).is_doubled
        )
        damage = parts.damage
        if damage is None and names.is_damaged:
            damage = f"{_OF_THE_SAN} is damaged: {names.problems[-1]}."
        neighbours = (
            *(f"{_OF_THE_SAN} is not sound: {problem}." for problem in names.problems),
            *ext.complaints(parts.extensions, but=_READ_HERE),
        )
        self._problems += (*doubled, *parts.unread, *((damage,) if damage else ()), *neighbours)
        return judge_strong_mapping(
            sids, doubled=doubled, unread=parts.unread, damage=damage, neighbours=neighbours
        )

    def _serial_number(self, number: int) -> str:
        if number <= 0:
            self._problems.append("The serial number is not positive (RFC 5280 4.1.2.2).")
        digits = f"{abs(number):X}"
        padded = digits.zfill(len(digits) + len(digits) % 2)
        return f"-{padded}" if number < 0 else padded

    def _extended_key_usages(self) -> tuple[ExtendedKeyUsage, ...] | None:
        oids = self._extension(ext.EXTENDED_KEY_USAGE, ext.read_extended_key_usage)
        if oids is None:
            return None
        return tuple(ExtendedKeyUsage(oid, _EKU_NAMES.get(oid)) for oid in oids)

    def _is_ca(self, constraints: ext.Found) -> bool | None:
        if not constraints.values:
            return None if self._parts.damage or self._parts.unread else False
        return self._extension(ext.BASIC_CONSTRAINTS, ext.read_ca_flag)

    def _self_signed(
        self, subject: DistinguishedName | None, issuer: DistinguishedName | None
    ) -> bool | None:
        same = subject is not None and issuer is not None and subject.rdns == issuer.rdns
        return is_signed_by_itself(self._parts) if same or self._is_self_issued else False

    def _key(self) -> PublicKey | None:
        key = self._try("The public key", lambda: read_public_key(self._parts.public_key))
        if key is not None and key.problem is not None:
            self._problems.append(f"The public key cannot be read: {key.problem}.")
        return key


_OF_THE_SAN: Final = "The subject alternative name"
