"""Readiness as a table that a PKI administrator reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from intune_scep.audience.readiness import ProfileReadiness
from intune_scep.cli.console import headline, plain, print_notes
from intune_scep.cli.tables import Listing
from intune_scep.reports.readiness import (
    alignment_sentence,
    lacking,
    legend,
    platform_words,
    share_words,
    summary,
)
from intune_scep.strong_mapping.readiness import Readiness

_WIDE = 120
_COLUMNS = ("Ready", "Reaches", "With SID", "Platform", "Profile", "Would get nothing")


def show_readiness(console: Console, found: Readiness, csv: Path | None) -> None:
    """Print each profile with its share, those who are short first, and what could not be told."""
    console.print(headline("Readiness", found.tenant, found.cloud))
    ordered = sorted(found.profiles, key=lambda item: _urgency(found, item))
    if console.width < _WIDE:
        _show_narrow(console, found, ordered)
    else:
        _show_table(console, found, ordered)
    console.print(plain(summary(found)), soft_wrap=True)
    for sentence in legend(found):
        console.print(Text(f"  {sentence}", style="dim"), soft_wrap=True)
    console.print(plain(alignment_sentence(found)), soft_wrap=True)
    for item in found.unsure:
        console.print(plain(f"Unknown for {_name(item)}: {' '.join(item.unsure)}"), soft_wrap=True)
    print_notes(console, found.notes)
    if csv is not None:
        console.print(plain(f"Names: {csv}"), soft_wrap=True)


def _show_table(console: Console, found: Readiness, ordered: Sequence[ProfileReadiness]) -> None:
    table = Listing(*_COLUMNS, name=_COLUMNS[4], prose=_COLUMNS[5:], right=_COLUMNS[:3])
    for item in ordered:
        table.add(
            Text(share_words(item), style=_style(found, item)),
            _people(item),
            f"{item.with_sid:,}",
            platform_words(item),
            _name(item),
            lacking(item),
        )
    console.print(table)


def _show_narrow(console: Console, found: Readiness, ordered: Sequence[ProfileReadiness]) -> None:
    """Two lines a profile, so that its name never vanishes."""
    for item in ordered:
        head = Text(f"{share_words(item):>7}  ", style=_style(found, item))
        console.print(head.append_text(plain(_name(item))), soft_wrap=True)
        told = f"{item.with_sid:,} of {_people(item)}, {platform_words(item)}"
        short = lacking(item)
        console.print(plain(f"         {told}{f': {short}' if short else ''}"), soft_wrap=True)


def _name(item: ProfileReadiness) -> str:
    return item.profile.display_name or item.profile.id or "?"


def _people(item: ProfileReadiness) -> str:
    most = "≤ " if item.unsure else ""
    return f"{most}{item.assigned:,} {item.of.value if item.of else 'account'}s"


def _urgency(found: Readiness, item: ProfileReadiness) -> tuple[int, float, str]:
    rank = 0 if item.is_short(found.least) else 1 if item.unsure else 2
    return rank, item.share or 0.0, (item.profile.display_name or "").casefold()


def _style(found: Readiness, item: ProfileReadiness) -> str:
    if item.is_short(found.least):
        return "bold red"
    return "yellow" if item.unsure or item.share is None else "green"
