"""The certificate profiles a tenant has, each with the declaration that would make it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from intune_scep.declarations.from_profile import (
    NOT_READ,
    declaration_from_profile,
    inexpressible,
)
from intune_scep.declarations.names import Names
from intune_scep.desired_state.observe import names_for_profiles
from intune_scep.errors import IntuneScepError
from intune_scep.profiles import PROFILE_TYPES, Platform, Profile, ProfileKind
from intune_scep.tenant import Tenant, read_profiles, read_root_links


@dataclass(frozen=True)
class ProfileListing:
    """Profiles as they were read.

    Attributes:
        profiles: In Graph's order, with assignments.
        roots: Every trusted root profile of the platforms listed.
        root_links: By SCEP profile id: its root, None, or why it could not be read; empty where
            links were not asked for.
    """

    tenant: str
    cloud: str
    profiles: tuple[Profile, ...]
    roots: tuple[Profile, ...] = ()
    root_links: Mapping[str, Profile | IntuneScepError | None] = field(default_factory=dict)
    names: Names = field(default_factory=Names)
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form; `declaration` is what a module or a YAML file would say."""
        return {
            "tenant": self.tenant,
            "cloud": self.cloud,
            "notes": list(self.notes),
            "profiles": [self._row(profile) for profile in self.profiles],
        }

    def _row(self, profile: Profile) -> dict[str, Any]:
        kind = profile.profile_type
        root = self.root_links.get(profile.id or "", NOT_READ)
        known = NOT_READ if isinstance(root, IntuneScepError) else root
        certificate_type = profile.certificate_type
        return {
            "id": profile.id,
            "name": profile.display_name,
            "kind": kind.kind.value,
            "platform": kind.platform.value,
            "odata_type": profile.odata_type,
            "certificate_type": certificate_type.value if certificate_type else None,
            "version": profile.version,
            "last_modified": profile.last_modified_date_time,
            "declaration": declaration_from_profile(
                profile, names=self.names, root=known, roots=self.roots
            ),
            "not_declarable": list(inexpressible(profile).values()),
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
    types = [
        row
        for row in PROFILE_TYPES
        if row.creatable and (platforms is None or row.platform in platforms)
    ]
    snapshot = await read_profiles(tenant, types, with_assignments=True)
    chosen = tuple(
        profile
        for profile in snapshot.profiles
        if (kinds is None or profile.profile_type.kind in kinds)
        and (not only or profile.id in only or profile.display_name in only)
    )
    scep = [profile for profile in chosen if profile.is_scep] if with_root_links else []
    return ProfileListing(
        tenant.tenant_id,
        tenant.cloud,
        chosen,
        tuple(p for p in snapshot.profiles if not p.is_scep),
        await read_root_links(tenant, scep),
        await names_for_profiles(tenant, chosen),
        snapshot.notes,
    )
