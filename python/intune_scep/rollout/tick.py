"""What one tick of a rollout did, and what it waits for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from pathlib import Path
from typing import Any, Final

from intune_scep.changes.plan import Plan
from intune_scep.changes.report import RunReport
from intune_scep.rollout.gates import GateResult
from intune_scep.rollout.state import RolloutState
from intune_scep.rollout.words import Need, State


class Exit(IntEnum):
    """The exit code of a tick."""

    AS_ALLOWED = 0
    """It did what the gates allow; waiting is that too."""
    FAILED = 1
    """Something failed, or the rollout is frozen."""
    PERSON = 2
    """A person must act."""
    UNKNOWN = 3
    """Something could not be learned, so nothing is opened."""


_EXITS: Final = {
    Need.TIME: Exit.AS_ALLOWED,
    Need.PERSON: Exit.PERSON,
    Need.EVIDENCE: Exit.UNKNOWN,
    Need.REPAIR: Exit.FAILED,
}


@dataclass(frozen=True)
class Wait:
    """Why a rollout goes no further now.

    Attributes:
        ring: Whose turn it is; empty where it is about all of them.
        said: Sentences for people.
        until: When it goes on by itself, where that is known.
        gate: The gate it stands at, where it stands at one.
    """

    need: Need
    ring: str
    said: tuple[str, ...]
    until: datetime | None = None
    gate: GateResult | None = None

    def to_dict(self) -> dict[str, Any]:
        return {
            "for": self.need.value,
            "ring": self.ring or None,
            "said": list(self.said),
            "until": self.until.isoformat(timespec="seconds") if self.until else None,
        }


@dataclass(frozen=True)
class Tick:
    """What one tick did.

    Attributes:
        state: How far the rollout is now.
        did: What was done, in sentences.
        wait: Why it goes no further; None where it is completed.
        reports: Of the runs that changed profiles.
        plan: What would be changed, in a dry run.
        journal: Where the state is kept.
        notes: What a reader must know.
    """

    state: RolloutState
    did: tuple[str, ...]
    wait: Wait | None
    journal: Path
    reports: tuple[RunReport, ...] = ()
    plan: Plan | None = None
    dry_run: bool = False
    notes: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether the tenant was changed, or would be."""
        planned = self.plan is not None and bool(self.plan.writing)
        return planned or any(report.changed for report in self.reports)

    @property
    def interrupted_by(self) -> int | None:
        """The signal that ended it."""
        return next((item.interrupted_by for item in self.reports if item.interrupted_by), None)

    @property
    def exit(self) -> Exit:
        """The exit code."""
        if self.state.state is State.ERROR or any(report.failed for report in self.reports):
            return Exit.FAILED
        if self.wait is None:
            return Exit.AS_ALLOWED
        return _EXITS[self.wait.need]

    @property
    def msg(self) -> str:
        """One sentence or two for people; names the simulator where there is one."""
        said = [*self.did, *(self.wait.said if self.wait is not None else ())]
        text = " ".join(said) or "There was nothing to do."
        if self.dry_run:
            text = f"Dry run, nothing is written: {text}"
        return f"SIMULATOR: {text}" if self.state.cloud == "simulator" else text

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            **self.state.to_dict(),
            "dry_run": self.dry_run,
            "changed": self.changed,
            "failed": self.exit is Exit.FAILED,
            "msg": self.msg,
            "did": list(self.did),
            "waits": self.wait.to_dict() if self.wait else None,
            "gate": self.wait.gate.to_dict() if self.wait and self.wait.gate else None,
            "plan": self.plan.report() if self.plan is not None else None,
            "reports": [report.to_dict() for report in self.reports],
            "journal": str(self.journal),
            "notes": list(self.notes),
        }
