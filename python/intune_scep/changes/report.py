"""What became of a plan, profile by profile, in the form that people and machines get."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from intune_scep.changes.plan import Action, Plan, Task, count_endings, sentence_of
from intune_scep.changes.status import BAD, WAITING, Hold, Status
from intune_scep.texts import told_once


@dataclass(frozen=True)
class Outcome:
    """What became of one action.

    Attributes:
        id: Of the profile there is now; None if there is none.
        message: Why, where there is something to say.
        written: Whether something was written, or may have been.
        hold: Why it was held back.
        version: Of the profile when it was read back.
        approval: Code of the approval it waits for.
    """

    action: Action
    status: Status
    id: str | None = None
    message: str | None = None
    written: bool = False
    hold: Hold | None = None
    version: int | None = None
    approval: str | None = None

    def but(self, status: Status, message: str | None, **more: Any) -> Outcome:
        """The same action with another ending."""
        return replace(self, status=status, message=message, **more)

    @property
    def is_bad(self) -> bool:
        return self.status in BAD and self.hold not in WAITING

    def row(self) -> dict[str, Any]:
        """The profile as one element of `profiles` in every output."""
        row = self.action.row()
        return {
            **row,
            "id": self.id,
            "status": self.status.value,
            "message": self.message or row["message"],
            "written": self.written,
            **({"hold": self.hold.value} if self.hold else {}),
            **({"approval": self.approval} if self.approval else {}),
        }


# What was done, and what would be done in a dry run.
_PHRASES: Final[Mapping[Task, tuple[str, str]]] = {
    Task.STRONG_MAPPING: ("changed", "would change"),
    Task.DECLARED_STATE: ("changed", "would change"),
    Task.RESTORE: ("restored", "would be restored"),
    Task.ROLLBACK: ("rolled back", "would be rolled back"),
    Task.ROLLOUT: ("changed", "would change"),
}


@dataclass(frozen=True)
class RunReport:
    """Result of a plan that was carried out, or would be.

    Attributes:
        plan: What was to be done.
        outcomes: One for each action of the plan, in its order.
        dry_run: Whether nothing was to be written.
        verified_only: Whether the run only looked at what an earlier one did.
        journal: Path of the record; None if nothing was to be written.
        stopped: Why the run ended early; None if it did not.
        interrupted_by: The signal that ended it.
        before: What was finished of earlier runs before this one.
        notes, warnings: Sentences for people.
    """

    plan: Plan
    outcomes: tuple[Outcome, ...]
    dry_run: bool
    verified_only: bool = False
    journal: str | None = None
    stopped: str | None = None
    interrupted_by: int | None = None
    before: tuple[RunReport, ...] = ()
    notes: tuple[str, ...] = field(default=())

    def __repr__(self) -> str:
        return f"<RunReport {self.plan.task}: {self.msg}>"

    @property
    def tenant(self) -> str:
        return self.plan.tenant

    @property
    def cloud(self) -> str:
        return self.plan.cloud

    @property
    def warnings(self) -> tuple[str, ...]:
        return self.plan.warnings

    @property
    def changed(self) -> bool:
        """Whether anything was written, may have been, or would be."""
        return any(report.changed for report in self.before) or any(
            item.written or (self.dry_run and item.status is Status.PLANNED)
            for item in self.outcomes
        )

    @property
    def failed(self) -> bool:
        """Whether anything ended otherwise than it should have."""
        ended_badly = self.stopped is not None or any(item.is_bad for item in self.outcomes)
        return ended_badly or any(report.failed for report in self.before)

    @property
    def waits(self) -> bool:
        """Whether anything is held back that only waits."""
        return any(item.hold in WAITING for item in self.outcomes)

    def count(self, status: Status) -> int:
        """How many profiles ended like this."""
        return sum(item.status == status for item in self.outcomes)

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """How many profiles each action and each status concerns."""
        return count_endings((item.action.action, item.status) for item in self.outcomes)

    def outcome(self, identifier: str) -> Outcome:
        """The outcome of the profile with that id or action key."""
        return next(
            item
            for item in self.outcomes
            if identifier in {item.id, item.action.id, item.action.key}
        )

    @property
    def msg(self) -> str:
        """One sentence for people; names the simulator where there is one."""
        text = self._refused() or self._ended()
        return f"SIMULATOR: {text}" if self.cloud == "simulator" else text

    def _refused(self) -> str | None:
        if not self.plan.is_held:
            return None
        refused = [item for item in self.outcomes if item.action.action == "refused"]
        reasons = " ".join([*told_once(_refusals(refused)), *_ways_out(refused)])
        count = _profiles(len(refused))
        return f"Nothing was changed, because {count} cannot be as declared: {reasons}"

    def _ended(self) -> str:
        done = Status.PLANNED if self.dry_run else Status.APPLIED
        verb = self._verb()
        mine = [item.action for item in self.outcomes if item.status is done]
        kinds = {action.action for action in mine}
        listed = f" ({sentence_of(mine)})" if len(kinds) > 1 or self._tells_kinds(kinds) else ""
        text = f"{_profiles(len(mine))} {verb}{listed}."
        bad = Counter(item.status for item in self.outcomes if item.is_bad)
        if bad:
            told = ", ".join(f"{bad[status]} {status.value}" for status in Status if bad[status])
            worst = next(
                (
                    item
                    for item in self.outcomes
                    if item.is_bad and item.status is not Status.HELD_BACK
                ),
                next(item for item in self.outcomes if item.is_bad),
            )
            text += f" Not as planned: {told}. {worst.action.name!r}: {worst.message}"
        waiting = [item for item in self.outcomes if item.hold in WAITING]
        if waiting:
            first = waiting[0]
            text += f" {_profiles(len(waiting))} held back. {first.action.name!r}: {first.message}"
        if self.stopped:
            text += f" {self.stopped}"
        return text

    def _verb(self) -> str:
        if self.verified_only:
            return "found as the run left them"
        done, will = _PHRASES[self.plan.task]
        return will if self.dry_run else done

    def _tells_kinds(self, kinds: set[str]) -> bool:
        return bool(kinds) and self.plan.task is Task.DECLARED_STATE

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form: every profile with its action, status and differences."""
        return {
            "tenant": self.tenant,
            "cloud": self.cloud,
            "task": self.plan.task.value,
            "changed": self.changed,
            "failed": self.failed,
            "msg": self.msg,
            "counts": self.counts,
            "journal": self.journal,
            "notes": list(self.notes),
            "warnings": list(self.warnings),
            **({"impact": dict(self.plan.impact)} if self.plan.impact else {}),
            "profiles": [item.row() for item in self.outcomes],
        }


def _refusals(refused: Iterable[Outcome]) -> Iterator[tuple[str, str]]:
    """Each refused profile with each of its problems."""
    for item in refused:
        row = item.action.row()
        where = f" ({row['platform']})" if row["platform"] else ""
        for problem in row.get("problems") or [item.message or ""]:
            yield f"{item.action.name!r}{where}", problem


def _ways_out(refused: Iterable[Outcome]) -> list[str]:
    """What messages say besides the problems, each once."""
    said: dict[str, None] = {}
    for item in refused:
        problems = " ".join(item.action.details.get("problems") or ())
        if problems and (item.message or "").startswith(problems):
            said[(item.message or "").removeprefix(problems).strip()] = None
    return [text for text in said if text]


def first_outcome(action: Action) -> Outcome:
    """The outcome of an action before anything is done."""
    return Outcome(action, action.status, action.id, action.message, hold=action.hold)


def _profiles(count: int) -> str:
    return f"{count} profile" if count == 1 else f"{count} profiles"
