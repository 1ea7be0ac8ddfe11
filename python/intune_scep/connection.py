"""How to reach a tenant: one table of options for modules, environment and command line.

Nothing here opens a connection or imports more than the standard library.
"""

from __future__ import annotations

import ipaddress
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any
from urllib.parse import urlsplit

from intune_scep.errors import ConnectionOptionError
from intune_scep.wording import setting

CLOUD_NAMES = ("public", "usgov", "usgov_dod", "china", "simulator")
AUTH_SOURCES = ("auto", "env", "cli", "msi", "default", "token")
_LONGEST_SECONDS = 3600
_TOKEN = re.compile(r"[!-~]+")

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
    "patience": ("INTUNE_SCEP_PATIENCE",),
}


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
        timeout: Seconds for one whole request with its answer; more than 0, at most 3600.
        patience: Seconds for which a write is looked for that does not show yet; from 0, which
            means one look, to 3600.
        justification: Why, for the approval of another administrator where Graph asks for one; at
            most 1,024 characters.
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
    patience: float = 60.0
    justification: str | None = None

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
        options = cls(**{name: value for name, value in values.items() if value not in (None, "")})
        options = replace(
            options, timeout=_number(options.timeout), patience=_number(options.patience)
        )
        options.check()
        return options

    def check(self) -> None:
        """Refuse what cannot work, before anything is imported or sent.

        Raises:
            ConnectionOptionError: with the option's name and the way out.
        """
        _require_choice(called("cloud"), self.cloud, CLOUD_NAMES)
        _require_choice(called("auth_source"), self.auth_source, AUTH_SOURCES)
        if not 0 < self.timeout <= _LONGEST_SECONDS:
            raise ConnectionOptionError(
                f"{called('timeout')} must be a number of seconds, more than 0 and at"
                f" most {_LONGEST_SECONDS}."
            )
        if not 0 <= self.patience <= _LONGEST_SECONDS:
            raise ConnectionOptionError(
                f"{called('patience')} must be a number of seconds, from 0 to {_LONGEST_SECONDS}."
            )
        if self.access_token and not _TOKEN.fullmatch(self.access_token.strip()):
            raise ConnectionOptionError(
                f"{called('access_token')} is no token: it has characters that no token has."
            )
        if self.endpoint:
            _require_safe_root(called("endpoint"), self.endpoint)
        if self.authority:
            root = self.authority if "://" in self.authority else f"https://{self.authority}"
            _require_safe_root(called("authority"), root)
        if self.uses_in_process_door:
            return
        if self.cloud == "simulator" and not self.endpoint:
            raise ConnectionOptionError(
                f"{called('cloud')} is simulator, but nothing says which one.",
                hint="Set INTUNE_SCEP_SIMULATOR to its database file (intune-scep simulator seed"
                " makes one), or INTUNE_SCEP_ENDPOINT to its URL.",
            )
        if not self._says_how_to_sign_in():
            raise ConnectionOptionError(self._missing_credentials_message())
        needs_tenant = (
            self.secret or self.x509_certificate_path or self.oidc_token_file_path
        ) and (self.auth_source in {"auto", "env"} and not self.access_token)
        missing = [name for name in ("tenant", "client_id") if not getattr(self, name)]
        if needs_tenant and missing:
            names = " and ".join(map(called, missing))
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
            f"{called('tenant')}, {called('client_id')} and {called('secret')};"
            f" {called('x509_certificate_path')} instead of the secret;"
            f" {called('access_token')}; or {called('auth_source')} as cli, msi or default"
        )
        simulator = f"For the embedded simulator set {called('cloud')} to simulator."
        if self.simulator:
            simulator = (
                "INTUNE_SCEP_SIMULATOR is set, but nothing says that it is meant: for the embedded"
                f" simulator set {called('cloud')} to simulator."
            )
        return f"No credentials for cloud {self.cloud}. Give {ways}. {simulator}"


def called(name: str) -> str:
    """A connection option by the name it has with whoever is speaking, and its variable."""
    return setting(name, ENVIRONMENT[name][0])


def _number(value: Any) -> float:
    """What is no number is out of every range."""
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return math.nan


def _require_choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ConnectionOptionError(f"{name} must be one of {', '.join(choices)}; it is {value!r}.")


def _require_safe_root(name: str, url: str) -> None:
    try:
        parts = urlsplit(url)
        # Reading it is what checks it.
        _ = parts.port
    except ValueError:
        raise ConnectionOptionError(f"{name} is not a URL: {url!r}.") from None
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
