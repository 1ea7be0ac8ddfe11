"""A SCEP profile taken apart once, for the rules that look at the same things."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from intune_scep.memory import once, remembered
from intune_scep.profiles import (
    CertificateType,
    KnownVariable,
    Platform,
    find_variables,
    fold_variables,
    known_variable,
)
from intune_scep.profiles.sid_text import SidText, read_sid_text
from intune_scep.profiles.sid_uri import SID_VARIABLE
from intune_scep.profiles.variables import fold
from intune_scep.profiles.vocabulary import URI, san_label
from intune_scep.rules.brackets import broken_variables, forbidden_after_variable
from intune_scep.rules.distinguished_name import Part, split_subject

if TYPE_CHECKING:
    from intune_scep.profiles import ScepProfile

SUBJECT: Final = "subjectNameFormatString"
LEGACY_SAN: Final = "subjectAlternativeNameFormatString"
SANS: Final = "customSubjectAlternativeNames"

CLIENT_AUTHENTICATION: Final = "1.3.6.1.5.5.7.3.2"
SMART_CARD_LOGON: Final = "1.3.6.1.4.1.311.20.2.2"
SECURE_EMAIL: Final = "1.3.6.1.5.5.7.3.4"
ANY_PURPOSE: Final = frozenset({"2.5.29.37.0", "1.3.6.1.4.1.311.10.12.1"})
LOGON_USAGES: Final = ANY_PURPOSE | {CLIENT_AUTHENTICATION, SMART_CARD_LOGON}

SID_FOLDED: Final = fold(SID_VARIABLE.strip("{}"))
"""The name of the SID variable without brackets and letter case."""

_DAYS: Final = {"days": 1, "months": 30, "years": 365}
_CLOUD_PKI_HOST: Final = "{{cloudpkifqdn}}"
_NO_LEGACY_SAN: Final = frozenset({"none", ""})
_VARIABLE: Final = re.compile(r"\{\{[^{}]+\}\}")
_ESCAPE: Final = re.compile(r"\\[+;,=]")
_URL_START: Final = re.compile(r"https?:/", re.IGNORECASE)
_INTERNAL_SUFFIXES: Final = ("local", "localdomain", "internal", "intranet", "lan", "corp", "home",
                             "private", "test", "invalid", "localhost")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Used:
    """A variable in its place.

    Attributes:
        name: As written, without brackets.
        folded: Without letter case.
        known: What is known of it, or None.
        start: Position in the text.
    """

    name: str
    folded: str
    known: KnownVariable | None
    start: int


@dataclass(frozen=True)
class Place:
    """A text that ends up in the certificate; each answer about it is worked out once.

    Attributes:
        label: In words, for messages.
        wire_name: Of the property it stands in.
        text: As written.
        san_type: `sanType` of a subject alternative name; None elsewhere.
        variables: In the order of the text.
        sid: What the text has to do with SIDs.
    """

    label: str
    wire_name: str
    text: str
    san_type: str | None
    variables: tuple[Used, ...]
    sid: SidText

    @property
    def is_uri(self) -> bool:
        """Whether it is a URI, the only place where the SID variable works."""
        return self.san_type == URI

    @once
    def is_sid_uri(self) -> bool:
        """Whether it is the SID URI, blanks around it and letter case aside."""
        return self.is_uri and self.sid.is_variable

    @once
    def misuses_sid(self) -> bool:
        """Whether a SID was meant to stand in it, but Intune does not put one there."""
        return self.sid.is_attempt and not self.is_sid_uri

    @once
    def folded(self) -> str:
        """The text with variables in lower case."""
        return fold_variables(self.text)

    @once
    def broken(self) -> tuple[str, ...]:
        """Brackets in it that make no variable (rule R-022)."""
        return tuple(broken_variables(self.text))

    @once
    def forbidden(self) -> tuple[str, ...]:
        """Characters that must not follow a variable (rule R-054)."""
        return tuple(forbidden_after_variable(self.text))

    @once
    def fixed(self) -> str:
        """The text without its variables."""
        return _VARIABLE.sub("", self.text)

    @once
    def escapes(self) -> tuple[str, ...]:
        """Special characters with a backslash before them, once each (rule R-029)."""
        return tuple(sorted(set(_ESCAPE.findall(self.text))))

    @once
    def parts(self) -> tuple[Part, ...]:
        """The attributes of a subject; none if it is empty."""
        return split_subject(self.text) if self.text.strip() else ()


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


class ScepFacts:
    """What rules ask of a SCEP profile; each answer is worked out once.

    Args:
        profile: The profile.
    """

    def __init__(self, profile: ScepProfile) -> None:
        self.profile = profile

    @once
    def is_user(self) -> bool:
        """Whether it gives certificates to users."""
        return self.profile.certificate_type is CertificateType.USER

    @once
    def is_device(self) -> bool:
        """Whether it gives certificates to devices."""
        return self.profile.certificate_type is CertificateType.DEVICE

    @once
    def subject(self) -> Place:
        """The subject name format; an empty text if there is none."""
        return read_place(SUBJECT, self.profile.subject_name_format_string or "")

    @once
    def subject_parts(self) -> tuple[Part, ...]:
        """The attributes of the subject; none if it is empty."""
        return self.subject.parts

    @once
    def sans(self) -> tuple[Place, ...]:
        """The subject alternative names; those without a value have an empty text."""
        names = self.profile.custom_subject_alternative_names or ()
        return tuple([read_place(SANS, san.name or "", san.san_type) for san in names])

    @once
    def legacy_san(self) -> Place | None:
        """The legacy format of the subject alternative name, if it is set."""
        text = self.profile.subject_alternative_name_format_string
        return read_place(LEGACY_SAN, text) if text else None

    @once
    def legacy_san_types(self) -> frozenset[str]:
        """Members of the legacy SAN type, `none` left out."""
        kind = self.profile.subject_alternative_name_type
        return frozenset() if kind is None else kind.members - _NO_LEGACY_SAN

    @once
    def alternative_names(self) -> tuple[Place, ...]:
        """The subject alternative names and the legacy format."""
        return self.sans if self.legacy_san is None else (*self.sans, self.legacy_san)

    @once
    def places(self) -> tuple[Place, ...]:
        """Every text that ends up in the certificate."""
        return (self.subject, *self.alternative_names)

    @once
    def all_used(self) -> tuple[tuple[Place, Used], ...]:
        """Every use of a variable, with its place."""
        return tuple((place, variable) for place in self.places for variable in place.variables)

    def used(self, folded: Container[str]) -> Iterator[tuple[Place, Used]]:
        """Yield every use of some variables.

        Args:
            folded: Their names without letter case.
        """
        return ((place, used) for place, used in self.all_used if used.folded in folded)

    @once
    def sid_uris(self) -> tuple[Place, ...]:
        """The SID URIs."""
        return tuple([san for san in self.sans if san.is_sid_uri])

    @once
    def misuses_sid(self) -> bool:
        """Whether the SID variable stands where it does not work, or a literal SID is there."""
        return any(place.sid.has_literal_sid or place.misuses_sid for place in self.places)

    @once
    def usages(self) -> tuple[str, ...]:
        """Object identifiers of the extended key usages; empty ones stay."""
        return tuple(
            (usage.object_identifier or "").strip()
            for usage in self.profile.extended_key_usages or ()
        )

    @once
    def logs_on(self) -> bool:
        """Whether its certificates can log on to Active Directory."""
        return not self.usages or not LOGON_USAGES.isdisjoint(self.usages)

    @once
    def is_device_off_windows(self) -> bool:
        """Whether it gives certificates to devices that have no SID Intune could resolve."""
        return self.is_device and self.profile.profile_type.platform is not Platform.WINDOWS

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


_LABELS: Final = {SUBJECT: "subject", LEGACY_SAN: "legacy alternative name format"}


@remembered
def read_place(wire_name: str, text: str, san_type: str | None = None) -> Place:
    """A text and where it stands: a property, and of a subject alternative name its `sanType`."""
    is_san = wire_name == SANS
    label = f"{san_label(san_type)} alternative name" if is_san else _LABELS[wire_name]
    variables = tuple(
        Used(found.name, fold(found.name), known_variable(found.name), found.start)
        for found in find_variables(text)
    )
    kind = (san_type or "") if is_san else None
    return Place(label, wire_name, text, kind, variables, read_sid_text(text))


@remembered
def _server_url(text: str) -> ServerUrl:
    try:
        parts = urlsplit(text)
        return ServerUrl(text, parts.scheme.lower(), (parts.hostname or "").lower())
    except ValueError:
        return ServerUrl(text, "", "")
