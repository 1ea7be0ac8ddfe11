"""Rollout files, drafts of them, and shards, as an administrator reads them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from intune_scep.cli.console import headline, plain, print_notes
from intune_scep.cli.tables import Listing
from intune_scep.errors import ReportFileError
from intune_scep.files import save_private
from intune_scep.reports.words import listed
from intune_scep.rollout.draft import Draft
from intune_scep.rollout.file import Gates, MaxFailed, Ring, RolloutFile
from intune_scep.rollout.resolution import Resolved, ResolvedRing
from intune_scep.rollout.shards import Sharding
from intune_scep.rules.texts import counted
from intune_scep.wording import option

_HOUR: Final = timedelta(hours=1)
_MOST_SHOWN: Final = 10


def show_file(
    console: Console,
    file: RolloutFile,
    resolved: Resolved | None,
    tenant: str | None,
    cloud: str | None,
) -> None:
    """Print the rings of a file that is right, with their gates, and what to know of it."""
    if tenant is not None and cloud is not None:
        console.print(headline(f"Rollout {file.name}", tenant, cloud))
    else:
        console.print(Text(f"Rollout {file.name}: the file alone, no tenant", style="bold"))
    found = {item.ring.name: item for item in resolved.rings} if resolved is not None else {}
    table = Listing("", "Ring", "Who", "Gates", name="Ring", prose={"Who", "Gates"})
    for ring in file.rings:
        who = _who(ring, found.get(ring.name))
        table.add(str(ring.order), ring.name, who, gates_words(ring.gates))
    console.print(table)
    bundles = f", {counted(len(file.bundles), 'bundle')}" if file.bundles else ""
    rings = counted(len(file.rings), "ring")
    console.print(
        plain(f"{file.path} is right: {file.strategy.value}, {rings}{bundles}."), soft_wrap=True
    )
    if resolved is not None:
        print_notes(console, resolved.notes)
    else:
        console.print(plain("Whether its names exist was not looked at."), soft_wrap=True)


def gates_words(gates: Gates) -> str:
    """The gates of a ring on one line."""
    said = [
        f"reissued {gates.reissued:g} %" if gates.reissued is not None else "",
        f"seen {gates.seen:g} %" if gates.seen is not None else "",
        _failed_words(gates.max_failed) if gates.max_failed is not None else "",
        f"soak {gates.soak / _HOUR:g} h",
        "connector" if gates.connector else "",
        "approval" if gates.approval else "",
        f"command {' '.join(gates.command)}" if gates.command is not None else "",
    ]
    return ", ".join(word for word in said if word)


def _failed_words(limit: MaxFailed) -> str:
    share = f"{limit.share:g} %" if limit.share is not None else ""
    count = str(limit.count) if limit.count is not None else ""
    return f"failed at most {' and '.join(word for word in (share, count) if word)}"


def _who(ring: Ring, found: ResolvedRing | None) -> str:
    if ring.rest:
        return "the rest"
    if ring.back:
        return "the originals come back"
    if ring.groups:
        return f"{counted(len(ring.groups), 'group')}: {listed(ring.groups, _MOST_SHOWN)}"
    names: Iterable[str] = ring.profiles
    if found is not None:
        names = [item.profile.display_name or "" for item in found.bundles]
    return f"{counted(len(ring.profiles), 'profile')}: {listed(names, _MOST_SHOWN)}"


def show_draft(console: Console, draft: Draft, file: Path, tenant: str, cloud: str) -> None:
    """Print what a first file takes and what it leaves out."""
    console.print(headline("Rollout file", tenant, cloud))
    table = Listing("Ring", "Reaches", "Platform", "Profile", name="Profile", right={"Reaches"})
    counts = {item.profile.id: item for item in draft.taken}
    shown = draft.resolved.rings if not draft.resolved.file.bundles else draft.resolved.rings[:1]
    for ring in shown:
        for bundle in ring.bundles:
            taken = counts[bundle.profile.id]
            table.add(
                "all" if bundle.bundle is not None else ring.ring.name,
                "?" if taken.count is None else f"{taken.count:,}",
                taken.platform.value,
                bundle.profile.display_name or "",
            )
    console.print(table)
    for item in draft.left:
        console.print(plain(f"Left out: {item.profile.display_name}: {item.why}"), soft_wrap=True)
    print_notes(console, (*draft.resolved.notes, *draft.notes))
    taken_words = counted(len(draft.taken), "profile")
    console.print(
        plain(
            f"{file} was written: {taken_words} in {counted(len(draft.resolved.rings), 'ring')},"
            f" {len(draft.left)} left out. Nothing was changed in Intune."
        ),
        soft_wrap=True,
    )


COLUMNS: Final = ("shard", "kind", "id")


def show_shards(
    console: Console, found: Sharding, tenant: str, cloud: str, file: Path | None
) -> None:
    """Print the shards; their members too where they are written into no file."""
    console.print(headline(f"Shards of {found.group_name or found.group_id}", tenant, cloud))
    numbers = {"Percent", "Users", "Devices"}
    table = Listing("Shard", "Percent", "Users", "Devices", name="Shard", right=numbers)
    for shard in found.shards:
        table.add(
            str(shard.number),
            f"{float(shard.percent):g}",
            f"{len(shard.users):,}",
            f"{len(shard.devices):,}",
        )
    console.print(table)
    for row in _rows(found) if file is None else ():
        console.print(plain(" ".join(row)), soft_wrap=True)
    print_notes(console, found.notes)
    if file is not None:
        console.print(plain(f"Members: {file}"), soft_wrap=True)
    console.print(
        "Make a group of each shard yourself, and name the groups in the rings: no permission to"
        " write groups is asked for.",
        soft_wrap=True,
    )


def write_shards(found: Sharding, path: Path, *, overwrite: bool) -> None:
    """Write a row for each member: shard, kind, object id.

    Raises:
        ReportFileError: there is a file, or it cannot be written.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(_rows(found))
    save_private(
        path,
        text.getvalue().encode(),
        called=option("csv"),
        overwrite=None if overwrite else option("overwrite"),
        error=ReportFileError,
    )


def _rows(found: Sharding) -> Iterator[tuple[str, str, str]]:
    for shard in found.shards:
        for kind, ids in (("user", shard.users), ("device", shard.devices)):
            yield from ((str(shard.number), kind, identifier) for identifier in ids)
