"""Groups, assignment filters and scope tags: which ids go with which names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from intune_scep.declarations.names import NameIndex, Names
from intune_scep.errors import IntuneScepError
from intune_scep.graph.batch import read_batch
from intune_scep.profiles import Profile
from intune_scep.profiles.targets import group_ids, uses_filter
from intune_scep.tenant.tenant import Tenant

FILTERS = "deviceManagement/assignmentFilters"
SCOPE_TAGS = "deviceManagement/roleScopeTags"
GROUPS = "groups"
_CLAUSES = 15
_SELECT = {"$select": "id,displayName"}

Entries = tuple[tuple[str, str], ...]
"""Pairs of id and name."""


@dataclass(frozen=True)
class NamesWanted:
    """Names and ids to look up; what is not asked for costs no request.

    Attributes:
        groups: Names of groups.
        group_ids: Ids of groups.
        filters: Every assignment filter.
        scope_tags: Every scope tag.
    """

    groups: Sequence[str] = ()
    group_ids: Sequence[str] = ()
    filters: bool = False
    scope_tags: bool = False


async def read_names(tenant: Tenant, wanted: NamesWanted) -> Names:
    """Look names up, groups 300 a request, filters and scope tags a listing each.

    Raises:
        GraphError, GraphTransportError: something could not be read.
    """
    groups: Entries = ()
    if wanted.groups or wanted.group_ids:
        groups = await read_groups(tenant, names=wanted.groups, ids=wanted.group_ids)
    filters, platforms = await _read_filters(tenant) if wanted.filters else ((), {})
    return Names(
        NameIndex("group", groups),
        NameIndex("assignment filter", filters),
        NameIndex("scope tag", await read_scope_tags(tenant) if wanted.scope_tags else ()),
        platforms,
    )


async def names_for_profiles(tenant: Tenant, profiles: Iterable[Profile]) -> Names:
    """Look up the names that existing profiles use, and who else has them.

    Raises:
        GraphError, GraphTransportError: something could not be read.
    """
    profiles = tuple(profiles)
    assignments = [item for profile in profiles for item in profile.assignments or ()]
    entries = await read_groups(tenant, ids=group_ids(assignments))
    wanted = NamesWanted(
        groups=[name for _, name in entries],
        group_ids=[identifier for identifier, _ in entries],
        filters=uses_filter(assignments),
        scope_tags=any(profile.role_scope_tag_ids for profile in profiles),
    )
    return await read_names(tenant, wanted)


async def names_to_show(
    tenant: Tenant, assignments: Iterable[Mapping[str, Any]]
) -> tuple[Names, str | None]:
    """Look up the names of the groups and filters in assignments, for people to read.

    Returns:
        What could be read, and a note where that is not all: ids do where names cannot be had.
    """
    assignments = list(assignments)
    groups = sorted(group_ids(assignments))
    names = Names()
    try:
        if groups:
            names = replace(names, groups=NameIndex("group", await read_groups(tenant, ids=groups)))
        if uses_filter(assignments):
            filters = await read_assignment_filters(tenant)
            names = replace(names, filters=NameIndex("assignment filter", filters))
    except IntuneScepError as error:
        return names, f"Groups and filters are shown by id, their names were not read: {error}"
    return names, None


async def read_groups(
    tenant: Tenant, *, names: Iterable[str] = (), ids: Iterable[str] = ()
) -> Entries:
    """Find groups by exact name and by id, up to 300 of them in one request.

    Every group of a name comes back, so that two of one name are seen. Directory filters take 15
    clauses, and a $batch takes 20 of them.

    Raises:
        GraphError, GraphTransportError: they could not be read.
        UnsafeLinkError: a further page is at no URL or on another host.
    """
    wanted = [("displayName", name) for name in dict.fromkeys(names)]
    wanted += [("id", identifier) for identifier in dict.fromkeys(ids)]
    paths = [
        _filtered(wanted[start : start + _CLAUSES]) for start in range(0, len(wanted), _CLAUSES)
    ]
    found: dict[str, str] = {}
    for answer in await read_batch(tenant.session, paths):
        if answer.error is not None:
            raise answer.error
        body = answer.body if isinstance(answer.body, dict) else {}
        found.update(_entries(body.get("value")))
        if (link := tenant.session.next_link(body)) is not None:
            async for page in tenant.session.pages(link):
                found.update(_entries(page))
    return tuple(found.items())


def _filtered(clauses: Sequence[tuple[str, str]]) -> str:
    escaped = ((name, value.replace("'", "''")) for name, value in clauses)
    condition = " or ".join(f"{name} eq '{value}'" for name, value in escaped)
    return f"{GROUPS}?$select=id,displayName&$top=999&$filter={quote(condition, safe='')}"


async def read_assignment_filters(tenant: Tenant) -> Entries:
    """Every assignment filter.

    Raises:
        GraphError, GraphTransportError: they could not be read.
    """
    return (await _read_filters(tenant))[0]


async def _read_filters(tenant: Tenant) -> tuple[Entries, dict[str, str]]:
    """Every assignment filter, and Graph's word for the platform of each by its id."""
    found: dict[str, str] = {}
    platforms: dict[str, str] = {}
    query = {"$select": f"{_SELECT['$select']},platform"}
    async for page in tenant.session.pages(FILTERS, query=query):
        known = _entries(page)
        found.update(known)
        platforms |= {
            str(value["id"]).lower(): str(value.get("platform") or "")
            for value in page
            if isinstance(value, dict) and value.get("id")
        }
    return tuple(found.items()), platforms


async def read_scope_tags(tenant: Tenant) -> Entries:
    """Every scope tag.

    Raises:
        GraphError, GraphTransportError: they could not be read.
    """
    return await _read_all(tenant, SCOPE_TAGS)


async def _read_all(tenant: Tenant, path: str) -> Entries:
    found: dict[str, str] = {}
    async for page in tenant.session.pages(path, query=_SELECT):
        found.update(_entries(page))
    return tuple(found.items())


def _entries(values: Any) -> dict[str, str]:
    """Id to name; what has no id leads nowhere, and so is the same as not there."""
    return {
        str(value["id"]): str(value.get("displayName") or "")
        for value in (values if isinstance(values, list) else ())
        if isinstance(value, dict) and value.get("id")
    }
