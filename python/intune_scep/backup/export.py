"""Taking a tenant into code: one YAML file for each certificate profile, roots as `.cer` beside."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from intune_scep.backup.directory import (
    LARGEST_FILE,
    FilesWritten,
    file_stems,
    nameable,
    write_files,
)
from intune_scep.backup.reading import link_error, read_everything, root_of
from intune_scep.declarations.description import Description, describe_profile
from intune_scep.declarations.names import NameIndex, root_certificate
from intune_scep.declarations.options import OPTIONS
from intune_scep.declarations.reading import SINGLES
from intune_scep.declarations.yaml_form import render_document
from intune_scep.errors import FileError
from intune_scep.files import read_regular
from intune_scep.profiles import Profile
from intune_scep.profiles.targets import targets_of
from intune_scep.tenant import ReadFailure, Snapshot, Tenant
from intune_scep.version import __version__
from intune_scep.wording import option

LEDGER: Final = ".intune-scep-export.json"
LEDGER_FORMAT: Final = "intune-scep/export/1"
WRITTEN, LEFT_OUT, FAILED = "written", "left_out", "failed"

_DOCUMENT_KEYS: Final = {kind: key for key, kind in SINGLES.items()}
_READ_LINE: Final = re.compile(rb"^# Read on [^\n]*\n", re.MULTILINE)


@dataclass(frozen=True)
class ExportedProfile:
    """What became of one profile.

    Attributes:
        status: `written`, `left_out` (no declaration can describe it) or `failed`.
        file: Name of its file; None if it has none.
        not_expressed: Wire property to the reason why the declaration does not say it.
        message: Why it has no file; None if it has one.
    """

    profile: Profile
    status: str
    file: str | None = None
    not_expressed: Mapping[str, str] = field(default_factory=dict)
    message: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        row = self.profile.profile_type
        return {
            "id": self.profile.id,
            "name": self.profile.display_name,
            "kind": row.kind.value,
            "platform": row.platform.value,
            "status": self.status,
            "file": self.file,
            "not_expressed": dict(self.not_expressed),
            "message": self.message,
        }


@dataclass(frozen=True)
class ExportReport:
    """What an export or a backup wrote.

    Attributes:
        form: `yaml` or `json`.
        files: What changed on the disk.
        left_out: What Graph sent and could not be used. Nothing left over is removed then, since
            it may be the file of such a profile.
    """

    tenant: str
    cloud: str
    directory: str
    form: str
    profiles: tuple[ExportedProfile, ...]
    files: FilesWritten
    notes: tuple[str, ...] = ()
    left_out: tuple[ReadFailure, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether some profile should have a file and has none."""
        return any(item.status == FAILED for item in self.profiles)

    @property
    def incomplete(self) -> bool:
        """Whether the files say less than the tenant has, or more."""
        return bool(self.files.left_over or self.left_out) or any(
            item.status != WRITTEN or item.not_expressed for item in self.profiles
        )

    @property
    def msg(self) -> str:
        """One sentence that sums it up."""
        counts = Counter(item.status for item in self.profiles)
        words = [f"{counts[WRITTEN]} profiles in {self.directory}"]
        partly = sum(bool(item.not_expressed) for item in self.profiles)
        words += [f"{partly} of them not expressed in full"] if partly else []
        words += [f"{counts[LEFT_OUT]} left out"] if counts[LEFT_OUT] else []
        words += [f"{counts[FAILED]} failed"] if counts[FAILED] else []
        return ", ".join(words) + "."

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "tenant": self.tenant,
            "cloud": self.cloud,
            "directory": self.directory,
            "format": self.form,
            "failed": self.failed,
            "incomplete": self.incomplete,
            "msg": self.msg,
            "notes": list(self.notes),
            "files": self.files.to_dict(),
            "profiles": [item.to_dict() for item in self.profiles],
        }


async def export_profiles(
    tenant: Tenant,
    directory: Path,
    *,
    overwrite: bool = False,
    remove_left_over: bool = False,
) -> ExportReport:
    """Write every certificate profile of a tenant as declarations. Changes nothing in the tenant.

    Args:
        directory: Created if it does not exist. Files that this export did not write, or that
            were edited since, are not written over; an unchanged profile's file is not touched.
        overwrite: Write over such files as well.
        remove_left_over: Delete the files of profiles that are no longer there.

    Raises:
        GraphError, GraphTransportError: the tenant could not be read.
        ExportError: a file is in the way, or the disk refuses.
    """
    snapshot = await read_everything(tenant)
    described = [_describe(profile, snapshot) for profile in snapshot.profiles]
    stems = file_stems([nameable(profile) for profile in snapshot.profiles])
    files: dict[str, bytes] = {}
    keep: list[str] = []
    exported: list[ExportedProfile] = []
    for item, stem in zip(described, stems, strict=True):
        name = f"{stem}.yml"
        if item.options is None:
            keep += [name, f"{stem}.cer"] if item.result.status == FAILED else []
            exported.append(item.result)
            continue
        files |= _files_of(item, stem, _read_on(tenant, snapshot), directory)
        exported.append(
            ExportedProfile(item.result.profile, WRITTEN, name, item.result.not_expressed)
        )
    about = {"format": LEDGER_FORMAT, "tenant": tenant.tenant_id, "cloud": tenant.cloud}
    written = write_files(
        directory,
        files,
        ledger=LEDGER,
        about=about,
        keep=keep,
        overwrite=overwrite,
        remove_left_over=remove_left_over and not snapshot.left_out,
    )
    return ExportReport(
        tenant.tenant_id,
        tenant.cloud,
        str(directory),
        "yaml",
        tuple(exported),
        written,
        (*snapshot.notes, *_notes(written)),
        snapshot.left_out,
    )


