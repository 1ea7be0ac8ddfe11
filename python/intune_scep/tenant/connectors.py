from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from intune_scep.tenant.tenant import Tenant


@dataclass(frozen=True)
class Connector:
    id: str
    name: str
    state: str
    version: str | None
    last_connection: datetime | None


async def read_connectors(tenant: Tenant) -> tuple[Connector, ...]:
    from intune_scep.certificate_states import reported_instant

    found = []
    async for page in tenant.session.pages("deviceManagement/ndesConnectors"):
        for e in page:
            found.append(
                Connector(
                    e["id"],
                    e.get("displayName") or e["id"],
                    str(e.get("state") or ""),
                    e.get("connectorVersion"),
                    reported_instant(str(e.get("lastConnectionDateTime") or "")),
                )
            )
    return tuple(found)
