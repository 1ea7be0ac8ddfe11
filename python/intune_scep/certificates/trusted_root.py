"""The certificate of a trusted root profile: accepted in any form, handed on as DER."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from intune_scep.certificates.containers import certificates_in
from intune_scep.certificates.facts import CertificateFacts, inspect_certificate
from intune_scep.errors import CertificateError, TrustedRootRefusedError


@dataclass(frozen=True, slots=True)
class TrustedRootCertificate:
    """A certificate fit for a trusted root profile.

    Attributes:
        der: What goes into `trustedRootCertificate` (as base64, GRAPH.md 1.3).
        facts: What it says.
        warnings: What is odd about it, in sentences; it is managed by its bytes all the same.
    """

    der: bytes = field(repr=False)
    facts: CertificateFacts
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """The facts and warnings; the DER itself is left out."""
        return {"facts": self.facts.to_dict(), "warnings": list(self.warnings)}


def load_trusted_root(
    data: bytes, *, now: datetime, allow_expired: bool = False
) -> TrustedRootCertificate:
    """Read one CA certificate, or say in one message why it cannot be a trusted root.

    An intermediate CA is accepted: which certificate of the chain a profile should hold depends
    on platform and source (DOMAIN.md 3, C-9). So is a self-signed certificate that does not say
    whether it is a CA, as those of version 1 cannot: that it is trusted is the administrator's
    decision.

    Args:
        data: The file, in any form that `certificates_in` reads.
        now: Aware time against which expiry is judged.
        allow_expired: Accept a certificate whose validity is over.

    Raises:
        TrustedRootRefusedError: A leaf, a private key, a bundle, an expired certificate, PKCS#12,
            or no certificate at all. The message names the certificate where there is one.
    """
    try:
        der = only_certificate(data)
    except CertificateError as error:
        raise TrustedRootRefusedError(f"This cannot be a trusted root. {error}") from error
    facts = inspect_certificate(der)
    refusal = why_no_ca(facts)
    if refusal is not None:
        raise TrustedRootRefusedError(refusal)
    if not allow_expired:
        _refuse_if_expired(facts, now)
    return TrustedRootCertificate(der, facts, tuple(oddities(facts)))


def only_certificate(data: bytes) -> bytes:
    """The DER of the one certificate in a file.

    Raises:
        CertificateError: It holds none, several, or something else beside it.
    """
    items = list(certificates_in(data))
    errors = [item for item in items if isinstance(item, CertificateError)]
    ders = [item for item in items if isinstance(item, bytes)]
    if errors:
        raise errors[0]
    if len(ders) > 1:
        subjects = "; ".join(f"“{inspect_certificate(der).subject}”" for der in ders[:5])
        more = f" and {len(ders) - 5} more" if len(ders) > 5 else ""
        raise CertificateError(
            f"It is a bundle of {len(ders)} certificates ({subjects}{more}): a trusted root "
            "profile holds exactly one. Make a file, and a profile, for each."
        )
    return ders[0]


def why_no_ca(facts: CertificateFacts) -> str | None:
    """Why a certificate cannot be a trusted root, in a sentence; None if it can.

    What basicConstraints denies is refused, and what has none and was signed by another; what
    cannot be known is left to the administrator, with a warning.
    """
    if facts.is_ca is not False:
        return None
    if facts.has_basic_constraints:
        return (
            f"This is not a CA certificate, its CA flag is not set: {describe_certificate(facts)}."
        )
    if facts.self_signed is False:
        return (
            "This is not a CA certificate, its CA flag is not set and it is not self-signed: "
            f"{describe_certificate(facts)}."
        )
    return None


def oddities(facts: CertificateFacts) -> Iterator[str]:
    """What is odd about a certificate that can be a trusted root, in sentences."""
    if facts.is_ca is None:
        yield "Whether the certificate is that of a CA cannot be read from it."
    elif not facts.is_ca:
        yield _without_constraints(facts)
    yield from facts.problems


def describe_certificate(facts: CertificateFacts) -> str:
    """Which certificate this is: subject, issuer, thumbprints and dates, in one line."""
    return (
        f"subject “{_shown(facts.subject)}”, issuer “{_shown(facts.issuer)}”, "
        f"SHA-1 {facts.sha1_thumbprint}, SHA-256 {facts.sha256_thumbprint}, "
        f"valid from {_day(facts.not_before)} to {_day(facts.not_after)}"
    )


def _without_constraints(facts: CertificateFacts) -> str:
    version = f", of version {facts.version}," if facts.version in {1, 2} else ""
    signed = (
        "self-signed"
        if facts.self_signed
        else "issued to itself (nobody here can check the signature)"
    )
    return (
        f"The certificate{version} does not say that it is that of a CA (it has no basic "
        f"constraints). It is {signed}, so it can be trusted by decision; not every platform does."
    )


def _refuse_if_expired(facts: CertificateFacts, now: datetime) -> None:
    if facts.not_after is not None and facts.not_after < now:
        raise TrustedRootRefusedError(
            f"This certificate has expired: {describe_certificate(facts)}.",
            hint="Allow expired certificates if it must be delivered all the same.",
        )


_UNREADABLE = "(unreadable)"


def _shown(name: str | None) -> str:
    return _UNREADABLE if name is None else name


def _day(time: datetime | None) -> str:
    return _UNREADABLE if time is None else time.strftime("%Y-%m-%d %H:%M UTC")
