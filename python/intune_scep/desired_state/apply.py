"""Walking a plan in the right order: read, compare, write once, verify the link, assign, read back.

Roots come before the SCEP profiles that point at them; deletions come last, SCEP profiles before
roots. In each chunk of 20 the profiles are read again first and compared with what the plan saw
(law 6), and no profile is assigned before its root link was seen.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from intune_scep.desired_state.plan import Change, StateAction, StatePlan
from intune_scep.desired_state.report import Outcome, Status, planned
from intune_scep.errors import IntuneScepError
from intune_scep.graph.errors import GraphError, OutcomeUnknownError
from intune_scep.profiles import Profile, ProfileKind, changed_properties
from intune_scep.tenant import (
    ProfileChangedError,
    Tenant,
    assign_profile,
    create_profile,
    delete_profile,
    is_same_edition,
    patch_profile,
    read_profiles,
    read_profiles_by_id,
    read_root_links,
    same_assignments,
    set_root_link,
)

CHUNK: Final = 20
Progress = Callable[[int, int, str], None]
Read = dict[str, Profile | IntuneScepError | None]
_MAKES: Final = frozenset({Change.CREATE, Change.REPLACE})


def silent(_done: int, _total: int, _name: str) -> None:
    """Progress that nobody watches."""


class _StoppedError(IntuneScepError):
    """An action ends here, with this status."""

    def __init__(self, status: Status, message: str) -> None:
        super().__init__(message)
        self.status = status


class StateApplication:
    """One run over the actions of a plan.

    Args:
        tenant: Where to write.
        plan: Without refused actions.
        progress: Called after each profile with (done, total, name).
    """

    def __init__(self, tenant: Tenant, plan: StatePlan, progress: Progress = silent) -> None:
        self._tenant = tenant
        self._plan = plan
        self._progress = progress
        self._known_ids = set(plan.known_ids)
        self._outcomes = {action.index: planned(action) for action in plan.actions}
        self._now: dict[int, Profile] = {}
        self._done = 0

    async def run(self) -> tuple[Outcome, ...]:
        """Carry out every action, going on after failures, then read everything back."""
        todo = [action for action in self._plan.actions if action.writes]
        await self._look_for_twins([a for a in todo if a.change is Change.CREATE])
        for kind in (ProfileKind.TRUSTED_ROOT, ProfileKind.SCEP):
            await self._write(
                [a for a in todo if a.change is not Change.DELETE and a.profile_type.kind is kind]
            )
        await self._verify([action for action in todo if action.change is not Change.DELETE])
        for kind in (ProfileKind.SCEP, ProfileKind.TRUSTED_ROOT):
            await self._delete(
                [
                    a
                    for a in todo
                    if a.change in {Change.DELETE, Change.REPLACE} and a.profile_type.kind is kind
                ]
            )
        return tuple(self._outcomes[action.index] for action in self._plan.actions)

    async def _look_for_twins(self, creations: Sequence[StateAction]) -> None:
        """Stop a create whose name somebody else has given to a profile since the plan."""
        if not creations:
            return
        types = {action.profile_type.odata_type: action.profile_type for action in creations}
        try:
            snapshot = await read_profiles(self._tenant, types.values())
        except IntuneScepError as error:
            for action in creations:
                self._end(action, Status.FAILED, f"Whether it is there could not be read: {error}")
            return
        new = {
            (profile.odata_type, profile.display_name): profile.id
            for profile in snapshot.profiles
            if profile.id not in self._known_ids
        }
        for action in creations:
            if twin := new.get((action.profile_type.odata_type, action.name)):
                self._end(
                    action,
                    Status.CONFLICT,
                    f"Somebody else created a profile of this name meanwhile: {twin}.",
                )

    async def _write(self, actions: Sequence[StateAction]) -> None:
        for start in range(0, len(actions), CHUNK):
            chunk = actions[start : start + CHUNK]
            read = await self._read_now([a.id for a in chunk if a.id is not None])
            for action in chunk:
                await self._step(action, partial(self._write_body, action, read))
            await self._link(chunk)
            for action in chunk:
                await self._step(action, partial(self._assign, action))
                self._count(action)

    async def _step(self, action: StateAction, work: Callable[[], Awaitable[None]]) -> None:
        """Do one step of an action that has not ended yet, and record how it ended badly."""
        if self._outcomes[action.index].status is not Status.PLANNED:
            return
        try:
            await work()
        except _StoppedError as error:
            self._end(action, error.status, str(error))
        except ProfileChangedError as error:
            self._end(action, Status.CONFLICT, str(error))
        except OutcomeUnknownError as error:
            self._touch(action)
            self._end(action, Status.UNKNOWN, str(error))
        except IntuneScepError as error:
            self._end(action, Status.FAILED, _explained(action, error))

    def _end(self, action: StateAction, status: Status, message: str | None) -> None:
        outcome = self._outcomes[action.index]
        if outcome.touched and status is not Status.APPLIED and message:
            message = f"{message} Part of the change was made before."
        self._outcomes[action.index] = outcome.but(status, message)

    def _touch(self, action: StateAction, identifier: str | None = None) -> None:
        outcome = self._outcomes[action.index]
        self._outcomes[action.index] = replace(outcome, touched=True, id=identifier or outcome.id)

    async def _read_now(self, ids: Sequence[str]) -> Read:
        try:
            return await read_profiles_by_id(self._tenant, ids, with_assignments=True)
        except IntuneScepError as error:
            return dict.fromkeys(ids, error)

    def _unchanged(self, action: StateAction, read: Read) -> Profile:
        """The profile as it is now, which must be as the plan saw it (law 6)."""
        now = read.get(action.id or "")
        if isinstance(now, IntuneScepError):
            raise _StoppedError(Status.FAILED, f"It could not be read: {now}")
        if now is None:
            raise _StoppedError(Status.CONFLICT, "The profile no longer exists.")
        assert action.current is not None
        assigned = same_assignments(now.assignments or (), action.current.assignments or ())
        if is_same_edition(now, action.current) and assigned:
            return now
        raise _StoppedError(
            Status.CONFLICT,
            f"The profile was changed after it was planned (version {action.current.version} is now"
            f" {now.version}). It was left alone; plan again.",
        )

    async def _write_body(self, action: StateAction, read: Read) -> None:
        self._require_earlier(action)
        if action.current is not None:
            self._now[action.index] = self._unchanged(action, read)
        if action.change in _MAKES:
            await self._create(action)
        elif action.body:
            before = self._now[action.index]
            written = await patch_profile(self._tenant, before, action.body)
            self._touch(action)
            self._tell(action, seen_by_reading=written.seen_by_reading)

    def _require_earlier(self, action: StateAction) -> None:
        for index in action.after:
            earlier = self._outcomes[index]
            if earlier.status not in {Status.APPLIED, Status.UNCHANGED, Status.PLANNED}:
                raise _StoppedError(
                    Status.HELD_BACK,
                    f"Not tried, because of {earlier.action.name!r}: {earlier.message}",
                )

    async def _create(self, action: StateAction) -> None:
        written = await create_profile(
            self._tenant,
            action.body,
            root_id=self._root_id(action),
            known_ids=self._known_ids,
        )
        created = written.value
        self._known_ids.add(created.id or "")
        self._now[action.index] = created
        self._touch(action, created.id)
        self._tell(action, seen_by_reading=written.seen_by_reading)

    def _tell(self, action: StateAction, *, seen_by_reading: bool) -> None:
        if seen_by_reading:
            outcome = self._outcomes[action.index]
            message = "The answer was lost; a re-read showed the change."
            self._outcomes[action.index] = replace(outcome, message=message)

    def _root_id(self, action: StateAction) -> str | None:
        target = action.root.after if action.root is not None else None
        if target is None or target.action is None:
            return target.id if target is not None else None
        made = self._now.get(target.action)
        if made is None or not made.id:
            raise _StoppedError(
                Status.HELD_BACK, f"Not tried: the trusted root {target.name!r} was not created."
            )
        return made.id

    async def _link(self, chunk: Sequence[StateAction]) -> None:
        """See that each link is as it should be, set it where it is not, and see again."""
        linked = [action for action in chunk if action.root is not None and self._is_open(action)]
        wrong = await self._wrong_links(linked)
        for action in wrong:
            await self._step(action, partial(self._relink, action))
        still_wrong = await self._wrong_links([a for a in wrong if self._is_open(a)])
        for action in still_wrong:
            self._end(
                action,
                Status.FAILED,
                "Graph accepted the link to the trusted root but does not keep it. The profile was"
                " not assigned.",
            )

    def _is_open(self, action: StateAction) -> bool:
        return self._outcomes[action.index].status is Status.PLANNED

    async def _wrong_links(self, actions: Sequence[StateAction]) -> list[StateAction]:
        profiles = [self._now[action.index] for action in actions]
        try:
            links = await read_root_links(self._tenant, profiles)
        except IntuneScepError as error:
            links = {profile.id or "": error for profile in profiles}
        wrong: list[StateAction] = []
        for action in actions:
            link = links[self._now[action.index].id or ""]
            if isinstance(link, IntuneScepError):
                self._end(action, Status.UNKNOWN, f"Its root could not be read back: {link}")
            elif (link.id if link is not None else None) != self._root_id(action):
                if action.change not in _MAKES and not _is_before(action, link):
                    self._end(action, Status.CONFLICT, "Its root was changed after it was planned.")
                else:
                    wrong.append(action)
        return wrong

    async def _relink(self, action: StateAction) -> None:
        before = action.root.before if action.root is not None else None
        await set_root_link(self._tenant, self._now[action.index], before, self._root_id(action))
        self._touch(action)

    async def _assign(self, action: StateAction) -> None:
        if action.assignments is not None:
            identifier = self._now[action.index].id or ""
            await assign_profile(
                self._tenant, identifier, action.assignments.before, action.assignments.after
            )
            self._touch(action)

    def _count(self, action: StateAction) -> None:
        self._done += 1
        total = sum(1 for each in self._plan.actions if each.writes)
        self._progress(self._done, total, action.name)

    async def _verify(self, actions: Sequence[StateAction]) -> None:
        """Read back everything written; what is as wanted ends as applied."""
        written = [action for action in actions if self._is_open(action)]
        for start in range(0, len(written), CHUNK):
            chunk = written[start : start + CHUNK]
            read = await self._read_now([self._now[action.index].id or "" for action in chunk])
            for action in chunk:
                self._judge(action, read[self._now[action.index].id or ""])

    def _judge(self, action: StateAction, now: Profile | IntuneScepError | None) -> None:
        if isinstance(now, IntuneScepError):
            self._end(action, Status.UNKNOWN, f"It could not be read back: {now}")
            return
        if now is None:
            self._end(action, Status.FAILED, "It is gone after the change.")
            return
        self._now[action.index] = now
        typed = {"@odata.type": now.odata_type, **action.body}
        wrong = [name for name in changed_properties(now, typed) if name != "@odata.type"]
        if action.assignments is not None and not same_assignments(
            now.assignments or (), action.assignments.after
        ):
            wrong.append("assignments")
        if wrong:
            self._end(
                action, Status.FAILED, f"Graph accepted the change but holds another {wrong[0]}."
            )
        else:
            self._end(action, Status.APPLIED, self._outcomes[action.index].message)

    async def _delete(self, actions: Sequence[StateAction]) -> None:
        for start in range(0, len(actions), CHUNK):
            chunk = [a for a in actions[start : start + CHUNK] if self._may_delete(a)]
            read = await self._read_now([action.id or "" for action in chunk])
            for action in chunk:
                await self._delete_one(action, read)
                if action.change is Change.DELETE:
                    self._count(action)

    def _may_delete(self, action: StateAction) -> bool:
        outcome = self._outcomes[action.index]
        wanted = Status.PLANNED if action.change is Change.DELETE else Status.APPLIED
        return outcome.status is wanted

    async def _delete_one(self, action: StateAction, read: Read) -> None:
        outcome = self._outcomes[action.index]
        self._outcomes[action.index] = outcome.but(Status.PLANNED, outcome.message)
        await self._step(action, partial(self._delete_now, action, read))
        ended = self._outcomes[action.index]
        if ended.status is Status.PLANNED:
            gone = replace(ended, id=None) if action.change is Change.DELETE else ended
            self._outcomes[action.index] = gone.but(Status.APPLIED, ended.message)
        elif action.change is Change.REPLACE:
            self._outcomes[action.index] = ended.but(
                ended.status,
                f"The new profile {ended.id} is complete, but the old one {action.id} is still"
                f" there: {ended.message}",
            )

    async def _delete_now(self, action: StateAction, read: Read) -> None:
        self._require_ended(action)
        now = read.get(action.id or "")
        if now is None:
            return  # Somebody else deleted it, which is what was wanted.
        await delete_profile(self._tenant, self._unchanged(action, read))
        self._touch(action)

    def _require_ended(self, action: StateAction) -> None:
        for index in action.after:
            earlier = self._outcomes[index]
            if index != action.index and earlier.status is not Status.APPLIED:
                raise _StoppedError(
                    Status.HELD_BACK,
                    f"Not deleted, because {earlier.action.name!r} may still use it:"
                    f" {earlier.message}",
                )


def _is_before(action: StateAction, link: Profile | None) -> bool:
    assert action.root is not None
    return (link.id if link is not None else None) == action.root.before


def _explained(action: StateAction, error: IntuneScepError) -> str:
    refused = isinstance(error, GraphError) and 400 <= error.status < 500
    if refused and action.change is Change.UPDATE and "certificateStore" in action.body:
        return (
            f"{error} If certificate_type cannot be changed in place here, set replace: true, or"
            " declare a new profile under another name."
        )
    return str(error)
