"""When each device last asked Intune for its profiles."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from intune_scep.certificate_states import reported_instant
from intune_scep.tenant.entities import Failures, Progress, read_managed
from intune_scep.tenant.tenant import Tenant

_SELECTED: Final = "id,lastSyncDateTime,managementAgent"


async def read_check_ins(
    tenant: Tenant, failures: Failures, *, progress: Progress | None = None
) -> Mapping[str, datetime | None]:
    """The last check-in of every device that Intune manages; None where there was none yet.

    Args:
        failures: Gets a line if some devices have no id.

    Returns:
        By the id of the managed device, in lower case.

    Raises:
        GraphError, GraphTransportError: they could not be read.
    """
    return {
        entity["id"].lower(): reported_instant(str(entity.get("lastSyncDateTime") or ""))
        async for entity in read_managed(tenant, _SELECTED, failures, progress=progress)
    }
