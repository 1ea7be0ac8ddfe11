"""The certificate of a trusted root profile: accepted as PEM or DER, handed on as DER."""

from dataclasses import dataclass, field
from datetime import datetime

from intune_scep.certificates.containers import certificates_in
from intune_scep.certificates.errors import CertificateError, TrustedRootRefusedError
from intune_scep.certificates.facts import CertificateFacts, inspect_certificate


@dataclass(frozen=True, slots=True)
class TrustedRootCertificate:
    """A certificate fit for a trusted root profile.

    Attributes:
        der: What goes into `trustedRootCertificate` (as base64, GRAPH.md 1.3).
        facts: What it says.
    """

    der: bytes = field(repr=False)
    facts: CertificateFacts

    def to_dict(self) -> dict[str, object]:
        """The facts; the DER itself is left out."""
        return {"facts": self.facts.to_dict()}


def load_trusted_root(
    data: bytes, *, now: datetime, allow_expired: bool = False
) -> TrustedRootCertificate:
    """Read one CA certificate, or say in one message why it cannot be a trusted root.

    An intermediate CA is accepted: which certificate of the chain a profile should hold depends
    on platform and source (DOMAIN.md 3, C-9).

    Args:
        data: The file: PEM or DER.
        now: Aware time against which expiry is judged.
        allow_expired: Accept a certificate whose validity is over.

    Raises:
        TrustedRootRefusedError: A leaf, a private key, a bundle, an expired certificate, PKCS#12,
            or no certificate at all. The message names the certificate where there is one.
    """
    der = _only_certificate(data)
    facts = inspect_certificate(der)
    _refuse_unless_ca(facts)
    if not allow_expired:
        _refuse_if_expired(facts, now)
    return TrustedRootCertificate(der, facts)


def describe_certificate(facts: CertificateFacts) -> str:
    """Which certificate this is: subject, issuer, thumbprints and dates, in one line."""
    return (
        f"subject “{facts.subject}”, issuer “{facts.issuer}”, "
        f"SHA-1 {facts.sha1_thumbprint}, SHA-256 {facts.sha256_thumbprint}, "
        f"valid from {_day(facts.not_before)} to {_day(facts.not_after)}"
    )


def _only_certificate(data: bytes) -> bytes:
    items = list(certificates_in(data))
    errors = [item for item in items if isinstance(item, CertificateError)]
    ders = [item for item in items if isinstance(item, bytes)]
    if errors:
        raise TrustedRootRefusedError(f"This cannot be a trusted root. {errors[0]}")
    if len(ders) > 1:
        subjects = "; ".join(f"“{inspect_certificate(der).subject}”" for der in ders[:5])
        more = f" and {len(ders) - 5} more" if len(ders) > 5 else ""
        raise TrustedRootRefusedError(
            f"This is a bundle of {len(ders)} certificates ({subjects}{more}): "
            "a trusted root profile holds exactly one."
        )
    if not ders:
        raise TrustedRootRefusedError("This is a PKCS#7 bundle without any certificate.")
    return ders[0]


def _refuse_unless_ca(facts: CertificateFacts) -> None:
    if facts.is_ca:
        return
    why = "its extensions cannot be read" if facts.is_ca is None else "its CA flag is not set"
    raise TrustedRootRefusedError(
        f"This is not a CA certificate, {why}: {describe_certificate(facts)}."
    )


def _refuse_if_expired(facts: CertificateFacts, now: datetime) -> None:
    if facts.not_after is None:
        raise TrustedRootRefusedError(
            f"The end of validity cannot be read: {describe_certificate(facts)}."
        )
    if facts.not_after < now:
        raise TrustedRootRefusedError(
            f"This certificate has expired: {describe_certificate(facts)}.",
            hint="Allow expired certificates if it must be delivered all the same.",
        )


def _day(time: datetime | None) -> str:
    return "(unreadable)" if time is None else time.strftime("%Y-%m-%d %H:%M UTC")
