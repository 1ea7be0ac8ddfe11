"""The way out of this machine: trusted certificates, proxies, and how much an answer may hold."""

from __future__ import annotations

import os
import ssl
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from intune_scep.connection import is_loopback
from intune_scep.errors import ConnectionOptionError, GraphTransportError

if TYPE_CHECKING:
    import httpx

MAX_CONNECTIONS = 8
CONNECT_TIMEOUT_SECONDS = 15.0
# A page of 1,000 profiles has about 5 MB.
MAX_ANSWER_BYTES = 200_000_000
_CERTIFICATE_FILE = "SSL_CERT_FILE"
_PROXY_VARIABLES = ("http_proxy", "https_proxy", "all_proxy")


def load_httpx() -> None:
    """Import httpx without its command line, for which it imports click, pygments and rich.

    `httpx.main` is there all the same, and loads it when it is called.
    """
    if "httpx" in sys.modules:
        return
    name = "httpx._main"
    stand_in: Any = ModuleType(name)
    stand_in.main = _command_line_of_httpx
    sys.modules[name] = stand_in
    try:
        import_module("httpx")
    finally:
        sys.modules.pop(name, None)


def _command_line_of_httpx() -> None:
    from httpx._main import main

    main()


def open_client(
    root: str, *, timeout: float, transport: httpx.AsyncBaseTransport | None = None
) -> httpx.AsyncClient:
    """Return a client for one server, with the proxy that the environment names for it.

    A server on this machine is never reached through a proxy: it would get the token.

    Args:
        root: URL of the server.
        timeout: Seconds for each part of a request.
        transport: Used instead of the network.

    Raises:
        ConnectionOptionError: the environment names a proxy or certificates that cannot be used.
    """
    load_httpx()
    import httpx

    timeouts = httpx.Timeout(timeout, connect=min(CONNECT_TIMEOUT_SECONDS, timeout))
    hooks = {"response": [_read_bounded]}
    if transport is not None:
        return httpx.AsyncClient(transport=transport, timeout=timeouts, event_hooks=hooks)
    # Without TLS nobody's certificate is looked at, and reading the authorities takes a while.
    encrypted = root.startswith("https:")
    certificates = trusted_certificates() if encrypted else _trusting_nobody()
    try:
        return httpx.AsyncClient(
            http2=False,
            verify=certificates,
            trust_env=not is_on_this_machine(root),
            timeout=timeouts,
            limits=httpx.Limits(
                max_connections=MAX_CONNECTIONS, max_keepalive_connections=MAX_CONNECTIONS
            ),
            event_hooks=hooks,
        )
    except (ValueError, ImportError, httpx.InvalidURL):
        # What they say may hold the proxy's password.
        raise ConnectionOptionError(_unusable_proxy(certificates)) from None


def _trusting_nobody() -> ssl.SSLContext:
    check_certificate_file()
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def is_on_this_machine(url: str) -> bool:
    """Whether a URL leads to a loopback address."""
    return is_loopback(urlsplit(url).hostname or "")


def trusted_certificates() -> ssl.SSLContext:
    """Return whom to trust: the file in SSL_CERT_FILE, else the usual authorities.

    Raises:
        ConnectionOptionError: the file cannot be used.
    """
    import httpx

    check_certificate_file()
    try:
        return httpx.create_ssl_context()
    except (OSError, ValueError) as error:
        raise ConnectionOptionError(
            f"{_CERTIFICATE_FILE} {os.environ.get(_CERTIFICATE_FILE)} holds no certificates that"
            f" can be read ({getattr(error, 'reason', None) or type(error).__name__}).",
            hint="Name a PEM file with the certificates of the authorities to trust.",
        ) from error


def check_certificate_file() -> str | None:
    """Return the file in SSL_CERT_FILE; None where the variable is not set.

    Raises:
        ConnectionOptionError: it is not a file that can be read.
    """
    name = os.environ.get(_CERTIFICATE_FILE)
    if name and not (Path(name).is_file() and os.access(name, os.R_OK)):
        raise ConnectionOptionError(
            f"{_CERTIFICATE_FILE} {name} is not a file that can be read.",
            hint="Name a PEM file with the certificates of the authorities to trust, or unset it.",
        )
    return name or None


def proxy_in_use(client: httpx.AsyncClient, root: str) -> str | None:
    """Return where the proxy is named that requests to `root` go through; None without one."""
    import httpx

    url = httpx.URL(root)
    for pattern, transport in client._mounts.items():
        if pattern.matches(url):
            wanted = f"{pattern.scheme or 'all'}_proxy"
            named = [name for name in os.environ if name.lower() == wanted]
            return (named or ["the system's settings"])[0] if transport is not None else None
    return None


def _unusable_proxy(certificates: ssl.SSLContext) -> str:
    import httpx

    for name, value in os.environ.items():
        if name.lower() not in _PROXY_VARIABLES or not value:
            continue
        try:
            httpx.AsyncHTTPTransport(
                verify=certificates, proxy=value if "://" in value else f"http://{value}"
            )
        except ImportError:
            return f"The proxy in {name} speaks SOCKS, which needs: pip install 'httpx[socks]'."
        except (ValueError, httpx.InvalidURL):
            return (
                f"{name} is not a proxy that can be used: it must be a URL such as"
                " http://proxy.example:8080."
            )
    return "NO_PROXY, or the system's proxy settings, cannot be understood."


async def _read_bounded(response: httpx.Response) -> None:
    """Read an answer, unpacked, up to a bound: a few bytes may unpack to more than the memory."""
    parts = []
    size = 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > MAX_ANSWER_BYTES:
            raise GraphTransportError(
                f"An answer has more than {MAX_ANSWER_BYTES} bytes and was not read to its end.",
                hides_commit=True,
                may_repeat=False,
            )
        parts.append(part)
    response._content = b"".join(parts)
