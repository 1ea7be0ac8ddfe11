"""The preflight as a list that a PKI administrator reads, worst first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from rich.text import Text

from intune_scep.cli.console import headline, plain
from intune_scep.strong_mapping.questions import Outcome

if TYPE_CHECKING:
    from rich.console import Console

    from intune_scep.strong_mapping.preflight import Point, Preflight

_STYLES: Final = {Outcome.STOP: "bold red", Outcome.UNKNOWN: "yellow", Outcome.FINE: "green"}


def show_preflight(console: Console, found: Preflight) -> None:
    """Print every question with what is said of it, what was found besides, and the last word."""
    console.print(headline("Preflight", found.tenant, found.cloud))
    for outcome in Outcome:
        for point in found.points:
            if point.outcome is outcome:
                _show_point(console, point)
    for sentence in found.told:
        _show(console, sentence)
    console.print(plain(found.msg), soft_wrap=True)


def _show_point(console: Console, point: Point) -> None:
    head = Text(f"{point.outcome.value:<8}", style=_STYLES[point.outcome])
    console.print(head.append_text(plain(point.question.id)), soft_wrap=True)
    for sentence in _sentences(point):
        _show(console, f"        {sentence}")


def _sentences(point: Point) -> Iterator[str]:
    asked = point.question
    if point.answer is None or point.outcome is Outcome.STOP:
        yield asked.asks
    if point.answer is None:
        yield f"Why: {asked.why} ({asked.source})"
    if point.means is not None:
        yield f"{'Yes' if point.answer else 'No'}: {point.means}"
    if point.given is not None and point.given.by is not None:
        when = f", {point.given.on}" if point.given.on else ""
        yield f"Answered by {point.given.by}{when}."
    yield from point.found


def _show(console: Console, sentence: str) -> None:
    console.print(plain(sentence), soft_wrap=True)
