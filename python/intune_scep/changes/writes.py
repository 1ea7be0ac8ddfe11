"""How each kind of step is looked at and sent.

Each class answers three questions of `write_once`: is the effect there, is everything as the plan
saw it, and how is it sent. What they read before the first sending is the pre-image.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from intune_scep.changes.plan import Seen
from intune_scep.changes.steps import Assign, Create, Delete, Link, Patch, PreImage
from intune_scep.errors import IntuneScepError, OutcomeUnknownError, ProfileChangedError
from intune_scep.graph.retry import never_sent
from intune_scep.graph.settle import settle
from intune_scep.profiles import Profile, changed_properties, parse_profile
from intune_scep.profiles.targets import same_assignments
from intune_scep.tenant import Tenant
from intune_scep.tenant.profiles import read_profile
from intune_scep.tenant.root_links import read_root_id
from intune_scep.tenant.writes import (
    assign_profile,
    create_profile,
    delete_profile,
    link_root,
    patch_profile,
)

T = TypeVar("T")


class AsPlannedAlreadyError(IntuneScepError):
    """The profile is as the plan wants it, though nobody announced a write."""


@dataclass
class Subject:
    """The profile that the steps of an action are about.

    Attributes:
        made: Whether this action made it, so that nobody has it yet.
        edition: As it was read before the write that changed it last; None before the first.
    """

    id: str
    odata_type: str
    made: bool = False
    edition: Profile | None = None


class StepWrite(ABC, Generic[T]):
    """One step of one action, ready to be walked.

    Args:
        seen: What the plan saw of the profile; None where another step of the action was first.
        record: Called with the pre-image before the first sending.
        recorded: The pre-image that an earlier run announced, if one did.

    Attributes:
        begun: Whether an earlier run announced the write.
        announced: Whether this run did.
        pre_image: What the write takes away, once it was looked at.
        before: The profile as it was read before the write, where that is read.
    """

    def __init__(
        self,
        tenant: Tenant,
        subject: Subject,
        seen: Seen | None,
        record: Callable[[PreImage], None],
        recorded: PreImage | None,
    ) -> None:
        self.subject = subject
        self._tenant = tenant
        self._seen = seen
        self._record = record
        self.begun = recorded is not None
        self.announced = False
        self.pre_image = recorded or PreImage()
        self.before: Profile | None = None

    @abstractmethod
    async def look(self) -> T | None: ...

    @abstractmethod
    async def send(self) -> T: ...

    def announce(self) -> None:
        if not self.begun:
            self._record(self.pre_image)
            self.announced = True

    async def _read(self, *, with_assignments: bool = False) -> Profile:
        wanted = with_assignments or (self._seen is not None and self._seen.assignments is not None)

        async def read() -> Profile | None:
            return await read_profile(self._tenant, self.subject.id, with_assignments=wanted)

        now = await (self._read_new(read) if self.subject.made else read())
        if now is None:
            raise ProfileChangedError("The profile no longer exists.")
        return now

    async def _read_new(self, read: Callable[[], Awaitable[Profile | None]]) -> Profile:
        """Read what was just made, which may not show at once.

        Raises:
            OutcomeUnknownError: it did not show.
        """
        patience = self._tenant.patience
        seen = await settle(read, lambda now: now is not None, patience=patience)
        if seen.value is not None and seen.seen:
            return seen.value
        raise OutcomeUnknownError(
            f"It was made, but {patience:g} s of reading does not show it."
        ) from seen.error

    def _require_planned(self, now: Profile) -> None:
        """Refuse a profile that is not in the edition the plan saw (law 6).

        Raises:
            ProfileChangedError: with both editions.
        """
        seen = self._seen
        if seen is None or self.begun:
            return
        same = (now.version, now.last_modified_date_time) == (seen.version, seen.last_modified)
        if same and (
            seen.assignments is None or same_assignments(now.assignments or (), seen.assignments)
        ):
            return
        raise ProfileChangedError(
            f"The profile was changed after it was planned (version {seen.version} is now"
            f" {now.version}). It was left alone; plan again."
        )


class PatchWrite(StepWrite[Profile]):
    """Change properties."""

    def __init__(self, step: Patch, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._step = step
        if self.begun:
            self.before = _profile_of(self.pre_image)

    async def look(self) -> Profile | None:
        now = await self._read()
        if self.before is None:
            self._require_as_planned(now)
            return None
        if not self._differing(now, self._step.after):
            return now
        if is_same_edition(self.before, now):
            return None
        raise ProfileChangedError(
            f"The profile was changed by somebody else meanwhile (version {self.before.version}"
            f" is now {now.version})."
        )

    def _require_as_planned(self, now: Profile) -> None:
        try:
            self._require_planned(now)
            if differing := self._differing(now, self._step.before):
                raise ProfileChangedError(
                    f"{', '.join(differing)} of the profile changed after it was planned. It was"
                    " left alone; plan again."
                )
        except ProfileChangedError as error:
            if not self._differing(now, self._step.after):
                raise AsPlannedAlreadyError(
                    "It is as planned already. Nothing was sent."
                ) from error
            raise
        self.before = now
        self.pre_image = PreImage(wire=now.to_wire())

    def _differing(self, now: Profile, wanted: dict[str, Any]) -> tuple[str, ...]:
        typed = {"@odata.type": now.odata_type, **wanted}
        return tuple(name for name in changed_properties(now, typed) if name != "@odata.type")

    async def send(self) -> Profile:
        before = self.before
        assert before is not None
        await patch_profile(self._tenant, self.subject.id, before.odata_type, self._step.after)
        return before


class LinkWrite(StepWrite[bool]):
    """Point at a root.

    Args:
        root_id: The root to point at; None for none.
    """

    def __init__(self, step: Link, root_id: str | None, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._step = step
        self._root_id = root_id
        self._checked = self._seen is None or self.begun

    async def look(self) -> bool | None:
        if not self._checked:
            profile = await self._read()
            self._require_planned(profile)
            self.pre_image = PreImage(wire=profile.to_wire())
            self._checked = True
        now = await self._root_id_now()
        if now == self._root_id:
            return True
        if now != self._step.before and not self.subject.made:
            raise ProfileChangedError(
                f"Its trusted root was changed meanwhile: {now}. It was left alone; plan again."
            )
        if not self.begun:
            self.pre_image = replace(self.pre_image, root_id=now, root_read=True)
        return None

    async def _root_id_now(self) -> str | None:
        now = await read_root_id(self._tenant, self.subject.id, self.subject.odata_type)
        if now is None and self.subject.made:
            # No root, or no profile yet.
            await self._read()
            now = await read_root_id(self._tenant, self.subject.id, self.subject.odata_type)
        return now

    async def send(self) -> bool:
        await link_root(self._tenant, self.subject.id, self.subject.odata_type, self._root_id)
        return True


class AssignWrite(StepWrite[bool]):
    """Replace the assignments."""

    def __init__(self, step: Assign, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._step = step
        self._looked = False

    async def look(self) -> bool | None:
        now = await self._read(with_assignments=True)
        if not self._looked:
            self._require_planned(now)
            require_no_edit_between(self.subject, now)
            self._looked = True
        held = now.assignments or ()
        if same_assignments(held, self._step.after):
            return True
        if not same_assignments(held, self._step.before):
            raise ProfileChangedError(
                "Its assignments were changed meanwhile. They were left alone; plan again."
            )
        if not self.begun:
            self.pre_image = PreImage(wire={**now.to_wire(), "assignments": list(held)})
        return None

    async def send(self) -> bool:
        await assign_profile(self._tenant, self.subject.id, self._step.after)
        return True


class CreateWrite(StepWrite[Profile]):
    """Make a profile.

    Args:
        root_id: The root to bind.
        others: Asks for the profiles of its type and name that are there now, but for those the
            plan knew and those this run made; `fresh` asks Graph again.
    """

    def __init__(
        self,
        step: Create,
        root_id: str | None,
        others: Callable[..., Awaitable[list[Profile]]],
        *arguments: Any,
    ) -> None:
        super().__init__(*arguments)
        self._step = step
        self._root_id = root_id
        self._others = others
        self._tried = self._listed = self.begun

    async def look(self) -> Profile | None:
        there = await self._others(fresh=self._listed)
        self._listed = True
        # What stands there before anything was sent is somebody else's, whatever it holds.
        ours = [item for item in there if self._tried and holds(item, self._step.body)]
        if len(ours) > 1:
            ids = ", ".join(sorted(profile.id or "?" for profile in ours))
            raise OutcomeUnknownError(
                f"Several new profiles look like the one that was being created: {ids}."
            )
        if ours:
            return ours[0]
        if there:
            raise ProfileChangedError(
                f"Somebody else created a profile of this name meanwhile: {there[0].id}."
            )
        return None

    async def send(self) -> Profile:
        try:
            return await create_profile(self._tenant, self._step.body, self._root_id)
        except IntuneScepError as error:
            self._tried = self._tried or not never_sent(error)
            raise


class DeleteWrite(StepWrite[bool]):
    """Delete the profile."""

    def __init__(self, step: Delete, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._step = step
        if self.begun:
            self.before = _profile_of(self.pre_image)

    async def look(self) -> bool | None:
        now = await read_profile(self._tenant, self.subject.id, with_assignments=True)
        if now is None:
            return True
        if self.before is not None:
            if is_same_edition(self.before, now):
                return None
            raise ProfileChangedError(
                f"The profile was changed by somebody else meanwhile (version"
                f" {self.before.version} is now {now.version})."
            )
        self._require_planned(now)
        root_id = await self._root_id(now)
        self.before = now
        self.pre_image = PreImage(wire=now.to_wire(), root_id=root_id, root_read=now.is_scep)
        return None

    async def _root_id(self, now: Profile) -> str | None:
        if not now.is_scep:
            return None
        return await read_root_id(self._tenant, self.subject.id, now.odata_type)

    async def send(self) -> bool:
        await delete_profile(self._tenant, self.subject.id)
        return True


def holds(profile: Profile, body: dict[str, Any]) -> bool:
    """Whether a profile holds what a create sent."""
    return not not_kept(profile, body)


def not_kept(profile: Profile, body: dict[str, Any]) -> tuple[str, ...]:
    """The properties of a create that a profile does not hold; null and empty are alike there."""
    now = profile.to_wire()
    return tuple(
        name
        for name in changed_properties(now, body)
        if (now.get(name) or None) != (body.get(name) or None)
    )


def require_no_edit_between(subject: Subject, now: Profile) -> None:
    """Refuse to go on with a profile that somebody edited after the action's own change of it.

    Raises:
        ProfileChangedError: with both versions.
    """
    before = subject.edition
    if before is None or before.version is None or now.version is None:
        return
    if now.version > before.version + 1:
        raise ProfileChangedError(
            f"Somebody changed the profile as well: version {before.version} was read, one change"
            f" was made, and now it is version {now.version}."
        )


def is_same_edition(one: Profile, other: Profile) -> bool:
    """Whether version and modification time say that nobody wrote in between (law 6)."""
    return (one.version, one.last_modified_date_time) == (
        other.version,
        other.last_modified_date_time,
    )


def _profile_of(pre_image: PreImage) -> Profile | None:
    return parse_profile(pre_image.wire) if pre_image.wire is not None else None
