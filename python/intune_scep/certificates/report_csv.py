"""Intune's certificate report as CSV, row by row.

Columns: GRAPH.md 2, reports `AllDeviceCertificates` and `CertificatesByRAPolicy` of
`deviceManagement/reports/exportJobs`. The report names certificates but holds none.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO

from intune_scep.certificates._json import JsonReady
from intune_scep.certificates.errors import CertificateError

_FIELDS = {
    "CaConfiguration": "ca_configuration",
    "CertificateStatus": "certificate_status",
    "DeviceId": "device_id",
    "DeviceName": "device_name",
    "EnhancedKeyUsage": "enhanced_key_usage",
    "IssuerName": "issuer_name",
    "KeyUsage": "key_usage",
    "PolicyId": "policy_id",
    "SerialNumber": "serial_number",
    "SubjectName": "subject_name",
    "Thumbprint": "thumbprint",
    "UPN": "upn",
    "UserId": "user_id",
    "ValidFrom": "valid_from",
    "ValidTo": "valid_to",
}
_REQUIRED = {"SerialNumber", "Thumbprint"}


@dataclass(frozen=True, slots=True)
class ReportedCertificate(JsonReady):
    """One row of the report, word for word; None where the report has no such column.

    `other` holds columns that are not documented.
    """

    ca_configuration: str | None = None
    certificate_status: str | None = None
    device_id: str | None = None
    device_name: str | None = None
    enhanced_key_usage: str | None = None
    issuer_name: str | None = None
    key_usage: str | None = None
    policy_id: str | None = None
    serial_number: str | None = None
    subject_name: str | None = None
    thumbprint: str | None = None
    upn: str | None = None
    user_id: str | None = None
    valid_from: str | None = None
    valid_to: str | None = None
    other: Mapping[str, str] | None = None


def read_report(file: IO[str]) -> Iterator[tuple[int, ReportedCertificate | CertificateError]]:
    """Each row with its line number in the file; a row that does not fit is an error in its place.

    One row is held at a time, so the length of the report does not matter.

    Args:
        file: The open report, `newline=""`.

    Raises:
        CertificateError: The file is not this report, or cannot be read further as CSV.
    """
    reader = csv.reader(file)
    try:
        header = next(reader, [])
        _check_header(header)
        for row in reader:
            if row:
                yield reader.line_num, _read_row(header, row)
    except csv.Error as error:
        raise CertificateError(f"Line {reader.line_num} cannot be read as CSV: {error}.") from error
    except UnicodeDecodeError as error:
        raise CertificateError(
            f"After line {reader.line_num} the file is not {error.encoding} text."
        ) from error


def _check_header(header: list[str]) -> None:
    missing = sorted(_REQUIRED - set(header))
    if missing:
        raise CertificateError(
            f"It is not Intune's certificate report: no column {' and no column '.join(missing)}."
        )
    if len(set(header)) < len(header):
        raise CertificateError("The report names a column twice.")


def _read_row(header: list[str], row: list[str]) -> ReportedCertificate | CertificateError:
    if len(row) != len(header):
        return CertificateError(f"The row has {len(row)} values for {len(header)} columns.")
    values = dict(zip(header, row, strict=True))
    known = {field: values.pop(column) for column, field in _FIELDS.items() if column in values}
    return ReportedCertificate(**known, other=values or None)
