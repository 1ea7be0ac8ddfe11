"""Who would get nothing from the migration, and why: reads only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from intune_scep.audience.readiness import Audience, ProfileReadiness, Short
from intune_scep.errors import SelectionError
from intune_scep.profiles import ScepProfile
from intune_scep.profiles.targets import group_ids
from intune_scep.rules import Verdict, judge
from intune_scep.tenant import SCEP_TYPES, NamesOf, Tenant, Wanted, read_snapshot
from intune_scep.tenant.devices import read_sid_alignment
from intune_scep.tenant.entities import Progress
from intune_scep.tenant.population import Population, read_population
from intune_scep.wording import option

ALL: Final = 100.0
"""The share, in percent, below which a profile is short where nothing else is chosen."""
_COUNTED: Final = (
    "All users means every account, licensed or not. Of a device only the primary user is known."
)


@dataclass(frozen=True)
class Readiness:
    """Who has a SID, for each profile to whose certificates one matters.

    Attributes:
        least: The share, in percent, below which a profile is short.
        requires_alignment: Whether Entra's certificate-based authentication compares the SID of a
            certificate with the user's (`requireCertificateSidAlignment`); None if that could not
            be read.
        no_sid_needed: How many SCEP profiles there are besides, to which no SID matters.
        notes: What was not read, and why.
        is_whole: Whether everything that was asked for could be read.
        requests: How many were sent for it.
    """

    tenant: str
    cloud: str
    profiles: tuple[ProfileReadiness, ...]
    least: float = ALL
    requires_alignment: bool | None = None
    no_sid_needed: int = 0
    notes: tuple[str, ...] = ()
    is_whole: bool = True
    requests: int = 0
    _audience: Audience = field(
        default_factory=lambda: Audience(Population(), {}), repr=False, compare=False
    )

    @property
    def short(self) -> tuple[ProfileReadiness, ...]:
        """Profiles of which it is known that too few of those they reach have a SID."""
        return tuple(item for item in self.profiles if item.is_short(self.least))

    @property
    def unsure(self) -> tuple[ProfileReadiness, ...]:
        """Profiles of which not everything could be evaluated."""
        return tuple(item for item in self.profiles if item.unsure)

    def people(self) -> Iterator[tuple[ProfileReadiness, Short]]:
        """Everybody who would get nothing, profile by profile; made one by one."""
        for item in self.profiles:
            for short in self._audience.short_of(item.profile):
                yield item, short

    def devices_without_sid(self, item: ProfileReadiness) -> frozenset[str]:
        """The managed devices, as Intune names them, of those it reaches that have no SID."""
        return self._audience.devices_without_sid(item.profile)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form: counts, without the names."""
        return {
            "tenant": self.tenant,
            "cloud": self.cloud,
            "min_ready": self.least,
            "counts": {
                "profiles": len(self.profiles),
                "short": len(self.short),
                "unknown": len(self.unsure),
                "no_sid_needed": self.no_sid_needed,
            },
            "requires_sid_alignment": self.requires_alignment,
            "profiles": [
                {**item.to_dict(), "is_short": item.is_short(self.least)} for item in self.profiles
            ],
            "notes": list(self.notes),
        }


async def read_readiness(
    tenant: Tenant, *, least: float = ALL, progress: Progress | None = None
) -> Readiness:
    """Read the SCEP profiles, everybody they can reach, and count who has a SID.

    Requests: the pages of the profiles, a page for each 999 users, devices and managed devices (for
    more than `population.LISTED` devices one export job instead of the latter, fewer than 40), one
    for each 20 groups and each further 999 of their members, and the names of groups and filters.

    Args:
        least: The share, in percent, below which a profile is short.
        progress: Told after every page.

    Raises:
        SelectionError: the share is no percentage.
        GraphError, GraphTransportError: the profiles could not be read. What else cannot be read
            costs itself; needs User.Read.All, Device.Read.All, GroupMember.Read.All and
            DeviceManagementManagedDevices.Read.All.
    """
    if not 0 <= least <= ALL:
        raise SelectionError(f"{option('min_ready')} must be a percentage from 0 to 100.")
    before = tenant.session.requests_sent
    snapshot = await read_snapshot(
        tenant, Wanted(SCEP_TYPES, assignments=True, names=NamesOf.SHOWN)
    )
    asked = [item for item in snapshot.profiles if isinstance(item, ScepProfile)]
    mattering = [item for item in asked if matters(item)]
    groups = group_ids(entry for item in mattering for entry in item.assignments or ())
    population = await read_population(tenant, groups, progress=progress)
    alignment, failures = await read_sid_alignment(tenant)
    audience = Audience(population, snapshot.words)
    notes = [
        *snapshot.notes,
        *population.told,
        *(f"Not read: {what}: {error}" for what, error in failures),
    ]
    return Readiness(
        tenant.tenant_id,
        tenant.cloud,
        tuple(audience.readiness(item) for item in mattering),
        least=least,
        requires_alignment=alignment,
        no_sid_needed=len(asked) - len(mattering),
        notes=(*notes, _COUNTED),
        is_whole=not snapshot.unread and not population.failures,
        requests=tenant.session.requests_sent - before,
        _audience=audience,
    )


def matters(profile: ScepProfile) -> bool:
    """Whether a SID matters to the certificates of a profile: it has the SID URI, or may get it."""
    judgement = judge(profile)
    return judgement.changeable or judgement.verdict is Verdict.MAPPED
