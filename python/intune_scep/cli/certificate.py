"""intune-scep certificate: what certificates say, what to tell Active Directory, what it says."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from intune_scep.certificates import (
    CertificateRecord,
    ComparisonStatus,
    ExpectedSids,
    MappingStatus,
    SidComparison,
    UnreadableCertificate,
    read_certificates,
)
from intune_scep.cli.console import console, plain, print_json, table_of
from intune_scep.cli.options import OutputFormat, Shared, with_shared_options
from intune_scep.errors import IntuneScepError
from intune_scep.texts import json_text, one_line, told_once

if TYPE_CHECKING:
    from intune_scep.active_directory import Bridge, CulpritGroup, Culprits

EXIT_FINDINGS, EXIT_NOT_JUDGED = 2, 3
UNREADABLE = "unreadable"
_NOT_READ = "(unreadable)"
_NOT_COMPARED = frozenset({ComparisonStatus.NO_EXPECTATION, ComparisonStatus.NOT_JUDGED})
_STYLES = {
    MappingStatus.MAPPED.value: "green",
    MappingStatus.NOT_JUDGED.value: "dim",
    UNREADABLE: "bold red",
}

app = typer.Typer(
    no_args_is_help=True, help="Issued certificates: what they say and whom they are mapped to."
)
Item = CertificateRecord | UnreadableCertificate


@app.command()
@with_shared_options
def inspect(
    shared: Shared,
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE…",
            help="Certificates as PEM, DER, PKCS#7 or base64, directories of them, or Intune's"
            " certificate report as CSV.",
            show_default=False,
        ),
    ],
    *,
    expected: Annotated[
        Path | None,
        typer.Option(
            "--expected",
            metavar="CSV",
            help="Compare with the SIDs in this file: columns thumbprint, serial or upn, and sid,"
            " also by the names of Active Directory (UserPrincipalName, objectSid).",
            show_default=False,
        ),
    ] = None,
    expected_from_users: Annotated[
        bool,
        typer.Option(
            "--expected-from-users",
            help="Compare with the SIDs of the tenant's users, by UPN. Needs User.Read.All.",
        ),
    ] = False,
    alt_security_identities: Annotated[
        bool,
        typer.Option(
            "--alt-security-identities",
            help="Also show the strings for a mapping by hand in Active Directory.",
        ),
    ] = False,
) -> int:
    """Say of each certificate whether it is strongly mapped, and to which SID.

    Exit code 0 if every one is mapped, and to the SID expected of it where SIDs are given; 3 if
    none could be judged, or none could be compared; else 2, also where only some could be.
    """
    sids = _expected(shared, expected, expected_from_users)
    show = _JsonOutput() if shared.output is OutputFormat.JSON else _TextOutput(console())
    statuses: Counter[str] = Counter()
    compared: Counter[ComparisonStatus] = Counter()
    for item in read_certificates(files):
        if _is_the_list(item, expected):
            continue
        comparison = _compare(item, sids)
        statuses[_status(item)] += 1
        if comparison is not None:
            compared[comparison.status] += 1
        show.item(item, comparison, with_identities=alt_security_identities)
    show.end(statuses)
    return _exit_code(statuses, compared)


def _expected(shared: Shared, file: Path | None, from_users: bool) -> ExpectedSids | None:
    if file is not None and from_users:
        raise IntuneScepError("Give --expected or --expected-from-users, but not both.")
    if file is not None:
        return ExpectedSids.from_csv(file)
    if not from_users:
        return None
    from intune_scep import IntuneClient

    with IntuneClient(shared.connection()) as client:
        return ExpectedSids.from_mappings(by_upn=client.users.read_sids())


def _is_the_list(item: Item, expected: Path | None) -> bool:
    """Whether this is the list of expected SIDs, which may lie among the certificates."""
    if expected is None or not isinstance(item, UnreadableCertificate):
        return False
    return Path(item.source).resolve() == expected.resolve()


def _compare(item: Item, sids: ExpectedSids | None) -> SidComparison | None:
    if sids is None or isinstance(item, UnreadableCertificate):
        return None
    return sids.compare(item)


def _status(item: Item) -> str:
    if isinstance(item, UnreadableCertificate):
        return UNREADABLE
    return item.strong_mapping.status.value


def _exit_code(statuses: Counter[str], compared: Counter[ComparisonStatus]) -> int:
    """What was not judged, and what was not compared though SIDs were given, is never fine."""
    if set(statuses) <= {MappingStatus.NOT_JUDGED.value}:
        return EXIT_NOT_JUDGED
    if set(statuses) == {MappingStatus.MAPPED.value}:
        if not compared or set(compared) == {ComparisonStatus.AS_EXPECTED}:
            return 0
        if set(compared) <= _NOT_COMPARED:
            return EXIT_NOT_JUDGED
    return EXIT_FINDINGS


class _TextOutput:
    """One block a certificate, as it is read."""

    def __init__(self, target: Console) -> None:
        self._console = target

    def item(self, item: Item, comparison: SidComparison | None, *, with_identities: bool) -> None:
        for indent, line in _lines(item, comparison, with_identities):
            self._console.print(Text(" " * indent).append_text(line), soft_wrap=True)

    def end(self, statuses: Counter[str]) -> None:
        total = sum(statuses.values())
        parts = ", ".join(f"{number} {status}" for status, number in sorted(statuses.items()))
        self._console.print(
            f"{total} certificate{'' if total == 1 else 's'}: {parts or 'nothing found'}."
        )


def _lines(
    item: Item, comparison: SidComparison | None, with_identities: bool
) -> Iterator[tuple[int, Text]]:
    status = _status(item)
    head = Text(status, style=_STYLES.get(status, "bold yellow"))
    yield 0, head.append_text(plain(f"  {item.source} [{item.position}]"))
    if isinstance(item, UnreadableCertificate):
        yield 2, plain(item.reason)
        return
    facts = item.facts
    if facts is not None:
        subject, issuer = (
            _NOT_READ if name is None else name for name in (facts.subject, facts.issuer)
        )
        yield 2, plain(f"{subject}, issued by {issuer}")
        valid = f"valid {facts.not_before or _NOT_READ} to {facts.not_after or _NOT_READ}"
        yield 2, plain(f"{valid}, serial {facts.serial_number or _NOT_READ}")
    if item.strong_mapping.sid:
        yield 2, plain(f"SID {item.strong_mapping.sid}")
    problems = facts.problems if facts is not None else ()
    for sentence in dict.fromkeys(
        (*item.strong_mapping.reasons, *item.strong_mapping.notes, *problems)
    ):
        yield 2, plain(sentence)
    if comparison is not None:
        yield 2, plain(f"{comparison.status.value}: {comparison.reason}")
    if facts is not None and with_identities:
        for identity in facts.alt_security_identities:
            strength = "strong" if identity.strong else "weak"
            yield 2, plain(f"{strength}  {identity.value}")
            for note in identity.notes:
                yield 4, plain(note)


class _JsonOutput:
    """One JSON document, written as the certificates are read."""

    def __init__(self) -> None:
        self._numbers = count()
        sys.stdout.write('{"certificates": [')

    def item(self, item: Item, comparison: SidComparison | None, *, with_identities: bool) -> None:
        entry: dict[str, Any] = {"status": _status(item), **item.to_dict()}
        if not with_identities and isinstance(entry.get("facts"), dict):
            entry["facts"].pop("alt_security_identities", None)
        if comparison is not None:
            entry["comparison"] = comparison.to_dict()
        separator = "\n" if next(self._numbers) == 0 else ",\n"
        sys.stdout.write(separator + json_text(entry, indent=None))

    def end(self, statuses: Counter[str]) -> None:
        sys.stdout.write(
            f'\n], "summary": {json_text(dict(sorted(statuses.items())), indent=None)}}}\n'
        )


class BridgeFormat(StrEnum):
    """For whom the mappings are written."""

    LDIF = "ldif"
    POWERSHELL = "powershell"


@app.command()
@with_shared_options
def bridge(
    shared: Shared,
    report: Annotated[
        Path,
        typer.Argument(
            metavar="REPORT",
            help="Intune's certificate report as CSV: AllDeviceCertificates or"
            " CertificatesByRAPolicy.",
            show_default=False,
        ),
    ],
    *,
    form: Annotated[
        BridgeFormat, typer.Option("--format", help="What to write: a script, or LDIF for ldifde.")
    ] = BridgeFormat.POWERSHELL,
    output_dir: Annotated[
        Path,
        typer.Option("--output-dir", metavar="DIR", help="Where the two files are written."),
    ] = Path(),
    accounts: Annotated[
        Path | None,
        typer.Option(
            "--accounts",
            metavar="CSV",
            help="An export of Active Directory with UserPrincipalName and DistinguishedName"
            " (Get-ADUser | Export-Csv, or csvde). LDIF needs it; a script finds accounts by it"
            " instead of by user principal name.",
            show_default=False,
        ),
    ] = None,
    ca: Annotated[
        list[Path] | None,
        typer.Option(
            "--ca",
            metavar="FILE",
            help="The issuing CA's certificate, so that its name is taken as it is encoded and not"
            " concluded from the text of the report. May be repeated.",
            show_default=False,
        ),
    ] = None,
    profile: Annotated[
        list[str] | None,
        typer.Option(
            "--profile",
            metavar="ID",
            help="Only certificates of this profile: its id, or its name where the report has a"
            " column of names. May be repeated.",
            show_default=False,
        ),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Write over files of an earlier run.")
    ] = False,
) -> int:
    """Map certificates that are already out by hand in Active Directory: time without a re-issue.

    Writes values of altSecurityIdentities for all certificates of the report that are valid and on
    their devices, and the undo beside them. Nothing is sent anywhere. The CA must be in the NTAuth
    store, and each renewal needs a new value.

    Examples:

      intune-scep certificate bridge report.csv --ca issuing-ca.cer

      intune-scep certificate bridge report.csv --format ldif --accounts accounts.csv

    Exit code 0 if every certificate that is valid and on its device got a value, 2 if some did
    not, 3 if none did.
    """
    from intune_scep.active_directory import Accounts, make_bridge
    from intune_scep.active_directory.accounts import HOW_TO_EXPORT

    if form is BridgeFormat.LDIF and accounts is None:
        raise IntuneScepError(
            "--format ldif needs the distinguished names of the accounts: give --accounts CSV.",
            hint=HOW_TO_EXPORT,
        )
    made = make_bridge(
        report,
        now=datetime.now(UTC),
        accounts=None if accounts is None else Accounts.from_csv(accounts),
        profiles=profile or (),
        authorities=ca or (),
    )
    files = _write_bridge(made, form, output_dir, report, replace=replace) if made.mappings else []
    if shared.output is OutputFormat.JSON:
        print_json({**made.to_dict(), "files": [str(file) for file in files]})
    else:
        _show_bridge(made, files)
    if not made.mappings:
        return EXIT_NOT_JUDGED
    return EXIT_FINDINGS if any(item.needed for item in made.skipped) else 0


def _write_bridge(
    made: Bridge, form: BridgeFormat, directory: Path, report: Path, *, replace: bool
) -> list[Path]:
    """The undo first, so that there is never one file without its way back."""
    from intune_scep.active_directory import ldif, powershell
    from intune_scep.files import write_new_private, write_private

    write, suffix = (ldif, "ldif") if form is BridgeFormat.LDIF else (powershell, "ps1")
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


@app.command()
@with_shared_options
def events(
    shared: Shared,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="Events of domain controllers: XML of Event Viewer or wevtutil, CSV of"
            " Get-WinEvent | Export-Csv or of Event Viewer.",
            show_default=False,
        ),
    ],
    *,
    report: Annotated[
        Path | None,
        typer.Option(
            "--report",
            metavar="CSV",
            help="Intune's certificate report, which tells the profile of each certificate.",
            show_default=False,
        ),
    ] = None,
) -> int:
    """Say which profiles' certificates domain controllers complain about, and what to do.

    Reads events 39, 40, 41, 45 and 21 of the source Kerberos-Key-Distribution-Center from the
    System log of domain controllers. Nothing is sent anywhere. Collect the events of every domain
    controller, for example:

      Get-WinEvent -FilterHashtable @{LogName='System'; Id=39,40,41,45,21} | Export-Csv events.csv

      intune-scep certificate events events.csv --report report.csv

    Exit code 2 if there are such events, 0 if there are none, 3 if that could not be judged.
    """
    from intune_scep.active_directory import find_culprits, read_events

    found = find_culprits(read_events(file), report)
    if shared.output is OutputFormat.JSON:
        print_json(found.to_dict())
    else:
        _show_culprits(found)
    if found.culprits:
        return EXIT_FINDINGS
    return 0 if found.is_judged else EXIT_NOT_JUDGED


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


def _profile(group: CulpritGroup) -> str:
    if group.policy_id is not None:
        return group.policy_id
    return "" if group.found is None else f"({group.found.value.replace('_', ' ')})"


def _statuses(found: Culprits) -> Iterator[str]:
    """What events 21 give as the reason, in the words of the domain controller."""
    said = Counter(item.event.status for item in found.culprits if item.event.status)
    for status, number in said.most_common(5):
        yield f"  {number} x 21 says: {one_line(status)}"
