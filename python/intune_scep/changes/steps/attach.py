"""Letting a dependant trust one more root."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from intune_scep.changes.expectation import PATIENCE, Beside, Expectation, Found
from intune_scep.changes.steps.base import RootIds, Step, Wire
from intune_scep.changes.steps.writing import Setting, StepWrite
from intune_scep.changes.values import text_of
from intune_scep.errors import IntuneScepError
from intune_scep.tenant.dependants import read_collection_link
from intune_scep.tenant.writes import attach_certificate


@dataclass(frozen=True)
class Attach(Step):
    """Let a link that may lead to several profiles lead to one more; of a profile just made.

    Taking back the making of the profile takes it back too.

    Attributes:
        link: Name of the navigation property; the type of the profile must have it.
        target: Id of the trusted root.
    """

    kind: ClassVar[str] = "attach"
    noun: ClassVar[str] = "further link of a dependant"
    link: str
    target: str

    @property
    def links(self) -> frozenset[str]:
        return frozenset({self.link})

    def write(self, setting: Setting) -> AttachWrite:
        return AttachWrite(self, setting)

    def expect(self, expected: Expectation, before: Wire | None, root_id: RootIds) -> Expectation:
        kind = f"{self.kind} {self.link} {self.target}"
        return expected.with_beside(kind, _LeadsTo(self.link, self.target), before)

    def to_dict(self) -> Wire:
        return {"kind": self.kind, "link": self.link, "target": self.target}

    @classmethod
    def from_dict(cls, data: Wire) -> Attach:
        return cls(text_of(data["link"]), text_of(data["target"]))


@dataclass(frozen=True)
class _LeadsTo(Beside):
    link: str
    target: str

    @property
    def links(self) -> frozenset[str]:
        return frozenset({self.link})

    def lack(self, found: Found) -> str | None:
        now = found.links.get(self.link)
        if isinstance(now, IntuneScepError):
            return f"Its trusted roots could not be read back: {now}"
        if isinstance(now, tuple) and self.target in now:
            return None
        return (
            f"Graph accepted the link to a trusted root, but does not keep it: {PATIENCE} does not"
            " show it."
        )


class AttachWrite(StepWrite[bool]):
    def __init__(self, step: Attach, setting: Setting) -> None:
        super().__init__(setting)
        self._step = step

    async def look(self) -> bool | None:
        now = await self._linked()
        if not now:
            # It leads nowhere, or is not there yet.
            await self._read()
            now = await self._linked()
        return True if self._step.target in now else None

    async def _linked(self) -> tuple[str, ...]:
        return await read_collection_link(
            self._tenant, self.subject.id, self.subject.odata_type, self._step.link
        )

    async def send(self) -> bool:
        await attach_certificate(
            self._tenant,
            self.subject.id,
            self.subject.odata_type,
            self._step.link,
            self._step.target,
            permit=self.permit,
        )
        return True
