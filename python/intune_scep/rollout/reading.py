"""Reading of a tenant what a rollout file is resolved against."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from intune_scep.audience.readiness import Audience
from intune_scep.declarations.names import NameIndex, looks_like_id
from intune_scep.errors import IntuneScepError, SelectionError, UnresolvedNameError
from intune_scep.profiles.targets import group_ids
from intune_scep.rollout.draft import Draft, make_draft, require_groups, take
from intune_scep.rollout.model import Dependants, RolloutFile, Strategy
from intune_scep.rollout.repointing import Users, read_users
from intune_scep.rollout.resolution import Resolved, resolve
from intune_scep.rollout.shards import Sharding, divide
from intune_scep.tenant import (
    SCEP_TYPES,
    NamesOf,
    Snapshot,
    Tenant,
    Wanted,
    read_groups,
    read_snapshot,
)
from intune_scep.tenant.entities import Failures, Progress
from intune_scep.tenant.members import read_members
from intune_scep.tenant.population import read_population
from intune_scep.wording import option


async def read_for(tenant: Tenant, groups: Iterable[str]) -> Snapshot:
    """The SCEP profiles of a tenant, and every group that has one of some names or ids.

    The groups to which the profiles are assigned are there too: somebody may have meant them.

    Raises:
        GraphError, GraphTransportError: they could not be read; groups need GroupMember.Read.All.
    """
    wanted = list(groups)
    names = NamesOf.SHOWN if wanted else NamesOf.NOTHING
    snapshot = await read_snapshot(tenant, Wanted(SCEP_TYPES, assignments=True, names=names))
    if not wanted:
        return snapshot
    named = await _groups(tenant, wanted)
    entries = dict((*snapshot.names.groups.entries, *named.entries))
    index = NameIndex("group", tuple(entries.items()))
    return replace(snapshot, names=replace(snapshot.names, groups=index))


async def _groups(tenant: Tenant, groups: Iterable[str]) -> NameIndex:
    wanted = list(groups)
    found = await read_groups(tenant, names=wanted, ids=filter(looks_like_id, wanted))
    return NameIndex("group", found)


async def resolve_in(tenant: Tenant, file: RolloutFile, *, made: Collection[str] = ()) -> Resolved:
    """Read what a file needs of a tenant, and resolve it there.

    Args:
        made: Ids of copies that its rollout has made already.

    Raises:
        RolloutFileError: see `resolve`.
        GraphError, GraphTransportError: the tenant could not be read.
    """
    groups = (name for ring in file.rings for name in ring.groups)
    snapshot = await read_for(tenant, groups)
    return resolve(file, snapshot, made=made, users=await _users(tenant, file))


async def _users(tenant: Tenant, file: RolloutFile) -> Users | None:
    if all(bundle.dependants is not Dependants.CLONE for bundle in file.bundles):
        return None
    try:
        return await read_users(tenant)
    except IntuneScepError as error:
        return Users(unread=(str(error),))


async def draft_in(
    tenant: Tenant,
    path: Path,
    *,
    strategy: Strategy,
    groups: Sequence[str] = (),
    progress: Progress | None = None,
) -> Draft:
    """Write a first rollout file from what a tenant has, with how many each profile reaches.

    Raises:
        SelectionError: no profile needs it, or the groups do not fit.
        GraphError, GraphTransportError: profiles or groups could not be read. Users and devices
            that could not be read cost the counts alone.
    """
    require_groups(groups, strategy)
    snapshot = await read_for(tenant, groups)
    chosen, _ = take(snapshot.profiles)
    assigned = group_ids(entry for item in chosen for entry in item.assignments or ())
    population = await read_population(tenant, assigned, progress=progress)
    audience = Audience(population, {})
    readiness = [audience.readiness(item) for item in chosen]
    return make_draft(
        snapshot,
        path,
        strategy=strategy,
        groups=groups,
        counts={item.profile.id or "": item.assigned for item in readiness if not item.unsure},
        notes=population.told,
    )


async def shards_in(
    tenant: Tenant, group: str, percents: Sequence[Fraction], *, progress: Progress | None = None
) -> Sharding:
    """Divide the members of a group, those of nested groups included; writes nothing.

    Args:
        group: Name or id.
        percents: As from `shards.percents_of`.

    Raises:
        SelectionError: there is no such group, or several.
        GraphError, GraphTransportError: it could not be read; needs GroupMember.Read.All.
    """
    index = await _groups(tenant, [group])
    try:
        identifier = index.resolve(group)
    except UnresolvedNameError as error:
        raise SelectionError(f"{option('group')}: {error}") from error
    failures: Failures = []
    async for _, members in read_members(tenant, [identifier], failures, progress=progress):
        notes = []
        if members.untold:
            notes.append(
                f"Not divided: {len(members.untold)} of which Graph does not tell the kind."
            )
        if members.users and members.devices:
            notes.append(
                "The group holds users and devices. Make groups of one kind each: Intune takes"
                " users out of users and devices out of devices only."
            )
        shards = divide(percents, members.users, members.devices)
        return Sharding(identifier, index.name_of(identifier) or "", shards, tuple(notes))
    raise failures[0][1]
