"""What the migration would cost: reads only, and the same numbers for every plan of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from intune_scep.audience.impact import (
    Echo,
    HostImpact,
    InUse,
    ProfileImpact,
    count_in_use,
    echoes_of,
    host_impacts,
    impact_of,
    totals,
    waves_of,
)
from intune_scep.audience.load import Load, Ring, Spread, load_per_hour, peak
from intune_scep.audience.reissued import is_reported
from intune_scep.changes.plan import Action, Plan
from intune_scep.changes.watch import Progress, silent
from intune_scep.errors import IntuneScepError, SelectionError
from intune_scep.graph.permissions import missing_permissions
from intune_scep.profiles import ScepProfile
from intune_scep.rules import Configuration, load_configuration
from intune_scep.strong_mapping.choices import Choices
from intune_scep.strong_mapping.plan import make_plan
from intune_scep.strong_mapping.reading import assess_snapshot
from intune_scep.tenant import SCEP_TYPES, NamesOf, Snapshot, Tenant, Wanted, read_snapshot
from intune_scep.tenant.issued import IssuedOnce
from intune_scep.wording import option

READING: Final = "DeviceManagementManagedDevices.Read.All"
"""The permission without which Intune reports no certificates."""
_STEPS: Final = 3
_LAG: Final = (
    "The report of issued certificates can be hours old, and lists what a device was given, not"
    " what it uses."
)


@dataclass(frozen=True)
class Impact:
    """What the migration costs, under the choices of the operator.

    Attributes:
        profiles: Those that would change.
        hosts: What meets at each SCEP host, over all profiles of the tenant.
        start: When the change is taken to be made.
        rings: What goes when; empty where all goes at once.
        load: Each host and hour, by how fast the change is taken to reach devices.
        echo: The renewals that come back.
        unchanged: How many SCEP profiles there are besides.
        notes: What was not read, and why.
        is_whole: Whether everything that was asked for could be read, and everything is known.
        requests: How many were sent for it.
    """

    tenant: str
    cloud: str
    profiles: tuple[ProfileImpact, ...]
    hosts: tuple[HostImpact, ...]
    start: datetime
    rings: tuple[Ring, ...]
    load: Mapping[Spread, tuple[Load, ...]]
    echo: tuple[Echo, ...]
    unchanged: int = 0
    notes: tuple[str, ...] = ()
    is_whole: bool = True
    requests: int = 0

    @property
    def totals(self) -> dict[str, Any]:
        """All profiles that would change together; see `audience.impact.totals`."""
        return totals(self.profiles)

    @property
    def unknown(self) -> tuple[ProfileImpact, ...]:
        """Profiles of whose certificates nothing is known."""
        return tuple(item for item in self.profiles if item.in_use is None)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "tenant": self.tenant,
            "cloud": self.cloud,
            "counts": {"profiles": len(self.profiles), "unchanged": self.unchanged},
            "totals": self.totals,
            "profiles": [item.to_dict() for item in self.profiles],
            "hosts": [item.to_dict() for item in self.hosts],
            "start": self.start.isoformat(timespec="seconds"),
            "rings": [
                {
                    "name": ring.name,
                    "start": ring.start.isoformat(timespec="seconds"),
                    "profiles": list(ring.profiles),
                }
                for ring in self.rings
            ],
            "load": {
                spread.value: [item.to_dict() for item in loads]
                for spread, loads in self.load.items()
            },
            "peak": {
                spread.value: [item.to_dict() for item in peak(loads)]
                for spread, loads in self.load.items()
            },
            "echo": [item.to_dict() for item in self.echo],
            "is_whole": self.is_whole,
            "notes": list(self.notes),
        }


async def read_impact(
    tenant: Tenant,
    choices: Choices | None = None,
    rules: Configuration | None = None,
    *,
    rings: Sequence[Ring] = (),
    start: datetime | None = None,
    issued: IssuedOnce | None = None,
    progress: Progress = silent,
) -> Impact:
    """Read the SCEP profiles, what uses them and which certificates are out, and forecast.

    Requests: the pages of all configurations, one for each 20 certificate links, root links and
    groups, the filters, and one export job, which Intune takes some seconds for.

    Args:
        choices: Which profiles change, as for a plan.
        rules: As for a plan.
        rings: What goes when; at once if there are none.
        start: When the change is taken to be made; now by default.
        issued: What was read of issued certificates in this job before.
        progress: Told of each step.

    Raises:
        SelectionError: the choices do not fit the tenant, or say how a plan is limited.
        GraphError, GraphTransportError: the profiles could not be read. Certificates that cannot be
            read are unknown; they need DeviceManagementManagedDevices.Read.All.
    """
    choices = choices or Choices()
    _require_meaning(choices)
    if rules is None and choices.rules_path is not None:
        rules = load_configuration(Path(choices.rules_path))
    before = tenant.session.requests_sent
    progress(0, _STEPS, "profiles and what uses them")
    snapshot = await read_snapshot(tenant, _wanted(NamesOf.SHOWN))
    plan = make_plan(await assess_snapshot(tenant, snapshot, rules), choices)
    progress(1, _STEPS, "the report of issued certificates")
    asked = [item for item in snapshot.profiles if isinstance(item, ScepProfile)]
    in_use, why = await _in_use(tenant, issued or IssuedOnce(tenant), asked)
    progress(_STEPS, _STEPS, "")
    writing = {action.id for action in plan.writing}
    impacts = [_impact(item, in_use, why, snapshot) for item in asked]
    changing = tuple(item for item in impacts if item.profile.id in writing)
    others = [item for item in impacts if item.profile.id not in writing]
    at = start or tenant.now()
    waves = waves_of(changing, at, rings)
    known = all(item.enrolments is not None for item in changing)
    return Impact(
        tenant.tenant_id,
        tenant.cloud,
        changing,
        host_impacts(changing, others),
        at.astimezone(UTC),
        tuple(rings),
        {spread: load_per_hour(waves, spread) for spread in Spread},
        echoes_of(changing, at, rings),
        unchanged=len(others),
        notes=(*snapshot.notes, *_not_read(snapshot), *([why] if why else [_LAG])),
        is_whole=not snapshot.unread and known,
        requests=tenant.session.requests_sent - before,
    )


def _require_meaning(choices: Choices) -> None:
    """Refuse choices that say how a plan is made or limited, not which profiles change."""
    for name in ("no_impact", "min_ready", "max_changes"):
        if getattr(choices, name) not in (None, False):
            raise SelectionError(f"{option(name)} has no meaning for an impact: leave it out.")


async def with_impact(
    tenant: Tenant, plan: Plan, issued: IssuedOnce, *, progress: Progress = silent
) -> Plan:
    """A plan of the migration with what it costs; one that changes nothing stays as it is.

    Nothing is read where it is not certain that the certificates may be read. What cannot be read
    is unknown, and stops no plan.
    """
    if not plan.writing:
        return plan
    if why := _why_not_asked(tenant):
        return replace(plan, impact={"unknown": why})
    progress(0, _STEPS, "what uses the certificates")
    try:
        snapshot = await read_snapshot(tenant, _wanted(NamesOf.NOTHING))
    except IntuneScepError as error:
        return replace(plan, impact={"unknown": _unknown(str(error))})
    writing = {action.id for action in plan.writing}
    asked = [
        item for item in snapshot.profiles if isinstance(item, ScepProfile) and item.id in writing
    ]
    progress(1, _STEPS, "the report of issued certificates")
    in_use, why = await _in_use(tenant, issued, asked)
    progress(_STEPS, _STEPS, "")
    impacts = {item.profile.id: item for item in (_impact(p, in_use, why, snapshot) for p in asked)}
    actions = tuple(_told(action, impacts.get(action.id)) for action in plan.actions)
    total = totals(tuple(impacts.values()))
    if why:
        total["unknown"] = why
    return replace(plan, actions=actions, impact=total, notes=(*plan.notes, *_not_read(snapshot)))


def _wanted(names: NamesOf) -> Wanted:
    return Wanted(SCEP_TYPES, assignments=True, names=names, dependants=True)


def _told(action: Action, impact: ProfileImpact | None) -> Action:
    told = impact.brief() if impact is not None else None
    return replace(action, details={**action.details, "impact": told})


def _impact(
    profile: ScepProfile, in_use: Mapping[str, InUse] | None, why: str, snapshot: Snapshot
) -> ProfileImpact:
    return impact_of(profile, in_use, snapshot.dependants, snapshot.words, why_unknown=why)


async def _in_use(
    tenant: Tenant, issued: IssuedOnce, profiles: Sequence[ScepProfile]
) -> tuple[Mapping[str, InUse] | None, str]:
    """The certificates in use by profile, or None and why they are not known."""
    granted = tenant.granted_permissions
    if granted is not None and missing_permissions([READING], granted):
        return None, _unknown(f"{READING} is missing.")
    try:
        found = await issued.read(
            [item.id for item in profiles if item.id and is_reported(item.profile_type.platform)]
        )
    except IntuneScepError as error:
        return None, _unknown(f"{error} It needs {READING}.")
    return count_in_use(found, tenant.now()), ""


def _why_not_asked(tenant: Tenant) -> str:
    granted = tenant.granted_permissions
    if granted is None:
        return _unknown(f"the token does not say whether it has {READING}.")
    return _unknown(f"{READING} is missing.") if missing_permissions([READING], granted) else ""


def _unknown(why: str) -> str:
    return f"How many certificates that are is unknown: {why}"


def _not_read(snapshot: Snapshot) -> list[str]:
    """What a plan has not said already."""
    links = [item for item in snapshot.failures if item.what.startswith("a certificate link")]
    notes = [f"Not read: {item}" for item in links]
    if links:
        notes.append("A profile that uses the certificates may be missing among those counted.")
    return notes
