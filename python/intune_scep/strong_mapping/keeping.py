"""Keeping in the journal which certificates are out before the first write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from intune_scep.audience.reissued import Before, is_reported
from intune_scep.changes.evidence import Evidence
from intune_scep.changes.journal import Journal
from intune_scep.changes.plan import Action, Plan
from intune_scep.changes.status import Status
from intune_scep.changes.values import moment_of
from intune_scep.errors import IntuneScepError, JournalError
from intune_scep.graph.permissions import missing_permissions
from intune_scep.profiles import require_profile_type
from intune_scep.tenant import Tenant
from intune_scep.tenant.issued import IssuedOnce

KIND: Final = "certificates"
READING: Final = "DeviceManagementManagedDevices.Read.All"
_TELLING: Final = "Reading the certificates that are out"
_LOST: Final = "so nothing can tell later which devices got a new one"


def reports_certificates(action: Action) -> bool:
    """Whether Intune reports the certificates of the profile of an action."""
    return is_reported(require_profile_type(action.odata_type).platform)


async def keep_certificates(
    tenant: Tenant,
    plan: Plan,
    telling: Callable[[str], None],
    *,
    issued: IssuedOnce | None = None,
) -> Evidence:
    """Read which certificates of the profiles that will change are out: one export job.

    Where they cannot be read, that is a note, and the run goes on.

    Args:
        issued: What was read of issued certificates in this job before.
    """
    profiles = [
        action.id
        for action in plan.writing
        if action.is_scep and action.id and reports_certificates(action)
    ]
    if not profiles:
        return Evidence(KIND)
    granted = tenant.granted_permissions
    if granted is not None and missing_permissions([READING], granted):
        return Evidence(KIND, notes=(_not_kept(f"The token lacks the permission {READING}."),))
    telling(_TELLING)
    issued = issued or IssuedOnce(tenant)
    try:
        found = await issued.read(profiles)
    except IntuneScepError as error:
        return Evidence(KIND, notes=(_not_kept(f"{error} It needs {READING}."),))
    before = Before.of(found, profiles, issued.read_at or tenant.now())
    return Evidence(KIND, before.to_records())


def _not_kept(why: str) -> str:
    return f"Which certificates were out was not recorded, {_LOST}. {why}"


@dataclass(frozen=True)
class Kept:
    """What a run kept.

    Attributes:
        before: None where it kept nothing.
        ahead: How far the clock of Graph was ahead of the one that wrote the journal.
    """

    before: Before | None = None
    ahead: timedelta = timedelta()


def kept_in(journal: Journal) -> Kept:
    """What the first run of a journal kept of the certificates that were out.

    Raises:
        JournalError: it is not what such a run keeps.
    """
    records = [item for item in journal.first.evidence if item.kind == KIND]
    try:
        before = Before.from_records(item.content for item in records)
    except ValueError as error:
        raise JournalError(f"Journal {journal.path} is damaged: {error}.") from error
    if before is None:
        return Kept()
    recorded = moment_of(records[0].at)
    return Kept(before, before.taken_at - recorded if recorded is not None else timedelta())


_CHANGED: Final = frozenset({Status.APPLIED, Status.UNKNOWN, None})


def changes_in(journal: Journal, kept: Kept) -> Mapping[str, datetime]:
    """Keys of the actions by which the first run of a journal changed a profile, in their order.

    Returns:
        To when the last write of the profile was known to be done, by the clock of Graph.
    """
    found: dict[str, datetime] = {}
    for action in journal.first.plan.writing:
        steps = journal.first.record(action).steps.values()
        if any(step.status in _CHANGED for step in steps):
            times = [moment for step in steps if (moment := moment_of(step.at)) is not None]
            last = max(times, default=None) or moment_of(journal.ended) or datetime.now(UTC)
            found[action.key] = last + kept.ahead
    return found
