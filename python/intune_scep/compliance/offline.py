"""Checking files that stand for a tenant: declarations, a backup, objects of Graph. No network."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from intune_scep.backup.backup import Backup, is_backup, read_backup
from intune_scep.backup.graph_files import GraphFiles
from intune_scep.backup.sources import read_source
from intune_scep.compliance.baseline import Baseline
from intune_scep.compliance.judging import Request, make_report
from intune_scep.compliance.policy import Policy
from intune_scep.compliance.report import ComplianceReport
from intune_scep.declarations import (
    Declaration,
    NameIndex,
    Names,
)
from intune_scep.declarations.declaration import ScepDeclaration
from intune_scep.declarations.names import encode_target
from intune_scep.declarations.reading import Declarations
from intune_scep.declarations.resolution import Resolved, Roots
from intune_scep.declarations.wire_form import WireForm, profile_to_be
from intune_scep.errors import SourceError, UnresolvedNameError
from intune_scep.profiles import Profile, ProfileIndex, TrustedRootProfile
from intune_scep.rules import Configuration
from intune_scep.tenant import ReadFailure, RootLink, Snapshot, profile_key

FILES: Final = "files"


def check_files(
    path: Path,
    policy: Policy | None = None,
    *,
    configuration: Configuration | None = None,
    baseline: Baseline | None = None,
    now: datetime | None = None,
) -> ComplianceReport:
    """Judge a directory or file of declarations or of objects of Graph, or a backup's directory.

    Raises:
        SourceError: there is nothing at the path, or no profile in it, or it holds both kinds.
        DeclarationError, BackupError: what is there is wrong or damaged.
        BaselineError: the baseline is of another tenant.
    """
    tenant, cloud = "", FILES
    if is_backup(path):
        backup = read_backup(path)
        tenant, cloud, found = backup.tenant, backup.cloud, _of_backup(backup)
    else:
        source = read_source([path])
        found = _snapshot_of(source)
    if not found.profiles:
        raise SourceError(f"There is no certificate profile in {path}.")
    request = Request(
        tenant=tenant,
        cloud=cloud,
        source=str(path),
        now=now or datetime.now(UTC),
        policy=policy or Policy(),
        configuration=configuration or Configuration(),
        baseline=baseline,
    )
    return make_report(request, found)


def _snapshot_of(source: Declarations | GraphFiles) -> Snapshot:
    if isinstance(source, GraphFiles):
        return source.snapshot
    return _of_declarations(source.whole())


def _of_backup(backup: Backup) -> Snapshot:
    profiles = {item.profile.id or "": item.profile for item in backup.items}
    links: dict[str, RootLink] = {}
    failures = []
    for item in backup.items:
        if not item.profile.is_scep:
            continue
        root = profiles.get(item.root_id or "")
        if item.root_id is None:
            links[item.profile.id or ""] = None
        elif isinstance(root, TrustedRootProfile):
            links[item.profile.id or ""] = root
        else:
            failures.append(
                ReadFailure(
                    f"the trusted root of {item.profile.display_name}",
                    f"{item.root_name or item.root_id} is not in the backup.",
                )
            )
    note = f"This is the backup of {backup.read_at}, not the tenant as it is now."
    return Snapshot(
        profiles=tuple(profiles.values()),
        root_links=links,
        names=backup.names,
        failures=tuple(failures),
        notes=(note, *backup.notes),
    )


def _of_declarations(declarations: Iterable[Declaration]) -> Snapshot:
    wanted = [item for item in declarations if item.state == "present"]
    names = _names(wanted)
    profiles = [_profile(item, names) for item in wanted]
    found = (
        Resolved(number, item, profile if profile.id else None)
        for number, (item, profile) in enumerate(zip(wanted, profiles, strict=True))
    )
    roots = Roots(found, ())
    index = ProfileIndex(profiles)
    links: dict[str, RootLink] = {}
    notes = [*_partial(wanted)]
    for item, profile in zip(wanted, profiles, strict=True):
        if not isinstance(item, ScepDeclaration) or "root_profile" not in item.given:
            continue
        try:
            links[profile_key(profile)] = _root(item, roots, profiles, index)
        except UnresolvedNameError:
            notes.append(
                f"The trusted root of {_label(item)} is not among the files, or not the only one"
                " that fits, so the rules about it were not judged."
            )
    return Snapshot(
        profiles=tuple(profiles),
        root_links=links,
        names=names,
        notes=tuple(notes),
    )


def _names(declarations: Iterable[Declaration]) -> Names:
    """Names stand for themselves: without a tenant nobody knows their ids."""
    groups: set[str] = set()
    filters: set[str] = set()
    for declaration in declarations:
        for item in declaration.assignments or ():
            groups |= {item.group} - {None}  # type: ignore[arg-type]  # None is taken out
            filters |= {item.filter} - {None}  # type: ignore[arg-type]
    return Names(
        groups=NameIndex("group", tuple((name, name) for name in sorted(groups))),
        filters=NameIndex("assignment filter", tuple((name, name) for name in sorted(filters))),
    )


def _profile(declaration: Declaration, names: Names) -> Profile:
    assignments = declaration.given.get("assignments")
    return profile_to_be(
        {"displayName": declaration.name or declaration.id, **WireForm(declaration).body},
        identifier=declaration.id,
        assignments=None
        if assignments is None
        else [{"target": encode_target(item, names)} for item in assignments],
    )


def _root(
    declaration: ScepDeclaration, roots: Roots, profiles: Sequence[Profile], index: ProfileIndex
) -> TrustedRootProfile | None:
    """The root a declaration names; None if it says that there is none.

    Raises:
        UnresolvedNameError: it is not among the files, or not the only one that fits.
    """
    if declaration.root_profile is None:
        return None
    target = roots.resolve(declaration, declaration.root_profile)
    if target.action is not None:
        found: Profile | None = profiles[target.action]
    else:
        found = index.by_id(target.id)
    return found if isinstance(found, TrustedRootProfile) else None


def _label(declaration: Declaration) -> str:
    return f"{declaration.name or declaration.id} ({declaration.platform.value})"


def _partial(declarations: Iterable[Declaration]) -> Iterator[str]:
    for item in declarations:
        missing = WireForm(item).missing
        if missing:
            yield (
                f"{_label(item)} leaves {', '.join(missing)} to the tenant; it was judged as a new"
                " profile would be."
            )
