"""Reading a rollout file, and refusing a wrong one with every mistake, its place and its cure."""

from __future__ import annotations

import difflib
import zoneinfo
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, Final

import yaml

from intune_scep.errors import FileError, RolloutFileError
from intune_scep.files import read_regular
from intune_scep.rollout import values
from intune_scep.rollout.model import (
    Answer,
    Bundle,
    Dependants,
    Finish,
    Freeze,
    Gates,
    Load,
    MaxFailed,
    ReadinessLimits,
    Ring,
    RolloutFile,
    Strategy,
    Window,
)
from intune_scep.rollout.schema import SCHEMA
from intune_scep.rollout.structure import MOST, Place, Problem, path_of, problems
from intune_scep.rollout.yaml_core import CoreLoader, lines_of
from intune_scep.texts import decoded, one_line
from intune_scep.yaml_text import MOST_BYTES, load_all, plain_reason

__all__ = [
    "Answer",
    "Bundle",
    "Dependants",
    "Finish",
    "Freeze",
    "Gates",
    "Load",
    "MaxFailed",
    "ReadinessLimits",
    "Ring",
    "RolloutFile",
    "Strategy",
    "Window",
    "load_rollout",
    "parse_rollout",
    "sentences",
]
DEFAULT_PATH: Final = Path("strong-mapping.yml")
_HELP: Final = "docs/rollout.md explains the file line by line; `rollout init` writes a first one."


def load_rollout(path: Path) -> RolloutFile:
    """Read a rollout file.

    Raises:
        RolloutFileError: it cannot be read, or is wrong; every mistake is named with its line,
            place and cure.
    """
    try:
        text = decoded(read_regular(path, what="Rollout file", most=MOST_BYTES))
    except FileError as error:
        raise _unusable(path, f"cannot be read: {error.reason}") from error
    except UnicodeError as error:
        raise _unusable(path, f"cannot be read: {plain_reason(error)}") from error
    return parse_rollout(text, path)


def parse_rollout(text: str, path: Path = DEFAULT_PATH) -> RolloutFile:
    """Read the text of a rollout file.

    Args:
        path: For messages.

    Raises:
        RolloutFileError: see `load_rollout`.
    """
    try:
        documents = load_all(text, CoreLoader)
    except (yaml.YAMLError, ValueError) as error:
        raise _unusable(path, f"is no valid YAML: {plain_reason(error)}") from error
    if len(documents) != 1 or documents[0] is None:
        count = "more than one document" if len(documents) > 1 else "nothing"
        raise _unusable(path, f"holds {count}; one rollout is one document")
    [data] = documents
    wrong, lines = list(islice(mistakes(data), MOST)), lines_of(text)
    if wrong:
        raise RolloutFileError(str(path), sentences(wrong, lines, path))
    return replace(_file(data, path), lines=lines)


def mistakes(data: Any) -> Iterator[Problem]:
    """Everything that is wrong with the data of a rollout file."""
    structural = problems(data, SCHEMA)
    # The first that is told of a place stays, and the schema knows best.
    known = {problem.place for problem in structural}
    yield from structural
    if isinstance(data, dict):
        for rule in _RULES:
            yield from (problem for problem in rule(data) if problem.place not in known)


def _unusable(path: Path, why: str) -> RolloutFileError:
    return RolloutFileError(str(path), [f"{path} {why}."], hint=_HELP)


def sentences(wrong: Iterable[Problem], lines: Mapping[Place, int], path: Path) -> Sequence[str]:
    """Problems as sentences with file, line and place, in the order of the lines.

    Args:
        lines: As `RolloutFile.lines`.
    """
    placed = []
    for problem in wrong:
        outwards = (problem.place[:end] for end in range(len(problem.place), -1, -1))
        line = next((lines[place] for place in outwards if place in lines), 1)
        where = path_of(problem.place) or "the file"
        placed.append((line, one_line(f"{path}, line {line}: {where} {problem.sentence}.")))
    return [sentence for _, sentence in sorted(placed, key=lambda item: item[0])]


