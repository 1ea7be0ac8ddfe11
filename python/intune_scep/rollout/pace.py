"""How many profiles of a ring may be changed at a time, so that no SCEP host is overrun. Pure.

A changed profile re-issues its certificates as its devices check in, about every 8 h (ROLLOUT.md
3). They are taken to come evenly. A change is also pushed, "at once to hours", so more may come at
the beginning: that is why a part of the limit is left free.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from intune_scep.audience.reissued import CHECK_IN

USED: Final = 0.8
"""The part of the limit that is planned with."""
_HOURS: Final = CHECK_IN / timedelta(hours=1)


@dataclass(frozen=True)
class Burden:
    """What changing a profile asks of the hosts that issue its certificates.

    Attributes:
        profile_id: Of the SCEP profile.
        name: For messages.
        enrolments: Certificates that are issued anew; None where that is not known.
        hosts: Which may be asked. Which of several a device takes is not known, so each counts
            with all of them.
    """

    profile_id: str
    name: str
    enrolments: int | None
    hosts: tuple[str, ...]

    def per_hour(self) -> Mapping[str, float]:
        """Enrolments in each of the hours after the change, by host."""
        return dict.fromkeys(self.hosts, (self.enrolments or 0) / _HOURS)


@dataclass(frozen=True)
class Pace:
    """Who may be changed now.

    Attributes:
        now: Those who may.
        next_at: When more may; None where nothing is left, or nobody knows.
        refused: Profile id to why it can never be changed under this limit.
    """

    now: tuple[str, ...]
    next_at: datetime | None = None
    refused: Mapping[str, str] = field(default_factory=dict)


def pace(
    left: Sequence[Burden],
    under_way: Iterable[tuple[Burden, datetime]],
    limit: int | None,
    now: datetime,
) -> Pace:
    """Choose the profiles that may be changed now, in their order.

    Args:
        left: Those that are not changed yet.
        under_way: Those that are, with when.
        limit: Enrolments of a host in an hour; None for no limit.
    """
    if limit is None:
        return Pace(tuple(item.profile_id for item in left))
    refused = {
        item.profile_id: _too_much(item, limit)
        for item in left
        if max(item.per_hour().values(), default=0.0) > limit * USED
    }
    going = [(item, at) for item, at in under_way if at + CHECK_IN > now]
    load: defaultdict[str, float] = defaultdict(float)
    for item, _ in going:
        _add(load, item)
    chosen: list[str] = []
    # One whose certificates nobody has counted goes alone.
    uncounted = any(item.enrolments is None for item, _ in going)
    for item in left:
        if uncounted or item.profile_id in refused:
            continue
        more = item.per_hour()
        alone = item.enrolments is None
        if (alone and (chosen or going)) or any(
            load[host] + count > limit * USED for host, count in more.items()
        ):
            continue
        chosen.append(item.profile_id)
        _add(load, item)
        if alone:
            break
    waiting = len(chosen) + len(refused) < len(left)
    over = min((at + CHECK_IN for _, at in going), default=now + CHECK_IN)
    return Pace(tuple(chosen), over if waiting else None, refused)


def _add(load: defaultdict[str, float], item: Burden) -> None:
    for host, count in item.per_hour().items():
        load[host] += count


def _too_much(item: Burden, limit: int) -> str:
    hosts = ", ".join(item.hosts)
    return (
        f"{item.name!r} alone asks {hosts} for about {(item.enrolments or 0) / _HOURS:,.0f}"
        f" enrolments an hour for {_HOURS:g} h; of the {limit:,} that are allowed, {USED:.0%} are"
        " planned with. Raise `load`, or move it in rings of groups by `strategy: clone`."
    )
