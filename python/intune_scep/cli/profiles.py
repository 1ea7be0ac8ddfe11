"""intune-scep profiles: list, show, export, plan, apply, verify, rollback."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
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
from intune_scep.cli.console import console, print_json
from intune_scep.cli.options import (
    OutputFormat,
    Shared,
    extended,
    with_shared_options,
    with_writing_options,
)
from intune_scep.cli.running import (
    ask,
    carry_out,
    counted,
    finish,
    pending,
    question,
    require_usable,
    resume,
    roll_back,
    show_lines,
    show_or_save,
    show_plan,
)
from intune_scep.errors import IntuneScepError, PlanError
from intune_scep.profiles.registry import CREATABLE_PLATFORMS
from intune_scep.profiles.vocabulary import Platform, ProfileKind

if TYPE_CHECKING:
    from intune_scep import IntuneClient
    from intune_scep.backup.graph_files import GraphFiles
    from intune_scep.changes.plan import Plan
    from intune_scep.changes.report import RunReport
    from intune_scep.changes.watch import Watch
    from intune_scep.desired_state.choices import PlanChoices
    from intune_scep.desired_state.listing import ProfileListing
    from intune_scep.profiles import Profile
    from intune_scep.rules import Configuration

EXIT_FAILED, EXIT_PENDING = 1, 2

app = typer.Typer(
    no_args_is_help=True,
    help="Trusted root and SCEP profiles: look at them, take them into code, apply declarations.",
)

PlatformChoice = StrEnum("PlatformChoice", [(p.name, p.value) for p in CREATABLE_PLATFORMS])  # type: ignore[misc]  # from the table


class ExportFormat(StrEnum):
    """What an export writes."""

    YAML = "yaml"
    JSON = "json"


@app.command("list")
@with_shared_options
def list_profiles(
    shared: Shared,
    kind: Annotated[
        list[ProfileKind] | None, typer.Option("--kind", help="Only this kind; repeat.")
    ] = None,
    platform: Annotated[
        list[PlatformChoice] | None,
        typer.Option("--platform", help="Only this platform; repeat."),
    ] = None,
) -> int:
    """List certificate profiles of the platforms that still exist. Reads only.

    Exit code 1 if the root of a profile could not be read, or something that Graph sent could not
    be used, else 0.
    """
    with shared.client() as client:
        listing = client.profiles.list(
            kinds=kind or None,
            platforms=[Platform(item.value) for item in platform] if platform else None,
        )
    if shared.output is OutputFormat.JSON:
        print_json(listing.to_dict())
    else:
        from intune_scep.cli.profiles_text import show_listing

        show_listing(console(), listing)
    return EXIT_FAILED if listing.snapshot.unread else 0


@app.command()
@with_shared_options
def show(
    shared: Shared,
    profile: Annotated[str, typer.Argument(help="Name or id.", show_default=False)],
) -> int:
    """Show one profile as a declaration; with --output json, as Graph sends it. Reads only."""
    with shared.client() as client:
        listing = client.profiles.list(only=[profile])
        if not listing.profiles:
            listing = client.profiles.list(with_root_links=False)
            raise _missing(profile, listing)
    found = _only(profile, listing)
    root = listing.root_links.get(found.id or "")
    if isinstance(root, IntuneScepError):
        raise root
    if shared.output is OutputFormat.JSON:
        print_json(
            {
                "tenant": listing.tenant,
                "cloud": listing.cloud,
                "profile": found.to_wire(),
                "root_profile": {"id": root.id, "name": root.display_name} if root else None,
            }
        )
    else:
        from intune_scep.cli.profiles_text import show_profile

        show_profile(console(), listing, found)
    return 0


def _only(reference: str, listing: ProfileListing) -> Profile:
    if len(listing.profiles) == 1:
        return listing.profiles[0]
    ids = ", ".join(f"{item.id} ({item.profile_type.platform})" for item in listing.profiles)
    raise IntuneScepError(
        f"{len(listing.profiles)} profiles have the name {reference!r}: {ids}.",
        hint="Give the id of the one that is meant.",
    )


def _missing(reference: str, listing: ProfileListing) -> IntuneScepError:
    names = {item.display_name or "": item.id for item in listing.profiles}
    close = difflib.get_close_matches(reference, names, n=3)
    candidates = ", ".join(f"{name!r} ({names[name]})" for name in close)
    return IntuneScepError(
        f"No certificate profile has the name or id {reference!r}.",
        hint=f"Similar: {candidates}." if close else "See: intune-scep profiles list.",
    )


@app.command()
@with_shared_options
def export(
    shared: Shared,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Created if it does not exist.")],
    form: Annotated[
        ExportFormat,
        typer.Option(
            "--format", help="Declarations in YAML, or a lossless backup in JSON; apply reads both."
        ),
    ] = ExportFormat.YAML,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite", help="Write over files that no export wrote, or that were edited."
        ),
    ] = False,
    remove_left_over: Annotated[
        bool,
        typer.Option(
            "--remove-left-over",
            help="Delete the files of an earlier export whose profiles are no longer there.",
        ),
    ] = False,
) -> int:
    """Take the tenant's certificate profiles into files. Changes nothing in the tenant.

    Exit code 1 if a profile could not be read, 2 if the files say less or more than the tenant
    has, else 0.
    """
    with shared.client() as client:
        write = client.profiles.back_up if form is ExportFormat.JSON else client.profiles.export
        report = write(directory, overwrite=overwrite, remove_left_over=remove_left_over)
    if shared.output is OutputFormat.JSON:
        print_json(report.to_dict())
    else:
        from intune_scep.cli.profiles_text import show_export

        show_export(console(), report)
    if report.failed:
        return EXIT_FAILED
    return EXIT_PENDING if report.incomplete else 0


Paths = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="PATH...",
        help="Files or directories with declarations, the directory of one backup, or certificate"
        " profiles as Graph, IntuneManagement or IntuneCD have them.",
        show_default=False,
    ),
]
_DECLARED: dict[str, tuple[Any, Any]] = {
    "managed_by": (
        Annotated[
            str | None,
            typer.Option(
                "--managed-by",
                metavar="NAME",
                help="Name of this set of declarations, written into each description.",
            ),
        ],
        None,
    ),
    "prune": (
        Annotated[
            bool,
            typer.Option(
                "--prune",
                help="Delete profiles marked with the name of this set that are not declared.",
            ),
        ],
        False,
    ),
    "prune_list": (
        Annotated[
            list[str] | None,
            typer.Option(
                "--prune-list", metavar="PROFILE", help="Name or id to prune too; repeat."
            ),
        ],
        None,
    ),
    "rules": (
        Annotated[
            Path | None,
            typer.Option(
                "--rules",
                metavar="FILE",
                help="Severities, waivers and answers for the rules (YAML).",
                show_default=False,
            ),
        ],
        None,
    ),
}


@dataclass(frozen=True)
class Declared:
    """What the options of declared state say."""

    choices: PlanChoices
    rules: Path | None

    @property
    def configuration(self) -> Configuration | None:
        if not self.rules:
            return None
        from intune_scep.rules.configuration_file import load_configuration

        return load_configuration(self.rules)

    def refuse(self, what: str) -> None:
        """Refuse options that mean nothing there.

        Raises:
            IntuneScepError: one was given.
        """
        if self.choices.given() or self.rules:
            raise IntuneScepError(
                f"{what}: without --managed-by, --prune, --prune-list and --rules."
            )

    def refuse_pruning(self) -> None:
        """Refuse to delete what files of another tool do not have: they may be one part only.

        Raises:
            IntuneScepError: it was asked for.
        """
        if self.choices.prune or self.choices.prune_list:
            raise IntuneScepError(
                "--prune and --prune-list need declarations: objects of Graph may be a part of what"
                " a tenant has.",
                hint="Make declarations of them first: intune-scep profiles export.",
            )


def _with_declared(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of declared state; its `declared` receives them."""

    def call(values: dict[str, Any]) -> Any:
        from intune_scep.desired_state.choices import PlanChoices

        managed_by, prune, prune_list, rules = (values.pop(name) for name in _DECLARED)
        choices = PlanChoices(managed_by, prune, tuple(prune_list or ()))
        return command(declared=Declared(choices, rules), **values)

    return extended(command, "declared", _DECLARED, call)


