"""altSecurityIdentities values for a certificate: the fallback when it carries no SID.

Sources: DOMAIN.md 2.2 (which forms are strong); MS-PKCA 3.1.5.2.1.3 (the strings);
the order of issuer and serial number follows the KB's own example
`X509:<I>DC=com,DC=contoso,CN=CONTOSO-DC-CA<SR>1200000000AC11000000002B`, which is for a
certificate with serial number 2B0000000011AC0000000012.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from intune_scep.certificates.keys import PublicKey
from intune_scep.certificates.names import DistinguishedName
from intune_scep.certificates.parts import CertificateParts
from intune_scep.records import Record

_NOTE_RENEWAL = "Names this one certificate: rewrite it after every renewal or re-issue."
_NOTE_KEY = "Names this one key: SCEP makes a new key at every renewal, so rewrite it then."
_NOTE_WEAK = "Weak: refused by domain controllers since the updates of September 2025."
_NOTE_PUKEY = (
    "Sources disagree on what SHA1-PUKEY is the hash of. {basis} "
    "Prefer issuer and serial number, or SKI."
)
_NOTE_THUMBPRINT = (
    "This is the certificate's thumbprint, as Microsoft's and AWS's own instructions take it."
)
_NOTE_KEY_HASH = (
    "This is the hash of the public key, as MS-PKCA 3.1.5.2.1.3 says and Samba implements it."
)
_NOTE_SIGN_BYTE = (
    "The trailing 00 is the sign byte of the serial number; no published example shows one, so "
    "prove the value on one account first, or use SKI."
)
_NOTE_QUOTED = (
    "The name holds a character that Windows puts in quotes; no published example shows how AD "
    "compares it. Prefer SKI."
)


class AltSecurityForm(StrEnum):
    """KB5014754's names of the mapping types."""

    ISSUER_SERIAL_NUMBER = "X509IssuerSerialNumber"
    SKI = "X509SKI"
    SHA1_PUBLIC_KEY = "X509SHA1PublicKey"
    ISSUER_SUBJECT = "X509IssuerSubject"
    SUBJECT_ONLY = "X509SubjectOnly"
    RFC822 = "X509RFC822"


@dataclass(frozen=True, slots=True)
class AltSecurityIdentity(Record):
    """One value for the attribute altSecurityIdentities.

    Attributes:
        form: Its mapping type.
        value: The string to write, `X509:<…>…`.
        strong: Whether domain controllers accept it today; the weak ones are listed so that an
            administrator recognises and replaces them.
        notes: What to know before writing it.
    """

    form: AltSecurityForm
    value: str
    strong: bool
    notes: tuple[str, ...]


def reversed_serial_number(serial_number: int) -> str:
    """The serial number's bytes from the last to the first, as upper-case hex.

    The bytes are those of the DER INTEGER, so a leading zero that only carries the sign becomes a
    trailing `00`: CryptoAPI keeps the serial number as these bytes, least significant first.

    Args:
        serial_number: Zero or positive.
    """
    size = serial_number.bit_length() // 8 + 1
    return serial_number.to_bytes(size, "little").hex().upper()


def issuer_and_serial(issuer: str, serial_number: int) -> AltSecurityIdentity:
    """The form that names one certificate by its issuer and serial number.

    Args:
        issuer: The issuer as `DistinguishedName.for_ad` writes it.
        serial_number: Zero or positive.
    """
    serial = reversed_serial_number(serial_number)
    signed = (_NOTE_SIGN_BYTE,) if len(serial) > 2 and serial.endswith("00") else ()
    quoted = (_NOTE_QUOTED,) if '"' in issuer else ()
    return AltSecurityIdentity(
        AltSecurityForm.ISSUER_SERIAL_NUMBER,
        f"X509:<I>{issuer}<SR>{serial}",
        True,
        (_NOTE_RENEWAL, *quoted, *signed),
    )


def alt_security_identities(
    certificate: CertificateParts,
    *,
    subject: DistinguishedName | None,
    issuer: DistinguishedName | None,
    serial_number: int | None,
    key: PublicKey | None,
    ski: str | None,
    emails: tuple[str, ...],
) -> Iterator[AltSecurityIdentity]:
    """Every form this certificate has the parts for, strong ones first.

    Args:
        certificate: The certificate.
        subject, issuer, serial_number, key: What was read of it; None what could not be.
        ski: Its subject key identifier as hex, if it has one.
        emails: The e-mail addresses of its SAN.
    """
    issuer_name = issuer.for_ad() if issuer else None
    subject_name = subject.for_ad() if subject else None
    if issuer_name is not None and serial_number is not None and serial_number >= 0:
        yield issuer_and_serial(issuer_name, serial_number)
    if ski is not None:
        yield AltSecurityIdentity(
            AltSecurityForm.SKI, f"X509:<SKI>{ski.lower()}", True, (_NOTE_KEY,)
        )
    yield from _sha1_forms(certificate, key)
    weak = {f"X509:<RFC822>{email}": AltSecurityForm.RFC822 for email in emails}
    if subject_name is not None:
        weak = {f"X509:<S>{subject_name}": AltSecurityForm.SUBJECT_ONLY} | weak
    if subject_name is not None and issuer_name is not None:
        both = f"X509:<I>{issuer_name}<S>{subject_name}"
        weak = {both: AltSecurityForm.ISSUER_SUBJECT} | weak
    for value, form in weak.items():
        yield AltSecurityIdentity(form, value, False, (_NOTE_WEAK,))


def _sha1_forms(
    certificate: CertificateParts, key: PublicKey | None
) -> Iterator[AltSecurityIdentity]:
    thumbprint = hashlib.sha1(certificate.der, usedforsecurity=False)
    hashes = [(thumbprint.hexdigest(), _NOTE_RENEWAL, _NOTE_THUMBPRINT)]
    if key is not None:
        hashes.append((key.sha1, _NOTE_KEY, _NOTE_KEY_HASH))
    for value, lifetime, basis in hashes:
        notes = (lifetime, _NOTE_PUKEY.format(basis=basis))
        yield AltSecurityIdentity(
            AltSecurityForm.SHA1_PUBLIC_KEY, f"X509:<SHA1-PUKEY>{value}", True, notes
        )
