"""What exports and backups read: certificate profiles, their roots, and the names around them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from intune_scep.declarations.names import Names
from intune_scep.desired_state.observe import names_for_profiles
from intune_scep.errors import IntuneScepError
from intune_scep.profiles import PROFILE_TYPES, Profile, ProfileKind
from intune_scep.profiles.registry import DEVICE_CONFIGURATIONS
from intune_scep.tenant import Tenant, read_profiles, read_root_links


@dataclass(frozen=True)
class Holding:
    """One profile with its root.

    Attributes:
        profile: As it was read, assignments inside where Graph lists them.
        root: The trusted root profile a SCEP profile points at; None if at none, or for a root.
        error: What kept the root link from being read.
    """

    profile: Profile
    root: Profile | None = None
    error: IntuneScepError | None = None

    @property
    def root_id(self) -> str | None:
        """Id of the root; of Windows 10X, which has no link, from the property it has instead."""
        if self.root is not None:
            return self.root.id
        held = self.profile.to_wire().get("rootCertificateId")
        return held if isinstance(held, str) else None


@dataclass(frozen=True)
class Holdings:
    """The certificate profiles of a tenant, sorted by kind, platform, name and id.

    Attributes:
        names: Of the groups, filters and scope tags that the profiles refer to.
        read_at: When reading began, UTC.
        notes: What was not read, and why.
    """

    tenant: str
    cloud: str
    items: tuple[Holding, ...]
    names: Names
    read_at: datetime
    notes: tuple[str, ...] = ()

    @property
    def profiles(self) -> tuple[Profile, ...]:
        """All of them, without their roots."""
        return tuple(item.profile for item in self.items)

    @property
    def roots(self) -> tuple[Profile, ...]:
        """The trusted root profiles."""
        return tuple(item.profile for item in self.items if not item.profile.is_scep)


async def read_holdings(tenant: Tenant, *, with_names: bool = True) -> Holdings:
    """Read profiles with assignments and roots: pages + ceil(N/20) + 4 requests, or few more.

    Raises:
        GraphError, GraphTransportError: the profiles or the names could not be read. A root link
            that could not be read is an error of its profile only.
    """
    read_at = datetime.now(UTC)
    snapshot = await read_profiles(tenant, PROFILE_TYPES, with_assignments=True)
    linked = [
        profile
        for profile in snapshot.profiles
        if profile.is_scep and profile.profile_type.collection == DEVICE_CONFIGURATIONS
    ]
    links = await read_root_links(tenant, linked)
    items = [_holding(profile, links) for profile in snapshot.profiles]
    return Holdings(
        tenant.tenant_id,
        tenant.cloud,
        tuple(sorted(items, key=_order)),
        await names_for_profiles(tenant, snapshot.profiles) if with_names else Names(),
        read_at,
        snapshot.notes,
    )


def _holding(profile: Profile, links: Mapping[str, Profile | IntuneScepError | None]) -> Holding:
    link = links.get(profile.id or "")
    if isinstance(link, IntuneScepError):
        return Holding(profile, error=link)
    return Holding(profile, root=link)


_KINDS = (ProfileKind.TRUSTED_ROOT, ProfileKind.SCEP)


def _order(item: Holding) -> tuple[int, str, str, str]:
    row = item.profile.profile_type
    name = item.profile.display_name or ""
    return _KINDS.index(row.kind), row.platform.value, name, item.profile.id or ""
