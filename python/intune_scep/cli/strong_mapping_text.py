"""Assessments, plans and reports as tables that a PKI administrator reads."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from intune_scep.cli.console import headline, plain
from intune_scep.profiles import SID_VARIABLE
from intune_scep.profiles.vocabulary import san_label
from intune_scep.rules.verdicts import VERDICT_WORDS
from intune_scep.strong_mapping import Assessment, EnforcementReport, Plan, Status, Verdict
from intune_scep.strong_mapping.choices import NOT_NAMED

REISSUE_WARNING = "Intune revokes and re-issues every certificate of a profile that is edited."

_STYLES = {
    Verdict.REQUIRED: "bold red",
    Verdict.DEFECTIVE: "bold magenta",
    Verdict.REVIEW: "yellow",
    Verdict.OPT_IN: "cyan",
    Verdict.UNSUPPORTED: "dim",
    Verdict.NOT_APPLICABLE: "dim",
    Verdict.MAPPED: "green",
}
_STATUS_STYLES = {
    Status.APPLIED: "green",
    Status.PLANNED: "cyan",
    Status.CONFLICT: "bold yellow",
    Status.FAILED: "bold red",
    Status.UNKNOWN: "bold red",
    Status.HELD_BACK: "dim",
    Status.UNCHANGED: "dim",
}
_NOTHING = "-"


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def show_assessment(console: Console, assessment: Assessment) -> None:
    """Print every SCEP profile with its verdict and reason, then the counts."""
    console.print(headline("Strong mapping", assessment.tenant, assessment.cloud))
    table = _table("Verdict", "Platform", "Type", "Profile", "Reason")
    table.expand = True
    for column, share in zip(table.columns, (0, 0, 0, 2, 3), strict=True):
        column.ratio = share or None
        column.no_wrap = not share
    rank = list(VERDICT_WORDS)
    for item in sorted(
        assessment.assessed,
        key=lambda item: (rank.index(item.judgement.verdict), item.profile.display_name or ""),
    ):
        row = item.to_dict()
        verdict = item.judgement.verdict
        table.add_row(
            Text(verdict.value, style=_STYLES[verdict]),
            row["platform"],
            row["certificate_type"] or _NOTHING,
            plain(row["display_name"]),
            plain(row["reason"]),
        )
    console.print(table)
    counts = [(verdict, assessment.summary[verdict.value]) for verdict in VERDICT_WORDS]
    parts = [Text(f"{count} {verdict.value}", style=_STYLES[verdict]) for verdict, count in counts]
    console.print(Text(", ").join(parts))
    _notes(console, assessment.notes)


def show_plan(console: Console, plan: Plan) -> None:
    """Print what would change, name by name, and what is left alone by choice."""
    console.print(headline("Plan", plan.tenant, plan.cloud))
    table = _table("Profile", "Names now")
    for action in plan.actions:
        name = Text.assemble(plain(action.display_name), "\n", (action.id, "dim"))
        names = [
            f"{san_label(san.get('sanType'))}: {san.get('name')}" for san in action.before or ()
        ]
        table.add_row(name, plain("\n".join(names) or "(none)"))
    if plan.actions:
        added = Text(f"Each gets one more name, last: URI: {SID_VARIABLE}", style="green")
        console.print(added)
        console.print(table)
    if plan.assessment is not None:
        _left_alone(console, plan, plan.assessment)
    count = len(plan.actions)
    console.print(f"{count} profile{'' if count == 1 else 's'} to change.", style="bold")
    if count:
        console.print(REISSUE_WARNING)
    _notes(console, plan.assessment.notes if plan.assessment else ())


def _left_alone(console: Console, plan: Plan, assessment: Assessment) -> None:
    table = _table("Left alone", "Verdict", "Why")
    not_named = 0
    for item in assessment.assessed:
        why = plan.left_alone.get(item.profile.id or "")
        if why == NOT_NAMED:
            not_named += 1
        elif why:
            table.add_row(plain(item.profile.display_name), item.judgement.verdict.value, Text(why))
    if table.row_count:
        console.print(table)
    if not_named:
        console.print(f"{not_named} more that could be changed are not named by --only.")


def show_report(console: Console, report: EnforcementReport) -> None:
    """Print what happened to each profile that was to change, and the sentence that sums it up."""
    console.print(headline("Result", report.tenant, report.cloud))
    by_choice = report.plan.left_alone if report.plan else {}
    table = _table("Status", "Profile", "Id", "Message")
    for row in report.to_dict()["profiles"]:
        status = Status(row["status"])
        if row["id"] in by_choice or (status is Status.UNCHANGED and not row["message"]):
            continue
        table.add_row(
            Text(status.value, style=_STATUS_STYLES[status]),
            plain(row["display_name"] or _NOTHING),
            row["id"],
            plain(row["message"] or ""),
        )
    if table.row_count:
        console.print(table)
    console.print(Text(report.msg, style="bold red" if report.failed else "bold"))
    if by_choice:
        console.print(f"{len(by_choice)} that could be changed were left alone by choice.")
    if report.journal:
        console.print(Text(f"Journal: {report.journal}"), soft_wrap=True)
    _notes(console, report.notes)


def _notes(console: Console, notes: tuple[str, ...]) -> None:
    for note in notes:
        console.print(Text(f"Note: {note}", style="yellow"))
