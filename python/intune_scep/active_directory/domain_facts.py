"""What the script of the preflight answers about a forest, read back. Nothing of it is executed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from intune_scep.errors import AnswersError
from intune_scep.records import Record

FORMAT: Final = "intune-scep/domain-facts/1"
MAPPING_EVENTS: Final = (39, 40, 41)
NTAUTH_EVENTS: Final = (45, 21)
_MOST: Final = 10_000
_LONGEST: Final = 4_000
_MOST_COUNTED: Final = 2**53
# Windows Server 2019; 2016 is 14393.
_BUILD_2019: Final = 17763
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class DomainController(Record):
    """One domain controller.

    Attributes:
        operating_system: As its account says; empty if it does not.
        version: `operatingSystemVersion`, for example `10.0 (17763)`.
        events: How often it logged each event; None if its log could not be read.
        binding_enforcement: `StrongCertificateBindingEnforcement`; None if it is not set.
        ntauth_bypass: `AllowNtAuthPolicyBypass`; None if it is not set.
        errors: What could not be read of it.
    """

    name: str
    operating_system: str
    version: str
    events: Mapping[int, int] | None
    binding_enforcement: int | None
    ntauth_bypass: int | None
    errors: tuple[str, ...]

    @property
    def reads_sid_uri(self) -> bool | None:
        """Whether it is Windows Server 2019 or later; None if that cannot be told."""
        build = self.version.partition("(")[2].partition(")")[0].strip()
        if "windows server" not in self.operating_system.lower():
            return None
        if not (build.isascii() and build.isdigit() and len(build) < 10):
            return None
        return int(build) >= _BUILD_2019


@dataclass(frozen=True, slots=True)
class Authority(Record):
    """A certificate in NTAuth; `thumbprint` is its SHA-1 in upper-case hex."""

    subject: str
    thumbprint: str


@dataclass(frozen=True, slots=True)
class DomainFacts(Record):
    """What the script found.

    Attributes:
        days: Over how many days events were counted.
        unread_domains: Domains whose domain controllers are not known.
        ntauth: None if the store could not be read.
        strong_mappings: Accounts with a strong value of altSecurityIdentities; None if they could
            not be counted.
        any_mappings: Accounts with any value of a certificate in it.
        errors: What could not be read.
    """

    made_at: str
    days: int
    domain_controllers: tuple[DomainController, ...]
    unread_domains: tuple[str, ...]
    ntauth: tuple[Authority, ...] | None
    strong_mappings: int | None
    any_mappings: int | None
    errors: tuple[str, ...]


def parse_domain_facts(data: Any, name: str) -> DomainFacts:
    """Understand the JSON of the script.

    Args:
        data: As it was parsed.
        name: The file, for messages.

    Raises:
        AnswersError: it is not what the script prints; with the place.
    """
    root = _Place(name, "", data)
    if not isinstance(data, Mapping) or data.get("format") != FORMAT:
        raise root.wrong(f"this must be what the script prints, with format {FORMAT}")
    accounts = root.at("accounts_with_explicit_mappings")
    return DomainFacts(
        made_at=root.at("made_at").text(),
        days=root.at("days").number(most=_MOST),
        domain_controllers=tuple(root.at("domain_controllers").each(_domain_controller)),
        unread_domains=tuple(root.at("unread_domains").each(_Place.text)),
        ntauth=root.at("ntauth").unless_null(lambda place: tuple(place.each(_authority))),
        strong_mappings=accounts.at("strong").unless_null(_Place.number),
        any_mappings=accounts.at("any").unless_null(_Place.number),
        errors=tuple(root.at("errors").each(_Place.text)),
    )


def _domain_controller(place: _Place) -> DomainController:
    return DomainController(
        name=place.at("name").text(),
        operating_system=place.at("operating_system").unless_null(_Place.text) or "",
        version=place.at("operating_system_version").unless_null(_Place.text) or "",
        events=place.at("events").unless_null(_events),
        binding_enforcement=place.at("strong_certificate_binding_enforcement").unless_null(
            _Place.setting
        ),
        ntauth_bypass=place.at("allow_ntauth_policy_bypass").unless_null(_Place.setting),
        errors=tuple(place.at("errors").each(_Place.text)),
    )


def _events(place: _Place) -> Mapping[int, int]:
    wanted = (*MAPPING_EVENTS, *NTAUTH_EVENTS)
    return {number: place.at(str(number)).number() for number in wanted}


def _authority(place: _Place) -> Authority:
    thumbprint = place.at("thumbprint").text().upper()
    if len(thumbprint) != 40 or set(thumbprint) - set("0123456789ABCDEF"):
        raise place.at("thumbprint").wrong("this must be 40 digits in hex")
    return Authority(place.at("subject").text(), thumbprint)


@dataclass(frozen=True, slots=True)
class _Place:
    """A value and where it stands."""

    name: str
    path: str
    value: Any

    def wrong(self, why: str) -> AnswersError:
        where = f"{self.path}: " if self.path else ""
        return AnswersError(f"{self.name}: {where}{why}.")

    def at(self, key: str) -> _Place:
        if not isinstance(self.value, Mapping):
            raise self.wrong("this must be an object")
        below = f"{self.path}.{key}" if self.path else key
        if key not in self.value:
            raise _Place(self.name, below, None).wrong("this key is missing")
        return _Place(self.name, below, self.value[key])

    def unless_null(self, read: Callable[[_Place], _T]) -> _T | None:
        return None if self.value is None else read(self)

    def text(self) -> str:
        if not isinstance(self.value, str) or len(self.value) > _LONGEST:
            raise self.wrong(f"this must be a text of at most {_LONGEST:,} characters")
        return self.value

    def number(self, most: int = _MOST_COUNTED) -> int:
        if type(self.value) is not int or not 0 <= self.value <= most:
            raise self.wrong("this must be a whole number that is not negative")
        return self.value

    def list(self) -> Sequence[Any]:
        if not isinstance(self.value, list):
            raise self.wrong("this must be a list")
        return self.value

    def setting(self) -> int:
        """A number of the registry, where somebody may have entered a text."""
        text = self.value.strip() if isinstance(self.value, str) else ""
        fits = text.isascii() and text.isdigit() and len(text) < 10
        return int(text) if fits else self.number()

    def each(self, read: Callable[[_Place], _T]) -> Iterator[_T]:
        """The items; PowerShell writes one alone, or null for none, where it unrolls a list."""
        items: Sequence[Any] = [] if self.value is None else [self.value]
        if isinstance(self.value, list):
            items = self.value
        elif isinstance(self.value, Mapping) and set(self.value) == {"value", "Count"}:
            # How Windows PowerShell 5.1 writes some lists.
            items = _Place(self.name, self.path, self.value["value"]).list()
        if len(items) > _MOST:
            raise self.wrong(f"there must be {_MOST:,} at most")
        for number, item in enumerate(items):
            yield read(_Place(self.name, f"{self.path}[{number}]", item))
