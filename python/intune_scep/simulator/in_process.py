"""The door without a socket: an httpx transport that calls the core."""

import os
import signal
import time
from collections.abc import Callable, Iterable

import httpx

from intune_scep.simulator.control import advance_clock
from intune_scep.simulator.core import Core
from intune_scep.simulator.messages import Request, Response
from intune_scep.simulator.store import read_meta
from intune_scep.simulator.tokens import SIMULATOR_CLIENT, issue_token


class InProcessTransport(httpx.AsyncBaseTransport):
    """Answers every host with the simulated tenant."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request, or fail as the client would see it on a wire."""
        response = self._core.handle(
            Request(
                method=request.method,
                path=request.url.path,
                query=request.url.query.decode("ascii"),
                headers={name.lower(): value for name, value in request.headers.items()},
                body=await request.aread(),
                scheme=request.url.scheme,
                host=request.url.netloc.decode("ascii"),
            )
        )
        if response.effect is not None:
            self._suffer(request, response)
        return httpx.Response(
            response.status,
            headers={**response.headers, "Content-Length": str(len(response.body))},
            stream=httpx.ByteStream(b"" if request.method == "HEAD" else response.body),
            request=request,
        )

    def _suffer(self, request: httpx.Request, response: Response) -> None:
        effect = response.effect
        if effect is None:
            return
        if effect.kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if effect.kind in ("slow", "drip"):
            # The client would have waited; only the tenant's clock does.
            with self._core.store.transaction() as connection:
                advance_clock(connection, effect.seconds)
            raise httpx.ReadTimeout("The simulated answer came too late.", request=request)
        if effect.kind == "close":
            raise httpx.RemoteProtocolError(
                "Server disconnected without sending a response.", request=request
            )
        raise httpx.RemoteProtocolError(
            "peer closed connection without sending complete message body", request=request
        )


class Door:
    """An open tenant, for a client in this process.

    Args:
        core: The tenant.
        transport: What to give `httpx.AsyncClient`.
    """

    def __init__(self, core: Core, clock: Callable[[], float]) -> None:
        self.core = core
        self.transport: httpx.AsyncBaseTransport = InProcessTransport(core)
        self._clock = clock

    @property
    def tenant_id(self) -> str:
        """The tenant's GUID."""
        return self.core.tenant_id

    def access_token(
        self,
        roles: Iterable[str] | None = None,
        expires_in: float = 3600,
        user: str | None = None,
    ) -> str:
        """A signed bearer token.

        Args:
            roles: Application permissions; None for every one the simulator knows.
            expires_in: Lifetime in seconds by the tenant's clock.
            user: Object id of a user who signed in; None for an application by itself.
        """
        with self.core.store.transaction() as connection:
            meta = read_meta(connection)
        return issue_token(
            meta,
            now=self._clock() + meta["clock_skew"],
            application=SIMULATOR_CLIENT,
            roles=roles,
            expires_in=expires_in,
            user=user,
        )

    def close(self) -> None:
        """Close the tenant's file."""
        self.core.close()


def open_in_process(
    path: str | os.PathLike[str], *, clock: Callable[[], float] | None = None
) -> Door:
    """Open the tenant file `path`.

    Args:
        path: A file made by `seed` or `reset`.
        clock: Epoch seconds; the system's by default.

    Raises:
        SimulatorError: The file is missing or is not a tenant file.
    """
    ticking = clock or time.time
    return Door(Core(path, clock=ticking), ticking)
