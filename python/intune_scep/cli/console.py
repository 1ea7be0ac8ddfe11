"""Printing for people on a terminal, plainly elsewhere, and JSON for machines.

rich is imported when something is drawn: help, a bad argument and JSON do not need it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from intune_scep.cli.log import showing_waits
from intune_scep.texts import json_text, one_line, printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

_UNBOUNDED: Final = 100_000
ProgressCallback = Callable[[int, int | None, str], None]


def console() -> Console:
    """Standard output; colours switch off with NO_COLOR and where it is not a terminal."""
    return _console(sys.stdout)


def _console(stream: Any) -> Console:
    from rich.console import Console

    # In a pipe a line ends where it ends, unless COLUMNS says otherwise.
    bounded = stream.isatty() or os.environ.get("COLUMNS", "").isdigit()
    width = None if bounded else _UNBOUNDED
    return Console(file=stream, highlight=False, width=width)


def plain(text: object) -> Text:
    """Text that somebody else wrote, without anything that a terminal would obey."""
    from rich.text import Text

    return Text(printable(text))


def print_json(value: Any) -> None:
    """Write JSON to standard output, alone."""
    sys.stdout.write(json_text(value) + "\n")


def headline(title: str, tenant: str, cloud: str) -> Text:
    """Name the tenant and the cloud; with the simulator, where nobody can miss it."""
    from rich.text import Text

    text = plain(f"{title}: tenant {tenant}, cloud {cloud}")
    text.stylize("bold")
    if cloud == "simulator":
        text = Text.assemble((" SIMULATOR ", "bold black on yellow"), " ", text)
    return text


def table_of(*columns: str) -> Table:
    """An empty table whose columns fold what is too long for them."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def print_notes(target: Console, notes: Iterable[str]) -> None:
    """Print notes, which quote what somebody else wrote."""
    for note in notes:
        text = plain(f"Note: {note}")
        text.stylize("yellow")
        target.print(text)


@contextmanager
def progress_bar(label: str) -> Iterator[ProgressCallback]:
    """Yield a progress callback that draws a bar on standard error, on a terminal only."""
    if not sys.stderr.isatty():
        yield _unseen
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    with Progress(
        TextColumn(label),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[name]}", markup=False),
        console=_console(sys.stderr),
        transient=True,
    ) as progress:
        task = progress.add_task(label, total=None, name="")

        def report(done: int, total: int | None, name: str) -> None:
            progress.update(task, completed=done, total=total, name=one_line(name))

        with showing_waits(lambda text: progress.update(task, name=one_line(text))):
            yield report


def _unseen(done: int, total: int | None, name: str) -> None:
    """Where there is no terminal, nothing is drawn."""
