from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time, timedelta
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo


class Strategy(StrEnum):
    IN_PLACE = "in_place"
    CLONE = "clone"


class Dependants(StrEnum):
    CLONE = "clone"
    REPOINT_AT_END = "repoint_at_end"
    NONE = "none"


class Finish(StrEnum):
    RETIRE_ORIGINAL = "retire_original"
    KEEP_BOTH = "keep_both"
    SWING_BACK = "swing_back"


@dataclass(frozen=True)
class Bundle:
    profile: str
    clone_name: str
    dependants: Dependants
    finish: Finish


@dataclass(frozen=True)
class MaxFailed:
    share: float | None
    count: int | None


@dataclass(frozen=True)
class Gates:
    reissued: float | None
    seen: float | None
    max_failed: MaxFailed | None
    soak: timedelta
    soak_under_14h: str | None
    connector: bool
    approval: bool
    command: tuple[str, ...] | None


@dataclass(frozen=True)
class Ring:
    name: str
    order: int
    profiles: tuple[str, ...]
    groups: tuple[str, ...]
    rest: bool
    gates: Gates


@dataclass(frozen=True)
class ReadinessLimits:
    users_with_sid: float | None
    hybrid_devices: float | None


@dataclass(frozen=True)
class Load:
    per_scep_host: int


@dataclass(frozen=True)
class Window:
    days: frozenset[int]
    start: time
    end: time
    zone: ZoneInfo


@dataclass(frozen=True)
class Freeze:
    first: date
    last: date


@dataclass(frozen=True)
class RolloutFile:
    name: str
    strategy: Strategy
    bundles: tuple[Bundle, ...]
    rings: tuple[Ring, ...]
    readiness: ReadinessLimits | None
    load: Load | None
    windows: tuple[Window, ...]
    freeze: tuple[Freeze, ...]
    answers: dict[str, object]
    path: Path
    digest: str

    def ring_digest(self, ring: Ring) -> str:
        raise NotImplementedError


def load_rollout(path: Path) -> RolloutFile:
    raise NotImplementedError
