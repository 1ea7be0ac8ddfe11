"""When rings may be opened, and when that is next. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from heapq import merge
from typing import Final

from intune_scep.rollout.model import RolloutFile, Window

_DAY: Final = timedelta(days=1)
_FAR: Final = 400
"""Days that are looked ahead; a freeze that is longer has no end that is told."""


@dataclass(frozen=True)
class Closed:
    """Why no ring may be opened now.

    Attributes:
        until: When one may be, where that is within about a year.
    """

    why: str
    until: datetime | None


def why_closed(file: RolloutFile, now: datetime) -> Closed | None:
    """Why no ring may be opened at a moment; None where one may be.

    Args:
        now: Aware.
    """
    if file.is_open(now):
        return None
    why = "It is outside the windows in which rings may be opened."
    if file.is_frozen(now):
        why = "It is a day on which nothing is opened (`freeze`)."
    opening = next((moment for moment in _edges(file, now) if file.is_open(moment)), None)
    return Closed(why, opening)


def _edges(file: RolloutFile, now: datetime) -> Iterator[datetime]:
    """The moments after now at which something may open: starts of windows, and midnights."""
    starts: dict[tzinfo, list[Window]] = {}
    for window in file.windows:
        starts.setdefault(window.zone, []).append(window)
    if not starts:
        return _daily(now, [time.min], UTC)
    # A freeze ends at a midnight of any of the zones.
    return merge(
        *(
            _daily(now, sorted({time.min, *(window.start for window in windows)}), zone)
            for zone, windows in starts.items()
        )
    )


def _daily(now: datetime, times: Sequence[time], zone: tzinfo) -> Iterator[datetime]:
    first = now.astimezone(zone).date()
    for ahead in range(_FAR):
        moments = (datetime.combine(first + ahead * _DAY, at, zone) for at in times)
        yield from (moment for moment in moments if moment > now)
