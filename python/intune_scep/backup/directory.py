"""Files of an export: names that are safe anywhere, and writing that destroys nothing.

What this library wrote is known by a ledger beside the files: a JSON file with the SHA-256 of
each. A file that is not in it, or was edited since, is not ours to write over.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from intune_scep.errors import IntuneScepError
from intune_scep.profiles import Profile

_MOST_SHOWN: Final = 10
_LONGEST_STEM: Final = 96
_ID_PART: Final = 8
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_SAME: Final = ("format", "tenant", "cloud")
_KIND_PREFIX: Final = {"scep": "scep", "trusted_root": "root"}


class ExportError(IntuneScepError):
    """An export or a backup that cannot be written or read, and why."""


@dataclass(frozen=True)
class Nameable:
    """What a file name is made of.

    Attributes:
        kind: `scep` or `trusted_root`.
        platform: For example `ios`.
        name: The profile's name; anything, also nothing.
        id: The profile's id.
    """

    kind: str
    platform: str
    name: str
    id: str


def nameable(profile: Profile) -> Nameable:
    """What a profile's file name is made of."""
    row = profile.profile_type
    return Nameable(
        row.kind.value, row.platform.value, profile.display_name or "", profile.id or ""
    )


def file_stems(items: Sequence[Nameable]) -> list[str]:
    """One file name without suffix for each profile, in the same order.

    Lower-case ASCII letters, digits and hyphens only, so that it is one word in a shell, the same
    on file systems that fold letter case, and no reserved name of Windows. Profiles whose names
    come out alike all get a part of their id, so that no name depends on the order.
    """
    stems = [_plain_stem(item) for item in items]
    for length in (_ID_PART, _LONGEST_STEM):
        users = Counter(stems)
        stems = [
            f"{_plain_stem(item)}-{slug(item.id)[:length]}" if users[stem] > 1 else stem
            for item, stem in zip(items, stems, strict=True)
        ]
    taken: Counter[str] = Counter()
    for index, stem in enumerate(stems):
        taken[stem] += 1
        while taken[stem] > 1:
            stem = f"{stem}-{taken[stem]}"  # noqa: PLW2901 - the next candidate
            taken[stem] += 1
        stems[index] = stem
    return stems


def _plain_stem(item: Nameable) -> str:
    words = [_KIND_PREFIX.get(item.kind, item.kind), slug(item.platform)]
    words.append(slug(item.name) or f"profile-{slug(item.id)[:_ID_PART]}")
    stem = "-".join(words)
    return stem[:_LONGEST_STEM].rstrip("-")


