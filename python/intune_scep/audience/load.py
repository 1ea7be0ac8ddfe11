"""How many enrolments reach each SCEP host in each hour. Pure.

Nobody publishes how fast a change reaches devices: it is pushed "at once to hours", and a device
that was not reached asks about every 8 h (ROLLOUT.md 3). So there are two forecasts, spread evenly
over a check-in and all within the first hour, and what happens lies between them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from intune_scep.audience.reissued import CHECK_IN
from intune_scep.profiles import Platform
from intune_scep.rules.platforms import APPLE

HOUR: Final = timedelta(hours=1)
_HOURS: Final = CHECK_IN // HOUR


class Spread(StrEnum):
    """How fast a change is assumed to reach devices."""

    EVEN = "even"
    """Evenly over a check-in, of about 8 h."""
    AT_ONCE = "at_once"
    """All within the first hour."""


@dataclass(frozen=True)
class Wave:
    """Enrolments that one change causes.

    Attributes:
        start: When the change is made; aware.
        hosts: Where they may go. Which of several a device asks is not known, so each of them is
            given all.
    """

    start: datetime
    hosts: tuple[str, ...]
    enrolments: int


@dataclass(frozen=True)
class Load:
    """What reaches a host in an hour.

    Attributes:
        hour: Its beginning, in UTC.
    """

    host: str
    hour: datetime
    enrolments: int

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "host": self.host,
            "hour": self.hour.isoformat(),
            "enrolments": self.enrolments,
        }


@dataclass(frozen=True)
class Ring:
    """What goes together.

    Attributes:
        start: When it goes; aware.
        profiles: Ids of SCEP profiles, in any letter case.
    """

    name: str
    start: datetime
    profiles: tuple[str, ...]


def enrolments(platform: Platform, holders: int, dependants: int) -> int:
    """How often devices enrol when a profile changes.

    iOS/iPadOS and macOS issue one certificate more for each profile that uses it, other platforms
    share one (DOMAIN.md 4, 3).

    Args:
        holders: Devices; on others than Apple's, each with every user who has a certificate there.
        dependants: How many profiles use the certificates.
    """
    return holders * (1 + dependants) if platform in APPLE else holders


def load_per_hour(waves: Iterable[Wave], spread: Spread = Spread.EVEN) -> tuple[Load, ...]:
    """What reaches each host, hour by hour; hours in which nothing comes are left out.

    A wave begins with the hour in which its change is made.

    Raises:
        ValueError: a start has no zone.
    """
    found: Counter[tuple[str, datetime]] = Counter()
    for wave in waves:
        for hour, count in _hours(wave, spread):
            for host in dict.fromkeys(wave.hosts):
                found[host, hour] += count
    return tuple(Load(host, hour, found[host, hour]) for host, hour in sorted(found))


def peak(loads: Iterable[Load]) -> tuple[Load, ...]:
    """The fullest hour of each host, the first where several are; the fullest host first."""
    fullest: dict[str, Load] = {}
    for load in sorted(loads, key=lambda item: item.hour):
        if load.host not in fullest or load.enrolments > fullest[load.host].enrolments:
            fullest[load.host] = load
    return tuple(sorted(fullest.values(), key=lambda item: (-item.enrolments, item.host)))


def _hours(wave: Wave, spread: Spread) -> Iterator[tuple[datetime, int]]:
    """Each hour of a wave with its part; the parts make the whole."""
    if wave.start.tzinfo is None:
        raise ValueError(f"{wave.start.isoformat()} has no time zone.")
    first = wave.start.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    for number, count in enumerate(_parts(wave.enrolments, spread)):
        if count:
            yield first + number * HOUR, count


def _parts(count: int, spread: Spread) -> Sequence[int]:
    if spread is Spread.AT_ONCE:
        return (count,)
    each, more = divmod(count, _HOURS)
    return [each + (number < more) for number in range(_HOURS)]
