"""Reading of a tenant what a rollout file is resolved against."""

from __future__ import annotations

from dataclasses import replace

from intune_scep.declarations.names import NameIndex, looks_like_id
from intune_scep.rollout.model import RolloutFile
from intune_scep.rollout.resolution import Resolved, resolve
from intune_scep.tenant import SCEP_TYPES, Snapshot, Tenant, Wanted, read_groups, read_snapshot


async def read_for(tenant: Tenant, file: RolloutFile) -> Snapshot:
    """The SCEP profiles of a tenant, and every group that has a name of the file.

    Raises:
        GraphError, GraphTransportError: they could not be read; groups need GroupMember.Read.All.
    """
    snapshot = await read_snapshot(tenant, Wanted(SCEP_TYPES, assignments=True))
    wanted = [name for ring in file.rings for name in ring.groups]
    if not wanted:
        return snapshot
    groups = await read_groups(tenant, names=wanted, ids=filter(looks_like_id, wanted))
    return replace(snapshot, names=replace(snapshot.names, groups=NameIndex("group", groups)))


async def resolve_in(tenant: Tenant, file: RolloutFile) -> Resolved:
    """Read what a file needs of a tenant, and resolve it there.

    Raises:
        RolloutFileError: see `resolve`.
        GraphError, GraphTransportError: the tenant could not be read.
    """
    return resolve(file, await read_for(tenant, file))
