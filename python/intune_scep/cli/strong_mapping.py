"""intune-scep strong-mapping: assess, readiness, impact, plan, apply, verify, rollback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from intune_scep.cli.asking import (
    DryRun,
    EarlierJournal,
    JournalFile,
    MaxChanges,
    Overwrite,
    PlanToApply,
    PlanToSave,
    Yes,
)
from intune_scep.cli.console import console, print_json, progress_bar
from intune_scep.cli.options import OutputFormat, Shared, extended, with_shared_options
from intune_scep.cli.running import (
    ask,
    carry_out,
    counted,
    finish,
    question,
    require_usable,
    resume,
    roll_back,
    show_or_save,
    show_plan,
)
from intune_scep.errors import PlanError, SelectionError
from intune_scep.strong_mapping.choice_table import CHOICES, Choice

if TYPE_CHECKING:
    from intune_scep import IntuneClient
    from intune_scep.changes.plan import Plan
    from intune_scep.strong_mapping.choices import Choices

EXIT_FINDINGS = 2
NEEDS_ATTENTION = ("required", "defective", "review")

app = typer.Typer(
    no_args_is_help=True,
    help="Strong mapping (KB5014754): what it means for each SCEP profile, and the migration.",
)

_TYPES: dict[str, Any] = {
    "list": list[str] | None,
    "bool": bool,
    "int": int | None,
    "str": str | None,
    "path": str | None,
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
        from intune_scep.strong_mapping.choices import Choices

        chosen = {choice.name: values.pop(choice.attribute) for choice in CHOICES.values()}
        return command(choices=Choices.from_dict(chosen), **values)

    return extended(command, "choices", _options(), call)


@app.command()
@with_shared_options
def assess(
    shared: Shared,
    *,
    rules: Annotated[
        Path | None,
        typer.Option("--rules", metavar="FILE", help=CHOICES["rules_path"].help),
    ] = None,
) -> int:
    """Judge every SCEP profile. Reads only.

    Exit code 2 if a profile needs attention (required, defective or review), or if something that
    was asked for could not be read, else 0.
    """
    configuration = None
    if rules is not None:
        from intune_scep.rules.configuration_file import load_configuration

        configuration = load_configuration(rules)
    with shared.client() as client:
        assessment = client.strong_mapping.assess(rules=configuration)
    if shared.output is OutputFormat.JSON:
        print_json(assessment.to_dict())
    else:
        from intune_scep.cli.strong_mapping_text import show_assessment

        show_assessment(console(), assessment)
    attention = any(assessment.counts[verdict] for verdict in NEEDS_ATTENTION)
    return EXIT_FINDINGS if attention or not assessment.is_whole else 0


@app.command()
@with_shared_options
def readiness(
    shared: Shared,
    *,
    min_ready: Annotated[
        float,
        typer.Option(
            "--min-ready",
            metavar="PERCENT",
            help="A profile is short if fewer than this of those it reaches have a SID.",
        ),
    ] = 100.0,
    csv: Annotated[
        Path | None,
        typer.Option(
            "--csv",
            metavar="FILE",
            help="Write everybody who would get nothing into this file, by name, with the reason.",
            show_default=False,
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Write over a file that is there.")
    ] = False,
) -> int:
    """Say who would get nothing, and why: whom each profile reaches, and who of them has a SID.

    Reads only. Needs User.Read.All, Device.Read.All and GroupMember.Read.All besides. Exit code 2
    if a profile is short or something could not be evaluated, else 0.

    Example: intune-scep strong-mapping readiness --min-ready 95 --csv without-sid.csv
    """
    from intune_scep.cli.readiness_text import show_readiness
    from intune_scep.reports.readiness import write_csv

    with shared.client() as client, progress_bar("Reading") as progress:
        found = client.strong_mapping.readiness(min_ready=min_ready, progress=progress)
    if csv is not None:
        write_csv(found, csv, overwrite=overwrite)
    if shared.output is OutputFormat.JSON:
        print_json(found.to_dict())
    else:
        show_readiness(console(), found, csv)
    return EXIT_FINDINGS if found.short or found.unsure or not found.is_whole else 0


@app.command()
@with_shared_options
@_with_choices
def impact(
    shared: Shared,
    *,
    choices: Choices,
    csv: Annotated[
        Path | None,
        typer.Option(
            "--csv",
            metavar="FILE",
            help="Write the profiles that would change, with their numbers, into this file.",
            show_default=False,
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Write over a file that is there.")
    ] = False,
) -> int:
    """Say what the change would cost: certificates, dependants, load on SCEP hosts, the echo.

    Reads only. Needs DeviceManagementManagedDevices.Read.All besides. Exit code 2 if something
    that it would cost is not known, else 0.

    Example: intune-scep strong-mapping impact --csv impact.csv
    """
    from intune_scep.cli.impact_text import show_impact
    from intune_scep.reports.impact import write_csv

    if choices.no_impact:
        raise SelectionError("--no-impact has no meaning here: leave it out.")
    with shared.client() as client, progress_bar("Reading") as progress:
        found = client.strong_mapping.impact(choices, progress=progress)
    if csv is not None:
        write_csv(found, csv, overwrite=overwrite)
    if shared.output is OutputFormat.JSON:
        print_json(found.to_dict())
    else:
        show_impact(console(), found, csv)
    return 0 if found.is_whole else EXIT_FINDINGS


@app.command()
@with_shared_options
@_with_choices
def plan(
    shared: Shared,
    *,
    choices: Choices,
    plan_file: PlanToSave = None,
    overwrite: Overwrite = False,
) -> int:
    """Show what would change and why. Reads only.

    Exit code 2 if there is something to change, else 0.
    """
    with shared.client() as client:
        made = _planned(client, choices)
    show_or_save(shared, made, plan_file, overwrite=overwrite)
    return EXIT_FINDINGS if made.writing else 0


@app.command()
@with_shared_options
@_with_choices
def apply(
    shared: Shared,
    *,
    choices: Choices,
    plan_file: PlanToApply = None,
    journal: JournalFile = None,
    yes: Yes = False,
) -> int:
    """Append the SID URI to the planned profiles and read everything back.

    Exit code 1 if any profile could not be changed as planned, else 0.
    """
    from intune_scep.changes.plan_file import load_plan
    from intune_scep.changes.run import unfinished_at
    from intune_scep.strong_mapping.run import TASKS

    if plan_file is not None and choices.given():
        raise PlanError("Give --plan, or options that choose profiles, but not both.")
    saved = load_plan(plan_file) if plan_file is not None else None
    with shared.client() as client:
        if saved is None and (earlier := unfinished_at(journal)) is not None:
            return resume(
                client,
                client.strong_mapping,
                shared,
                earlier,
                tasks=TASKS,
                given=choices.given(),
                max_changes=choices.max_changes,
                yes=yes,
            )
        made = saved or _planned(client, choices)
        require_usable(client, made, TASKS)
        return _apply(client, shared, made, choices, journal=journal, yes=yes)


def _planned(client: IntuneClient, choices: Choices) -> Plan:
    with progress_bar("Planning") as progress:
        return client.strong_mapping.plan(choices, progress=progress)


def _apply(
    client: IntuneClient,
    shared: Shared,
    made: Plan,
    choices: Choices,
    *,
    journal: Path | None,
    yes: bool,
) -> int:
    from intune_scep.changes.plan import require_room

    if shared.output is OutputFormat.TEXT:
        show_plan(made)
    require_room(len(made.writing), choices.max_changes)
    if made.writing:
        ask(client, shared, question(f"Change {counted(len(made.writing))}?", made), yes=yes)
    return carry_out(
        shared,
        "Changing",
        lambda watch: client.strong_mapping.apply(
            made, journal=journal, max_changes=choices.max_changes, watch=watch
        ),
    )


@app.command()
@with_shared_options
def verify(shared: Shared, journal: EarlierJournal) -> int:
    """Read back every profile that a run changed. Reads only.

    Exit code 1 if one is not as the run should have left it, else 0.
    """
    with shared.client() as client:
        return finish(shared, client.strong_mapping.verify(journal))


@app.command()
@with_shared_options
def rollback(
    shared: Shared,
    journal: EarlierJournal,
    *,
    max_changes: MaxChanges = None,
    yes: Yes = False,
    dry_run: DryRun = False,
) -> int:
    """Restore the names from before a run. Re-issues the certificates once more.

    Profiles that changed since the run are left alone. Exit code 1 if any could not be rolled
    back, 2 if --dry-run finds something to do, else 0.
    """
    with shared.client() as client:
        return roll_back(
            client, client.strong_mapping, shared, journal, max_changes, yes=yes, dry_run=dry_run
        )
