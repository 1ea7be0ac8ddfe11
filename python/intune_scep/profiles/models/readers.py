"""One value of a wire object, read as the type of its field. Pydantic is the judge of types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from types import NoneType
from typing import Any, Final, Protocol, get_args, get_origin

from pydantic import BaseModel, StrictBool, StrictInt, StrictStr, TypeAdapter, ValidationError

from intune_scep.profiles.vocabulary import Texts


class Readable(Protocol):
    """A model of the objects inside profiles."""

    def sound_from(self, wire: dict[str, Any]) -> Any:
        """Read an object; None if it has a malformed value."""


Reader = Callable[[Any], Any]
"""Takes a value that is not null, and gives None where it is not of the type."""


@cache
def reader_of(annotation: Any) -> Reader:
    """What reads values of a type, which may be one with `| None`."""
    given = [item for item in get_args(annotation) if item is not NoneType]
    kind = given[0] if len(given) == 1 and get_origin(annotation) is not list else annotation
    if _is_model(kind):
        return partial(_read_object, kind)
    if get_origin(kind) is list and _is_model(get_args(kind)[0]):
        return partial(_read_objects, get_args(kind)[0])
    return _SIMPLE.get(kind) or partial(_ask, TypeAdapter(kind).validate_python)


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _ask(validate: Callable[[Any], Any], value: Any) -> Any:
    try:
        return validate(value)
    except ValidationError:
        return None


_ask_text: Final = partial(_ask, TypeAdapter(StrictStr).validate_python)
_ask_integer: Final = partial(_ask, TypeAdapter(StrictInt).validate_python)
_ask_truth: Final = partial(_ask, TypeAdapter(StrictBool).validate_python)


# What nearly every value is needs no asking.
def _read_text(value: Any) -> Any:
    return value if type(value) is str else _ask_text(value)


def _read_integer(value: Any) -> Any:
    return value if type(value) is int else _ask_integer(value)


def _read_truth(value: Any) -> Any:
    return value if type(value) is bool else _ask_truth(value)


_SIMPLE: Final[dict[Any, Reader]] = {
    StrictStr: _read_text,
    StrictInt: _read_integer,
    StrictBool: _read_truth,
}


def _read_object(model: Readable, value: Any) -> Any:
    return model.sound_from(value) if isinstance(value, dict) else None


def _read_objects(model: Readable, value: Any) -> list[Any] | None:
    if not isinstance(value, list):
        return None
    found: list[Any] = []
    for item in value:
        read = _read_object(model, item)
        if read is None:
            return None
        found.append(read)
    return found


def read_texts(names: Sequence[str], value: Any) -> Texts | None:
    """The texts of those names in each object of a list; None where it takes asking."""
    if type(value) is not list:
        return None
    rows = []
    for item in value:
        if type(item) is not dict:
            return None
        row = tuple(map(item.get, names))
        for text in row:
            if type(text) is not str and text is not None:
                return None
        rows.append(row)
    return tuple(rows)
