"""What a tick works with, and what it has to tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from intune_scep.changes.plan import Plan
from intune_scep.changes.report import RunReport
from intune_scep.changes.status import DONE, WAITING
from intune_scep.changes.watch import Watch
from intune_scep.rollout.journal import RolloutJournal
from intune_scep.rollout.model import RolloutFile
from intune_scep.rollout.state import RingState, RolloutState
from intune_scep.rollout.tick import Wait
from intune_scep.rollout.words import MAKING, Need, Stage
from intune_scep.rules.texts import counted
from intune_scep.tenant import Tenant

_DONE: Final = {
    Stage.CREATE: "{profiles} cloned",
    Stage.COPY: "{dependants} cloned",
    Stage.OPEN: "{profiles} changed",
    Stage.FOLLOW: "{dependants} assigned",
    Stage.SETTLE: "taken out of {profiles}",
    Stage.REPOINT: "{profiles} pointed elsewhere",
    Stage.FINISH: "{profiles} finished",
    Stage.AMEND: "{profiles} given the SID URI while nobody has them",
    Stage.WITHDRAW: "the clones of {profiles} withdrawn",
}


@dataclass
class Course:
    """A rollout during one tick.

    Attributes:
        file: What it says now.
        journal: Open; kept in memory alone for a dry run.
        dry_run: Change nothing.
        did: What was done, in sentences.
        reports: Of the runs that changed profiles.
        planned: What would be changed, in a dry run.
    """

    tenant: Tenant
    file: RolloutFile
    journal: RolloutJournal
    watch: Watch = field(default_factory=Watch)
    dry_run: bool = False
    did: list[str] = field(default_factory=list)
    reports: list[RunReport] = field(default_factory=list)
    planned: Plan | None = None

    @property
    def state(self) -> RolloutState:
        return self.journal.state

    def note(self, record: str, **values: Any) -> None:
        """Append a record to the journal, with the service's time."""
        self.journal.note(record, self.tenant.now(), **values)

    def note_clones(self, made: Mapping[str, str]) -> None:
        """Keep which copy is of which original."""
        new = {key: found for key, found in made.items() if key not in self.state.clones}
        if new:
            self.note("cloned", clones=new)

    def changed(self, ring: RingState, stage: Stage, report: RunReport) -> Wait | None:
        """Take in what became of a run; None where the ring may go on at once."""
        self.reports.append(report)
        done = [
            item.action.key
            for item in report.outcomes
            if item.status in DONE and item.action.key in ring.left(stage)
        ]
        if stage in MAKING:
            found = {item.action.key: item.id for item in report.outcomes if item.status in DONE}
            self.note_clones({key: made for key, made in found.items() if made is not None})
        if done:
            self.note("changed", ring=ring.name, stage=stage.value, profiles=done)
        if moved := [item for item in report.outcomes if item.status in DONE and item.written]:
            words = {f"{noun}s": counted(len(moved), noun) for noun in ("profile", "dependant")}
            said = _DONE[stage].format(**words)
            self.did.append(f"Ring {ring.name!r}: {said}.")
        if report.interrupted_by is not None:
            return Wait(Need.TIME, ring.name, ("It was interrupted.",))
        waiting = [item for item in report.outcomes if item.hold in WAITING]
        if report.failed:
            return self.freeze(ring, report.msg)
        if waiting:
            told = tuple(f"{item.action.name!r}: {item.message}" for item in waiting)
            return Wait(Need.PERSON, ring.name, told)
        return None

    def freeze(self, ring: RingState, why: str) -> Wait:
        """Stop everything until somebody resumes it: going back would re-issue again."""
        self.note("frozen", ring=ring.name, reason=why)
        said = f"Ring {ring.name!r} is frozen: {why}"
        return Wait(Need.REPAIR, ring.name, (said,))
