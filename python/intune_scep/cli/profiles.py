"""intune-scep profiles: list, show, export, apply."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from intune_scep import IntuneClient
from intune_scep.backup.backup import is_backup
from intune_scep.cli.asking import DryRun, Yes, confirm
from intune_scep.cli.console import console, print_json, progress_bar
from intune_scep.cli.options import OutputFormat, Shared, with_shared_options
from intune_scep.cli.profiles_text import (
    REISSUE_WARNING,
    show_export,
    show_listing,
    show_profile,
    show_restore,
    show_state_plan,
    show_state_report,
)
from intune_scep.declarations.options import CREATABLE_PLATFORMS
from intune_scep.declarations.reading import read_declarations
from intune_scep.desired_state.listing import ProfileListing
from intune_scep.desired_state.run import dry_run_report
from intune_scep.errors import IntuneScepError
from intune_scep.profiles import Platform, Profile, ProfileKind
from intune_scep.rules import load_configuration

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
    with IntuneClient(shared.connection()) as client:
        listing = client.list_profiles(
            kinds=kind or None,
            platforms=[Platform(item.value) for item in platform] if platform else None,
        )
    if shared.output is OutputFormat.JSON:
        print_json(listing.to_dict())
    else:
        show_listing(console(), listing)
    return EXIT_FAILED if listing.snapshot.unread else 0


@app.command()
@with_shared_options
def show(
    shared: Shared,
    profile: Annotated[str, typer.Argument(help="Name or id.", show_default=False)],
) -> int:
    """Show one profile as a declaration; with --output json, as Graph sends it. Reads only."""
    with IntuneClient(shared.connection()) as client:
        listing = client.list_profiles(only=[profile])
        if not listing.profiles:
            listing = client.list_profiles(with_root_links=False)
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
    with IntuneClient(shared.connection()) as client:
        write = client.back_up_profiles if form is ExportFormat.JSON else client.export_profiles
        report = write(directory, overwrite=overwrite, remove_left_over=remove_left_over)
    if shared.output is OutputFormat.JSON:
        print_json(report.to_dict())
    else:
        show_export(console(), report)
    if report.failed:
        return EXIT_FAILED
    return EXIT_PENDING if report.incomplete else 0


@app.command()
@with_shared_options
def apply(
    shared: Shared,
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...",
            help="Files or directories with declarations, or the directory of one backup.",
        ),
    ],
    *,
    dry_run: DryRun = False,
    managed_by: Annotated[
        str | None,
        typer.Option(
            "--managed-by",
            metavar="NAME",
            help="Name of this set of declarations, written into each description.",
        ),
    ] = None,
    prune: Annotated[
        bool,
        typer.Option(
            "--prune",
            help="Delete profiles marked with the name of this set that are not declared.",
        ),
    ] = False,
    prune_list: Annotated[
        list[str] | None,
        typer.Option("--prune-list", metavar="PROFILE", help="Name or id to prune too; repeat."),
    ] = None,
    rules: Annotated[
        Path | None,
        typer.Option(
            "--rules",
            metavar="FILE",
            help="Severities, waivers and answers for the rules (YAML).",
            show_default=False,
        ),
    ] = None,
    yes: Yes = False,
) -> int:
    """Bring the tenant to the declared state, or restore what it lacks of a backup.

    What would be written is judged by the rules: errors refuse it, warnings are shown. Says what
    will happen, asks, then does it. Exit code 1 if something failed or was refused, 2 if --dry-run
    finds something to do or a restore left something different alone, else 0.
    """
    choices: dict[str, Any] = {
        "managed_by": managed_by,
        "prune": prune,
        "prune_list": tuple(prune_list or ()),
    }
    if any(is_backup(path) for path in paths):
        if len(paths) > 1 or any(choices.values()) or rules:
            raise IntuneScepError(
                "A backup is restored alone: without other paths, --managed-by, --prune and"
                " --rules."
            )
        with IntuneClient(shared.connection()) as client:
            return _restore(client, shared, paths[0], dry_run=dry_run, yes=yes)
    choices["rules"] = load_configuration(rules) if rules else None
    declarations = [item for path in paths for item in read_declarations(path)]
    with IntuneClient(shared.connection()) as client:
        return _apply(client, shared, declarations, choices, dry_run=dry_run, yes=yes)


def _apply(
    client: IntuneClient,
    shared: Shared,
    declarations: Sequence[Any],
    choices: dict[str, Any],
    *,
    dry_run: bool,
    yes: bool,
) -> int:
    plan = client.plan_profiles(declarations, **choices)
    as_text = shared.output is OutputFormat.TEXT
    if as_text:
        show_state_plan(console(), plan)
    if dry_run or plan.is_empty or plan.refused:
        report = dry_run_report(plan)
        if not as_text:
            print_json(report.to_dict())
        if plan.refused:
            return EXIT_FAILED
        return EXIT_PENDING if report.changed else 0
    count = sum(action.writes for action in plan.actions)
    confirm(shared, yes, f"Change {count} profiles? {REISSUE_WARNING}")
    with progress_bar("Applying") as progress:
        done = client.apply_profile_plan(plan, progress=progress)
    if as_text:
        show_state_report(console(), done)
    else:
        print_json(done.to_dict())
    return EXIT_FAILED if done.failed else 0


def _restore(
    client: IntuneClient, shared: Shared, directory: Path, *, dry_run: bool, yes: bool
) -> int:
    report = client.restore_profiles(directory, dry_run=True)
    as_text = shared.output is OutputFormat.TEXT
    if report.changed and not dry_run:
        if as_text:
            show_restore(console(), report)
        confirm(shared, yes, f"Make {report.summary['planned']} profiles and assign them?")
        with progress_bar("Restoring") as progress:
            report = client.restore_profiles(directory, progress=progress)
    if as_text:
        show_restore(console(), report)
    else:
        print_json(report.to_dict())
    if report.failed:
        return EXIT_FAILED
    return EXIT_PENDING if report.differs or (dry_run and report.changed) else 0
