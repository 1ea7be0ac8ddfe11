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
    raise NotImplementedError
