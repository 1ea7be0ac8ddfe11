"""The state of requests for the approval of another administrator (ROLLOUT.md 6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from intune_scep.errors import GraphError
from intune_scep.graph.session import checked_id
from intune_scep.tenant.tenant import Tenant

REQUESTS: Final = "deviceManagement/operationApprovalRequests"
READING: Final = "DeviceManagementRBAC.Read.All or DeviceManagementConfiguration.Read.All"
_NOT_BY_ID: Final = frozenset({400, 404, 405})


@dataclass(frozen=True)
class ApprovalState:
    """What Graph says of a request.

    Attributes:
        status: As Graph spells it, in lower case.
        expires_at: ISO 8601; empty where it does not say.
    """

    status: str
    expires_at: str = ""


async def read_approval(tenant: Tenant, code: str) -> ApprovalState | None:
    """Ask for a request by its id, else in the list of them; None where Graph knows none.

    The documentation filters the list by `requestId`, which the entity does not have.

    Raises:
        GraphError, GraphTransportError: it could not be read.
    """
    try:
        found = await tenant.session.read(f"{REQUESTS}/{checked_id(code)}")
    except GraphError as error:
        if error.status not in _NOT_BY_ID:
            raise
        found = await _listed(tenant, code)
    return _state(found) if _is_of(found, code) else None


async def _listed(tenant: Tenant, code: str) -> Any:
    async for page in tenant.session.pages(REQUESTS):
        for item in page:
            if _is_of(item, code):
                return item
    return None


def _is_of(item: Any, code: str) -> bool:
    if not isinstance(item, Mapping):
        return False
    ids = (item.get("id"), item.get("requestId"))
    return any(isinstance(found, str) and found.lower() == code.lower() for found in ids)


def _state(item: Mapping[str, Any]) -> ApprovalState:
    expires = item.get("expirationDateTime")
    return ApprovalState(
        str(item.get("status") or "").lower(), expires if isinstance(expires, str) else ""
    )
