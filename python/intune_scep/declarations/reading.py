"""Declarations from files: YAML or JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import yaml

from intune_scep.declarations.declaration import Declaration, parse_declaration
from intune_scep.errors import DeclarationError, FileError
from intune_scep.files import parse_json, read_regular
from intune_scep.profiles import ProfileKind
from intune_scep.texts import told_once
from intune_scep.yaml_text import MOST_BYTES, BoundedLoader, load_all

_SUFFIXES: Final = frozenset({".yml", ".yaml", ".json"})
_LISTS: Final = {
    "trusted_root_profiles": ProfileKind.TRUSTED_ROOT,
    "scep_profiles": ProfileKind.SCEP,
}
SINGLES: Final = {
    "trusted_root_profile": ProfileKind.TRUSTED_ROOT,
    "scep_profile": ProfileKind.SCEP,
}
"""Key of a document that holds one profile to the kind of the profile."""
_COLLECTION: Final = "intune.scep."


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


def read_declarations(path: Path | str) -> list[Declaration]:
    """Read every declaration of a file, or of all `*.yml`, `*.yaml` and `*.json` in a directory.

    A document holds one profile, as `scep_profile: {…}` or `trusted_root_profile: {…}`, or lists
    of them in `trusted_root_profiles` and `scep_profiles`; a list of such documents is read too.
    The modules' full names `intune.scep.scep_profile` and `intune.scep.trusted_root_profile` work
    as well. Directories are read recursively in sorted order; names that start with a dot are
    passed over.

    Raises:
        DeclarationError: A file cannot be read, holds something else, or has wrong options; one
            message names everything that is wrong in all files.
    """
    declarations, unusable = read_all(path)
    if unusable:
        raise all_of(unusable)
    return declarations


def read_all(path: Path | str) -> tuple[list[Declaration], list[DeclarationError]]:
    """The declarations of a file or directory, and an error for each that cannot be used.

    Raises:
        DeclarationError: There is no file to read.
    """
    declarations: list[Declaration] = []
    unusable: list[DeclarationError] = []
    for file in _files(Path(path)):
        try:
            declarations += _read_file(file, unusable)
        except DeclarationError as error:
            unusable.append(error)
    return declarations, unusable


def all_of(unusable: Sequence[DeclarationError]) -> DeclarationError:
    """One error that tells what is wrong with several declarations, each sentence once."""
    told = ((error.where, problem) for error in unusable for problem in error.problems)
    return DeclarationError("", told_once(told))


def _files(root: Path) -> list[Path]:
    if not root.exists():
        raise DeclarationError(str(root), ["There is no such file or directory."])
    if not root.is_dir():
        return [root]
    files = sorted(
        file
        for file in root.rglob("*")
        if file.suffix.lower() in _SUFFIXES
        and not file.is_dir()
        and not any(part.startswith(".") for part in file.relative_to(root).parts)
    )
    if not files:
        raise DeclarationError(str(root), ["The directory holds no YAML or JSON file."])
    return files


def _read_file(file: Path, unusable: list[DeclarationError]) -> list[Declaration]:
    declarations: list[Declaration] = []
    for kind, data in _profiles(file):
        try:
            declarations.append(
                parse_declaration(data, kind=kind, source=str(file), base=file.parent)
            )
        except DeclarationError as error:
            unusable.append(error)
    return declarations


def _profiles(file: Path) -> Iterator[tuple[ProfileKind, Any]]:
    for document in _documents(file):
        for entry in document if isinstance(document, list) else [document]:
            yield from _of_document(entry, file)


def _documents(file: Path) -> list[Any]:
    try:
        data = read_regular(file, what="File", most=MOST_BYTES)
    except FileError as error:
        raise DeclarationError(str(file), [f"It cannot be read: {error.reason}."]) from error
    try:
        text = data.decode("utf-8-sig")
        if file.suffix.lower() == ".json":
            return [parse_json(text, "It")]
        return [item for item in load_all(text, _Loader) if item is not None]
    except FileError as error:
        raise DeclarationError(str(file), [f"It is not valid: {error.reason}."]) from error
    except (ValueError, yaml.YAMLError) as error:
        raise DeclarationError(str(file), [f"It is not valid: {_one_line(error)}."]) from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()).rstrip(".")


def _of_document(document: Any, file: Path) -> Iterator[tuple[ProfileKind, Any]]:
    known = {**_LISTS, **SINGLES}
    keys = list(document) if isinstance(document, dict) else []
    words = {key: str(key).removeprefix(_COLLECTION) for key in keys}
    if not keys or any(word not in known for word in words.values()):
        raise DeclarationError(
            str(file), [f"A document must hold {', '.join(known)}; it holds {_shown(document)}."]
        )
    for key, word in words.items():
        value = document[key]
        if word in SINGLES:
            yield SINGLES[word], value
        elif isinstance(value, list):
            yield from ((_LISTS[word], item) for item in value)
        else:
            raise DeclarationError(str(file), [f"{key} must be a list of profiles."])


def _shown(document: Any) -> str:
    if isinstance(document, dict):
        return ", ".join(map(str, document)) or "nothing"
    return repr(document)[:80]
