"""What a change board is told of a rollout: read anew, nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from intune_scep.audience.load import Ring as LoadRing
from intune_scep.audience.readiness import ProfileReadiness
from intune_scep.changes.watch import Progress, silent
from intune_scep.rollout.file import load_rollout
from intune_scep.rollout.journal import journal_path, read_state
from intune_scep.rollout.model import Gates
from intune_scep.rollout.reading import resolve_in
from intune_scep.rollout.resolution import Resolved
from intune_scep.rollout.state import RolloutState
from intune_scep.strong_mapping.choices import Choices
from intune_scep.strong_mapping.impact import Impact, read_impact
from intune_scep.strong_mapping.readiness import read_readiness
from intune_scep.tenant import Tenant

_STEPS = 3


@dataclass(frozen=True)
class ChangeRecord:
    """A rollout for people who did not write its file.

    Attributes:
        resolved: The file with what it names in the tenant.
        impact: What it costs, ring by ring, if each gate takes its `soak` and no longer.
        readiness: Of its profiles, by id.
        state: How far it is; None where it is not started.
        journal: Where its state is, or will be.
        made_at: The service's time.
        notes: What could not be read.
    """

    tenant: str
    cloud: str
    resolved: Resolved
    impact: Impact
    readiness: dict[str, ProfileReadiness]
    state: RolloutState | None
    journal: Path
    made_at: datetime
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "tenant": self.tenant,
            "cloud": self.cloud,
            "made_at": self.made_at.isoformat(timespec="seconds"),
            "rollout": self.resolved.file.to_dict(),
            "resolved": self.resolved.to_dict(),
            "impact": self.impact.to_dict(),
            "readiness": [item.to_dict() for item in self.readiness.values()],
            "state": self.state.to_dict() if self.state is not None else None,
            "journal": str(self.journal),
            "notes": list(self.notes),
        }


async def read_record(
    tenant: Tenant, path: Path, *, journal: Path | None = None, progress: Progress = silent
) -> ChangeRecord:
    """Read what a rollout does, whom it reaches and what it costs.

    Raises:
        IntuneScepError: the file is wrong, or the profiles cannot be read. Users, devices and
            certificates that cannot be read are told as unknown.
    """
    file = load_rollout(path)
    progress(0, _STEPS, "profiles and groups")
    where = journal_path(tenant.tenant_id, file.name, journal)
    state = read_state(where)
    made = state.clones.values() if state is not None else ()
    resolved = await resolve_in(tenant, file, made=made)
    ids = [item.profile.id or "" for item in resolved.bundles]
    progress(1, _STEPS, "certificates and what uses them")
    impact = await read_impact(
        tenant,
        Choices(
            only=tuple(ids),
            include_android=True,
            include_device_certificates=True,
            include_legacy_san=True,
        ),
        rings=tuple(_rings(resolved, tenant.now())) if not file.bundles else (),
    )
    progress(2, _STEPS, "users and devices")
    readiness = await read_readiness(tenant)
    progress(_STEPS, _STEPS, "")
    return ChangeRecord(
        tenant.tenant_id,
        tenant.cloud,
        resolved,
        impact,
        {item.profile.id or "": item for item in readiness.profiles if item.profile.id in ids},
        state,
        where,
        tenant.now(),
        tuple(dict.fromkeys((*resolved.notes, *impact.notes, *readiness.notes))),
    )


def _rings(resolved: Resolved, start: datetime) -> Iterator[LoadRing]:
    """When each ring goes at the earliest."""
    for ring in resolved.rings:
        profiles = tuple(item.profile.id or "" for item in ring.bundles)
        yield LoadRing(ring.ring.name, start, profiles)
        start += ring.ring.gates.soak


def gate_words(gates: Gates) -> Iterator[str]:
    """What a gate asks, in words."""
    yield f"{_span(gates.soak)} have gone by"
    if gates.seen is not None:
        yield f"{gates.seen:g} % of the devices checked in"
    if gates.reissued is not None:
        yield f"{gates.reissued:g} % of those have a new certificate"
    if gates.max_failed is not None:
        limits = []
        if gates.max_failed.share is not None:
            limits.append(f"{gates.max_failed.share:g} %")
        if gates.max_failed.count is not None:
            limits.append(f"{gates.max_failed.count} devices")
        yield f"no more than {' and '.join(limits)} fail"
    if gates.connector:
        yield "every certificate connector is healthy"
    if gates.command is not None:
        yield f"{' '.join(gates.command)} ends with 0"
    if gates.approval:
        yield "a person approves"


def _span(span: timedelta) -> str:
    hours = span / timedelta(hours=1)
    return f"{hours:g} h"
