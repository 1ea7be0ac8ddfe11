"""What SCEP profiles set, their names and whereabouts aside: those that set the same share it.

Rules about nothing else are asked once of all profiles that set the same. They are given the
`Settings` and not the profile, so that nothing else can get into what is shared.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit

from intune_scep.memory import once, remembered
from intune_scep.profiles import Platform
from intune_scep.profiles.properties import NAVIGATION_PROPERTIES
from intune_scep.profiles.wire import SERVER_OWNED, is_annotation
from intune_scep.rules.wording import Wording, wording_of

if TYPE_CHECKING:
    from intune_scep.profiles import ScepProfile

_T = TypeVar("_T")

OWN: Final = SERVER_OWNED | {"displayName", "description", "roleScopeTagIds", "assignments"}
"""Wire names of what each profile has for itself, links to other entities aside."""

_DAYS: Final = {"days": 1, "months": 30, "years": 365}
_CLOUD_PKI_HOST: Final = "{{cloudpkifqdn}}"
_URL_START: Final = re.compile(r"https?:/", re.IGNORECASE)
_INTERNAL_SUFFIXES: Final = ("local", "localdomain", "internal", "intranet", "lan", "corp", "home",
                             "private", "test", "invalid", "localhost")  # fmt: skip
_MOST: Final = 1024
_LONGEST: Final = 8000


@dataclass(frozen=True)
class ServerUrl:
    """One of the SCEP server URLs; each answer about it is worked out once.

    Attributes:
        scheme: Lower case; empty if there is none.
        host: Lower case, without port; empty if there is none.
    """

    text: str
    scheme: str
    host: str

    @once
    def is_cloud_pki(self) -> bool:
        """Whether it leads to Microsoft Cloud PKI."""
        return self.host == _CLOUD_PKI_HOST or "/cloudpki/" in self.text.lower()

    @once
    def is_absolute(self) -> bool:
        """Whether it is an http or https URL with a host."""
        if (
            self.scheme not in {"http", "https"}
            or not self.host
            or self.host in {"http", "https"}
            or self.text.split() != [self.text]
            or self.is_several
        ):
            return False
        return self.host == _CLOUD_PKI_HOST or not set(self.host) & set("{}")

    @once
    def is_several(self) -> bool:
        """Whether a second URL stands in the text, that of a query aside."""
        return len(_URL_START.findall(self.text.partition("?")[0])) > 1

    @once
    def is_internal(self) -> bool:
        """Whether the host's name or address cannot be reached from the internet."""
        if not self.host or self.host == _CLOUD_PKI_HOST:
            return False
        try:
            return not ipaddress.ip_address(self.host).is_global
        except ValueError:
            labels = self.host.rstrip(".").split(".")
            return len(labels) == 1 or labels[-1] in _INTERNAL_SUFFIXES

    @once
    def identity(self) -> str:
        """The URL without letter case of scheme and host and without a slash at the end."""
        head = len(self.scheme) + len("://") + len(self.host)
        return (self.text[:head].lower() + self.text[head:]).rstrip("/")


class Settings:
    """What a SCEP profile sets; each answer about it is worked out once.

    Args:
        profile: A profile that has nothing for itself: no id, no name, no assignments.
    """

    def __init__(self, profile: ScepProfile) -> None:
        self.profile = profile
        self._made: dict[Any, Any] = {}

    def make(self, work: Callable[[Settings], _T]) -> _T:
        """What a pure function makes of it, worked out once and kept with it."""
        if work not in self._made:
            self._made[work] = work(self)
        made: _T = self._made[work]
        return made

    @once
    def wording(self) -> Wording:
        """What the certificates say and whom they are for."""
        return wording_of(self.profile)

    @once
    def wire(self) -> Mapping[str, Any]:
        """The settings as they came, for properties that the type does not have."""
        return self.profile.wire

    @once
    def malformed(self) -> frozenset[str]:
        """Wire names of the settings whose value has an unexpected JSON type."""
        return frozenset(self.profile.malformed)

    @once
    def platform(self) -> Platform:
        """The platform of the profile's type."""
        return self.profile.profile_type.platform

    @once
    def urls(self) -> tuple[ServerUrl, ...]:
        """The SCEP server URLs."""
        return tuple(_server_url(text) for text in self.profile.scep_server_urls or ())

    @once
    def uses_cloud_pki(self) -> bool:
        """Whether a URL leads to Microsoft Cloud PKI."""
        return any(url.is_cloud_pki for url in self.urls)

    @once
    def validity_days(self) -> int | None:
        """The validity period in days (a month 30, a year 365); None if it is not sound."""
        value = self.profile.certificate_validity_period_value
        unit = _DAYS.get((self.profile.certificate_validity_period_scale or "").lower())
        return None if value is None or value <= 0 or unit is None else value * unit

    @once
    def renewal_window_days(self) -> float | None:
        """How long before its end a certificate is renewed, in days; None if it is not known."""
        threshold = self.profile.renewal_threshold_percentage
        if self.validity_days is None or threshold is None or not 1 <= threshold <= 99:
            return None
        return self.validity_days * threshold / 100


def settings_of(profile: ScepProfile) -> Settings:
    """What a profile sets; the same object for profiles that set the same."""
    wire = profile.wire
    names = _settings_among(tuple(wire))
    try:
        key = type(profile), names, repr([wire[name] for name in names])
    except RecursionError:
        return _read(profile, names)
    return _SHARED.get(key) or _share(profile, key)


_Key = tuple[type, tuple[str, ...], str]
_SHARED: Final[dict[_Key, Settings]] = {}


def _share(profile: ScepProfile, key: _Key) -> Settings:
    """Read settings and share them, unless they are long: others must not fill the memory."""
    settings = _read(profile, key[1])
    if len(key[2]) <= _LONGEST:
        if len(_SHARED) >= _MOST:
            _SHARED.clear()
        _SHARED[key] = settings
    return settings


def _read(profile: ScepProfile, names: tuple[str, ...]) -> Settings:
    wire = profile.wire
    return Settings(profile.from_wire({name: wire[name] for name in names}, copy=False))


@lru_cache(maxsize=256)
def _settings_among(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if name == "@odata.type" or _is_setting(name))


def _is_setting(name: str) -> bool:
    return not (name in OWN or name in NAVIGATION_PROPERTIES or is_annotation(name))


@remembered
def _server_url(text: str) -> ServerUrl:
    try:
        parts = urlsplit(text)
        return ServerUrl(text, parts.scheme.lower(), (parts.hostname or "").lower())
    except ValueError:
        return ServerUrl(text, "", "")
