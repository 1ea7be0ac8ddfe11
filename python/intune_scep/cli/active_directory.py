"""Mappings by hand for Active Directory, and what its domain controllers complain about."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from intune_scep.active_directory import (
    Accounts,
    Bridge,
    CulpritGroup,
    Culprits,
    find_culprits,
    ldif,
    make_bridge,
    powershell,
    read_events,
)
from intune_scep.active_directory.accounts import HOW_TO_EXPORT
from intune_scep.cli.console import console, plain, print_json, table_of
from intune_scep.cli.options import OutputFormat, Shared
from intune_scep.errors import IntuneScepError
from intune_scep.files import write_new_private, write_private
from intune_scep.texts import one_line, told_once
from intune_scep.wording import option

if TYPE_CHECKING:
    from intune_scep.strong_mapping.since_run import SinceRun

EXIT_FINDINGS, EXIT_NOT_JUDGED = 2, 3
LDIF = "ldif"


def write_bridge(
    shared: Shared,
    report: Path,
    form: str,
    output_dir: Path,
    *,
    accounts: Path | None,
    authorities: Sequence[Path],
    profiles: Sequence[str],
    replace: bool,
) -> int:
    """Write values of altSecurityIdentities and their undo, and say who got none.

    Returns:
        The exit code.

    Raises:
        IntuneScepError: a file cannot be read or written, or an option is missing.
    """
    if form == LDIF and accounts is None:
        raise IntuneScepError(
            "--format ldif needs the distinguished names of the accounts: give --accounts CSV.",
            hint=HOW_TO_EXPORT,
        )
    made = make_bridge(
        report,
        now=datetime.now(UTC),
        accounts=None if accounts is None else Accounts.from_csv(accounts),
        profiles=profiles,
        authorities=authorities,
    )
    files = _write_bridge(made, form, output_dir, report, replace=replace) if made.mappings else []
    if shared.output is OutputFormat.JSON:
        print_json({**made.to_dict(), "files": [str(file) for file in files]})
    else:
        _show_bridge(made, files)
    if not made.mappings:
        return EXIT_NOT_JUDGED
    return EXIT_FINDINGS if any(item.needed for item in made.skipped) else 0


def show_events(
    shared: Shared, file: Path, report: Path | None, journal: Path | None = None
) -> int:
    """Print which profiles' certificates domain controllers complain about.

    Args:
        journal: Of a migration, which tells whether a certificate is from before it.

    Returns:
        The exit code.

    Raises:
        IntuneScepError: a file cannot be read.
    """
    if journal is not None and report is None:
        raise IntuneScepError(
            f"{option('journal')} needs {option('report')}, which tells the profile of each"
            " certificate."
        )
    found = find_culprits(read_events(file), report)
    since = None if journal is None else _since(found, journal)
    if shared.output is OutputFormat.JSON:
        more = {} if since is None else {"since_run": [item.to_dict() for item in since]}
        print_json({**found.to_dict(), **more})
    else:
        _show_culprits(found)
        _show_since(since)
    if found.culprits:
        return EXIT_FINDINGS
    return 0 if found.is_judged else EXIT_NOT_JUDGED


def _write_bridge(
    made: Bridge, form: str, directory: Path, report: Path, *, replace: bool
) -> list[Path]:
    """The undo first, so that there is never one file without its way back."""
    write, suffix = (ldif, "ldif") if form == LDIF else (powershell, "ps1")
    files = [directory / f"altsecurityidentities-{word}.{suffix}" for word in ("undo", "add")]
    taken = [file for file in files if not replace and os.path.lexists(file)]
    if taken:
        raise IntuneScepError(
            f"{taken[0]} is there already: give --replace, or another --output-dir."
        )
    for file, undo in zip(files, (True, False), strict=True):
        try:
            data = write(made, report=report.name, undo=undo)
            (write_private if replace else write_new_private)(file, data)
        except OSError as error:
            raise IntuneScepError(
                f"{file} cannot be written: {error.strerror or type(error).__name__}."
            ) from error
    return files[::-1]


def _show_bridge(made: Bridge, files: list[Path]) -> None:
    target = console()
    users = len({mapping.upn.casefold() for mapping in made.mappings})
    target.print(plain(f"Values: {len(made.mappings)}, accounts: {users}."))
    for word, needed in (("No value, though valid and on the device", True), ("No value", False)):
        told = [
            (f"line {item.line}", item.reason) for item in made.skipped if item.needed is needed
        ]
        if told:
            target.print(plain(f"{word}: {len(told)}"))
        for sentence in told_once(told):
            target.print(plain(f"  {sentence}"), soft_wrap=True)
    for sentence in told_once(
        (f"line {item.line}", note) for item in made.mappings for note in item.notes
    ):
        target.print(plain(f"  {sentence}"), soft_wrap=True)
    if made.first_expiry is not None:
        target.print(plain(f"First end of validity: {made.first_expiry:%Y-%m-%d}."))
    if made.first_renewal is not None:
        target.print(
            plain(
                f"First renewal, if the threshold is the recommended 20 %:"
                f" {made.first_renewal:%Y-%m-%d}."
            )
        )
    for note in made.notes:
        target.print(plain(f"Note: {note}"), soft_wrap=True)
    for file in files:
        target.print(plain(f"Written: {file}"), soft_wrap=True)


def _show_culprits(found: Culprits) -> None:
    target = console()
    target.print(
        plain(
            f"{len(found.culprits)} events about certificates, {found.others} others,"
            f" {len(found.not_understood)} not understood."
        )
    )
    if found.groups:
        table = table_of("Profile", "Events", "Accounts", "Certificates", "Issuers")
        for group in found.groups:
            counts = ", ".join(f"{count} x {number}" for number, count in group.events.items())
            guessed = f" ({group.guessed} guessed)" if group.guessed else ""
            table.add_row(
                plain(one_line(_profile(group))),
                plain(f"{counts}{guessed}"),
                str(group.accounts),
                str(group.certificates),
                plain(one_line(", ".join(group.issuers))),
            )
        target.print(table)
    for sentence in dict.fromkeys(line for group in found.groups for line in group.advice):
        target.print(plain(sentence), soft_wrap=True)
    for status in _statuses(found):
        target.print(plain(status), soft_wrap=True)
    for note in found.notes:
        target.print(plain(f"Note: {note}"), soft_wrap=True)


def _since(found: Culprits, journal: Path) -> tuple[SinceRun, ...]:
    from intune_scep.changes.journal import read_journal
    from intune_scep.strong_mapping.since_run import since_run

    return since_run(found.culprits, read_journal(journal))


def _show_since(since: tuple[SinceRun, ...] | None) -> None:
    if since is None:
        return
    target = console()
    if not since:
        target.print("No event is about a profile that the run changed.", soft_wrap=True)
    for item in since:
        counts = (
            (item.before, "from before it"),
            (item.after, "from after it"),
            (item.unknown, "of which that is not known"),
        )
        told = ", ".join(f"{count} {words}" for count, words in counts if count)
        line = f"{item.name}: changed {item.changed_at:%Y-%m-%d %H:%M} UTC; certificates: {told}."
        target.print(plain(one_line(line)), soft_wrap=True)
    for sentence in dict.fromkeys(line for item in since for line in item.advice):
        target.print(plain(sentence), soft_wrap=True)


def _profile(group: CulpritGroup) -> str:
    if group.policy_id is not None:
        return group.policy_id
    return "" if group.found is None else f"({group.found.value.replace('_', ' ')})"


def _statuses(found: Culprits) -> Iterator[str]:
    """What events 21 give as the reason, in the words of the domain controller."""
    said = Counter(item.event.status for item in found.culprits if item.event.status)
    for status, number in said.most_common(5):
        yield f"  {number} x 21 says: {one_line(status)}"
