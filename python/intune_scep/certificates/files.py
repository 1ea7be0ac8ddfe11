"""Certificates from files and directories: the only place of this room that opens files."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from intune_scep.certificates.containers import certificates_in
from intune_scep.certificates.facts import CertificateFacts, inspect_certificate
from intune_scep.certificates.mapping import NOT_JUDGED_FROM_REPORT, StrongMapping
from intune_scep.certificates.report_csv import ReportedCertificate, read_report
from intune_scep.certificates.tables import encoding_of
from intune_scep.errors import CertificateError, FileError
from intune_scep.files import read_regular
from intune_scep.records import Record

# Far above any bundle of certificates; a larger file is a mistake that would fill the memory.
_LARGEST_FILE = 64 * 1024 * 1024
_TABLES = frozenset({".csv", ".tsv"})


class _Certificate(NamedTuple):
    source: str
    position: int
    strong_mapping: StrongMapping
    facts: CertificateFacts | None = None
    reported: ReportedCertificate | None = None


class CertificateRecord(_Certificate, Record):
    """One certificate, or one row of Intune's certificate report.

    Attributes:
        source: The file.
        position: Which certificate of the file, from 1; for a report the line in the file.
        strong_mapping: The judgement; `not_judged` for a row of the report.
        facts: What the certificate says; None for a row of the report.
        reported: What the report says; None for a certificate.
    """

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class UnreadableCertificate(Record):
    """A file, or a part of one, that gave no certificate; `position` as in CertificateRecord."""

    source: str
    position: int
    reason: str


def read_certificates(
    paths: Iterable[str | os.PathLike[str]],
) -> Iterator[CertificateRecord | UnreadableCertificate]:
    """Every certificate in the files and directories, one at a time, nothing left out silently.

    Takes every form of certificate that `certificates_in` reads, told apart by content, and the CSV
    of Intune's certificate report, known by its name `*.csv` or `*.tsv`. Directories are read
    recursively in sorted order without following links to directories; files and directories whose
    name starts with a dot are not part of it.

    Args:
        paths: Files or directories.

    Yields:
        A record for each certificate or row; an `UnreadableCertificate` for what is none,
        including files that cannot be opened. Nothing is raised for content.
    """
    for path in paths:
        for file in _files(Path(path)):
            yield from _read_file(file)


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder, subfolders, names in os.walk(path):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith("."):
                yield Path(folder, name)


def _read_file(path: Path) -> Iterator[CertificateRecord | UnreadableCertificate]:
    source = str(path)
    try:
        if not path.exists():
            yield UnreadableCertificate(source, 1, "There is no such file.")
        elif not path.is_file():
            yield UnreadableCertificate(source, 1, "It is not a regular file.")
        elif path.suffix.casefold() in _TABLES:
            yield from _read_report_file(path, source)
        elif path.stat().st_size > _LARGEST_FILE:
            yield UnreadableCertificate(source, 1, "It is larger than 64 MiB.")
        else:
            data = read_regular(path, what="File", most=_LARGEST_FILE)
            yield from _read_certificate_file(data, source)
    except FileError as error:
        yield UnreadableCertificate(source, 1, f"It cannot be read: {error.reason}.")
    except OSError as error:
        yield UnreadableCertificate(source, 1, f"It cannot be read: {error.strerror}.")


def _read_certificate_file(
    data: bytes, source: str
) -> Iterator[CertificateRecord | UnreadableCertificate]:
    for position, item in enumerate(certificates_in(data), start=1):
        try:
            facts = inspect_certificate(_or_raise(item))
        except CertificateError as error:
            yield UnreadableCertificate(source, position, str(error))
        else:
            yield CertificateRecord(source, position, facts.strong_mapping, facts=facts)


def _or_raise(item: bytes | CertificateError) -> bytes:
    if isinstance(item, CertificateError):
        raise item
    return item


def _read_report_file(
    path: Path, source: str
) -> Iterator[CertificateRecord | UnreadableCertificate]:
    with path.open("rb") as raw:
        encoding = encoding_of(raw.read(4))
    line = 1
    with path.open(encoding=encoding, newline="") as file:
        try:
            for line, item in read_report(file):
                if isinstance(item, CertificateError):
                    yield UnreadableCertificate(source, line, str(item))
                else:
                    yield CertificateRecord(source, line, NOT_JUDGED_FROM_REPORT, reported=item)
        except CertificateError as error:
            yield UnreadableCertificate(source, line, str(error))
