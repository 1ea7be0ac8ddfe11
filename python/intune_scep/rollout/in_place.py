"""The strategy `in_place`: the SID URI is appended to the profiles that everybody has."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import ClassVar

from intune_scep.changes.plan import Plan, Task
from intune_scep.rollout.resolution import ResolvedRing
from intune_scep.rollout.tick import Wait
from intune_scep.rollout.words import Stage
from intune_scep.strong_mapping.choices import Choices
from intune_scep.strong_mapping.plan import make_plan
from intune_scep.strong_mapping.reading import assess_tenant
from intune_scep.tenant import Tenant


@dataclass(frozen=True)
class InPlace:
    """Appends the SID URI, as the plain migration does."""

    tenant: Tenant
    task: ClassVar[Task] = Task.STRONG_MAPPING

    def before_gate(self, ring: ResolvedRing) -> Sequence[Stage]:
        """The change itself."""
        return (Stage.OPEN,)

    def after_gate(self, ring: ResolvedRing) -> Sequence[Stage]:
        """Nothing: the profile is what everybody has already."""
        return ()

    async def why_not(self, ring: ResolvedRing) -> Wait | None:
        """Nothing: what may be changed is asked of the plan."""
        return None

    async def devices(self, ring: ResolvedRing) -> Collection[str] | None:
        """All that its profiles have."""
        return None

    async def why_wait(self, ring: ResolvedRing, stage: Stage) -> Wait | None:
        """Nothing."""
        return None

    async def plan(self, ring: ResolvedRing, stage: Stage, profiles: Collection[str]) -> Plan:
        """Append the SID URI to some profiles.

        That a file names a profile is the operator's choice of it where strong mapping is opt-in; a
        profile that is for review is changed by no rollout.

        Raises:
            SelectionError: one of them is not there any more.
            GraphError, GraphTransportError: the profiles could not be read.
        """
        chosen = Choices(
            only=tuple(profiles),
            include_android=True,
            include_device_certificates=True,
            include_legacy_san=True,
        )
        return make_plan(await assess_tenant(self.tenant), chosen).part(profiles)
