"""The words that all forms of the report share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from intune_scep.compliance import ComplianceReport, Status
from intune_scep.profiles import Platform
from intune_scep.rules import Severity
from intune_scep.rules.verdicts import Verdict

OUTCOMES: Final = {
    Status.PASSED: "Passed",
    Status.FAILED: "Needs attention",
    Status.NOT_JUDGED: "Could not be judged",
}
SEVERITIES: Final = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
# In the order of urgency.
VERDICTS: Final = {
    Verdict.REQUIRED: ("required", "must get the SID URI: domain controllers refuse these now"),
    Verdict.DEFECTIVE: ("defective", "misuses the SID variable; a person has to mend it"),
    Verdict.REVIEW: ("review", "a person has to decide"),
    Verdict.OPT_IN: ("opt-in", "can get the SID URI if you choose so"),
    Verdict.UNSUPPORTED: ("unsupported", "the platform cannot carry the SID URI"),
    Verdict.NOT_APPLICABLE: ("not applicable", "not for logging on to Active Directory"),
    Verdict.MAPPED: ("mapped", "carries the SID URI"),
}
PLATFORMS: Final = {
    Platform.ANDROID_DEVICE_ADMINISTRATOR: "Android device administrator",
    Platform.ANDROID_WORK_PROFILE: "Android work profile",
    Platform.ANDROID_FOR_WORK: "Android for Work",
    Platform.ANDROID_DEVICE_OWNER: "Android corporate",
    Platform.ANDROID_AOSP: "Android AOSP",
    Platform.IOS: "iOS and iPadOS",
    Platform.MACOS: "macOS",
    Platform.WINDOWS: "Windows",
    Platform.WINDOWS_PHONE: "Windows Phone 8.1",
    Platform.WINDOWS_10X: "Windows 10X",
}


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
