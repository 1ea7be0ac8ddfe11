"""Walking a plan: read, compare, announce, write once, read back.

Each profile is read immediately before its write, 20 in a request, and compared with what the plan
saw (law 6). The first write of a run is read back before the second: that PATCH replaces a
collection as a whole is inferred, not observed (GRAPH.md 7), so it is tried on one profile first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from intune_scep.errors import IntuneScepError
from intune_scep.graph.errors import OutcomeUnknownError
from intune_scep.profiles import Profile
from intune_scep.strong_mapping.journal import Entry, JournalContent, JournalWriter
from intune_scep.strong_mapping.plan import SANS, Action, wire_sans
from intune_scep.strong_mapping.report import BAD, Outcome, Status
from intune_scep.strong_mapping.verify import Expectation, verify_outcomes
from intune_scep.tenant import ProfileChangedError, Tenant, patch_profile, read_profiles_by_id

CHUNK = 20
Progress = Callable[[int, int, str], None]


def silent(_done: int, _total: int, _name: str) -> None:
    """Progress that nobody watches."""


class Application:
    """One run over the actions of a plan.

    Args:
        tenant: Where to write.
        journal: Open for appending.
        pages: Requests that one listing of the tenant takes, to choose the cheaper read-back.
        progress: Called after each profile with (done, total, name).
    """

    def __init__(
        self,
        tenant: Tenant,
        journal: JournalWriter,
        *,
        pages: int = 1,
        progress: Progress = silent,
    ) -> None:
        self._tenant = tenant
        self._journal = journal
        self._pages = pages
        self._progress = progress
        self._tried_one = False
        self._stopped: str | None = None
        self._pre_images: dict[str, dict[str, Any]] = {}

    async def run(
        self, actions: Sequence[Action], earlier: JournalContent | None = None
    ) -> tuple[Outcome, ...]:
        """Apply every action, going on after failures, then read everything back.

        Args:
            actions: What to do.
            earlier: What the journal says of a run that was cut short.

        Raises:
            JournalError: the journal cannot be written; the run stops there.
        """
        outcomes: dict[str, Outcome] = {}
        done = 0
        for start in range(0, len(actions), CHUNK):
            chunk = actions[start : start + CHUNK]
            now = await self._read_now(chunk)
            for action in chunk:
                entry = earlier.entries.get(action.id) if earlier else None
                outcomes[action.id] = await self._one(action, now[action.id], entry)
                done += 1
                self._progress(done, len(actions), action.display_name or action.id)
        return await self._verify(actions, outcomes)

    async def _read_now(
        self, actions: Sequence[Action]
    ) -> dict[str, Profile | IntuneScepError | None]:
        ids = [action.id for action in actions]
        if self._stopped:
            return dict.fromkeys(ids)
        try:
            return await read_profiles_by_id(self._tenant, ids)
        except IntuneScepError as error:
            return dict.fromkeys(ids, error)

    async def _one(
        self, action: Action, now: Profile | IntuneScepError | None, entry: Entry | None
    ) -> Outcome:
        planned = Outcome(action.id, Status.PLANNED, before=action.before, after=action.after)
        if self._stopped:
            return planned.but(Status.HELD_BACK, self._stopped)
        if entry is not None and entry.pre_image is not None:
            self._pre_images[action.id] = entry.pre_image
        if isinstance(now, IntuneScepError):
            # Whether an interrupted write took effect cannot be told without reading.
            begun = entry is not None and entry.outcome is None
            return self._record(planned, Status.UNKNOWN if begun else Status.FAILED, str(now))
        if now is None:
            return self._record(planned, Status.CONFLICT, "The profile no longer exists.")
        if entry is not None and wire_sans(now) == action.after:
            return self._adopt(entry, planned)
        if (now.version, now.last_modified_date_time) != (
            action.version,
            action.last_modified_date_time,
        ) or wire_sans(now) != action.before:
            return self._record(
                planned,
                Status.CONFLICT,
                f"The profile was changed after it was planned (version {action.version} is now"
                f" {now.version}). It was left alone; plan again.",
            )
        return await self._write(action, now, planned)

    def _adopt(self, entry: Entry, planned: Outcome) -> Outcome:
        if entry.outcome is not None and entry.outcome["status"] == Status.APPLIED:
            return planned.but(Status.APPLIED, entry.outcome.get("message"))
        message = "Found changed already when the run was resumed."
        return self._record(planned, Status.APPLIED, message)

    async def _write(self, action: Action, now: Profile, planned: Outcome) -> Outcome:
        self._pre_images[action.id] = now.to_wire()
        self._journal.write(
            "intention", id=action.id, pre_image=now.to_wire(), patch={SANS: action.after}
        )
        try:
            written = await patch_profile(self._tenant, now, {SANS: action.after})
        except ProfileChangedError as error:
            return self._record(planned, Status.CONFLICT, str(error))
        except OutcomeUnknownError as error:
            return self._record(planned, Status.UNKNOWN, str(error))
        except IntuneScepError as error:
            return self._record(planned, Status.FAILED, str(error))
        message = (
            "The answer was lost; a re-read showed the change." if written.seen_by_reading else None
        )
        outcome = self._record(planned, Status.APPLIED, message)
        if not self._tried_one:
            outcome = await self._try_first(action, outcome)
        return outcome

    async def _try_first(self, action: Action, outcome: Outcome) -> Outcome:
        self._tried_one = True
        [checked] = await self._verify([action], {action.id: outcome})
        if checked.status in BAD:
            self._stopped = (
                "Not tried: the first change of the run did not have the intended effect on"
                f" {action.display_name or action.id}."
            )
        return checked

    def _record(self, planned: Outcome, status: Status, message: str | None) -> Outcome:
        self._journal.write("outcome", id=planned.id, status=status.value, message=message)
        return planned.but(status, message)

    async def _verify(
        self, actions: Sequence[Action], outcomes: dict[str, Outcome]
    ) -> tuple[Outcome, ...]:
        expectations = [
            Expectation(outcomes[action.id], self._pre_images[action.id], {SANS: action.after})
            for action in actions
            if action.id in self._pre_images and outcomes[action.id].status is not Status.HELD_BACK
        ]
        verified = await verify_outcomes(
            self._tenant, expectations, pages=self._pages, journal=self._journal
        )
        return tuple(verified.get(action.id, outcomes[action.id]) for action in actions)
