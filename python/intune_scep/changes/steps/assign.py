"""Replacing the assignments of a profile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from intune_scep.changes.expectation import PATIENCE, Beside, Expectation, Found
from intune_scep.changes.steps.base import (
    Assignments,
    PreImage,
    RootIds,
    Roots,
    Step,
    Wire,
    changed_since,
)
from intune_scep.changes.steps.writing import Setting, StepWrite, require_no_edit_between
from intune_scep.changes.values import objects_of
from intune_scep.errors import ProfileChangedError
from intune_scep.profiles import Profile
from intune_scep.profiles.targets import same_assignments
from intune_scep.tenant.writes import assign_profile


@dataclass(frozen=True)
class Assign(Step):
    """Replace the assignments of a profile as a whole."""

    kind: ClassVar[str] = "assign"
    noun: ClassVar[str] = "assignment"
    before: Assignments
    after: Assignments

    def write(self, setting: Setting) -> AssignWrite:
        return AssignWrite(self, setting)

    def expect(self, expected: Expectation, before: Wire | None, root_id: RootIds) -> Expectation:
        return expected.with_beside(self.kind, _AssignedTo(self.after), before)

    def reverse(self, taken: PreImage, now: Profile, roots: Roots) -> list[Step]:
        held = now.assignments or ()
        if same_assignments(held, taken.assignments):
            return []
        if not same_assignments(held, self.after):
            raise changed_since("its assignments")
        return [Assign(self.after, taken.assignments)]

    def to_dict(self) -> Wire:
        return {"kind": self.kind, "before": list(self.before), "after": list(self.after)}

    @classmethod
    def from_dict(cls, data: Wire) -> Assign:
        return cls(objects_of(data["before"]), objects_of(data["after"]))


@dataclass(frozen=True)
class _AssignedTo(Beside):
    wanted: Assignments
    needs_assignments: ClassVar[bool] = True

    def lack(self, found: Found) -> str | None:
        if same_assignments(found.profile.assignments or (), self.wanted):
            return None
        return f"Graph accepted the assignments, but {PATIENCE} does not show them."


class AssignWrite(StepWrite[bool]):
    def __init__(self, step: Assign, setting: Setting) -> None:
        super().__init__(setting)
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
        self._require_as_filed(now)
        if not self.begun:
            self.pre_image = PreImage(wire={**now.to_wire(), "assignments": list(held)})
        return None

    async def send(self) -> bool:
        await assign_profile(self._tenant, self.subject.id, self._step.after, permit=self.permit)
        return True
