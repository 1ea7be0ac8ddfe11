"""The report for a person at a terminal."""

from __future__ import annotations

import io
from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from intune_scep.compliance import ComplianceReport, RootStatus, Status
from intune_scep.compliance.roots import STATUS_WORDS
from intune_scep.reports.causes import Cause, by_rule, causes
from intune_scep.reports.words import OUTCOMES, SEVERITIES, VERDICTS, listed, subject_of
from intune_scep.rules import Severity
from intune_scep.rules.texts import counted
from intune_scep.texts import one_line
from intune_scep.wording import face

_WIDTH = 100
_LISTS_NOTES = "intune-scep check --notes lists them"
_STEPS = 8
_OUTCOME_STYLES = {
    Status.PASSED: "bold black on green",
    Status.FAILED: "bold white on red",
    Status.NOT_JUDGED: "bold black on yellow",
}
_SEVERITY_STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "blue"}


def render_text(report: ComplianceReport, *, every_finding: bool = True) -> str:
    """The report as plain text, 100 columns wide.

    Args:
        every_finding: Also list the findings, each cause with the profiles behind it.
    """
    stream = io.StringIO()
    console = Console(file=stream, width=_WIDTH, highlight=False, color_system=None, emoji=False)
    console.print(terminal_report(report, every_finding=every_finding))
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"


def terminal_report(
    report: ComplianceReport, *, every_finding: bool = True, notes: bool = False
) -> RenderableType:
    """The report for rich.

    Args:
        every_finding: Also list the findings, each cause with the profiles behind it.
        notes: Also list the notes, which are counted only.
    """
    return Group(*_parts(report, every_finding=every_finding, notes=notes))


def drift_report(report: ComplianceReport) -> RenderableType:
    """Only what differs from the baseline."""
    unread = [Text(f"{one_line(item.what)}: {one_line(item.why)}") for item in report.unread]
    return Group(_headline(report), *(unread or _drift(report)))


def _parts(
    report: ComplianceReport, *, every_finding: bool, notes: bool
) -> Iterator[RenderableType]:
    yield _headline(report)
    yield from _reasons(report)
    yield from _rules(report, notes=notes)
    if report.profiles:
        yield Text()
        yield _verdicts(report)
    yield from _steps(report)
    yield from _roots(report)
    yield from _drift(report)
    if every_finding:
        yield from _findings(report, notes=notes)
    yield from _footnotes(report, notes=notes)


def _headline(report: ComplianceReport) -> Text:
    simulator = (" SIMULATOR ", "bold black on yellow") if report.is_simulator else ""
    status = report.outcome.status
    return Text.assemble(
        (f" {OUTCOMES[status]} ", _OUTCOME_STYLES[status]),
        " ",
        simulator,
        f" Compliance of {one_line(subject_of(report))}, {report.generated_at:%Y-%m-%d %H:%M %Z}",
    )


def _reasons(report: ComplianceReport) -> Iterator[RenderableType]:
    for reason in report.outcome.reasons:
        yield _indented(one_line(reason.message), 2)


def _rules(report: ComplianceReport, *, notes: bool) -> Iterator[RenderableType]:
    """Which rules complain, worst first."""
    rows = [row for row in by_rule(report) if notes or row.severity is not Severity.INFO]
    if not rows:
        return
    table = Table(title="Findings by rule", title_justify="left", box=None, padding=(0, 2, 0, 0))
    for heading in ("profiles", "rule", "severity", "what"):
        table.add_column(heading, justify="right" if heading == "profiles" else "left")
    for row in rows:
        severity = Text(SEVERITIES[row.severity], style=_SEVERITY_STYLES[row.severity])
        table.add_row(str(row.profiles), row.rule_id, severity, row.title)
    yield Text()
    yield table


def _verdicts(report: ComplianceReport) -> Table:
    table = Table(title="Strong mapping", title_justify="left", box=None, padding=(0, 2, 0, 0))
    table.add_column("profiles", justify="right")
    table.add_column("verdict")
    table.add_column("meaning")
    for verdict, (label, meaning) in VERDICTS.items():
        count = report.verdicts[verdict.value]
        if count:
            table.add_row(str(count), label, meaning)
    return table


def _heading(text: str) -> Text:
    return Text(f"\n{text}", style="bold")


def _indented(text: str | Text, depth: int, style: str = "") -> Padding:
    """A paragraph whose further lines begin where its first does."""
    return Padding(text if isinstance(text, Text) else Text(text, style=style), (0, 0, 0, depth))


