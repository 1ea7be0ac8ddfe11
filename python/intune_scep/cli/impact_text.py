"""Impact as an administrator reads it: who is cut off, what meets where, what comes back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from intune_scep.audience.impact import ProfileImpact
from intune_scep.cli.console import headline, plain, print_notes, table_of
from intune_scep.cli.tables import Listing
from intune_scep.reports.impact import (
    HEADINGS,
    about_group,
    about_load,
    assigned,
    by_revocation,
    called,
    echo_rows,
    host_rows,
    multiplied,
    number,
    platform_words,
    split,
    summary,
    to_look_at,
    used_by,
)
from intune_scep.reports.words import listed
from intune_scep.rules.texts import counted
from intune_scep.strong_mapping.impact import Impact

_WIDE = 160
_MOST_NAMED = 3
_COLUMNS = (
    "Certificates",
    "Devices",
    "Users",
    "Enrolments",
    "Platform",
    "Profile",
    "Used by",
    "Assigned to",
)
_HOST_COLUMNS = ("SCEP host", "In use", "Enrolments", "Evenly, per hour", "At once, per hour")


def show_impact(console: Console, found: Impact, csv: Path | None) -> None:
    """Print what the migration costs, those who are cut off first, and what is not known."""
    console.print(headline("Impact", found.tenant, found.cloud), soft_wrap=True)
    _line(console, summary(found), "bold")
    for kind, items in by_revocation(found):
        console.print()
        _line(console, HEADINGS[kind], "bold")
        _line(console, about_group(kind, items))
        held, empty = split(items)
        if console.width < _WIDE:
            _show_narrow(console, held)
        elif held:
            _show_table(console, held)
        if empty:
            named = listed([called(item) for item in empty], _MOST_NAMED)
            _line(console, f"{counted(len(empty), 'profile')} without a certificate: {named}.")
        for why in dict.fromkeys(item.unknown for item in items if item.unknown):
            _line(console, f"Unknown: {why}", "yellow")
    for told in multiplied(found):
        _line(console, told)
    _show_hosts(console, found)
    _show_echo(console, found)
    if advice := list(to_look_at(found)):
        console.print()
        _line(console, "WHAT TO LOOK AT", "bold")
        for told in advice:
            _line(console, f"- {told}")
    print_notes(console, found.notes)
    if csv is not None:
        console.print(plain(f"By profile: {csv}"), soft_wrap=True)


def _line(console: Console, text: str, style: str = "") -> None:
    told = plain(text)
    told.stylize(style or "none")
    console.print(told)


def _show_table(console: Console, items: Sequence[ProfileImpact]) -> None:
    table = table_of(*_COLUMNS)
    for place, column in enumerate(table.columns):
        column.no_wrap = place < 5
        column.justify = "right" if place < 4 else "left"
    for item in items:
        brief = item.brief()
        table.add_row(
            *(number(brief[name]) for name in ("certificates", "devices", "users", "enrolments")),
            platform_words(item),
            plain(called(item)),
            plain(used_by(item)),
            plain(assigned(item)),
        )
    console.print(table)


def _show_narrow(console: Console, items: Sequence[ProfileImpact]) -> None:
    """Some lines a profile, so that its name never vanishes."""
    for item in items:
        console.print(plain(f"  {called(item)}"), soft_wrap=True)
        _indented(console, f"{platform_words(item)}: {_held(item)}")
        _indented(console, f"used by {used_by(item)}; assigned to {assigned(item)}")


def _indented(console: Console, text: str) -> None:
    from rich.padding import Padding

    console.print(Padding(plain(text), (0, 0, 0, 4)))


def _held(item: ProfileImpact) -> str:
    if item.in_use is None:
        return "unknown"
    told = (
        f"{counted(item.in_use.certificates, 'certificate')} on"
        f" {counted(len(item.in_use.devices), 'device')} of"
        f" {counted(len(item.in_use.users), 'user')}"
    )
    return f"{told}, {number(item.enrolments)} enrolments"


def _show_hosts(console: Console, found: Impact) -> None:
    rows = host_rows(found)
    if not found.profiles or not rows:
        return
    console.print()
    _line(console, "SCEP HOSTS, over all profiles of the tenant", "bold")
    _line(console, about_load(found))
    table = Listing(*_HOST_COLUMNS, name=_HOST_COLUMNS[0], right=_HOST_COLUMNS[1:])
    for row in rows:
        table.add(row.host, row.certificates, row.enrolments, row.even, row.at_once)
    console.print(table)


def _show_echo(console: Console, found: Impact) -> None:
    rows = echo_rows(found)
    if not rows:
        return
    console.print()
    _line(console, "THE ECHO: the same certificates are due for renewal together", "bold")
    now = "" if found.rings else "the change is made now and "
    _line(
        console,
        f"If {now}certificates are valid for as long as the profile says (a month counts as 30"
        " days):",
    )
    for row in rows:
        days = f"{row.first} to {row.last}" if row.last > row.first else f"{row.first}"
        text = Text(f"  {days}  ", style="bold")
        told = f"about {counted(row.enrolments, 'enrolment')} at {listed(row.hosts) or 'no host'}"
        console.print(text.append_text(plain(told)), soft_wrap=True)
        _indented(console, listed(row.profiles, 3))
