"""One Entra tenant in one cloud, with a session that leads to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from intune_scep.connection import ConnectionOptions
from intune_scep.graph.approval import checked_justification
from intune_scep.graph.connect import connect
from intune_scep.graph.session import GraphSession


@dataclass(frozen=True)
class Tenant:
    """A tenant that can be read and written.

    Attributes:
        session: The conversation with Graph.
        tenant_id: Entra tenant id; a domain name where only that is known.
        cloud: Name of the cloud; `simulator` for the embedded one.
        patience: Seconds for which a write is looked for that does not show yet.
        granted_permissions: What the token permits; None where it does not say.
        signed_in_as: User principal name or application id of the token; empty where it does not
            say. It is read and not verified.
        justification: For the approval of another administrator, where Graph asks for one.
    """

    session: GraphSession
    tenant_id: str
    cloud: str
    patience: float = 60.0
    granted_permissions: frozenset[str] | None = None
    signed_in_as: str = ""
    justification: str | None = None

    @classmethod
    async def open(cls, options: ConnectionOptions) -> Tenant:
        """Sign in.

        Raises:
            IntuneScepError: an option is wrong, or no token could be had.
        """
        justification = checked_justification(options.justification)
        connection = await connect(options)
        return cls(
            connection.session,
            connection.tenant_id,
            connection.cloud,
            patience=options.patience,
            granted_permissions=connection.granted_permissions,
            signed_in_as=connection.signed_in_as,
            justification=justification,
        )

    @property
    def is_simulator(self) -> bool:
        return self.cloud == "simulator"

    def now(self) -> datetime:
        """The service's time, by its last answer; this machine's before there was one."""
        return datetime.now(UTC) + self.session.clock_skew

    async def close(self) -> None:
        await self.session.close()
