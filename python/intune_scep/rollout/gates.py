"""The gates of a ring: what must hold before the next one opens. Pure.

A gate has four answers, and only `pass` opens a ring: what could not be learned is `unknown`, never
good, and never a reason to go back either (ROLLOUT.md 4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import floor
from typing import Any, Final

from intune_scep.rollout.model import Gates, MaxFailed
from intune_scep.rollout.words import Answer, Need
from intune_scep.rules.texts import counted
from intune_scep.tenant.connectors import Connector

LEAST_TOLD: Final = 5
"""So many devices of the control group must have told how it went; fewer prove nothing."""
CONNECTOR_SILENT_AFTER: Final = timedelta(hours=24)
"""Chosen here: how often a connector connects is not documented."""

_PASSED, _FAILED, _TRY_LATER = 0, 1, 75
_WORST_FIRST: Final = (Answer.FAIL, Answer.UNKNOWN, Answer.WAIT)


@dataclass(frozen=True)
class Devices:
    """The devices of a ring, of the profiles whose certificates Intune reports.

    Attributes:
        held: How many held a certificate before the change.
        seen: How many of them checked in since.
        reissued: How many of those have a certificate that was not there before.
        within_lag: How many of the others may have one that the report does not show yet.
    """

    held: int
    seen: int
    reissued: int
    within_lag: int = 0

    def to_dict(self) -> dict[str, int]:
        return {
            "held": self.held,
            "seen": self.seen,
            "reissued": self.reissued,
            "within_lag": self.within_lag,
        }


@dataclass(frozen=True)
class Told:
    """How devices said that applying their profiles went, since the ring was opened.

    Attributes:
        devices: How many have such a profile, told or not, but those that are apart.
        told: How many said how it went.
        failed: How many of those failed.
        excused: How many more failed while something else may have been to blame, and told nothing
            since; a time that stands still where a device fails again is not a success.
        apart: How many more failed for nothing else than certificates for which readiness knew of
            no SID when the ring was opened.
    """

    devices: int
    told: int
    failed: int
    excused: int = 0
    apart: int = 0

    @property
    def share(self) -> float:
        """The part of those who told that failed, from 0 to 1."""
        return self.failed / self.told if self.told else 0.0


@dataclass(frozen=True)
class CommandEnd:
    """How the command of a gate ended.

    Attributes:
        code: Its exit code; None where it could not be run to its end.
        said: The first line it wrote, or why it could not be run.
    """

    code: int | None
    said: str = ""


@dataclass(frozen=True)
class Facts:
    """Everything a gate is judged by; None where it was not asked for, or `unread` says why.

    Attributes:
        now: The service's time.
        changed_at: When the last profile of the ring was changed.
        devices: None where nothing of the ring can be proven by the report.
        told: Of the ring.
        control: Of the rings that are not opened yet; None where there are none.
        connectors: Every certificate connector of the tenant.
        approved_by: Who answered the approval; None where nobody did.
        unread: Name of a check to why its facts could not be read.
    """

    now: datetime
    changed_at: datetime
    devices: Devices | None = None
    told: Told | None = None
    control: Told | None = None
    connectors: tuple[Connector, ...] | None = None
    approved_by: str | None = None
    command: CommandEnd | None = None
    unread: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Check:
    """One condition of a gate, judged.

    Attributes:
        name: As in the file.
        said: Why, in a sentence with the numbers.
        until: When waiting ends, where that is known.
        excuses: Whether it says that something else than the change may be to blame for failures;
            those that were told up to now do not count later either.
    """

    name: str
    answer: Answer
    said: str
    until: datetime | None = None
    excuses: bool = False

    def to_dict(self) -> dict[str, Any]:
        until = self.until.isoformat(timespec="seconds") if self.until else None
        told = {"name": self.name, "answer": self.answer.value, "said": self.said, "until": until}
        return {**told, "excuses": self.excuses}


@dataclass(frozen=True)
class GateResult:
    """A gate, judged."""

    checks: tuple[Check, ...]

    @property
    def answer(self) -> Answer:
        """The worst of its checks'; a gate without checks passes."""
        answers = {check.answer for check in self.checks}
        return next((answer for answer in _WORST_FIRST if answer in answers), Answer.PASS)

    @property
    def need(self) -> Need | None:
        """What it waits for; None where it passes."""
        if self.answer is Answer.FAIL:
            return Need.REPAIR
        if self.answer is Answer.UNKNOWN:
            return Need.EVIDENCE
        open_ones = {check.name for check in self.checks if check.answer is Answer.WAIT}
        if not open_ones:
            return None
        return Need.PERSON if open_ones == {"approval"} else Need.TIME

    @property
    def standing(self) -> tuple[Check, ...]:
        """The checks that do not pass, the worst first."""
        rank = {answer: place for place, answer in enumerate(_WORST_FIRST)}
        found = [check for check in self.checks if check.answer is not Answer.PASS]
        return tuple(sorted(found, key=lambda check: rank[check.answer]))

    def over(self, promoted: Mapping[str, str]) -> GateResult:
        """The gate after somebody promoted the ring: over what waits or is unknown, never over
        what fails.

        Args:
            promoted: Name of each check that was promoted over to who did it and why.
        """
        return GateResult(tuple(_promoted(check, promoted) for check in self.checks))

    def to_dict(self) -> dict[str, Any]:
        return {
            "answer": self.answer.value,
            "checks": [check.to_dict() for check in self.checks],
        }


