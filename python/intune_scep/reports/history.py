"""Earlier JSON reports in a folder, as the points of a trend."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from intune_scep.compliance.report import FORMAT, ComplianceReport
from intune_scep.errors import FileError
from intune_scep.files import parse_json, read_regular

_LARGEST: Final = 64 * 1024 * 1024


@dataclass(frozen=True)
class Point:
    """The numbers of one run."""

    at: datetime
    errors: int
    warnings: int
    required: int
    mapped: int


def point_of(report: ComplianceReport) -> Point:
    """The point that a report adds."""
    # Of the whole report as JSON, which is long, only what has the numbers.
    content = {
        "generated_at": report.generated_at.isoformat(),
        "outcome": report.outcome.to_dict(),
        "summary": report.summary,
    }
    point = _point(content)
    if point is None:
        raise ValueError("A report without numbers.")
    return point


def read_history(directory: Path, report: ComplianceReport) -> tuple[Point, ...]:
    """The runs over the same tenant whose reports are in a folder, oldest first.

    Files that are no report, or that cannot be read, are passed over: anybody may put files
    there. Runs that could not judge have no numbers and make no point.
    """
    found: dict[datetime, Point] = {}
    for path in sorted(directory.glob("*.json")):
        content = _load(path)
        if content is None or not _same_subject(content, report):
            continue
        point = _point(content)
        if point is not None and point.at < report.generated_at:
            found[point.at] = point
    return tuple(found[at] for at in sorted(found))


def _load(path: Path) -> dict[str, Any] | None:
    try:
        content = parse_json(read_regular(path, what="File", most=_LARGEST), "File")
    except FileError:
        return None
    return content if isinstance(content, dict) and content.get("format") == FORMAT else None


def _same_subject(content: dict[str, Any], report: ComplianceReport) -> bool:
    return (content.get("tenant"), content.get("cloud"), content.get("source")) == (
        report.tenant,
        report.cloud,
        report.source,
    )


def _point(content: dict[str, Any]) -> Point | None:
    try:
        at = datetime.fromisoformat(content["generated_at"])
        if content["outcome"]["status"] == "not_judged" or at.tzinfo is None:
            return None
        summary = content["summary"]
        numbers = (
            summary["findings"]["error"],
            summary["findings"]["warning"],
            summary["verdicts"]["required"],
            summary["verdicts"]["mapped"],
        )
    except (KeyError, TypeError, ValueError):
        return None
    if not all(isinstance(number, int) and 0 <= number < 10**7 for number in numbers):
        return None
    return Point(at, *numbers)
