"""Files of an export: names that are safe anywhere, and writing that destroys nothing.

What this library wrote is known by a ledger beside the files: a JSON file with the SHA-256 of
each. A file that is not in it, or was edited since, is not ours to write over.

Whoever reads the ledger finds the earlier export or the new one, wherever the writing is broken
off: all new files are first written under other names, then one file commits them, then they take
their places, and the ledger is the last of them.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from intune_scep.errors import ExportError, FileError
from intune_scep.files import (
    digest,
    is_leftover,
    leftover_name,
    parse_json,
    read_regular,
    sync_directory,
    write_private,
)
from intune_scep.profiles import Profile
from intune_scep.records import Record
from intune_scep.wording import option

LARGEST_FILE: Final = 64 * 1024 * 1024
_MOST_SHOWN: Final = 10
_LONGEST_STEM: Final = 96
_ID_PART: Final = 8
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_SAME: Final = ("format", "tenant", "cloud")
_KIND_PREFIX: Final = {"scep": "scep", "trusted_root": "root"}


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
class FilesWritten(Record):
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
    """Write an export: every file with mode 0600, all of them or none, the ledger last.

    What a killed process left in the directory is finished or removed first.

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
        complete(directory, ledger)
        earlier = _earlier_ledger(directory / ledger, about, overwrite=overwrite)
        found = {name: _read(directory / name) for name in files}
        present = {name: digest(data) for name, data in found.items() if data is not None}
        _refuse_foreign(directory, files, present, earlier, overwrite=overwrite)
        wanted = {*files, *keep}
        gone = [name for name in earlier if name not in wanted and (directory / name).exists()]
        removed = _ours(directory, gone, earlier) if remove_left_over else []
        left_over = list(_without(gone, removed))
        digests = {name: digest(data) for name, data in files.items()}
        kept = {*keep, *(left_over if list_left_over else ())}
        listed = digests | {name: earlier[name] for name in kept if name in earlier}
        changed = [name for name in files if present.get(name) != digests[name]]
        pending = Pending(
            ledger={**about, "files": dict(sorted(listed.items()))},
            replaces={name: present.get(name) for name in changed},
            removes={name: earlier[name] for name in removed},
        )
        _commit(directory, ledger, pending, files)
        _carry_out(directory, ledger, pending)
    except OSError as error:
        raise ExportError(f"{directory} cannot be written: {error.strerror}.") from error
    return FilesWritten(
        new=tuple(name for name in files if name not in present),
        changed=tuple(name for name in changed if name in present),
        unchanged=_without(files, changed),
        left_over=tuple(left_over),
        removed=tuple(removed),
    )


@dataclass(frozen=True)
class Pending:
    """An export whose files are all on the disk under other names, so that it cannot fail half.

    Attributes:
        ledger: The ledger as it will be.
        replaces: By name of each staged file, the digest of the file that it takes the place of,
            or None.
        removes: The digest by name of each file that goes.
    """

    ledger: Mapping[str, Any]
    replaces: Mapping[str, str | None]
    removes: Mapping[str, str]


def pending_name(ledger: str) -> str:
    """Name of the file that commits an export before its files are renamed into place."""
    return f".{ledger.lstrip('.')}.pending"


def read_pending(directory: Path, ledger: str) -> Pending | None:
    """The export that a killed process had committed and not finished, or None.

    Raises:
        FileError: the file that says so is damaged.
    """
    path = directory / pending_name(ledger)
    if not path.exists():
        return None
    data = read_regular(path, what="Pending export", most=LARGEST_FILE)
    content = parse_json(data, f"Pending export {path}")
    try:
        pending = Pending(
            dict(content["ledger"]), dict(content["replaces"]), dict(content["removes"])
        )
        names = [*pending.ledger["files"], *pending.replaces, *pending.removes]
    except (KeyError, TypeError, ValueError) as error:
        raise FileError(f"Pending export {path} is damaged.") from error
    if not all(map(is_plain_name, names)):
        raise FileError(f"Pending export {path} is damaged.")
    return pending


