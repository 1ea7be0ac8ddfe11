"""Judging issued certificates, and printing each as it is read."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.text import Text

from intune_scep.certificates import (
    CertificateRecord,
    ComparisonStatus,
    ExpectedSids,
    MappingStatus,
    SidComparison,
    StrongMapping,
    UnreadableCertificate,
    read_certificates,
)
from intune_scep.cli.console import console
from intune_scep.cli.options import OutputFormat, Shared
from intune_scep.errors import IntuneScepError
from intune_scep.texts import json_text, printable

EXIT_FINDINGS, EXIT_NOT_JUDGED = 2, 3
UNREADABLE = "unreadable"
_NOT_READ = "(unreadable)"
_NOT_COMPARED = frozenset({ComparisonStatus.NO_EXPECTATION, ComparisonStatus.NOT_JUDGED})
_STYLES = {
    MappingStatus.MAPPED.value: "green",
    MappingStatus.NOT_JUDGED.value: "dim",
    UNREADABLE: "bold red",
}

Item = CertificateRecord | UnreadableCertificate


def inspect_files(
    shared: Shared,
    files: list[Path],
    expected: Path | None,
    *,
    expected_from_users: bool,
    with_identities: bool,
) -> int:
    """Say of each certificate whether it is strongly mapped, and to which SID.

    Returns:
        The exit code.

    Raises:
        IntuneScepError: the expected SIDs cannot be had, or a file not be read.
    """
    sids = _expected(shared, expected, expected_from_users)
    show = _JsonOutput() if shared.output is OutputFormat.JSON else _TextOutput(console())
    statuses: Counter[str] = Counter()
    compared: Counter[ComparisonStatus] = Counter()
    for item in read_certificates(files):
        if expected is not None and _is_the_list(item, expected):
            continue
        status = _status(item)
        statuses[status] += 1
        comparison = None if sids is None else _compare(item, sids)
        if comparison is not None:
            compared[comparison.status] += 1
        show.item(item, status, comparison, with_identities=with_identities)
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


def _is_the_list(item: Item, expected: Path) -> bool:
    """Whether this is the list of expected SIDs, which may lie among the certificates."""
    if not isinstance(item, UnreadableCertificate):
        return False
    return Path(item.source).resolve() == expected.resolve()


def _compare(item: Item, sids: ExpectedSids) -> SidComparison | None:
    return None if isinstance(item, UnreadableCertificate) else sids.compare(item)


def _status(item: Item) -> str:
    if isinstance(item, UnreadableCertificate):
        return UNREADABLE
    # A `StrEnum` is its value; to ask for it takes longer than to read the row.
    return item.strong_mapping.status


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


class _Row(NamedTuple):
    """What is said of a row of a report.

    Attributes:
        start: Of its head, up to the line in the file.
        below: The lines below the head.
    """

    mapping: StrongMapping | None
    source: str
    start: str
    below: str


class _TextOutput:
    """One block a certificate, as it is read."""

    def __init__(self, target: Console) -> None:
        self._console = target
        self._is_terminal = target.is_terminal
        self._write = target.file.write
        self._row = _Row(None, "", "", "")

    def item(
        self,
        item: Item,
        status: str,
        comparison: SidComparison | None,
        *,
        with_identities: bool,
    ) -> None:
        if comparison is None and isinstance(item, CertificateRecord) and item.facts is None:
            row = self._row_like(item)
            start, below = row.start, row.below
        else:
            start = _start(item.source, status)
            below = _joined(_lines(item, comparison, with_identities))
        title = f"{start}{item.position}]\n"
        if not self._is_terminal:
            # A report has half a million rows, and laying one out takes longer than reading it.
            self._write(title + below)
            return
        head = Text(title.removesuffix("\n"), style=_STYLES.get(status, "bold yellow"))
        for line in (head, *map(Text, below.split("\n")[:-1])):
            self._console.print(line, soft_wrap=True)

    def _row_like(self, item: CertificateRecord) -> _Row:
        """What is said of a row of a report, which holds no certificate: the same of all rows."""
        mapping, source = item.strong_mapping, item.source
        if mapping is not self._row.mapping or source is not self._row.source:
            start = _start(source, mapping.status)
            self._row = _Row(mapping, source, start, _joined(_sentences(mapping)))
        return self._row

    def end(self, statuses: Counter[str]) -> None:
        total = sum(statuses.values())
        parts = ", ".join(f"{number} {status}" for status, number in sorted(statuses.items()))
        self._console.print(
            f"{total} certificate{'' if total == 1 else 's'}: {parts or 'nothing found'}."
        )


# Thousands of certificates are told in the same words.
_said = lru_cache(maxsize=256)(printable)


def _start(source: str, status: str) -> str:
    return f"{status}  {_said(source)} ["


def _lines(item: Item, comparison: SidComparison | None, with_identities: bool) -> Iterator[str]:
    """What is said below the head of a block, safe for a terminal."""
    if isinstance(item, UnreadableCertificate):
        yield f"  {_said(item.reason)}"
        return
    facts = item.facts
    if facts is not None:
        subject, issuer = (
            _NOT_READ if name is None else name for name in (facts.subject, facts.issuer)
        )
        yield printable(f"  {subject}, issued by {issuer}")
        valid = f"valid {facts.not_before or _NOT_READ} to {facts.not_after or _NOT_READ}"
        yield printable(f"  {valid}, serial {facts.serial_number or _NOT_READ}")
    if item.strong_mapping.sid:
        yield printable(f"  SID {item.strong_mapping.sid}")
    problems = facts.problems if facts is not None else ()
    yield from _sentences(item.strong_mapping, problems)
    if comparison is not None:
        yield printable(f"  {comparison.status.value}: {comparison.reason}")
    if facts is not None and with_identities:
        for identity in facts.alt_security_identities:
            strength = "strong" if identity.strong else "weak"
            yield printable(f"  {strength}  {identity.value}")
            for note in identity.notes:
                yield printable(f"    {note}")


def _sentences(mapping: StrongMapping, problems: Iterable[str] = ()) -> Iterator[str]:
    for sentence in dict.fromkeys((*mapping.reasons, *mapping.notes, *problems)):
        yield f"  {_said(sentence)}"


def _joined(lines: Iterable[str]) -> str:
    return "".join([f"{line}\n" for line in lines])


class _JsonOutput:
    """One JSON document, written as the certificates are read."""

    def __init__(self) -> None:
        self._numbers = count()
        sys.stdout.write('{"certificates": [')

    def item(
        self,
        item: Item,
        status: str,
        comparison: SidComparison | None,
        *,
        with_identities: bool,
    ) -> None:
        entry: dict[str, Any] = {"status": status, **item.to_dict()}
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
