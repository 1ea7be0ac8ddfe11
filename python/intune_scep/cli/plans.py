"""intune-scep plans: saved plans."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from intune_scep.cli.console import console, plain, print_json
from intune_scep.cli.options import Output, OutputFormat

app = typer.Typer(no_args_is_help=True, help="Plans that were saved, of every job.")


@app.command()
def show(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A plan file.", show_default=False)],
    output: Output = OutputFormat.TEXT,
) -> int:
    """Show a saved plan, after checking that nobody changed the file. Signs in nowhere.

    Example: intune-scep plans show plan.json
    """
    from intune_scep.changes.plan_file import load_plan
    from intune_scep.cli.running import show_plan

    plan = load_plan(file)
    if output is OutputFormat.JSON:
        print_json(plan.report())
        return 0
    show_plan(plan)
    console().print(plain(f"Made {plan.made_at}, digest {plan.digest}."), soft_wrap=True)
    return 0
