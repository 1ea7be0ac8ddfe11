"""What files that stand for a tenant hold: declarations, or certificate profiles as Graph has them.

The directory of a backup is asked for first: see `is_backup`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from intune_scep.backup.dsc import read_dsc
from intune_scep.backup.graph_files import GraphFiles, graph_files, holds_graph_objects, listed
from intune_scep.declarations.documents import SUFFIXES
from intune_scep.declarations.reading import (
    Declarations,
    Documents,
    declarations_in,
    documents_of,
    holds_declarations,
    visible_files,
)
from intune_scep.declarations.strangers import DSC, kind_of_bytes
from intune_scep.errors import FileError, SourceError
from intune_scep.files import read_regular
from intune_scep.texts import decoded
from intune_scep.yaml_text import MOST_BYTES

_MOST: Final = 64 * 1024 * 1024
_POWERSHELL: Final = ".ps1"
_ARCHIVE: Final = "__archive__"
_OF_ARCHIVE: Final = "archived by IntuneCD"


def read_source(paths: Sequence[Path]) -> Declarations | GraphFiles:
    """Read files and directories that belong together.

    Raises:
        SourceError: there is nothing at a path, both kinds, or no certificate profile.
        DeclarationError: files that are neither.
    """
    for path in paths:
        if not os.path.lexists(path):
            raise SourceError(f"{_one_line(path)} does not exist: no such file or directory.")
    files = {file: _documents(file) for path in paths for file in _data_files(path)}
    declaring = [file for file, item in files.items() if _is(holds_declarations, item)]
    if not declaring:
        shown = {_shown(file, paths): item for file, item in files.items()}
        return graph_files(shown, list(_others(paths)), ", ".join(map(_one_line, paths)))
    graph = [file for file, item in files.items() if _is(holds_graph_objects, item)]
    if graph:
        raise SourceError(
            f"{_shown(declaring[0], paths)} holds declarations and {_shown(graph[0], paths)}"
            " objects of Graph.",
            hint="Name files of one kind at a time.",
        )
    return declarations_in(files)


def _is(holds: Callable[[Iterable[Any]], bool], documents: Documents) -> bool:
    return not isinstance(documents, FileError) and holds(documents)


def _documents(file: Path) -> Documents:
    if file.suffix.lower() != _POWERSHELL:
        return documents_of(file)
    try:
        data = read_regular(file, what="File", most=MOST_BYTES)
        if (kind := kind_of_bytes(data)) != DSC:
            raise FileError("", reason=f"it seems to be {kind or 'no configuration'}")
        return [read_dsc(decoded(data))]
    except FileError as error:
        return error


def _data_files(path: Path) -> list[Path]:
    """The file itself, or those in a directory that hold data, by their names."""
    if not path.is_dir():
        return [path]
    return [file for file in visible_files(path) if _holds_data(file) and not _archived(file, path)]


def _archived(file: Path, directory: Path) -> bool:
    """Whether IntuneCD has moved a file away, since its object is no longer in the tenant."""
    return _ARCHIVE in file.relative_to(directory).parts


def _holds_data(file: Path) -> bool:
    suffix = file.suffix.lower()
    return suffix in SUFFIXES or (suffix == _POWERSHELL and _kind(file) == DSC)


def _others(paths: Sequence[Path]) -> Iterator[str]:
    """The other files of directories, in a sentence for each kind."""
    kinds: dict[str, list[str]] = {}
    for directory in filter(Path.is_dir, paths):
        for file in visible_files(directory):
            if _archived(file, directory):
                kinds.setdefault(_OF_ARCHIVE, []).append(str(_shown(file, paths)))
            elif not _holds_data(file):
                kinds.setdefault(_kind(file), []).append(str(_shown(file, paths)))
    for kind, files in kinds.items():
        yield f"Left out, being {kind}: {listed(files)}."


def _kind(file: Path) -> str:
    try:
        data = read_regular(file, what="File", most=_MOST)
    except FileError as error:
        return f"none that can be read ({error.reason})"
    return kind_of_bytes(data) or "neither JSON nor YAML"


def _shown(file: Path, paths: Sequence[Path]) -> Path:
    """A file as messages name it, on one line: below the one directory named, else whole."""
    below = len(paths) == 1 and file != paths[0]
    return Path(_one_line(file.relative_to(paths[0]) if below else file))


def _one_line(path: Path) -> str:
    return str(path).replace("\n", "\\n").replace("\r", "\\r")
