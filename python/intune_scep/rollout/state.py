"""How far a rollout is: folded from the records of its journal. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from intune_scep.audience.reissued import Before
from intune_scep.changes.values import (
    NotAsWrittenError,
    flag_of,
    list_of,
    object_of,
    objects_of,
    text_of,
    texts_of,
)
from intune_scep.errors import JournalError
from intune_scep.rollout.model import Strategy
from intune_scep.rollout.words import Answer, Stage, State

FORMAT: Final = "intune-scep/rollout/1"


@dataclass(frozen=True)
class Word:
    """What a person decided.

    Attributes:
        by: Who was signed in.
        reason: In their words; may be empty.
        at: The service's time.
    """

    by: str
    reason: str
    at: datetime

    def __str__(self) -> str:
        return f"{self.by or 'somebody'}{f': {self.reason}' if self.reason else ''}"

    def to_dict(self) -> dict[str, Any]:
        return {"by": self.by, "reason": self.reason, "at": _text(self.at)}


@dataclass(frozen=True)
class Sample:
    """A gate as it was judged once.

    Attributes:
        counts: Of devices: `held`, `seen`, `reissued`; empty where nothing can be proven.
    """

    at: datetime
    answer: Answer
    checks: tuple[Mapping[str, Any], ...]
    counts: Mapping[str, int]

    def to_dict(self) -> dict[str, Any]:
        return {
            "at": _text(self.at),
            "answer": self.answer.value,
            "checks": [dict(check) for check in self.checks],
            "devices": dict(self.counts),
        }


@dataclass(frozen=True)
class Run:
    """A run that changed profiles of a ring, by the journal it has of its own."""

    stage: Stage
    journal: Path


@dataclass
class RingState:
    """One ring.

    Attributes:
        digest: Of everything in the file that matters to it.
        profiles: Ids of its SCEP profiles, once it is entered.
        before: The certificates there were when it was entered; None where they were not read.
        entered_at: When it was.
        devices: Ids of the managed devices it is about; None for all that its profiles have.
        without_sid: Id of a profile to the managed devices for which readiness knew of no SID when
            the ring was entered; a profile is missing where that was not known, or not asked.
        runs: Those that changed its profiles, in their order.
        done: By stage: id of a profile to when that was done to it.
        samples: Its gate, each time it was judged.
        approved: Who answered its approval.
        promoted: Name of a check to who opened the next ring over it.
        passed_at: When its gate passed.
        closed_at: When everything that follows a passed gate was done too.
    """

    name: str
    digest: str
    profiles: tuple[str, ...] = ()
    before: Before | None = None
    entered_at: datetime | None = None
    devices: frozenset[str] | None = None
    without_sid: dict[str, frozenset[str]] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)
    done: dict[Stage, dict[str, datetime]] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)
    approved: Word | None = None
    promoted: dict[str, Word] = field(default_factory=dict)
    passed_at: datetime | None = None
    closed_at: datetime | None = None

    @property
    def changed(self) -> Mapping[str, datetime]:
        """Id of a profile to when the ring got the SID URI by it."""
        return self.done.get(Stage.OPEN, {})

    def left(self, stage: Stage) -> tuple[str, ...]:
        """The profiles to which a stage is not done yet."""
        done = self.done.get(stage, {})
        return tuple(item for item in self.profiles if item not in done)

    @property
    def excused_until(self) -> datetime | None:
        """Until when something else than the change may be to blame for failures."""
        told = (item.at for item in self.samples if any(c.get("excuses") for c in item.checks))
        return max(told, default=None)

    @property
    def is_entered(self) -> bool:
        return self.entered_at is not None

    @property
    def changed_at(self) -> datetime | None:
        """When the last of its profiles was changed, with what uses it; None where some are not."""
        if not self.is_entered or self.left(Stage.OPEN):
            return None
        followed = self.done.get(Stage.FOLLOW, {})
        return max((*self.changed.values(), *followed.values()), default=self.entered_at)

    @property
    def state(self) -> State:
        if self.closed_at is not None:
            return State.COMPLETED
        if not self.is_entered:
            return State.NOT_ACTIVATED
        return State.ACTIVATING if self.left(Stage.OPEN) else State.ACTIVATED

    def to_dict(self) -> dict[str, Any]:
        last = self.samples[-1].to_dict() if self.samples else None
        return {
            "name": self.name,
            "state": self.state.value,
            "profiles": list(self.profiles),
            "changed": {profile: _text(at) for profile, at in self.changed.items()},
            "entered_at": _text(self.entered_at),
            "passed_at": _text(self.passed_at),
            "approved": self.approved.to_dict() if self.approved else None,
            "promoted": {name: word.to_dict() for name, word in self.promoted.items()},
            "gate": last,
            "runs": [str(run.journal) for run in self.runs],
        }


@dataclass
class RolloutState:
    """A rollout.

    Attributes:
        file: Where the file was when it was started.
        digest: Of the file, as it was recorded last.
        clones: Id of an original, SCEP profile or dependant, to that of its clone.
        assigned: Id of an original that comes back to whom it was for before the rollout.
        taken_back: Runs that were rolled back.
        frozen: Why it is frozen, until somebody resumes it.
    """

    name: str
    tenant: str
    cloud: str
    strategy: Strategy
    file: str
    digest: str
    rings: list[RingState]
    started: Word | None = None
    paused: Word | None = None
    canceled: Word | None = None
    frozen: str | None = None
    clones: dict[str, str] = field(default_factory=dict)
    assigned: dict[str, tuple[dict[str, Any], ...]] = field(default_factory=dict)
    taken_back: list[Path] = field(default_factory=list)
    finished_at: datetime | None = None

    @property
    def state(self) -> State:
        """How far it is, in one word."""
        if self.canceled is not None:
            return State.CANCELED
        if self.finished_at is not None:
            return State.COMPLETED
        if self.frozen is not None:
            return State.ERROR
        if self.paused is not None:
            return State.PAUSED
        if self.started is None:
            return State.NOT_ACTIVATED
        activating = any(ring.state is State.ACTIVATING for ring in self.rings)
        return State.ACTIVATING if activating else State.ACTIVATED

    @property
    def current(self) -> RingState | None:
        """The ring that is open, or is to be opened next; None where all are done with."""
        return next((ring for ring in self.rings if ring.closed_at is None), None)

    @property
    def runs(self) -> tuple[Path, ...]:
        """The journals of every run, in their order."""
        return tuple(run.journal for ring in self.rings for run in ring.runs)

    def devices_of_others(self, ring: RingState) -> frozenset[str]:
        """Devices of the rings that name theirs: not those of one that takes whoever is left."""
        others = (other.devices or () for other in self.rings if other is not ring)
        return frozenset[str]().union(*others)

    def ring(self, name: str) -> RingState:
        return next(ring for ring in self.rings if ring.name == name)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        words = {"started": self.started, "paused": self.paused, "canceled": self.canceled}
        return {
            "rollout": self.name,
            "tenant": self.tenant,
            "cloud": self.cloud,
            "strategy": self.strategy.value,
            "state": self.state.value,
            "file": self.file,
            **{name: word.to_dict() if word else None for name, word in words.items()},
            "frozen": self.frozen,
            "clones": dict(self.clones),
            "finished_at": _text(self.finished_at),
            "rings": [ring.to_dict() for ring in self.rings],
        }


def fold(path: Path, records: Iterable[Mapping[str, Any]]) -> RolloutState:
    """The state that the records of a journal lead to.

    Raises:
        JournalError: it is the journal of something else, or a record does not hold what such a
            record holds.
    """
    folding = Fold(path)
    for record in records:
        folding.take(record)
    return folding.state


class Fold:
    """Takes one record after the other.

    Attributes:
        state: What those taken so far lead to.
    """

    state: RolloutState

    def __init__(self, path: Path) -> None:
        self._path = path
        self._evidence: list[Any] = []
        self._taken = 0

    def take(self, record: Mapping[str, Any]) -> None:
        """Take the next record.

        Raises:
            JournalError: as for `fold`.
        """
        self._taken += 1
        if self._taken == 1 and record.get("format") != FORMAT:
            raise JournalError(f"{self._path} is not the journal of a rollout ({FORMAT}).")
        try:
            _TAKES[text_of(record["record"])](self, record)
        except (NotAsWrittenError, KeyError, TypeError, ValueError, StopIteration) as error:
            raise JournalError(
                f"Journal {self._path} is damaged: line {self._taken} does not hold what such a"
                " record holds."
            ) from error

    def rollout(self, record: Mapping[str, Any]) -> None:
        self.state = RolloutState(
            text_of(record["name"]),
            text_of(record["tenant"]),
            text_of(record["cloud"]),
            Strategy(text_of(record["strategy"])),
            text_of(record["file"]),
            text_of(record["digest"]),
            _rings(record),
        )

    def edited(self, record: Mapping[str, Any]) -> None:
        """Rings that are not entered may be other ones."""
        entered = [ring for ring in self.state.rings if ring.is_entered]
        self.state.rings = [*entered, *_rings(record)[len(entered) :]]
        self.state.digest = text_of(record["digest"])

    def started(self, record: Mapping[str, Any]) -> None:
        self.state.started = _word(record)

    def evidence(self, record: Mapping[str, Any]) -> None:
        if flag_of(record["first"]):
            self._evidence = []
        self._evidence.append(object_of(record["certificates"]))

    def entered(self, record: Mapping[str, Any]) -> None:
        ring = self._ring(record)
        ring.profiles = texts_of(record["profiles"])
        ring.entered_at = _moment(record)
        devices = record["devices"]
        ring.devices = None if devices is None else frozenset(texts_of(devices))
        lacking = object_of(record.get("without_sid", {}))
        ring.without_sid = {key: frozenset(texts_of(value)) for key, value in lacking.items()}
        ring.before, self._evidence = Before.from_records(self._evidence), []

    def assigned(self, record: Mapping[str, Any]) -> None:
        kept = object_of(record["assignments"])
        self.state.assigned |= {text_of(key): objects_of(value) for key, value in kept.items()}

    def opening(self, record: Mapping[str, Any]) -> None:
        run = Run(Stage(text_of(record["stage"])), Path(text_of(record["run"])))
        self._ring(record).runs.append(run)

    def changed(self, record: Mapping[str, Any]) -> None:
        done = self._ring(record).done.setdefault(Stage(text_of(record["stage"])), {})
        done |= dict.fromkeys(texts_of(record["profiles"]), _moment(record))

    def cloned(self, record: Mapping[str, Any]) -> None:
        clones = object_of(record["clones"])
        self.state.clones |= {text_of(key): text_of(value) for key, value in clones.items()}

    def gate(self, record: Mapping[str, Any]) -> None:
        checks = tuple(object_of(item) for item in list_of(record["checks"]))
        answer = Answer(text_of(record["answer"]))
        sample = Sample(_moment(record), answer, checks, object_of(record["counts"]))
        self._ring(record).samples.append(sample)

    def approved(self, record: Mapping[str, Any]) -> None:
        self._ring(record).approved = _word(record)

    def promoted(self, record: Mapping[str, Any]) -> None:
        over = dict.fromkeys(texts_of(record["over"]), _word(record))
        self._ring(record).promoted |= over

    def closed(self, record: Mapping[str, Any]) -> None:
        self._ring(record).closed_at = _moment(record)

    def passed(self, record: Mapping[str, Any]) -> None:
        self._ring(record).passed_at = _moment(record)

    def paused(self, record: Mapping[str, Any]) -> None:
        self.state.paused = _word(record)

    def resumed(self, record: Mapping[str, Any]) -> None:
        self.state.paused = self.state.frozen = None

    def canceled(self, record: Mapping[str, Any]) -> None:
        self.state.canceled = _word(record)

    def frozen(self, record: Mapping[str, Any]) -> None:
        self.state.frozen = text_of(record["reason"])

    def taken_back(self, record: Mapping[str, Any]) -> None:
        self.state.taken_back.append(Path(text_of(record["run"])))

    def finished(self, record: Mapping[str, Any]) -> None:
        self.state.finished_at = _moment(record)

    def _ring(self, record: Mapping[str, Any]) -> RingState:
        return self.state.ring(text_of(record["ring"]))


_TAKES: Final[Mapping[str, Callable[[Fold, Mapping[str, Any]], None]]] = {
    name: getattr(Fold, name)
    for name in (
        "rollout",
        "edited",
        "started",
        "evidence",
        "assigned",
        "entered",
        "opening",
        "changed",
        "cloned",
        "gate",
        "approved",
        "promoted",
        "passed",
        "closed",
        "paused",
        "resumed",
        "canceled",
        "frozen",
        "taken_back",
        "finished",
    )
}


def _rings(record: Mapping[str, Any]) -> list[RingState]:
    found = [object_of(item) for item in list_of(record["rings"])]
    return [RingState(text_of(item["name"]), text_of(item["digest"])) for item in found]


def _word(record: Mapping[str, Any]) -> Word:
    return Word(text_of(record["by"]), text_of(record["reason"]), _moment(record))


def _moment(record: Mapping[str, Any]) -> datetime:
    moment = datetime.fromisoformat(text_of(record["at"]))
    if moment.tzinfo is None:
        raise ValueError("a time without its zone")
    return moment


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment is not None else None
