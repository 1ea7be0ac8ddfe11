"""The CA certificate of a trusted root profile, parsed once however many profiles link to it."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from intune_scep.certificates import CertificateFacts

_PEM_START = b"-----BEGIN"


@dataclass(frozen=True, slots=True)
class CaCertificate:
    """What a `trustedRootCertificate` holds.

    Attributes:
        facts: None if it is no certificate.
        problem: Why it is none, or is not in the form Microsoft supports; None if it is sound.
    """

    facts: CertificateFacts | None
    problem: str | None = None

    @property
    def is_root(self) -> bool:
        """Whether it signed itself."""
        return self.facts is not None and self.facts.self_signed is True

    @property
    def is_intermediate(self) -> bool:
        """Whether another CA signed it."""
        return self.facts is not None and self.facts.self_signed is False


@lru_cache(maxsize=512)
def read_ca_certificate(value: str | None) -> CaCertificate:
    """Read the base64 text of a `trustedRootCertificate`. Never raises."""
    from intune_scep.certificates import inspect_certificate, only_certificate
    from intune_scep.errors import CertificateError

    if not value:
        return CaCertificate(None, "There is no certificate.")
    try:
        der = only_certificate(value.encode(errors="replace"))
        return CaCertificate(inspect_certificate(der), _form_problem(value, der))
    except CertificateError as error:
        return CaCertificate(None, f"There is no CA certificate in it. {error}")


def _form_problem(value: str, der: bytes) -> str | None:
    """Why a value that can be read is not in the form that devices are sent."""
    try:
        data = base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError):
        return "The certificate is not base64 of DER."
    if data == der:
        return None
    if data.startswith(_PEM_START):
        return "The certificate is PEM text inside base64 instead of DER."
    return "The certificate is not stored as DER alone."
