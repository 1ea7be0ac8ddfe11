"""The append-only record of a run: what resume and rollback read.

One JSON record a line, format `intune-scep/journal/2`. A plan is on disk before its first write,
and so is what the job keeps of the time before (`evidence`, into which nothing here looks); an
intention with what is taken away before the write it announces leaves, an outcome before the next
write of that profile begins. So a line that a crash cut short announces nothing that was sent. Each
record ends with a digest of itself, so that nothing is rolled back to a changed one.

A file holds one or more runs: the first, and the rollbacks of it.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from intune_scep.changes.journal_v1 import FORMAT_1, fold_first_format, plan_of_first_format
from intune_scep.changes.plan import Action, Plan, Task
from intune_scep.changes.record import (
    TAKE_BACK,
    ActionRecord,
    EvidenceRecord,
    RunRecord,
    StepRecord,
)
from intune_scep.changes.status import Status
from intune_scep.changes.steps import PreImage
from intune_scep.changes.values import number_of, number_or_none, text_of, text_or_none
from intune_scep.errors import (
    IntuneScepError,
    JournalError,
    PlanError,
    UnknownProfileTypeError,
)
from intune_scep.files import MOST_JSON, parse_json, read_regular, sync_directory, tenant_directory
from intune_scep.version import __version__

JOURNAL_FORMAT: Final = "intune-scep/journal/2"
MOST_BYTES: Final = 4 * 2**30
# A plan of fifty thousand profiles, which is one record.
_MOST_LINE: Final = MOST_JSON


@dataclass
class Journal:
    """A journal, read.

    Attributes:
        first_format: Whether its first run was written in the first format.
        runs: The first run, then the rollbacks of it.
        torn: Whether the last line was cut short.
        records: How many whole lines there are.
        began, ended: Times of the first and the last record, ISO 8601.
    """

    path: Path
    tenant: str
    cloud: str
    first_format: bool = False
    runs: list[RunRecord] = field(default_factory=list)
    torn: bool = False
    records: int = 0
    began: str = ""
    ended: str = ""

    @property
    def first(self) -> RunRecord:
        return self.runs[0]

    @property
    def last(self) -> RunRecord:
        return self.runs[-1]

    @property
    def is_finished(self) -> bool:
        """Whether the last run has nothing left to do."""
        return not self.torn and not self.last.left

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

    def require_task(self, tasks: Collection[Task]) -> None:
        """Refuse a journal of another job.

        Raises:
            JournalError: with the job it is of.
        """
        task = self.first.plan.task
        if task not in tasks:
            raise JournalError(
                f"{self.path} is the journal of another job ({task}). Nothing was changed.",
                hint="See which commands it is for: intune-scep runs.",
            )


def read_journal(path: Path) -> Journal:
    """Read a journal of the present format, or of the first one.

    Raises:
        JournalError: it is missing, no journal, or damaged other than by a cut last line.
    """
    raw = _bytes(path)
    *lines, tail = raw.split(b"\n")
    records = [_parse(path, number, line) for number, line in enumerate(lines, 1)]
    if not records:
        raise JournalError(
            f"Journal {path} is empty or cut off inside its first record.",
            hint="It announces no change, so nothing was sent: remove it and start again.",
        )
    journal = _begin(path, records[0])
    for number, record in enumerate(records, 1):
        if record.get("seq") != number:
            raise JournalError(
                f"Journal {path} is damaged: line {number} should be record {number} but is"
                f" {record.get('seq')}."
            )
        if number > 1:
            _fold_checked(journal, record, number)
    if not journal.runs:
        raise JournalError(
            f"Journal {path} was cut off before its plan.",
            hint="It announces no change, so nothing was sent: remove it and start again.",
        )
    journal.torn = bool(tail)
    journal.records = len(records)
    journal.began, journal.ended = (str(records[at].get("time", "")) for at in (0, -1))
    return journal


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


def _begin(path: Path, record: Mapping[str, Any]) -> Journal:
    journal = Journal(path, str(record.get("tenant")), str(record.get("cloud")))
    if record.get("format") == JOURNAL_FORMAT:
        return journal
    if record.get("format") != FORMAT_1:
        raise JournalError(f"{path} is not a journal of the form {JOURNAL_FORMAT}.")
    journal.first_format = True
    try:
        plan = plan_of_first_format(record.get("plan"))
        _require_own(journal, plan)
        journal.runs.append(RunRecord(1, plan))
    except PlanError as error:
        raise JournalError(f"Journal {path} is damaged: {error}") from error
    return journal


def _fold_checked(journal: Journal, record: Mapping[str, Any], number: int) -> None:
    try:
        _fold(journal, record)
    except PlanError as error:
        raise JournalError(f"Journal {journal.path} is damaged: {error}") from error
    except (KeyError, TypeError, ValueError, AttributeError, UnknownProfileTypeError) as error:
        raise JournalError(
            f"Journal {journal.path} is damaged: line {number} does not hold what such a record"
            " holds."
        ) from error


def _fold(journal: Journal, record: Mapping[str, Any]) -> None:
    kind = record["record"]
    if "run" not in record and journal.first_format:
        fold_first_format(journal.first, record)
        return
    if kind == "plan":
        _begin_run(journal, record)
        return
    run = _run_of(journal, record)
    if kind == "end":
        run.ended = True
        return
    at = str(record.get("time", ""))
    if kind == "evidence":
        content = record["content"]
        if not isinstance(content, dict):
            raise PlanError("it has evidence that is no object.")
        run.evidence.append(EvidenceRecord(text_of(record["of"]), content, at))
        return
    key = text_of(record["action"])
    if key not in run.by_key:
        raise PlanError("it has a record of an action that its plan does not have.")
    action = run.actions.setdefault(key, ActionRecord())
    if kind == "intention":
        action.steps[_step_of(run.by_key[key], record)] = StepRecord(
            text_or_none(record["id"]), PreImage.from_dict(record["pre_image"]), at=at
        )
        action.ending = None
    elif kind == "outcome":
        step = action.steps[_step_of(run.by_key[key], record)]
        step.status, step.message = Status(record["status"]), text_or_none(record["message"])
        step.id = text_or_none(record["id"]) or step.id
        step.at = at
    elif kind == "ending":
        action.ending = Status(record["status"])
        action.message = text_or_none(record["message"])
        action.version = number_or_none(record["version"])
        action.id = text_or_none(record["id"])
    else:
        raise PlanError(f"it has a record of the unknown kind {kind[:40]!r}.")


def _begin_run(journal: Journal, record: Mapping[str, Any]) -> None:
    plan = Plan.from_dict(record["plan"])
    if number_of(record["run"]) != len(journal.runs) + 1:
        raise PlanError("its runs are not in their order.")
    _require_own(journal, plan)
    journal.runs.append(RunRecord(len(journal.runs) + 1, plan))


def _require_own(journal: Journal, plan: Plan) -> None:
    if (plan.tenant, plan.cloud) != (journal.tenant, journal.cloud):
        raise PlanError("it holds a plan of another tenant than its own.")


def _run_of(journal: Journal, record: Mapping[str, Any]) -> RunRecord:
    number = number_of(record["run"])
    if not 1 <= number <= len(journal.runs):
        raise PlanError("it has a record of a run that it does not have.")
    return journal.runs[number - 1]


def _step_of(action: Action, record: Mapping[str, Any]) -> int:
    number = number_of(record["step"])
    if number != TAKE_BACK and not 0 <= number < len(action.steps):
        raise PlanError("it has a record of a step that its plan does not have.")
    return number


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
def new_journal(path: Path, tenant: str, cloud: str, task: Task) -> Iterator[JournalWriter]:
    """Begin a journal in a new file with mode 0600.

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
        writer = JournalWriter(path, descriptor, 0)
        writer.write(
            "journal",
            format=JOURNAL_FORMAT,
            tool=f"intune-scep {__version__}",
            task=task.value,
            tenant=tenant,
            cloud=cloud,
        )
        sync_directory(path.parent)
        yield writer
    finally:
        os.close(descriptor)


@contextmanager
def reopened_journal(path: Path) -> Iterator[tuple[Journal, JournalWriter]]:
    """Read a journal and go on with it; a torn last line goes with the first new record.

    Raises:
        JournalError: it cannot be used.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | _BINARY)
    except OSError as error:
        raise JournalError(f"Journal {path} cannot be opened: {error.strerror}.") from error
    try:
        journal = read_journal(path)
        writer = JournalWriter(path, descriptor, journal.records)
        if journal.torn:
            writer.cut_to = len(_bytes(path).rpartition(b"\n")[0]) + 1
        yield journal, writer
    finally:
        os.close(descriptor)


_BINARY: Final = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


def default_journal_path(tenant: str, task: Task, *, now: datetime | None = None) -> Path:
    """Where a journal goes unless the operator says: the tenant's state directory."""
    moment = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%S.%fZ")
    return tenant_directory(tenant) / f"{task.value.replace('_', '-')}-{moment}.jsonl"