def _promoted(check: Check, promoted: Mapping[str, str]) -> Check:
    if check.name not in promoted or check.answer in {Answer.PASS, Answer.FAIL}:
        return check
    said = f"Promoted by {promoted[check.name]}; it was {check.answer.value}: {check.said}"
    return replace(check, answer=Answer.PASS, said=said, until=None)


def judge_gate(gates: Gates, facts: Facts) -> GateResult:
    """Judge a ring by its gates.

    Args:
        gates: `seen` and `reissued` are passed over where the facts have no devices and nothing
            kept them from being read: then nothing of the ring can be proven by the report, and
            the file is refused unless a person or a command decides.
    """
    return GateResult(tuple(_checks(gates, facts)))


def _checks(gates: Gates, facts: Facts) -> Iterator[Check]:
    for name, (wanted, judge) in _JUDGES.items():
        if not wanted(gates, facts):
            continue
        why = facts.unread.get(name)
        if why is not None:
            yield Check(name, Answer.UNKNOWN, why)
        else:
            yield judge(gates, facts)


def _soak(gates: Gates, facts: Facts) -> Check:
    end = facts.changed_at + gates.soak
    if facts.now >= end:
        return Check("soak", Answer.PASS, f"{_span(gates.soak)} have gone by.")
    said = f"{_span(end - facts.now)} of {_span(gates.soak)} are left."
    return Check("soak", Answer.WAIT, said, end)


def _seen(gates: Gates, facts: Facts) -> Check:
    found = _devices(facts)
    if not found.held:
        return _nothing_to_prove("seen")
    said = (
        f"{counted(found.seen, 'device')} of {found.held:,} checked in since the change"
        f" ({_percent(found.seen, found.held)}); {gates.seen:g} % are asked for."
    )
    return Check("seen", _enough(found.seen, found.held, gates.seen or 0.0), said)


def _reissued(gates: Gates, facts: Facts) -> Check:
    found = _devices(facts)
    if not found.held:
        return _nothing_to_prove("reissued")
    if not found.seen:
        said = f"None of {counted(found.held, 'device')} has checked in since the change."
        return Check("reissued", Answer.WAIT, said)
    lag = f" {found.within_lag:,} may have one that the report does not show yet."
    said = (
        f"{counted(found.reissued, 'device')} of {found.seen:,} that checked in have a new"
        f" certificate ({_percent(found.reissued, found.seen)}); {gates.reissued:g} % are asked"
        f" for.{lag if found.within_lag else ''}"
    )
    return Check("reissued", _enough(found.reissued, found.seen, gates.reissued or 0.0), said)


def _nothing_to_prove(name: str) -> Check:
    said = "No device held a certificate before the change, so nothing can be proven by them."
    return Check(name, Answer.UNKNOWN, said)


def _max_failed(gates: Gates, facts: Facts) -> Check:
    if facts.told is None or gates.max_failed is None:
        return Check("max_failed", Answer.UNKNOWN, "How applying the profiles went is not known.")
    told, most = facts.told, _most(gates.max_failed, facts.told.devices)
    said = _failures(told, most)
    if told.apart and not told.devices:
        return Check("max_failed", Answer.UNKNOWN, f"{said} Nobody else has such a profile.")
    if told.failed <= most:
        if told.failed + told.excused <= most:
            return Check("max_failed", Answer.PASS, said)
        more = (
            f"{counted(told.excused, 'device')} failed while something else may have been to blame,"
            " and told nothing since."
        )
        return Check("max_failed", Answer.UNKNOWN, f"{said} {more}")
    ill = [item for item in facts.connectors or () if not _is_healthy(item, facts.now)]
    if ill:
        blame = f"{' '.join(map(_illness, ill))} So the change may not be to blame."
        return Check("max_failed", Answer.UNKNOWN, f"{said} {blame}", excuses=True)
    control = facts.control
    if control is None:
        return Check("max_failed", Answer.FAIL, f"{said} {_ALONE}")
    if control.told < LEAST_TOLD:
        few = f"Of the control group only {counted(control.told, 'device')} told how it went."
        return Check("max_failed", Answer.FAIL, f"{said} {few} {_ALONE}")
    compared = (
        f"Of the devices that were not changed, {control.failed:,} of {control.told:,} that told"
        " failed as well"
    )
    if control.share >= told.share / 2:
        blame = "so the change may not be to blame: look at the certificate connectors and the CA."
        return Check("max_failed", Answer.UNKNOWN, f"{said} {compared}, {blame}", excuses=True)
    return Check("max_failed", Answer.FAIL, f"{said} {compared}.")


