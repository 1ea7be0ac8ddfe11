"""Letting a SCEP profile point at another trusted root."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from intune_scep.changes.expectation import Beside, Expectation, Found
from intune_scep.changes.steps.base import (
    PreImage,
    Reference,
    RootIds,
    Roots,
    Step,
    Wire,
    maker,
)
from intune_scep.changes.steps.pointing import PointingWrite, is_undone, lack_of_link
from intune_scep.changes.steps.writing import Setting
from intune_scep.changes.values import text_or_none
from intune_scep.profiles import Profile
from intune_scep.tenant.root_links import read_root_id
from intune_scep.tenant.writes import link_root

_NOUN = "trusted root"


@dataclass(frozen=True)
class Link(Step):
    """Let a SCEP profile point at another trusted root; `after` None takes the link away."""

    kind: ClassVar[str] = "link"
    noun: ClassVar[str] = "link"
    before: str | None
    after: Reference | None

    @property
    def waits_for(self) -> tuple[str, ...]:
        return maker(self.after)

    def write(self, setting: Setting) -> LinkWrite:
        return LinkWrite(self, setting)

    def expect(self, expected: Expectation, before: Wire | None, root_id: RootIds) -> Expectation:
        return expected.with_beside(self.kind, _PointsAt(root_id(self.after)), before)

    def reverse(self, taken: PreImage, now: Profile, roots: Roots) -> list[Step]:
        root = roots.pointed_at(now.id)
        if is_undone(_NOUN, root, taken.root_id, roots.id_of(self.after)):
            return []
        return [Link(root, roots.reference(taken.root_id))]

    def to_dict(self) -> Wire:
        after = self.after.to_dict() if self.after else None
        return {"kind": self.kind, "before": self.before, "after": after}

    @classmethod
    def from_dict(cls, data: Wire) -> Link:
        return cls(text_or_none(data["before"]), Reference.from_dict(data["after"]))


@dataclass(frozen=True)
class _PointsAt(Beside):
    root_id: str | None
    needs_root: ClassVar[bool] = True

    def lack(self, found: Found) -> str | None:
        root = found.root
        now = root.id if isinstance(root, Profile) else root
        return lack_of_link(_NOUN, now, self.root_id)


class LinkWrite(PointingWrite):
    noun: ClassVar[str] = _NOUN

    def __init__(self, step: Link, setting: Setting) -> None:
        super().__init__(setting, step.before, setting.root_id(step.after))

    async def _pointed_at(self) -> str | None:
        return await read_root_id(self._tenant, self.subject.id, self.subject.odata_type)

    async def _point(self) -> None:
        await link_root(
            self._tenant,
            self.subject.id,
            self.subject.odata_type,
            self._after,
            permit=self.permit,
        )