def _notes(written: FilesWritten) -> Iterator[str]:
    if written.left_over:
        yield (
            "Files of profiles that are no longer there, or have another name now:"
            f" {', '.join(written.left_over)}. Applied, they would make those profiles again."
            f" Remove them, or export with {option('remove_left_over')}."
        )


@dataclass(frozen=True)
class _Described:
    """A profile as options, or why not.

    Attributes:
        options: None where there is no declaration.
        certificate: DER for the `.cer` file; None where there is none.
        comments: What the file says besides.
    """

    result: ExportedProfile
    options: dict[str, Any] | None = None
    certificate: bytes | None = None
    comments: tuple[str, ...] = ()


def _describe(profile: Profile, snapshot: Snapshot) -> _Described:
    if (error := link_error(profile, snapshot)) is not None:
        message = f"Its root could not be read: {error}"
        return _Described(ExportedProfile(profile, FAILED, message=message))
    if not profile.profile_type.creatable:
        platform = profile.profile_type.platform
        message = (
            f"The platform {platform} is retired, and no declaration can describe it."
            " A backup in JSON has it."
        )
        return _Described(ExportedProfile(profile, LEFT_OUT, message=message))
    described = describe_profile(
        profile,
        names=snapshot.names,
        profiles=snapshot.index,
        root=root_of(profile, snapshot),
        roots=snapshot.roots,
    )
    if described.refused is not None:
        return _Described(ExportedProfile(profile, FAILED, message=described.refused))
    options, reasons = described.options, described.not_expressed
    comments = [*_identity(described), *_id_comments(profile, snapshot)]
    comments += [f"Not expressed here: {reason}" for reason in reasons.values()]
    result = ExportedProfile(profile, WRITTEN, not_expressed=reasons)
    certificate = root_certificate(profile) if "certificate" in options else None
    return _Described(result, options, certificate, tuple(comments))


def _identity(described: Description) -> Iterator[str]:
    if described.by_id is not None:
        yield (
            f"Declared by id, since {described.by_id}; it cannot be made in another tenant like"
            " this."
        )


def _id_comments(profile: Profile, snapshot: Snapshot) -> Iterator[str]:
    """Say why an id stands where a name was expected."""
    names = snapshot.names
    root = root_of(profile, snapshot)
    if root is not None and root.display_name:
        count = snapshot.roots.twins_of(root)
        if count > 1:
            yield f"root_profile is an id: {count} profiles have the name {root.display_name!r}."
    for target in targets_of(profile.assignments or ()):
        yield from _id_comment(names.groups, target.group_id)
        yield from _id_comment(names.filters, target.filter_id)
    for tag in profile.role_scope_tag_ids or ():
        yield from _id_comment(names.scope_tags, tag)


def _id_comment(known: NameIndex, identifier: Any) -> Iterator[str]:
    if not isinstance(identifier, str) or not identifier:
        return
    if known.reference_to(identifier) != identifier:
        return
    name = known.name_of(identifier)
    if name is None:
        yield f"{identifier} is an id: no {known.what} with it was found."
    elif name != identifier:
        yield f"{identifier} is an id: more than one {known.what} has the name {name!r}."


def _files_of(item: _Described, stem: str, read_line: str, directory: Path) -> dict[str, bytes]:
    options = dict(item.options or {})
    files: dict[str, bytes] = {}
    if item.certificate is not None:
        del options["certificate"]
        options["certificate_path"] = f"{stem}.cer"
        files[f"{stem}.cer"] = item.certificate
    profile = item.result.profile
    ordered = {name: options[name] for name in OPTIONS if name in options}
    key = _DOCUMENT_KEYS[profile.profile_type.kind]
    document = render_document(key, ordered, [read_line, _about(profile), *item.comments])
    files[f"{stem}.yml"] = _with_earlier_date(directory / f"{stem}.yml", document)
    return files


def _read_on(tenant: Tenant, snapshot: Snapshot) -> str:
    moment = snapshot.read_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    where = "SIMULATOR" if tenant.is_simulator else f"cloud {tenant.cloud}"
    return (
        f"Read on {moment} by intune-scep {__version__} from tenant {tenant.tenant_id} ({where}):"
    )


def _about(profile: Profile) -> str:
    return (
        f"{profile.profile_type.name} {profile.id}, version {profile.version}, last modified"
        f" {profile.last_modified_date_time}."
    )


def _with_earlier_date(path: Path, document: bytes) -> bytes:
    """The file as it stands, if nothing but the moment of reading would differ."""
    try:
        earlier = read_regular(path, what="File", most=LARGEST_FILE)
    except FileError:
        return document
    same = _READ_LINE.sub(b"", earlier, count=1) == _READ_LINE.sub(b"", document, count=1)
    return earlier if same else document
