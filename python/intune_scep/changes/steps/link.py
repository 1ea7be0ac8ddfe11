"""Letting a SCEP profile point at another trusted root."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from intune_scep.changes.expectation import PATIENCE, Beside, Expectation, Found
from intune_scep.changes.steps.base import (
    PreImage,
    Reference,
    RootIds,
    Roots,
    Step,
    Wire,
    changed_since,
    maker,
)
from intune_scep.changes.steps.writing import Setting, StepWrite
from intune_scep.changes.values import text_or_none
from intune_scep.errors import IntuneScepError, ProfileChangedError
from intune_scep.profiles import Profile
from intune_scep.tenant.root_links import read_root_id
from intune_scep.tenant.writes import link_root


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
        if root == taken.root_id:
            return []
        if root != roots.id_of(self.after):
            raise changed_since("its trusted root")
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
        if isinstance(root, IntuneScepError):
            return f"Its root could not be read back: {root}"
        if (root.id if root is not None else None) == self.root_id:
            return None
        return (
            "Graph accepted the link to the trusted root, but does not keep it:"
            f" {PATIENCE} does not show it."
        )


class LinkWrite(StepWrite[bool]):
    def __init__(self, step: Link, setting: Setting) -> None:
        super().__init__(setting)
        self._step = step
        self._root_id = setting.root_id(step.after)
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
        if self._filed and self.pre_image.wire is not None:
            self._require_as_filed(await self._read())
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
        await link_root(
            self._tenant,
            self.subject.id,
            self.subject.odata_type,
            self._root_id,
            permit=self.permit,
        )
        return True
