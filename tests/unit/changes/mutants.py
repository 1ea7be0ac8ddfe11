"""The engine, deliberately broken: one mutant at least for each promise.

Each function breaks one thing with the patch it is given, and names the promises that must notice.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from typing import Any

import pytest
from tests.patching import nothing, wherever_it_is_called

from intune_scep.changes import job, readback, record, run, undo, walker
from intune_scep.changes import plan as plans
from intune_scep.changes.expectation import Reading
from intune_scep.changes.plan import Plan
from intune_scep.changes.readback import Readback
from intune_scep.changes.status import Status
from intune_scep.changes.steps import link, writing
from intune_scep.changes.steps.patch import Patch as PatchStep
from intune_scep.changes.steps.writing import StepWrite
from intune_scep.changes.twins import Twins
from intune_scep.changes.walker import Walk
from intune_scep.changes.watch import Stop
from intune_scep.errors import GraphError, GraphTransportError, JournalError, OutcomeUnknownError
from intune_scep.graph import engine, retry, write_once
from intune_scep.graph.session import GraphSession
from intune_scep.graph.settle import settle
from intune_scep.tenant import listing, profiles

from .jobs import JOBS, Job
from .promises import PROMISES

Patch = pytest.MonkeyPatch
Mutation = Callable[[Patch], None]


@dataclass(frozen=True)
class Mutant:
    """A broken engine, and the promise that must notice, in these jobs."""

    mutate: Mutation
    promise: str
    jobs: tuple[Job, ...]

    @property
    def name(self) -> str:
        return self.mutate.__name__


MUTANTS: list[Mutant] = []


def breaks(*promises: str, but: tuple[str, ...] = ()) -> Callable[[Mutation], Mutation]:
    """Register a mutant with the promises that it breaks.

    Args:
        but: Jobs in which another line of defence keeps the promise all the same.
    """

    def register(mutate: Mutation) -> Mutation:
        for promise in promises:
            jobs = tuple(job for job in PROMISES[promise].jobs if job.name not in but)
            MUTANTS.append(Mutant(mutate, promise, jobs))
        return mutate

    return register


@breaks("a_later_write_that_does_nothing_is_unknown_and_the_others_are_applied")
def nothing_is_read_back(patch: Patch) -> None:
    async def settled(self: Any, expected: Any, patience: float) -> list[Reading]:
        return [Reading(Status.APPLIED) for _ in expected]

    patch.setattr(Readback, "settle", settled)
    # What was made is not read before it is linked and assigned either.
    patch.setattr(StepWrite, "_read_new", lambda self, read: _made(self))
    patch.setattr(link, "link_root", nothing)


async def _made(self: Any) -> Any:
    return profiles.parse_profile(
        {"@odata.type": self.subject.odata_type, "id": self.subject.id, "assignments": []}
    )


@breaks("a_first_write_that_does_nothing_is_unknown_and_no_other_is_tried")
def the_first_write_is_not_proven(patch: Patch) -> None:
    patch.setattr(Walk, "_prove", nothing)


@breaks(
    "more_than_was_asked_is_told_of_a_later_write_too",
    but=("restore", "rollback of delete", "rollback of replace"),
)
def other_properties_are_not_looked_at(patch: Patch) -> None:
    patch.setattr(readback, "_not_asked_for", lambda *_: [])


@breaks(
    "more_than_was_asked_is_a_failure_that_names_it_and_ends_the_run",
    but=("restore", "rollback of delete", "rollback of replace"),
)
def only_changes_are_compared_with_what_was_before(patch: Patch) -> None:
    prove = Walk._prove

    async def forgetful(self: Any, action: Any, step: Any, alone: Any) -> None:
        await prove(self, action, step, replace(alone, before=None))

    patch.setattr(Walk, "_prove", forgetful)


@breaks("writes_that_show_late_are_applied", "later_writes_that_show_late_are_settled_at_the_end")
def reading_gives_up_at_once(patch: Patch) -> None:
    async def once(read: Any, wanted: Any, *, patience: float) -> Any:
        return await settle(read, wanted, patience=0)

    for module in (readback, writing):
        patch.setattr(module, "settle", once)


@breaks("an_answer_that_is_lost_while_reads_are_stale_repeats_nothing")
def a_lost_answer_is_looked_up_once_only(patch: Patch) -> None:
    async def once(read: Any, wanted: Any, *, patience: float) -> Any:
        return await settle(read, wanted, patience=0)

    patch.setattr(write_once, "settle", once)


@breaks(
    "an_answer_that_is_lost_after_the_effect_repeats_nothing",
    "answers_that_are_always_lost_are_made_up_for_by_reading",
)
def a_lost_answer_is_answered_by_sending_again(patch: Patch) -> None:
    async def blind(write: Any, *, place: Any, **_: Any) -> Any:
        await place()
        found = await write.look()
        if found is not None:
            return write_once.Written(found, sent=False, seen_by_reading=True)
        write.announce()
        for _ in range(3):
            with suppress(GraphError, GraphTransportError):
                return write_once.Written(await write.send(), sent=True, seen_by_reading=False)
        raise GraphTransportError("It was tried three times.", hides_commit=False)

    patch.setattr(walker, "write_once", blind)


@breaks(
    "an_edit_while_graph_is_out_of_reach_is_a_conflict",
    "a_profile_that_somebody_makes_while_graph_is_out_of_reach_is_a_conflict",
)
def what_never_left_is_sent_again_without_a_look(patch: Patch) -> None:
    write = GraphSession.write

    async def again(self: Any, *request: Any) -> Any:
        try:
            return await write(self, *request)
        except GraphTransportError as error:
            if not retry.never_sent(error):
                raise
            return await write(self, *request)

    patch.setattr(GraphSession, "write", again)


@breaks("an_answer_that_is_lost_before_the_effect_is_made_up_for")
def what_failed_once_is_not_sent_again(patch: Patch) -> None:
    patch.setattr(retry, "MAX_ATTEMPTS", 1)


# Other jobs plan anew what was not done; only a half replaced profile stands in their way.
@breaks(
    "the_next_run_of_a_job_that_was_cut_short_ends_right",
    but=("migration", "update", "link", "assign", "create", "delete", "restore", "repoint"),
)
def what_was_begun_is_not_finished(patch: Patch) -> None:
    patch.setattr(job, "unfinished", lambda _: [])


@breaks("a_refusal_after_a_lost_answer_does_not_say_that_nothing_was_written")
def a_refusal_is_believed_whatever_was_lost_before(patch: Patch) -> None:
    patch.setattr(
        write_once._Sending, "lost", property(lambda _: False, lambda *_: None), raising=False
    )


@breaks("a_write_is_announced_before_it_is_sent")
def the_journal_is_written_after_the_write(patch: Patch) -> None:
    announce = StepWrite.announce
    attempt = write_once._Sending.attempt

    async def late(self: Any) -> Any:
        done = await attempt(self)
        announce(self._write)
        return done

    patch.setattr(StepWrite, "announce", lambda _: None)
    patch.setattr(write_once._Sending, "attempt", late)


@breaks("a_journal_that_cannot_announce_ends_the_run_before_the_write")
def an_announcement_that_fails_is_passed_over(patch: Patch) -> None:
    announce = StepWrite.announce

    def careless(self: Any) -> None:
        with suppress(JournalError):
            announce(self)

    patch.setattr(StepWrite, "announce", careless)


@breaks("a_journal_that_cannot_record_an_outcome_ends_the_run")
def an_outcome_that_cannot_be_recorded_is_passed_over(patch: Patch) -> None:
    note = Walk._note

    def careless(self: Any, *arguments: Any, **values: Any) -> None:
        with suppress(JournalError):
            note(self, *arguments, **values)

    patch.setattr(Walk, "_note", careless)


@breaks("an_edit_before_the_own_reading_is_a_conflict")
def editions_are_not_compared(patch: Patch) -> None:
    patch.setattr(StepWrite, "_require_planned", lambda *_: None)


@breaks("an_edit_between_reading_and_write_is_told_with_both_editions")
def versions_are_not_compared_after_a_change(patch: Patch) -> None:
    patch.setattr(Readback, "_edited_between", lambda *_: False)


@breaks(
    "a_tenant_that_counts_by_two_is_told_and_gone_on_with",
    "a_tenant_that_does_not_count_is_told_and_gone_on_with",
)
def how_a_tenant_counts_is_not_learned(patch: Patch) -> None:
    patch.setattr(Readback, "learn", lambda *_: None)


@breaks("each_profile_is_read_right_before_its_write")
def the_reading_precedes_the_wait_for_a_place(patch: Patch) -> None:
    async def swapped(self: Any) -> Any:
        found = await self._look()
        await self._place()
        if found is not None:
            return write_once.Written(found, sent=self.sent, seen_by_reading=True)
        self._write.announce()
        self.sent = True
        return write_once.Written(await self._write.send(), sent=True, seen_by_reading=False)

    patch.setattr(write_once._Sending, "attempt", swapped)


@breaks("two_runs_on_one_tenant_exclude_each_other")
def there_is_no_lock(patch: Patch) -> None:
    patch.setattr(run, "tenant_lock", lambda *_, **__: nullcontext())


@breaks("max_changes_refuses_before_the_first_write")
def max_changes_is_ignored(patch: Patch) -> None:
    wherever_it_is_called(patch, plans.require_room, lambda *_: None)


@breaks("max_changes_of_a_resumed_run_counts_what_is_left")
def max_changes_is_ignored_on_resume(patch: Patch) -> None:
    patch.setattr(run, "require_room", lambda *_: None)


@breaks("a_resumed_run_refuses_other_choices_and_names_both")
def choices_are_ignored_on_resume(patch: Patch) -> None:
    patch.setattr(run, "_require_same_choices", lambda *_: None)


@breaks("a_stop_finishes_the_write_in_flight_and_the_rest_is_resumed")
def a_stop_is_not_heard(patch: Patch) -> None:
    patch.setattr(Stop, "requested", property(lambda _: False))


@breaks(
    "a_stop_finishes_the_write_in_flight_and_the_rest_is_resumed",
    but=("replace", "rollback of replace"),
)
def a_resumed_run_counts_what_was_done_before(patch: Patch) -> None:
    patch.setattr(record.ActionRecord, "is_over", property(lambda _: False))


@breaks("rollback_takes_back_an_unknown_write_that_landed")
def rollback_believes_that_an_unknown_write_did_not_land(patch: Patch) -> None:
    begun = record.ActionRecord.begun.fget

    def known(self: Any) -> bool:
        unknown = any(step.status is Status.UNKNOWN for step in self.steps.values())
        return bool(begun(self)) and self.ending is not Status.UNKNOWN and not unknown

    patch.setattr(record.ActionRecord, "begun", property(known))


@breaks("rollback_leaves_an_unknown_write_that_did_not_land")
def rollback_believes_that_an_unknown_write_landed(patch: Patch) -> None:
    def unasked(self: Any, action: Any) -> Any:
        return replace(
            action,
            action="update",
            status=Status.PLANNED,
            steps=(PatchStep({}, {"description": "As it was"}),),
            id=action.id or "00000000-0000-0000-0000-000000000000",
        )

    patch.setattr(undo._Undo, "_undone", unasked)


@breaks("a_refusal_of_the_first_write_ends_the_run", "three_refusals_in_a_row_end_the_run")
def refusals_are_not_counted(patch: Patch) -> None:
    patch.setattr(Walk, "_count_refusal", lambda *_: None)


@breaks("a_write_that_never_takes_effect_is_unknown_and_ends_the_run")
def writes_that_are_not_seen_are_not_counted(patch: Patch) -> None:
    patch.setattr(Walk, "_count_unseen", lambda *_: None)


@breaks("a_single_later_refusal_costs_its_profile")
def any_refusal_ends_the_run(patch: Patch) -> None:
    patch.setattr(walker, "_MOST_IN_A_ROW", 1)


@breaks("what_waits_for_an_approval_is_held_back_and_no_refusal")
def an_approval_is_taken_for_a_refusal(patch: Patch) -> None:
    patch.setattr(GraphError, "approval", property(lambda _: None, lambda *_: None), raising=False)


@breaks("an_answer_about_another_profile_is_refused")
def answers_about_others_are_believed(patch: Patch) -> None:
    patch.setattr(profiles, "require_same_id", lambda _, body: body)


@breaks("a_profile_that_somebody_makes_meanwhile_is_a_conflict")
def nobody_looks_for_one_of_the_same_name(patch: Patch) -> None:
    async def nobody(*_: Any, **__: Any) -> list[Any]:
        return []

    patch.setattr(Twins, "namesakes", nobody)


@breaks("twins_are_shown_at_the_end")
def twins_are_not_shown(patch: Patch) -> None:
    async def none(*_: Any) -> list[str]:
        return []

    patch.setattr(Twins, "notes", none)


@breaks("the_old_profile_goes_when_everything_else_is_done")
def deletions_go_first(patch: Patch) -> None:
    walk = Walk.run

    async def eager(self: Any) -> Any:
        await self._delete([action for action in self._plan.writing if action.deletes])
        return await walk(self)

    patch.setattr(Walk, "run", eager)


@breaks("a_profile_that_is_not_whole_is_taken_away_again")
def what_is_not_whole_stays(patch: Patch) -> None:
    patch.setattr(Walk, "_take_back", nothing)


@breaks("memory_that_runs_out_costs_its_profile", "a_token_that_cannot_be_had_costs_its_profile")
def what_goes_wrong_elsewhere_ends_the_run(patch: Patch) -> None:
    def raised(error: Exception, *_: Any, **__: Any) -> Any:
        raise error

    patch.setattr(engine, "transport_error", raised)
    patch.setattr(walker, "judged", lambda error, _: raised(error))


@breaks("a_saved_plan_is_carried_out_once", "a_saved_plan_that_was_cut_short_is_gone_on_with")
def earlier_runs_of_a_plan_are_not_looked_for(patch: Patch) -> None:
    patch.setattr(run, "_earlier", lambda *_: None)


@breaks("a_saved_plan_that_was_edited_is_refused")
def the_digest_covers_nothing(patch: Patch) -> None:
    patch.setattr(Plan, "digest", property(lambda _: "0" * 64))


@breaks("a_first_write_that_shows_too_late_is_unknown_and_no_other_is_tried")
def an_accepted_write_is_called_applied(patch: Patch) -> None:
    patch.setattr(
        Readback,
        "_given_up",
        lambda self, reading, _: replace(reading, status=Status.APPLIED, pending=False),
    )


@breaks("a_later_write_that_does_nothing_is_unknown_and_the_others_are_applied")
def an_unseen_write_is_called_failed(patch: Patch) -> None:
    given_up = Readback._given_up

    def failed(self: Any, reading: Any, patience: float) -> Reading:
        told = given_up(self, reading, patience)
        return replace(told, status=Status.FAILED) if told.status is Status.UNKNOWN else told

    patch.setattr(Readback, "_given_up", failed)
    wherever_it_is_called(patch, OutcomeUnknownError, JournalError)


# A rollback takes what it finds by id, as reading back does, and so are dependants gathered; what
# is made is in no listing before.
@breaks(
    "a_profile_that_is_listed_twice_is_written_once",
    but=("create", "restore", "repoint", *(name for name in JOBS if name.startswith("rollback"))),
)
def a_listing_is_a_list(patch: Patch) -> None:
    async def twice(tenant: Any, path: str, query: Any, wanted: Any) -> listing.Listing:
        found = listing.Listing()
        async for page in tenant.session.pages(path, query=query):
            found.pages += 1
            found.items += [item for item in page if wanted(item["@odata.type"])]
        return found

    patch.setattr(listing, "_list", twice)


@breaks("a_stale_copy_in_a_listing_is_not_planned_on")
def the_last_copy_of_a_listing_is_believed(patch: Patch) -> None:
    async def believed(*arguments: Any) -> list[Any]:
        return list(arguments[3])

    patch.setattr(listing, "_read_again", believed)


@breaks("an_odd_item_of_a_listing_costs_itself")
def an_odd_item_costs_the_listing(patch: Patch) -> None:
    why_useless = listing._why_useless

    def strict(item: Any, wanted: Any) -> None:
        if (problem := why_useless(item, wanted)) is not None:
            raise GraphTransportError(str(problem), hides_commit=False)

    patch.setattr(listing, "_why_useless", strict)
