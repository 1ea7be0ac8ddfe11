"""intune-scep strong-mapping: the migration, from the first look to the last ring."""

from __future__ import annotations

import sys
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
from intune_scep.cli.options import (
    OutputFormat,
    Shared,
    extended,
    with_shared_options,
    with_writing_options,
)
from intune_scep.cli.rollout import app as rollout
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
from intune_scep.errors import IntuneScepError, PlanError
from intune_scep.strong_mapping.choice_table import CHOICES, Choice

if TYPE_CHECKING:
    from intune_scep import IntuneClient
    from intune_scep.changes.plan import Plan
    from intune_scep.strong_mapping.choices import Choices

EXIT_FINDINGS = 2
READING = "DeviceManagementManagedDevices.Read.All"
DEFAULT_EVERY = "15m"
NEEDS_ATTENTION = ("required", "defective", "review")

app = typer.Typer(
    no_args_is_help=True,
    help="Strong mapping (KB5014754): what it means for each SCEP profile, and the migration.",
)
app.add_typer(rollout, name="rollout")

_TYPES: dict[str, Any] = {
    "list": list[str] | None,
    "bool": bool,
    "int": int | None,
    "float": float | None,
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
    # A share is refused by the library, in the sentence that every face has.
    least = choice.minimum if choice.type == "int" else None
    return typer.Option(choice.flag, help=repeats, metavar=choice.metavar, min=least)


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

    _require_new_csv(csv, overwrite=overwrite)
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
def preflight(
    shared: Shared,
    *,
    answers: Annotated[
        list[Path] | None,
        typer.Option(
            "--answers",
            metavar="FILE",
            help="Answers as YAML (a rollout file too), or what the script printed; repeat.",
            show_default=False,
        ),
    ] = None,
    script: Annotated[
        bool,
        typer.Option(
            "--script",
            help="Print a PowerShell script that reads the rest of a domain; signs in nowhere.",
        ),
    ] = False,
) -> int:
    """Ask what stands in the way of the re-issue, and what may make it needless. Reads only.

    What Graph tells is read: connectors, trusted roots, what Microsoft Entra asks of the SID. The
    rest is asked. Exit code 2 if something stops or is unanswered, 0 if all is fine.

    Example: intune-scep strong-mapping preflight --script > preflight.ps1
    """
    if script:
        return _print_script(answers)
    from intune_scep.strong_mapping.answers import read_answers

    given = read_answers(answers or ())
    with shared.client() as client:
        found = client.strong_mapping.preflight(given)
    if shared.output is OutputFormat.JSON:
        print_json(found.to_dict())
    else:
        from intune_scep.cli.preflight_text import show_preflight

        show_preflight(console(), found)
    return 0 if found.is_fine else EXIT_FINDINGS


def _print_script(answers: list[Path] | None) -> int:
    """Print the script alone, as it goes into a file.

    Raises:
        IntuneScepError: answers were given too.
    """
    from intune_scep.active_directory.domain_script import domain_script

    if answers:
        raise IntuneScepError("Give --script, or --answers, but not both.")
    sys.stdout.write(domain_script())
    return 0


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

    _require_new_csv(csv, overwrite=overwrite)
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

    Exit code 2 if there is something to change, held back or not, else 0.
    """
    with shared.client() as client:
        made = _plan(client, choices)
    show_or_save(shared, made, plan_file, overwrite=overwrite)
    return EXIT_FINDINGS if made.writing or made.held_back else 0


def _require_new_csv(csv: Path | None, *, overwrite: bool) -> None:
    """Refuse a file that is there before the tenant is read, which may take minutes."""
    from intune_scep.errors import ReportFileError
    from intune_scep.files import require_new
    from intune_scep.wording import option

    unless = None if overwrite else option("overwrite")
    require_new(csv, called=option("csv"), overwrite=unless, error=ReportFileError)


def _plan(client: IntuneClient, choices: Choices) -> Plan:
    """A plan, under a progress bar: what it costs is read, and perhaps the whole directory."""
    with progress_bar("Reading") as progress:
        return client.strong_mapping.plan(choices, progress=progress)


@app.command()
@with_writing_options
@_with_choices
def apply(
    shared: Shared,
    *,
    choices: Choices,
    plan_file: PlanToApply = None,
    journal: JournalFile = None,
    without_certificates: Annotated[
        bool,
        typer.Option(
            "--without-certificates",
            help="Do not record which certificates are out before the first write; verify"
            " --certificates then cannot tell who got a new one.",
        ),
    ] = False,
    yes: Yes = False,
) -> int:
    """Append the SID URI to the planned profiles and read everything back.

    Exit code 1 if any profile could not be changed as planned, else 0; one that is held back is
    not among them.
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
                certificates_before=not without_certificates,
            )
        made = saved or _plan(client, choices)
        require_usable(client, made, TASKS)
        return _apply(
            client,
            shared,
            made,
            choices,
            journal=journal,
            certificates_before=not without_certificates,
            yes=yes,
        )


def _apply(
    client: IntuneClient,
    shared: Shared,
    made: Plan,
    choices: Choices,
    *,
    journal: Path | None,
    certificates_before: bool,
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
            made,
            journal=journal,
            max_changes=choices.max_changes,
            watch=watch,
            certificates_before=certificates_before,
        ),
    )


@app.command()
@with_shared_options
def verify(
    shared: Shared,
    journal: EarlierJournal,
    *,
    certificates: Annotated[
        bool,
        typer.Option(
            "--certificates",
            help="Also say which devices have got a new certificate since the change. Needs"
            f" {READING}.",
        ),
    ] = False,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch",
            help="With --certificates: look again until every device that was seen since has a new"
            " one, and no other is to be waited for.",
        ),
    ] = False,
    every: Annotated[
        str,
        typer.Option("--every", metavar="TIME", help="How often --watch looks: 30m, 2h; 1m least."),
    ] = DEFAULT_EVERY,
    issued: Annotated[
        list[Path] | None,
        typer.Option(
            "--issued",
            metavar="FILE",
            help="With --certificates: certificates as files, or a directory of them, which alone"
            " show whether the right SID is in them; repeat.",
            show_default=False,
        ),
    ] = None,
    expected: Annotated[
        Path | None,
        typer.Option(
            "--expected",
            metavar="CSV",
            help="With --issued: the SIDs that they should carry, as certificate inspect takes"
            " them.",
            show_default=False,
        ),
    ] = None,
) -> int:
    """Read back every profile that a run changed. Reads only.

    Exit code 1 if one is not as the run should have left it, else 0.

    With --certificates: 0 if every device that was seen since the change has a new certificate, 2
    if one has none yet or something cannot be told, 1 if a profile is not as the run left it, 3 if
    of no certificate anything could be told. A device checks in about every 8 h and the report lags
    up to 6 h, so a complete answer is not before 14 h after the change.

    Example: intune-scep strong-mapping verify --journal run.jsonl --certificates --watch
    """
    from intune_scep.cli.proving import Asked, prove, require_fitting

    asked = Asked(journal, issued or [], expected, watch=watch, every=every)
    require_fitting(asked, certificates=certificates)
    if certificates:
        return prove(shared, asked)
    with shared.client() as client:
        return finish(shared, client.strong_mapping.verify(journal))


@app.command()
@with_writing_options
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
