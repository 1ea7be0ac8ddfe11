"""One tick of a rollout: it does what the gates allow, and stops. Any scheduler calls it again.

Everything it knows is in the journal, on the disk before anything is done on its strength, so a
tick that is killed is gone on with by the next one.
"""

from __future__ import annotations

from typing import Final

from intune_scep.changes.journal import announces_nothing, read_journal
from intune_scep.changes.run import resume, unfinished_at
from intune_scep.changes.status import DONE
from intune_scep.rollout.clone import Clone, require_possible
from intune_scep.rollout.course import Course
from intune_scep.rollout.edits import is_edited
from intune_scep.rollout.in_place import InPlace
from intune_scep.rollout.journal import rings_of
from intune_scep.rollout.model import Strategy
from intune_scep.rollout.moves import Moves
from intune_scep.rollout.reading import resolve_in
from intune_scep.rollout.resolution import Resolved
from intune_scep.rollout.rings import Rings
from intune_scep.rollout.state import Run
from intune_scep.rollout.tick import Tick, Wait
from intune_scep.rollout.ways import way_on
from intune_scep.rollout.words import MAKING, Need, State

_STANDS: Final = {
    State.NOT_ACTIVATED: (Need.PERSON, "It is not started yet.", "start"),
    State.PAUSED: (Need.PERSON, "It is paused.", "resume"),
    State.CANCELED: (Need.PERSON, "It is canceled.", None),
    State.ERROR: (Need.REPAIR, "It is frozen.", "resume"),
}


async def do_tick(course: Course, rings: Rings | None = None) -> Tick:
    """Go as far as the gates allow.

    Args:
        rings: As they were read for this tick already.

    Raises:
        IntuneScepError: the file does not fit the rollout, or the tenant cannot be read.
    """
    follow_edits(course)
    if course.state.state is State.COMPLETED:
        return tick_of(course, None)
    wait = _stands(course) or await _finish_begun(course)
    if wait is not None:
        return tick_of(course, wait)
    if rings is None or course.reports:
        rings = await resolved_rings(course)
    # What stays as it is in a ring that was opened is what the rollout did to it.
    begun = any(ring.is_entered for ring in course.state.rings)
    return tick_of(course, await rings.go(), () if begun else rings.resolved.notes)


def follow_edits(course: Course) -> None:
    """Let the rings that are not entered be what the file says now.

    Raises:
        PlanError: the edit touches what has been already.
    """
    if is_edited(course.file, course.state):
        course.note("edited", digest=course.file.digest, rings=rings_of(course.file))
        course.did.append("The file was edited; the rings that are not opened yet follow it.")


def tick_of(course: Course, wait: Wait | None, notes: tuple[str, ...] = ()) -> Tick:
    """What a tick did, and why it goes no further."""
    return Tick(
        course.state,
        tuple(course.did),
        wait,
        course.journal.path,
        tuple(course.reports),
        course.planned,
        course.dry_run,
        notes,
    )


async def resolved_rings(course: Course) -> Rings:
    """The rings with what the file names in the tenant.

    Raises:
        RolloutFileError: a name leads nowhere or to several.
        GraphError, GraphTransportError: the tenant could not be read.
    """
    course.watch.preparing("Reading the profiles")
    found = await resolve_in(course.tenant, course.file, made=course.state.clones.values())
    return Rings(course, found, _moves(course, found))


def _moves(course: Course, resolved: Resolved) -> Moves:
    if course.file.strategy is Strategy.CLONE:
        require_possible(course.file)
        return Clone(course.tenant, resolved, course.journal)
    return InPlace(course.tenant)


def _stands(course: Course) -> Wait | None:
    """Why nothing is done at all."""
    if course.state.state not in _STANDS:
        return None
    need, said, verb = _STANDS[course.state.state]
    word = course.state.paused or course.state.canceled
    why = course.state.frozen or (f"By {word}." if word is not None else "")
    cure = f"Go on with {way_on(verb)}." if verb else ""
    return Wait(need, "", tuple(filter(None, (said, why, cure))))


async def _finish_begun(course: Course) -> Wait | None:
    """Finish the run that a killed tick left: a copy that was half made has a name already."""
    ring = course.state.current
    if ring is None or not ring.runs or course.dry_run:
        return None
    run = ring.runs[-1]
    if announces_nothing(run.journal):
        return None
    if unfinished_at(run.journal) is None:
        _adopt(course, run)
        return None
    return course.changed(
        ring, run.stage, await resume(course.tenant, run.journal, watch=course.watch)
    )


def _adopt(course: Course, run: Run) -> None:
    """Learn of the copies that a run made and that a killed tick could not note any more."""
    if run.stage not in MAKING:
        return
    record = read_journal(run.journal).first
    made = {
        action.key: record.record(action).made_id(action)
        for action in record.plan.writing
        if action.creates and record.record(action).ending in DONE
    }
    course.note_clones({key: found for key, found in made.items() if found is not None})
