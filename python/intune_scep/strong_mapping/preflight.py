"""What stands in the way of the re-issue, and what may make it needless. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from intune_scep.records import Record
from intune_scep.strong_mapping.answers import Answer, Answers
from intune_scep.strong_mapping.preflight_domain import seen_in_domain, told_by_domain
from intune_scep.strong_mapping.preflight_facts import Found, Seen
from intune_scep.strong_mapping.preflight_graph import seen_in_graph, told_by_graph
from intune_scep.strong_mapping.questions import QUESTIONS, Outcome, Question

WANTED: Final = "reissue_wanted"


@dataclass(frozen=True)
class Point:
    """One question and what is said of it.

    Attributes:
        answer: Yes or no; None if nobody knows, or answers differ.
        found: What was read of Graph or by the script, in sentences.
        given: What a person answered.
    """

    question: Question
    outcome: Outcome
    answer: bool | None
    found: tuple[str, ...] = ()
    given: Answer | None = None

    @property
    def means(self) -> str | None:
        """What the answer means, in a sentence."""
        if self.answer is None:
            return None
        return self.question.yes if self.answer else self.question.no

    def to_dict(self) -> dict[str, Any]:
        """One element of `questions` in the JSON of the preflight."""
        asked = self.question
        return {
            "id": asked.id,
            "question": asked.asks,
            "why": asked.why,
            "source": asked.source,
            "outcome": self.outcome.value,
            "answer": self.answer,
            "means": self.means,
            "found": list(self.found),
            "by": self.given.by if self.given else None,
            "on": self.given.on.isoformat() if self.given and self.given.on else None,
        }


@dataclass(frozen=True)
class Preflight:
    """What is known before the first certificate is issued anew.

    Attributes:
        told: What was found and is not judged, in sentences.
    """

    tenant: str
    cloud: str
    points: tuple[Point, ...]
    found: Found
    told: tuple[str, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """The worst of all."""
        outcomes = {point.outcome for point in self.points}
        return next((outcome for outcome in Outcome if outcome in outcomes), Outcome.FINE)

    @property
    def is_fine(self) -> bool:
        return self.outcome is Outcome.FINE

    @property
    def needless(self) -> tuple[str, ...]:
        """Why the re-issue may be needless, by question."""
        return tuple(
            point.question.id for point in self.points if point.question.needless and point.answer
        )

    @property
    def unanswered(self) -> tuple[str, ...]:
        """What is still to be answered, by question."""
        return tuple(point.question.id for point in self.points if point.outcome is Outcome.UNKNOWN)

    @property
    def stops(self) -> tuple[str, ...]:
        """What stands in the way, by question."""
        return tuple(point.question.id for point in self.points if point.outcome is Outcome.STOP)

    @property
    def msg(self) -> str:
        """What is still to be answered, and whether the re-issue may be needless."""
        parts = []
        if self.stops:
            parts.append(f"In the way: {', '.join(self.stops)}.")
        if self.unanswered:
            parts.append(f"Still to be answered: {', '.join(self.unanswered)}.")
        if not parts:
            parts.append("Nothing stands in the way.")
        if self.found.changing == 0:
            parts.append("No profile would change.")
        if self.needless:
            parts.append(f"The re-issue may be needless: {', '.join(self.needless)}.")
        elif any(point.question.needless and point.answer is None for point in self.points):
            parts.append("Whether the re-issue is needless is not known.")
        else:
            parts.append("Nothing says that the re-issue is needless.")
        return " ".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        found = self.found
        return {
            "tenant": self.tenant,
            "cloud": self.cloud,
            "msg": self.msg,
            "outcome": self.outcome.value,
            "needless_because": list(self.needless),
            "stops": list(self.stops),
            "unanswered": list(self.unanswered),
            "questions": [point.to_dict() for point in self.points],
            "connectors": _records(found.connectors),
            "roots": _records(found.roots),
            "requires_sid_alignment": found.requires_alignment,
            "uses_deployments": found.has_deployments,
            "told": list(self.told),
        }


def _records(items: Sequence[Record] | None) -> list[dict[str, Any]] | None:
    return None if items is None else [item.to_dict() for item in items]


def judge_preflight(
    tenant: str, cloud: str, found: Found, answers: Answers, now: datetime
) -> Preflight:
    """Judge every question by what was read, by what the script found and by what people said.

    Args:
        now: Aware time.
    """
    seen = {**seen_in_graph(found, now), **seen_in_domain(answers.domain, found)}
    points = {
        identifier: _point(question, answers.given.get(identifier), *seen.get(identifier, _NOTHING))
        for identifier, question in QUESTIONS.items()
    }
    needless = any(point.question.needless and point.answer for point in points.values())
    wanted = points[WANTED].answer is True
    if wanted:
        points = {key: _all_the_same(point) for key, point in points.items()}
    elif not needless and points[WANTED].given is None:
        del points[WANTED]
    told = (*told_by_graph(found, now), *told_by_domain(answers.domain))
    return Preflight(tenant, cloud, tuple(points.values()), found, told)


_NOTHING: Final[Seen] = (None, ())


def _point(
    question: Question, given: Answer | None, seen: bool | None, found: tuple[str, ...]
) -> Point:
    said = given.yes if given is not None else None
    if seen is not None and said is not None and seen is not said:
        differs = f"The answer given is {_word(said)}; what was read says {_word(seen)}."
        return Point(question, Outcome.UNKNOWN, None, (*found, differs), given)
    answer = seen if seen is not None else said
    if answer is None:
        return Point(question, Outcome.UNKNOWN, None, found, given)
    outcome = Outcome.FINE if answer is question.fine else Outcome.STOP
    return Point(question, outcome, answer, found, given)


def _all_the_same(point: Point) -> Point:
    """A point that would stop because the re-issue may be needless, where it is wanted."""
    if not (point.question.needless and point.answer):
        return point
    return Point(point.question, Outcome.FINE, point.answer, point.found, point.given)


def _word(answer: bool) -> str:
    return "yes" if answer else "no"
