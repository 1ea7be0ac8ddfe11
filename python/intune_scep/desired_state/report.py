"""What became of a plan, profile by profile, in the form that people and machines get."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from intune_scep.desired_state.plan import (
    Change,
    StateAction,
    StatePlan,
    count_changes,
    warnings_of,
)


class Status(StrEnum):
    """What happened to a profile."""

    UNCHANGED = "unchanged"
    PLANNED = "planned"
    APPLIED = "applied"
    HELD_BACK = "held_back"
    CONFLICT = "conflict"
    FAILED = "failed"
    UNKNOWN = "unknown"


BAD = frozenset({Status.HELD_BACK, Status.CONFLICT, Status.FAILED, Status.UNKNOWN})


@dataclass(frozen=True)
class Outcome:
    """What happened to one profile.

    Attributes:
        id: Of the profile there is now; None if there is none.
        touched: Whether something was written, or may have been.
    """

    action: StateAction
    status: Status
    id: str | None = None
    message: str | None = None
    touched: bool = False

    def but(self, status: Status, message: str | None) -> Outcome:
        """The same profile with another ending."""
        return replace(self, status=status, message=message)

    def to_dict(self) -> dict[str, Any]:
        notes = " ".join(self.action.notes) or None
        return {
            **self.action.to_dict(),
            "id": self.id,
            "status": self.status.value,
            "message": self.message or notes,
        }


@dataclass(frozen=True)
class StateReport:
    """Result of bringing a tenant to its declared state."""

    tenant: str
    cloud: str
    outcomes: tuple[Outcome, ...]
    dry_run: bool
    notes: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether anything changed, would change, or may have changed."""
        return any(item.touched or item.status is Status.PLANNED for item in self.outcomes)

    @property
    def failed(self) -> bool:
        return any(item.status in BAD for item in self.outcomes)

    def count(self, status: Status) -> int:
        """How many profiles ended like this."""
        return sum(item.status is status for item in self.outcomes)

    @property
    def msg(self) -> str:
        """One sentence for people; names the simulator where there is one."""
        text = self._refused() or self._ended()
        return f"SIMULATOR: {text}" if self.cloud == "simulator" else text

    def _refused(self) -> str | None:
        refused = [item for item in self.outcomes if item.action.change is Change.REFUSED]
        if not refused:
            return None
        reasons = " ".join(
            f"{item.action.name!r} ({item.action.profile_type.platform}): {item.message}"
            for item in refused
        )
        count = _profiles(len(refused))
        return f"Nothing was changed, because {count} cannot be as declared: {reasons}"

    def _ended(self) -> str:
        done = Status.PLANNED if self.dry_run else Status.APPLIED
        verb = "would change" if self.dry_run else "changed"
        counts = count_changes([item.action for item in self.outcomes if item.status is done])
        parts = [f"{counts[change]} {change}" for change in counts if counts[change]]
        listed = f" ({', '.join(parts)})" if parts else ""
        text = f"{_profiles(self.count(done))} {verb}{listed}."
        if bad := [f"{self.count(s)} {s.value}" for s in Status if s in BAD and self.count(s)]:
            worst = next(item for item in self.outcomes if item.status in BAD)
            text += f" Not as planned: {', '.join(bad)}. {worst.action.name!r}: {worst.message}"
        return text

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form: every profile with its action, status and differences."""
        return {
            "tenant": self.tenant,
            "cloud": self.cloud,
            "changed": self.changed,
            "failed": self.failed,
            "msg": self.msg,
            "summary": count_changes([item.action for item in self.outcomes]),
            "statuses": {status.value: self.count(status) for status in Status},
            "notes": list(self.notes),
            "warnings": warnings_of([item.action for item in self.outcomes]),
            "profiles": [item.to_dict() for item in self.outcomes],
        }


def planned(action: StateAction) -> Outcome:
    """The outcome of an action before anything is done."""
    if action.change is Change.REFUSED:
        return Outcome(action, Status.FAILED, action.id, action.message)
    status = Status.UNCHANGED if action.change is Change.NONE else Status.PLANNED
    return Outcome(action, status, action.id)


def report(plan: StatePlan, outcomes: Sequence[Outcome], *, dry_run: bool) -> StateReport:
    """The report of a run over a plan."""
    return StateReport(plan.tenant, plan.cloud, tuple(outcomes), dry_run, plan.notes)


def _profiles(count: int) -> str:
    return f"{count} profile" if count == 1 else f"{count} profiles"