def _objects(data: Mapping[Any, Any], key: str) -> Iterator[tuple[int, dict[Any, Any]]]:
    """The objects of a list, with their numbers; what is none is a mistake of its own."""
    items = data.get(key)
    for number, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, dict):
            yield number, item


def _texts(data: Mapping[Any, Any], key: str) -> Iterator[tuple[int, str]]:
    items = data.get(key)
    for number, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, str):
            yield number, item


def _twice(named: Iterator[tuple[Place, str]], sentence: str) -> Iterator[Problem]:
    """A problem for each text that stood before; `{}` in the sentence is where."""
    seen: dict[str, Place] = {}
    for place, text in named:
        if text in seen:
            yield Problem(place, sentence.format(path_of(seen[text])))
        seen.setdefault(text, place)


def _ring_names(data: Mapping[Any, Any]) -> Iterator[Problem]:
    named: Iterator[tuple[Place, str]] = (
        (("rings", number, "name"), ring["name"].casefold())
        for number, ring in _objects(data, "rings")
        if isinstance(ring.get("name"), str)
    )
    return _twice(named, "is the name of {} already; give each ring its own")


def _in_one_ring(key: str, sentence: str) -> Callable[[Mapping[Any, Any]], Iterator[Problem]]:
    def rule(data: Mapping[Any, Any]) -> Iterator[Problem]:
        named: Iterator[tuple[Place, str]] = (
            (("rings", number, key, place), text)
            for number, ring in _objects(data, "rings")
            for place, text in _texts(ring, key)
        )
        return _twice(named, sentence)

    return rule


def _rest_is_last(data: Mapping[Any, Any]) -> Iterator[Problem]:
    rings = list(_objects(data, "rings"))
    for number, ring in rings[:-1]:
        if ring.get("rest") is True and data.get("strategy") != Strategy.IN_PLACE:
            yield Problem(
                ("rings", number, "rest"),
                "can stand in the last ring alone: after it nobody is left; move the ring to the"
                " end, or name groups in it",
            )


def _bundled_once(data: Mapping[Any, Any]) -> Iterator[Problem]:
    bundles = list(_objects(data, "bundles"))
    profiles: Iterator[tuple[Place, str]] = (
        (("bundles", number, "profile"), bundle["profile"])
        for number, bundle in bundles
        if isinstance(bundle.get("profile"), str)
    )
    yield from _twice(profiles, "is in {} already; a profile is one bundle")
    clones: Iterator[tuple[Place, str]] = (
        (("bundles", number, "clone_name"), bundle["clone_name"])
        for number, bundle in bundles
        if isinstance(bundle.get("clone_name"), str) and "{name}" not in bundle["clone_name"]
    )
    yield from _twice(clones, "is that of {} already; write {{name}} in it, or another name")


def _windows_are_possible(data: Mapping[Any, Any]) -> Iterator[Problem]:
    for number, window in _objects(data, "windows"):
        begin, end = window.get("from"), window.get("to")
        if isinstance(begin, str) and begin == end:
            yield Problem(
                ("windows", number, "to"),
                'is when the window begins; a whole day is from "00:00" to "24:00"',
            )
        zone = window.get("tz")
        if isinstance(zone, str) and _zone(zone) is None:
            yield Problem(("windows", number, "tz"), _unknown_zone(zone))


def _zone(name: str) -> zoneinfo.ZoneInfo | None:
    try:
        return zoneinfo.ZoneInfo(name)
    except (OSError, ValueError, zoneinfo.ZoneInfoNotFoundError):
        return None


def _unknown_zone(name: str) -> str:
    near = difflib.get_close_matches(name, sorted(zoneinfo.available_timezones()), n=3, cutoff=0.5)
    similar = f". Similar: {', '.join(near)}" if near else ", such as Europe/Berlin or UTC"
    return f"is no time zone that this machine knows; give its name in the IANA database{similar}"