@app.command()
@with_shared_options
@_with_declared
def plan(
    shared: Shared,
    paths: Paths = None,
    *,
    declared: Declared,
    plan_file: PlanToSave = None,
    overwrite: Overwrite = False,
) -> int:
    """Show what would be done to bring the tenant to the declared state. Reads only.

    Exit code 1 if a declaration is refused, 2 if there is something to change, else 0.
    """
    with shared.client() as client:
        made = _planned(client, _required(paths), declared)
    show_or_save(shared, made, plan_file, overwrite=overwrite)
    if made.refused:
        return EXIT_FAILED
    return EXIT_PENDING if made.writing else 0


def _required(paths: list[Path] | None) -> list[Path]:
    if not paths:
        raise IntuneScepError("Nothing to apply: name files or directories with declarations.")
    return paths


def _planned(
    client: IntuneClient,
    paths: Sequence[Path],
    declared: Declared,
    *,
    roots_may_come: bool = False,
) -> Plan:
    from intune_scep.backup.backup import is_backup
    from intune_scep.backup.graph_files import GraphFiles
    from intune_scep.backup.sources import read_source
    from intune_scep.declarations.reading import all_of

    if any(is_backup(path) for path in paths):
        if len(paths) > 1:
            raise IntuneScepError("A backup is restored alone: without other paths.")
        declared.refuse("A backup is restored alone")
        return client.profiles.plan_restore(paths[0])
    source = read_source(paths)
    if isinstance(source, GraphFiles):
        return _planned_from_graph(client, source, declared, roots_may_come=roots_may_come)
    if source.unusable and not source.usable:
        raise all_of(source.unusable)
    return client.profiles.plan(
        source.usable,
        declared.choices,
        rules=declared.configuration,
        unusable=source.unusable,
        roots_may_come=roots_may_come,
    )


