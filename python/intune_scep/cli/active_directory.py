"""Mappings by hand for Active Directory, and what its domain controllers complain about."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from intune_scep.cli.console import console, plain, print_json
from intune_scep.cli.options import OutputFormat, Shared
from intune_scep.cli.tables import Listing
from intune_scep.errors import IntuneScepError, JournalError, NotStartedError, ReportFileError
from intune_scep.files import require_new, write_new_private, write_private
from intune_scep.texts import one_line, told_once
from intune_scep.wording import option

if TYPE_CHECKING:
    from intune_scep.active_directory.culprits import Found
    from intune_scep.rollout.culprits import InRing
    from intune_scep.rollout.state import RolloutState
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
    shared: Shared,
    file: Path,
    report: Path | None,
    journal: Path | None = None,
    *,
    rollout: Path | None = None,
    csv: Path | None = None,
    overwrite: bool = False,
) -> int:
    """Print which profiles' certificates domain controllers complain about.

    Args:
        journal: Of a migration, which tells whether a certificate is from before it; with
            `rollout` that of the rollout, where it is kept elsewhere.
        rollout: The file of a rollout, whose journal tells the ring of each certificate.
        csv: Where every event is written as a row.

    Returns:
        The exit code.

    Raises:
        IntuneScepError: a file cannot be read or written, or the rollout is not started.
    """
    given = {"journal": journal, "rollout": rollout}
    for name, path in given.items():
        if path is not None and report is None:
            raise IntuneScepError(
                f"{option(name)} needs {option('report')}, which tells the profile of each"
                " certificate."
            )
    unless = None if overwrite else option("overwrite")
    require_new(csv, called=option("csv"), overwrite=unless, error=ReportFileError)
    state = None if rollout is None else _rollout(shared, rollout, journal)
    found = find_culprits(read_events(file), report)
    rings = None if state is None else _rings(found, state)
    since = None if journal is None or state is not None else _since(found, journal)
    if csv is not None:
        _write_csv(found, rings, csv, overwrite=overwrite)
    if shared.output is OutputFormat.JSON:
        print_json(_as_json(found, since, state, rings))
    else:
        _show_culprits(found, rings)
        _show_since(since)
        _show_rollout(state)
        if csv is not None:
            console().print(plain(f"Events: {csv}"), soft_wrap=True)
    if found.culprits:
        return EXIT_FINDINGS
    return 0 if found.is_judged else EXIT_NOT_JUDGED


def _rollout(shared: Shared, file: Path, journal: Path | None) -> RolloutState:
    """How far a rollout is, by its journal alone."""
    from intune_scep.rollout.standing import find_standing

    tenant, cloud = shared.tenant_id(), shared.said("cloud")
    try:
        return find_standing(file, journal=journal, tenant=tenant, cloud=cloud).state
    except NotStartedError as error:
        # Its own exit code would say here that there are events.
        raise JournalError(error.message, hint=error.hint) from error


def _rings(found: Culprits, state: RolloutState) -> tuple[InRing, ...]:
    from intune_scep.rollout.culprits import in_rings

    return in_rings(found.culprits, state)


def _write_csv(
    found: Culprits, rings: Sequence[InRing] | None, path: Path, *, overwrite: bool
) -> None:
    from intune_scep.reports.culprits import write_csv

    write_csv(found, rings, path, overwrite=overwrite)


def _as_json(
    found: Culprits,
    since: tuple[SinceRun, ...] | None,
    state: RolloutState | None,
    rings: Sequence[InRing] | None,
) -> dict[str, Any]:
    told = found.to_dict()
    if since is not None:
        told["since_run"] = [item.to_dict() for item in since]
    if state is not None and rings is not None:
        told["rollout"] = {"name": state.name, "tenant": state.tenant, "state": state.state.value}
        for item, ring in zip(told["culprits"], rings, strict=True):
            item["in_ring"] = ring.to_dict()
    return told


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


def _show_culprits(found: Culprits, rings: Sequence[InRing] | None) -> None:
    target = console()
    target.print(
        plain(
            f"{len(found.culprits)} events about certificates, {found.others} others,"
            f" {len(found.not_understood)} not understood."
        )
    )
    if found.groups:
        named = None if rings is None else _rings_by_group(found, rings)
        more = () if named is None else ("Ring",)
        numbers = ("Accounts", "Certificates")
        table = Listing(
            "Profile", *more, "Events", *numbers, "Issuers", name="Profile", right=numbers
        )
        for group in found.groups:
            counts = ", ".join(f"{count} x {number}" for number, count in group.events.items())
            guessed = f" ({group.guessed} guessed)" if group.guessed else ""
            table.add(
                one_line(_profile(group)),
                *(() if named is None else (named[_key(group.policy_id, group.found)],)),
                f"{counts}{guessed}",
                str(group.accounts),
                str(group.certificates),
                one_line(", ".join(group.issuers)),
            )
        target.print(table)
    for sentence in dict.fromkeys(_advice(found, rings)):
        target.print(plain(sentence), soft_wrap=True)
    for status in _statuses(found):
        target.print(plain(status), soft_wrap=True)
    for note in found.notes:
        target.print(plain(f"Note: {note}"), soft_wrap=True)


def _advice(found: Culprits, rings: Sequence[InRing] | None) -> Iterator[str]:
    """What to do: for each number of event, and where rings are known, for each ring."""
    if rings is None:
        yield from (line for group in found.groups for line in group.advice)
        return
    told = zip(found.culprits, rings, strict=True)
    lines = {(item.event.event_id, one_line(ring.words), ring.to_do) for item, ring in told}
    yield from (f"{number}, {words}: {to_do}" for number, words, to_do in sorted(lines))


def _rings_by_group(found: Culprits, rings: Sequence[InRing]) -> Mapping[str, str]:
    """The rings of each profile's events, with how many each has if there are several."""
    counts: dict[str, Counter[str]] = {}
    for item, ring in zip(found.culprits, rings, strict=True):
        key = _key(item.policy_id, item.found)
        counts.setdefault(key, Counter())[one_line(ring.words)] += 1
    return {
        key: "; ".join(
            words if len(each) == 1 else f"{count} x {words}" for words, count in each.most_common()
        )
        for key, each in counts.items()
    }


def _key(policy_id: str | None, found: Found | None) -> str:
    return policy_id.casefold() if policy_id is not None else f"({found})"


def _show_rollout(state: RolloutState | None) -> None:
    if state is not None:
        said = f"Rollout {state.name!r} of tenant {state.tenant}: it is {state.state.told}."
        console().print(plain(one_line(said)), soft_wrap=True)


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
