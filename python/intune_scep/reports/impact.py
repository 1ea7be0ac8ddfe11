"""What the migration costs, in sentences for people and as CSV by profile."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from intune_scep.audience.impact import ProfileImpact
from intune_scep.audience.load import Spread, peak
from intune_scep.changes.certificates import about_impact_of
from intune_scep.errors import ReportFileError
from intune_scep.files import save_private
from intune_scep.profiles.revocation import REVOCATION, Revocation, about_replaced
from intune_scep.reports.readiness import as_text
from intune_scep.reports.words import PLATFORMS
from intune_scep.rules.texts import counted
from intune_scep.strong_mapping.impact import Impact
from intune_scep.tenant.dependants import USE_WORDS, Use
from intune_scep.wording import option

COLUMNS: Final = (
    "profile",
    "profile_id",
    "platform",
    "revocation",
    "certificates",
    "devices",
    "users",
    "dependants",
    "used_by",
    "enrolments",
    "groups",
    "hosts",
    "renewal_begins_after_days",
    "unknown",
)

HEADINGS: Final = {
    Revocation.DOCUMENTED: "CUT OFF FIRST: the old certificates are revoked, then new ones come",
    Revocation.KNOX_ONLY: "RE-ISSUED, REVOKED ON SAMSUNG KNOX",
    Revocation.UNKNOWN: "RE-ISSUED: whether the old certificates are revoked is not known",
    Revocation.IMPOSSIBLE: "NOT REVOKED, AND NOTHING CAN BE PROVED",
}
"""By what is known of revocation, the hardest first."""


def by_revocation(impact: Impact) -> Iterator[tuple[Revocation, list[ProfileImpact]]]:
    """The profiles in the order in which somebody is cut off; the most certificates first."""
    for kind in HEADINGS:
        found = [p for p in impact.profiles if REVOCATION[p.profile.profile_type.platform] is kind]
        if found:
            yield kind, sorted(found, key=_weight)


def _weight(item: ProfileImpact) -> tuple[int, str]:
    return -(item.enrolments or 0), called(item).casefold()


def about_group(kind: Revocation, items: Iterable[ProfileImpact]) -> str:
    """What becomes of the certificates of profiles of one heading, and when."""
    told = about_replaced(*sorted({item.profile.profile_type.platform for item in items}))
    if kind is Revocation.DOCUMENTED:
        return (
            f"{told} When is not documented: reckon with at once. A device gets its new certificate"
            " when it next checks in, at once to about 8 h later."
        )
    if kind is Revocation.IMPOSSIBLE:
        return f"{told} Intune does not report them either: look at the CA."
    return told


def split(items: Iterable[ProfileImpact]) -> tuple[list[ProfileImpact], list[ProfileImpact]]:
    """Those that somebody has a certificate of, or of which it is not known, and the rest."""
    items = list(items)
    empty = [item for item in items if item.in_use is not None and not item.in_use.certificates]
    return [item for item in items if item not in empty], empty


def assigned(item: ProfileImpact) -> str:
    """To whom a profile is assigned."""
    return ", ".join(item.groups) or "nobody"


def called(item: ProfileImpact) -> str:
    """The name of a profile, or its id."""
    return item.profile.display_name or item.profile.id or "?"


def platform_words(item: ProfileImpact) -> str:
    """The platform in the admin center's words."""
    return PLATFORMS[item.profile.profile_type.platform]


def number(count: int | None) -> str:
    """A number, or that it is not known; never 0 for that."""
    return "unknown" if count is None else f"{count:,}"


def used_by(item: ProfileImpact) -> str:
    """How many profiles use the certificates, by what for."""
    if item.dependants is None:
        return "unknown"
    told = [f"{count} {USE_WORDS[use]}" for use, count in item.by_use.items()]
    return ", ".join(told) or "nothing that Intune knows"


def summary(impact: Impact) -> str:
    """All profiles together, in a sentence or two."""
    if not impact.profiles:
        return "No profile would change under these choices, so it costs nothing."
    told = about_impact_of(impact.totals)
    return f"{counted(len(impact.profiles), 'profile')} would change. {told}".rstrip()


def multiplied(impact: Impact) -> Iterator[str]:
    """Where the forecast and what Intune reports differ, both."""
    for item in impact.profiles:
        if not item.differs or item.in_use is None or item.forecast is None:
            continue
        dependants = item.dependants or ()
        each = f" (for each device one, and one more for {counted(len(dependants), 'dependant')})"
        per_device = each if item.is_apple and dependants else ""
        yield (
            f"{called(item)}: forecast {counted(item.forecast, 'enrolment')}{per_device}; Intune"
            f" reports {counted(item.in_use.certificates, 'certificate')} on"
            f" {counted(len(item.in_use.devices), 'device')}. The greater is reckoned with."
        )


