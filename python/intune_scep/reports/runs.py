"""Plans and runs of every job as lines of text: on a terminal, in a play, in a file. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from intune_scep.changes.certificates import about_certificates, about_impact, about_profile
from intune_scep.changes.plan import Plan, Task
from intune_scep.changes.report import RunReport
from intune_scep.changes.runs import command
from intune_scep.changes.status import Status
from intune_scep.rules.verdicts import VERDICT_WORDS, Verdict
from intune_scep.texts import one_line, printable, told_once
from intune_scep.wording import face, option

Row = Mapping[str, Any]
MOST_LISTED: Final = 40
_INDENT: Final = "      "


@dataclass(frozen=True)
class Line:
    """One line.

    Attributes:
        text: Safe for a terminal.
        style: `heading`, `bad`, `good`, `added`, `removed`, `quiet`, `note` or nothing.
    """

    text: str
    style: str = ""


_HEADINGS: Final = {
    Status.PLANNED: ("WOULD CHANGE", "heading"),
    Status.APPLIED: ("CHANGED", "good"),
    Status.CONFLICT: ("CONFLICT: somebody else changed it", "bad"),
    Status.UNKNOWN: ("UNKNOWN: it could not be learned whether the change was made", "bad"),
    Status.FAILED: ("FAILED", "bad"),
    Status.HELD_BACK: ("HELD BACK: not carried out", "bad"),
}
_TOLD_IN_FULL: Final = frozenset({Status.PLANNED.value, Status.HELD_BACK.value})
_ROLLING_BACK: Final = {
    Task.STRONG_MAPPING: "intune.scep.strong_mapping",
    Task.DECLARED_STATE: "intune.scep.certificate_profiles",
    Task.RESTORE: "intune.scep.certificate_profiles",
    Task.ROLLOUT: "intune.scep.certificate_profiles",
}
_REISSUES: Final = {"yes": "yes", "probably_not": "probably not"}


def plan_lines(plan: Plan, *, most: int | None = None) -> list[Line]:
    """A plan, element by element, with what is left alone and why.

    Args:
        most: How many profiles to list under each heading; None for all.
    """
    rows = [action.row() for action in plan.actions]
    lines = [*_as_found(rows), *_by_status(rows, most), *_left_alone(rows, most)]
    lines.append(_totals(rows))
    if plan.is_held:
        lines.append(Line("Nothing is changed while a declaration is refused.", "bad"))
    about = about_certificates(plan)
    if about and about not in plan.notes:
        lines.append(Line(about))
    return [*lines, *_sentences("Warning", plan.warnings), *_sentences("Note", plan.notes)]


def run_lines(report: RunReport, *, most: int | None = None) -> list[Line]:
    """What became of a plan, worst first, with the journal and the ways on and back.

    Args:
        most: How many profiles to list under each heading; None for all.
    """
    rows = [item.row() for item in report.outcomes]
    lines = [*_as_found(rows), *_by_status(rows, most, brief=True), *_left_alone(rows, most)]
    lines.append(Line(printable(report.msg), "bad" if report.failed else "heading"))
    about = about_certificates(report.plan) if report.dry_run else ""
    if about and about not in report.notes:
        lines.append(Line(about))
    elif any(item.written for item in report.outcomes) and (cost := about_impact(report.plan)):
        lines.append(Line(f"As planned: {cost}"))
    lines += _sentences("Warning", report.warnings)
    lines += _sentences("Note", report.notes)
    if report.journal:
        lines.append(Line(printable(f"Journal: {report.journal} (keep it; a rollback needs it)")))
        lines += [Line(printable(text)) for text in ways_on(report)]
    return lines


def text_of(lines: Iterable[Line]) -> str:
    """Lines as plain text."""
    return "\n".join(line.text for line in lines) + "\n"


def text_of_run(report: RunReport, *, most: int | None = MOST_LISTED) -> str:
    """A run as plain text that says by itself where it was and whether it wrote."""
    tenant = f"Tenant {report.tenant}, cloud {report.cloud}"
    said = f"{tenant}, check mode: nothing was written" if report.dry_run else tenant
    banner = "*** SIMULATOR *** no real tenant was read or changed"
    head = [banner] if report.cloud == "simulator" else []
    return text_of([*map(Line, [*head, printable(said)]), *run_lines(report, most=most)])


def ways_on(report: RunReport) -> Iterator[str]:
    """What finishes a run that left something, and what goes back, as the reader would do it."""
    if not face().runs_commands:
        yield from _ways_on_in_a_play(report)
        return
    if report.plan.task is Task.ROLLBACK:
        if _is_unfinished(report):
            yield f"To finish: {_command(report, 'rollback')}"
        return
    if _is_unfinished(report):
        yield f"To finish: {_command(report, 'apply')}"
    if any(item.written for item in report.outcomes):
        yield f"To go back: {_command(report, 'rollback')}"


def _command(report: RunReport, verb: str) -> str:
    # A rollback is gone on with in the words of the job that it takes back.
    job = report.plan.choices.get("of", report.plan.task)
    return command(job, verb, report.journal or "")


def _ways_on_in_a_play(report: RunReport) -> Iterator[str]:
    journal, state = f"{option('journal')}: {report.journal}", f"{option('state')}: rolled_back"
    rollback = report.plan.task is Task.ROLLBACK
    if _is_unfinished(report):
        yield f"To finish: the same task with {f'{state} and ' if rollback else ''}{journal}"
    if not rollback and any(item.written for item in report.outcomes):
        module = "" if option("state") != "state" else f", of {_ROLLING_BACK[report.plan.task]}"
        yield f"To go back: {state} and {journal}{module}"


def _is_unfinished(report: RunReport) -> bool:
    if report.plan.task is Task.ROLLBACK:
        return report.failed
    left = any(item.is_bad and item.status is not Status.CONFLICT for item in report.outcomes)
    return bool(left or report.stopped) and not report.verified_only


def _as_found(rows: Sequence[Row]) -> Iterator[Line]:
    counts = Counter(row["verdict"] for row in rows if row.get("verdict"))
    if not counts:
        return
    yield Line("As found:", "heading")
    for verdict, (_, meaning) in VERDICT_WORDS.items():
        if counts[verdict.value]:
            yield Line(f"{counts[verdict.value]:6d}  {verdict.value:<15} {meaning}")
    yield Line("")


def _by_status(rows: Sequence[Row], most: int | None, *, brief: bool = False) -> Iterator[Line]:
    names = Counter(row["name"] for row in rows)
    for status, (heading, style) in _HEADINGS.items():
        found = sorted(
            (row for row in rows if row["status"] == status.value),
            key=lambda row: (row["platform"], str(row["name"]), str(row["id"])),
        )
        if not found:
            continue
        yield Line(heading, style)
        shared = _shared_problems(found)
        single = [row for row in found if not set(_problems(row)) & shared or _own(row, shared)]
        for row in single[:most]:
            yield from _row(row, twice=names[row["name"]] > 1, brief=brief)
        yield from _rest(single, most)
        for sentence in told_once(
            (f"{row['name']} ({row['platform']})", problem)
            for row in found
            for problem in _problems(row)
            if problem in shared
        ):
            yield Line(f"  {one_line(sentence)}")
        yield Line("")


def _problems(row: Row) -> Sequence[str]:
    return row.get("problems") or ()


def _own(row: Row, shared: Collection[str]) -> list[str]:
    """The problems that a refused profile has alone."""
    return [problem for problem in _problems(row) if problem not in shared]


def _shared_problems(rows: Iterable[Row]) -> frozenset[str]:
    """What keeps several profiles from being as declared, so that it is said once."""
    counts = Counter(problem for row in rows for problem in dict.fromkeys(_problems(row)))
    return frozenset(problem for problem, count in counts.items() if count > 1)


def _row(row: Row, *, twice: bool, brief: bool) -> Iterator[Line]:
    identifier = f" [{row['id']}]" if row["id"] and (twice or not brief) else ""
    name = one_line(row["name"] or "no longer listed")
    yield Line(f"  {row['action']:<11} {row['kind']} {row['platform']}  {name}{identifier}")
    if not brief or row["status"] in _TOLD_IN_FULL:
        for difference in row["diff"]:
            yield from _difference(difference)
        if row.get("reissues") in _REISSUES:
            yield Line(f"{_INDENT}re-issues certificates: {_REISSUES[row['reissues']]}")
        if row.get("impact"):
            yield Line(f"{_INDENT}{one_line(about_profile(row['impact']))}")
    if row["message"]:
        yield Line(f"{_INDENT}{one_line(row['message'])}")


def _difference(difference: Mapping[str, Any]) -> Iterator[Line]:
    before, after = difference["before"], difference["after"]
    yield Line(f"{_INDENT}{difference['property']}:")
    if isinstance(before, list | None) and isinstance(after, list | None):
        had, has = before or [], after or []
        yield from (_changed("-", item, "removed") for item in had if item not in has)
        yield from (_changed("+", item, "added") for item in has if item not in had)
        return
    if before is not None:
        yield _changed("-", before, "removed")
    if after is not None:
        yield _changed("+", after, "added")


def _changed(sign: str, value: Any, style: str) -> Line:
    return Line(f"{_INDENT}  {sign} {one_line(_shown(value))}", style)


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and set(value) == {"type", "value"}:
        return f"{value['type']}: {value['value']}"
    return json.dumps(value, ensure_ascii=False)


def _left_alone(rows: Sequence[Row], most: int | None) -> Iterator[Line]:
    """Those left alone by choice, under the sentence that says which."""
    skipped: dict[str, list[Row]] = {}
    for row in rows:
        if row["status"] == Status.SKIPPED.value:
            skipped.setdefault(row["message"] or "Left alone.", []).append(row)
    for message, found in skipped.items():
        yield Line(one_line(message), "quiet")
        limit = most if most is not None else MOST_LISTED
        for row in sorted(found, key=lambda row: str(row["name"]))[:limit]:
            yield Line(f"  {one_line(row['name'])}")
            if row.get("verdict") == Verdict.REVIEW.value:
                yield Line(f"{_INDENT}{one_line(row['reason'])}")
        yield from _rest(found, limit)
        yield Line("")
    defective = [row for row in rows if row.get("verdict") == Verdict.DEFECTIVE.value]
    if defective:
        yield Line("DEFECTIVE, for a person to repair", "bad")
        for row in defective[:most]:
            yield Line(f"  {one_line(row['name'])}")
            yield Line(f"{_INDENT}{one_line(row['reason'])}")
        yield from _rest(defective, most)
        yield Line("")


def _rest(found: Sequence[Row], most: int | None) -> Iterator[Line]:
    if most is not None and len(found) > most:
        yield Line(f"  and {len(found) - most} more")


def _totals(rows: Sequence[Row]) -> Line:
    planned = Counter(row["action"] for row in rows if row["status"] == Status.PLANNED.value)
    parts = [f"{count} to {word.replace('_', ' ')}" for word, count in sorted(planned.items())]
    same = sum(row["status"] == Status.UNCHANGED.value for row in rows)
    held = sum(row["status"] == Status.HELD_BACK.value for row in rows)
    waiting = [f"{held} held back"] if held else []
    return Line(f"{', '.join([*parts, *waiting, f'{same} unchanged'])}.", "heading")


def _sentences(word: str, sentences: Iterable[str]) -> Iterator[Line]:
    for sentence in sentences:
        yield Line(printable(f"{word}: {sentence}"), "note")
