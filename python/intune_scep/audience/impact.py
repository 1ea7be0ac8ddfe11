"""What a change of SCEP profiles costs: certificates, dependants, hosts, and the echo. Pure.

What is counted is what Intune reports; what follows from it is a forecast, and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

from intune_scep.audience.load import Ring, Wave, enrolments
from intune_scep.audience.reissued import CHECK_IN, is_reported
from intune_scep.certificate_states import Presence
from intune_scep.profiles import ScepProfile
from intune_scep.profiles.revocation import REVOCATION
from intune_scep.profiles.targets import TargetKind
from intune_scep.rules.platforms import APPLE
from intune_scep.rules.settings import ServerUrl, Settings, settings_of
from intune_scep.rules.targets import read_targets
from intune_scep.tenant.dependants import Use, UsedBy, use_of
from intune_scep.tenant.issued import IssuedCertificate

_T = TypeVar("_T")

CLOUD_PKI: Final = "{{CloudPKIFQDN}}"
"""The host of Microsoft Cloud PKI in a SCEP URL."""
NOT_REPORTED: Final = (
    "Intune does not report the certificates of this platform, so nothing can be counted or proved."
)


@dataclass(frozen=True)
class InUse:
    """The certificates of a profile that are on devices and have not expired.

    Attributes:
        devices, users: Their ids.
        pairs: How many devices, each with every user who has a certificate there.
    """

    certificates: int = 0
    devices: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    pairs: int = 0


@dataclass(frozen=True)
class ProfileImpact:
    """What a change of one profile costs.

    Attributes:
        in_use: None where it is not known.
        unknown: Why it is not known; empty where it is.
        groups: To whom it is assigned, exclusions in words.
        dependants: Profiles that use its certificates; None where the links were not read.
        hosts: Of its SCEP URLs; a variable as it is for Cloud PKI. Which of several a device asks
            is not known.
        echo_after: How long after its issue a certificate is renewed; None where the validity or
            the renewal threshold is not sound.
    """

    profile: ScepProfile
    in_use: InUse | None = None
    unknown: str = ""
    groups: tuple[str, ...] = ()
    dependants: tuple[UsedBy, ...] | None = None
    hosts: tuple[str, ...] = ()
    echo_after: timedelta | None = None

    @property
    def id(self) -> str:
        return (self.profile.id or "").lower()

    @property
    def is_apple(self) -> bool:
        """Whether each dependant has a certificate of its own."""
        return self.profile.profile_type.platform in APPLE

    @property
    def by_use(self) -> Mapping[Use, int]:
        """How many dependants there are of each kind; only kinds that occur."""
        uses = [use_of(item.odata_type) for item in self.dependants or ()]
        return {use: uses.count(use) for use in Use if use in uses}

    @property
    def forecast(self) -> int | None:
        """How often devices enrol after a change; None where that is not known."""
        if self.in_use is None or (self.dependants is None and self.is_apple):
            return None
        holders = len(self.in_use.devices) if self.is_apple else self.in_use.pairs
        platform = self.profile.profile_type.platform
        return enrolments(platform, holders, len(self.dependants or ()))

    @property
    def differs(self) -> bool:
        """Whether Intune reports another number of certificates than the forecast."""
        return self.in_use is not None and self.forecast not in (None, self.in_use.certificates)

    @property
    def enrolments(self) -> int | None:
        """The greater of forecast and certificates in use: what a host should be ready for."""
        if self.in_use is None or self.forecast is None:
            return None
        return max(self.forecast, self.in_use.certificates)

    def wave(self, start: datetime) -> Wave | None:
        """What its change at some time brings; None where that is not known."""
        count = self.enrolments
        return None if count is None else Wave(start, self.hosts, count)

    def brief(self) -> dict[str, Any]:
        """What plans and reports say of the profile."""
        used = self.in_use
        return {
            "certificates": used.certificates if used else None,
            "devices": len(used.devices) if used else None,
            "users": len(used.users) if used else None,
            "dependants": None if self.dependants is None else len(self.dependants),
            "enrolments": self.enrolments,
            "unknown": self.unknown or None,
        }

    def to_dict(self) -> dict[str, Any]:
        """One element of `profiles` in the JSON of impact."""
        kind = self.profile.profile_type
        return {
            "id": self.profile.id,
            "name": self.profile.display_name,
            "platform": kind.platform.value,
            "revocation": REVOCATION[kind.platform].value,
            **self.brief(),
            "forecast": self.forecast,
            "groups": list(self.groups),
            "used_by": [
                {"id": item.id, "name": item.name, "use": use_of(item.odata_type).value}
                for item in self.dependants or ()
            ],
            "certificate_for_each_dependant": self.is_apple,
            "hosts": list(self.hosts),
            "renewal_begins_after_days": _days(self.echo_after),
        }


def _days(span: timedelta | None) -> float | None:
    return None if span is None else round(span / timedelta(days=1), 1)


@dataclass(frozen=True)
class HostImpact:
    """What meets at one SCEP host.

    Attributes:
        certificates: In use, of all profiles that name it; at least, where not `is_whole`.
        enrolments: That the change brings; at least, where not `is_foreseen`.
        profiles: How many profiles that change name it.
        shared: Whether one of them names other hosts besides, so that it may get less.
        is_whole: Whether the certificates of all profiles that name it are known.
        is_foreseen: Whether the enrolments of all that change are.
    """

    host: str
    certificates: int = 0
    enrolments: int = 0
    profiles: int = 0
    shared: bool = False
    is_whole: bool = True
    is_foreseen: bool = True

    def to_dict(self) -> dict[str, Any]:
        """One element of `hosts` in the JSON of impact."""
        return {
            "host": self.host,
            "certificates": self.certificates,
            "enrolments": self.enrolments,
            "profiles": self.profiles,
            "shared": self.shared,
            "certificates_are_whole": self.is_whole,
            "enrolments_are_whole": self.is_foreseen,
        }


@dataclass(frozen=True)
class Echo:
    """The renewals that today's change brings back later, all at once.

    Attributes:
        first, last: Between when they come, if certificates are valid for as long as the profile
            says: from the renewal of the first to be issued to two check-ins later.
    """

    profile_id: str
    name: str
    hosts: tuple[str, ...]
    enrolments: int
    first: datetime
    last: datetime

    def to_dict(self) -> dict[str, Any]:
        """One element of `echo` in the JSON of impact."""
        return {
            "id": self.profile_id,
            "name": self.name,
            "hosts": list(self.hosts),
            "enrolments": self.enrolments,
            "first": self.first.isoformat(timespec="seconds"),
            "last": self.last.isoformat(timespec="seconds"),
        }


@dataclass
class _Counting:
    certificates: int = 0
    devices: set[str] = field(default_factory=set)
    users: set[str] = field(default_factory=set)
    pairs: set[tuple[str, str]] = field(default_factory=set)


def count_in_use(issued: Iterable[IssuedCertificate], now: datetime) -> Mapping[str, InUse]:
    """Id of a profile, in lower case, to its certificates in use; those without any are missing.

    Args:
        now: Aware. A certificate of which nobody says when it ends is in use.
    """
    found: dict[str, _Counting] = {}
    for item in issued:
        if item.presence is not Presence.HELD or (item.valid_to and item.valid_to <= now):
            continue
        counting = found.setdefault(item.profile_id, _Counting())
        counting.certificates += 1
        if item.device_id:
            counting.devices.add(item.device_id)
        counting.pairs.add((item.device_id, item.user_id))
        if item.user_id:
            counting.users.add(item.user_id)
    return {
        profile: InUse(
            one.certificates, frozenset(one.devices), frozenset(one.users), len(one.pairs)
        )
        for profile, one in found.items()
    }


def impact_of(
    profile: ScepProfile,
    in_use: Mapping[str, InUse] | None,
    dependants: Mapping[str, tuple[UsedBy, ...]] | None,
    names: Mapping[str, str],
    *,
    why_unknown: str = "",
) -> ProfileImpact:
    """What a change of a profile costs.

    Args:
        in_use: As `count_in_use` gives it; None if it could not be read.
        dependants: Ids of SCEP profiles to the profiles that use them; None if not read.
        names: Names of groups by their ids in lower case.
        why_unknown: Why `in_use` is None.
    """
    key = (profile.id or "").lower()
    used = None if in_use is None else in_use.get(key)
    unknown = why_unknown if in_use is None else ""
    if used is None and not is_reported(profile.profile_type.platform):
        unknown = NOT_REPORTED
    elif used is None and in_use is not None:
        used = InUse()
    settings = settings_of(profile)
    users = None
    if dependants is not None:
        users = next((found for id_, found in dependants.items() if id_.lower() == key), ())
    return ProfileImpact(
        profile,
        used,
        unknown,
        tuple(_assigned(profile, names)),
        users,
        tuple(dict.fromkeys(_host(url) for url in settings.urls)),
        _echo_after(settings),
    )


def _host(url: ServerUrl) -> str:
    """The host of a URL; the variable of Cloud PKI as Microsoft writes it, nonsense as it is."""
    return CLOUD_PKI if url.host == CLOUD_PKI.lower() else url.host or url.text


def _assigned(profile: ScepProfile, names: Mapping[str, str]) -> Iterator[str]:
    words = {TargetKind.ALL_USERS: "All users", TargetKind.ALL_DEVICES: "All devices"}
    found = []
    for target in read_targets(profile.assignments or ()):
        called = names.get(target.group_id, target.group_id)
        if target.kind is TargetKind.EXCLUDED_GROUP:
            called = f"not {called}"
        found.append(words.get(target.kind) or called or target.collection_id or target.type_name)
    # Exclusions come last.
    yield from sorted(found, key=lambda text: (text.startswith("not "), text.casefold()))


def _echo_after(settings: Settings) -> timedelta | None:
    if settings.validity_days is None or settings.renewal_window_days is None:
        return None
    return timedelta(days=settings.validity_days - settings.renewal_window_days)


def host_impacts(
    changing: Iterable[ProfileImpact], others: Iterable[ProfileImpact] = ()
) -> tuple[HostImpact, ...]:
    """What meets at each host, the most enrolments first.

    Args:
        others: Profiles of the tenant that do not change; their certificates are counted too.
    """
    naming: dict[str, tuple[list[ProfileImpact], list[ProfileImpact]]] = {}
    for place, items in enumerate((changing, others)):
        for item in items:
            for host in item.hosts:
                naming.setdefault(host, ([], []))[place].append(item)
    hosts = [_host_impact(host, *items) for host, items in naming.items()]
    return tuple(sorted(hosts, key=lambda item: (-item.enrolments, -item.certificates, item.host)))


def _host_impact(
    host: str, changing: Sequence[ProfileImpact], others: Sequence[ProfileImpact]
) -> HostImpact:
    used = [item.in_use for item in (*changing, *others)]
    return HostImpact(
        host,
        sum(item.certificates for item in used if item is not None),
        sum(item.enrolments or 0 for item in changing),
        len(changing),
        shared=any(len(item.hosts) > 1 for item in changing),
        is_whole=None not in used,
        is_foreseen=all(item.enrolments is not None for item in changing),
    )


def waves_of(
    impacts: Sequence[ProfileImpact], start: datetime, rings: Sequence[Ring] = ()
) -> tuple[Wave, ...]:
    """What a plan brings that goes at once, or ring by ring; what is not known is left out.

    Args:
        rings: What goes when; a profile that is in none of them does not go.
    """
    return tuple(_each(impacts, start, rings, lambda item, at: item.wave(at)))


def echoes_of(
    impacts: Sequence[ProfileImpact], start: datetime, rings: Sequence[Ring] = ()
) -> tuple[Echo, ...]:
    """When the renewals of a plan come back, the first of them first.

    Args:
        rings: As for `waves_of`.
    """
    found = _each(impacts, start, rings, _echo)
    return tuple(sorted(found, key=lambda item: (item.first, item.name.casefold())))


def _each(
    impacts: Sequence[ProfileImpact],
    start: datetime,
    rings: Sequence[Ring],
    made: Callable[[ProfileImpact, datetime], _T | None],
) -> Iterator[_T]:
    begins = {identifier.lower(): ring.start for ring in rings for identifier in ring.profiles}
    for item in impacts:
        at = begins.get(item.id) if rings else start
        result = None if at is None else made(item, at)
        if result is not None:
            yield result


def _echo(item: ProfileImpact, start: datetime) -> Echo | None:
    if item.echo_after is None or not item.enrolments:
        return None
    first = start.astimezone(UTC) + item.echo_after
    name = item.profile.display_name or item.profile.id or "?"
    return Echo(item.id, name, item.hosts, item.enrolments, first, first + 2 * CHECK_IN)


def totals(impacts: Sequence[ProfileImpact]) -> dict[str, Any]:
    """All profiles together: each device, user and dependant once.

    A number is None where nothing of it is known; where it is known of some profiles only, it is at
    least that, and `unknown_profiles` says of how many nothing is known.
    """
    known = [item.in_use for item in impacts if item.in_use is not None]
    linked = [item for item in impacts if item.dependants is not None]
    foreseen = [item.enrolments for item in impacts if item.enrolments is not None]
    users = {item.id: item for one in linked for item in one.dependants or ()}
    uses = [use_of(item.odata_type) for item in users.values()]
    return {
        "certificates": sum(item.certificates for item in known) if known else None,
        "devices": len(frozenset().union(*(item.devices for item in known))) if known else None,
        "users": len(frozenset().union(*(item.users for item in known))) if known else None,
        "dependants": len(users) if linked or not impacts else None,
        "by_use": {use.value: uses.count(use) for use in Use if use in uses},
        "enrolments": sum(foreseen) if foreseen else None,
        "profiles": len(impacts),
        "unknown_profiles": len(impacts) - len(known),
        "why_unknown": list(dict.fromkeys(item.unknown for item in impacts if item.unknown)),
    }