def _days_exist(data: Mapping[Any, Any]) -> Iterator[Problem]:
    for number, text in _texts(data, "freeze"):
        place: Place = ("freeze", number)
        try:
            span = values.span(text)
        except ValueError:
            yield Problem(place, _NO_DAY)
            continue
        if span.last < span.first:
            yield Problem(place, "ends before it begins; write the earlier day first")
    answers = data.get("answers")
    for question, answer in answers.items() if isinstance(answers, dict) else ():
        on = answer.get("on") if isinstance(answer, dict) else None
        if isinstance(on, str):
            try:
                values.span(on)
            except ValueError:
                yield Problem(("answers", str(question), "on"), _NO_DAY)


_NO_DAY: Final = "names a day that no calendar has; write it as 2026-12-18"
_RULES: Final[tuple[Callable[[Mapping[Any, Any]], Iterator[Problem]], ...]] = (
    _ring_names,
    _in_one_ring("profiles", "is in {} already; a profile is edited once, so name it in one ring"),
    _in_one_ring(
        "groups", "is in {} already; a group gets the copies once, so name it in one ring"
    ),
    _rest_is_last,
    _bundled_once,
    _windows_are_possible,
    _days_exist,
)
"""What no schema can say; the tests tell which these are."""


def _file(data: Mapping[str, Any], path: Path) -> RolloutFile:
    """The file of data in which nothing is wrong."""
    gates = data.get("gates", {})
    readiness, load = data.get("readiness", {}), data.get("load")
    bundles = tuple(_bundle(item) for item in data.get("bundles", ()))
    rings = [_ring(item, order, gates) for order, item in enumerate(data["rings"], start=1)]
    if rings[-1].rest and any(item.finish is Finish.SWING_BACK for item in bundles):
        rings.append(_back(rings[-1]))
    return RolloutFile(
        name=data["rollout"],
        strategy=Strategy(data["strategy"]),
        bundles=bundles,
        rings=tuple(rings),
        readiness=ReadinessLimits(
            values.share(readiness.get("users_with_sid")),
            values.share(readiness.get("hybrid_devices")),
        ),
        load=Load(values.rate(load["per_scep_host"])) if load else None,
        windows=tuple(_window(item) for item in data.get("windows", ())),
        freeze=tuple(values.span(item) for item in data.get("freeze", ())),
        answers={name: values.answer(item) for name, item in data.get("answers", {}).items()},
        path=path,
    )


def _bundle(data: Mapping[str, Any]) -> Bundle:
    usual = Bundle(data["profile"])
    return Bundle(
        usual.profile,
        data.get("clone_name", usual.clone_name),
        Dependants(data.get("dependants", usual.dependants)),
        Finish(data.get("finish", usual.finish)),
    )


def _ring(data: Mapping[str, Any], order: int, defaults: Mapping[str, Any]) -> Ring:
    return Ring(
        name=data["name"],
        order=order,
        profiles=tuple(data.get("profiles", ())),
        groups=tuple(data.get("groups", ())),
        rest=data.get("rest", False),
        gates=_gates(data.get("gates", {}), defaults),
    )


def _back(last: Ring) -> Ring:
    """The ring in which the originals come back, with the gates of the last one."""
    return Ring(f"{last.name} (back)", last.order + 1, gates=last.gates, back=True)


def _gates(own: Mapping[str, Any], defaults: Mapping[str, Any]) -> Gates:
    """The gates of a ring. A reason for a short soak goes with the soak beside which it stands."""
    said = {**defaults, **own}
    if "soak" in own:
        said["soak_under_14h"] = own.get("soak_under_14h")
    return Gates(
        reissued=values.share(said.get("reissued")),
        seen=values.share(said.get("seen")),
        max_failed=values.max_failed(said.get("max_failed")),
        soak=values.duration(said.get("soak", values.USUAL_SOAK)),
        soak_under_14h=said.get("soak_under_14h"),
        connector=said.get("connector") == "healthy",
        approval=said.get("approval") == "required",
        command=values.command(said.get("command")),
    )


def _window(data: Mapping[str, Any]) -> Window:
    return Window(
        values.days(data["days"]),
        values.clock(data["from"]),
        values.clock(data["to"]),
        zoneinfo.ZoneInfo(data["tz"]),
    )
