"""What can be done with a rollout: start, run, pause, resume, cancel, promote, roll back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from intune_scep.changes.journal import announces_nothing
from intune_scep.changes.record_log import holds_nothing
from intune_scep.changes.report import RunReport
from intune_scep.changes.run import foresee_roll_back, require_permission, roll_back
from intune_scep.changes.status import Status
from intune_scep.changes.watch import Watch
from intune_scep.errors import PlanError
from intune_scep.files import tenant_lock
from intune_scep.rollout.controller import do_tick, follow_edits, resolved_rings
from intune_scep.rollout.course import Course
from intune_scep.rollout.file import load_rollout
from intune_scep.rollout.journal import journal_path, open_journal
from intune_scep.rollout.preflight import preflight_notes
from intune_scep.rollout.state import RolloutState, Word
from intune_scep.rollout.tick import Tick, Wait
from intune_scep.rollout.ways import way_on
from intune_scep.rollout.words import Answer, Need, State
from intune_scep.rules.texts import counted
from intune_scep.tenant import Tenant
from intune_scep.wording import option

DEFAULT_FILE: Final = Path("strong-mapping.yml")
_OVER: Final = frozenset({State.CANCELED, State.COMPLETED})


async def run_rollout(
    tenant: Tenant,
    file: Path,
    *,
    journal: Path | None = None,
    dry_run: bool = False,
    watch: Watch | None = None,
) -> Tick:
    """One tick: do what the gates allow, and stop.

    Args:
        journal: Where the state is kept; by default in the tenant's state directory.
        dry_run: Say what would be done; write nothing, no journal either.

    Raises:
        IntuneScepError: the file is wrong or does not fit its journal, or the tenant cannot be
            read.
    """
    async with _opened(tenant, file, journal, dry_run=dry_run, watch=watch) as course:
        return await do_tick(course)


async def start_rollout(
    tenant: Tenant,
    file: Path,
    *,
    reason: str = "",
    journal: Path | None = None,
    dry_run: bool = False,
    watch: Watch | None = None,
) -> Tick:
    """Start a rollout, and do its first tick.

    Raises:
        PlanError: it is started already.
        IntuneScepError: as for `run_rollout`.
    """
    if not dry_run:
        require_permission(tenant)
    async with _opened(tenant, file, journal, dry_run=dry_run, begins=True, watch=watch) as course:
        if course.state.started is not None:
            raise PlanError(
                f"The rollout {course.state.name!r} is started already: it is"
                f" {course.state.state.told}.",
                hint=f"Go on with {way_on('run')}.",
            )
        follow_edits(course)
        # What its file names must be there before anybody may say that it was started.
        rings = await resolved_rings(course)
        notes = await preflight_notes(tenant, rings.resolved)
        course.journal.note_word("started", _word(tenant, reason))
        course.did.append("Started.")
        tick = await do_tick(course, rings)
        return replace(tick, notes=(*notes, *tick.notes))


async def pause_rollout(
    tenant: Tenant,
    file: Path,
    *,
    reason: str,
    journal: Path | None = None,
    dry_run: bool = False,
) -> Tick:
    """Open nothing more until it is resumed; what was changed stays.

    Raises:
        PlanError: there is nothing to pause.
    """
    _require_reason(reason)
    async with _opened(tenant, file, journal, dry_run=dry_run) as course:
        _require_going(course.state, "paused")
        course.journal.note_word("paused", _word(tenant, reason))
        return _told(course, "Paused: nothing more is opened until it is resumed.")


async def resume_rollout(
    tenant: Tenant,
    file: Path,
    *,
    reason: str = "",
    journal: Path | None = None,
    dry_run: bool = False,
    watch: Watch | None = None,
) -> Tick:
    """Lift a pause or a freeze, and do a tick.

    Raises:
        PlanError: it is neither paused nor frozen.
    """
    async with _opened(tenant, file, journal, dry_run=dry_run, watch=watch) as course:
        state = course.state
        if state.state not in {State.PAUSED, State.ERROR}:
            raise PlanError(
                f"The rollout {state.name!r} is neither paused nor frozen: it is"
                f" {state.state.told}."
            )
        follow_edits(course)
        course.journal.note_word("resumed", _word(tenant, reason))
        course.did.append("Resumed.")
        return await do_tick(course)


async def cancel_rollout(
    tenant: Tenant,
    file: Path,
    *,
    reason: str,
    journal: Path | None = None,
    dry_run: bool = False,
) -> Tick:
    """End a rollout where it is. Nothing is taken back, and clones stay as they are.

    Raises:
        PlanError: it is over already.
    """
    _require_reason(reason)
    async with _opened(tenant, file, journal, dry_run=dry_run) as course:
        _require_going(course.state, "canceled")
        course.journal.note_word("canceled", _word(tenant, reason))
        return _told(course, "Canceled. What was changed stays as it is.")


async def promote_rollout(
    tenant: Tenant,
    file: Path,
    *,
    reason: str,
    journal: Path | None = None,
    dry_run: bool = False,
    watch: Watch | None = None,
) -> Tick:
    """Answer the approval that a ring waits for; where it waits for none, open the next ring over
    what waits or is unknown. Never over what fails.

    Raises:
        PlanError: no ring stands at a gate, or its gate fails.
    """
    _require_reason(reason)
    async with _opened(tenant, file, journal, dry_run=dry_run, watch=watch) as course:
        state = course.state
        _require_going(state, "promoted")
        ring = state.current
        if ring is None or ring.state is not State.ACTIVATED or state.state is not State.ACTIVATED:
            raise PlanError(
                f"No ring of {state.name!r} stands at a gate: it is {state.state.told}."
            )
        follow_edits(course)
        rings = await resolved_rings(course)
        result, _ = await rings.judged(rings.resolved.ring(ring.name), ring)
        if result.answer is Answer.FAIL:
            said = " ".join(check.said for check in result.standing)
            raise PlanError(
                f"The gate of ring {ring.name!r} fails, and nothing opens over that: {said}"
            )
        word = _word(tenant, reason)
        standing = [check.name for check in result.standing]
        if "approval" in standing:
            course.journal.note_word("approved", word, ring=ring.name)
            course.did.append(f"Ring {ring.name!r} is approved.")
        elif standing:
            course.journal.note_word("promoted", word, ring=ring.name, over=standing)
            course.did.append(f"Ring {ring.name!r} is promoted over {', '.join(standing)}.")
        return await do_tick(course, rings)


async def roll_back_rollout(
    tenant: Tenant,
    file: Path,
    *,
    reason: str,
    journal: Path | None = None,
    dry_run: bool = False,
    watch: Watch | None = None,
) -> Tick:
    """Cancel a rollout and take back what it changed, the last run first.

    That re-issues every certificate of the profiles once more, and revokes again.

    Raises:
        JournalError: a journal of one of its runs cannot be used.
    """
    _require_reason(reason)
    async with _opened(tenant, file, journal, dry_run=dry_run, watch=watch) as course:
        if course.state.started is None:
            raise PlanError(f"The rollout {course.state.name!r} is not started: nothing to undo.")
        missing = _missing_journals(course.state)
        # A run whose journal holds no plan was killed before anything was sent.
        left = [
            run
            for run in course.state.runs
            if run not in course.state.taken_back and not announces_nothing(run)
        ]
        if course.state.canceled is None and not dry_run:
            course.journal.note_word("canceled", _word(tenant, reason))
        reports = await _taken_back(course, left, dry_run=dry_run)
        said = _said_of(reports, dry_run=dry_run)
        still = 0 if dry_run else sum(run not in course.state.taken_back for run in left)
        wait = _not_all_taken_back(missing, still)
        return replace(_told(course, said), reports=tuple(reports), wait=wait)


async def _taken_back(course: Course, left: Sequence[Path], *, dry_run: bool) -> list[RunReport]:
    """Take runs back until one is not taken back whole, or tell what that would do."""
    runs = [run for run in course.state.runs if not announces_nothing(run)]
    if dry_run:
        return await foresee_roll_back(course.tenant, runs)
    reports: list[RunReport] = []
    for run in reversed(left):
        later = runs[runs.index(run) + 1 :]
        reports.append(await roll_back(course.tenant, run, later=later, watch=course.watch))
        if reports[-1].failed or reports[-1].waits or reports[-1].interrupted_by is not None:
            break
        course.journal.note("taken_back", course.tenant.now(), run=str(run))
    return reports


def _said_of(reports: Sequence[RunReport], *, dry_run: bool) -> str:
    """How many profiles are as before, each counted once, and what stood in the way."""
    if not reports:
        return "Nothing is left here to take back."
    done = Status.PLANNED if dry_run else Status.APPLIED
    names = {
        item.action.name for report in reports for item in report.outcomes if item.status is done
    }
    verb = "would be rolled back" if dry_run else "rolled back"
    runs = f", in {len(reports)} runs" if len(reports) > 1 else ""
    stood = [report.msg for report in reports if report.failed or report.waits]
    return " ".join([f"{counted(len(names), 'profile')} {verb}{runs}.", *stood])


def _missing_journals(state: RolloutState) -> list[Path]:
    """Journals of runs that are not on this machine, though something was done in their stage."""
    return [
        run.journal
        for ring in state.rings
        for run in ring.runs
        if ring.done.get(run.stage)
        and run.journal not in state.taken_back
        and not run.journal.exists()
    ]


def _not_all_taken_back(missing: Sequence[Path], left: int) -> Wait | None:
    said = [f"{path} is not there: what it records is not taken back." for path in missing]
    if left:
        runs = "1 run is" if left == 1 else f"{left} runs are"
        said.append(f"{runs} not taken back yet; go on with {way_on('rollback')}.")
    return Wait(Need.PERSON, "", tuple(said)) if said else None


@asynccontextmanager
async def _opened(
    tenant: Tenant,
    file: Path,
    journal: Path | None,
    *,
    dry_run: bool = False,
    begins: bool = False,
    watch: Watch | None = None,
) -> AsyncIterator[Course]:
    """A rollout on which nobody else is at work on this machine.

    Args:
        begins: Make its journal if there is none; else nothing is kept of one not started.
    """
    content = load_rollout(file)
    path = journal_path(tenant.tenant_id, content.name, journal)
    in_memory = dry_run or (not begins and holds_nothing(path))
    with (
        tenant_lock(tenant.tenant_id, job=f"the rollout {content.name}", name="rollout"),
        open_journal(
            path, tenant.tenant_id, tenant.cloud, content, tenant.now(), dry_run=in_memory
        ) as opened,
    ):
        yield Course(tenant, content, opened, watch or Watch(), dry_run)


def _require_going(state: RolloutState, word: str) -> None:
    if state.started is None or state.state in _OVER:
        hint = f"Start it with {way_on('start')}." if state.started is None else None
        said = f"The rollout {state.name!r} cannot be {word}: it is {state.state.told}."
        raise PlanError(said, hint=hint)


def _word(tenant: Tenant, reason: str) -> Word:
    return Word(tenant.signed_in_as, reason, tenant.now())


def _told(course: Course, said: str) -> Tick:
    return Tick(course.state, (said,), None, course.journal.path, dry_run=course.dry_run)


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise PlanError(f"{option('rollout_reason')} is empty. It is kept with who did it.")
