"""A lossless backup of a tenant's certificate profiles: what Graph sent, and what it leaves out.

A directory holds one JSON file for each profile (the wire object with its assignments, and the
root link, which Graph never sends with the profile: GRAPH.md 3.4), `tenant.json` with the names
behind the ids, and `manifest.json` with the SHA-256 of each file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from intune_scep.backup.directory import (
    LARGEST_FILE,
    FilesWritten,
    file_stems,
    is_plain_name,
    nameable,
    pending_name,
    read_listed,
    read_pending,
    to_json,
    write_files,
)
from intune_scep.backup.export import FAILED, WRITTEN, ExportedProfile, ExportReport
from intune_scep.backup.reading import link_error, read_everything, root_id_of, root_of
from intune_scep.declarations.names import NameIndex, Names
from intune_scep.errors import (
    BackupError,
    FileError,
    UnknownProfileTypeError,
)
from intune_scep.files import digest, parse_json, read_regular
from intune_scep.memory import collector_paused
from intune_scep.profiles import Profile, parse_profile
from intune_scep.tenant import Snapshot, Tenant
from intune_scep.version import __version__

MANIFEST: Final = "manifest.json"
TENANT_FILE: Final = "tenant.json"
BACKUP_FORMAT: Final = "intune-scep/backup/1"

_NAMES: Final = {
    "groups": "group",
    "filters": "assignment filter",
    "scope_tags": "scope tag",
}


@dataclass(frozen=True)
class BackedUpProfile:
    """One profile of a backup.

    Attributes:
        file: Name of its file.
        profile: As Graph sent it, assignments inside where Graph listed them.
        root_id: Id of the root it pointed at, in the tenant of the backup; None for none.
        root_name: Name of that root.
    """

    file: str
    profile: Profile
    root_id: str | None = None
    root_name: str | None = None


@dataclass(frozen=True)
class Backup:
    """A backup, read and found whole.

    Attributes:
        tenant: Id of the tenant it is of.
        read_at: When the tenant was read, ISO 8601 in UTC.
        items: Trusted roots first.
        names: Of the groups, filters and scope tags that the profiles refer to, in that tenant.
        notes: What is not in it, and why.
    """

    directory: str
    tenant: str
    cloud: str
    read_at: str
    items: tuple[BackedUpProfile, ...]
    names: Names
    notes: tuple[str, ...] = ()


async def back_up_profiles(
    tenant: Tenant,
    directory: Path,
    *,
    overwrite: bool = False,
    remove_left_over: bool = False,
) -> ExportReport:
    """Write a backup of every certificate profile. Changes nothing in the tenant.

    Args:
        directory: Created if it does not exist; an earlier backup of the same tenant in it is
            brought up to date.
        overwrite: Write over files that no backup wrote, or that were edited since.
        remove_left_over: Delete the files of profiles that are no longer there.

    Raises:
        GraphError, GraphTransportError: the tenant could not be read.
        ExportError: a file is in the way, or the disk refuses.
    """
    snapshot = await read_everything(tenant)
    stems = file_stems([nameable(profile) for profile in snapshot.profiles])
    named = [
        (profile, f"{stem}.json") for profile, stem in zip(snapshot.profiles, stems, strict=True)
    ]
    with collector_paused():
        results = [_result(profile, file, snapshot) for profile, file in named]
        files = {
            file: to_json(_content(profile, snapshot))
            for profile, file in named
            if link_error(profile, snapshot) is None
        }
    notes = (*snapshot.notes, *_gaps(snapshot))
    files[TENANT_FILE] = to_json(_about(tenant, snapshot, notes))
    written = write_files(
        directory,
        files,
        ledger=MANIFEST,
        about={
            "format": BACKUP_FORMAT,
            "tool": f"intune-scep {__version__}",
            "tenant": tenant.tenant_id,
            "cloud": tenant.cloud,
            "read_at": snapshot.read_at.isoformat(),
        },
        overwrite=overwrite,
        remove_left_over=remove_left_over and not snapshot.left_out,
        list_left_over=False,
    )
    return ExportReport(
        tenant.tenant_id,
        tenant.cloud,
        str(directory),
        "json",
        tuple(results),
        written,
        (*notes, *_left_over(written)),
        snapshot.left_out,
    )


def _result(profile: Profile, file: str, snapshot: Snapshot) -> ExportedProfile:
    error = link_error(profile, snapshot)
    if error is None:
        return ExportedProfile(profile, WRITTEN, file)
    return ExportedProfile(profile, FAILED, message=f"Its root could not be read: {error}")


def _content(profile: Profile, snapshot: Snapshot) -> dict[str, Any]:
    root, root_id = root_of(profile, snapshot), root_id_of(profile, snapshot)
    return {
        "root": None
        if root_id is None
        else {"id": root_id, "name": root.display_name if root is not None else None},
        "profile": profile.to_wire(),
    }


def _about(tenant: Tenant, snapshot: Snapshot, notes: tuple[str, ...]) -> dict[str, Any]:
    names = {word: dict(sorted(getattr(snapshot.names, word).entries)) for word in _NAMES}
    return {
        "tenant": tenant.tenant_id,
        "cloud": tenant.cloud,
        "read_at": snapshot.read_at.isoformat(),
        "names": names,
        "notes": list(notes),
    }


def _gaps(snapshot: Snapshot) -> Iterator[str]:
    """What the backup does not have, in sentences."""
    failed = [_shown(item) for item in snapshot.profiles if link_error(item, snapshot) is not None]
    if failed:
        yield f"Not in the backup, because the root could not be read: {', '.join(failed)}."
    unlisted = [_shown(item) for item in snapshot.profiles if item.assignments is None]
    if unlisted:
        yield (
            "The assignments of these are not in the backup, because Graph did not list them:"
            f" {', '.join(unlisted)}."
        )


def _shown(profile: Profile) -> str:
    return f"{profile.display_name!r} ({profile.id})"


def _left_over(written: FilesWritten) -> Iterator[str]:
    if written.left_over:
        yield (
            "Files of an earlier backup that are not part of this one:"
            f" {', '.join(written.left_over)}."
        )


def is_backup(path: Path) -> bool:
    """Whether a path is the directory of a backup, whole or damaged."""
    try:
        if (path / pending_name(MANIFEST)).is_file():
            return True
        if not (path / MANIFEST).is_file():
            return False
    except OSError:
        # No name that a file can have, say; whoever reads it says so.
        return False
    try:
        content = parse_json(
            read_regular(path / MANIFEST, what="File", most=LARGEST_FILE), MANIFEST
        )
    except FileError:
        return True
    return isinstance(content, dict) and "format" in content


def read_backup(directory: Path) -> Backup:
    """Read a backup and check that it is whole.

    Raises:
        BackupError: it is no backup, of another form, or damaged; one message names every file
            that is missing or changed.
    """
    manifest, pending = _manifest(directory)
    files = _files(directory, manifest["files"], pending=pending)
    about = _parsed(directory, TENANT_FILE, files.pop(TENANT_FILE, b""))
    try:
        if (about["tenant"], about["cloud"]) != (manifest["tenant"], manifest["cloud"]):
            raise BackupError(
                f"The backup in {directory} is damaged: {MANIFEST} and {TENANT_FILE} name"
                " different tenants."
            )
        known: dict[str, Any] = {
            word: NameIndex(what, tuple(dict(about["names"][word]).items()))
            for word, what in _NAMES.items()
        }
        names = Names(**known)
        notes, read_at = tuple(map(str, about["notes"])), str(about["read_at"])
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(directory, TENANT_FILE) from error
    with collector_paused():
        items = [_item(directory, name, data) for name, data in sorted(files.items())]
    ordered = sorted(items, key=lambda item: item.profile.is_scep)
    return Backup(
        str(directory),
        manifest["tenant"],
        manifest["cloud"],
        read_at,
        tuple(ordered),
        names,
        (*notes, *_strangers(directory, files)),
    )


def _damaged(directory: Path, name: str) -> BackupError:
    return BackupError(f"The backup in {directory} is damaged: {name} is not what a backup writes.")


def _manifest(directory: Path) -> tuple[dict[str, Any], bool]:
    """The manifest, and whether it is one that a killed process had not brought to its place."""
    try:
        unfinished = read_pending(directory, MANIFEST)
        if unfinished is None:
            data = read_regular(directory / MANIFEST, what="File", most=LARGEST_FILE)
    except FileError as error:
        raise BackupError(
            f"{directory} is no backup: {MANIFEST} cannot be read ({error.reason})."
        ) from error
    content = _parsed(directory, MANIFEST, data) if unfinished is None else {**unfinished.ledger}
    if content.get("format") != BACKUP_FORMAT:
        raise BackupError(
            f"{directory} is no backup of the form {BACKUP_FORMAT}:"
            f" its {MANIFEST} says {content.get('format')!r}."
        )
    files = content.get("files")
    texts = [content.get("tenant"), content.get("cloud")]
    if not isinstance(files, dict) or not all(isinstance(text, str) for text in texts):
        raise _damaged(directory, MANIFEST)
    if TENANT_FILE not in files or not all(map(is_plain_name, files)):
        raise _damaged(directory, MANIFEST)
    return content, unfinished is not None


def _parsed(directory: Path, name: str, data: bytes) -> dict[str, Any]:
    try:
        content = parse_json(data, name)
    except FileError as error:
        raise _damaged(directory, name) from error
    if not isinstance(content, dict):
        raise _damaged(directory, name)
    return content


def _files(directory: Path, digests: Mapping[str, Any], *, pending: bool) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    wrong: list[str] = []
    for name, expected in digests.items():
        try:
            files[name] = read_listed(directory, name, str(expected), pending=pending)
        except FileError as error:
            wrong.append(f"{name} cannot be read ({error.reason})")
            continue
        if digest(files[name]) != expected:
            wrong.append(f"{name} was changed after it was written")
    if wrong:
        raise BackupError(f"The backup in {directory} is damaged: {'; '.join(wrong)}.")
    return files


def _item(directory: Path, name: str, data: bytes) -> BackedUpProfile:
    content = _parsed(directory, name, data)
    try:
        root = content["root"] or {}
        profile = parse_profile(content["profile"])
        return BackedUpProfile(name, profile, root.get("id"), root.get("name"))
    except (KeyError, TypeError, AttributeError, UnknownProfileTypeError) as error:
        raise _damaged(directory, name) from error


def _strangers(directory: Path, files: Mapping[str, bytes]) -> Iterator[str]:
    known = {*files, MANIFEST, TENANT_FILE}
    strange = sorted(path.name for path in directory.glob("*.json") if path.name not in known)
    if strange:
        yield f"Files that are not part of the backup were not read: {', '.join(strange)}."
