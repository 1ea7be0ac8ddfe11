"""intune-scep strong-mapping: assess, plan, apply, verify, rollback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from intune_scep import IntuneClient
from intune_scep.changes.plan import Plan, Task
from intune_scep.changes.plan_file import load_plan, save_plan
from intune_scep.changes.run import unfinished_at
from intune_scep.cli.asking import DryRun, Yes
from intune_scep.cli.console import console, plain, print_json
from intune_scep.cli.options import OutputFormat, Shared, extended, with_shared_options
from intune_scep.cli.running import (
    ask,
    carry_out,
    counted,
    finish,
    require_usable,
    roll_back,
    show_lines,
    show_plan,
)
from intune_scep.cli.strong_mapping_text import show_assessment
from intune_scep.errors import PlanError
from intune_scep.reports.runs import REISSUE_WARNINGS, run_lines
from intune_scep.rules.verdicts import Verdict
from intune_scep.strong_mapping.choice_table import CHOICES, Choice
from intune_scep.strong_mapping.choices import Choices

EXIT_FINDINGS = 2
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
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Write over a plan file.")]


@app.command()
@with_shared_options
def assess(shared: Shared) -> int:
    """Judge every SCEP profile. Reads only.

    Exit code 2 if a profile needs attention (required, defective or review), else 0.
    """
    with IntuneClient(shared.connection()) as client:
        assessment = client.strong_mapping.assess()
    if shared.output is OutputFormat.JSON:
        print_json(assessment.to_dict())
    else:
        show_assessment(console(), assessment)
    attention = any(assessment.counts[verdict.value] for verdict in NEEDS_ATTENTION)
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
    overwrite: Overwrite = False,
) -> int:
    """Show what would change and why. Reads only.

    Exit code 2 if there is something to change, else 0.
    """
    with IntuneClient(shared.connection()) as client:
        made = client.strong_mapping.plan(choices)
    if plan_file is not None:
        save_plan(plan_file, made, overwrite=overwrite)
    if shared.output is OutputFormat.JSON:
        print_json(made.report())
    else:
        show_plan(made)
        if plan_file is not None:
            console().print(plain(f"Saved to {plan_file}."), soft_wrap=True)
    return EXIT_FINDINGS if made.writing else 0


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
    if plan_file is not None and choices.given():
        raise PlanError("Give --plan, or options that choose profiles, but not both.")
    saved = load_plan(plan_file) if plan_file is not None else None
    with IntuneClient(shared.connection()) as client:
        if saved is None and (earlier := unfinished_at(journal)) is not None:
            return _resume(client, shared, earlier.path, choices, yes=yes)
        made = saved or client.strong_mapping.plan(choices)
        require_usable(client, made, Task.STRONG_MAPPING)
        return _apply(client, shared, made, choices, journal=journal, yes=yes)


def _resume(
    client: IntuneClient, shared: Shared, journal: Path, choices: Choices, *, yes: bool
) -> int:
    foreseen = client.strong_mapping.enforce(choices, journal=journal, dry_run=True)
    left = sum(item.action.writes and item.status == "planned" for item in foreseen.outcomes)
    if shared.output is OutputFormat.TEXT:
        show_lines(console(), run_lines(foreseen))
    warning = REISSUE_WARNINGS[foreseen.plan.task]
    ask(
        client,
        shared,
        f"Resume the run recorded in {journal}: {left} left? {warning}",
        yes=yes,
    )
    return carry_out(
        shared,
        "Resuming",
        lambda watch: client.strong_mapping.resume(
            journal, max_changes=choices.max_changes, watch=watch
        ),
    )


def _apply(
    client: IntuneClient,
    shared: Shared,
    made: Plan,
    choices: Choices,
    *,
    journal: Path | None,
    yes: bool,
) -> int:
    if shared.output is OutputFormat.TEXT:
        show_plan(made)
    if made.writing:
        warning = REISSUE_WARNINGS[made.task]
        ask(client, shared, f"Change {counted(len(made.writing))}? {warning}", yes=yes)
    return carry_out(
        shared,
        "Changing",
        lambda watch: client.strong_mapping.apply(
            made, journal=journal, max_changes=choices.max_changes, watch=watch
        ),
    )


@app.command()
@with_shared_options
def verify(shared: Shared, journal: JournalFile) -> int:
    """Read back every profile that a run changed. Reads only.

    Exit code 1 if one is not as the run should have left it, else 0.
    """
    with IntuneClient(shared.connection()) as client:
        return finish(shared, client.strong_mapping.verify(journal))


@app.command()
@with_shared_options
def rollback(
    shared: Shared,
    journal: JournalFile,
    *,
    max_changes: Annotated[
        int | None,
        typer.Option("--max-changes", min=0, help="Refuse if more profiles would change."),
    ] = None,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> int:
    """Restore the names from before a run. Re-issues the certificates once more.

    Profiles that changed since the run are left alone. Exit code 1 if any could not be rolled
    back, 2 if --dry-run finds something to do, else 0.
    """
    with IntuneClient(shared.connection()) as client:
        return roll_back(
            client, client.strong_mapping, shared, journal, max_changes, yes=yes, dry_run=dry_run
        )
