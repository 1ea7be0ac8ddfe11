"""intune-scep strong-mapping rollout record: one page for a change board."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from intune_scep.cli.console import print_json, progress_bar
from intune_scep.cli.options import OutputFormat, Shared, with_shared_options
from intune_scep.cli.process import tell
from intune_scep.cli.rollout_options import DEFAULT_FILE, File, RolloutJournal
from intune_scep.errors import ReportFileError
from intune_scep.texts import printable
from intune_scep.wording import option

app = typer.Typer()


class Form(StrEnum):
    """How the page is written."""

    MARKDOWN = "markdown"
    HTML = "html"
    JUSTIFICATION = "justification"


@app.command()
@with_shared_options
def record(
    shared: Shared,
    file: File = DEFAULT_FILE,
    *,
    form: Annotated[
        Form,
        typer.Option(
            "--format",
            metavar="markdown|html|justification",
            help="One page, or why in 1,024 characters, as a request for approval takes it.",
        ),
    ] = Form.MARKDOWN,
    to: Annotated[
        Path | None,
        typer.Option(
            "--to", metavar="FILE", help="Write it into this file.", show_default="printed"
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Write over a file that is there.")
    ] = False,
    journal: RolloutJournal = None,
) -> int:
    """Write one page for a change board: what, whom, in which order, what it costs, the way back.

    Reads only. With a rollout that goes on, how far it is and new certificates over time.

    Example: intune-scep strong-mapping rollout record --format html --to change.html
    """
    from intune_scep.files import require_new, save_private
    from intune_scep.reports.rollout_record import (
        justification,
        render_record_html,
        render_record_markdown,
    )
    from intune_scep.rollout.file import load_rollout

    unless = None if overwrite else option("overwrite")
    require_new(to, called=option("to"), overwrite=unless, error=ReportFileError)
    load_rollout(file)
    with shared.client() as client, progress_bar("Reading") as progress:
        found = client.rollout.record(file, journal=journal, progress=progress)
    if shared.output is OutputFormat.JSON:
        print_json({**found.to_dict(), "justification": justification(found)})
        return 0
    render = {Form.MARKDOWN: render_record_markdown, Form.HTML: render_record_html}
    text = render[form](found) if form in render else justification(found) + "\n"
    if to is None:
        sys.stdout.write(printable(text))
        return 0
    save_private(
        to,
        text.encode("utf-8", "backslashreplace"),
        called=option("to"),
        overwrite=unless,
        error=ReportFileError,
    )
    tell(f"Written: {to}")
    return 0
