"""How to reach a tenant: one table of options for modules, environment and command line.

Nothing here opens a connection or imports more than the standard library.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any
from urllib.parse import urlsplit

from intune_scep.errors import IntuneScepError

CLOUD_NAMES = ("public", "usgov", "usgov_dod", "china", "simulator")
AUTH_SOURCES = ("auto", "env", "cli", "msi", "default", "token")

# The first name that is set wins. azure-identity's names come before those of azure.azcollection.
ENVIRONMENT: Mapping[str, tuple[str, ...]] = {
    "cloud": ("INTUNE_SCEP_CLOUD",),
    "tenant": ("AZURE_TENANT_ID", "AZURE_TENANT"),
    "client_id": ("AZURE_CLIENT_ID",),
    "secret": ("AZURE_CLIENT_SECRET", "AZURE_SECRET"),
    "x509_certificate_path": ("AZURE_CLIENT_CERTIFICATE_PATH", "AZURE_X509_CERTIFICATE_PATH"),
    "oidc_token_file_path": ("AZURE_FEDERATED_TOKEN_FILE", "AZURE_FEDERATED_TOKEN_FILE_PATH"),
    "access_token": ("INTUNE_SCEP_ACCESS_TOKEN",),
    "auth_source": ("INTUNE_SCEP_AUTH_SOURCE",),
    "endpoint": ("INTUNE_SCEP_ENDPOINT",),
    "simulator": ("INTUNE_SCEP_SIMULATOR",),
    "authority": ("AZURE_AUTHORITY_HOST",),
    "timeout": ("INTUNE_SCEP_TIMEOUT",),
}


class ConnectionOptionError(IntuneScepError):
    """A connection option is missing, contradicts another one or has an impossible value."""


@dataclass(frozen=True)
class ConnectionOptions:
    """Everything needed to reach one tenant in one cloud.

    Attributes:
        cloud: One of `CLOUD_NAMES`.
        tenant: Tenant id or verified domain name.
        client_id: Application (client) id.
        secret: Client secret.
        x509_certificate_path: PEM or PFX file with the application's certificate and key.
        oidc_token_file_path: File with a federated token; read again at each sign-in.
        access_token: A bearer token for Graph, used as it is.
        auth_source: One of `AUTH_SOURCES`. `auto` takes what the options above give.
        endpoint: Graph root to use instead of the cloud's own, without the version.
        simulator: SQLite file of the embedded simulator, for the in-process door.
        authority: Sign-in host to use instead of the cloud's own.
        timeout: Seconds for one whole request with its answer.
    """

    cloud: str = "public"
    tenant: str | None = None
    client_id: str | None = None
    secret: str | None = field(default=None, repr=False)
    x509_certificate_path: str | None = None
    oidc_token_file_path: str | None = None
    access_token: str | None = field(default=None, repr=False)
    auth_source: str = "auto"
    endpoint: str | None = None
    simulator: str | None = None
    authority: str | None = None
    timeout: float = 100.0

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str] | None = None, /, **given: Any
    ) -> ConnectionOptions:
        """Combine given options with the environment; a given option wins.

        Args:
            environment: Variables to read; the process's own by default.
            given: Options by name; `None` means not given.

        Raises:
            ConnectionOptionError: an option is unknown or its value impossible, or nothing says
                how to sign in.
        """
        source = os.environ if environment is None else environment
        unknown = set(given) - {item.name for item in fields(cls)}
        if unknown:
            raise ConnectionOptionError(f"Unknown connection option: {', '.join(sorted(unknown))}.")
        values: dict[str, Any] = {
            name: next((source[variable] for variable in variables if source.get(variable)), None)
            for name, variables in ENVIRONMENT.items()
        }
        values.update({name: value for name, value in given.items() if value is not None})
        if values["timeout"]:
            values["timeout"] = _seconds(values["timeout"])
        options = cls(**{name: value for name, value in values.items() if value})
        options.check()
        return options

    def check(self) -> None:
        """Refuse what cannot work, before anything is imported or sent.

        Raises:
            ConnectionOptionError: with the option's name and the way out.
        """
        _require_choice("cloud", self.cloud, CLOUD_NAMES)
        _require_choice("auth_source", self.auth_source, AUTH_SOURCES)
        if self.endpoint:
            _require_safe_root("endpoint (INTUNE_SCEP_ENDPOINT)", self.endpoint)
        if self.uses_in_process_door:
            return
        if self.cloud == "simulator" and not self.endpoint:
            raise ConnectionOptionError(
                "cloud is simulator, but nothing says which one.",
                hint="Set INTUNE_SCEP_SIMULATOR to its database file (make one with: intune-scep"
                " simulator seed --database FILE --scenario contoso), or INTUNE_SCEP_ENDPOINT to"
                " its URL.",
            )
        if not self._says_how_to_sign_in():
            raise ConnectionOptionError(self._missing_credentials_message())
        needs_tenant = (
            self.secret or self.x509_certificate_path or self.oidc_token_file_path
        ) and (self.auth_source in {"auto", "env"} and not self.access_token)
        missing = [name for name in ("tenant", "client_id") if not getattr(self, name)]
        if needs_tenant and missing:
            names = " and ".join(f"{name} ({ENVIRONMENT[name][0]})" for name in missing)
            raise ConnectionOptionError(f"Credentials are given, but {names} is missing.")

    @property
    def uses_in_process_door(self) -> bool:
        """Whether the embedded simulator is opened in this process."""
        return self.cloud == "simulator" and bool(self.simulator) and not self.endpoint

    def _says_how_to_sign_in(self) -> bool:
        if self.auth_source in {"cli", "msi", "default"} or self.access_token:
            return True
        return self.auth_source != "token" and bool(
            self.secret or self.x509_certificate_path or self.oidc_token_file_path
        )

    def _missing_credentials_message(self) -> str:
        ways = (
            "tenant, client_id and secret (AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET);"
            " x509_certificate_path instead of secret; access_token (INTUNE_SCEP_ACCESS_TOKEN);"
            " or auth_source: cli, msi or default"
        )
        simulator = (
            "For the embedded simulator say so: cloud: simulator (INTUNE_SCEP_CLOUD=simulator)"
        )
        if self.simulator:
            simulator = (
                "INTUNE_SCEP_SIMULATOR is set, but cloud is not: "
                + simulator[0].lower()
                + simulator[1:]
            )
        return f"No credentials for cloud {self.cloud}. Give {ways}. {simulator}."


def _seconds(value: Any) -> float:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = 0.0
    if not 0 < seconds <= 3600:
        raise ConnectionOptionError(
            f"timeout (INTUNE_SCEP_TIMEOUT) must be seconds, at most 3600; it is {value!r}."
        )
    return seconds


def _require_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ConnectionOptionError(f"{name} must be one of {', '.join(choices)}; it is {value!r}.")


def _require_safe_root(name: str, url: str) -> None:
    parts = urlsplit(url)
    if parts.username or parts.password or parts.query or parts.fragment or not parts.hostname:
        raise ConnectionOptionError(f"{name} must be a plain URL such as http://127.0.0.1:8080.")
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname)):
        return
    raise ConnectionOptionError(
        f"{name} must use https, or http to a loopback address; it is {url!r}."
    )


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only mean this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
