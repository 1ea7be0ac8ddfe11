"""Tables of profiles and of what belongs to them, at any width.

Where everything fits, a row is a line: in a pipe always, unless COLUMNS says how wide it is. Where
it does not, sentences are folded; where even that is too narrow, a row becomes a few lines that
begin with its name, so that no name is broken, cut or lost.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from intune_scep.texts import printable

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.text import Text

_NARROWEST: Final = 24
"""Characters that a folded column needs to be read."""
_GAP: Final = 3
_INDENT: Final = 2
_NOTHING: Final = frozenset({"", "-"})


class Listing:
    """Rows under headings.

    Args:
        headings: Of the columns.
        name: The heading of the column that says what a row is about.
        prose: Headings of columns that hold sentences, which may be folded.
        right: Headings of columns that hold numbers.
    """

    def __init__(
        self,
        *headings: str,
        name: str,
        prose: Collection[str] = (),
        right: Collection[str] = (),
    ) -> None:
        self._headings = headings
        self._name = headings.index(name)
        self._prose = [heading in prose for heading in headings]
        self._right = [heading in right for heading in headings]
        self._rows: list[tuple[Text, ...]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, *cells: Text | str) -> None:
        """Add a row; texts that somebody else wrote are cleaned."""
        from rich.text import Text

        made = tuple(Text(printable(cell)) if isinstance(cell, str) else cell for cell in cells)
        if len(made) != len(self._headings):
            raise ValueError("A row has another number of cells than the table has columns.")
        self._rows.append(made)

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        widths = self._widths()
        fixed = [
            min(width, _NARROWEST) if prose else width
            for width, prose in zip(widths, self._prose, strict=True)
        ]
        if sum(fixed) + _GAP * len(fixed) <= options.max_width:
            yield self._table(fits=sum(widths) + _GAP * len(widths) <= options.max_width)
            return
        yield from self._stacked(console, options.max_width)

    def _widths(self) -> Sequence[int]:
        from rich.cells import cell_len

        columns = zip(*self._rows, strict=True) if self._rows else [()] * len(self._headings)
        return [
            max(
                map(
                    cell_len,
                    (heading, *(line for cell in cells for line in cell.plain.split("\n"))),
                )
            )
            for heading, cells in zip(self._headings, columns, strict=True)
        ]

    def _table(self, *, fits: bool) -> RenderableType:
        from rich import box
        from rich.table import Table

        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for heading, prose, right in zip(self._headings, self._prose, self._right, strict=True):
            table.add_column(
                heading, no_wrap=fits or not prose, justify="right" if right else "left"
            )
        for row in self._rows:
            table.add_row(*row)
        return table

    def _stacked(self, console: Console, width: int) -> Iterator[Text]:
        """Each row by its name, then what the other columns say of it."""
        from rich.text import Text

        for row in self._rows:
            yield Text.assemble(row[self._name], style="bold", overflow="fold")
            short, long = Text(), []
            for number, cell in enumerate(row):
                if number == self._name or cell.plain in _NOTHING:
                    continue
                told = Text.assemble(self._said(number), cell)
                if self._prose[number] or "\n" in cell.plain:
                    long.append(told)
                else:
                    short.append_text(Text(", " if short else "")).append_text(told)
            for told in filter(None, (short, *long)):
                for line in told.wrap(console, max(width - _INDENT, 1), overflow="fold"):
                    line.rstrip()
                    yield Text(" " * _INDENT).append_text(line)

    def _said(self, number: int) -> str:
        heading = self._headings[number]
        return f"{heading}: " if heading else ""
