"""Who a profile is assigned to (GRAPH.md 3.5)."""

from __future__ import annotations

from typing import Any

from intune_scep.graph.session import checked_id
from intune_scep.tenant.profiles import CONFIGURATIONS
from intune_scep.tenant.tenant import Tenant


async def read_assignments(tenant: Tenant, identifier: str) -> list[dict[str, Any]]:
    """The assignments of one profile.

    Raises:
        GraphError, GraphTransportError: they could not be read.
    """
    path = f"{CONFIGURATIONS}/{checked_id(identifier)}/assignments"
    return [item async for page in tenant.session.pages(path) for item in page]
