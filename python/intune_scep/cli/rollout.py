"""intune-scep strong-mapping rollout: check, init, shard, and the verbs of a rollout."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from intune_scep.cli.console import console, print_json, progress_bar
from intune_scep.cli.options import OutputFormat, Shared, with_shared_options
from intune_scep.cli.process import EXIT_FAILED, tell
from intune_scep.cli.rollout_options import DEFAULT_FILE, File
from intune_scep.cli.rollout_record import app as record
from intune_scep.cli.rollout_verbs import app as verbs
from intune_scep.errors import RolloutFileError
from intune_scep.wording import option

if TYPE_CHECKING:
    from intune_scep.rollout.draft import Draft
    from intune_scep.rollout.file import RolloutFile
    from intune_scep.rollout.resolution import Resolved

app = typer.Typer(
    no_args_is_help=True,
    help="The migration in rings: a file says in what order, gates when it goes on.",
)
app.add_typer(verbs)
app.add_typer(record)
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Write over a file that is there.")]


@app.command()
@with_shared_options
def check(
    shared: Shared,
    file: File = DEFAULT_FILE,
    *,
    offline: Annotated[
        bool, typer.Option("--offline", help="Look at the file alone; sign in nowhere.")
    ] = False,
) -> int:
    """Read a rollout file and find what it names in the tenant. Reads only.

    Groups need GroupMember.Read.All. Exit code 1 if the file is refused, with every mistake, its
    line, its place and the cure; else 0.

    Example: intune-scep strong-mapping rollout check strong-mapping.yml
    """
    from intune_scep.rollout.clone import require_possible
    from intune_scep.rollout.file import load_rollout

    try:
        # A wrong file is refused before anybody signs in.
        read = load_rollout(file)
        require_possible(read)
        if offline:
            return _checked(shared, read, None)
        with shared.client() as client:
            found = client.rollout.check(file)
            return _checked(shared, found.file, found, client.tenant_id, client.cloud)
    except RolloutFileError as error:
        return _refused(shared, file, error)


@app.command()
@with_shared_options
def init(
    shared: Shared,
    file: File = DEFAULT_FILE,
    *,
    strategy: Annotated[
        str,
        typer.Option(
            "--strategy",
            metavar="in_place|clone",
            help="in_place edits the profiles, ring by ring; clone lets copies take over, group by"
            " group.",
        ),
    ] = "in_place",
    groups: Annotated[
        list[str] | None,
        typer.Option(
            "--groups",
            metavar="GROUP",
            help="By clone: name or id of a group that gets the copies, a ring for each; repeat.",
            show_default=False,
        ),
    ] = None,
    overwrite: Overwrite = False,
) -> int:
    """Write a first rollout file from what the tenant has, with comments. Changes nothing in it.

    In place the profile that reaches fewest goes first, then a ring for each platform. Counting
    needs User.Read.All, Device.Read.All and GroupMember.Read.All; without them it is not counted.

    Example: intune-scep strong-mapping rollout init --strategy clone --groups Pilot --groups First
    """
    from intune_scep.errors import ReportFileError
    from intune_scep.files import require_new, save_private
    from intune_scep.rollout.draft import strategy_of

    unless = None if overwrite else option("overwrite")
    strategy_of(strategy)
    # Reading the tenant may take minutes.
    require_new(file, called="The rollout file", overwrite=unless, error=ReportFileError)
    with shared.client() as client, progress_bar("Reading") as progress:
        draft = client.rollout.draft(
            file, strategy=strategy, groups=groups or (), progress=progress
        )
        tenant, cloud = client.tenant_id, client.cloud
    save_private(
        file,
        draft.text.encode(),
        called="The rollout file",
        overwrite=unless,
        error=ReportFileError,
    )
    _show_draft(shared, draft, file, tenant, cloud)
    return 0


@app.command()
@with_shared_options
def shard(
    shared: Shared,
    *,
    group: Annotated[
        str, typer.Option("--group", metavar="GROUP", help="Name or id.", show_default=False)
    ],
    percent: Annotated[
        str,
        typer.Option(
            "--percent",
            metavar="PERCENT,…",
            help="Sizes of the shards, such as 5,20; the last shard is the rest.",
            show_default=False,
        ),
    ],
    csv: Annotated[
        Path | None,
        typer.Option(
            "--csv", metavar="FILE", help="Write the shards into this file.", show_default=False
        ),
    ] = None,
    overwrite: Overwrite = False,
) -> int:
    """Divide the members of a group, for groups that you make yourself. Reads only.

    Members of nested groups are included. Each stays in its shard when others come or go. Needs
    GroupMember.Read.All; no permission to write groups is asked for.

    Example: intune-scep strong-mapping rollout shard --group Staff --percent 5,20 --csv shards.csv
    """
    from intune_scep.cli.rollout_text import show_shards, write_shards
    from intune_scep.errors import ReportFileError
    from intune_scep.files import require_new
    from intune_scep.rollout.shards import percents_of

    percents_of(percent)
    unless = None if overwrite else option("overwrite")
    require_new(csv, called=option("csv"), overwrite=unless, error=ReportFileError)
    with shared.client() as client, progress_bar("Reading") as progress:
        found = client.rollout.shards(group, percent, progress=progress)
        tenant, cloud = client.tenant_id, client.cloud
    if csv is not None:
        write_shards(found, csv, overwrite=overwrite)
    if shared.output is OutputFormat.JSON:
        print_json({"tenant": tenant, "cloud": cloud, **found.to_dict()})
    else:
        show_shards(console(), found, tenant, cloud, csv)
    return 0


def _checked(
    shared: Shared,
    file: RolloutFile,
    resolved: Resolved | None,
    tenant: str | None = None,
    cloud: str | None = None,
) -> int:
    from intune_scep.cli.rollout_text import show_file

    if shared.output is OutputFormat.JSON:
        print_json(
            {
                "tenant": tenant,
                "cloud": cloud,
                "problems": [],
                "rollout": file.to_dict(),
                "resolved": resolved.to_dict() if resolved is not None else None,
            }
        )
    else:
        show_file(console(), file, resolved, tenant, cloud)
    return 0


def _refused(shared: Shared, file: Path, error: RolloutFileError) -> int:
    """Every mistake on a line of its own."""
    if shared.output is OutputFormat.JSON:
        problems = list(error.problems)
        empty = dict.fromkeys(("tenant", "cloud", "rollout", "resolved"))
        print_json({**empty, "problems": problems})
    count = len(error.problems)
    tell(f"Error: {file} is refused: {'1 mistake' if count == 1 else f'{count} mistakes'}.")
    for problem in error.problems:
        tell(problem)
    if error.hint:
        tell(error.hint)
    return EXIT_FAILED


def _show_draft(shared: Shared, draft: Draft, file: Path, tenant: str, cloud: str) -> None:
    from intune_scep.cli.rollout_text import show_draft

    if shared.output is OutputFormat.JSON:
        print_json({"tenant": tenant, "cloud": cloud, "file": str(file), **draft.to_dict()})
    else:
        show_draft(console(), draft, file, tenant, cloud)
