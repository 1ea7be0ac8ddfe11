"""The report as Markdown, for a ticket, a wiki or the summary of a pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from intune_scep.compliance import ComplianceReport, RootStatus
from intune_scep.compliance.roots import STATUS_WORDS, ProfileRef
from intune_scep.reports.safe_text import markdown
from intune_scep.reports.words import OUTCOMES, SEVERITIES, VERDICTS, subject_of
from intune_scep.rules import Severity
from intune_scep.rules.texts import counted

_STEPS = 10
_NAMES = 8


def render_markdown(report: ComplianceReport) -> str:
    """The report: outcome, numbers, what to do first, and the findings of each profile."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: ComplianceReport) -> Iterator[str]:
    simulator = "SIMULATOR: " if report.is_simulator else ""
    yield f"# {simulator}{OUTCOMES[report.outcome.status]}"
    yield ""
    yield f"{markdown(subject_of(report))}, {report.generated_at:%Y-%m-%d %H:%M %Z}"
    yield ""
    yield from (f"- {markdown(reason.message)}" for reason in report.outcome.reasons)
    if report.profiles:
        yield from _verdicts(report)
    yield from _steps(report)
    yield from _roots(report)
    yield from _drift(report)
    if report.profiles:
        yield from _findings(report)
    yield from _notes(report)


def _verdicts(report: ComplianceReport) -> Iterator[str]:
    yield from ("", "## Strong mapping", "", "| profiles | verdict | meaning |", "|---:|---|---|")
    for verdict, (label, meaning) in VERDICTS.items():
        if count := report.verdicts[verdict.value]:
            yield f"| {count} | {label} | {meaning} |"


def _steps(report: ComplianceReport) -> Iterator[str]:
    if report.steps:
        yield from ("", "## What to do first", "")
    for number, step in enumerate(report.steps[:_STEPS], 1):
        rule = f" {step.rule_id}" if step.rule_id else ""
        yield f"{number}. **{markdown(step.title)}** ({SEVERITIES[step.severity]}{rule})  "
        command = f" `{step.command}`" if step.command else ""
        yield f"   {markdown(step.remedy)}{command}  "
        yield f"   {counted(len(step.profiles), 'profile')}: {_names(step.profiles)}"
    if len(report.steps) > _STEPS:
        yield from ("", f"And {len(report.steps) - _STEPS} more.")


def _names(refs: Iterable[ProfileRef]) -> str:
    refs = list(refs)
    more = f" and {len(refs) - _NAMES} more" if len(refs) > _NAMES else ""
    return ", ".join(markdown(ref.name) for ref in refs[:_NAMES]) + more


def _roots(report: ComplianceReport) -> Iterator[str]:
    bad = [root for root in report.roots if root.status is not RootStatus.SOUND]
    if bad:
        yield from ("", "## Trusted roots", "")
    for root in bad:
        end = f" ({root.not_after:%Y-%m-%d})" if root.not_after else ""
        users = _names(root.used_by) or "no profile"
        yield f"- {markdown(root.name)} {STATUS_WORDS[root.status]}{end}, used by {users}"


def _drift(report: ComplianceReport) -> Iterator[str]:
    if report.baseline is None:
        return
    yield from ("", f"## Since the baseline of {markdown(report.baseline.approved_at)}", "")
    new, changed = len(report.new_findings), len(report.drift)
    yield f"{counted(new, 'new finding')}, {counted(changed, 'profile')} changed."
    for item in report.drift:
        yield from ("", f"- {item.kind}: {markdown(item.name)}")
        for change in item.changes:
            before, after = markdown(change.before), markdown(change.after)
            yield f"  - {markdown(change.property)}: {before} → {after}"


def _findings(report: ComplianceReport) -> Iterator[str]:
    yield from ("", "## Findings")
    for profile in report.profiles:
        counting = [item for item in profile.findings if item.severity is not Severity.INFO]
        if not counting:
            continue
        yield from ("", f"### {markdown(profile.name or profile.id)}", "")
        for item in counting:
            waived = f" (waived until {item.waived.expires})" if item.waived else ""
            yield (
                f"- **{item.rule_id}** {SEVERITIES[item.severity]}: {markdown(item.message)}"
                f" {markdown(item.remedy)}{waived}"
            )


def _notes(report: ComplianceReport) -> Iterator[str]:
    if report.notes:
        yield ""
    yield from (f"- {markdown(note)}" for note in report.notes)
