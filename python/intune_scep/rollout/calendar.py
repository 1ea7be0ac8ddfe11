"""When rings may be opened: windows of the week, and days on which nothing is. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from heapq import merge
from typing import Final

from intune_scep.rollout.file import Freeze, Window

_DAY: Final = timedelta(days=1)
_FAR: Final = 400
"""Days that are looked ahead; a freeze that is longer has no end that is told."""


@dataclass(frozen=True)
class Closed:
    """Why no ring may be opened now.

    Attributes:
        until: When one may be, where that is within a year.
    """

    why: str
    until: datetime | None


def why_closed(windows: Sequence[Window], freeze: Sequence[Freeze], now: datetime) -> Closed | None:
    """Why no ring may be opened at a moment; None where one may be.

    Args:
        windows: Without any, every hour is open.
        now: Aware.
    """
    if _is_open(windows, freeze, now):
        return None
    today = _local(windows, now).date()
    frozen = next((item for item in freeze if item.first <= today <= item.last), None)
    why = "It is outside the windows in which rings may be opened."
    if frozen is not None:
        why = f"Nothing is opened from {frozen.first} to {frozen.last}."
    edges = (moment for moment in _edges(windows, now) if _is_open(windows, freeze, moment))
    return Closed(why, next(edges, None))


def _is_open(windows: Sequence[Window], freeze: Sequence[Freeze], moment: datetime) -> bool:
    day = _local(windows, moment).date()
    if any(item.first <= day <= item.last for item in freeze):
        return False
    return not windows or any(_holds(window, moment) for window in windows)


def _local(windows: Sequence[Window], moment: datetime) -> datetime:
    """The moment in the time of the first window, whose days the freeze is about; else UTC."""
    return moment.astimezone(windows[0].zone) if windows else moment


def _holds(window: Window, moment: datetime) -> bool:
    local = moment.astimezone(window.zone)
    clock = local.time()
    if window.start < window.end:
        return local.weekday() in window.days and window.start <= clock < window.end
    # It passes midnight: the morning belongs to the day before.
    if clock >= window.start:
        return local.weekday() in window.days
    return clock < window.end and (local - _DAY).weekday() in window.days


def _edges(windows: Sequence[Window], now: datetime) -> Iterator[datetime]:
    """The moments after now at which something may open: starts of windows, and midnights."""
    if not windows:
        yield from _daily(now, [time.min], UTC)
        return
    each = (_daily(now, sorted({time.min, window.start}), window.zone) for window in windows)
    yield from merge(*each)


def _daily(now: datetime, times: Sequence[time], zone: tzinfo) -> Iterator[datetime]:
    first = now.astimezone(zone).date()
    for ahead in range(_FAR):
        moments = (datetime.combine(first + ahead * _DAY, at, zone) for at in times)
        yield from (moment for moment in moments if moment > now)
