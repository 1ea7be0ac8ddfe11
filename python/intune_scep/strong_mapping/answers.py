"""Answers to the preflight: YAML by people, or the JSON that its script prints."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

import yaml

from intune_scep.active_directory.domain_facts import DomainFacts, parse_domain_facts
from intune_scep.errors import AnswersError, FileError
from intune_scep.files import parse_json, read_regular
from intune_scep.strong_mapping.questions import QUESTIONS
from intune_scep.texts import decoded, one_line
from intune_scep.wording import option
from intune_scep.yaml_text import MOST_BYTES, load, plain_reason

_YES_OR_NO: Final = {"yes": True, "true": True, "no": False, "false": False}
_KEYS: Final = frozenset({"answer", "by", "on"})
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody answered.

    Attributes:
        yes: None if they do not know.
        by: Who; None if the file does not say.
        on: When.
    """

    yes: bool | None
    by: str | None = None
    on: date | None = None


@dataclass(frozen=True)
class Answers:
    """Everything that was answered.

    Attributes:
        given: By question.
        domain: What the script found; None if its answers were not given.
    """

    given: Mapping[str, Answer] = field(default_factory=dict)
    domain: DomainFacts | None = None


def read_answers(paths: Iterable[Path]) -> Answers:
    """Read files with answers; a rollout file is one too.

    Raises:
        AnswersError: one cannot be read or understood, or two of them answer the same; with the
            place.
    """
    given: dict[str, Answer] = {}
    domain: DomainFacts | None = None
    for path in paths:
        data = _load(path)
        if isinstance(data, Mapping) and "format" in data:
            if domain is not None:
                raise AnswersError(f"{path}: the answers of the script were given already.")
            domain = parse_domain_facts(data, str(path))
            continue
        more = parse_answers(data, str(path))
        if both := sorted(set(more) & set(given)):
            raise AnswersError(f"{path}: {', '.join(both)}: another file answers this already.")
        given |= more
    return Answers(given, domain)


def parse_answers(data: Any, name: str) -> dict[str, Answer]:
    """Understand the answers of people: `answers`, of a rollout file or alone.

    Args:
        name: The file, for messages.

    Raises:
        AnswersError: something in it is no answer; with the place.
    """
    if not isinstance(data, Mapping) or "answers" not in data:
        raise AnswersError(
            f"{name}: it has no answers: it must have the key `answers`, or be what"
            f" strong-mapping preflight {option('script')} prints when it is run."
        )
    answers = data["answers"]
    if not isinstance(answers, Mapping):
        raise AnswersError(f"{name}: answers: this must be an object, by question.")
    return {_question(key, name): _answer(key, value, name) for key, value in answers.items()}


def _load(path: Path) -> Any:
    try:
        text = decoded(read_regular(path, what=option("answers"), most=MOST_BYTES))
        if text.lstrip("\ufeff \t\r\n").startswith("{"):
            return parse_json(text.lstrip("\ufeff"), f"{option('answers')} {path}")
        return load(text)
    except FileError as error:
        raise AnswersError(str(error)) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise AnswersError(f"{path}, {plain_reason(error)}.") from error


def _question(key: Any, name: str) -> str:
    if isinstance(key, str) and key in QUESTIONS:
        return key
    near = difflib.get_close_matches(str(key), QUESTIONS, 1)
    meant = f" Did you mean {near[0]}?" if near else f" There are: {', '.join(QUESTIONS)}."
    raise AnswersError(
        f"{name}: answers.{one_line(str(key)[:80])}: there is no such question.{meant}"
    )


def _answer(key: str, value: Any, name: str) -> Answer:
    place = f"{name}: answers.{key}"
    if not isinstance(value, Mapping):
        return Answer(_yes(value, place))
    # YAML takes the bare key `on` for a truth value.
    value = {"on" if item is True else item: entry for item, entry in value.items()}
    if unknown := sorted(str(item) for item in value if item not in _KEYS):
        raise AnswersError(f"{place}.{one_line(unknown[0][:80])}: this key is not known.")
    if "answer" not in value:
        raise AnswersError(f"{place}.answer: this key is missing.")
    return Answer(
        _yes(value["answer"], f"{place}.answer"),
        _by(value.get("by"), f"{place}.by"),
        _on(value.get("on"), f"{place}.on"),
    )


def _yes(value: Any, place: str) -> bool | None:
    word = value.strip().lower() if isinstance(value, str) else value
    if isinstance(word, bool):
        return word
    if isinstance(word, str) and word in _YES_OR_NO:
        return _YES_OR_NO[word]
    if word == "unknown":
        return None
    raise AnswersError(f"{place}: this must be yes, no or unknown.")


def _by(value: Any, place: str) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip() or len(value) > _LONGEST:
        raise AnswersError(f"{place}: this must be a name of at most {_LONGEST} characters.")
    return value.strip()


def _on(value: Any, place: str) -> date | None:
    if value is None or type(value) is date:
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise AnswersError(f"{place}: this must be a day, such as 2026-11-20.") from error
