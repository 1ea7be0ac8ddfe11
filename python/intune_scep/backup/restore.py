"""Restoring a backup: each profile is made, its root link read back, and only then assigned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from intune_scep.backup.backup import Backup
from intune_scep.backup.plan import (
    RestoreAction,
    RestorePlan,
    RestoreStep,
    plan_restore,
)
from intune_scep.desired_state.apply import Progress, silent
from intune_scep.errors import IntuneScepError
from intune_scep.graph.errors import OutcomeUnknownError
from intune_scep.profiles import Profile, changed_properties
from intune_scep.tenant import (
    ProfileChangedError,
    Tenant,
    assign_profile,
    create_profile,
    delete_profile,
    read_assignments,
    read_root_id,
    same_assignments,
    set_root_link,
)


class RestoreStatus(StrEnum):
    """What became of a profile of a backup.

    `unchanged` was there already and is the same; `left_alone` was there and differs.
    """

    UNCHANGED = "unchanged"
    LEFT_ALONE = "left_alone"
    PLANNED = "planned"
    APPLIED = "applied"
    REFUSED = "refused"
    FAILED = "failed"
    UNKNOWN = "unknown"
    CONFLICT = "conflict"


_BAD: Final = frozenset(
    {
        RestoreStatus.REFUSED,
        RestoreStatus.FAILED,
        RestoreStatus.UNKNOWN,
        RestoreStatus.CONFLICT,
    }
)
_WORDS: Final = {
    RestoreStatus.APPLIED: "restored",
    RestoreStatus.PLANNED: "to restore",
    RestoreStatus.UNCHANGED: "there already",
    RestoreStatus.LEFT_ALONE: "there already but different, left alone",
    RestoreStatus.REFUSED: "refused",
    RestoreStatus.FAILED: "failed",
    RestoreStatus.UNKNOWN: "not known",
    RestoreStatus.CONFLICT: "changed by somebody else",
}


@dataclass(frozen=True)
class RestoreOutcome:
    """What happened to one profile.

    Attributes:
        id: Its id in the tenant; None where it is not there.
    """

    step: RestoreStep
    status: RestoreStatus
    id: str | None = None
    message: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        profile = self.step.item.profile
        return {
            "id": self.id,
            "id_in_backup": profile.id,
            "name": profile.display_name,
            "kind": profile.profile_type.kind.value,
            "platform": profile.profile_type.platform.value,
            "action": self.step.action.value,
            "status": self.status.value,
            "differences": list(self.step.differences),
            "message": self.message,
        }


@dataclass(frozen=True)
class RestoreReport:
    """What a restore did, or would do."""

    tenant: str
    cloud: str
    backup: Backup
    outcomes: tuple[RestoreOutcome, ...]
    notes: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether something was written, or would be."""
        return any(
            item.status in {RestoreStatus.APPLIED, RestoreStatus.PLANNED} for item in self.outcomes
        )

    @property
    def failed(self) -> bool:
        """Whether something of the backup is not in the tenant and will not be."""
        return any(item.status in _BAD for item in self.outcomes)

    @property
    def differs(self) -> bool:
        """Whether something is there already that is not what the backup has."""
        return any(item.status is RestoreStatus.LEFT_ALONE for item in self.outcomes)

    @property
    def summary(self) -> dict[str, int]:
        """How many profiles have each status; every status is a key."""
        counts = Counter(item.status for item in self.outcomes)
        return {status.value: counts[status] for status in RestoreStatus}

    @property
    def msg(self) -> str:
        """One sentence that sums it up."""
        counts = Counter(item.status for item in self.outcomes)
        parts = [f"{counts[status]} {words}" for status, words in _WORDS.items() if counts[status]]
        return f"{', '.join(parts) or 'The backup holds no profile'}."

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "tenant": self.tenant,
            "cloud": self.cloud,
            "backup": {
                "directory": self.backup.directory,
                "tenant": self.backup.tenant,
                "cloud": self.backup.cloud,
                "read_at": self.backup.read_at,
            },
            "changed": self.changed,
            "failed": self.failed,
            "msg": self.msg,
            "summary": self.summary,
            "notes": list(self.notes),
            "profiles": [item.to_dict() for item in self.outcomes],
        }


async def restore_backup(
    tenant: Tenant, backup: Backup, *, dry_run: bool = False, progress: Progress = silent
) -> RestoreReport:
    """Make what a tenant lacks of a backup, with roots and assignments.

    What is there already, by type and name, is left alone. A profile that cannot be made whole is
    taken away again before it was ever assigned.

    Args:
        dry_run: Stop after the plan.
        progress: Called after each profile with (done, total, name).

    Raises:
        GraphError, GraphTransportError: the tenant could not be read. What goes wrong with one
            profile is its own outcome.
    """
    plan = await plan_restore(tenant, backup)
    outcomes = (
        [_planned(step) for step in plan.steps]
        if dry_run
        else await _Restoration(tenant, plan, progress).run()
    )
    return RestoreReport(tenant.tenant_id, tenant.cloud, backup, tuple(outcomes), plan.notes)


