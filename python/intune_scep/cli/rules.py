"""intune-scep rules: list, explain."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from intune_scep.cli.console import console, print_json
from intune_scep.cli.options import Output, OutputFormat
from intune_scep.errors import IntuneScepError

_STYLES = {
    "error": "bold red",
    "warning": "yellow",
    "info": "cyan",
    "question": "magenta",
    "behaviour": "dim",
}

app = typer.Typer(
    no_args_is_help=True,
    help="The rules of Microsoft's documentation: what is checked, and why. Needs no tenant.",
)


@app.command("list")
def list_rules(output: Output = OutputFormat.TEXT) -> int:
    """List all rules: those that are judged, questions for people, and ways of the tool."""
    from intune_scep.rules import BEHAVIOURS, CATALOGUE, GROUPS, QUESTIONS, RULES
    from intune_scep.rules.pages import kind_of

    if output is OutputFormat.JSON:
        print_json([entry.to_dict() for entry in CATALOGUE.values()])
        return 0
    from rich import box
    from rich.table import Table
    from rich.text import Text

    out = console()
    for group, title in GROUPS.items():
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=title, title_justify="left")
        for column in ("Rule", "Severity", "What"):
            table.add_column(column)
        for entry in CATALOGUE.values():
            if entry.group == group:
                kind = kind_of(entry)
                table.add_row(entry.id, Text(kind, style=_STYLES[kind]), Text(entry.title))
        out.print(table)
    out.print(
        f"{len(RULES)} judged, {len(QUESTIONS)} questions for people, {len(BEHAVIOURS)} ways of the"
        " tool."
    )
    return 0


@app.command("explain")
def explain_rule(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="For example R-113.")],
    output: Output = OutputFormat.TEXT,
) -> int:
    """Say what one rule is about, why it matters, how to mend it and who says so."""
    from intune_scep.rules import CATALOGUE
    from intune_scep.rules.pages import explain

    entry = CATALOGUE.get(rule.upper())
    if entry is None:
        raise IntuneScepError(
            f"There is no rule {rule!r}.", hint="intune-scep rules list shows them all."
        )
    if output is OutputFormat.JSON:
        print_json(entry.to_dict())
    else:
        from rich.markdown import Markdown

        _, _, text = explain(entry).partition("\n\n")
        console().print(Markdown(text))
    return 0


@app.command("pages", hidden=True)
def write_pages(
    folder: Annotated[Path, typer.Argument(help="Where the pages go; made if it is missing.")],
) -> int:
    """Write the documentation's pages of rules."""
    from intune_scep.rules.pages import build_pages

    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in build_pages().items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise IntuneScepError(f"{folder} cannot be written: {error.strerror}.") from error
    return 0
