"""A file of others as data: JSON or YAML, in any Unicode encoding, bounded, regular. Or why not."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml

from intune_scep.declarations.strangers import kind_of_bytes
from intune_scep.errors import FileError
from intune_scep.files import parse_json, read_regular
from intune_scep.texts import decoded
from intune_scep.yaml_text import MOST_BYTES, BoundedLoader, load_all, plain_reason

_MOST_JSON_BYTES: Final = 64 * 1024 * 1024
_JSON: Final = ".json"
_YAML: Final = frozenset({".yml", ".yaml"})
SUFFIXES: Final = frozenset({_JSON, *_YAML})
"""What the names of files that hold data end with, in lower case."""
_ENCODING: Final = "it is not text in UTF-8 or UTF-16"


class _Loader(BoundedLoader):
    """YAML as Ansible writes it: `!unsafe` is plain text here."""


def _unsafe(loader: _Loader, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return _mapping(loader, node)


def _mapping(loader: _Loader, node: yaml.Node) -> Any:
    if not isinstance(node, yaml.MappingNode):
        raise yaml.constructor.ConstructorError(None, None, "expected a mapping", node.start_mark)
    loader.flatten_mapping(node)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor("!unsafe", _unsafe)
_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read_documents(file: Path) -> list[Any]:
    """The documents of a YAML file, or the one of a JSON file; empty ones are left out.

    A file of another name is read as JSON where it begins like JSON, else as YAML.

    Raises:
        FileError: it cannot be read; `reason` says why, without the path.
    """
    is_json = file.suffix.lower() == _JSON
    data = read_regular(file, what="File", most=_MOST_JSON_BYTES if is_json else MOST_BYTES)
    if (stranger := kind_of_bytes(data)) is not None:
        raise _unusable(file, f"it seems to be {stranger}")
    try:
        text = decoded(data)
    except UnicodeError as error:
        raise _unusable(file, _ENCODING) from error
    begins_as_json = text.lstrip()[:1] in {"{", "["} and file.suffix.lower() not in _YAML
    try:
        if is_json or begins_as_json:
            return [parse_json(text, "It")]
        return [item for item in load_all(text, _Loader) if item is not None]
    except FileError as error:
        if _is_json(text.partition("\n")[0]):
            raise _unusable(file, "it seems to be JSON lines, such as a journal") from error
        raise _unusable(file, f"it is not valid JSON: {error.reason}") from error
    except (ValueError, yaml.YAMLError) as error:
        raise _unusable(file, f"it is not valid YAML: {plain_reason(error)}") from error


def _is_json(line: str) -> bool:
    try:
        return isinstance(parse_json(line, "It"), dict)
    except FileError:
        return False


def _unusable(file: Path, reason: str) -> FileError:
    return FileError(f"{file} cannot be used: {reason}.", reason=reason)
