"""A terminal and a pipe are told the same of a certificate, line by line."""

import io

import pytest
from rich.console import Console

from intune_scep.certificates import (
    CertificateRecord,
    ComparisonStatus,
    MappingStatus,
    SidComparison,
    StrongMapping,
    UnreadableCertificate,
)
from intune_scep.certificates.mapping import NOT_JUDGED_FROM_REPORT
from intune_scep.certificates.report_csv import ReportedCertificate
from intune_scep.cli.inspecting import _status, _TextOutput

LONG = "A sentence that is much longer than the line of any terminal is wide. " * 5
MAPPED = StrongMapping(MappingStatus.MAPPED, "S-1-5-21-1-2-3-4", ("Mapped.",), ("Noted.", "Noted."))
COMPARED = SidComparison(ComparisonStatus.DIFFERENT, "S-1-5-21-1-2-3-5", "upn", LONG)
REPORTED = ReportedCertificate(serial_number="01", thumbprint="02")


@pytest.mark.parametrize(
    ("item", "comparison"),
    [
        (CertificateRecord("r.csv", 2, NOT_JUDGED_FROM_REPORT, reported=REPORTED), None),
        (CertificateRecord("[bold]r.csv", 2, NOT_JUDGED_FROM_REPORT, reported=REPORTED), None),
        (
            CertificateRecord("a\x1b[31m.csv", 3, NOT_JUDGED_FROM_REPORT, reported=REPORTED),
            COMPARED,
        ),
        (CertificateRecord("m.pem", 1, MAPPED), None),
        (CertificateRecord("m\u202e.pem", 1, MAPPED), COMPARED),
        (UnreadableCertificate("u.pem", 1, LONG), None),
        (UnreadableCertificate("u.pem", 2, "[red]no[/red] :smile: \u4e2d"), None),
    ],
)
def test_the_lines_are_the_same(item, comparison):
    told = {}
    for is_terminal in (True, False):
        target = Console(
            file=io.StringIO(), force_terminal=is_terminal, no_color=True, highlight=False, width=80
        )
        output = _TextOutput(target)
        output.item(item, _status(item), comparison, with_identities=True)
        told[is_terminal] = target.file.getvalue().replace("\x1b[1m", "").replace("\x1b[0m", "")
    assert told[True].replace("\x1b[2m", "") == told[False]
    assert "\x1b" not in told[False]
    assert told[False].startswith(f"{_status(item)}  ")
