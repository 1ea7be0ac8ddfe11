"""Reading X.509 certificates: which account an issued certificate is mapped to, and trusted roots.

Nothing here speaks to a network. Certificates are read part by part, so that a damaged part costs
itself; hostile input ends in one clear message.
"""

from typing import TYPE_CHECKING

from intune_scep.errors import (
    CertificateError,
    ExpectedSidsError,
    InvalidCertificateError,
    TrustedRootRefusedError,
)
from intune_scep.lazy import lazily

if TYPE_CHECKING:
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
    from intune_scep.certificates.sid import SID_EXTENSION_OID, SidForm, SidOccurrence
    from intune_scep.certificates.trusted_root import (
        TrustedRootCertificate,
        describe_certificate,
        load_trusted_root,
        oddities,
        only_certificate,
        why_no_ca,
    )
    from intune_scep.profiles.sid_text import SID_TAG, is_sid

_HOMES = {
    "AltSecurityForm": "certificates.alt_security",
    "AltSecurityIdentity": "certificates.alt_security",
    "CertificateFacts": "certificates.facts",
    "CertificateRecord": "certificates.files",
    "ComparisonStatus": "certificates.expected",
    "ExpectedSids": "certificates.expected",
    "ExtendedKeyUsage": "certificates.facts",
    "MappingStatus": "certificates.mapping",
    "OtherName": "certificates.names",
    "ReportedCertificate": "certificates.report_csv",
    "SID_EXTENSION_OID": "certificates.sid",
    "SID_TAG": "profiles.sid_text",
    "SidComparison": "certificates.expected",
    "SidForm": "certificates.sid",
    "SidOccurrence": "certificates.sid",
    "StrongMapping": "certificates.mapping",
    "SubjectAlternativeNames": "certificates.names",
    "TrustedRootCertificate": "certificates.trusted_root",
    "UnreadableCertificate": "certificates.files",
    "describe_certificate": "certificates.trusted_root",
    "inspect_certificate": "certificates.facts",
    "is_sid": "profiles.sid_text",
    "load_trusted_root": "certificates.trusted_root",
    "oddities": "certificates.trusted_root",
    "only_certificate": "certificates.trusted_root",
    "read_certificates": "certificates.files",
    "why_no_ca": "certificates.trusted_root",
}

__getattr__ = lazily("intune_scep", _HOMES)

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
