"""intune-scep runs: the journals of this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from intune_scep.cli.console import console, plain, print_json
from intune_scep.cli.options import Output, OutputFormat

if TYPE_CHECKING:
    from rich.text import Text

EXIT_UNFINISHED = 2


def runs(
    tenant: Annotated[
        str | None, typer.Option("--tenant", help="Only runs on this tenant.", show_default=False)
    ] = None,
    output: Output = OutputFormat.TEXT,
) -> int:
    """List the runs of every job on this machine: when, which tenant, what is left.

    Each with the command that finishes it and the one that goes back. Signs in nowhere. Exit code
    2 if a run has something left to do, else 0.

    Example: intune-scep runs --output json
    """
    from intune_scep.changes.runs import describe, find_journals

    found = find_journals(tenant)
    rows = [describe(journal) for journal in found.journals]
    if output is OutputFormat.JSON:
        print_json({"runs": rows, "notes": list(found.unreadable)})
    else:
        target = console()
        for row in rows:
            style = "yellow" if row["left"] else "bold"
            head = (
                f"{row['began']}  {row['task'].replace('_', ' ')}, tenant {row['tenant']}"
                f" ({row['cloud']}): {row['state']}, {row['left']} of {row['profiles']} left"
            )
            target.print(_styled(head, style), soft_wrap=True)
            target.print(plain(f"    {row['journal']}"), soft_wrap=True)
            for word, key in (("finish", "finish"), ("go back", "roll_back")):
                if row[key]:
                    target.print(plain(f"    {word}: {row[key]}"), soft_wrap=True)
        for note in found.unreadable:
            target.print(_styled(f"Note: {note}", "yellow"), soft_wrap=True)
        if not rows:
            target.print(plain("No run is recorded on this machine."))
    return EXIT_UNFINISHED if any(row["left"] for row in rows) else 0


def _styled(text: str, style: str) -> Text:
    line = plain(text)
    line.stylize(style)
    return line
