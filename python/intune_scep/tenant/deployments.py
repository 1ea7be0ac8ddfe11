"""Whether a tenant uses Microsoft's own staged rollouts (ROLLOUT.md 4)."""

from __future__ import annotations

from typing import Final

from intune_scep.errors import GraphError
from intune_scep.tenant.tenant import Tenant

DEPLOYMENTS: Final = "deviceManagement/deployments"
_NO_SUCH_THING: Final = frozenset({400, 404})


async def uses_deployments(tenant: Tenant) -> bool | None:
    """Whether there is a deployment; None where Graph does not have them, or does not tell.

    Raises:
        GraphError, GraphTransportError: it could not be read.
    """
    try:
        body = await tenant.session.read(DEPLOYMENTS)
    except GraphError as error:
        if error.status in _NO_SUCH_THING:
            return None
        raise
    found = body.get("value") if isinstance(body, dict) else None
    return bool(found) if isinstance(found, list) else None
