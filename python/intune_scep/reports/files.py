"""Writing reports into a folder."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC
from pathlib import Path

from intune_scep.compliance import ComplianceReport
from intune_scep.errors import ReportFileError
from intune_scep.files import write_private
from intune_scep.reports.formats import FORMATS, render
from intune_scep.reports.history import read_history


def write_reports(
    report: ComplianceReport, directory: Path, formats: Iterable[str] = FORMATS
) -> tuple[Path, ...]:
    """Write a report in several forms, each file whole or not at all, mode 0600.

    The JSON report is written a second time under a name with the time of the run: these are the
    earlier reports that the trend is made of.

    Raises:
        ReportFileError: the folder or a file cannot be written.
    """
    names = list(dict.fromkeys(formats))
    try:
        directory.mkdir(parents=True, exist_ok=True)
        history = read_history(directory, report)
        written = []
        for name in names:
            path = directory / FORMATS[name].file_name
            data = render(name, report, history).encode()
            write_private(path, data)
            written.append(path)
            if name == "json":
                at = report.generated_at.astimezone(UTC)
                write_private(directory / f"compliance-{at:%Y%m%dT%H%M%SZ}.json", data)
    except OSError as error:
        raise ReportFileError(
            f"Reports cannot be written to {directory}: {error.strerror}."
        ) from error
    return tuple(written)
