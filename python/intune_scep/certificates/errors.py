"""What can be wrong with a certificate or a list of expected SIDs."""

from intune_scep.errors import IntuneScepError


class CertificateError(IntuneScepError):
    """Base of the errors of this room."""


class InvalidCertificateError(CertificateError):
    """The bytes are not an X.509 certificate that can be parsed."""


class TrustedRootRefusedError(CertificateError):
    """The file is not something to deliver as a trusted root; the message says what it is."""


class ExpectedSidsError(CertificateError):
    """The list of expected SIDs cannot be used: a column is missing, a SID or key is wrong."""
