"""What a run did, profile by profile, in the form that people and machines get."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from intune_scep.strong_mapping.plan import Action, Assessment, Plan, WireSans


class Status(StrEnum):
    """What happened to a profile."""

    UNCHANGED = "unchanged"
    HELD_BACK = "held_back"
    PLANNED = "planned"
    APPLIED = "applied"
    CONFLICT = "conflict"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Task(StrEnum):
    """What a report is about."""

    ENFORCE = "enforce"
    VERIFY = "verify"
    ROLL_BACK = "roll_back"


# What was done, and what would be done in a dry run.
_PHRASES = {
    Task.ENFORCE: ("changed", "would change"),
    Task.VERIFY: ("found as the run left them", "found as the run left them"),
    Task.ROLL_BACK: ("rolled back", "would be rolled back"),
}
BAD = frozenset({Status.CONFLICT, Status.FAILED, Status.UNKNOWN})


@dataclass(frozen=True)
class Outcome:
    """What happened to one profile.

    Attributes:
        message: Why, where there is something to say.
        before, after: Whole lists of names on the wire.
    """

    id: str
    status: Status
    message: str | None = None
    before: WireSans | None = None
    after: WireSans | None = None

    def but(self, status: Status, message: str | None) -> Outcome:
        """The same profile with another ending."""
        return replace(self, status=status, message=message)


@dataclass(frozen=True)
class EnforcementReport:
    """Result of enforcing, verifying or rolling back strong mapping.

    Attributes:
        assessment: The judgements, where profiles were judged in this run.
        outcomes: One for each profile that was to change.
        journal: Path of the journal, or None if nothing was to be written.
        task: What was asked for.
    """

    tenant: str
    cloud: str
    outcomes: tuple[Outcome, ...]
    dry_run: bool
    assessment: Assessment | None = None
    plan: Plan | None = None
    journal: str | None = None
    notes: tuple[str, ...] = field(default=())
    task: Task = Task.ENFORCE

    @property
    def changed(self) -> bool:
        """Whether anything changed, would change, or may have changed."""
        if self.task is Task.VERIFY:
            return False
        touched = {Status.APPLIED, Status.PLANNED, Status.UNKNOWN}
        return any(outcome.status in touched for outcome in self.outcomes)

    @property
    def failed(self) -> bool:
        return any(outcome.status in BAD for outcome in self.outcomes)

    def count(self, status: Status) -> int:
        return sum(outcome.status is status for outcome in self.outcomes)

    @property
    def msg(self) -> str:
        """One sentence for people; names the simulator where there is one."""
        done, will = _PHRASES[self.task]
        if self.dry_run and not self.failed:
            text = f"{_profiles(self.count(Status.PLANNED))} {will}."
        else:
            text = f"{_profiles(self.count(Status.APPLIED))} {done}."
        bad = [
            f"{self.count(status)} {status.value}" for status in sorted(BAD) if self.count(status)
        ]
        if bad:
            text += f" Not as planned: {', '.join(bad)}."
        prefix = "SIMULATOR: " if self.cloud == "simulator" else ""
        return f"{prefix}{text}"

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form: every judged profile with its verdict, status and names."""
        rows = self._rows()
        counts = Counter(row["status"] for row in rows)
        return {
            "tenant": self.tenant,
            "cloud": self.cloud,
            "changed": self.changed,
            "failed": self.failed,
            "msg": self.msg,
            "summary": self.assessment.summary if self.assessment else {},
            "statuses": {status.value: counts[status.value] for status in Status},
            "journal": self.journal,
            "notes": list(self.notes),
            "profiles": rows,
        }

    def _rows(self) -> list[dict[str, Any]]:
        outcomes = {outcome.id: outcome for outcome in self.outcomes}
        if self.assessment is None:
            return [_row({"id": outcome.id}, outcome) for outcome in self.outcomes]
        rows = [
            _row(item.to_dict(), outcomes.pop(item.profile.id or "", None))
            for item in self.assessment.assessed
        ]
        # A resumed run may speak of profiles that are no longer listed.
        return rows + [_row({"id": outcome.id}, outcome) for outcome in outcomes.values()]


def _profiles(count: int) -> str:
    return f"{count} profile" if count == 1 else f"{count} profiles"


_EMPTY_ROW = {
    "id": None,
    "display_name": None,
    "odata_type": None,
    "platform": None,
    "certificate_type": None,
    "verdict": None,
    "reason": None,
    "version": None,
}


def _row(known: dict[str, Any], outcome: Outcome | None) -> dict[str, Any]:
    before = outcome.before if outcome else None
    after = outcome.after if outcome else None
    return {
        **_EMPTY_ROW,
        **known,
        "status": (outcome.status if outcome else Status.UNCHANGED).value,
        "message": outcome.message if outcome else None,
        "before": _names(before),
        "after": _names(after if after is not None else before),
    }


def _names(sans: WireSans | None) -> list[dict[str, Any]]:
    return [{"san_type": san.get("sanType"), "name": san.get("name")} for san in sans or ()]


def planned(actions: Sequence[Action]) -> tuple[Outcome, ...]:
    """Outcomes of a dry run: everything planned, nothing done."""
    return tuple(
        Outcome(action.id, Status.PLANNED, before=action.before, after=action.after)
        for action in actions
    )
