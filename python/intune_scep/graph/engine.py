"""What Microsoft's SDK stands on up to the response, and nothing of it beyond.

The request adapter expands URL templates, adds the token, answers continuous-access-evaluation
challenges and sends through httpx. The native response handler hands us httpx's response, so no
generated model is ever loaded: parsing one page with those imports 2,500 modules.

Everything heavy is imported inside functions: a caller that fails on its arguments must not have
paid for it.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from intune_scep.errors import GraphTransportError, IntuneScepError, UnsafeLinkError
from intune_scep.graph.clouds import CLOUDS, Cloud
from intune_scep.graph.network import open_client, proxy_in_use
from intune_scep.graph.redaction import Redactor, unlogged
from intune_scep.graph.sign_in import TokenSource
from intune_scep.version import __version__

if TYPE_CHECKING:
    import httpx

    from intune_scep.graph.credentials import Credential

_LONGEST_REASON = 600
_OF_MICROSOFT = frozenset(cloud.graph for cloud in CLOUDS.values() if cloud.name != "simulator")


class GraphEngine:
    """Sends one request to one cloud and returns the raw response.

    Args:
        cloud: Where Graph is; tokens go to its host only.
        credential: Gives tokens (azure-identity's protocol).
        transport: Used instead of the network, for the in-process door of the simulator.
        timeout: Seconds for a whole request with its answer; a slow drip ends there too.
        on_close: Called when the engine closes, for what stands behind `transport`.
        redactor: Knows the secrets that no message may repeat; each token is added to it.

    Attributes:
        tokens: Where its tokens come from.

    Raises:
        ConnectionOptionError: the environment names a proxy or certificates that cannot be used.
    """

    def __init__(
        self,
        cloud: Cloud,
        credential: Credential,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout: float = 100.0,
        on_close: Callable[[], None] | None = None,
        redactor: Redactor | None = None,
    ) -> None:
        client = open_client(cloud.graph, timeout=timeout, transport=transport)
        # After httpx, which `open_client` loads without its command line.
        from intune_scep.graph.adapter import make_adapter, native_answer

        self.cloud = cloud
        self._timeout = timeout
        self.redactor = redactor or Redactor()
        self.tokens = TokenSource(credential, cloud, self.redactor)
        self._proxy = proxy_in_use(client, cloud.graph)
        self._adapter = make_adapter(client, self.tokens, cloud)
        self._transport = transport
        self._native = native_answer()
        self._client = client
        self._on_close = on_close

    async def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> httpx.Response:
        """Send once and return what came, whatever its status.

        Args:
            path: Relative to the versioned root, or a whole link that Graph itself gave.
            query: OData options by name, for example `{"$filter": "…"}`.

        Raises:
            UnsafeLinkError: the link leads to another host.
            AuthenticationError: there is no token for the request, which was not sent.
            GraphTransportError: no whole answer came.
        """
        from intune_scep.graph.adapter import Method, RequestInformation

        request = RequestInformation(Method(method))
        if "://" in path:
            self._require_own_host(path)
            request.url = path
        else:
            names = sorted(query or {})
            options = ",".join(name.replace("$", "%24") for name in names)
            request.url_template = "{+baseurl}/" + path + (f"{{?{options}}}" if options else "")
            request.path_parameters["baseurl"] = self._adapter.base_url
            request.query_parameters = {
                name.replace("$", "%24"): (query or {})[name] for name in names
            }
        request.headers.try_add("Accept", "application/json")
        request.headers.try_add("User-Agent", f"intune-scep/{__version__}")
        if self.cloud.graph in _OF_MICROSOFT:
            from uuid import uuid4

            # Microsoft's support finds a request by it, also one that had no answer.
            request.headers.try_add("client-request-id", str(uuid4()))
        if content is not None:
            request.headers.try_add("Content-Type", "application/json")
            request.content = content
        for name, value in (headers or {}).items():
            request.headers.try_add(name, value)
        request.add_request_options([self._native])
        return await self._exchange(request, method, path)

    async def _exchange(self, request: Any, method: str, path: str) -> httpx.Response:
        import httpx

        what = f"{method} {path.partition('?')[0]}"
        # Outside of the request's own time: nothing has been sent if this fails.
        await self.tokens.refresh()
        try:
            # Kiota expands the template each time it looks at the URL.
            request.url = request.url
            async with asyncio.timeout(self._timeout):
                response: Any = await self._adapter.send_primitive_async(request, "bytes", {})
        except TimeoutError as error:
            raise GraphTransportError(
                f"No whole answer to {what} within {self._timeout:g} s.", hides_commit=True
            ) from error
        except IntuneScepError:
            raise
        except Exception as error:
            ours = transport_error(
                error, what, self.cloud.graph, proxy=self._proxy, clean=self.redactor.clean
            )
            raise ours from self.redactor.cause(error)
        if not isinstance(response, httpx.Response):
            raise GraphTransportError(f"The SDK gave no response to {what}.", hides_commit=True)
        return response

    async def download(self, link: str) -> httpx.Response:
        """GET what Graph has laid down somewhere else, at a link that is its own key.

        No token goes there, and redirects are not followed. Plain http is for Graph's own origin
        only, which is then on this machine.

        Raises:
            UnsafeLinkError: the link is none that may be followed.
            GraphTransportError: no whole answer came.
        """
        root = self._root_of_download(link)
        what = f"the download from {root}"
        client = open_client(root, timeout=self._timeout, transport=self._transport)
        try:
            with unlogged(link):
                async with asyncio.timeout(self._timeout):
                    return await client.get(link, follow_redirects=False)
        except TimeoutError as error:
            raise GraphTransportError(
                f"{what.capitalize()} did not end within {self._timeout:g} s.", hides_commit=False
            ) from error
        except IntuneScepError:
            raise
        except Exception as error:
            # What is said may hold the link, and the link is a key.
            raise transport_error(error, what, root, clean=lambda _: "") from None
        finally:
            if self._transport is None:
                await client.aclose()

    def _root_of_download(self, link: str) -> str:
        from urllib.parse import urlsplit

        try:
            parts = urlsplit(link)
            origin, named = (parts.scheme, parts.netloc.lower()), bool(parts.hostname)
        except ValueError:
            origin, named = ("", ""), False
        if named and "@" not in origin[1] and (origin[0] == "https" or origin == self.cloud.origin):
            return f"{origin[0]}://{origin[1]}"
        raise UnsafeLinkError(
            "Graph sent a link to a download that is not https. It was not followed."
        )

    def _require_own_host(self, link: str) -> None:
        from urllib.parse import urlsplit

        try:
            parts = urlsplit(link)
            origin, host = (parts.scheme, parts.netloc.lower()), parts.hostname
        except ValueError:
            origin, host = ("", ""), None
        if origin != self.cloud.origin:
            where = self.redactor.clean(f"{origin[0]}://{host}"[:200])
            raise UnsafeLinkError(
                f"Graph sent a link to {where}, which is not"
                f" {self.cloud.graph}. It was not followed, and no token was sent there."
            )

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()
        if self._on_close is not None:
            self._on_close()


def transport_error(
    error: Exception,
    what: str,
    root: str,
    *,
    proxy: str | None = None,
    clean: Callable[[str], str] = str,
) -> GraphTransportError:
    """Say which failure this is and whether the request may have arrived.

    Args:
        error: Whatever came out of the SDK, httpx and what they stand on.
        what: Method and path.
        root: Where it was to go.
        proxy: Where the proxy is named that it was to go through.
        clean: Takes secrets out of text.
    """
    import httpx

    said = clean(str(error))[:_LONGEST_REASON] or type(error).__name__
    if certificate := _certificate_problem(error):
        return GraphTransportError(
            f"The certificate of {root} could not be verified: {certificate}.",
            hides_commit=False,
            may_repeat=False,
            hint="If a private CA is right here, name its file in SSL_CERT_FILE.",
        )
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.ProxyError):
        return GraphTransportError(
            f"{root} cannot be reached: {said}.",
            hides_commit=False,
            hint=f"It was tried through the proxy in {proxy}." if proxy else None,
        )
    if isinstance(error, httpx.InvalidURL):
        return GraphTransportError(
            f"{what} was not sent: {said}.", hides_commit=False, may_repeat=False
        )
    if isinstance(error, httpx.PoolTimeout | httpx.UnsupportedProtocol):
        return GraphTransportError(f"{what} was not sent: {said}.", hides_commit=False)
    if isinstance(error, httpx.TimeoutException):
        return GraphTransportError(f"No answer to {what} in time.", hides_commit=True)
    if isinstance(error, MemoryError | RecursionError):
        return GraphTransportError(
            f"The answer to {what} is too large or too deep to be read.",
            hides_commit=True,
            may_repeat=False,
        )
    if isinstance(error, httpx.HTTPError | OSError):
        return GraphTransportError(
            f"The connection broke during {what}: {said}.", hides_commit=True
        )
    return GraphTransportError(
        f"{what} failed in an unexpected way: {type(error).__name__}: {said}.", hides_commit=True
    )


def _certificate_problem(error: BaseException | None) -> str | None:
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message or str(error)
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return str(error).partition("CERTIFICATE_VERIFY_FAILED]")[2].strip() or str(error)
        error = error.__cause__ or error.__context__
    return None
