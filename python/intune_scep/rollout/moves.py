"""What a strategy has to say: what each stage of a ring means in the tenant."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from intune_scep.changes.plan import Plan, Task
from intune_scep.rollout.resolution import ResolvedRing
from intune_scep.rollout.tick import Wait
from intune_scep.rollout.words import Stage


class Moves(Protocol):
    """A strategy.

    Attributes:
        task: The job whose runs its plans are.
    """

    @property
    def task(self) -> Task: ...

    def before_gate(self, ring: ResolvedRing) -> Sequence[Stage]:
        """The stages of a ring before its gate is judged."""

    def after_gate(self, ring: ResolvedRing) -> Sequence[Stage]:
        """The stages of a ring after its gate has passed."""

    async def why_not(self, ring: ResolvedRing) -> Wait | None:
        """Why a ring cannot be moved as the file says, by what the tenant is like now."""

    async def devices(self, ring: ResolvedRing) -> Collection[str] | None:
        """Ids of the managed devices of a ring; None for all that its profiles have.

        Raises:
            IntuneScepError: they could not be read.
        """

    async def why_wait(self, ring: ResolvedRing, stage: Stage) -> Wait | None:
        """Why a stage may not begin yet."""

    async def plan(self, ring: ResolvedRing, stage: Stage, profiles: Collection[str]) -> Plan:
        """What a stage means for some profiles of a ring; its keys are the ids of the profiles.

        Raises:
            IntuneScepError: a profile is not there any more, or cannot be read.
        """
