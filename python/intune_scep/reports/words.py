"""The words that all forms of the report share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from intune_scep.compliance import ComplianceReport, Status
from intune_scep.profiles.vocabulary import SHORT_PLATFORM_NAMES as PLATFORMS
from intune_scep.rules import Severity
from intune_scep.rules.verdicts import VERDICT_WORDS as VERDICTS

__all__ = ["OUTCOMES", "PLATFORMS", "SEVERITIES", "VERDICTS", "listed", "subject_of"]

OUTCOMES: Final = {
    Status.PASSED: "Passed",
    Status.FAILED: "Needs attention",
    Status.NOT_JUDGED: "Could not be judged",
}
SEVERITIES: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def listed(names: Iterable[str], most: int = 5) -> str:
    """Names in a row, cut after some."""
    names = list(names)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def subject_of(report: ComplianceReport) -> str:
    """What the report is about."""
    if report.source != "tenant":
        return report.source
    return f"tenant {report.tenant or '(unknown)'}, cloud {report.cloud}"
