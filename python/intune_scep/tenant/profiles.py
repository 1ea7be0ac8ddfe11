"""Certificate profiles: listed in few requests, read one by one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from intune_scep.errors import IntuneScepError
from intune_scep.graph.batch import BATCH_SIZE, BatchAnswer, read_batch
from intune_scep.graph.errors import GraphError
from intune_scep.graph.session import checked_id, require_same_id
from intune_scep.profiles import Profile, ProfileType, parse_profile
from intune_scep.tenant.tenant import Tenant

CONFIGURATIONS = "deviceManagement/deviceConfigurations"
RESOURCE_ACCESS = "deviceManagement/resourceAccessProfiles"


@dataclass(frozen=True)
class Snapshot:
    """Certificate profiles of a tenant as they were read.

    Attributes:
        profiles: In Graph's order; assignments are inside where they were asked for.
        pages: How many requests the listing took.
        notes: What was not read, and why, in sentences.
    """

    profiles: tuple[Profile, ...]
    pages: int
    notes: tuple[str, ...] = field(default=())


async def read_profiles(
    tenant: Tenant, types: Iterable[ProfileType], *, with_assignments: bool = False
) -> Snapshot:
    """List the profiles of some types, in as few requests as Graph's paging allows.

    Asks Graph to filter by type and also filters here: a server that does not accept the filter
    is asked for everything instead (GRAPH.md 3.6 grades long `isof` filters as practised only).
    One that does not expand assignments in a listing is asked for them 20 profiles a request
    (GRAPH.md 3.5 has seen the expansion of one profile only).

    Raises:
        GraphError, GraphTransportError: the listing failed.
    """
    wanted = {row.odata_type.lower(): row for row in types}
    configurations = [row for row in wanted.values() if row.collection == CONFIGURATIONS]
    elsewhere = [row for row in wanted.values() if row.collection == RESOURCE_ACCESS]
    entities, pages = await _list_configurations(tenant, configurations, with_assignments)
    notes: list[str] = []
    if elsewhere:
        found, note = await _list_resource_access(tenant)
        entities += found
        pages += 1
        notes += [note] if note else []
    profiles = tuple(
        parse_profile(entity)
        for entity in entities
        if str(entity.get("@odata.type", "")).lower() in wanted
    )
    return Snapshot(profiles, pages, tuple(notes))


async def _list_configurations(
    tenant: Tenant, types: Sequence[ProfileType], with_assignments: bool
) -> tuple[list[dict[str, Any]], int]:
    if not types:
        return [], 0
    by_type = {"$filter": " or ".join(f"isof('microsoft.graph.{row.name}')" for row in types)}
    expand = {"$expand": "assignments"} if with_assignments else {}
    for query in ({**by_type, **expand}, expand):
        try:
            return await _collect(tenant, CONFIGURATIONS, query)
        except GraphError as error:
            if error.status != 400 or not query:
                raise
    entities, pages = await _list_configurations(tenant, types, with_assignments=False)
    return entities, pages + await _add_assignments(tenant, types, entities)


async def _add_assignments(
    tenant: Tenant, types: Sequence[ProfileType], entities: Sequence[dict[str, Any]]
) -> int:
    """Read the assignments where a listing does not expand them; how many requests it took."""
    names = {row.odata_type.lower() for row in types}
    wanted = [item for item in entities if str(item.get("@odata.type", "")).lower() in names]
    paths = [f"{CONFIGURATIONS}/{checked_id(item['id'])}/assignments" for item in wanted]
    for item, answer in zip(wanted, await read_batch(tenant.session, paths), strict=True):
        if answer.error is not None:
            raise answer.error
        item["assignments"] = answer.body["value"]
    return -(-len(paths) // BATCH_SIZE)


async def _list_resource_access(tenant: Tenant) -> tuple[list[dict[str, Any]], str | None]:
    """Windows 10X profiles live in a collection of their own, with a permission of its own."""
    try:
        entities, _ = await _collect(tenant, RESOURCE_ACCESS, {})
    except GraphError as error:
        if error.status not in {400, 403, 404}:
            raise
        return [], (
            "Windows 10X profiles were not read: the retired collection resourceAccessProfiles"
            f" answered {error.status}. They cannot be changed here in any case."
        )
    return entities, None


async def _collect(
    tenant: Tenant, path: str, query: Mapping[str, str]
) -> tuple[list[dict[str, Any]], int]:
    entities: list[dict[str, Any]] = []
    pages = 0
    async for page in tenant.session.pages(path, query=query):
        entities += page
        pages += 1
    return entities, pages


async def read_profiles_by_id(
    tenant: Tenant, ids: Sequence[str], *, with_assignments: bool = False
) -> dict[str, Profile | IntuneScepError | None]:
    """Read profiles as they are now, 20 a request.

    Returns:
        By id: the profile, None where it no longer exists, or the error that kept it from being
        read. An answer about another profile is such an error.
    """
    query = "?$expand=assignments" if with_assignments else ""
    paths = [f"{CONFIGURATIONS}/{checked_id(identifier)}{query}" for identifier in ids]
    answers = await read_batch(tenant.session, paths)
    return {
        identifier: _asked_for(identifier, answer)
        for identifier, answer in zip(ids, answers, strict=True)
    }


def _asked_for(identifier: str, answer: BatchAnswer) -> Profile | IntuneScepError | None:
    if answer.error is not None:
        return None if answer.not_found else answer.error
    try:
        return parse_profile(require_same_id(identifier, answer.body))
    except IntuneScepError as error:
        return error


async def read_profile(
    tenant: Tenant, identifier: str, *, with_assignments: bool = False
) -> Profile | None:
    """Read one profile; None where it does not exist.

    Raises:
        GraphError, GraphTransportError: it could not be read, or the answer is about another one.
    """
    query = {"$expand": "assignments"} if with_assignments else None
    try:
        body = await tenant.session.read(f"{CONFIGURATIONS}/{checked_id(identifier)}", query=query)
    except GraphError as error:
        if error.status == 404:
            return None
        raise
    return parse_profile(require_same_id(identifier, body))
