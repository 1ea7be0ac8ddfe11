"""Declarations from files: YAML or JSON."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from intune_scep.declarations.declaration import Declaration, parse_declaration
from intune_scep.declarations.documents import SUFFIXES, read_documents
from intune_scep.declarations.strangers import kind_of, odata_type_of, shown
from intune_scep.errors import DeclarationError, FileError
from intune_scep.profiles import ProfileKind
from intune_scep.texts import told_once

_MOST_FILES: Final = 20_000
Documents = list[Any] | FileError
"""What a file holds, or why it cannot be read."""


class Declarations(NamedTuple):
    """What files declare.

    Attributes:
        unusable: An error for each declaration, or file, that cannot be used.
    """

    usable: list[Declaration]
    unusable: list[DeclarationError]

    def whole(self) -> list[Declaration]:
        """All of them.

        Raises:
            DeclarationError: one cannot be used; the message tells them all.
        """
        if self.unusable:
            raise all_of(self.unusable)
        return self.usable


_LISTS: Final = {
    "trusted_root_profiles": ProfileKind.TRUSTED_ROOT,
    "scep_profiles": ProfileKind.SCEP,
}
SINGLES: Final = {
    "trusted_root_profile": ProfileKind.TRUSTED_ROOT,
    "scep_profile": ProfileKind.SCEP,
}
"""Key of a document that holds one profile to the kind of the profile."""
_KNOWN: Final = {**_LISTS, **SINGLES}
_COLLECTION: Final = "intune.scep."


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
    return read_all(path).whole()


def read_all(path: Path | str) -> Declarations:
    """The declarations of a file or directory, and an error for each that cannot be used.

    Raises:
        DeclarationError: There is no file to read.
    """
    return declarations_in({file: documents_of(file) for file in data_files(Path(path))})


def documents_of(file: Path) -> Documents:
    """The documents of a file, or why it cannot be read."""
    try:
        return read_documents(file)
    except FileError as error:
        return error


def declarations_in(files: Mapping[Path, Documents]) -> Declarations:
    """The declarations that files hold, in order, and an error for each that cannot be used."""
    usable: list[Declaration] = []
    unusable: list[DeclarationError] = []
    for file, documents in files.items():
        try:
            if isinstance(documents, FileError):
                raise DeclarationError(str(file), [f"It cannot be read: {documents.reason}."])
            usable += _of_file(file, documents, unusable)
        except DeclarationError as error:
            unusable.append(error)
    return Declarations(usable, unusable)


def all_of(unusable: Sequence[DeclarationError]) -> DeclarationError:
    """One error that tells what is wrong with several declarations, each sentence once."""
    told = ((error.where, problem) for error in unusable for problem in error.problems)
    return DeclarationError("", told_once(told))


def data_files(root: Path) -> list[Path]:
    """The file itself, or the files in a directory whose names say YAML or JSON, sorted.

    Raises:
        DeclarationError: there is nothing, or no such file in it.
    """
    if not os.path.lexists(root):
        raise DeclarationError(str(root), ["There is no such file or directory."])
    if not root.is_dir():
        return [root]
    files = [file for file in visible_files(root) if file.suffix.lower() in SUFFIXES]
    if not files:
        raise DeclarationError(str(root), ["The directory holds no YAML or JSON file."])
    return files


def visible_files(directory: Path) -> list[Path]:
    """Everything below a directory but directories, and what starts with a dot; sorted.

    Raises:
        DeclarationError: a directory cannot be read, or holds more than a person would name.
    """
    found: list[Path] = []
    try:
        for place, folders, names in os.walk(directory, onerror=_raise):
            folders[:] = [name for name in folders if not name.startswith(".")]
            found += [Path(place, name) for name in names if not name.startswith(".")]
            if len(found) > _MOST_FILES:
                problem = f"The directory holds more than {_MOST_FILES} files."
                raise DeclarationError(str(directory), [problem])
    except OSError as error:
        reason = f"{error.filename} cannot be read: {error.strerror}."
        raise DeclarationError(str(directory), [reason]) from error
    return sorted(found)


def _raise(error: OSError) -> None:
    raise error


def holds_declarations(documents: Iterable[Any]) -> bool:
    """Whether some document names a profile as declarations do, right or wrong."""
    entries = (
        entry
        for document in documents
        for entry in (document if isinstance(document, list) else [document])
    )
    return any(isinstance(entry, dict) and _words(entry) & _KNOWN.keys() for entry in entries)


def _words(document: Mapping[Any, Any]) -> frozenset[str]:
    return frozenset(str(key).removeprefix(_COLLECTION) for key in document)


def _of_file(
    file: Path, documents: list[Any], unusable: list[DeclarationError]
) -> list[Declaration]:
    declarations: list[Declaration] = []
    for document in documents:
        for entry in document if isinstance(document, list) else [document]:
            for kind, data in _of_document(entry, file):
                try:
                    declarations.append(
                        parse_declaration(data, kind=kind, source=str(file), base=file.parent)
                    )
                except DeclarationError as error:
                    unusable.append(error)
    return declarations


def _of_document(document: Any, file: Path) -> Iterator[tuple[ProfileKind, Any]]:
    if not isinstance(document, dict) or not document or not _words(document) <= _KNOWN.keys():
        raise DeclarationError(
            str(file), [f"A document must hold {', '.join(_KNOWN)}; it holds {_held(document)}."]
        )
    for key, value in document.items():
        word = str(key).removeprefix(_COLLECTION)
        if word in SINGLES:
            yield SINGLES[word], value
        elif isinstance(value, list):
            yield from ((_LISTS[word], item) for item in value)
        else:
            raise DeclarationError(str(file), [f"{key} must be a list of profiles."])


def _held(document: Any) -> str:
    """What stands in the place of declarations: the keys that are not known, where some are."""
    if isinstance(document, dict) and _words(document) & _KNOWN.keys():
        return ", ".join(shown(key) for key in document)
    is_graph = isinstance(document, dict) and odata_type_of(document) is not None
    told = ", which intune-scep check and intune-scep profiles plan read" if is_graph else ""
    return f"{kind_of(document)}{told}"
