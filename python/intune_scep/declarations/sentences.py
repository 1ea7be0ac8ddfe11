"""What is wrong with a declaration, in sentences that start with the option."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any, Final, get_args

from pydantic_core import ErrorDetails
from pydantic_core.core_schema import ErrorType

from intune_scep.declarations.options import options_of
from intune_scep.declarations.values import OBJECT, WORD
from intune_scep.profiles import ProfileKind

KIND_WORDS: Final = {
    ProfileKind.SCEP: "SCEP profile",
    ProfileKind.TRUSTED_ROOT: "trusted root profile",
}


def label(kind: ProfileKind, name: Any, platform: Any, source: str) -> str:
    """How messages speak of a declaration, for example `SCEP profile "Staff" (ios)`."""
    called = f' "{name}"' if isinstance(name, str) and name else ""
    where = f" ({platform})" if isinstance(platform, str) else ""
    return f"{KIND_WORDS[kind]}{called}{where}" + (f" in {source}" if source else "")


def option_path(location: Sequence[int | str]) -> str:
    """Where a value stands, for example `subject_alternative_names[0].type`."""
    parts = [part for part in location if part not in (WORD, OBJECT)]
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return text.removeprefix(".")


_MESSAGES: Final = {
    "missing": "is required",
    "string_type": "must be text",
    "string_unicode": "must be text",
    "string_sub_type": "must be text",
    "dict_type": "must be an object with options",
    "list_type": "must be a list",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "model_type": "must be an object with options",
    "model_attributes_type": "must be an object with options",
}


_BUILT_IN: Final = frozenset(get_args(ErrorType)) - {"value_error"}
"""What pydantic complains of by itself; everything else is said in words of our own."""


def sentence(option: str, detail: ErrorDetails, kind: ProfileKind) -> str:
    """What is wrong with one option."""
    context = detail.get("ctx", {})
    match detail["type"]:
        case "extra_forbidden":
            return f"{option} is no option{_suggestion(option, kind)}."
        case "greater_than_equal" | "less_than_equal":
            limit = f"at least {context['ge']}" if "ge" in context else f"at most {context['le']}"
            return f"{option} must be {limit}; it is {detail['input']!r}."
        case "too_short":
            return f"{option} must have at least {context['min_length']} item."
        case "too_long":
            return f"{option} must have at most {context['max_length']} items."
        case "literal_error":
            return f"{option} must be {context['expected']}; it is {detail['input']!r}."
    if detail["type"] in _BUILT_IN:
        return f"{option} {_MESSAGES.get(detail['type'], 'has a value of another form')}."
    return f"{option} {detail['msg']}."


def _suggestion(option: str, kind: ProfileKind) -> str:
    close = difflib.get_close_matches(option, [item.name for item in options_of(kind)], n=1)
    return f" of {KIND_WORDS[kind]}s" + (f"; {close[0]} is" if close else "")