def _planned_from_graph(
    client: IntuneClient, files: GraphFiles, declared: Declared, *, roots_may_come: bool
) -> Plan:
    from intune_scep.backup.graph_declarations import declarations_of

    declared.refuse_pruning()
    declarations, notes = declarations_of(files)
    made = client.profiles.plan(
        declarations,
        declared.choices,
        rules=declared.configuration,
        roots_may_come=roots_may_come,
    )
    return replace(made, notes=(*notes, *made.notes))


@app.command()
@with_writing_options
@_with_declared
def apply(
    shared: Shared,
    paths: Paths = None,
    *,
    declared: Declared,
    plan_file: PlanToApply = None,
    journal: JournalFile = None,
    max_changes: MaxChanges = None,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> int:
    """Bring the tenant to the declared state, or restore what it lacks of a backup.

    What would be written is judged by the rules: errors refuse it, warnings are shown. Says what
    will happen, asks, then does it. What an earlier run was making or replacing when it was cut
    short is finished first. Exit code 1 if something failed or was refused, 2 if --dry-run finds
    something to do or a restore left something different alone, else 0.
    """
    from intune_scep.changes.plan_file import load_plan
    from intune_scep.changes.run import unfinished_at
    from intune_scep.desired_state.run import TASKS

    if plan_file is not None and (paths or declared.choices.given() or declared.rules):
        raise PlanError("Give --plan, or declarations and their options, but not both.")
    saved = load_plan(plan_file) if plan_file is not None else None
    with shared.client() as client:
        if saved is None and (earlier := unfinished_at(journal)) is not None:
            return resume(
                client,
                client.profiles,
                shared,
                earlier,
                tasks=TASKS,
                given=declared.choices.given(),
                max_changes=max_changes,
                yes=yes,
                dry_run=dry_run,
            )
        code = _finish_begun(client, shared, dry_run=dry_run, yes=yes)
        if code is not None:
            return code
        made = saved or _planned(client, _required(paths), declared, roots_may_come=dry_run)
        require_usable(client, made, TASKS)
        return _apply(client, shared, made, journal, max_changes, dry_run=dry_run, yes=yes)


def _finish_begun(client: IntuneClient, shared: Shared, *, dry_run: bool, yes: bool) -> int | None:
    """Finish what earlier runs had begun; an exit code where this run ends there."""
    from intune_scep.changes.run import begun_report, unfinished
    from intune_scep.changes.status import Status
    from intune_scep.reports.runs import run_lines

    as_text = shared.output is OutputFormat.TEXT
    for earlier in unfinished(client.tenant_id):
        foreseen = begun_report(earlier)
        if dry_run:
            return finish(shared, foreseen) or pending(foreseen)
        if as_text:
            show_lines(console(), run_lines(foreseen))
        begun = counted(foreseen.count(Status.PLANNED))
        asked = f"Finish first {begun} that the run recorded in {earlier.path} had begun?"
        ask(client, shared, question(asked, foreseen.plan), yes=yes)
        work = partial(_finish_one, client, earlier.path)
        # One JSON document a command: what went well here is a note of what comes next.
        code = carry_out(shared, "Finishing", work, quiet=not as_text)
        if code:
            return code
    return None


def _finish_one(client: IntuneClient, journal: Path, watch: Watch) -> RunReport:
    return client.profiles.finish_begun(journal, watch=watch)


def _apply(
    client: IntuneClient,
    shared: Shared,
    made: Plan,
    journal: Path | None,
    max_changes: int | None,
    *,
    dry_run: bool,
    yes: bool,
) -> int:
    from intune_scep.changes.plan import require_room
    from intune_scep.changes.run import dry_run_report

    as_text = shared.output is OutputFormat.TEXT
    if as_text:
        show_plan(made)
    if not made.is_held:
        require_room(len(made.writing), max_changes)
    if dry_run or not made.writing or made.is_held:
        report = dry_run_report(made)
        if not as_text:
            print_json(report.to_dict())
        return pending(report) or _differing(report)
    ask(client, shared, question(f"Change {counted(len(made.writing))}?", made), yes=yes)
    reports: list[RunReport] = []

    def work(watch: Watch) -> RunReport:
        reports.append(
            client.profiles.apply_plan(made, journal=journal, max_changes=max_changes, watch=watch)
        )
        return reports[-1]

    return carry_out(shared, "Applying", work) or _differing(reports[-1])


def _differing(report: RunReport) -> int:
    """A restore that leaves something different alone has not made the tenant as the backup."""
    from intune_scep.changes.plan import Task
    from intune_scep.changes.status import Status

    left = report.plan.task is Task.RESTORE and report.count(Status.SKIPPED)
    return EXIT_PENDING if left else 0


@app.command()
@with_shared_options
def verify(shared: Shared, journal: EarlierJournal) -> int:
    """Read back every profile that a run changed. Reads only.

    Exit code 1 if one is not as the run should have left it, else 0.
    """
    with shared.client() as client:
        return finish(shared, client.profiles.verify(journal))


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
    """Take back what a run did: of a declared state, a restore or a migration.

    Profiles that changed since the run are left alone. What it deleted is made anew, with another
    id. Exit code 1 if any could not be rolled back, 2 if --dry-run finds something to do, else 0.
    """
    with shared.client() as client:
        return roll_back(
            client, client.profiles, shared, journal, max_changes, yes=yes, dry_run=dry_run
        )
