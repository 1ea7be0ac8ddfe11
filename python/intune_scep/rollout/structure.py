"""Judging plain data by a JSON Schema, in sentences that name the place and the cure.

It understands the words of JSON Schema that `schema.SCHEMA` uses, and no others.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

Place = tuple[str | int, ...]
Schema = Mapping[str, Any]


class Problem(NamedTuple):
    """Something wrong.

    Attributes:
        place: Where it stands: keys and numbers of items, from the outside in.
        sentence: What is wrong and the cure; goes on from the place, without a full stop.
    """

    place: Place
    sentence: str


MOST: Final = 200
"""How many problems of one file are told: whoever has more has another file in mind."""
_LONGEST_KEY: Final = 80


def problems(value: Any, schema: Schema) -> list[Problem]:
    """What is wrong with a value, one problem a place, at most `MOST`."""
    found: dict[Place, Problem] = {}
    for problem in _Judge(schema).node(value, schema, ()):
        found.setdefault(problem.place, problem)
        if len(found) == MOST:
            break
    return list(found.values())


def path_of(place: Place) -> str:
    """A place as a person writes it: `rings[2].gates.soak`; empty for the whole."""
    text = "".join(
        f"[{part}]" if isinstance(part, int) else f".{part[:_LONGEST_KEY]}" for part in place
    )
    return text.removeprefix(".")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _same(value: Any, word: Any) -> bool:
    return type(value) is type(word) and bool(value == word)


_KINDS: Final[Mapping[str, Callable[[Any], bool]]] = {
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "number": _is_number,
    "integer": lambda value: _is_number(value) and value == int(value),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}
_CHECKS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "type": lambda value, kinds: any(
        _KINDS[kind](value) for kind in (kinds if isinstance(kinds, list) else [kinds])
    ),
    "enum": lambda value, words: any(_same(value, word) for word in words),
    "const": _same,
    "pattern": lambda value, text: not isinstance(value, str) or bool(re.search(text, value)),
    "minLength": lambda value, least: not isinstance(value, str) or len(value) >= least,
    "minimum": lambda value, least: not _is_number(value) or value >= least,
    "exclusiveMinimum": lambda value, least: not _is_number(value) or value > least,
    "maximum": lambda value, most: not _is_number(value) or value <= most,
    "minItems": lambda value, least: not isinstance(value, list) or len(value) >= least,
    "minProperties": lambda value, least: not isinstance(value, dict) or len(value) >= least,
}
_PARTS: Final = frozenset(
    {"properties", "patternProperties", "additionalProperties", "required", "dependentRequired"}
    | {"items", "contains", "minContains", "maxContains"}
    | {"allOf", "oneOf", "not", "if", "then", "$ref"}
)
_TOLD: Final = frozenset(
    {"$schema", "$id", "$defs", "title", "description", "default", "examples", "errorMessage"}
)
WORDS: Final = frozenset(_CHECKS) | _PARTS | _TOLD
"""The words of JSON Schema that are understood here."""


class _Judge:
    """Judges by one schema and the definitions in it."""

    def __init__(self, root: Schema) -> None:
        self._definitions: Mapping[str, Schema] = root.get("$defs", {})

    def node(self, value: Any, schema: Schema, place: Place) -> Iterator[Problem]:
        """What is wrong with a value; of one that is of a wrong kind nothing more is told."""
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            yield from self.node(value, self._definitions[name], place)
            return
        cure = schema.get("errorMessage", "is not what belongs here")
        if not all(check(value, schema[word]) for word, check in _CHECKS.items() if word in schema):
            yield Problem(place, cure)
            return
        if isinstance(value, dict):
            yield from self._object(value, schema, place)
        if isinstance(value, list):
            yield from self._list(value, schema, place)
        yield from self._joined(value, schema, place)

    def _fits(self, value: Any, schema: Schema) -> bool:
        return next(self.node(value, schema, ()), None) is None

    def _joined(self, value: Any, schema: Schema, place: Place) -> Iterator[Problem]:
        cure = schema.get("errorMessage", "is not what belongs here")
        for part in schema.get("allOf", ()):
            yield from self.node(value, part, place)
        if "oneOf" in schema and sum(self._fits(value, part) for part in schema["oneOf"]) != 1:
            yield Problem(place, cure)
        if "not" in schema and self._fits(value, schema["not"]):
            yield Problem(place, cure)
        if "if" in schema and self._fits(value, schema["if"]):
            yield from self.node(value, schema["then"], place)

    def _object(self, value: dict[Any, Any], schema: Schema, place: Place) -> Iterator[Problem]:
        known: Mapping[str, Schema] = schema.get("properties", {})
        patterns: Mapping[str, Schema] = schema.get("patternProperties", {})
        for key in schema.get("required", ()):
            if key not in value:
                yield Problem((*place, key), _missing(key, self._resolved(known.get(key, {}))))
        for key, others in schema.get("dependentRequired", {}).items():
            if key in value and any(other not in value for other in others):
                yield Problem((*place, key), f"needs {' and '.join(others)} beside it")
        for key, item in value.items():
            below = (*place, str(key))
            if key in known:
                yield from self.node(item, known[key], below)
                continue
            fitting = [
                part
                for pattern, part in patterns.items()
                if isinstance(key, str) and re.search(pattern, key)
            ]
            for part in fitting:
                yield from self.node(item, part, below)
            if not fitting and schema.get("additionalProperties", True) is False:
                yield Problem(below, _unknown(key, known))

    def _list(self, value: list[Any], schema: Schema, place: Place) -> Iterator[Problem]:
        for number, item in enumerate(value) if "items" in schema else ():
            yield from self.node(item, schema["items"], (*place, number))
        if "contains" in schema:
            count = sum(self._fits(item, schema["contains"]) for item in value)
            if not schema["minContains"] <= count <= schema["maxContains"]:
                yield Problem(place, schema["errorMessage"])

    def _resolved(self, schema: Schema) -> Schema:
        name = schema.get("$ref", "").rpartition("/")[2]
        return self._definitions[name] if name else schema


def _missing(key: str, schema: Schema) -> str:
    if "examples" not in schema:
        return "is missing"
    example = schema["examples"][0]
    shown = example if isinstance(example, str) else json.dumps(example)
    return f"is missing; give it, for example {key}: {shown}"


def _unknown(key: Any, known: Mapping[str, Schema]) -> str:
    if not known:
        return "is no possible key here; write small letters, digits and underscores"
    near = difflib.get_close_matches(str(key)[:_LONGEST_KEY].lower(), known, n=2, cutoff=0.6)
    if near:
        return f"is not known here. Similar: {', '.join(near)}"
    return f"is not known here; what is: {', '.join(known)}"
