"""The append-only record of a run: what resume and rollback read.

One JSON record a line. An intention is on disk before the write it announces leaves, an outcome
before the next action begins. So a line that a crash cut short announces nothing that was sent.
Each record ends with a digest of itself, so that nothing is rolled back to a changed one.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from intune_scep.errors import IntuneScepError
from intune_scep.strong_mapping.plan import Plan, PlanFileError
from intune_scep.version import __version__

JOURNAL_FORMAT = "intune-scep/journal/1"


class JournalError(IntuneScepError):
    """A journal that cannot be used, and why."""


@dataclass
class Entry:
    """What a journal says about one profile.

    Attributes:
        pre_image: The whole profile as it was before the write.
        outcome: Last recorded outcome of applying, or None if none was recorded.
        verified: Record of the read-back, or None.
        rollback: Last recorded outcome of rolling back, or None.
        rollback_begun: Whether a rollback was announced.
    """

    id: str
    pre_image: dict[str, Any] | None = None
    outcome: dict[str, Any] | None = None
    verified: dict[str, Any] | None = None
    rollback: dict[str, Any] | None = None
    rollback_begun: bool = False


@dataclass
class JournalContent:
    """A journal, read.

    Attributes:
        entries: By profile id, for each profile with an intention.
        torn: Whether the last line was cut short.
    """

    path: Path
    tenant: str
    cloud: str
    plan: Plan
    entries: dict[str, Entry] = field(default_factory=dict)
    torn: bool = False
    records: int = 0

    def entry(self, identifier: str) -> Entry:
        """The entry of a profile, made if it has none."""
        return self.entries.setdefault(identifier, Entry(identifier))

    def require_tenant(self, tenant: str, cloud: str) -> None:
        """Refuse a journal of another tenant.

        Raises:
            JournalError: with both tenants.
        """
        if (self.tenant, self.cloud) != (tenant, cloud):
            raise JournalError(
                f"{self.path} is the journal of tenant {self.tenant} ({self.cloud}), but you are"
                f" signed in to {tenant} ({cloud}). Nothing was changed."
            )


def read_journal(path: Path) -> JournalContent:
    """Read a journal.

    Raises:
        JournalError: it is missing, not a journal, or damaged other than by a cut last line.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise JournalError(f"Journal {path} cannot be read: {error.strerror}.") from error
    *lines, tail = raw.split(b"\n")
    records = [_parse(path, number, line) for number, line in enumerate(lines, 1)]
    if not records:
        raise JournalError(
            f"Journal {path} is empty or cut off inside its first record.",
            hint="It announces no change, so nothing was sent: remove it and start again.",
        )
    content = _begin(path, records[0])
    for number, record in enumerate(records, 1):
        if record.get("seq") != number:
            raise JournalError(
                f"Journal {path} is damaged: line {number} should be record {number} but is"
                f" {record.get('seq')}."
            )
        _fold(content, record)
    content.torn = bool(tail)
    content.records = len(records)
    return content


def _parse(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError:
        record = None
    if not isinstance(record, dict) or not isinstance(record.get("record"), str):
        raise JournalError(f"Journal {path} is damaged: line {number} is not a record.")
    if record.pop("sha256", None) != _digest(record):
        raise JournalError(f"Journal {path} is damaged: line {number} is not as it was written.")
    return record


def _digest(record: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(record).encode("ascii")).hexdigest()


def _begin(path: Path, record: dict[str, Any]) -> JournalContent:
    if record.get("format") != JOURNAL_FORMAT:
        raise JournalError(f"{path} is not a journal of the form {JOURNAL_FORMAT}.")
    try:
        plan = Plan.from_dict(record.get("plan"))
    except PlanFileError as error:
        raise JournalError(f"Journal {path} is damaged: {error}") from error
    return JournalContent(path, str(record.get("tenant")), str(record.get("cloud")), plan)


def _fold(content: JournalContent, record: dict[str, Any]) -> None:
    kind = record["record"]
    if kind == "journal":
        return
    entry = content.entry(str(record.get("id")))
    if kind == "intention":
        entry.pre_image = record["pre_image"]
        entry.outcome = entry.verified = None
    elif kind == "outcome":
        entry.outcome = record
    elif kind == "verified":
        entry.verified = record
    elif kind == "rollback_intention":
        entry.rollback_begun = True
        entry.rollback = None
    elif kind == "rollback_outcome":
        entry.rollback = record
    else:
        raise JournalError(f"Journal {content.path} has a record of unknown kind {kind!r}.")


class JournalWriter:
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
        self._records += 1
        line = {
            "seq": self._records,
            "record": record,
            "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
            **values,
        }
        data = json.dumps({**line, "sha256": _digest(line)}).encode("ascii") + b"\n"
        try:
            if self.cut_to is not None:
                os.ftruncate(self._descriptor, self.cut_to)
                self.cut_to = None
            while data:
                data = data[os.write(self._descriptor, data) :]
            os.fsync(self._descriptor)
        except OSError as error:
            raise JournalError(
                f"Journal {self.path} cannot be written: {error.strerror}. The run stops here."
            ) from error


@contextmanager
def new_journal(path: Path, plan: Plan) -> Iterator[JournalWriter]:
    """Begin a journal in a new file with mode 0600.

    Raises:
        JournalError: the file is there already, or cannot be made.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
    except FileExistsError as error:
        raise JournalError(
            f"Journal {path} records an earlier run, which is finished. Nothing was changed.",
            hint="Give another file for the new run; keep this one, since a rollback needs it.",
        ) from error
    except OSError as error:
        raise JournalError(f"Journal {path} cannot be made: {error.strerror}.") from error
    with _locked(path, descriptor):
        writer = JournalWriter(path, descriptor, 0)
        writer.write(
            "journal",
            format=JOURNAL_FORMAT,
            tool=f"intune-scep {__version__}",
            tenant=plan.tenant,
            cloud=plan.cloud,
            plan=plan.to_dict(),
        )
        _sync_directory(path.parent)
        yield writer


@contextmanager
def reopened_journal(path: Path) -> Iterator[tuple[JournalContent, JournalWriter]]:
    """Read a journal and go on with it, alone; a torn last line goes with the first new record.

    Raises:
        JournalError: it cannot be used, or another run holds it.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND)
    except OSError as error:
        raise JournalError(f"Journal {path} cannot be opened: {error.strerror}.") from error
    with _locked(path, descriptor):
        content = read_journal(path)
        writer = JournalWriter(path, descriptor, content.records)
        if content.torn:
            writer.cut_to = len(path.read_bytes().rpartition(b"\n")[0]) + 1
        yield content, writer


@contextmanager
def _locked(path: Path, descriptor: int) -> Iterator[None]:
    import fcntl

    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise JournalError(f"Another run is writing journal {path} now.") from error
        yield
    finally:
        os.close(descriptor)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def default_journal_path(tenant: str, *, now: datetime | None = None) -> Path:
    """Where a journal goes unless the operator says: the user's state directory."""
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    moment = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%S.%fZ")
    safe = "".join(c if c.isalnum() or c in "-." else "_" for c in tenant) or "tenant"
    return Path(state) / "intune-scep" / safe / f"strong-mapping-{moment}.jsonl"
