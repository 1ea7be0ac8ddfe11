"""The controller, deliberately broken, each with where that must be noticed.

A function breaks one thing with the patch it is given; its sentence says what.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.patching import nothing, wherever_it_is_called

from intune_scep.audience import reissued
from intune_scep.audience.reissued import Before
from intune_scep.changes.report import RunReport
from intune_scep.rollout import (
    calendar,
    clone,
    controller,
    edits,
    gates,
    observing,
    pace,
    rings,
    state,
    verbs,
)
from intune_scep.rollout.course import Course
from intune_scep.rollout.gates import Check, GateResult
from intune_scep.rollout.rings import Rings
from intune_scep.rollout.state import Fold, RingState, RolloutState
from intune_scep.rollout.tick import Exit, Tick
from intune_scep.rollout.words import Answer, Stage, State

Patch = pytest.MonkeyPatch
Mutation = Callable[[Patch], None]


@dataclass(frozen=True)
class Mutant:
    """A broken controller, and the sequence of `hunts` that must notice it."""

    mutate: Mutation
    hunt: str

    @property
    def name(self) -> str:
        return self.mutate.__name__


MUTANTS: list[Mutant] = []


def noticed_by(hunt: str) -> Callable[[Mutation], Mutation]:
    """Register a mutant with the sequence that must notice it."""

    def register(mutate: Mutation) -> Mutation:
        MUTANTS.append(Mutant(mutate, hunt))
        return mutate

    return register


# Gates


@noticed_by("the_report_cannot_be_read_any_more")
def unknown_passes(patch: Patch) -> None:
    """What could not be learned is taken for good."""
    good = property(
        lambda self: (
            Answer.FAIL
            if any(check.answer is Answer.FAIL for check in self.checks)
            else Answer.WAIT
            if any(check.answer is Answer.WAIT for check in self.checks)
            else Answer.PASS
        )
    )
    patch.setattr(GateResult, "answer", good)


@noticed_by("the_profiles_of_a_ring_are_changed_hours_apart")
def soaking_begins_when_the_ring_is_entered(patch: Patch) -> None:
    """Not when its last profile was changed."""
    judged = Rings.judged

    async def early(self: Rings, wanted: Any, ring: RingState) -> Any:
        patch.setattr(
            RingState,
            "changed_at",
            property(lambda one: None if one.left(Stage.OPEN) else one.entered_at),
        )
        return await judged(self, wanted, ring)

    patch.setattr(Rings, "judged", early)


@noticed_by("a_machine_goes_wrong_by_days")
def soaking_goes_by_the_clock_of_the_machine(patch: Patch) -> None:
    """Which is two days ahead."""
    soak = gates._soak

    def wrong(asked: Any, facts: Any) -> Check:
        return soak(asked, replace(facts, now=datetime.now(UTC) + timedelta(days=2)))

    patch.setitem(gates._JUDGES, "soak", (gates._JUDGES["soak"][0], wrong))


@noticed_by("everything_is_well")
def nothing_soaks(patch: Patch) -> None:
    """A gate without its time."""
    wanted = dict(gates._JUDGES)
    del wanted["soak"]
    patch.setattr(gates, "_JUDGES", wanted)


@noticed_by("every_device_fails_and_nothing_opens_over_that")
def promoting_opens_over_what_fails(patch: Patch) -> None:
    """As over what waits."""

    def over(self: GateResult, promoted: Any) -> GateResult:
        checks = (
            replace(check, answer=Answer.PASS) if promoted else check for check in self.checks
        )
        return GateResult(tuple(checks))

    patch.setattr(GateResult, "over", over)

    async def judged(self: Rings, wanted: Any, ring: RingState) -> Any:
        result, counts = await known(self, wanted, ring)
        if result.answer is Answer.FAIL and not ring.promoted:
            word = state.Word("somebody", "", self._tenant.now())
            self._course.journal.note_word("promoted", word, ring=ring.name, over=["max_failed"])
            return await known(self, wanted, ring)
        return result, counts

    known = Rings.judged
    patch.setattr(Rings, "judged", judged)


@noticed_by("nobody_approves")
def an_approval_is_not_waited_for(patch: Patch) -> None:
    """A person who must decide is not asked."""
    judges = dict(gates._JUDGES)
    del judges["approval"]
    patch.setattr(gates, "_JUDGES", judges)


@noticed_by("a_command_waits_and_fails")
def a_command_that_waits_passes(patch: Patch) -> None:
    """75 is taken for 0."""
    patch.setattr(gates, "_TRY_LATER", 0)
    patch.setattr(gates, "_PASSED", 75)


@noticed_by("every_device_fails_while_everything_else_is_well")
def the_control_group_includes_the_ring(patch: Patch) -> None:
    """So that its own failures excuse it."""
    patch.setattr(
        Rings,
        "_control",
        lambda self: [b.profile.id for ring in self.resolved.rings for b in ring.bundles],
    )


@noticed_by("connectors_die_and_live_again_and_then_devices_fail")
def excused_failures_count_later(patch: Patch) -> None:
    """What failed while the connectors were ill freezes the rollout when they are well."""
    patch.setattr(RingState, "excused_until", property(lambda self: None))


@noticed_by("devices_fail_long_after_the_connectors_were_ill")
def excuses_never_expire(patch: Patch) -> None:
    """Once excused, always excused."""
    known = RingState.excused_until

    def forever(self: RingState) -> datetime | None:
        found = known.fget(self)  # type: ignore[attr-defined]
        return None if found is None else datetime.max.replace(tzinfo=UTC)

    patch.setattr(RingState, "excused_until", property(forever))


@noticed_by("devices_go_on_failing_when_the_connectors_are_well_again")
def excused_failures_are_forgotten(patch: Patch) -> None:
    """A device that failed, and told nothing since, is taken for well."""
    told = observing._told

    def forgetful(*given: Any) -> Any:
        return replace(told(*given), excused=0)

    patch.setattr(observing, "_told", forgetful)


@noticed_by("new_certificates_are_revoked_again")
def certificates_that_are_gone_count_as_reissued(patch: Patch) -> None:
    """A new serial number counts although its certificate was revoked."""
    patch.setattr(reissued, "_is_held", lambda item, as_of: True)


@noticed_by("no_device_is_seen_any_more")
def devices_seen_before_the_change_count(patch: Patch) -> None:
    """Any check-in counts, however long ago."""
    known = reissued.reissuance

    def ever(
        before: Any, issued: Any, check_ins: Any, changed: Any, *rest: Any, **more: Any
    ) -> Any:
        moment = max(changed.values()) + timedelta(seconds=1)
        return known(before, issued, dict.fromkeys(check_ins, moment), changed, *rest, **more)

    wherever_it_is_called(patch, known, ever)


# Verbs


@noticed_by("it_is_paused_and_canceled")
def a_pause_is_ignored(patch: Patch) -> None:
    """It is recorded, and the next tick goes on."""
    stands = {key: value for key, value in controller._STANDS.items() if key is not State.PAUSED}
    patch.setattr(controller, "_STANDS", stands)


@noticed_by("it_is_canceled_and_somebody_resumes_it")
def what_was_canceled_is_resumed(patch: Patch) -> None:
    """And goes on."""

    async def resume(tenant: Any, file: Any, **options: Any) -> Tick:
        async with verbs._opened(tenant, file, None) as one:
            one.journal.note_word("resumed", verbs._word(tenant, ""))
            return await controller.do_tick(one)

    def lift(self: Fold, record: Any) -> None:
        self.state.paused = self.state.frozen = self.state.canceled = None

    patch.setitem(state._TAKES, "resumed", lift)
    patch.setattr(verbs, "resume_rollout", resume)


@noticed_by("a_command_waits_and_fails")
def what_fails_does_not_freeze(patch: Patch) -> None:
    """The next tick judges it again."""
    patch.setitem(state._TAKES, "frozen", lambda *_: None)


@noticed_by("a_command_waits_and_fails")
def a_tick_lifts_a_freeze(patch: Patch) -> None:
    """`resume` alone may."""
    stands = {key: value for key, value in controller._STANDS.items() if key is not State.ERROR}
    patch.setattr(controller, "_STANDS", stands)


@noticed_by("an_opened_ring_is_edited")
def an_edit_of_an_opened_ring_is_accepted(patch: Patch) -> None:
    """Its gates are what the file says now."""
    known = edits.is_edited

    def any_edit(file: Any, now: RolloutState) -> bool:
        return file.digest != now.digest

    wherever_it_is_called(patch, known, any_edit)


@noticed_by("an_opened_ring_is_edited")
def an_edited_file_is_promoted_before_it_is_looked_at(patch: Patch) -> None:
    """What was opened is judged by gates that it did not have."""
    patch.setattr(verbs, "follow_edits", lambda _: None)

    async def ticking(one: Course, *_: object) -> Tick:
        return Tick(one.state, (), None, one.journal.path)

    patch.setattr(verbs, "do_tick", ticking)


@noticed_by("a_later_ring_is_edited_and_the_one_before_promoted")
def later_rings_do_not_follow_the_file(patch: Patch) -> None:
    """An edit is told of, and forgotten."""
    patch.setitem(state._TAKES, "edited", lambda *_: None)


# Order and pace


@noticed_by("everything_is_well")
def the_next_ring_is_opened_without_waiting(patch: Patch) -> None:
    """As soon as the one before is changed."""
    patch.setattr(Rings, "_judge", nothing)


@noticed_by("everything_is_well")
def a_ring_is_passed_that_was_not_judged(patch: Patch) -> None:
    """The record says passed, and nothing was looked at."""

    async def blind(self: Rings, _wanted: Any, ring: RingState) -> None:
        self._note("passed", ring=ring.name)

    patch.setattr(Rings, "_judge", blind)


@noticed_by("profiles_of_one_host_are_changed_one_after_the_other")
def the_load_is_ignored(patch: Patch) -> None:
    """Every profile of a ring is changed at once."""
    patch.setattr(rings, "pace", lambda left, _going, _limit, now: pace.pace(left, (), None, now))


@noticed_by("profiles_of_one_host_are_changed_one_after_the_other")
def what_is_under_way_is_no_load(patch: Patch) -> None:
    """Each tick begins at nothing."""
    patch.setattr(rings, "pace", lambda left, _going, limit, now: pace.pace(left, (), limit, now))


@noticed_by("a_profile_may_ask_two_hosts")
def only_the_first_host_counts(patch: Patch) -> None:
    """Of a profile with several servers."""
    known = pace.Burden.per_hour

    def first(self: pace.Burden) -> dict[str, float]:
        return dict(list(known(self).items())[:1])

    patch.setattr(pace.Burden, "per_hour", first)


@noticed_by("it_is_frozen_in_the_holidays")
def frozen_days_are_days_like_others(patch: Patch) -> None:
    """`freeze` is not looked at."""
    patch.setattr(calendar, "_is_frozen", lambda *_: False)


# Evidence and the journal


@noticed_by("everything_is_well")
def evidence_is_not_kept_before_the_change(patch: Patch) -> None:
    """What was out is not written down."""

    async def none(*_: Any) -> None:
        return None

    patch.setattr(Rings, "_before", none)


@noticed_by("the_report_is_lost_before_the_start")
def a_ring_is_entered_without_the_evidence_its_gate_needs(patch: Patch) -> None:
    """What could not be read is gone without."""
    patch.setattr(rings, "_needs_evidence", lambda *_: False)


@noticed_by("it_is_killed_at_every_record_of_a_tick")
def a_run_is_noted_after_it_was_done(patch: Patch) -> None:
    """Not before."""
    carry_out = rings.carry_out
    pending: list[tuple[Any, dict[str, Any]]] = []
    note = Course.note

    def later(self: Course, record: str, **values: Any) -> None:
        if record == "opening":
            pending.append((self, values))
            return
        note(self, record, **values)

    async def first(tenant: Any, plan: Any, **more: Any) -> RunReport:
        report = await carry_out(tenant, plan, **more)
        for one, values in pending:
            note(one, "opening", **values)
        pending.clear()
        return report

    patch.setattr(Course, "note", later)
    patch.setattr(rings, "carry_out", first)


@noticed_by("everything_is_well")
def a_tick_tells_what_is_not_in_the_journal(patch: Patch) -> None:
    """A passed gate is known to the process alone."""
    known = Course.note

    def silent(self: Course, record: str, **values: Any) -> None:
        if record != "gate":
            known(self, record, **values)
            return
        writer, self.journal._writer = self.journal._writer, None
        known(self, record, **values)
        self.journal._writer = writer

    patch.setattr(Course, "note", silent)


@noticed_by("the_report_cannot_be_read_any_more")
def every_tick_ends_with_0(patch: Patch) -> None:
    """Whatever it waits for."""
    patch.setattr(Tick, "exit", property(lambda self: Exit.AS_ALLOWED))


@noticed_by("a_tick_that_sent_nothing_is_taken_back")
def a_run_that_sent_nothing_is_taken_back(patch: Patch) -> None:
    """Its journal is not there."""
    patch.setattr(verbs, "announces_nothing", lambda _: False)


# Clones


@noticed_by("copies_take_over")
def a_ring_is_taken_out_before_its_gate_passed(patch: Patch) -> None:
    """The exclusion comes with the assignment."""
    stages = (Stage.CREATE, Stage.OPEN, Stage.SETTLE)
    patch.setattr(clone.Clone, "before_gate", lambda *_: stages)


@noticed_by("copies_take_over")
def a_copy_is_assigned_before_the_originals_were_looked_at(patch: Patch) -> None:
    """At once when it is made."""
    patch.setattr(clone.Clone, "why_wait", nothing)


@noticed_by("originals_are_touched_after_the_copies_were_made")
def touched_originals_stop_nothing(patch: Patch) -> None:
    """The report is waited for, and not read."""
    patch.setattr(Before, "gone", lambda *_: 0)


@noticed_by("copies_take_over")
def the_original_is_taken_from_everybody_at_once(patch: Patch) -> None:
    """Before whoever is left got the copy."""
    patch.setattr(clone, "without", lambda held, groups: ())


@noticed_by("a_copy_is_killed_while_it_is_made")
def a_killed_tick_makes_a_second_copy(patch: Patch) -> None:
    """What was begun is not looked at."""
    patch.setattr(controller, "_finish_begun", nothing)


@noticed_by("copies_take_over")
def a_copy_has_no_sid(patch: Patch) -> None:
    """It is a copy, and nothing else."""
    patch.setattr(clone, "append_sid_uri", lambda before: list(before or ()))


@noticed_by("devices_with_a_copy_fail")
def failures_with_the_copy_are_not_counted(patch: Patch) -> None:
    """Those of the original are, as if it were edited."""
    known = observing.Observer._told

    async def of_originals(self: observing.Observer) -> Any:
        pairs = self._exchanged
        self._exchanged = {key: (old, old) for key, (old, _) in pairs.items()}
        try:
            return await known(self)
        finally:
            self._exchanged = pairs

    patch.setattr(observing.Observer, "_told", of_originals)


__all__ = ["MUTANTS", "Mutant"]
