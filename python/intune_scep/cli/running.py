"""Carrying out a plan on a terminal: ask, name the journal, show progress, stop in order."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from intune_scep.cli.asking import confirm
from intune_scep.cli.console import console, headline, plain, print_json, progress_bar
from intune_scep.cli.options import OutputFormat, Shared
from intune_scep.cli.process import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_TERMINATED, Terminated, tell
from intune_scep.errors import PlanError

if TYPE_CHECKING:
    from rich.console import Console

    from intune_scep import IntuneClient
    from intune_scep.changes.journal import Journal
    from intune_scep.changes.plan import Plan, Task
    from intune_scep.changes.report import RunReport
    from intune_scep.changes.watch import Watch
    from intune_scep.reports.runs import Line

EXIT_PENDING = 2
_STYLES = {
    "heading": "bold",
    "bad": "bold red",
    "good": "green",
    "added": "green",
    "removed": "red",
    "quiet": "dim",
    "note": "yellow",
}


def show_lines(target: Console, lines: Iterable[Line]) -> None:
    """Print lines with their colours."""
    from rich.text import Text

    for line in lines:
        target.print(Text(line.text, style=_STYLES.get(line.style, "")), soft_wrap=True)


def show_plan(plan: Plan) -> None:
    """Print a plan."""
    from intune_scep.reports.runs import plan_lines

    target = console()
    target.print(headline("Plan", plan.tenant, plan.cloud), soft_wrap=True)
    show_lines(target, plan_lines(plan))


def show_or_save(shared: Shared, plan: Plan, path: Path | None, *, overwrite: bool) -> None:
    """Print a plan, after saving it where it is to be saved.

    Raises:
        PlanError: the file is there already, or cannot be written.
    """
    from intune_scep.changes.plan_file import save_plan

    if path is not None:
        save_plan(path, plan, overwrite=overwrite)
    if shared.output is OutputFormat.JSON:
        print_json(plan.report())
        return
    show_plan(plan)
    if path is not None:
        console().print(plain(f"Saved to {path}."), soft_wrap=True)


def carry_out(
    shared: Shared, label: str, work: Callable[[Watch], RunReport], *, quiet: bool = False
) -> int:
    """Do the work under a progress bar, and print what became of it.

    Args:
        quiet: Print nothing where everything went well.

    Returns:
        The exit code.
    """
    with watching(label) as watch:
        report = work(watch)
    if quiet and not report.failed and report.interrupted_by is None:
        return 0
    return finish(shared, report)


@contextmanager
def watching(label: str) -> Iterator[Watch]:
    """A watch under a progress bar, which tells where the record is and stops in order on signals.

    The first Ctrl-C, SIGTERM or SIGHUP lets the write that is under way end and be looked up; the
    second ends at once.
    """
    from intune_scep.changes.ephemeral import why_ephemeral
    from intune_scep.changes.watch import Stop, Watch, stopping_on_signals

    stop = Stop()
    told: list[Path] = []

    def began(journal: Path, _count: int) -> None:
        told.append(journal)
        tell(f"Journal: {journal}")
        if (reason := why_ephemeral(journal.absolute().parent, os.environ)) is not None:
            tell(f"Note: The journal will be lost, and a rollback needs it: {reason}")

    def stopping(_number: int) -> None:
        tell("Stopping after the profile that is being changed; once more to end at once.")

    try:
        with progress_bar(label) as progress, stopping_on_signals(stop, stopping):
            yield Watch(began, progress, stop, lambda what: progress(0, None, what))
    except (KeyboardInterrupt, Terminated):
        for journal in told:
            tell(f"Interrupted. The record of what was done is in {journal}.")
        raise


def finish(shared: Shared, report: RunReport) -> int:
    """Print what became of a plan, and return the exit code."""
    from intune_scep.reports.runs import run_lines

    if shared.output is OutputFormat.JSON:
        print_json(report.to_dict())
    else:
        target = console()
        target.print(headline("Result", report.tenant, report.cloud), soft_wrap=True)
        show_lines(target, run_lines(report))
    if report.interrupted_by is not None:
        number = report.interrupted_by
        return EXIT_INTERRUPTED if number == signal.SIGINT else EXIT_TERMINATED
    return EXIT_FAILED if report.failed else 0


def require_usable(client: IntuneClient, plan: Plan, tasks: Collection[Task]) -> None:
    """Refuse a saved plan that cannot be carried out, before anybody is asked.

    Raises:
        PlanError: it is of another tenant or another job, or was carried out.
    """
    from intune_scep.changes.run import begun_with

    plan.require_tenant(client.tenant_id, client.cloud)
    if plan.task not in tasks:
        raise PlanError(f"This is a plan of another job ({plan.task}). Nothing was changed.")
    begun_with(client.tenant_id, plan)


def question(asked: str, plan: Plan) -> str:
    """A question, with what the plan means for certificates."""
    from intune_scep.changes.certificates import about_certificates

    return f"{asked} {about_certificates(plan)}".rstrip()


def ask(client: IntuneClient, shared: Shared, text: str, *, yes: bool) -> None:
    """Ask before a change, once it is clear that it is permitted.

    Raises:
        IntuneScepError: it is not, nobody can be asked, or the answer is no.
    """
    for note in client.require_write_permission():
        tell(f"Note: {note}")
    confirm(shared, yes, text)


def resume(
    client: IntuneClient,
    job: Any,
    shared: Shared,
    earlier: Journal,
    *,
    tasks: Collection[Task],
    given: Mapping[str, Any],
    max_changes: int | None,
    yes: bool,
    dry_run: bool = False,
    **options: Any,
) -> int:
    """Finish the run of a journal, after showing what is left of it and asking.

    Args:
        job: `client.strong_mapping` or `client.profiles`.
        tasks: The jobs whose runs may be finished here.
        given: The choices that were given now.
        options: What the job's own `resume` takes besides.

    Returns:
        The exit code.

    Raises:
        JournalError: it is of another tenant or another job, or was begun under other choices.
        TooManyChangesError: more is left than `max_changes`.
    """
    from intune_scep.changes.run import require_resumable, resume_report
    from intune_scep.reports.runs import run_lines

    require_resumable(
        earlier,
        client.tenant_id,
        client.cloud,
        tasks=tasks,
        given=given,
        max_changes=max_changes,
    )
    foreseen = resume_report(earlier)
    if dry_run:
        return finish(shared, foreseen) or pending(foreseen)
    if shared.output is OutputFormat.TEXT:
        show_lines(console(), run_lines(foreseen))
    asked = f"Resume the run recorded in {earlier.path}: {counted(len(earlier.last.left))} left?"
    ask(client, shared, question(asked, foreseen.plan), yes=yes)
    return carry_out(
        shared,
        "Resuming",
        lambda watch: job.resume(earlier.path, max_changes=max_changes, watch=watch, **options),
    )


def roll_back(
    client: IntuneClient,
    job: Any,
    shared: Shared,
    journal: Path,
    max_changes: int | None,
    *,
    yes: bool,
    dry_run: bool,
) -> int:
    """Take a run back, after showing what that does and asking.

    Args:
        job: `client.strong_mapping` or `client.profiles`.

    Returns:
        The exit code.
    """
    from intune_scep.changes.status import Status
    from intune_scep.reports.runs import run_lines

    foreseen = job.rollback(journal, dry_run=True, max_changes=max_changes)
    if dry_run or not foreseen.changed:
        return finish(shared, foreseen) or pending(foreseen)
    if shared.output is OutputFormat.TEXT:
        show_lines(console(), run_lines(foreseen))
    asked = f"Roll back {counted(foreseen.count(Status.PLANNED))}?"
    ask(client, shared, question(asked, foreseen.plan), yes=yes)
    return carry_out(
        shared,
        "Rolling back",
        lambda watch: job.rollback(journal, max_changes=max_changes, watch=watch),
    )


def pending(report: RunReport) -> int:
    """The exit code of a dry run."""
    if report.failed:
        return EXIT_FAILED
    return EXIT_PENDING if report.changed else 0


def counted(count: int) -> str:
    """So many profiles, in words."""
    return "1 profile" if count == 1 else f"{count} profiles"
