"""The append-only record of a run: what resume and rollback read.

One JSON record a line, format `intune-scep/journal/2`. A plan is on disk before its first write,
and so is what the job keeps of the time before (`evidence`, into which nothing here looks); an
intention with what is taken away before the write it announces leaves, an outcome before the next
write of that profile begins. So a line that a crash cut short announces nothing that was sent. Each
record ends with a digest of itself, so that nothing is rolled back to a changed one.

A file holds one or more runs: the first, and the rollbacks of it.
"""

from __future__ import annotations

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
    ApprovalRequest,
    EvidenceRecord,
    RunRecord,
    StepRecord,
)
from intune_scep.changes.record_log import (
    Records,
    RecordWriter,
    holds_nothing,
    new_records,
    read_records,
    reopened_records,
)
from intune_scep.changes.status import DONE, Status
from intune_scep.changes.steps import PreImage
from intune_scep.changes.values import number_of, number_or_none, text_of, text_or_none
from intune_scep.errors import JournalError, PlanError, UnknownProfileTypeError
from intune_scep.files import tenant_directory

JOURNAL_FORMAT: Final = "intune-scep/journal/2"


@dataclass
class Journal:
    """A journal, read.

    Attributes:
        first_format: Whether its first run was written in the first format.
        runs: The first run, then the rollbacks of it.
        torn: Whether the last line was cut short.
        began, ended: Times of the first and the last record, ISO 8601.
    """

    path: Path
    tenant: str
    cloud: str
    first_format: bool = False
    runs: list[RunRecord] = field(default_factory=list)
    torn: bool = False
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
    return _folded(read_records(path))


def announces_nothing(path: Path) -> bool:
    """Whether a journal was cut off before its plan, or is not there: then nothing was sent.

    Raises:
        JournalError: it cannot be read.
    """
    return holds_nothing(path) or len(read_records(path).records) == 1


def _folded(found: Records) -> Journal:
    path, records = found.path, found.records
    journal = _begin(path, records[0])
    for number, record in enumerate(records[1:], 2):
        _fold_checked(journal, record, number)
    if not journal.runs:
        raise JournalError(
            f"Journal {path} was cut off before its plan.",
            hint="It announces no change, so nothing was sent: remove it and start again.",
        )
    journal.torn = found.torn
    journal.began, journal.ended = (str(records[at].get("time", "")) for at in (0, -1))
    return journal


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
        run.evidence.append(_evidence_of(record, at))
        return
    key = text_of(record["action"])
    if key not in run.by_key:
        raise PlanError("it has a record of an action that its plan does not have.")
    action = run.actions.setdefault(key, ActionRecord())
    if kind in {"approval_needed", "approval_over"}:
        _fold_approval(run, action, record)
    elif kind == "intention":
        action.steps[_step_of(run.by_key[key], record)] = StepRecord(
            text_or_none(record["id"]), PreImage.from_dict(record["pre_image"]), at=at
        )
        action.ending = None
    elif kind == "outcome":
        number = _step_of(run.by_key[key], record)
        step = action.steps[number]
        step.status, step.message = Status(record["status"]), text_or_none(record["message"])
        step.id = text_or_none(record["id"]) or step.id
        step.at = at
        if step.status in DONE:
            run.end_requests(key, number)
    elif kind == "ending":
        action.ending = Status(record["status"])
        run.end_requests(key)
        action.message = text_or_none(record["message"])
        action.version = number_or_none(record["version"])
        action.id = text_or_none(record["id"])
    else:
        raise PlanError(f"it has a record of the unknown kind {kind[:40]!r}.")


def _evidence_of(record: Mapping[str, Any], at: str) -> EvidenceRecord:
    content = record["content"]
    if not isinstance(content, dict):
        raise PlanError("it has evidence that is no object.")
    return EvidenceRecord(text_of(record["of"]), content, at)


def _fold_approval(run: RunRecord, action: ActionRecord, record: Mapping[str, Any]) -> None:
    key = text_of(record["action"])
    number = _step_of(run.by_key[key], record)
    run.end_requests(key, number)
    if record["record"] == "approval_over":
        run.answered.add(text_of(record["code"]))
        return
    run.requests[key, number] = ApprovalRequest.from_dict(record)
    action.steps[number].status = Status.HELD_BACK


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


@contextmanager
def new_journal(path: Path, tenant: str, cloud: str, task: Task) -> Iterator[RecordWriter]:
    """Begin a journal in a new file with mode 0600.

    Raises:
        JournalError: the file is there already, or cannot be made.
    """
    about = {"format": JOURNAL_FORMAT, "task": task.value, "tenant": tenant, "cloud": cloud}
    with new_records(path, "journal", **about) as writer:
        yield writer


@contextmanager
def reopened_journal(path: Path) -> Iterator[tuple[Journal, RecordWriter]]:
    """Read a journal and go on with it; a torn last line goes with the first new record.

    Raises:
        JournalError: it cannot be used.
    """
    with reopened_records(path) as (found, writer):
        yield _folded(found), writer


def default_journal_path(tenant: str, task: Task, *, now: datetime | None = None) -> Path:
    """Where a journal goes unless the operator says: the tenant's state directory."""
    moment = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%S.%fZ")
    return tenant_directory(tenant) / f"{task.value.replace('_', '-')}-{moment}.jsonl"
