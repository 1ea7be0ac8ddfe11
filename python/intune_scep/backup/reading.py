"""What exports and backups read: certificate profiles, their roots, and the names around them."""

from __future__ import annotations

from dataclasses import replace

from intune_scep.errors import IntuneScepError
from intune_scep.profiles import Profile, ProfileKind
from intune_scep.tenant import NamesOf, Snapshot, Tenant, Wanted, read_snapshot

_KINDS = (ProfileKind.TRUSTED_ROOT, ProfileKind.SCEP)


async def read_everything(tenant: Tenant, *, with_names: bool = True) -> Snapshot:
    """Read profiles with assignments and roots: pages + ceil(N/20) + 4 requests, or few more.

    Returns:
        The profiles sorted by kind, platform, name and id.

    Raises:
        GraphError, GraphTransportError: the profiles or the names could not be read. A root link
            that could not be read is an error of its profile only.
    """
    names = NamesOf.DECLARED if with_names else NamesOf.NOTHING
    snapshot = await read_snapshot(tenant, Wanted(assignments=True, root_links=True, names=names))
    return replace(snapshot, profiles=tuple(sorted(snapshot.profiles, key=_order)))


def link_error(profile: Profile, snapshot: Snapshot) -> IntuneScepError | None:
    """What kept the root link of a profile from being read."""
    link = snapshot.root_links.get(profile.id or "")
    return link if isinstance(link, IntuneScepError) else None


def root_of(profile: Profile, snapshot: Snapshot) -> Profile | None:
    """The trusted root profile a SCEP profile points at; None if at none, or for a root."""
    return snapshot.known_roots.get(profile.id or "")


def root_id_of(profile: Profile, snapshot: Snapshot) -> str | None:
    """Id of the root; of Windows 10X, which has no link, from the property it has instead."""
    root = root_of(profile, snapshot)
    if root is not None:
        return root.id
    held = profile.to_wire().get("rootCertificateId")
    return held if isinstance(held, str) else None


def _order(profile: Profile) -> tuple[int, str, str, str]:
    row = profile.profile_type
    name = profile.display_name or ""
    return _KINDS.index(row.kind), row.platform.value, name, profile.id or ""
