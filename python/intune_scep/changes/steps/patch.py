"""Changing properties of a profile."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from intune_scep.changes.content import differences
from intune_scep.changes.expectation import Expectation
from intune_scep.changes.steps.base import (
    PreImage,
    RootIds,
    Roots,
    Step,
    Wire,
    changed_since,
)
from intune_scep.changes.steps.writing import (
    AsPlannedAlreadyError,
    Setting,
    StepWrite,
    is_same_edition,
    profile_of,
)
from intune_scep.changes.values import object_of
from intune_scep.errors import ProfileChangedError
from intune_scep.profiles import Profile, changed_properties
from intune_scep.tenant.writes import patch_profile


@dataclass(frozen=True)
class Patch(Step):
    """Change properties of a profile.

    Attributes:
        before: The changed properties as the plan saw them.
        after: The same as they are to be, collections whole.
    """

    kind: ClassVar[str] = "patch"
    noun: ClassVar[str] = "change"
    before: Wire
    after: Wire

    @property
    def properties(self) -> frozenset[str]:
        return frozenset(self.after)

    def write(self, setting: Setting) -> PatchWrite:
        return PatchWrite(self, setting)

    def expect(self, expected: Expectation, before: Wire | None, root_id: RootIds) -> Expectation:
        return replace(expected, asked=self.after, before=before)

    def reverse(self, taken: PreImage, now: Profile, roots: Roots) -> list[Step]:
        before, wire = taken.wire or {}, now.to_wire()
        if not differences(before, wire):
            return []
        if differing := differences({**before, **self.after}, wire):
            raise changed_since(", ".join(sorted(differing)))
        return [Patch(self.after, {name: before.get(name) for name in self.after})]

    def to_dict(self) -> Wire:
        return {"kind": self.kind, "before": self.before, "after": self.after}

    @classmethod
    def from_dict(cls, data: Wire) -> Patch:
        return cls(object_of(data["before"]), object_of(data["after"]))


class PatchWrite(StepWrite[Profile]):
    def __init__(self, step: Patch, setting: Setting) -> None:
        super().__init__(setting)
        self._step = step
        if self.begun:
            self.before = profile_of(self.pre_image)

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

    def _differing(self, now: Profile, wanted: Wire) -> tuple[str, ...]:
        typed = {"@odata.type": now.odata_type, **wanted}
        return tuple(name for name in changed_properties(now, typed) if name != "@odata.type")

    async def send(self) -> Profile:
        before = self.before
        assert before is not None
        await patch_profile(
            self._tenant,
            self.subject.id,
            before.odata_type,
            self._step.after,
            permit=self.permit,
        )
        return before

    def landed(self, value: Profile) -> None:
        self.subject.edition = self.before
