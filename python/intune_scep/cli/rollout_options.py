"""Arguments and options of every command of a rollout."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

File = Annotated[
    Path, typer.Argument(metavar="[FILE]", help="The file of the rollout.", show_default=True)
]
RolloutJournal = Annotated[
    Path | None,
    typer.Option(
        "--journal",
        metavar="FILE",
        help="Where the state of the rollout is kept.",
        show_default="a file of its name in the state directory",
    ),
]
Reason = Annotated[
    str, typer.Option("--reason", metavar="TEXT", help="Why; it is kept with who did it.")
]

DEFAULT_FILE = Path("strong-mapping.yml")
