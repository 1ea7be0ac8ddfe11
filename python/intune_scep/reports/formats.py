"""The forms of the report, one row each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Final

from intune_scep.memory import collector_paused

if TYPE_CHECKING:
    from intune_scep.compliance import ComplianceReport
    from intune_scep.reports.history import Point


@dataclass(frozen=True)
class ReportFormat:
    """One form.

    Attributes:
        file_name: What it is called in an output directory.
        home: Module and function that renders it; loaded when it is used.
        takes_history: Whether it shows earlier reports.
    """

    name: str
    file_name: str
    home: tuple[str, str]
    takes_history: bool = False


FORMATS: Final = {
    row.name: row
    for row in (
        ReportFormat("text", "compliance.txt", ("terminal", "render_text")),
        ReportFormat("json", "compliance.json", ("machine", "render_json")),
        ReportFormat("html", "compliance.html", ("html", "render_html"), takes_history=True),
        ReportFormat("markdown", "compliance.md", ("markdown", "render_markdown")),
        ReportFormat("junit", "compliance.junit.xml", ("junit", "render_junit")),
        ReportFormat("sarif", "compliance.sarif", ("sarif", "render_sarif")),
        ReportFormat("prometheus", "compliance.prom", ("prometheus", "render_prometheus")),
    )
}


def render(name: str, report: ComplianceReport, history: Sequence[Point] = ()) -> str:
    """The report in one form.

    Args:
        name: A key of `FORMATS`.
        history: Earlier reports, oldest first.
    """
    row = FORMATS[name]
    module, function = row.home
    renderer: Callable[..., str] = getattr(import_module(f"intune_scep.reports.{module}"), function)
    with collector_paused():
        return renderer(report, history) if row.takes_history else renderer(report)