@dataclass(frozen=True)
class HostRow:
    """A SCEP host as a table shows it.

    Attributes:
        even, at_once: The fullest hour under each assumption.
    """

    host: str
    certificates: str
    enrolments: str
    even: str
    at_once: str


def host_rows(impact: Impact) -> list[HostRow]:
    """Every SCEP host of the tenant; `≥` where something is not known, `≤` where devices may ask
    another one."""
    full = {
        spread: {load.host: load.enrolments for load in peak(loads)}
        for spread, loads in impact.load.items()
    }
    rows = []
    for host in impact.hosts:
        least = "" if host.is_foreseen else "≥ "
        most = "≤ " if host.shared and host.is_foreseen else ""
        counts = (host.enrolments, *(full[spread].get(host.host, 0) for spread in Spread))
        told = [f"{least}{most}{count:,}" if host.profiles else "-" for count in counts]
        held = f"{'' if host.is_whole else '≥ '}{host.certificates:,}"
        rows.append(HostRow(host.host, held, *told))
    return rows


def about_load(impact: Impact) -> str:
    """What the hours of the table of hosts assume."""
    told = (
        "Fullest hour: evenly if devices ask over a check-in of about 8 h; at once if"
        " all are reached within the first hour. What happens lies between them."
    )
    if any(host.shared for host in impact.hosts):
        told += (
            " A profile with several URLs counts in full at each host (≤): which one a device asks"
            " is not known."
        )
    if any(not (host.is_whole and host.is_foreseen) for host in impact.hosts):
        told += " ≥: of a profile that names the host something is unknown."
    return told


@dataclass(frozen=True)
class EchoRow:
    """Renewals that come back together."""

    first: date
    last: date
    enrolments: int
    profiles: Sequence[str]
    hosts: Sequence[str]


def echo_rows(impact: Impact) -> list[EchoRow]:
    """The echo by days and hosts, the first one first."""
    found: dict[tuple[date, date, tuple[str, ...]], list[tuple[int, str]]] = {}
    for echo in impact.echo:
        key = echo.first.date(), echo.last.date(), echo.hosts
        found.setdefault(key, []).append((echo.enrolments, echo.name))
    return [
        EchoRow(first, last, sum(count for count, _ in parts), [name for _, name in parts], hosts)
        for (first, last, hosts), parts in sorted(found.items())
    ]


def to_look_at(impact: Impact) -> Iterator[str]:
    """What an administrator should see to before the change."""
    uses = {use for item in impact.profiles for use in item.by_use}
    revoked = [item for kind, found in by_revocation(impact) for item in found
               if kind is Revocation.DOCUMENTED]  # fmt: skip
    if any(use in item.by_use for item in revoked for use in (Use.WI_FI, Use.WIRED)):
        yield (
            "A device that needs the Wi-Fi or wired network of a revoked certificate to fetch the"
            " new one may lose the network first: see that it has another way to Intune and the"
            " SCEP host."
        )
    if Use.VPN in uses:
        yield "VPN: see that the SCEP host is reached without the tunnel."
    if any(item.is_apple for item in impact.profiles):
        yield (
            "iPhones, iPads and Macs must be unlocked to enrol, and an expired certificate there"
            " never renews by itself."
        )
    if any(len(item.hosts) > 1 for item in impact.profiles):
        yield "Profiles with several SCEP URLs: size each host for all of their devices."
    if impact.echo:
        yield (
            "The echo: what is re-issued together is renewed together. Going in stages, days apart,"
            " spreads both."
        )


def csv_parts(impact: Impact) -> Iterator[bytes]:
    """A row for each profile that would change; an unknown number is an empty cell.

    UTF-8 with the mark that spreadsheets look for; a cell that one would take for a formula begins
    with an apostrophe.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for item in impact.profiles:
        told = item.to_dict()
        users = [f"{user['name']} ({USE_WORDS[Use(user['use'])]})" for user in told["used_by"]]
        row = (
            told["name"],
            told["id"],
            told["platform"],
            told["revocation"],
            *(told[name] for name in ("certificates", "devices", "users", "dependants")),
            "; ".join(users),
            told["enrolments"],
            "; ".join(told["groups"]),
            "; ".join(told["hosts"]),
            told["renewal_begins_after_days"],
            told["unknown"],
        )
        writer.writerow(["" if cell is None else as_text(str(cell)) for cell in row])
    yield b"\xef\xbb\xbf" + text.getvalue().encode("utf-8", "backslashreplace")


def write_csv(impact: Impact, path: Path, *, overwrite: bool = False) -> None:
    """Write the profiles into a file, readable by its owner only, whole or not at all.

    Args:
        overwrite: Write over a file that is there.

    Raises:
        ReportFileError: the file is there already, or cannot be written.
    """
    unless = None if overwrite else option("overwrite")
    parts = csv_parts(impact)
    save_private(path, parts, called=option("csv"), overwrite=unless, error=ReportFileError)
