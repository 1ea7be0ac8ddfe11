"""From connection options to a signed-in session."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from intune_scep.connection import ConnectionOptions
from intune_scep.errors import ConnectionOptionError
from intune_scep.graph.clouds import Cloud, select_cloud
from intune_scep.graph.credentials import (
    Credential,
    StaticCredential,
    make_credential,
    read_claims,
)
from intune_scep.graph.engine import GraphEngine
from intune_scep.graph.network import load_httpx
from intune_scep.graph.pacing import Pacer
from intune_scep.graph.permissions import granted
from intune_scep.graph.redaction import Redactor
from intune_scep.graph.session import GraphSession
from intune_scep.graph.sign_in import sign_in

if TYPE_CHECKING:
    import httpx

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True)
class Connection:
    """A session and the tenant it leads to.

    Attributes:
        session: Ready to be used.
        tenant_id: From the token where it says so, else as given.
        cloud: The cloud's name; `simulator` for the embedded one.
        granted_permissions: What the token permits; None where it does not say.
        signed_in_as: User principal name or application id of the token, not verified; may be
            empty.
    """

    session: GraphSession
    tenant_id: str
    cloud: str
    granted_permissions: frozenset[str] | None
    signed_in_as: str


async def connect(options: ConnectionOptions) -> Connection:
    """Sign in and return a session. No request goes to Graph.

    Raises:
        ConnectionOptionError: an option names something that is not there, or another tenant than
            the token does.
        AuthenticationError: no token could be had.
    """
    options.check()
    cloud = select_cloud(options)
    load_httpx()
    credential: Credential
    transport: httpx.AsyncBaseTransport | None = None
    on_close = None
    door_tenant = None
    if options.uses_in_process_door:
        door = open_simulator(options.simulator or "")
        transport, on_close = door.transport, door.close
        door_tenant = door.tenant_id
        credential = StaticCredential((options.access_token or door.access_token()).strip())
    else:
        credential = make_credential(options, cloud)
    engine = GraphEngine(
        cloud,
        credential,
        transport=transport,
        timeout=options.timeout,
        on_close=on_close,
        redactor=Redactor(options.secret, options.access_token),
    )
    try:
        token = await sign_in(engine.tokens)
        claims = read_claims(token.token)
        tenant_id = _tenant_id(options.tenant, door_tenant or claims.get("tid"))
    except BaseException:
        await engine.close()
        raise
    return Connection(
        session=GraphSession(engine, _pacer(options, cloud, tenant_id, claims)),
        tenant_id=tenant_id,
        cloud="simulator" if _is_simulated(claims) else cloud.name,
        granted_permissions=granted(claims),
        signed_in_as=_identity(claims),
    )


def _identity(claims: Mapping[str, Any]) -> str:
    """Who a token is of: a person where it is delegated, else an application."""
    names = ("upn", "preferred_username", "unique_name", "app_displayname", "appid", "azp", "oid")
    return next((str(claims[name]) for name in names if claims.get(name)), "")


def _pacer(
    options: ConnectionOptions, cloud: Cloud, tenant_id: str, claims: Mapping[str, Any]
) -> Pacer:
    """One that counts with every process of the same application in the tenant."""
    application = claims.get("appid") or claims.get("azp") or options.client_id
    if not tenant_id or not application:
        return Pacer()
    from intune_scep.graph.shared_tally import SharedTally

    # Two files of the simulator may hold one tenant.
    door = os.path.realpath(options.simulator or "") if options.uses_in_process_door else ""
    return Pacer(SharedTally(tenant_id, cloud.graph, str(application), door))


def _tenant_id(given: str | None, actual: Any) -> str:
    """Return whose tenant it is.

    A domain name that was given cannot be compared with an id; a token without one is believed to
    be of the tenant that was given.

    Raises:
        ConnectionOptionError: it is another one than was given.
    """
    if not isinstance(actual, str) or not actual:
        return given or ""
    if given and _GUID.fullmatch(given) and given.lower() != actual.lower():
        raise ConnectionOptionError(
            f"tenant (AZURE_TENANT_ID) is {given}, but the credentials are for tenant {actual}.",
            hint="Nothing was sent. Name the tenant that is meant, or leave tenant out.",
        )
    return actual


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
