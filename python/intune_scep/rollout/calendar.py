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
    if is_open(file, now):
        return None
    why = "It is outside the windows in which rings may be opened."
    if _is_frozen(file, now):
        why = "It is a day on which nothing is opened (`freeze`)."
    opening = next((moment for moment in _edges(file, now) if is_open(file, moment)), None)
    return Closed(why, opening)


def is_open(file: RolloutFile, moment: datetime) -> bool:
    """Whether rings may be opened at a moment."""
    if _is_frozen(file, moment):
        return False
    return not file.windows or any(_holds(window, moment) for window in file.windows)


def _is_frozen(file: RolloutFile, moment: datetime) -> bool:
    day = moment.astimezone(_zone(file)).date()
    return any(span.first <= day <= span.last for span in file.freeze)


def _zone(file: RolloutFile) -> tzinfo:
    """Whose days a freeze is about: that of the first window, else UTC."""
    return file.windows[0].zone if file.windows else UTC


def _holds(window: Window, moment: datetime) -> bool:
    here = moment.astimezone(window.zone)
    clock = here.time()
    if window.start < window.end:
        return here.weekday() in window.days and window.start <= clock < window.end
    # It passes midnight: the morning belongs to the day before.
    if clock >= window.start:
        return here.weekday() in window.days
    return clock < window.end and (here - _DAY).weekday() in window.days


def _edges(file: RolloutFile, now: datetime) -> Iterator[datetime]:
    """The moments after now at which something may open: starts of windows, and midnights."""
    each = [_daily(now, sorted({time.min, item.start}), item.zone) for item in file.windows]
    return merge(_daily(now, [time.min], _zone(file)), *each)


def _daily(now: datetime, times: Sequence[time], zone: tzinfo) -> Iterator[datetime]:
    first = now.astimezone(zone).date()
    for ahead in range(_FAR):
        moments = (datetime.combine(first + ahead * _DAY, at, zone) for at in times)
        yield from (moment for moment in moments if moment > now)
