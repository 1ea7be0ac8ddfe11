"""What restoring a backup would do, profile by profile, before anything is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from intune_scep.backup.backup import BackedUpProfile, Backup
from intune_scep.backup.matching import Match, match_profiles
from intune_scep.backup.reading import link_error, read_everything, root_id_of
from intune_scep.backup.remap import Remap, read_remap
from intune_scep.errors import UnresolvedNameError
from intune_scep.profiles import Profile, changed_properties
from intune_scep.profiles.targets import same_assignments
from intune_scep.tenant import Snapshot, Tenant

_SCOPE_TAGS = "roleScopeTagIds"


class RestoreAction(StrEnum):
    """What happens to a profile of a backup."""

    CREATE = "create"
    LEAVE = "leave"
    REFUSE = "refuse"


@dataclass(frozen=True)
class RestoreStep:
    """One profile of a backup and what happens to it.

    Attributes:
        body: What a create sends, the root link aside.
        root_file: File of the root that is created by this restore and that it points at.
        root_id: Id of the root that is there already and that it points at.
        assignments: With the ids of the tenant.
        existing: What is there already.
        differences: What of that differs from the backup: wire properties, `root`, `assignments`.
        message: Why it is left alone or refused.
    """

    item: BackedUpProfile
    action: RestoreAction
    body: Mapping[str, Any]
    root_file: str | None = None
    root_id: str | None = None
    assignments: tuple[dict[str, Any], ...] = ()
    existing: Profile | None = None
    differences: tuple[str, ...] = ()
    message: str | None = None


@dataclass(frozen=True)
class RestorePlan:
    """What restoring would do: trusted roots first, then SCEP profiles."""

    backup: Backup
    steps: tuple[RestoreStep, ...]
    notes: tuple[str, ...] = ()


async def plan_restore(tenant: Tenant, backup: Backup) -> RestorePlan:
    """Decide what restoring does. Reads only.

    What a tenant has already, by type and name, is left alone. A profile is refused before
    anything is written where it could not be restored whole.

    Raises:
        GraphError, GraphTransportError: the tenant could not be read.
    """
    there = await read_everything(tenant, with_names=False)
    remap = await read_remap(tenant, backup)
    matches = match_profiles(backup.items, there.profiles, same_tenant=remap.same_tenant)
    planner = _Planner(backup, there, remap, matches)
    steps = planner.steps()
    notes = (*backup.notes, *map(str, there.left_out), *_notes(steps, remap))
    return RestorePlan(backup, steps, notes)


def _notes(steps: Sequence[RestoreStep], remap: Remap) -> Iterator[str]:
    created = [step for step in steps if step.action is RestoreAction.CREATE]
    if not remap.same_tenant and created:
        yield ("The backup is of another tenant: groups, filters and scope tags are found by name.")
    if any(step.item.profile.is_scep for step in created):
        yield (
            "Restored profiles get new ids. Wi-Fi, VPN and other profiles that pointed at the old"
            " ones do not point at them."
        )


class _Planner:
    def __init__(
        self, backup: Backup, there: Snapshot, remap: Remap, matches: Mapping[str, Match]
    ) -> None:
        self._backup = backup
        self._there = there
        self._remap = remap
        self._matches = matches
        self._by_old_id: dict[str, RestoreStep] = {}

    def steps(self) -> tuple[RestoreStep, ...]:
        made = []
        for item in self._backup.items:
            step = self._step(item)
            made.append(step)
            if not item.profile.is_scep and item.profile.id:
                self._by_old_id[item.profile.id] = step
        return tuple(made)

    def _step(self, item: BackedUpProfile) -> RestoreStep:
        match = self._matches[item.file]
        base = RestoreStep(item, RestoreAction.REFUSE, {}, existing=match.existing)
        if match.ambiguous:
            ids = ", ".join(match.ambiguous)
            return replace(
                base, message=f"It could be any of these profiles of its type and name: {ids}."
            )
        if match.existing is None and not item.profile.profile_type.creatable:
            platform = item.profile.profile_type.platform
            return replace(base, message=f"The platform {platform} is retired: it is not made.")
        try:
            step = self._located(base)
        except UnresolvedNameError as error:
            if match.existing is None:
                return replace(base, message=str(error))
            return replace(
                base,
                action=RestoreAction.LEAVE,
                differences=("names",),
                message=f"It is there already and left alone. {error}",
            )
        if match.existing is not None:
            return self._left_alone(step, match.existing)
        return replace(step, action=RestoreAction.CREATE)

    def _located(self, step: RestoreStep) -> RestoreStep:
        """The step with everything it refers to found in the tenant.

        Raises:
            UnresolvedNameError: something it refers to is not there.
        """
        profile = step.item.profile
        body = profile.to_write()
        if body.get(_SCOPE_TAGS):
            body[_SCOPE_TAGS] = self._remap.scope_tags(profile.role_scope_tag_ids or ())
        assignments = tuple(self._remap.assignment(item) for item in profile.assignments or ())
        step = replace(step, body=body, assignments=assignments)
        if step.item.root_id is None or not profile.is_scep:
            return step
        return self._with_root(step, step.item.root_id)

    def _with_root(self, step: RestoreStep, old_id: str) -> RestoreStep:
        name = repr(step.item.root_name or old_id)
        root = self._by_old_id.get(old_id)
        if root is None:
            if self._remap.same_tenant and self._there.index.by_id(old_id) is not None:
                return replace(step, root_id=old_id)
            raise UnresolvedNameError(f"Its root {name} is not in the backup.")
        if root.action is RestoreAction.CREATE:
            return replace(step, root_file=root.item.file)
        if root.existing is None:
            raise UnresolvedNameError(f"Its root {name} cannot be restored: {root.message}")
        if "trustedRootCertificate" in root.differences:
            raise UnresolvedNameError(
                f"Its root {name} is there already, but with another certificate"
                f" ({root.existing.id})."
            )
        return replace(step, root_id=root.existing.id)

    def _left_alone(self, step: RestoreStep, existing: Profile) -> RestoreStep:
        differences = tuple(_differences(step, existing, self._there))
        message = None
        if differences:
            message = (
                f"It is there already and left alone; it differs in: {', '.join(differences)}."
            )
        return replace(step, action=RestoreAction.LEAVE, differences=differences, message=message)


def _differences(step: RestoreStep, existing: Profile, there: Snapshot) -> Iterator[str]:
    yield from changed_properties(existing, step.body)
    other_root = step.item.profile.is_scep and step.root_id != root_id_of(existing, there)
    if link_error(existing, there) is not None or other_root:
        yield "root"
    wanted, now = step.item.profile.assignments, existing.assignments
    if wanted is not None and now is not None and not same_assignments(now, step.assignments):
        yield "assignments"
