"""What a rollout file says: strategy, bundles, rings and their gates, load and calendar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from intune_scep.files import canonical_json, digest
from intune_scep.records import to_json

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""The days of a week as a file names them; their places are those of `date.weekday()`."""


class Strategy(StrEnum):
    """How every profile of a rollout is moved."""

    IN_PLACE = "in_place"
    """The profile itself is edited, for everybody who has it at once."""
    CLONE = "clone"
    """A copy takes over, group by group."""


class Dependants(StrEnum):
    """What becomes of the profiles that use a cloned profile."""

    CLONE = "clone"
    REPOINT_AT_END = "repoint_at_end"
    NONE = "none"


class Finish(StrEnum):
    """What becomes of the original when the last ring is done."""

    RETIRE_ORIGINAL = "retire_original"
    KEEP_BOTH = "keep_both"
    SWING_BACK = "swing_back"


@dataclass(frozen=True)
class Bundle:
    """A SCEP profile that is cloned, with its root and its dependants.

    Attributes:
        profile: Name or id of the original.
        clone_name: Name of the copy; `{name}` stands for that of the original.
    """

    profile: str
    clone_name: str = "{name} (SID)"
    dependants: Dependants = Dependants.REPOINT_AT_END
    finish: Finish = Finish.KEEP_BOTH


@dataclass(frozen=True)
class MaxFailed:
    """How many devices of a ring may fail; where both are given, the stricter one wins.

    Attributes:
        share: Percent, 0 to 100.
        count: Devices.
    """

    share: float | None = None
    count: int | None = None


@dataclass(frozen=True)
class Gates:
    """What must hold after a ring was changed, before the next one opens.

    None, and False, is: not asked.

    Attributes:
        reissued: Least share of the devices seen since the change that got a new certificate, in
            percent.
        seen: Least share of the ring's devices that were seen since the change, in percent.
        soak: How long to wait after the change at least.
        soak_under_14h: Why it may be less than 14 hours.
        connector: Whether the certificate connectors must be healthy.
        approval: Whether a person must approve.
        command: A program and its arguments: exit code 0 passes, 1 fails, 75 waits. Run by no
            shell.
    """

    reissued: float | None = None
    seen: float | None = None
    max_failed: MaxFailed | None = None
    soak: timedelta = timedelta(hours=24)
    soak_under_14h: str | None = None
    connector: bool = False
    approval: bool = False
    command: tuple[str, ...] | None = None

    @property
    def is_time_alone(self) -> bool:
        """Whether nothing but time must pass."""
        asked = (self.reissued, self.seen, self.max_failed, self.command)
        return not (self.connector or self.approval) and all(gate is None for gate in asked)


@dataclass(frozen=True)
class Ring:
    """What goes together.

    Exactly one of `profiles`, `groups` and `rest` says who.

    Attributes:
        order: Its place in the rollout; the first ring is 1.
        profiles: Names or ids of the profiles that are edited in it.
        groups: Names or ids of the groups that get the copies in it.
        rest: Whether it takes whom the originals reach and no ring before it took.
        back: Whether it gives everybody the originals again, now with the SID URI (`swing_back`).
            No file names such a ring: it follows the rest.
        gates: Its own and, where it has none, those of the file.
    """

    name: str
    order: int
    profiles: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    rest: bool = False
    gates: Gates = Gates()
    back: bool = False


@dataclass(frozen=True)
class ReadinessLimits:
    """Least shares in percent; None is: not asked.

    Attributes:
        users_with_sid: Of the users whom the profiles reach, those with a SID.
        hybrid_devices: Of the devices whom they reach, those that are hybrid joined.
    """

    users_with_sid: float | None = None
    hybrid_devices: float | None = None


@dataclass(frozen=True)
class Load:
    """How much the certification authorities may be asked for.

    Attributes:
        per_scep_host: Enrolments an hour at each host of a SCEP URL.
    """

    per_scep_host: int


@dataclass(frozen=True)
class Window:
    """A time of the week in which rings are opened.

    Attributes:
        days: Days on which it begins, 0 is Monday.
        start, end: Clock of the zone. An end that is not after the start is on the next day.
    """

    days: frozenset[int]
    start: time
    end: time
    zone: ZoneInfo


@dataclass(frozen=True)
class Freeze:
    """Days on which no ring is opened, both included, in the zone of the first window or UTC."""

    first: date
    last: date


@dataclass(frozen=True)
class Answer:
    """What somebody answered to a question of the preflight.

    Attributes:
        answer: `yes` and `no` are True and False.
        by: Who.
        on: When.
    """

    answer: bool | str
    by: str
    on: date


@dataclass(frozen=True)
class RolloutFile:
    """A rollout file that was read and found right as far as can be said without a tenant.

    Attributes:
        name: Of the rollout.
        bundles: What is cloned; empty in place.
        rings: In their order.
        load: None is: no limit.
        windows: Rings are opened in these alone; at any time if there are none.
        answers: By question.
        path: Where it was read.
        lines: The line of each of its parts, by place; for messages.
    """

    name: str
    strategy: Strategy
    bundles: tuple[Bundle, ...]
    rings: tuple[Ring, ...]
    readiness: ReadinessLimits = ReadinessLimits()
    load: Load | None = None
    windows: tuple[Window, ...] = ()
    freeze: tuple[Freeze, ...] = ()
    answers: Mapping[str, Answer] = field(default_factory=dict)
    path: Path = Path("strong-mapping.yml")
    lines: Mapping[tuple[str | int, ...], int] = field(
        default_factory=dict, repr=False, compare=False
    )

    @property
    def digest(self) -> str:
        """SHA-256 in hex over everything that it says, however it is written."""
        return digest(canonical_json(self._content()))

    def ring_digest(self, ring: Ring) -> str:
        """SHA-256 in hex over all that matters to one ring; other rings may change meanwhile."""
        content = (self.strategy, self.bundles, ring)
        return digest(canonical_json([_plain(item) for item in content]))

    def to_dict(self) -> dict[str, Any]:
        """Everything, as plain JSON values: percentages as numbers, spans of time in seconds."""
        return {
            "path": str(self.path),
            **self._content(),
            "digest": self.digest,
            "ring_digests": [self.ring_digest(ring) for ring in self.rings],
        }

    def _content(self) -> dict[str, Any]:
        told = (item.name for item in fields(self) if item.name not in {"path", "lines"})
        return {name: _plain(getattr(self, name)) for name in told}


def _plain(value: Any) -> Any:
    """A value of these classes as JSON takes it."""
    match value:
        case timedelta():
            return int(value.total_seconds())
        case time():
            return value.isoformat("minutes")
        case ZoneInfo():
            return value.key
        case frozenset():
            return sorted(value)
        case tuple():
            return [_plain(item) for item in value]
        case Mapping():
            return {key: _plain(item) for key, item in value.items()}
        case Ring(back=False):
            # Left out where it says nothing: rings that were recorded before keep their digest.
            return {
                f.name: _plain(getattr(value, f.name)) for f in fields(value) if f.name != "back"
            }
        case Bundle() | MaxFailed() | Gates() | Ring() | ReadinessLimits() | Load() | Window():
            return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
        case Freeze() | Answer():
            return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    return to_json(value)
