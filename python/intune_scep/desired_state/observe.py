"""Reading what a set of declarations needs to know of a tenant, in as few requests as possible.

One listing with assignments, root links 20 a request for the declared SCEP profiles only, groups
300 a request, filters and scope tags one listing each; nothing that no declaration asks for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from intune_scep.declarations.declaration import Declaration
from intune_scep.declarations.names import (
    Catalogue,
    Names,
    UnresolvedNameError,
    group_ids,
    looks_like_id,
    uses_filter,
)
from intune_scep.desired_state.choices import PlanChoices
from intune_scep.desired_state.matching import Observed, find_profile
from intune_scep.desired_state.plan import StatePlan
from intune_scep.profiles import PROFILE_TYPES, Profile, ProfileKind
from intune_scep.tenant import (
    Tenant,
    read_assignment_filters,
    read_groups,
    read_profiles,
    read_root_links,
    read_scope_tags,
)


async def observe(
    tenant: Tenant, declarations: Sequence[Declaration], choices: PlanChoices
) -> Observed:
    """Read the profiles, the links and the names that the declarations are about.

    Raises:
        GraphError, GraphTransportError: something could not be read.
    """
    creatable = [row for row in PROFILE_TYPES if row.creatable]
    snapshot = await read_profiles(tenant, creatable, with_assignments=True)
    linked = _whose_root_matters(declarations, snapshot.profiles, choices)
    return Observed(
        snapshot.profiles,
        await read_root_links(tenant, linked),
        await read_names(tenant, declarations),
        snapshot.notes,
    )


def _whose_root_matters(
    declarations: Sequence[Declaration], profiles: Sequence[Profile], choices: PlanChoices
) -> list[Profile]:
    wanted: dict[str, Profile] = {}
    leaving: set[str] = set()
    for declaration in declarations:
        try:
            profile = find_profile(declaration, profiles)
        except UnresolvedNameError:
            continue  # The plan refuses it.
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


async def read_names(tenant: Tenant, declarations: Iterable[Declaration]) -> Names:
    """Look up the names that declarations use; what none uses is not asked for.

    Raises:
        GraphError, GraphTransportError: something could not be read.
    """
    items = [item for each in declarations for item in each.given.get("assignments") or []]
    groups = list(dict.fromkeys(item["group"] for item in items if item.get("group")))
    tags = any(declaration.given.get("scope_tags") for declaration in declarations)
    return await _read_names(
        tenant,
        names=groups,
        ids=[reference for reference in groups if looks_like_id(reference)],
        filters=any(item.get("filter") for item in items),
        tags=tags,
    )


async def names_for_profiles(tenant: Tenant, profiles: Sequence[Profile]) -> Names:
    """Look up the names that existing profiles use, and who else has them.

    Raises:
        GraphError, GraphTransportError: something could not be read.
    """
    assignments = [item for profile in profiles for item in profile.assignments or ()]
    entries = await read_groups(tenant, ids=group_ids(assignments))
    return await _read_names(
        tenant,
        names=[name for _, name in entries],
        ids=[identifier for identifier, _ in entries],
        filters=uses_filter(assignments),
        tags=any(profile.role_scope_tag_ids for profile in profiles),
    )


async def with_names_of_differences(
    tenant: Tenant, observed: Observed, plan: StatePlan
) -> Observed:
    """Add the names of the groups and filters that a plan takes away, for showing them.

    Raises:
        GraphError, GraphTransportError: something could not be read.
    """
    before = [
        item
        for action in plan.actions
        if action.assignments is not None and action.current is not None
        for item in action.current.assignments or ()
    ]
    names = observed.names
    unknown = [i for i in group_ids(before) if names.groups.name_of(i) is None]
    if unknown:
        found = await read_groups(tenant, ids=unknown)
        groups = Catalogue("group", (*names.groups.entries, *found))
        names = replace(names, groups=groups)
    if uses_filter(before) and not names.filters.entries:
        filters = Catalogue("assignment filter", await read_assignment_filters(tenant))
        names = replace(names, filters=filters)
    return replace(observed, names=names)


async def _read_names(
    tenant: Tenant, *, names: Sequence[str], ids: Sequence[str], filters: bool, tags: bool
) -> Names:
    groups = await read_groups(tenant, names=names, ids=ids) if names or ids else ()
    return Names(
        Catalogue("group", groups),
        Catalogue("assignment filter", await read_assignment_filters(tenant) if filters else ()),
        Catalogue("scope tag", await read_scope_tags(tenant) if tags else ()),
    )
