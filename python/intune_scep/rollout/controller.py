"""One tick of a rollout: it does what the gates allow, and stops. Any scheduler calls it again.

Everything it knows is in the journal, on the disk before anything is done on its strength, so a
tick that is killed is gone on with by the next one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from intune_scep.audience.reissued import Before
from intune_scep.changes.journal import default_journal_path, read_journal
from intune_scep.changes.plan import Plan
from intune_scep.changes.report import RunReport
from intune_scep.changes.run import carry_out, resume, unfinished_at
from intune_scep.changes.status import BAD, DONE, WAITING, Status
from intune_scep.changes.watch import Watch
from intune_scep.errors import IntuneScepError
from intune_scep.rollout.burdens import burdens_of
from intune_scep.rollout.calendar import why_closed
from intune_scep.rollout.edits import is_edited
from intune_scep.rollout.gates import GateResult, judge_gate
from intune_scep.rollout.journal import RolloutJournal, rings_of
from intune_scep.rollout.model import Ring, RolloutFile
from intune_scep.rollout.moves import Moves
from intune_scep.rollout.observing import Observer
from intune_scep.rollout.pace import Pace, pace
from intune_scep.rollout.readiness import why_not_ready
from intune_scep.rollout.resolution import Resolved, ResolvedRing
from intune_scep.rollout.state import RingState, RolloutState
from intune_scep.rollout.tick import Tick, Wait
from intune_scep.rollout.words import Answer, Need, Stage, State
from intune_scep.rules.texts import counted
from intune_scep.tenant import Tenant
from intune_scep.tenant.issued import read_issued

_DONE: Final = {
    Stage.CREATE: "{profiles} cloned",
    Stage.OPEN: "{profiles} changed",
    Stage.SETTLE: "taken out of {profiles}",
    Stage.FINISH: "{profiles} finished",
}
_STANDS: Final = {
    State.NOT_ACTIVATED: (Need.PERSON, "It is not started yet."),
    State.PAUSED: (Need.PERSON, "It is paused."),
    State.CANCELED: (Need.PERSON, "It is canceled."),
    State.ERROR: (Need.REPAIR, "It is frozen."),
}


@dataclass
class Controller:
    """Moves a rollout on.

    Attributes:
        resolved: The file with what it names in the tenant.
        moves: What its strategy means in the tenant.
        journal: Open; kept in memory alone for a dry run.
        dry_run: Change nothing.
    """

    tenant: Tenant
    resolved: Resolved
    moves: Moves
    journal: RolloutJournal
    watch: Watch = field(default_factory=Watch)
    dry_run: bool = False
    did: list[str] = field(default_factory=list)
    reports: list[RunReport] = field(default_factory=list)
    planned: Plan | None = None

    @property
    def file(self) -> RolloutFile:
        return self.resolved.file

    @property
    def state(self) -> RolloutState:
        return self.journal.state

    async def tick(self) -> Tick:
        """Go as far as the gates allow.

        Raises:
            IntuneScepError: the file does not fit the rollout, or the tenant cannot be read.
        """
        if is_edited(self.file, self.state):
            self._note("edited", digest=self.file.digest, rings=rings_of(self.file))
            self.did.append("The file was edited; the rings that are not opened yet follow it.")
        wait = self._stands() or await self._go()
        return Tick(
            self.state,
            tuple(self.did),
            wait,
            self.journal.path,
            tuple(self.reports),
            self.planned,
            self.dry_run,
            self.resolved.notes,
        )

    def _stands(self) -> Wait | None:
        """Why nothing is done at all."""
        if self.state.state not in _STANDS:
            return None
        need, said = _STANDS[self.state.state]
        word = self.state.paused or self.state.canceled
        why = self.state.frozen or (f"By {word}." if word is not None else "")
        return Wait(need, "", tuple(filter(None, (said, why))))

    async def _go(self) -> Wait | None:
        while (ring := self.state.current) is not None:
            wait = await self._advance(self.resolved.ring(ring.name), ring)
            if wait is not None:
                return wait
        if self.state.finished_at is None:
            self._note("finished")
            self.did.append("Every ring has passed: the rollout is completed.")
        return None

    async def _advance(self, wanted: ResolvedRing, ring: RingState) -> Wait | None:
        """Bring one ring as far as it may go; None where it is done with."""
        if not ring.is_entered and (wait := await self._enter(wanted, ring)) is not None:
            return wait
        for stage in self.moves.before_gate:
            if (wait := await self._stage(wanted, stage)) is not None:
                return wait
        ring = self.state.ring(ring.name)
        if ring.passed_at is None and (wait := await self._judge(wanted, ring)) is not None:
            return wait
        for stage in self.moves.after_gate(wanted):
            if (wait := await self._stage(wanted, stage)) is not None:
                return wait
        self._note("closed", ring=ring.name)
        return None

    # Opening a ring

    async def _enter(self, wanted: ResolvedRing, ring: RingState) -> Wait | None:
        if (wait := self._closed(ring)) is not None:
            return wait
        if (wait := await self._unready(wanted, ring)) is not None:
            return wait
        if (wait := await self.moves.why_not(wanted)) is not None:
            return wait
        profiles = [item.profile.id or "" for item in wanted.bundles]
        first = self.moves.before_gate[0]
        if (wait := _refused(ring, await self.moves.plan(wanted, first, profiles))) is not None:
            return wait
        try:
            devices = await self.moves.devices(wanted)
            before = await self._before(wanted)
        except IntuneScepError as error:
            if _needs_evidence(wanted.ring, self.file):
                why = f"The certificates that are out now could not be read: {error}"
                return Wait(Need.EVIDENCE, ring.name, (why,))
            devices = before = None
        if before is not None:
            self.journal.note_before(ring.name, before, self.tenant.now())
        told = None if devices is None else sorted(devices)
        self._note("entered", ring=ring.name, profiles=profiles, devices=told)
        return None

    def _closed(self, ring: RingState) -> Wait | None:
        closed = why_closed(self.file, self.tenant.now())
        if closed is None:
            return None
        return Wait(Need.TIME, ring.name, (closed.why,), closed.until)

    async def _unready(self, wanted: ResolvedRing, ring: RingState) -> Wait | None:
        profiles = [item.profile for item in wanted.bundles]
        found = await why_not_ready(self.tenant, profiles, self.file.readiness)
        if found is None:
            return None
        need = Need.PERSON if found.short else Need.EVIDENCE
        return Wait(need, ring.name, (*found.short, *found.unknown))

    async def _before(self, wanted: ResolvedRing) -> Before | None:
        """The certificates that are out; None where Intune reports none of them."""
        ids = [item.profile.id or "" for item in wanted.bundles if item.verifiable]
        if not ids:
            return None
        return Before.of(await read_issued(self.tenant, ids), ids, self.tenant.now())

    # Changing its profiles

    async def _stage(self, wanted: ResolvedRing, stage: Stage) -> Wait | None:
        """Do a stage to every profile of a ring that it is not done to yet."""
        name = wanted.ring.name
        while self.state.ring(name).left(stage):
            ring = self.state.ring(name)
            wait = self._closed(ring) or await self.moves.why_wait(wanted, stage)
            wait = wait or await self._change(wanted, ring, stage)
            if wait is not None:
                return wait
        return None

    async def _change(self, wanted: ResolvedRing, ring: RingState, stage: Stage) -> Wait | None:
        if stage is Stage.CREATE:
            self._adopt(ring)
            ring = self.state.ring(ring.name)
        begun = unfinished_at(ring.runs[-1]) if ring.runs else None
        if begun is not None and not self.dry_run:
            tasks = (self.moves.task,)
            report = await resume(self.tenant, begun.path, tasks=tasks, watch=self.watch)
            return self._changed(ring, stage, report)
        chosen = self._paced(ring) if stage is Stage.OPEN else Pace(ring.left(stage))
        if not chosen.now:
            return _too_fast(ring, chosen)
        plan = await self.moves.plan(wanted, stage, chosen.now)
        if (wait := _refused(ring, plan)) is not None:
            return wait
        if self.dry_run:
            self.planned = plan
            said = f"{counted(len(plan.writing), 'profile')} would be changed."
            return Wait(Need.TIME, ring.name, (said,))
        if done := [action.key for action in plan.actions if not action.writes]:
            self._note("changed", ring=ring.name, stage=stage.value, profiles=done)
        if not plan.writing:
            return None
        path = default_journal_path(self.tenant.tenant_id, plan.task)
        self._note("opening", ring=ring.name, stage=stage.value, run=str(path))
        report = await carry_out(self.tenant, plan, journal=path, watch=self.watch)
        return self._changed(ring, stage, report)

    def _adopt(self, ring: RingState) -> None:
        """Learn of clones that a run made and that a killed tick could not note any more."""
        for path in ring.runs:
            if not path.exists():
                continue
            run = read_journal(path).first
            made = {
                action.key: run.record(action).made_id(action)
                for action in run.plan.writing
                if action.creates and run.record(action).ending in DONE
            }
            self._note_clones({key: found for key, found in made.items() if found is not None})

    def _note_clones(self, made: Mapping[str, str]) -> None:
        new = {key: found for key, found in made.items() if key not in self.state.clones}
        if new:
            self._note("cloned", clones=new)

    def _paced(self, ring: RingState) -> Pace:
        burdens = burdens_of(self.resolved, self.state)
        under_way = [
            (burdens[profile], moment)
            for other in self.state.rings
            for profile, moment in other.changed.items()
            if profile in burdens
        ]
        limit = self.file.load.per_scep_host if self.file.load is not None else None
        left = [burdens[profile] for profile in ring.left(Stage.OPEN)]
        return pace(left, under_way, limit, self.tenant.now())

    def _changed(self, ring: RingState, stage: Stage, report: RunReport) -> Wait | None:
        """Take in what became of a run; None where the ring may go on at once."""
        self.reports.append(report)
        done = [
            item.action.key
            for item in report.outcomes
            if item.status in DONE and item.action.key in ring.left(stage)
        ]
        if stage is Stage.CREATE:
            found = {item.action.key: item.id for item in report.outcomes if item.status in DONE}
            self._note_clones({key: made for key, made in found.items() if made is not None})
        if done:
            self._note("changed", ring=ring.name, stage=stage.value, profiles=done)
            said = _DONE[stage].format(profiles=counted(len(done), "profile"))
            self.did.append(f"Ring {ring.name!r}: {said}.")
        if report.interrupted_by is not None:
            return Wait(Need.TIME, ring.name, ("It was interrupted.",))
        waiting = [item for item in report.outcomes if item.hold in WAITING]
        if report.failed:
            return self._freeze(ring, report.msg)
        if waiting:
            told = tuple(f"{item.action.name!r}: {item.message}" for item in waiting)
            return Wait(Need.PERSON, ring.name, told)
        return None

    def _freeze(self, ring: RingState, why: str) -> Wait:
        """Stop everything until somebody resumes it: going back would re-issue again."""
        self._note("frozen", ring=ring.name, reason=why)
        said = f"Ring {ring.name!r} is frozen: {why}"
        return Wait(Need.REPAIR, ring.name, (said,))

    # Its gate

    async def _judge(self, wanted: ResolvedRing, ring: RingState) -> Wait | None:
        result, counts = await self.judged(wanted, ring)
        self._note("gate", ring=ring.name, counts=counts, **result.to_dict())
        told = tuple(f"{check.name}: {check.said}" for check in result.standing)
        if result.answer is Answer.FAIL:
            wait = self._freeze(ring, " ".join(told))
            return replace(wait, gate=result)
        if result.need is not None:
            until = max((check.until for check in result.standing if check.until), default=None)
            return Wait(result.need, ring.name, told, until, result)
        self._note("passed", ring=ring.name)
        self.did.append(f"Ring {ring.name!r} passed its gate.")
        return None

    async def judged(
        self, wanted: ResolvedRing, ring: RingState
    ) -> tuple[GateResult, Mapping[str, int]]:
        """The gate of a ring whose profiles are changed, and the devices it was judged by."""
        changed_at = ring.changed_at
        if changed_at is None:
            raise AssertionError("a gate is judged when everything of its ring is changed")
        observer = Observer(
            self.tenant,
            self.file.path,
            wanted.ring.gates,
            self.state,
            ring,
            verifiable=[item.profile.id or "" for item in wanted.bundles if item.verifiable],
            control=self._control(),
        )
        facts = await observer.facts(changed_at)
        promoted = {name: str(word) for name, word in ring.promoted.items()}
        counts = facts.devices.to_dict() if facts.devices is not None else {}
        return judge_gate(wanted.ring.gates, facts).over(promoted), counts

    def _control(self) -> list[str]:
        """The profiles of the rings that are not opened yet."""
        return [
            item.profile.id or ""
            for ring in self.resolved.rings
            if not self.state.ring(ring.ring.name).is_entered
            for item in ring.bundles
        ]

    def _note(self, record: str, **values: Any) -> None:
        self.journal.note(record, self.tenant.now(), **values)


def _refused(ring: RingState, plan: Plan) -> Wait | None:
    """Profiles of the ring that the migration leaves alone, with why."""
    left_alone = [item for item in plan.actions if item.status in {Status.SKIPPED, *BAD}]
    if not left_alone:
        return None
    said = tuple(f"{item.name!r} is not changed: {item.message}" for item in left_alone)
    return Wait(Need.PERSON, ring.name, said)


def _too_fast(ring: RingState, found: Pace) -> Wait:
    if found.refused:
        return Wait(Need.PERSON, ring.name, tuple(found.refused.values()))
    why = "The SCEP hosts are busy with what was changed before; more at once would overrun them."
    return Wait(Need.TIME, ring.name, (why,), found.next_at)


def _needs_evidence(ring: Ring, file: RolloutFile) -> bool:
    """Whether something is judged by the certificates that were out before the change."""
    gates = ring.gates
    return gates.seen is not None or gates.reissued is not None or file.load is not None
