"""Reading X.509 certificates: which account an issued certificate is mapped to, and trusted roots.

Nothing here speaks to a network. Certificates are read part by part, so that a damaged part costs
itself; hostile input ends in one clear message.
"""

from intune_scep.certificates.alt_security import AltSecurityForm, AltSecurityIdentity
from intune_scep.certificates.expected import ComparisonStatus, ExpectedSids, SidComparison
from intune_scep.certificates.facts import (
    CertificateFacts,
    ExtendedKeyUsage,
    inspect_certificate,
)
from intune_scep.certificates.files import (
    CertificateRecord,
    UnreadableCertificate,
    read_certificates,
)
from intune_scep.certificates.mapping import MappingStatus, StrongMapping
from intune_scep.certificates.names import OtherName, SubjectAlternativeNames
from intune_scep.certificates.report_csv import ReportedCertificate
from intune_scep.certificates.sid import (
    SID_EXTENSION_OID,
    SidForm,
    SidOccurrence,
)
from intune_scep.certificates.trusted_root import (
    TrustedRootCertificate,
    describe_certificate,
    load_trusted_root,
    oddities,
    only_certificate,
    why_no_ca,
)
from intune_scep.errors import (
    CertificateError,
    ExpectedSidsError,
    InvalidCertificateError,
    TrustedRootRefusedError,
)
from intune_scep.profiles.sid_text import SID_TAG, is_sid

__all__ = [
    "SID_EXTENSION_OID",
    "SID_TAG",
    "AltSecurityForm",
    "AltSecurityIdentity",
    "CertificateError",
    "CertificateFacts",
    "CertificateRecord",
    "ComparisonStatus",
    "ExpectedSids",
    "ExpectedSidsError",
    "ExtendedKeyUsage",
    "InvalidCertificateError",
    "MappingStatus",
    "OtherName",
    "ReportedCertificate",
    "SidComparison",
    "SidForm",
    "SidOccurrence",
    "StrongMapping",
    "SubjectAlternativeNames",
    "TrustedRootCertificate",
    "TrustedRootRefusedError",
    "UnreadableCertificate",
    "describe_certificate",
    "inspect_certificate",
    "is_sid",
    "load_trusted_root",
    "oddities",
    "only_certificate",
    "read_certificates",
    "why_no_ca",
]
