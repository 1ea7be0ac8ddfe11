"""Tokens: from azure-identity, from a given string, or from the embedded simulator.

Synchronous credentials are used on purpose: a cached token costs 0.05 ms, and the asynchronous
ones import a second HTTP stack (SDK.md 6).
"""

from __future__ import annotations

import base64
import binascii
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from intune_scep.connection import ConnectionOptionError, ConnectionOptions
from intune_scep.graph.clouds import Cloud
from intune_scep.graph.errors import AuthenticationError

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken, TokenCredential

_ONE_HOUR = 3600


class StaticCredential:
    """A bearer token that is used as it is; it cannot be renewed.

    Args:
        token: The token.
        expires_on: Epoch seconds; read from the token's `exp` claim where it has one.
    """

    def __init__(self, token: str) -> None:
        self._token = token
        claims = read_claims(token)
        expiry = claims.get("exp")
        self.expires_on = int(expiry) if isinstance(expiry, int | float) else None

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        """Return the token, as azure-identity's credentials do.

        Raises:
            AuthenticationError: it has expired.
        """
        from azure.core.credentials import AccessToken

        if self.expires_on is not None and self.expires_on <= time.time():
            moment = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(self.expires_on))
            raise AuthenticationError(
                f"The access token expired at {moment}.",
                hint="Get a new one and give it as access_token (INTUNE_SCEP_ACCESS_TOKEN).",
            )
        return AccessToken(self._token, self.expires_on or int(time.time()) + _ONE_HOUR)

    def __repr__(self) -> str:
        return "StaticCredential(<token>)"


def read_claims(token: str) -> dict[str, Any]:
    """Read the claims of a JWT without verifying it; empty for anything else."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        payload = parts[1] + "=" * (-len(parts[1]) % 4)
        claims = json.loads(base64.urlsafe_b64decode(payload))
    except (ValueError, binascii.Error):
        return {}
    return claims if isinstance(claims, dict) else {}


def make_credential(options: ConnectionOptions, cloud: Cloud) -> TokenCredential:
    """Return the credential that the options ask for.

    Raises:
        ConnectionOptionError: a file they name cannot be read.
    """
    if options.access_token and options.auth_source in {"auto", "token", "env"}:
        return StaticCredential(options.access_token)
    return _FACTORIES[_kind(options)](options, cloud)


def _kind(options: ConnectionOptions) -> str:
    if options.auth_source in {"cli", "msi", "default"}:
        return options.auth_source
    if options.secret:
        return "secret"
    return "certificate" if options.x509_certificate_path else "federated"


def _network(cloud: Cloud) -> dict[str, Any]:
    import os

    settings: dict[str, Any] = {"authority": cloud.authority}
    if cloud.name == "simulator":
        settings["disable_instance_discovery"] = True
    if bundle := os.environ.get("SSL_CERT_FILE"):
        settings["connection_verify"] = bundle
    return settings


def _secret(options: ConnectionOptions, cloud: Cloud) -> TokenCredential:
    from azure.identity import ClientSecretCredential

    return ClientSecretCredential(
        tenant_id=options.tenant or "",
        client_id=options.client_id or "",
        client_secret=options.secret or "",
        **_network(cloud),
    )


def _certificate(options: ConnectionOptions, cloud: Cloud) -> TokenCredential:
    from azure.identity import CertificateCredential

    path = _readable("x509_certificate_path", options.x509_certificate_path)
    try:
        return CertificateCredential(
            options.tenant or "",
            options.client_id or "",
            certificate_path=str(path),
            send_certificate_chain=True,
            **_network(cloud),
        )
    except ValueError as error:
        raise ConnectionOptionError(
            f"x509_certificate_path {path} holds no usable certificate with its key."
        ) from error


def _federated(options: ConnectionOptions, cloud: Cloud) -> TokenCredential:
    from azure.identity import ClientAssertionCredential

    path = _readable("oidc_token_file_path", options.oidc_token_file_path)
    return ClientAssertionCredential(
        options.tenant or "",
        options.client_id or "",
        func=lambda: path.read_text(encoding="utf-8").strip(),
        **_network(cloud),
    )


def _msi(options: ConnectionOptions, _cloud: Cloud) -> TokenCredential:
    from azure.identity import ManagedIdentityCredential

    return ManagedIdentityCredential(client_id=options.client_id)


def _cli(options: ConnectionOptions, _cloud: Cloud) -> TokenCredential:
    from azure.identity import AzureCliCredential

    return AzureCliCredential(tenant_id=options.tenant or "")


def _default(_options: ConnectionOptions, cloud: Cloud) -> TokenCredential:
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential(
        authority=cloud.authority, exclude_interactive_browser_credential=True
    )


_FACTORIES: dict[str, Callable[[ConnectionOptions, Cloud], TokenCredential]] = {
    "secret": _secret,
    "certificate": _certificate,
    "federated": _federated,
    "msi": _msi,
    "cli": _cli,
    "default": _default,
}


def sign_in(credential: TokenCredential, cloud: Cloud) -> dict[str, Any]:
    """Get a first token and return its claims, so that a wrong credential is found at once.

    Raises:
        AuthenticationError: no token could be had; the message has Entra's error code and never
            the secret.
    """
    from azure.core.exceptions import AzureError

    try:
        token = credential.get_token(cloud.scope)
    except AzureError as error:
        first_line = str(error).strip().splitlines()[0] if str(error).strip() else ""
        raise AuthenticationError(
            f"No token for {cloud.name} from {cloud.authority}: {first_line}",
            hint="Check tenant, client_id and the credential itself.",
        ) from error
    except ValueError as error:
        raise AuthenticationError(f"No token for {cloud.name}: {error}") from error
    return read_claims(token.token)


def _readable(option: str, value: str | None) -> Path:
    path = Path(value or "").expanduser()
    if not path.is_file():
        raise ConnectionOptionError(f"{option} {path} is not a file that can be read.")
    return path