def slug(text: str) -> str:
    """A text in lower-case ASCII letters and digits with single hyphens between; may be empty."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


@dataclass(frozen=True)
class FilesWritten:
    """What a directory looks like after an export.

    Attributes:
        new: Names of files that were not there before.
        changed: Names of files that were written over.
        unchanged: Names of files that held the same already.
        left_over: Files of an earlier export that this one has no more; not deleted.
        removed: Such files that were deleted because that was asked for.
    """

    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    left_over: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, list[str]]:
        """JSON-ready form."""
        return {name: list(getattr(self, name)) for name in self.__dataclass_fields__}


def write_files(
    directory: Path,
    files: Mapping[str, bytes],
    *,
    ledger: str,
    about: Mapping[str, Any],
    keep: Iterable[str] = (),
    overwrite: bool = False,
    remove_left_over: bool = False,
    list_left_over: bool = True,
) -> FilesWritten:
    """Write an export: every file atomically with mode 0600, the ledger last.

    Args:
        directory: Created if it does not exist.
        files: Content by plain file name.
        ledger: Name of the ledger's file.
        about: What the ledger says besides `files`; its `format` tells ledgers apart.
        keep: Names that stay as they are and stay in the ledger, though `files` lacks them.
        overwrite: Write over files that are not ours, too.
        remove_left_over: Delete files of an earlier export that this one has no more, except
            edited ones.
        list_left_over: Whether the ledger goes on to list those that are not deleted.

    Raises:
        ExportError: a file that is not ours is in the way, or the disk refuses.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        earlier = _earlier_ledger(directory / ledger, about, overwrite=overwrite)
        found = {name: _read(directory / name) for name in files}
        present = {name: digest(data) for name, data in found.items() if data is not None}
        _refuse_foreign(directory, files, present, earlier, overwrite=overwrite)
        left_over = [name for name in earlier if name not in files and (directory / name).exists()]
        left_over = [name for name in left_over if name not in set(keep)]
        digests = {name: digest(data) for name, data in files.items()}
        digests |= {name: earlier[name] for name in keep if name in earlier}
        for name, data in files.items():
            if present.get(name) != digests[name]:
                write_private(directory / name, data)
        removed = _remove(directory, left_over, earlier) if remove_left_over else []
        if list_left_over:
            digests |= {name: earlier[name] for name in left_over if name not in removed}
        content = {**about, "files": dict(sorted(digests.items()))}
        write_private(directory / ledger, to_json(content))
    except OSError as error:
        raise ExportError(f"{directory} cannot be written: {error.strerror}.") from error
    return FilesWritten(
        new=tuple(name for name in files if name not in present),
        changed=tuple(n for n in files if n in present and present[n] != digests[n]),
        unchanged=tuple(n for n in files if n in present and present[n] == digests[n]),
        left_over=tuple(name for name in left_over if name not in removed),
        removed=tuple(removed),
    )


def digest(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def to_json(value: Any) -> bytes:
    """JSON as files have it: indented, ASCII, with a line break at the end."""
    return (json.dumps(value, indent=2) + "\n").encode("ascii")


def is_plain_name(name: Any) -> bool:
    """Whether a file name from a ledger stays inside its directory."""
    return isinstance(name, str) and _PLAIN_NAME.fullmatch(name) is not None


def _earlier_ledger(path: Path, about: Mapping[str, Any], *, overwrite: bool) -> dict[str, str]:
    """The names and digests of an earlier export of the same; empty if there was none."""
    data = _read(path)
    if data is None:
        return {}
    try:
        content = json.loads(data)
        files = dict(content["files"])
        same = all(content[name] == about[name] for name in _SAME if name in about)
    except (ValueError, KeyError, TypeError):
        files, same = {}, False
    if same and all(map(is_plain_name, files)):
        return files
    if overwrite:
        return {}
    raise ExportError(
        f"{path} is not of an export of this form and tenant. Nothing was written.",
        hint="Choose another directory, or write over it with overwrite (--overwrite).",
    )


def _refuse_foreign(
    directory: Path,
    files: Mapping[str, bytes],
    present: Mapping[str, str],
    earlier: Mapping[str, str],
    *,
    overwrite: bool,
) -> None:
    foreign = sorted(
        name
        for name, found in present.items()
        if found not in (earlier.get(name), digest(files[name]))
    )
    if not foreign or overwrite:
        return
    shown = ", ".join(foreign[:_MOST_SHOWN])
    more = f" and {len(foreign) - _MOST_SHOWN} more" if len(foreign) > _MOST_SHOWN else ""
    raise ExportError(
        f"{directory} holds files that no export wrote, or that were edited since: {shown}{more}."
        " Nothing was written.",
        hint="Move them away, or write over them with overwrite (--overwrite).",
    )


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _remove(directory: Path, names: Iterable[str], earlier: Mapping[str, str]) -> list[str]:
    removed = []
    for name in names:
        if digest(_read(directory / name) or b"") == earlier[name]:
            (directory / name).unlink()
            removed.append(name)
    return removed


def write_private(path: Path, data: bytes) -> None:
    """Write a file atomically, readable by its owner only.

    Raises:
        OSError: the disk refuses.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
