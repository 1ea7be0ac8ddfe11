"""Reading what a set of declarations needs to know of a tenant, in as few requests as possible.

One listing with assignments, root links 20 a request for the declared SCEP profiles only, groups
300 a request, filters and scope tags one listing each; nothing that no declaration asks for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from intune_scep.declarations.declaration import Declaration
from intune_scep.declarations.names import NameIndex, Names, looks_like_id
from intune_scep.declarations.resolution import Resolved, resolve
from intune_scep.desired_state.choices import PlanChoices
from intune_scep.profiles import Profile, ProfileKind
from intune_scep.profiles.targets import group_ids, uses_filter
from intune_scep.tenant import (
    CREATABLE_TYPES,
    Snapshot,
    Tenant,
    Wanted,
    add_root_links,
    read_groups,
    read_snapshot,
)
from intune_scep.tenant.names import NamesWanted, read_names


async def read_for_declarations(
    tenant: Tenant,
    declarations: Sequence[Declaration],
    choices: PlanChoices,
    *,
    roots_may_come: bool = False,
) -> tuple[Snapshot, tuple[Resolved, ...]]:
    """Read the profiles, the links and the names that the declarations are about.

    Returns:
        What was read, and what each declaration means in it.

    Raises:
        GraphError, GraphTransportError: something could not be read.
    """
    snapshot = await read_snapshot(tenant, Wanted(CREATABLE_TYPES, assignments=True))
    resolved = resolve(
        declarations, snapshot.profiles, snapshot.index, roots_may_come=roots_may_come
    )
    linked = _whose_root_matters(resolved, snapshot.profiles, choices)
    snapshot = await add_root_links(tenant, snapshot, linked)
    return replace(snapshot, names=await _read_names(tenant, resolved)), resolved


def _whose_root_matters(
    resolved: Sequence[Resolved], profiles: Sequence[Profile], choices: PlanChoices
) -> list[Profile]:
    wanted: dict[str, Profile] = {}
    leaving: set[str] = set()
    for item in resolved:
        profile, declaration = item.current, item.declaration
        if profile is None:
            continue
        if profile.profile_type.kind is ProfileKind.TRUSTED_ROOT:
            if declaration.state == "absent" or declaration.replace:
                leaving.add(profile.profile_type.odata_type)
        elif declaration.replace or "root_profile" in declaration.given:
            wanted[profile.id or ""] = profile
    leaving |= {
        profile.profile_type.odata_type
        for profile in profiles
        if profile.profile_type.kind is ProfileKind.TRUSTED_ROOT and choices.may_prune(profile)
    }
    for profile in profiles:
        if profile.profile_type.root_type in leaving:
            wanted.setdefault(profile.id or "", profile)
    return list(wanted.values())


async def _read_names(tenant: Tenant, resolved: Sequence[Resolved]) -> Names:
    """The names that declarations use, and those of the groups that they take away, for showing.

    What no declaration uses is not asked for.
    """
    items = [item for each in resolved for item in each.declaration.given.get("assignments") or []]
    groups = list(dict.fromkeys(item["group"] for item in items if item.get("group")))
    before = _assignments_at_stake(resolved)
    wanted = NamesWanted(
        groups=groups,
        group_ids=[reference for reference in groups if looks_like_id(reference)],
        filters=any(item.get("filter") for item in items) or uses_filter(before),
        scope_tags=any(each.declaration.given.get("scope_tags") for each in resolved),
    )
    names = await read_names(tenant, wanted)
    unknown = [i for i in group_ids(before) if names.groups.name_of(i) is None]
    if not unknown:
        return names
    found = await read_groups(tenant, ids=unknown)
    return replace(names, groups=NameIndex("group", (*names.groups.entries, *found)))


def _assignments_at_stake(resolved: Sequence[Resolved]) -> list[dict[str, Any]]:
    """Assignments on the wire that some declaration may change, or takes over to a new profile."""
    return [
        assignment
        for item in resolved
        if item.current is not None
        and item.refusal is None
        and item.declaration.state == "present"
        and ("assignments" in item.declaration.given or item.declaration.replace)
        for assignment in item.current.assignments or ()
    ]