def _failures(told: Told, most: int) -> str:
    every = told.failed + told.apart
    if not told.apart:
        return f"{counted(every, 'device')} of {told.devices:,} failed; {most:,} may."
    known = "that is" if every == 1 else f"{told.apart:,} of the {every:,} failures are"
    # Microsoft's pages differ on what an account without a SID gets (DOMAIN.md 2).
    return (
        f"{counted(every, 'device')} failed; {known} for accounts without a SID, which readiness"
        " knew when the ring was opened. That alone may be why, so they do not count:"
        f" {told.failed:,} of {told.devices:,} remain; {most:,} may."
    )


_ALONE: Final = "There is nothing to compare it with, so it decides alone."


def _most(limit: MaxFailed, devices: int) -> int:
    """How many may fail: the stricter of share and count."""
    limits = []
    if limit.share is not None:
        limits.append(floor(devices * limit.share / 100))
    if limit.count is not None:
        limits.append(limit.count)
    return min(limits, default=0)


def _connector(_gates: Gates, facts: Facts) -> Check:
    if not facts.connectors:
        said = (
            "The tenant has no certificate connector. Where a cloud service issues the"
            " certificates, say `connector: none`."
        )
        return Check("connector", Answer.UNKNOWN, said)
    ill = [item for item in facts.connectors if not _is_healthy(item, facts.now)]
    if not ill:
        return Check("connector", Answer.PASS, f"{_connectors(len(facts.connectors))} healthy.")
    return Check("connector", Answer.WAIT, " ".join(map(_illness, ill)), excuses=True)


def _is_healthy(connector: Connector, now: datetime) -> bool:
    last = connector.last_connection
    return connector.state == "active" and last is not None and now - last <= CONNECTOR_SILENT_AFTER


def _illness(connector: Connector) -> str:
    last = connector.last_connection
    when = f"last connected {last:%Y-%m-%d %H:%M} UTC" if last is not None else "never connected"
    return f"The certificate connector {connector.name!r} is {connector.state or '?'}, {when}."


def _connectors(count: int) -> str:
    return "The certificate connector is" if count == 1 else f"All {count} connectors are"


def _approval(_gates: Gates, facts: Facts) -> Check:
    if facts.approved_by is not None:
        return Check("approval", Answer.PASS, f"Approved by {facts.approved_by}.")
    return Check("approval", Answer.WAIT, "Nobody has approved it yet.")


def _command(_gates: Gates, facts: Facts) -> Check:
    end = facts.command or CommandEnd(None, "It was not run.")
    answers = {_PASSED: Answer.PASS, _FAILED: Answer.FAIL, _TRY_LATER: Answer.WAIT}
    answer = Answer.UNKNOWN if end.code is None else answers.get(end.code, Answer.UNKNOWN)
    code = "" if end.code is None else f"It ended with {end.code}."
    said = f"{code} {end.said}".strip()
    return Check("command", answer, said)


Judge = Callable[[Gates, Facts], Check]
Wanted = Callable[[Gates, Facts], bool]


def _provable(name: str, facts: Facts) -> bool:
    return facts.devices is not None or name in facts.unread


_JUDGES: Final[Mapping[str, tuple[Wanted, Judge]]] = {
    "soak": (lambda gates, _: bool(gates.soak), _soak),
    "seen": (lambda g, facts: g.seen is not None and _provable("seen", facts), _seen),
    "reissued": (
        lambda g, facts: g.reissued is not None and _provable("reissued", facts),
        _reissued,
    ),
    "max_failed": (lambda gates, _: gates.max_failed is not None, _max_failed),
    "connector": (lambda gates, _: gates.connector, _connector),
    "command": (lambda gates, _: gates.command is not None, _command),
    "approval": (lambda gates, _: gates.approval, _approval),
}
"""Name of a check, as in the file, to whether it applies and how it is judged."""


def _devices(facts: Facts) -> Devices:
    if facts.devices is None:
        raise AssertionError("a check of devices is judged where there are some")
    return facts.devices


def _enough(part: int, whole: int, percent: float) -> Answer:
    # In whole numbers of devices: 95 % of 20 are 19, however floats round.
    return Answer.PASS if part * 100 >= percent * whole - 1e-9 else Answer.WAIT


def _percent(part: int, whole: int) -> str:
    share = 100 * part / whole
    # Not 100 % while one is missing.
    return f"{min(share, 99.9):.1f} %" if part < whole else "100 %"


def _span(span: timedelta) -> str:
    minutes = max(1, round(span.total_seconds() / 60))
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"
