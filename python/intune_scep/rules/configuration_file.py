"""Reading the configuration of the rules from a YAML file, with the line of whatever is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    ValidationError,
)
from pydantic_core import ErrorDetails

from intune_scep.errors import ConfigurationError, FileError
from intune_scep.files import read_regular
from intune_scep.rules.catalogue import ANSWERABLE, CATALOGUE, QUESTIONS, RULES
from intune_scep.rules.configuration import Configuration, Waiver
from intune_scep.rules.model import Severity
from intune_scep.texts import decoded
from intune_scep.yaml_text import MOST_BYTES, BoundedLoader, load, plain_reason


def _judged(rule_id: str) -> str:
    if rule_id in RULES or rule_id in QUESTIONS:
        return rule_id
    if rule_id in CATALOGUE:
        raise ValueError(f"{rule_id} makes no findings")
    raise ValueError(f"there is no rule {rule_id!r}")


def _waivable(rule_id: str) -> str:
    if _judged(rule_id) in QUESTIONS:
        raise ValueError(f"{rule_id} is a question about the tenant; answer or disable it")
    return rule_id


def _answerable(rule_id: str) -> str:
    if rule_id in ANSWERABLE:
        return rule_id
    _judged(rule_id)
    raise ValueError(f"{rule_id} asks no question")


_JudgedId = Annotated[str, AfterValidator(_judged)]
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class _Waiver(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    rule: Annotated[str, AfterValidator(_waivable)]
    profile: _Text
    reason: _Text
    expires: date


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    severities: dict[_JudgedId, Severity] = Field(default_factory=dict)
    disabled: list[_JudgedId] = Field(default_factory=list)
    waivers: list[_Waiver] = Field(default_factory=list)
    answers: dict[Annotated[str, AfterValidator(_answerable)], StrictBool] = Field(
        default_factory=dict
    )


def load_configuration(path: Path) -> Configuration:
    """Read a configuration file.

    Raises:
        ConfigurationError: It cannot be read, is no YAML, or has a key, a rule id or a value that
            is not known; every problem is named with its line.
    """
    try:
        text = decoded(read_regular(path, what="Rules", most=MOST_BYTES))
    except FileError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.reason}.") from error
    except UnicodeError as error:
        raise ConfigurationError(f"{path} cannot be read: {plain_reason(error)}.") from error
    return parse_configuration(text, str(path))


def parse_configuration(text: str, name: str) -> Configuration:
    """Read the text of a configuration file.

    Args:
        name: For messages.

    Raises:
        ConfigurationError: See `load_configuration`.
    """
    data, lines = _load(text, name)
    try:
        file = _File.model_validate({} if data is None else data)
    except ValidationError as error:
        problems = [
            _problem(name, lines, detail["loc"], _words(detail))
            for detail in error.errors(include_url=False, include_input=False)
        ]
        raise ConfigurationError(" ".join(problems)) from error
    return Configuration(
        severities=file.severities,
        disabled=frozenset(file.disabled),
        waivers=tuple(Waiver(**dict(waiver)) for waiver in file.waivers),
        answers=file.answers,
    )


_Path = tuple[str | int, ...]
_WORDS = {
    "extra_forbidden": "this key is not known",
    "missing": "this key is missing",
    "bool_type": "this must be true or false",
    "dict_type": "this must be an object",
    "list_type": "this must be a list",
    "model_type": "this must be an object",
    "model_attributes_type": "this must be an object",
    "string_type": "this must be text",
    "string_too_short": "this must not be empty",
    "date_type": "this must be a day, such as 2027-01-31",
}


def _words(detail: ErrorDetails) -> str:
    if detail["type"] == "enum":
        return f"this must be {', '.join(Severity)}"
    if detail["type"] == "value_error":
        return detail["msg"].removeprefix("Value error, ")
    return _WORDS.get(detail["type"], "this is not what stands here")


def _load(text: str, name: str) -> tuple[Any, Mapping[_Path, int]]:
    try:
        root = yaml.compose(text, Loader=BoundedLoader)
        lines = _note_lines(root, name)
        return load(text), lines
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"{name}, {plain_reason(error)}.") from error


def _note_lines(root: yaml.Node | None, name: str) -> dict[_Path, int]:
    """The line of every key and item. Each node is visited once, however often it is aliased."""
    lines: dict[_Path, int] = {(): 1}
    seen: set[int] = set()
    pending: list[tuple[yaml.Node, _Path]] = [] if root is None else [(root, ())]
    while pending:
        node, path = pending.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(node.value):
                lines[(*path, index)] = item.start_mark.line + 1
                pending.append((item, (*path, index)))
        elif isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                below = (*path, _key(key, name))
                line = key.start_mark.line + 1
                if below in lines:
                    raise ConfigurationError(f"{name}, line {line}: {key.value} is given twice.")
                lines[below] = line
                pending.append((value, below))
    return lines


def _key(node: yaml.Node, name: str) -> str:
    """A key; words such as `off` are truth values to YAML and so are no keys at all."""
    if node.tag == "tag:yaml.org,2002:str":
        return str(node.value)
    shown = node.value if isinstance(node, yaml.ScalarNode) else "a collection"
    line = node.start_mark.line + 1
    raise ConfigurationError(f"{name}, line {line}: {shown}: this key is not known.")


def _problem(name: str, lines: Mapping[_Path, int], location: _Path, message: str) -> str:
    where = tuple(part for part in location if part != "[key]")
    line = next(lines[where[:end]] for end in range(len(where), -1, -1) if where[:end] in lines)
    key = ".".join(str(part) for part in where) or "the file"
    return f"{name}, line {line}: {key}: {message}."
