"""Deleting a profile."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from intune_scep.changes.expectation import Expectation
from intune_scep.changes.steps.base import PreImage, RootIds, Step, Wire
from intune_scep.changes.steps.writing import (
    Setting,
    StepWrite,
    is_same_edition,
    profile_of,
)
from intune_scep.changes.values import texts_of
from intune_scep.errors import ProfileChangedError
from intune_scep.profiles import Profile
from intune_scep.tenant.profiles import read_profile
from intune_scep.tenant.root_links import read_root_id
from intune_scep.tenant.writes import delete_profile


@dataclass(frozen=True)
class Delete(Step):
    """Delete a profile, after everything else of the plan.

    Attributes:
        after: Keys of the actions that must have ended well before.
    """

    kind: ClassVar[str] = "delete"
    noun: ClassVar[str] = "deletion"
    deletes: ClassVar[bool] = True
    after: tuple[str, ...] = ()

    @property
    def waits_for(self) -> tuple[str, ...]:
        return self.after

    def write(self, setting: Setting) -> DeleteWrite:
        return DeleteWrite(self, setting)

    def expect(self, expected: Expectation, before: Wire | None, root_id: RootIds) -> Expectation:
        return replace(expected, gone=True)

    def to_dict(self) -> Wire:
        return {"kind": self.kind, "after": list(self.after)}

    @classmethod
    def from_dict(cls, data: Wire) -> Delete:
        return cls(texts_of(data["after"]))


class DeleteWrite(StepWrite[bool]):
    def __init__(self, step: Delete, setting: Setting) -> None:
        super().__init__(setting)
        self._step = step
        if self.begun:
            self.before = profile_of(self.pre_image)

    async def look(self) -> bool | None:
        now = await read_profile(
            self._tenant,
            self.subject.id,
            with_assignments=True,
            odata_type=self.subject.odata_type,
        )
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
        await delete_profile(self._tenant, self.subject.id, permit=self.permit)
        return True