def _planned(step: RestoreStep) -> RestoreOutcome:
    if step.action is RestoreAction.CREATE:
        return RestoreOutcome(step, RestoreStatus.PLANNED)
    return _kept(step)


def _kept(step: RestoreStep) -> RestoreOutcome:
    identifier = step.existing.id if step.existing is not None else None
    if step.action is RestoreAction.REFUSE:
        return RestoreOutcome(step, RestoreStatus.REFUSED, identifier, step.message)
    status = RestoreStatus.LEFT_ALONE if step.differences else RestoreStatus.UNCHANGED
    return RestoreOutcome(step, status, identifier, step.message)


class _NotWholeError(IntuneScepError):
    """A new profile is not what the backup says."""


class _Restoration:
    """One run over the steps of a plan."""

    def __init__(self, tenant: Tenant, plan: RestorePlan, progress: Progress) -> None:
        self._tenant = tenant
        self._plan = plan
        self._progress = progress
        self._known = set(plan.known_ids)
        self._made: dict[str, str] = {}

    async def run(self) -> list[RestoreOutcome]:
        total = sum(step.action is RestoreAction.CREATE for step in self._plan.steps)
        outcomes: list[RestoreOutcome] = []
        done = 0
        for step in self._plan.steps:
            if step.action is not RestoreAction.CREATE:
                outcomes.append(_kept(step))
                continue
            outcomes.append(await self._restore(step))
            done += 1
            self._progress(done, total, step.item.profile.display_name or "")
        return outcomes

    async def _restore(self, step: RestoreStep) -> RestoreOutcome:
        root_id = step.root_id
        if step.root_file is not None:
            root_id = self._made.get(step.root_file)
            if root_id is None:
                message = f"Not made, because its root {step.item.root_name!r} was not restored."
                return RestoreOutcome(step, RestoreStatus.FAILED, message=message)
        try:
            written = await create_profile(
                self._tenant, step.body, root_id=root_id, known_ids=self._known
            )
        except IntuneScepError as error:
            return RestoreOutcome(step, _status_of(error), message=str(error))
        created = written.value
        self._known.add(created.id or "")
        outcome = await self._complete(step, created, root_id)
        if outcome.status is RestoreStatus.APPLIED:
            self._made[step.item.file] = created.id or ""
        return outcome

    async def _complete(
        self, step: RestoreStep, created: Profile, root_id: str | None
    ) -> RestoreOutcome:
        try:
            _require_same(created, step)
            if created.is_scep:
                await self._link(created, root_id)
            if step.assignments:
                await self._assign(created, step.assignments)
        except IntuneScepError as error:
            if _status_of(error) is not RestoreStatus.FAILED:
                message = f"It was made, but: {error}"
                return RestoreOutcome(step, _status_of(error), created.id, message)
            return await self._take_back(step, created, error)
        return RestoreOutcome(step, RestoreStatus.APPLIED, created.id)

    async def _link(self, created: Profile, root_id: str | None) -> None:
        """Make sure of the root link: Graph may drop it from a create (GRAPH.md 3.4)."""
        linked = await read_root_id(self._tenant, created)
        if linked == root_id:
            return
        await set_root_link(self._tenant, created, linked, root_id)
        linked = await read_root_id(self._tenant, created)
        if linked != root_id:
            raise _NotWholeError(f"The root link could not be set: it leads to {linked}.")

    async def _assign(self, created: Profile, assignments: Iterable[dict[str, Any]]) -> None:
        wanted = list(assignments)
        await assign_profile(self._tenant, created.id or "", [], wanted)
        now = await read_assignments(self._tenant, created.id or "")
        if not same_assignments(now, wanted):
            raise OutcomeUnknownError("The assignments are not those of the backup.")

    async def _take_back(
        self, step: RestoreStep, created: Profile, reason: IntuneScepError
    ) -> RestoreOutcome:
        """Remove a profile that was just made, which nobody has yet."""
        try:
            await delete_profile(self._tenant, created)
        except IntuneScepError as error:
            message = f"{reason} It was made and could not be removed again: {error}"
            return RestoreOutcome(step, RestoreStatus.FAILED, created.id, message)
        message = f"{reason} What had been made of it was removed again."
        return RestoreOutcome(step, RestoreStatus.FAILED, message=message)


def _require_same(created: Profile, step: RestoreStep) -> None:
    now = created.to_wire()
    differing = [
        name
        for name in changed_properties(created, step.body)
        if (now.get(name) or None) != (step.body.get(name) or None)
    ]
    if differing:
        raise _NotWholeError(f"Graph did not keep what was sent: {', '.join(differing)}.")


def _status_of(error: IntuneScepError) -> RestoreStatus:
    if isinstance(error, OutcomeUnknownError):
        return RestoreStatus.UNKNOWN
    if isinstance(error, ProfileChangedError):
        return RestoreStatus.CONFLICT
    return RestoreStatus.FAILED
