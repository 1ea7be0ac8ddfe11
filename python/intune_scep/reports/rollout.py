"""A rollout as lines of text: its rings, how far each is, and what it waits for. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from intune_scep.reports.runs import Line, plan_lines
from intune_scep.rollout.state import RingState, RolloutState, Sample
from intune_scep.rollout.tick import Tick, Wait
from intune_scep.rollout.words import Answer, Need, State
from intune_scep.rules.texts import counted
from intune_scep.texts import printable

_BAR: Final = 20
_STYLES: Final = {
    State.COMPLETED: "good",
    State.ERROR: "bad",
    State.CANCELED: "bad",
    State.NOT_ACTIVATED: "quiet",
}
_NEEDS: Final = {
    Need.TIME: "Waits",
    Need.PERSON: "A person must act",
    Need.EVIDENCE: "Not known",
    Need.REPAIR: "Frozen",
}
_ANSWERS: Final = {Answer.PASS: "good", Answer.FAIL: "bad", Answer.UNKNOWN: "note"}


def tick_lines(tick: Tick) -> list[Line]:
    """What one tick did, how far the rollout is, and why it goes no further."""
    lines = [Line("Dry run: nothing is written.", "note")] if tick.dry_run else []
    lines += [Line(printable(said), "heading") for said in tick.did]
    if tick.plan is not None:
        lines += plan_lines(tick.plan)
    for report in tick.reports if tick.dry_run else ():
        lines += [Line(""), *plan_lines(report.plan)]
    lines += [Line(""), *state_lines(tick.state)]
    lines += wait_lines(tick.wait)
    lines += [Line(printable(f"Note: {note}"), "note") for note in tick.notes]
    where = "would be kept in" if tick.dry_run else "is kept in"
    lines.append(Line(printable(f"The state {where} {tick.journal}"), "quiet"))
    return lines


def text_of_tick(tick: Tick) -> str:
    """A tick as text."""
    return _text(tick_lines(tick))


def text_of_state(state: RolloutState) -> str:
    """A rollout and its rings as text."""
    return _text(state_lines(state))


def _text(lines: Iterable[Line]) -> str:
    return "\n".join(line.text for line in lines)


def sentence(state: RolloutState) -> str:
    """How far a rollout is, in one sentence."""
    done = sum(ring.state is State.COMPLETED for ring in state.rings)
    frozen = f" {state.frozen}" if state.frozen else ""
    rings = counted(len(state.rings), "ring")
    return f"Rollout {state.name!r} is {state.state.value}: {done} of {rings} done.{frozen}"


def wait_lines(wait: Wait | None) -> Iterator[Line]:
    """Why a rollout goes no further."""
    if wait is None:
        return
    style = "bad" if wait.need is Need.REPAIR else "note"
    where = f", ring {wait.ring!r}" if wait.ring else ""
    until = f" Not before {moment(wait.until)}." if wait.until else ""
    said = wait.said or ("",)
    yield Line(printable(f"{_NEEDS[wait.need]}{where}: {said[0]}{until}"), style)
    for more in said[1:]:
        yield Line(printable(f"  {more}"), style)


def state_lines(state: RolloutState) -> list[Line]:
    """A rollout and its rings."""
    head = f"Rollout {state.name}: {state.state.value}, {counted(len(state.rings), 'ring')}"
    lines = [Line(printable(head), _STYLES.get(state.state, "heading"))]
    words = {"Paused": state.paused, "Canceled": state.canceled}
    lines += [
        Line(printable(f"{name} by {word} ({moment(word.at)})"), "note")
        for name, word in words.items()
        if word is not None
    ]
    if state.frozen is not None:
        lines.append(Line(printable(f"Frozen: {state.frozen}"), "bad"))
    width = max((len(ring.name) for ring in state.rings), default=0)
    for number, ring in enumerate(state.rings, 1):
        lines += _ring_lines(number, ring, width)
    return lines


def _ring_lines(number: int, ring: RingState, width: int) -> Iterator[Line]:
    last = ring.samples[-1] if ring.samples else None
    told = [f"{number:>3} {ring.name:<{width}}  {ring.state.value:<12}"]
    if ring.profiles:
        told.append(f"{len(ring.changed)} of {counted(len(ring.profiles), 'profile')}")
    if last is not None and last.counts.get("held"):
        told.append(_progress(last))
    if ring.passed_at is not None:
        told.append(f"passed {moment(ring.passed_at)}")
    yield Line(printable("  ".join(told)), _STYLES.get(ring.state, ""))
    if last is None or ring.passed_at is not None:
        return
    for check in last.checks:
        yield _check_line(check)


def _progress(sample: Sample) -> str:
    held, seen, reissued = (sample.counts.get(name, 0) for name in ("held", "seen", "reissued"))
    full = _BAR * reissued // held
    some = _BAR * seen // held
    bar = "#" * full + "-" * (some - full) + "." * (_BAR - some)
    return f"[{bar}] {reissued:,} new certificates on {seen:,} seen of {held:,} devices"


def _check_line(check: Mapping[str, Any]) -> Line:
    answer = Answer(check["answer"])
    text = f"      {answer.value:<8}{check['name']}: {check['said']}"
    return Line(printable(text), _ANSWERS.get(answer, ""))


def moment(at: datetime) -> str:
    """A time for people, in UTC."""
    return f"{at:%Y-%m-%d %H:%M} UTC"