def _steps(report: ComplianceReport) -> Iterator[RenderableType]:
    if not report.steps:
        return
    yield _heading("What to do first")
    for number, step in enumerate(report.steps[:_STEPS], 1):
        label = f"{SEVERITIES[step.severity]}{f' {step.rule_id}' if step.rule_id else ''}"
        yield Text.assemble(
            f"{number:2}. ",
            (one_line(step.title), "bold"),
            f" ({counted(len(step.profiles), 'profile')}, ",
            (label, _SEVERITY_STYLES[step.severity]),
            ")",
        )
        yield _indented(one_line(step.remedy), 4)
        if step.command:
            yield _indented(f"$ {step.command}", 4, "cyan")
    if len(report.steps) > _STEPS:
        yield _indented(f"and {len(report.steps) - _STEPS} more, see the findings", 4)


def _roots(report: ComplianceReport) -> Iterator[RenderableType]:
    bad = [root for root in report.roots if root.status is not RootStatus.SOUND]
    if bad:
        yield _heading("Trusted roots")
    for root in bad:
        end = f" {root.not_after:%Y-%m-%d}" if root.not_after else ""
        users = listed(item.name for item in root.used_by) or "no profile"
        yield _indented(
            one_line(f"{root.name}: {STATUS_WORDS[root.status]}{end}, used by {users}"), 2
        )


def _drift(report: ComplianceReport) -> Iterator[RenderableType]:
    if report.baseline is None:
        return
    yield _heading(f"Since the baseline of {one_line(report.baseline.approved_at)}")
    yield _indented(
        f"{counted(len(report.new_findings), 'new finding')},"
        f" {counted(len(report.drift), 'profile')} changed",
        2,
    )
    if report.newly_judged:
        yield _indented(
            f"{report.newly_judged} more are of rules that were not judged at the approval", 2
        )
    for item in report.drift:
        yield _indented(f"{item.kind}: {one_line(item.name)}", 2)
        for change in item.changes:
            before, after = one_line(change.before), one_line(change.after)
            yield _indented(f"{change.property}: {before} -> {after}", 6)


def _findings(report: ComplianceReport, *, notes: bool) -> Iterator[RenderableType]:
    """Each cause once, with the profiles behind it."""
    wanted = [item for item in Severity if notes or item is not Severity.INFO]
    found = causes(report, wanted)
    if found:
        yield _heading("Findings")
    for cause in found:
        yield _cause(cause)
        yield from (_indented(one_line(name), 6) for name in cause.names)


def _cause(cause: Cause) -> RenderableType:
    item = cause.finding
    style = "dim" if item.waived else _SEVERITY_STYLES[item.severity]
    number = f" ({counted(len(cause.names), 'profile')})" if len(cause.names) > 1 else ""
    waived = f" (waived until {item.waived.expires})" if item.waived else ""
    expired = (
        f" (its waiver expired on {item.expired_waiver.expires})" if item.expired_waiver else ""
    )
    line = Text.assemble(
        (f"{item.rule_id} {SEVERITIES[item.severity]}", style),
        f" {one_line(item.message)}{number}{waived}{expired}",
    )
    return _indented(line, 2)


def _numbers(report: ComplianceReport) -> Text:
    summary = report.summary
    return Text(
        f"{counted(summary['findings']['error'], 'error')},"
        f" {counted(summary['findings']['warning'], 'warning')},"
        f" {counted(summary['findings']['info'], 'note')}, {summary['waived']} waived."
    )


def _footnotes(report: ComplianceReport, *, notes: bool) -> Iterator[Text]:
    yield Text()
    if not report.unread:
        yield _numbers(report)
    if not notes and (hidden := len(report.counting(Severity.INFO))):
        where = f": {_LISTS_NOTES}" if face().runs_commands else ""
        yield Text(f"{counted(hidden, 'note')} not shown{where}.")
    if report.skipped:
        rules = ", ".join(dict.fromkeys(item.rule_id for item in report.skipped))
        yield Text(f"Not judged, for want of facts: {rules}.")
    if report.questions:
        asked = ", ".join(item.id for item in report.questions)
        yield Text(f"Questions only a person can answer: {asked} (intune-scep rules explain ID).")
    for waiver in report.waivers_expired:
        yield Text(
            f"Expired waiver: {waiver.rule} for {one_line(waiver.profile)}, until {waiver.expires}."
        )
    for note in report.notes:
        yield Text(one_line(note))
