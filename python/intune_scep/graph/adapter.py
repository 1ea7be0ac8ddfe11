"""Kiota's request adapter, on which Microsoft's SDK stands, as we use it.

The SDK's own adapter adds nothing to it but what its package imports: azure.core for one tuple,
urllib3 for one function (docs/decisions/kiota-without-the-sdk.md). Importing this module is slow.
"""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlsplit

import httpx
from kiota_abstractions.authentication import (
    AccessTokenProvider,
    AllowedHostsValidator,
    BaseBearerTokenAuthenticationProvider,
)
from kiota_abstractions.method import Method
from kiota_abstractions.native_response_handler import NativeResponseHandler
from kiota_abstractions.request_information import RequestInformation
from kiota_http.httpx_request_adapter import HttpxRequestAdapter
from kiota_http.kiota_client_factory import KiotaClientFactory
from kiota_http.middleware import ParametersNameDecodingHandler, UserAgentHandler
from kiota_http.middleware.options import ResponseHandlerOption

from intune_scep.errors import UnsafeLinkError
from intune_scep.graph.clouds import Cloud
from intune_scep.graph.network import is_on_this_machine
from intune_scep.graph.sign_in import TokenSource

__all__ = ["Method", "RequestInformation", "make_adapter", "native_answer"]


class _TokenProvider(AccessTokenProvider):
    """Gives the adapter the tokens of a connection, for the cloud's own origin only."""

    def __init__(self, tokens: TokenSource, cloud: Cloud) -> None:
        self._tokens = tokens
        self._cloud = cloud
        self._hosts = AllowedHostsValidator([urlsplit(cloud.base_url).hostname or ""])

    async def get_authorization_token(
        self, uri: str, additional_authentication_context: dict[str, Any] | None = None
    ) -> str:
        """The token for a request; a new one where Graph asked for more claims.

        Raises:
            UnsafeLinkError: the request would go to another host, or unencrypted.
            AuthenticationError, GraphTransportError: there is no token to be had.
        """
        parts = urlsplit(uri)
        own = (parts.scheme, parts.netloc.lower()) == self._cloud.origin
        if not own or not (parts.scheme == "https" or is_on_this_machine(uri)):
            raise UnsafeLinkError(
                f"No token goes to {parts.scheme}://{parts.hostname}. Nothing was sent there."
            )
        wanted = (additional_authentication_context or {}).get("claims")
        claims = base64.b64decode(wanted).decode() if isinstance(wanted, str) else None
        return (await self._tokens.get_token(claims=claims)).token

    def get_allowed_hosts_validator(self) -> AllowedHostsValidator:
        """The cloud's own host."""
        return self._hosts


def make_adapter(
    client: httpx.AsyncClient, tokens: TokenSource, cloud: Cloud
) -> HttpxRequestAdapter:
    """Return an adapter that sends through a client, without repeating and redirecting."""
    KiotaClientFactory.create_with_custom_middleware(
        [ParametersNameDecodingHandler(), UserAgentHandler()], client
    )
    provider = BaseBearerTokenAuthenticationProvider(_TokenProvider(tokens, cloud))
    adapter = HttpxRequestAdapter(provider, http_client=client)
    adapter.base_url = cloud.base_url
    return adapter


def native_answer() -> ResponseHandlerOption:
    """The option of a request by which httpx's own response comes back."""
    return ResponseHandlerOption(NativeResponseHandler())
