"""intune-scep strong-mapping: assess, plan, apply, verify, rollback."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from intune_scep import IntuneClient
from intune_scep.cli.asking import DryRun, Yes, confirm
from intune_scep.cli.console import console, print_json, progress_bar
from intune_scep.cli.options import OutputFormat, Shared, extended, with_shared_options
from intune_scep.cli.strong_mapping_text import (
    REISSUE_WARNING,
    show_assessment,
    show_plan,
    show_report,
)
from intune_scep.strong_mapping import (
    Choices,
    EnforcementReport,
    Plan,
    PlanFileError,
    Verdict,
    read_journal,
)
from intune_scep.strong_mapping.choice_table import CHOICES, Choice

EXIT_FAILED, EXIT_FINDINGS = 1, 2
NEEDS_ATTENTION = (Verdict.REQUIRED, Verdict.DEFECTIVE, Verdict.REVIEW)

app = typer.Typer(
    no_args_is_help=True,
    help="Strong mapping (KB5014754): what it means for each SCEP profile, and the migration.",
)

_TYPES: dict[str, Any] = {
    "list": list[str] | None,
    "bool": bool,
    "int": int | None,
    "str": str | None,
}


def _options() -> dict[str, tuple[Any, Any]]:
    return {
        choice.attribute: (Annotated[_TYPES[choice.type], _option(choice)], choice.default)
        for choice in CHOICES.values()
    }


def _option(choice: Choice) -> Any:
    repeats = f"{choice.help.removesuffix('.')}; repeat." if choice.type == "list" else choice.help
    return typer.Option(choice.flag, help=repeats, metavar=choice.metavar, min=choice.minimum)


def _with_choices(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that choose profiles; its `choices` receives them."""

    def call(values: dict[str, Any]) -> Any:
        chosen = {choice.name: values.pop(choice.attribute) for choice in CHOICES.values()}
        return command(choices=Choices.from_dict(chosen), **values)

    return extended(command, "choices", _options(), call)


JournalFile = Annotated[
    Path,
    typer.Option("--journal", metavar="FILE", help="Journal of the run.", show_default=False),
]


@app.command()
@with_shared_options
def assess(shared: Shared) -> int:
    """Judge every SCEP profile. Reads only.

    Exit code 2 if a profile needs attention (required, defective or review), else 0.
    """
    with IntuneClient(shared.connection()) as client:
        assessment = client.assess_strong_mapping()
    if shared.output is OutputFormat.JSON:
        print_json(assessment.to_dict())
    else:
        show_assessment(console(), assessment)
    attention = any(assessment.summary[verdict.value] for verdict in NEEDS_ATTENTION)
    return EXIT_FINDINGS if attention else 0


@app.command()
@with_shared_options
@_with_choices
def plan(
    shared: Shared,
    *,
    choices: Choices,
    plan_file: Annotated[
        Path | None,
        typer.Option("--plan", metavar="FILE", help="Save the plan, for approval and apply."),
    ] = None,
) -> int:
    """Show what would change and why. Reads only.

    Exit code 2 if there is something to change, else 0.
    """
    with IntuneClient(shared.connection()) as client:
        made = client.plan_strong_mapping(choices)
    if plan_file is not None:
        _save(plan_file, made)
    if shared.output is OutputFormat.JSON:
        print_json(made.to_dict())
    else:
        show_plan(console(), made)
        if plan_file is not None:
            console().print(f"Saved to {plan_file}.", markup=False)
    return EXIT_FINDINGS if made.actions else 0


@app.command()
@with_shared_options
@_with_choices
def apply(
    shared: Shared,
    *,
    choices: Choices,
    plan_file: Annotated[
        Path | None,
        typer.Option("--plan", metavar="FILE", help="Apply this saved plan and no other."),
    ] = None,
    journal: Annotated[
        Path | None,
        typer.Option(
            "--journal",
            metavar="FILE",
            help="Where to record the run; the journal of a run that was cut short is resumed.",
            show_default="a new file in the state directory",
        ),
    ] = None,
    yes: Yes = False,
) -> int:
    """Append the SID URI to the planned profiles and read everything back.

    Exit code 1 if any profile could not be changed as planned, else 0.
    """
    if plan_file is not None and choices != Choices():
        raise PlanFileError("Give --plan, or options that choose profiles, but not both.")
    saved = _load(plan_file) if plan_file is not None else None
    with IntuneClient(shared.connection()) as client:
        return _apply(client, shared, choices=choices, saved=saved, journal=journal, yes=yes)


def _apply(
    client: IntuneClient,
    shared: Shared,
    *,
    choices: Choices,
    saved: Plan | None,
    journal: Path | None,
    yes: bool,
) -> int:
    resumes = saved is None and journal is not None and journal.exists()
    if resumes and journal is not None:
        read_journal(journal).require_tenant(client.tenant_id, client.cloud)
        confirm(shared, yes, f"Resume the run recorded in {journal}?")
        with progress_bar("Resuming") as progress:
            report = client.enforce_strong_mapping(choices, journal=journal, progress=progress)
        return _finish(shared, report)
    made = saved or client.plan_strong_mapping(choices)
    if shared.output is OutputFormat.TEXT:
        show_plan(console(), made)
    if made.actions:
        confirm(shared, yes, f"Change {len(made.actions)} profiles? {REISSUE_WARNING}")
    with progress_bar("Changing") as progress:
        report = client.apply_strong_mapping(made, journal=journal, progress=progress)
    return _finish(shared, report)


@app.command()
@with_shared_options
def verify(shared: Shared, journal: JournalFile) -> int:
    """Read back every profile that a run changed. Reads only.

    Exit code 1 if one is not as the run should have left it, else 0.
    """
    with IntuneClient(shared.connection()) as client:
        report = client.verify_strong_mapping(journal)
    return _finish(shared, report)


@app.command()
@with_shared_options
def rollback(
    shared: Shared, journal: JournalFile, yes: Yes = False, dry_run: DryRun = False
) -> int:
    """Restore the names from before a run. Re-issues the certificates once more.

    Profiles that changed since the run are left alone. Exit code 1 if any could not be rolled
    back, 2 if --dry-run finds something to do, else 0.
    """
    with IntuneClient(shared.connection()) as client:
        foreseen = client.rollback_strong_mapping(journal, dry_run=True)
        if dry_run or not foreseen.changed:
            code = _finish(shared, foreseen)
            return code or (EXIT_FINDINGS if foreseen.changed else 0)
        if shared.output is OutputFormat.TEXT:
            show_report(console(), foreseen)
        confirm(shared, yes, f"Roll back? {REISSUE_WARNING}")
        with progress_bar("Rolling back") as progress:
            report = client.rollback_strong_mapping(journal, progress=progress)
    return _finish(shared, report)


def _finish(shared: Shared, report: EnforcementReport) -> int:
    if shared.output is OutputFormat.JSON:
        print_json(report.to_dict())
    else:
        show_report(console(), report)
    return EXIT_FAILED if report.failed else 0


def _save(path: Path, made: Plan) -> None:
    data = json.dumps(made.to_dict(), indent=2) + "\n"
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(data)
        temporary.replace(path)
    except OSError as error:
        raise PlanFileError(f"--plan {path} cannot be written: {error.strerror}.") from error


def _load(path: Path) -> Plan:
    try:
        data: Any = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PlanFileError(f"--plan {path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise PlanFileError(f"--plan {path} is not JSON.") from error
    return Plan.from_dict(data)
