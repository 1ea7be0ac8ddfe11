"""Who a profile is assigned to: read and compared (GRAPH.md 3.5)."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from intune_scep.graph.session import checked_id
from intune_scep.tenant.profiles import CONFIGURATIONS
from intune_scep.tenant.tenant import Tenant

Assignments = Sequence[dict[str, Any]]
"""`deviceConfigurationAssignment` objects, of which only target and intent count here."""


def same_assignments(one: Assignments, other: Assignments) -> bool:
    """Whether two sets of assignments mean the same; order, ids and sources mean nothing."""
    return {_meaning(item) for item in one} == {_meaning(item) for item in other}


def _meaning(assignment: dict[str, Any]) -> Hashable:
    target = assignment.get("target") or {}
    chosen = target.get("deviceAndAppManagementAssignmentFilterType") or "none"
    narrowed = target.get("deviceAndAppManagementAssignmentFilterId") if chosen != "none" else None
    return (
        str(target.get("@odata.type")).lower(),
        str(target.get("groupId") or "").lower(),
        str(target.get("collectionId") or "").lower(),
        chosen,
        str(narrowed or "").lower(),
        assignment.get("intent") or "apply",
    )


async def read_assignments(tenant: Tenant, identifier: str) -> list[dict[str, Any]]:
    """The assignments of one profile.

    Raises:
        GraphError, GraphTransportError: they could not be read.
    """
    path = f"{CONFIGURATIONS}/{checked_id(identifier)}/assignments"
    return [item async for page in tenant.session.pages(path) for item in page]
