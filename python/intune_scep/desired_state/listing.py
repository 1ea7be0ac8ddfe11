"""The certificate profiles a tenant has, each with the declaration that would make it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from intune_scep.declarations.description import Description, describe_profile
from intune_scep.declarations.from_profile import NOT_READ
from intune_scep.declarations.names import Names
from intune_scep.errors import IntuneScepError
from intune_scep.profiles import Platform, Profile, ProfileIndex, ProfileKind
from intune_scep.tenant import (
    CREATABLE_TYPES,
    RootLink,
    Snapshot,
    Tenant,
    Wanted,
    add_root_links,
    names_for_profiles,
    read_snapshot,
)


@dataclass(frozen=True)
class ProfileListing:
    """Some profiles of a tenant, for showing.

    Attributes:
        snapshot: What was read; root links and names are those of the profiles listed.
        profiles: Those that were asked for, in Graph's order, with assignments.
    """

    tenant: str
    cloud: str
    snapshot: Snapshot
    profiles: tuple[Profile, ...]

    @property
    def roots(self) -> ProfileIndex:
        """Every trusted root profile of the platforms listed."""
        return self.snapshot.roots

    @property
    def root_links(self) -> Mapping[str, RootLink]:
        """By SCEP profile id; empty where links were not asked for."""
        return self.snapshot.root_links

    @property
    def names(self) -> Names:
        """Of the groups, filters and scope tags that the profiles refer to."""
        return self.snapshot.names

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know, in sentences."""
        return self.snapshot.notes

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form; `declaration` is what a module or a YAML file would say."""
        return {
            "tenant": self.tenant,
            "cloud": self.cloud,
            "notes": list(self.notes),
            "profiles": [self._row(profile) for profile in self.profiles],
        }

    def described(self, profile: Profile) -> Description:
        """The declaration that would make a profile of the listing."""
        root = self.root_links.get(profile.id or "", NOT_READ)
        return describe_profile(
            profile,
            names=self.names,
            profiles=self.snapshot.index,
            root=NOT_READ if isinstance(root, IntuneScepError) else root,
            roots=self.roots,
        )

    def _row(self, profile: Profile) -> dict[str, Any]:
        kind = profile.profile_type
        root = self.root_links.get(profile.id or "")
        certificate_type = profile.certificate_type
        described = self.described(profile)
        refused = [described.refused] if described.refused is not None else []
        return {
            "id": profile.id,
            "name": profile.display_name,
            "kind": kind.kind.value,
            "platform": kind.platform.value,
            "odata_type": profile.odata_type,
            "certificate_type": certificate_type.value if certificate_type else None,
            "version": profile.version,
            "last_modified": profile.last_modified_date_time,
            "declaration": described.options,
            "not_declarable": [*described.not_expressed.values(), *refused],
            "message": str(root) if isinstance(root, IntuneScepError) else None,
        }


async def list_profiles(
    tenant: Tenant,
    *,
    kinds: Collection[ProfileKind] | None = None,
    platforms: Collection[Platform] | None = None,
    only: Sequence[str] = (),
    with_root_links: bool = True,
) -> ProfileListing:
    """Read profiles with what surrounds them.

    Args:
        kinds: Which kinds; both by default.
        platforms: Which platforms; all that still exist by default.
        only: Names or ids; every profile by default. A name that several have lists them all.
        with_root_links: Read which root each SCEP profile points at, 20 a request.

    Raises:
        GraphError, GraphTransportError: they could not be read.
    """
    types = tuple(row for row in CREATABLE_TYPES if platforms is None or row.platform in platforms)
    snapshot = await read_snapshot(tenant, Wanted(types, assignments=True))
    wanted = frozenset(only)
    chosen = tuple(
        profile
        for profile in snapshot.profiles
        if (kinds is None or profile.profile_type.kind in kinds)
        and (not wanted or profile.id in wanted or profile.display_name in wanted)
    )
    if with_root_links:
        snapshot = await add_root_links(tenant, snapshot, chosen)
    snapshot = replace(snapshot, names=await names_for_profiles(tenant, chosen))
    return ProfileListing(tenant.tenant_id, tenant.cloud, snapshot, chosen)
