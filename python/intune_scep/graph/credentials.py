"""Tokens: from azure-identity, from a given string, or from the embedded simulator.

Synchronous credentials are used on purpose: a cached token costs 0.05 ms, and the asynchronous
ones import a second HTTP stack (SDK.md 6).
"""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from intune_scep.connection import ConnectionOptions, called
from intune_scep.errors import AuthenticationError, ConnectionOptionError, FileError
from intune_scep.files import read_regular
from intune_scep.graph.answers import parse_answer
from intune_scep.graph.clouds import Cloud
from intune_scep.graph.network import check_certificate_file, is_on_this_machine
from intune_scep.graph.redaction import Redactor

SIGN_IN_CONNECT_SECONDS = 10.0
SIGN_IN_READ_SECONDS = 20.0
_ONE_HOUR = 3600
_LONGEST_ASSERTION = 64 * 1024
# Later moments are no dates that this machine can show.
_LAST_MOMENT = 253_402_300_799


class Token(Protocol):
    """What is asked of a token; azure.core's has it, and costs 40 ms to import."""

    @property
    def token(self) -> str: ...

    @property
    def expires_on(self) -> int: ...


class Credential(Protocol):
    """What gives tokens, as azure-identity's credentials do."""

    def get_token(self, *scopes: str, **options: Any) -> Token:
        """A token for the scopes."""


class AccessToken(NamedTuple):
    """A bearer token, and the epoch second at which it expires."""

    token: str
    expires_on: int


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
        if not isinstance(expiry, int | float) or not 0 < expiry <= _LAST_MOMENT:
            expiry = None
        self.expires_on = None if expiry is None else int(expiry)

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        """Return the token, as azure-identity's credentials do.

        Raises:
            AuthenticationError: it has expired.
        """
        if self.expires_on is not None and self.expires_on <= time.time():
            moment = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(self.expires_on))
            raise AuthenticationError(
                f"The access token expired at {moment}.",
                hint=f"Get a new one and give it as {called('access_token')}.",
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
        claims = parse_answer(base64.urlsafe_b64decode(payload))
    except (ValueError, binascii.Error):
        return {}
    return claims if isinstance(claims, dict) else {}


def make_credential(options: ConnectionOptions, cloud: Cloud) -> Credential:
    """Return the credential that the options ask for.

    Raises:
        ConnectionOptionError: a file they name cannot be read, or a value cannot be used.
    """
    if options.access_token and options.auth_source in {"auto", "token", "env"}:
        return StaticCredential(options.access_token.strip())
    try:
        return _FACTORIES[_kind(options)](options, cloud)
    except ValueError as error:
        redactor = Redactor(options.secret)
        raise ConnectionOptionError(
            f"The credentials cannot be used: {redactor.clean(str(error))}"
        ) from redactor.cause(error)


def _kind(options: ConnectionOptions) -> str:
    if options.auth_source in {"cli", "msi", "default"}:
        return options.auth_source
    if options.secret:
        return "secret"
    return "certificate" if options.x509_certificate_path else "federated"


def _network(cloud: Cloud) -> dict[str, Any]:
    settings: dict[str, Any] = {"authority": cloud.authority, **_patience()}
    on_this_machine = is_on_this_machine(cloud.authority)
    if cloud.name == "simulator" or on_this_machine:
        settings["disable_instance_discovery"] = True
    if on_this_machine:
        # Without it the secret would go through the environment's proxy.
        settings["use_env_settings"] = False
    return settings


def _patience() -> dict[str, Any]:
    settings: dict[str, Any] = {
        "connection_timeout": SIGN_IN_CONNECT_SECONDS,
        "read_timeout": SIGN_IN_READ_SECONDS,
    }
    if bundle := check_certificate_file():
        settings["connection_verify"] = bundle
    return settings


def _secret(options: ConnectionOptions, cloud: Cloud) -> Credential:
    from azure.identity import ClientSecretCredential

    return ClientSecretCredential(
        tenant_id=options.tenant or "",
        client_id=options.client_id or "",
        client_secret=options.secret or "",
        **_network(cloud),
    )


def _certificate(options: ConnectionOptions, cloud: Cloud) -> Credential:
    from azure.identity import CertificateCredential

    path = _readable(called("x509_certificate_path"), options.x509_certificate_path)
    try:
        return CertificateCredential(
            options.tenant or "",
            options.client_id or "",
            certificate_path=str(path),
            send_certificate_chain=True,
            **_network(cloud),
        )
    except (ValueError, TypeError, OSError) as error:
        raise ConnectionOptionError(
            f"{called('x509_certificate_path')}: {path} holds no usable certificate with its key."
        ) from error


def _federated(options: ConnectionOptions, cloud: Cloud) -> Credential:
    from azure.identity import ClientAssertionCredential

    path = _readable(called("oidc_token_file_path"), options.oidc_token_file_path)
    return ClientAssertionCredential(
        options.tenant or "",
        options.client_id or "",
        func=lambda: _assertion(path),
        **_network(cloud),
    )


def _assertion(path: Path) -> str:
    """The federated token that is in a file now.

    Raises:
        AuthenticationError: the file cannot be read.
        ValueError: it is not text.
    """
    try:
        data = read_regular(path, what=called("oidc_token_file_path"), most=_LONGEST_ASSERTION)
    except FileError as error:
        raise AuthenticationError(error.message) from error
    return data.decode().strip()


def _msi(options: ConnectionOptions, _cloud: Cloud) -> Credential:
    from azure.identity import ManagedIdentityCredential

    return ManagedIdentityCredential(client_id=options.client_id, **_patience())


def _cli(options: ConnectionOptions, _cloud: Cloud) -> Credential:
    from azure.identity import AzureCliCredential

    return AzureCliCredential(tenant_id=options.tenant or "")


def _default(_options: ConnectionOptions, cloud: Cloud) -> Credential:
    from azure.identity import DefaultAzureCredential

    return DefaultAzureCredential(
        authority=cloud.authority, exclude_interactive_browser_credential=True, **_patience()
    )


_FACTORIES: dict[str, Callable[[ConnectionOptions, Cloud], Credential]] = {
    "secret": _secret,
    "certificate": _certificate,
    "federated": _federated,
    "msi": _msi,
    "cli": _cli,
    "default": _default,
}


def _readable(option: str, value: str | None) -> Path:
    path = Path(value or "").expanduser()
    if not path.is_file():
        raise ConnectionOptionError(f"{option} {path} is not a file that can be read.")
    return path