def read_listed(directory: Path, name: str, expected: str, *, pending: bool) -> bytes:
    """A file of an export, wherever a killed process left it; its digest is for the caller.

    Raises:
        FileError: it cannot be read.
    """
    staged = directory / _staged_name(name, expected)
    path = staged if pending and staged.exists() else directory / name
    return read_regular(path, what="File", most=LARGEST_FILE)


def complete(directory: Path, ledger: str) -> None:
    """Finish what a killed process had committed, and remove what it had only begun.

    Raises:
        ExportError: what it left is damaged.
        OSError: the disk refuses.
    """
    try:
        pending = read_pending(directory, ledger)
    except FileError as error:
        raise ExportError(str(error), hint="Remove it, and the export begins anew.") from error
    if pending is not None:
        _carry_out(directory, ledger, pending)
    for path in directory.iterdir():
        if is_leftover(path.name):
            path.unlink()


def _commit(directory: Path, ledger: str, pending: Pending, files: Mapping[str, bytes]) -> None:
    """Put everything on the disk under other names, then the file that makes it count."""
    digests = pending.ledger["files"]
    staged = {directory / _staged_name(name, digests[name]): name for name in pending.replaces}
    try:
        for path, name in staged.items():
            write_private(path, files[name])
        write_private(directory / pending_name(ledger), to_json(vars(pending)))
    except BaseException:
        if not (directory / pending_name(ledger)).exists():
            for path in staged:
                path.unlink(missing_ok=True)
        raise


def _carry_out(directory: Path, ledger: str, pending: Pending) -> None:
    """Bring every file to its name; may be repeated after it was broken off anywhere."""
    digests = pending.ledger["files"]
    for name, replaced in pending.replaces.items():
        staged = directory / _staged_name(name, digests[name])
        found = _read(directory / name)
        if not staged.exists():
            continue
        if found is None or digest(found) == replaced:
            staged.replace(directory / name)
        else:
            # Somebody edited it since: theirs stays, and the next export says so.
            staged.unlink()
    for name in _ours(directory, pending.removes, pending.removes):
        (directory / name).unlink()
    sync_directory(directory)
    write_private(directory / ledger, to_json(dict(pending.ledger)))
    (directory / pending_name(ledger)).unlink()


def _staged_name(name: str, content_digest: str) -> str:
    """What a file is called until its export is committed: as a leftover, told by content."""
    return leftover_name(digest(f"{name} {content_digest}".encode()))


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
        content = parse_json(data, f"Ledger {path}")
        files = dict(content["files"])
        same = all(content[name] == about[name] for name in _SAME if name in about)
    except (FileError, ValueError, KeyError, TypeError):
        files, same = {}, False
    if same and all(map(is_plain_name, files)):
        return files
    if overwrite:
        return {}
    raise ExportError(
        f"{path} is not of an export of this form and tenant. Nothing was written.",
        hint=f"Choose another directory, or write over it with {option('overwrite')}.",
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
        hint=f"Move them away, or write over them with {option('overwrite')}.",
    )


def _read(path: Path) -> bytes | None:
    if not path.exists():
        return None
    try:
        return read_regular(path, what="File", most=LARGEST_FILE)
    except FileError as error:
        raise ExportError(str(error)) from error


def _without(names: Iterable[str], others: Iterable[str]) -> tuple[str, ...]:
    """The names that are not among others, in their order."""
    known = set(others)
    return tuple(name for name in names if name not in known)


def _ours(directory: Path, names: Iterable[str], digests: Mapping[str, str]) -> list[str]:
    """Those of these files that are as they were written."""
    found = {name: _read(directory / name) for name in names}
    return [n for n, data in found.items() if data is not None and digest(data) == digests[n]]
