"""intune-scep runs: the journals of this machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from intune_scep.cli.console import console, plain, print_json
from intune_scep.cli.options import Output, OutputFormat

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

EXIT_UNFINISHED = 2


def runs(
    tenant: Annotated[
        str | None, typer.Option("--tenant", help="Only runs on this tenant.", show_default=False)
    ] = None,
    output: Output = OutputFormat.TEXT,
) -> int:
    """List the runs of every job on this machine: when, which tenant, what is left.

    Each with the command that finishes it and the one that goes back; rollouts with the command
    that goes on. Signs in nowhere. Exit code 2 if a run has something left to do, else 0.

    Example: intune-scep runs --output json
    """
    from intune_scep.changes.runs import describe, find_journals
    from intune_scep.rollout.standing import describe_rollout, find_rollouts

    found = find_journals(tenant)
    standings, unreadable = find_rollouts(tenant)
    rollouts = [describe_rollout(item) for item in standings]
    rows = [_of_rollout(describe(journal), rollouts) for journal in found.journals]
    notes = [*found.unreadable, *unreadable]
    if output is OutputFormat.JSON:
        print_json({"runs": rows, "rollouts": rollouts, "notes": notes})
    else:
        target = console()
        for row in rollouts:
            _show_rollout(target, row)
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
        for note in notes:
            target.print(_styled(f"Note: {note}", "yellow"), soft_wrap=True)
        if not rows and not rollouts:
            target.print(plain("No run is recorded on this machine."))
    return EXIT_UNFINISHED if any(row["left"] for row in rows) else 0


def _of_rollout(row: dict[str, Any], rollouts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What a rollout began is finished by the rollout, which then knows of it."""
    owner = next((item for item in rollouts if row["journal"] in item["runs"]), None)
    if owner is None:
        return {**row, "rollout": None}
    return {**row, "rollout": owner["rollout"], "finish": owner["go_on"] if row["left"] else None}


def _show_rollout(target: Console, row: Mapping[str, Any]) -> None:
    head = (
        f"{row['started'] or 'not started'}  rollout {row['rollout']}, tenant {row['tenant']}"
        f" ({row['cloud']}): {row['state']}, {row['completed']} of {row['rings']} rings completed"
    )
    target.print(_styled(head, "bold"), soft_wrap=True)
    target.print(plain(f"    {row['journal']}"), soft_wrap=True)
    if row["go_on"]:
        target.print(plain(f"    go on: {row['go_on']}"), soft_wrap=True)


def _styled(text: str, style: str) -> Text:
    line = plain(text)
    line.stylize(style)
    return line
