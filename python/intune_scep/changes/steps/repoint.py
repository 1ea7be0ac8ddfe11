"""Letting a dependant use the certificates of another profile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from intune_scep.changes.expectation import Beside, Expectation, Found
from intune_scep.changes.steps.base import PreImage, RootIds, Roots, Step, Wire
from intune_scep.changes.steps.pointing import PointingWrite, is_undone, lack_of_link
from intune_scep.changes.steps.writing import Setting
from intune_scep.changes.values import text_of, text_or_none
from intune_scep.profiles import Profile
from intune_scep.tenant.dependants import read_link
from intune_scep.tenant.writes import link_certificate

_NOUN = "certificate profile"


@dataclass(frozen=True)
class Repoint(Step):
    """Let a Wi-Fi, VPN, wired, mail or single sign-on profile point at another certificate profile.

    Attributes:
        link: Name of the navigation property; the type of the profile must have it.
        before, after: Ids; None is none.
    """

    kind: ClassVar[str] = "repoint"
    noun: ClassVar[str] = "link of a dependant"
    link: str
    before: str | None
    after: str | None

    @property
    def links(self) -> frozenset[str]:
        return frozenset({self.link})

    def write(self, setting: Setting) -> RepointWrite:
        return RepointWrite(self, setting)

    def expect(self, expected: Expectation, before: Wire | None, root_id: RootIds) -> Expectation:
        # One profile may have several links.
        return expected.with_beside(
            f"{self.kind} {self.link}", _Uses(self.link, self.after), before
        )

    def reverse(self, taken: PreImage, now: Profile, roots: Roots) -> list[Step]:
        led_to = roots.led_to(now.id, self.link)
        if is_undone(_NOUN, led_to, taken.root_id, self.after):
            return []
        return [Repoint(self.link, led_to, taken.root_id)]

    def to_dict(self) -> Wire:
        return {"kind": self.kind, "link": self.link, "before": self.before, "after": self.after}

    @classmethod
    def from_dict(cls, data: Wire) -> Repoint:
        before, after = text_or_none(data["before"]), text_or_none(data["after"])
        return cls(text_of(data["link"]), before, after)


@dataclass(frozen=True)
class _Uses(Beside):
    link: str
    profile_id: str | None

    @property
    def links(self) -> frozenset[str]:
        return frozenset({self.link})

    def lack(self, found: Found) -> str | None:
        return lack_of_link(_NOUN, found.links.get(self.link), self.profile_id)


class RepointWrite(PointingWrite):
    noun: ClassVar[str] = _NOUN

    def __init__(self, step: Repoint, setting: Setting) -> None:
        super().__init__(setting, step.before, step.after)
        self._link = step.link

    async def _pointed_at(self) -> str | None:
        return await read_link(self._tenant, self.subject.id, self.subject.odata_type, self._link)

    async def _point(self) -> None:
        await link_certificate(
            self._tenant,
            self.subject.id,
            self.subject.odata_type,
            self._link,
            self._after,
            permit=self.permit,
        )
