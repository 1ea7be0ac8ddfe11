"""From connection options to a signed-in session."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from intune_scep.connection import ConnectionOptions
from intune_scep.graph.clouds import select_cloud
from intune_scep.graph.credentials import StaticCredential, make_credential, sign_in
from intune_scep.graph.engine import GraphEngine
from intune_scep.graph.session import GraphSession

if TYPE_CHECKING:
    import httpx
    from azure.core.credentials import TokenCredential


@dataclass(frozen=True)
class Connection:
    """A session and the tenant it leads to.

    Attributes:
        session: Ready to be used.
        tenant_id: From the token where it says so, else as given.
        cloud: The cloud's name; `simulator` for the embedded one.
    """

    session: GraphSession
    tenant_id: str
    cloud: str


async def connect(options: ConnectionOptions) -> Connection:
    """Sign in and return a session.

    Raises:
        ConnectionOptionError: an option names something that is not there.
        AuthenticationError: no token could be had.
    """
    options.check()
    cloud = select_cloud(options)
    credential: TokenCredential
    transport: httpx.AsyncBaseTransport | None = None
    on_close = None
    known_tenant = options.tenant or ""
    if options.uses_in_process_door:
        door = open_simulator(options.simulator or "")
        transport, on_close = door.transport, door.close
        known_tenant = door.tenant_id
        credential = StaticCredential(options.access_token or door.access_token())
    else:
        credential = make_credential(options, cloud)
    claims = await asyncio.to_thread(sign_in, credential, cloud)
    engine = GraphEngine(
        cloud, credential, transport=transport, timeout=options.timeout, on_close=on_close
    )
    return Connection(
        session=GraphSession(engine),
        tenant_id=known_tenant if transport else str(claims.get("tid") or known_tenant),
        cloud="simulator" if _is_simulated(claims) else cloud.name,
    )


def _is_simulated(claims: Mapping[str, Any]) -> bool:
    """Whether a token says that the simulator issued it, whatever cloud it is used with."""
    return str(claims.get("iss", "")).startswith("https://sts.simulator.invalid/")


def open_simulator(path: str) -> Any:
    """Open the in-process door of the embedded simulator.

    Raises:
        IntuneScepError: the file is not a simulated tenant.
    """
    from intune_scep.errors import IntuneScepError

    # The only line that knows the simulator; it knows nothing of us.
    from intune_scep.simulator import SimulatorError, open_in_process

    try:
        return open_in_process(path)
    except SimulatorError as error:
        raise IntuneScepError(str(error)) from error
