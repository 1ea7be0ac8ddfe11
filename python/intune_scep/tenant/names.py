"""Groups, assignment filters and scope tags: which ids go with which names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

from intune_scep.graph.batch import BATCH_SIZE, read_batch
from intune_scep.tenant.tenant import Tenant

FILTERS = "deviceManagement/assignmentFilters"
SCOPE_TAGS = "deviceManagement/roleScopeTags"
GROUPS = "groups"
_CLAUSES = 15
_SELECT = {"$select": "id,displayName"}

Entries = tuple[tuple[str, str], ...]
"""Pairs of id and name."""


async def read_groups(
    tenant: Tenant, *, names: Iterable[str] = (), ids: Iterable[str] = ()
) -> Entries:
    """Find groups by exact name and by id, up to 300 of them in one request.

    Every group of a name comes back, so that two of one name are seen. Directory filters take 15
    clauses, and a $batch takes 20 of them.

    Raises:
        GraphError, GraphTransportError: they could not be read.
    """
    wanted = [("displayName", name) for name in dict.fromkeys(names)]
    wanted += [("id", identifier) for identifier in dict.fromkeys(ids)]
    paths = [
        _filtered(wanted[start : start + _CLAUSES]) for start in range(0, len(wanted), _CLAUSES)
    ]
    found: dict[str, str] = {}
    for start in range(0, len(paths), BATCH_SIZE):
        for answer in await read_batch(tenant.session, paths[start : start + BATCH_SIZE]):
            if answer.error is not None:
                raise answer.error
            found.update(_entries(answer.body.get("value") or []))
            if link := answer.body.get("@odata.nextLink"):
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
    return await _read_all(tenant, FILTERS)


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


def _entries(values: Iterable[dict[str, Any]]) -> dict[str, str]:
    return {str(value["id"]): str(value.get("displayName") or "") for value in values}
