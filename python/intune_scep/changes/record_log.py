"""Append-only files of JSON records: what every journal is made of.

One record a line, on the disk before `write` returns; a line that a crash cut short was never
announced to anybody. Each record has its number and ends with a digest of itself, so that a changed
or missing one is refused.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from intune_scep.errors import IntuneScepError, JournalError
from intune_scep.files import MOST_JSON, parse_json, read_regular, sync_directory
from intune_scep.version import __version__

MOST_BYTES: Final = 4 * 2**30
# A plan of fifty thousand profiles, which is one record.
_MOST_LINE: Final = MOST_JSON
_BINARY: Final = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)

Record = dict[str, Any]


@dataclass(frozen=True)
class Records:
    """The records of a file.

    Attributes:
        records: Those whose lines are whole, at least one.
        whole_bytes: Where the last whole line ends.
        torn: Whether a line after them was cut short.
    """

    path: Path
    records: tuple[Record, ...]
    whole_bytes: int
    torn: bool


def read_records(path: Path) -> Records:
    """Read every record of a file.

    Raises:
        JournalError: it is missing, empty, or damaged other than by a cut last line.
    """
    raw = _bytes(path)
    *lines, tail = raw.split(b"\n")
    records = tuple(_parse(path, number, line) for number, line in enumerate(lines, 1))
    if not records:
        raise JournalError(
            f"Journal {path} is empty or cut off inside its first record.",
            hint="It announces no change, so nothing was sent: remove it and start again.",
        )
    for number, record in enumerate(records, 1):
        if record.get("seq") != number:
            raise JournalError(
                f"Journal {path} is damaged: line {number} should be record {number} but is"
                f" {record.get('seq')}."
            )
    return Records(path, records, len(raw) - len(tail), bool(tail))


def holds_nothing(path: Path) -> bool:
    """Whether there is no record: no file, or one that was cut off inside its first.

    Such a file announces no change, so nothing was sent.

    Raises:
        JournalError: it cannot be read.
    """
    return not path.exists() or b"\n" not in _bytes(path)


def _bytes(path: Path) -> bytes:
    try:
        return read_regular(path, what="Journal", most=MOST_BYTES)
    except IntuneScepError as error:
        raise JournalError(str(error)) from error


def _parse(path: Path, number: int, line: bytes) -> dict[str, Any]:
    damaged = f"Journal {path} is damaged: line {number}"
    try:
        record = parse_json(line, what=f"line {number}", most=_MOST_LINE)
    except IntuneScepError:
        record = None
    if not isinstance(record, dict) or not isinstance(record.get("record"), str):
        raise JournalError(f"{damaged} is not a record.")
    if record.pop("sha256", None) != _digest(record):
        raise JournalError(f"{damaged} is not as it was written.")
    return record


def _digest(record: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(record).encode("ascii")).hexdigest()


class RecordWriter:
    """Appends records; each is on disk before `write` returns.

    Attributes:
        cut_to: Length in bytes to which the file is cut before the next record, or None.
    """

    cut_to: int | None = None

    def __init__(self, path: Path, descriptor: int, records: int) -> None:
        self.path = path
        self._descriptor = descriptor
        self._records = records

    def write(self, record: str, **values: Any) -> None:
        """Append one record.

        Raises:
            JournalError: it could not be written; nothing may be sent then.
        """
        line = {
            "seq": self._records + 1,
            "record": record,
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            **values,
        }
        data = json.dumps({**line, "sha256": _digest(line)}).encode("ascii") + b"\n"
        if len(data) > _MOST_LINE:
            raise JournalError(
                f"Journal {self.path} cannot keep a {record} of {len(data) // 2**20} MiB, since"
                " nobody could read it again. Nothing of it was sent.",
                hint="Change fewer profiles in one run.",
            )
        try:
            if self.cut_to is not None:
                os.ftruncate(self._descriptor, self.cut_to)
                self.cut_to = None
            start = os.fstat(self._descriptor).st_size
            try:
                self._append(data)
            except OSError:
                self.cut_to = start
                raise
        except OSError as error:
            raise JournalError(
                f"Journal {self.path} cannot be written: {error.strerror}."
            ) from error
        self._records += 1

    def _append(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._descriptor, data) :]
        os.fsync(self._descriptor)


@contextmanager
def new_records(path: Path, first: str, **values: Any) -> Iterator[RecordWriter]:
    """Begin a file with mode 0600.

    Args:
        first: Kind of its first record, which gets `values` and says which tool wrote it.

    Raises:
        JournalError: the file is there already, or cannot be made.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | _BINARY
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, flags, 0o600)
    except FileExistsError as error:
        raise JournalError(
            f"Journal {path} records an earlier run, which is finished. Nothing was changed.",
            hint="Give another file for the new run; keep this one, since a rollback needs it.",
        ) from error
    except OSError as error:
        raise JournalError(f"Journal {path} cannot be made: {error.strerror}.") from error
    try:
        writer = RecordWriter(path, descriptor, 0)
        writer.write(first, tool=f"intune-scep {__version__}", **values)
        sync_directory(path.parent)
        yield writer
    finally:
        os.close(descriptor)


@contextmanager
def reopened_records(path: Path) -> Iterator[tuple[Records, RecordWriter]]:
    """Read a file and go on with it; a torn last line goes with the first new record.

    Raises:
        JournalError: it cannot be used.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | _BINARY)
    except OSError as error:
        raise JournalError(f"Journal {path} cannot be opened: {error.strerror}.") from error
    try:
        found = read_records(path)
        writer = RecordWriter(path, descriptor, len(found.records))
        if found.torn:
            writer.cut_to = found.whole_bytes
        yield found, writer
    finally:
        os.close(descriptor)
