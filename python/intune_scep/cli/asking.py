"""Asking before something is changed, and the options of what is asked about."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from intune_scep.cli.options import OutputFormat, Shared
from intune_scep.errors import IntuneScepError
from intune_scep.texts import printable

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
EarlierJournal = Annotated[
    Path,
    typer.Option("--journal", metavar="FILE", help="Journal of the run.", show_default=False),
]
JournalFile = Annotated[
    Path | None,
    typer.Option(
        "--journal",
        metavar="FILE",
        help="Where to record the run; the journal of a run that was cut short is resumed.",
        show_default="a new file in the state directory",
    ),
]
MaxChanges = Annotated[
    int | None,
    typer.Option(
        "--max-changes", min=0, help="Change nothing if more profiles than this would change."
    ),
]
PlanToSave = Annotated[
    Path | None,
    typer.Option("--plan", metavar="FILE", help="Save the plan, for approval and apply."),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Write over a plan file.")]
PlanToApply = Annotated[
    Path | None,
    typer.Option("--plan", metavar="FILE", help="Apply this saved plan and no other."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen; change nothing.")]


def require_answer(shared: Shared, *, yes: bool) -> None:
    """Refuse what would have to be asked where nobody can be.

    Raises:
        IntuneScepError: it would.
    """
    if not yes and (not sys.stdin.isatty() or shared.output is OutputFormat.JSON):
        raise IntuneScepError("Nobody can be asked here. Nothing was changed.", hint="Give --yes.")


def confirm(shared: Shared, yes: bool, question: str) -> None:
    """Go on only if a person agrees, or did in advance.

    Raises:
        IntuneScepError: nobody can be asked, or the answer is no.
    """
    require_answer(shared, yes=yes)
    if yes:
        return
    if not typer.confirm(printable(question), err=True):
        raise IntuneScepError("Nothing was changed.")
