"""The wire door: a real HTTP(S) server over the core, on loopback only."""

import asyncio
import contextlib
import ipaddress
import os
import re
import socket
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request as HttpRequest
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from intune_scep.simulator.core import Core
from intune_scep.simulator.errors import SimulatorError
from intune_scep.simulator.messages import Effect, Request, Response, json_response

LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
"""Hosts that are served whatever else is."""

_DRIP_INTERVAL = 0.2
_NAME = re.compile(r"[0-9a-z_.-]+")
_HOST = re.compile(r"(?:\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<name>[^\[\]:/@?#\s]+))(?::\d{1,5})?")


def checked_name(given: str) -> str:
    """A name that a Host header can hold, in lower case.

    Raises:
        SimulatorError: It is none.
    """
    bare = given.lower().strip("[]")
    with contextlib.suppress(ValueError):
        return str(ipaddress.ip_address(bare))
    if not _NAME.fullmatch(bare):
        raise SimulatorError(f"{given!r} is no name of a host: give it without scheme and port.")
    return bare.removesuffix(".")


@dataclass(frozen=True)
class Tls:
    """A server certificate and its key, PEM files."""

    certificate: Path
    key: Path


def build_app(core: Core, hosts: Collection[str] = LOOPBACK_NAMES) -> ASGIApp:
    """The core as an ASGI application that answers only when it is asked for by one of `hosts`.

    A web page whose name was made to lead to this machine is asked for by its own name: it must
    not get in (DNS rebinding).
    """
    return Starlette(routes=[Route("/{path:path}", _Endpoint(core, hosts))])


def host_name(header: str) -> str | None:
    """The name in a Host header, in lower case, without port and brackets; None if it is none."""
    match = _HOST.fullmatch(header)
    if match is None:
        return None
    return (match["six"] or match["name"]).lower().removesuffix(".")


def serve(
    core: Core,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    tls: Tls | None = None,
    more_hosts: Iterable[str] = (),
    announce: Callable[[str], None],
) -> None:
    """Serve until the process is told to stop.

    Args:
        core: The tenant.
        host: A loopback address or `localhost`.
        port: 0 for any free one.
        tls: Serve HTTPS with this.
        more_hosts: Names by which requests may ask for it besides loopback's.
        announce: Called once with the URL when requests are answered.

    Raises:
        SimulatorError: The host is not loopback, the port is taken, the certificate unusable, or
            one of the names none that a Host header can hold.
    """
    hosts = {*LOOPBACK_NAMES, host.lower(), *map(checked_name, more_hosts)}
    listener = _listen(host, port)
    scheme = "https" if tls else "http"
    name = f"[{host}]" if ":" in host else host
    url = f"{scheme}://{name}:{listener.getsockname()[1]}"
    config = uvicorn.Config(
        build_app(core, hosts),
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_level="critical",
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=1,
        ssl_certfile=tls.certificate if tls else None,
        ssl_keyfile=tls.key if tls else None,
    )
    with listener:
        try:
            _Server(config, lambda: announce(url)).run(sockets=[listener])
        except OSError as error:
            raise SimulatorError(f"Cannot serve {url}: {error}.") from error


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()


class _Protocol(H11Protocol):
    """Lets a request reach its connection, which some effects must cut."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own does
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class _Endpoint:
    def __init__(self, core: Core, hosts: Collection[str]) -> None:
        self._core = core
        self._hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        http = HttpRequest(scope, receive)
        asked = http.headers.get("host", "")
        if host_name(asked) not in self._hosts:
            await _send(send, _misdirected(asked))
            return
        request = Request(
            method=http.method,
            path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            headers=dict(http.headers),
            body=await http.body(),
            scheme=scope["scheme"],
            host=asked,
        )
        response = await run_in_threadpool(self._core.handle, request)
        if response.effect is None:
            await _send(send, response)
            return
        await _suffer(scope["state"]["transport"], send, response, response.effect)


async def _send(send: Send, response: Response) -> None:
    await _send_head(send, response)
    await send({"type": "http.response.body", "body": response.body})


async def _send_head(send: Send, response: Response) -> None:
    headers = {**response.headers, "Content-Length": str(len(response.body))}
    if response.status == 204:
        del headers["Content-Length"]
    await send(
        {
            "type": "http.response.start",
            "status": response.status,
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
    )


async def _suffer(
    transport: asyncio.Transport, send: Send, response: Response, effect: Effect
) -> None:
    if effect.kind == "slow":
        await asyncio.sleep(effect.seconds)
        await _send(send, response)
    elif effect.kind == "drip":
        await _drip(send, response, effect.seconds)
    elif effect.kind == "truncate":
        await _send_head(send, response)
        half = response.body[: len(response.body) // 2]
        await send({"type": "http.response.body", "body": half, "more_body": True})
        await _cut(transport)
    else:
        # There is no process of the client's to kill here: `kill` only cuts the connection.
        await _cut(transport)


async def _drip(send: Send, response: Response, seconds: float) -> None:
    await _send_head(send, response)
    body = response.body
    step = max(1, int(len(body) * _DRIP_INTERVAL / max(seconds, _DRIP_INTERVAL)))
    for start in range(0, len(body), step):
        await asyncio.sleep(_DRIP_INTERVAL)
        part = body[start : start + step]
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _cut(transport: asyncio.Transport) -> None:
    transport.close()
    # Only when the connection is seen to be lost does uvicorn not answer in our place.
    await asyncio.sleep(0.05)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    if not _is_loopback(host):
        raise SimulatorError(f"The simulator serves loopback addresses only, not {host}.")
    # Only where the protocol is named does asyncio set TCP_NODELAY on the connections; without it
    # an answer in two parts waits some 40 ms for the client's acknowledgement of the first.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except (OSError, OverflowError) as error:
        listener.close()
        raise SimulatorError(f"Cannot listen on {host} port {port}: {error}.") from error
    return listener


def _misdirected(host: str) -> Response:
    reason = (
        f"The simulator was not started for the host {host[:80]!r}. Use a loopback name, or name"
        " it in --allow-host."
    )
    return json_response(421, {"error": {"code": "MisdirectedRequest", "message": reason}})


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False
