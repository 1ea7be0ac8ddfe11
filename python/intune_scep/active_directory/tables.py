"""The files of tables that are given here: opened once, in one way."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from intune_scep.certificates.report_csv import ReportedCertificate, read_report
from intune_scep.certificates.tables import encoding_of
from intune_scep.errors import CertificateError
from intune_scep.files import read_regular

LARGEST: Final = 256 * 1024 * 1024
_ZIP: Final = b"PK\x03\x04"


def open_table(path: Path, what: str) -> IO[str]:
    """A CSV file as text; what is not of its encoding is shown as a replacement character.

    Windows PowerShell 5.1 and Event Viewer write what the code page of the machine lacks as `?`
    or in that code page. Names may so be damaged; numbers and thumbprints are not.

    Raises:
        FileError: It is missing, no regular file, or larger than 256 MiB.
        CertificateError: It is a zip file.
    """
    data = read_regular(path, what=what, most=LARGEST)
    if data.startswith(_ZIP):
        raise CertificateError(f"{what} {path} is a zip file: take the CSV out of it first.")
    return io.TextIOWrapper(io.BytesIO(data), encoding_of(data[:4]), errors="replace", newline="")


def report_rows(path: Path) -> Iterator[tuple[int, ReportedCertificate | CertificateError]]:
    """Each row of Intune's certificate report with its line; a row that does not fit as an error.

    Raises:
        FileError: It cannot be read.
        CertificateError: It is not this report.
    """
    file = open_table(path, "The certificate report")
    try:
        yield from read_report(file)
    except CertificateError as error:
        raise CertificateError(
            f"The certificate report {path} cannot be used. {error.message}"
        ) from error
