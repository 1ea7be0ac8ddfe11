"""One value of a wire object, read as the type of its field. Pydantic is the judge of types."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from types import NoneType
from typing import TYPE_CHECKING, Any, Final, get_args, get_origin

from pydantic import BaseModel, StrictBool, StrictInt, StrictStr, TypeAdapter, ValidationError

if TYPE_CHECKING:
    from intune_scep.profiles.models.wire_model import WireModel

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


def _read_object(model: type[WireModel], value: Any) -> WireModel | None:
    """An object whose properties are all of their types, else None."""
    if not isinstance(value, dict):
        return None
    found = model.from_wire(value, copy=False)
    return None if found.malformed else found


def _read_objects(model: type[WireModel], value: Any) -> list[WireModel] | None:
    if not isinstance(value, list):
        return None
    found: list[WireModel] = []
    for item in value:
        read = _read_object(model, item)
        if read is None:
            return None
        found.append(read)
    return found
