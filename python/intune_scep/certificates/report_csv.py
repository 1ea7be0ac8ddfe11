"""Intune's certificate report as CSV, row by row.

Columns: GRAPH.md 2, reports `AllDeviceCertificates` and `CertificatesByRAPolicy` of
`deviceManagement/reports/exportJobs`. The report names certificates but holds none.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import IO, Final, NamedTuple

from intune_scep.certificates.tables import (
    KEY_COLUMNS,
    SID_COLUMNS,
    Table,
    column_key,
    listed_columns,
    read_table,
    refuse_scientific,
)
from intune_scep.errors import CertificateError
from intune_scep.records import Record
from intune_scep.wording import option

_FIELDS: Final = {
    column_key(column): field
    for column, field in {
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
    }.items()
}
REPORT_COLUMNS: Final = frozenset(_FIELDS)
_NAMES: Final = tuple(_FIELDS.values())
_REQUIRED: Final = {"SerialNumber", "Thumbprint"}


# A report has half a million rows, and a dataclass takes ten times as long to make as a tuple.
class _Row(NamedTuple):
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


class ReportedCertificate(_Row, Record):
    """One row of the report, word for word; None where the report has no such column.

    `other` holds columns that are not documented.
    """

    __slots__ = ()


def read_report(file: IO[str]) -> Iterator[tuple[int, ReportedCertificate | CertificateError]]:
    """Each row with its line number in the file; a row that does not fit is an error in its place.

    One row is held at a time, so the length of the report does not matter.

    Args:
        file: The open report, `newline=""`.

    Raises:
        CertificateError: The file is not this report, or cannot be read further as CSV.
    """
    table = read_table(file, REPORT_COLUMNS.union(KEY_COLUMNS, SID_COLUMNS))
    _check_header(table)
    read = _row_reader(table)
    for line, row in table.rows:
        yield line, read(row)


def is_report(keys: Sequence[str]) -> bool:
    """Whether the columns are those of this report."""
    return {column_key(name) for name in _REQUIRED} <= set(keys)


def _check_header(table: Table) -> None:
    keys = table.keys
    if not is_report(keys):
        if SID_COLUMNS.intersection(keys) and set(KEY_COLUMNS).intersection(keys):
            raise CertificateError(
                "It is a list of expected SIDs, not of certificates: "
                f"give it with {option('expected')} beside the files of certificates."
            )
        missing = sorted(name for name in _REQUIRED if column_key(name) not in keys)
        raise CertificateError(
            f"It is not Intune's certificate report: no column {' and no column '.join(missing)}. "
            f"The columns are: {listed_columns(table.columns)}."
        )
    if len(set(keys)) < len(keys):
        raise CertificateError("The report names a column twice.")


def _row_reader(
    table: Table,
) -> Callable[[list[str]], ReportedCertificate | CertificateError]:
    """What reads a row of the table; where each value stands is looked up once for all rows."""
    width = len(table.columns)
    places = {_FIELDS[key]: place for place, key in enumerate(table.keys) if key in _FIELDS}
    others = [
        (n, place) for place, n in enumerate(table.columns) if table.keys[place] not in _FIELDS
    ]
    # Behind the row stand what a column that the report lacks holds, and the other columns.
    values_of = itemgetter(*(places.get(name, width) for name in _NAMES), width + 1)
    serial_at, thumbprint_at = places["serial_number"], places["thumbprint"]

    def read(row: list[str]) -> ReportedCertificate | CertificateError:
        if len(row) != width:
            return CertificateError(f"The row has {len(row)} values for {width} columns.")
        serial, thumbprint = row[serial_at], row[thumbprint_at]
        if "+" in serial or "+" in thumbprint:
            try:
                refuse_scientific("serial number", serial)
                refuse_scientific("thumbprint", thumbprint)
            except CertificateError as error:
                return error
        other = {name: row[place] for name, place in others} if others else None
        return ReportedCertificate._make(values_of([*row, None, other]))

    return read
