"""A SCEP profile taken apart once, for the rules that look at the same things."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Final, TypeVar
from urllib.parse import urlsplit

from intune_scep.memory import once, remembered
from intune_scep.profiles.sid_uri import SID_VARIABLE
from intune_scep.profiles.variables import fold
from intune_scep.rules.places import Place, Used
from intune_scep.rules.wording import Wording, wording_of

if TYPE_CHECKING:
    from intune_scep.profiles import ScepProfile

_T = TypeVar("_T")

SID_FOLDED: Final = fold(SID_VARIABLE.strip("{}"))
"""The name of the SID variable without brackets and letter case."""

_DAYS: Final = {"days": 1, "months": 30, "years": 365}
_CLOUD_PKI_HOST: Final = "{{cloudpkifqdn}}"
_URL_START: Final = re.compile(r"https?:/", re.IGNORECASE)
_INTERNAL_SUFFIXES: Final = ("local", "localdomain", "internal", "intranet", "lan", "corp", "home",
                             "private", "test", "invalid", "localhost")  # fmt: skip


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


def _worded(fact: once[_T]) -> once[_T]:
    """A fact of the wording as one of the profile."""
    name = fact.work.__name__

    @wraps(fact.work)
    def look_up(facts: ScepFacts) -> _T:
        found: _T = getattr(facts.wording, name)
        return found

    return once(look_up)


class ScepFacts:
    """What rules ask of a SCEP profile; each answer is worked out once.

    Args:
        profile: The profile.

    Attributes:
        wording: What its certificates say and whom they are for; other profiles may share it.
    """

    is_user = _worded(Wording.is_user)
    is_device = _worded(Wording.is_device)
    subject = _worded(Wording.subject)
    subject_parts = _worded(Wording.subject_parts)
    sans = _worded(Wording.sans)
    legacy_san = _worded(Wording.legacy_san)
    legacy_san_types = _worded(Wording.legacy_san_types)
    alternative_names = _worded(Wording.alternative_names)
    places = _worded(Wording.places)
    all_used = _worded(Wording.all_used)
    sid_uris = _worded(Wording.sid_uris)
    misuses_sid = _worded(Wording.misuses_sid)
    usages = _worded(Wording.usages)
    logs_on = _worded(Wording.logs_on)
    is_device_off_windows = _worded(Wording.is_device_off_windows)

    def __init__(self, profile: ScepProfile) -> None:
        self.profile = profile
        self.wording = wording_of(profile)

    def used(self, folded: Container[str]) -> Iterator[tuple[Place, Used]]:
        """Yield every use of some variables.

        Args:
            folded: Their names without letter case.
        """
        return self.wording.used(folded)

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


@remembered
def _server_url(text: str) -> ServerUrl:
    try:
        parts = urlsplit(text)
        return ServerUrl(text, parts.scheme.lower(), (parts.hostname or "").lower())
    except ValueError:
        return ServerUrl(text, "", "")
