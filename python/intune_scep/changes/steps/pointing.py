"""What letting a profile point elsewhere has in common, wherever it points."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import ClassVar

from intune_scep.changes.expectation import PATIENCE
from intune_scep.changes.steps.base import PreImage, changed_since
from intune_scep.changes.steps.writing import Setting, StepWrite
from intune_scep.errors import IntuneScepError, ProfileChangedError


class PointingWrite(StepWrite[bool]):
    """Lets a profile point at `after`, if it points at `before`.

    Attributes:
        noun: What it points at, in sentences.
    """

    noun: ClassVar[str]

    def __init__(self, setting: Setting, before: str | None, after: str | None) -> None:
        super().__init__(setting)
        self._before = before
        self._after = after
        self._checked = self._seen is None or self.begun

    @abstractmethod
    async def _pointed_at(self) -> str | None:
        """Id of what it points at now."""

    @abstractmethod
    async def _point(self) -> None:
        """Send the link."""

    async def look(self) -> bool | None:
        if not self._checked:
            profile = await self._read()
            self._require_planned(profile)
            self.pre_image = PreImage(wire=profile.to_wire())
            self._checked = True
        now = await self._pointed_at_now()
        if now == self._after:
            return True
        if now != self._before and not self.subject.made:
            raise ProfileChangedError(
                f"Its {self.noun} was changed meanwhile: {now}. It was left alone; plan again."
            )
        if self._filed and self.pre_image.wire is not None:
            self._require_as_filed(await self._read())
        if not self.begun:
            self.pre_image = replace(self.pre_image, root_id=now, root_read=True)
        return None

    async def _pointed_at_now(self) -> str | None:
        now = await self._pointed_at()
        if now is None and self.subject.made:
            # It points at nothing, or is not there yet.
            await self._read()
            now = await self._pointed_at()
        return now

    async def send(self) -> bool:
        await self._point()
        return True


def lack_of_link(
    what: str, now: str | tuple[str, ...] | IntuneScepError | None, wanted: str | None
) -> str | None:
    """What reading a link back says against it, in a sentence; None where it is as wanted.

    Args:
        what: What it points at, in sentences.
        now: Id of what it points at, or why that could not be read.
    """
    if isinstance(now, IntuneScepError):
        return f"Its {what} could not be read back: {now}"
    if now == wanted:
        return None
    return (
        f"Graph accepted the link to the {what}, but does not keep it: {PATIENCE} does not show it."
    )


def is_undone(what: str, now: str | None, taken: str | None, given: str | None) -> bool:
    """Whether a link leads where it led before a run, and need not be taken back.

    Raises:
        LeftAloneError: it leads elsewhere than the run left it.
    """
    if now not in {taken, given}:
        raise changed_since(f"its {what}")
    return now == taken
