"""The certificate connectors of a tenant: `deviceManagement/ndesConnectors` (ROLLOUT.md 3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from intune_scep.certificate_states import reported_instant
from intune_scep.errors import GraphTransportError
from intune_scep.records import Record
from intune_scep.tenant.tenant import Tenant

CONNECTORS: Final = "deviceManagement/ndesConnectors"
ACTIVE: Final = "active"


@dataclass(frozen=True, slots=True)
class Connector(Record):
    """One certificate connector.

    Attributes:
        name: As the admin center shows it; its id where it has none.
        state: `active`, `inactive`, `none`, or a word that is not known yet; in lower case.
        version: As it tells it, for example `6.2510.3.2002`; empty if it does not.
        last_connection: When Intune last heard of it; None if it does not say.
    """

    id: str
    name: str
    state: str
    version: str
    last_connection: datetime | None

    @property
    def is_active(self) -> bool:
        return self.state == ACTIVE

    @property
    def release(self) -> tuple[int, ...] | None:
        """The version in numbers; None if it is none."""
        parts = self.version.split(".")
        if not all(part.isascii() and part.isdigit() and len(part) < 10 for part in parts):
            return None
        return tuple(map(int, parts))


async def read_connectors(tenant: Tenant) -> tuple[Connector, ...]:
    """Every certificate connector, by name.

    Raises:
        GraphError, GraphTransportError: they could not be read; needs
            DeviceManagementConfiguration.Read.All.
    """
    found = [
        _connector(entity) async for page in tenant.session.pages(CONNECTORS) for entity in page
    ]
    return tuple(sorted(found, key=lambda item: (item.name.casefold(), item.id)))


def _connector(entity: Mapping[str, Any]) -> Connector:
    if not isinstance(entity, dict):
        raise GraphTransportError(
            "Graph sent something else than a certificate connector.", hides_commit=False
        )
    identifier = _text(entity, "id")
    return Connector(
        id=identifier,
        name=_text(entity, "displayName") or _text(entity, "machineName") or identifier or "?",
        state=_text(entity, "state").lower(),
        version=_text(entity, "connectorVersion"),
        last_connection=reported_instant(_text(entity, "lastConnectionDateTime")),
    )


def _text(entity: Mapping[str, Any], name: str) -> str:
    value = entity.get(name)
    return value.strip() if isinstance(value, str) else ""
