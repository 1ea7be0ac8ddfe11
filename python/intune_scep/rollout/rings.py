"""Moving rings: opening one, changing its profiles at the pace allowed, judging its gate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from intune_scep.audience.reissued import Before
from intune_scep.changes.journal import default_journal_path
from intune_scep.changes.plan import Plan
from intune_scep.changes.run import carry_out
from intune_scep.changes.status import BAD, Status
from intune_scep.errors import IntuneScepError, PlanError
from intune_scep.rollout.burdens import burdens_of
from intune_scep.rollout.calendar import why_closed
from intune_scep.rollout.course import Course
from intune_scep.rollout.gates import Facts, GateResult, judge_gate
from intune_scep.rollout.model import Finish, Ring, RolloutFile, Strategy
from intune_scep.rollout.moves import Moves
from intune_scep.rollout.observing import Observer
from intune_scep.rollout.pace import Pace, pace
from intune_scep.rollout.readiness import RingReadiness, ring_readiness
from intune_scep.rollout.resolution import Resolved, ResolvedRing
from intune_scep.rollout.state import RingState, RolloutState
from intune_scep.rollout.tick import Wait
from intune_scep.rollout.ways import way_on
from intune_scep.rollout.words import Answer, Need, Stage
from intune_scep.rules.texts import counted
from intune_scep.tenant.issued import read_issued

_PACED: Final = (Stage.OPEN, Stage.FOLLOW, Stage.REPOINT)
"""The stages by which devices enrol."""


class Rings:
    """The rings of a rollout, to be moved on.

    Args:
        resolved: The file with what it names in the tenant.
        moves: What its strategy means in the tenant.
    """

    def __init__(self, course: Course, resolved: Resolved, moves: Moves) -> None:
        self.resolved = resolved
        self._course = course
        self._moves = moves
        self._tenant = course.tenant
        self._file = course.file
        self._note = course.note
        self._facts: dict[str, Facts] = {}

    @property
    def _state(self) -> RolloutState:
        return self._course.state

    async def go(self) -> Wait | None:
        """Go as far as the gates allow; None where everything is done.

        Raises:
            IntuneScepError: the tenant cannot be read, or a run cannot be begun.
        """
        while (ring := self._state.current) is not None:
            wait = await self._advance(self.resolved.ring(ring.name), ring)
            if wait is not None:
                return wait
        if self._state.finished_at is None:
            self._note("finished")
            self._course.did.append("Every ring has passed: the rollout is completed.")
        return None

    async def _advance(self, wanted: ResolvedRing, ring: RingState) -> Wait | None:
        """Bring one ring as far as it may go; None where it is done with."""
        if not ring.is_entered and (wait := await self._enter(wanted, ring)) is not None:
            return wait
        ring = self._state.ring(ring.name)
        if gone := set(ring.profiles) - {item.profile.id for item in wanted.bundles}:
            raise PlanError(
                f"Ring {ring.name!r} was opened for profiles that are not there any more, or whose"
                f" names lead elsewhere now: {', '.join(sorted(gone))}. Nothing was changed.",
                hint=f"Take the rollout back or end it: {way_on('rollback')}, {way_on('cancel')}.",
            )
        for stage in self._moves.before_gate(wanted):
            if (wait := await self._stage(wanted, stage)) is not None:
                return wait
        ring = self._state.ring(ring.name)
        if ring.passed_at is None and (wait := await self._judge(wanted, ring)) is not None:
            return wait
        for stage in self._moves.after_gate(wanted):
            if (wait := await self._stage(wanted, stage)) is not None:
                return wait
        self._note("closed", ring=ring.name)
        return None

    # Opening a ring

    async def _enter(self, wanted: ResolvedRing, ring: RingState) -> Wait | None:
        if (wait := self._closed(ring)) is not None:
            return wait
        ready = await self._ready(wanted)
        if ready.holds:
            need = Need.PERSON if ready.short else Need.EVIDENCE
            return Wait(need, ring.name, (*ready.short, *ready.unknown))
        if (wait := await self._moves.why_not(wanted)) is not None:
            return wait
        profiles = [item.profile.id or "" for item in wanted.bundles]
        first = self._moves.before_gate(wanted)[0]
        if (wait := _refused(ring, await self._moves.plan(wanted, first, profiles))) is not None:
            return wait
        try:
            devices = await self._moves.devices(wanted)
        except IntuneScepError as error:
            why = f"Which devices it is about could not be read: {error}"
            return Wait(Need.EVIDENCE, ring.name, (why,))
        try:
            before = await self._before(wanted)
        except IntuneScepError as error:
            if _needs_evidence(wanted.ring, self._file):
                why = f"The certificates that are out now could not be read: {error}"
                return Wait(Need.EVIDENCE, ring.name, (why,))
            before = None
        if before is not None:
            self._course.journal.note_before(ring.name, before, self._tenant.now())
        if kept := _to_come_back(wanted, self._state):
            self._note("assigned", assignments=kept)
        told = None if devices is None else sorted(devices)
        lacking = {profile: sorted(found) for profile, found in ready.without_sid.items()}
        self._note("entered", ring=ring.name, profiles=profiles, devices=told, without_sid=lacking)
        return None

    def _closed(self, ring: RingState) -> Wait | None:
        closed = why_closed(self._file, self._tenant.now())
        if closed is None:
            return None
        return Wait(Need.TIME, ring.name, (closed.why,), closed.until)

    async def _ready(self, wanted: ResolvedRing) -> RingReadiness:
        if wanted.ring.back:
            return RingReadiness()  # The same people as in the ring before.
        profiles = [item.profile for item in wanted.bundles]
        return await ring_readiness(self._tenant, profiles, self._file.readiness)

    async def _before(self, wanted: ResolvedRing) -> Before | None:
        """The certificates that are out; None where Intune reports none of them."""
        exchanged = wanted.exchanged(self._state.clones)
        verifiable = [item.profile.id or "" for item in wanted.bundles if item.verifiable]
        if not verifiable:
            return None
        # Of an original that comes back: what is out of it already is no new certificate.
        both = [key for item in verifiable for key in exchanged[item]]
        ids = list(dict.fromkeys(both)) if wanted.ring.back else verifiable
        self._course.watch.preparing("Reading the certificates that are out")
        return Before.of(await read_issued(self._tenant, ids), ids, self._tenant.now())

    # Changing its profiles

    async def _stage(self, wanted: ResolvedRing, stage: Stage) -> Wait | None:
        """Do a stage to every profile of a ring that it is not done to yet."""
        name = wanted.ring.name
        while self._state.ring(name).left(stage):
            ring = self._state.ring(name)
            wait = self._closed(ring) or await self._moves.why_wait(wanted, stage)
            wait = wait or await self._change(wanted, ring, stage)
            if wait is not None:
                return wait
        return None

    async def _change(self, wanted: ResolvedRing, ring: RingState, stage: Stage) -> Wait | None:
        chosen = self._paced(ring, stage) if stage in _PACED else Pace(ring.left(stage))
        if not chosen.now:
            return _too_fast(ring, chosen)
        plan = await self._moves.plan(wanted, stage, chosen.now)
        if (wait := _refused(ring, plan)) is not None:
            return wait
        if self._course.dry_run:
            self._course.planned = plan
            said = f"{counted(len(plan.writing), 'profile')} would be changed."
            return Wait(Need.TIME, ring.name, (said, *plan.notes))
        if done := [action.key for action in plan.actions if not action.writes]:
            self._note("changed", ring=ring.name, stage=stage.value, profiles=done)
        if not plan.writing:
            return None
        path = default_journal_path(self._tenant.tenant_id, plan.task)
        self._note("opening", ring=ring.name, stage=stage.value, run=str(path))
        report = await carry_out(self._tenant, plan, journal=path, watch=self._course.watch)
        return self._course.changed(ring, stage, report)

    def _paced(self, ring: RingState, stage: Stage) -> Pace:
        asked = {each: burdens_of(self.resolved, self._state, each) for each in _PACED}
        burdens = asked[stage]
        under_way = [
            (asked[each][other.name, profile], moment)
            for each in _PACED
            for other in self._state.rings
            for profile, moment in other.done.get(each, {}).items()
            if (other.name, profile) in asked[each]
        ]
        limit = self._file.load.per_scep_host if self._file.load is not None else None
        left = [burdens[ring.name, profile] for profile in ring.left(stage)]
        return pace(left, under_way, limit, self._tenant.now())

    # Its gate

    async def _judge(self, wanted: ResolvedRing, ring: RingState) -> Wait | None:
        result, counts = await self.judged(wanted, ring)
        self._note("gate", ring=ring.name, counts=counts, **result.to_dict())
        told = tuple(f"{check.name}: {check.said}" for check in result.standing)
        if result.answer is Answer.FAIL:
            wait = self._course.freeze(ring, " ".join(told))
            return replace(wait, gate=result)
        if result.need is not None:
            until = max((check.until for check in result.standing if check.until), default=None)
            return Wait(result.need, ring.name, told, until, result)
        self._note("passed", ring=ring.name)
        self._course.did.append(f"Ring {ring.name!r} passed its gate.")
        return None

    async def judged(
        self, wanted: ResolvedRing, ring: RingState
    ) -> tuple[GateResult, Mapping[str, int]]:
        """The gate of a ring whose profiles are changed, and the devices it was judged by."""
        changed_at = ring.changed_at
        if changed_at is None:
            raise AssertionError("a gate is judged when everything of its ring is changed")
        facts = self._facts.get(ring.name)
        if facts is None:
            facts = await self._observer(wanted, ring).facts(changed_at)
            self._facts[ring.name] = facts
        approved = str(ring.approved) if ring.approved is not None else None
        promoted = {name: str(word) for name, word in ring.promoted.items()}
        counts = facts.devices.to_dict() if facts.devices is not None else {}
        gate = judge_gate(wanted.ring.gates, replace(facts, approved_by=approved))
        return gate.over(promoted), counts

    def _observer(self, wanted: ResolvedRing, ring: RingState) -> Observer:
        return Observer(
            self._tenant,
            self._file.path,
            wanted.ring.gates,
            self._state,
            ring,
            verifiable=[item.profile.id or "" for item in wanted.bundles if item.verifiable],
            control=self._control(),
            exchanged=wanted.exchanged(self._state.clones),
            apart=() if wanted.ring.back else self._others(ring),
            followed=self._followed(wanted, ring),
            preparing=self._course.watch.preparing,
        )

    def _followed(self, wanted: ResolvedRing, ring: RingState) -> dict[str, datetime]:
        """Id of each copy of a dependant to when the ring got it."""
        moments, clones = ring.done.get(Stage.FOLLOW, {}), self._state.clones
        return {
            clones[user.id]: moments[item.profile.id or ""]
            for item in wanted.bundles
            for user in item.dependants
            if user.id in clones and item.profile.id in moments
        }

    def _others(self, ring: RingState) -> frozenset[str]:
        return frozenset() if ring.devices is not None else self._state.devices_of_others(ring)

    def _control(self) -> list[str]:
        """The profiles of the rings that are not opened yet."""
        return [
            item.profile.id or ""
            for ring in self.resolved.rings
            if not ring.ring.back and not self._state.ring(ring.ring.name).is_entered
            for item in ring.bundles
        ]


def _to_come_back(wanted: ResolvedRing, state: RolloutState) -> dict[str, list[dict[str, Any]]]:
    """Whom the originals that come back at the end are for, before anything is changed."""
    return {
        item.profile.id or "": [dict(entry) for entry in item.profile.assignments or ()]
        for item in wanted.bundles
        if item.bundle is not None
        and item.bundle.finish is Finish.SWING_BACK
        and item.profile.id not in state.assigned
    }


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
    # Nobody is assigned a clone before the originals are seen to be untouched.
    untouched = file.strategy is Strategy.CLONE and ring is file.rings[0]
    asked = gates.seen is not None or gates.reissued is not None
    return asked or untouched or file.load is not None
