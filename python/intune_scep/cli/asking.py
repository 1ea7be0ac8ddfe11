"""Asking before something is changed, and the options that answer in advance."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from intune_scep.cli.options import OutputFormat, Shared
from intune_scep.errors import IntuneScepError

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen; change nothing.")]


def confirm(shared: Shared, yes: bool, question: str) -> None:
    """Go on only if a person agrees, or did in advance.

    Raises:
        IntuneScepError: nobody can be asked, or the answer is no.
    """
    if yes:
        return
    if not sys.stdin.isatty() or shared.output is OutputFormat.JSON:
        raise IntuneScepError("Nobody can be asked here. Nothing was changed.", hint="Give --yes.")
    if not typer.confirm(question, err=True):
        raise IntuneScepError("Nothing was changed.")
