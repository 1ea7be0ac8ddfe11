"""Holding back profiles that reach too many without a SID."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from intune_scep.audience.readiness import (
    REASON_LABELS,
    WITHOUT_SID,
    Audience,
    ProfileReadiness,
)
from intune_scep.changes.plan import Action
from intune_scep.changes.status import Hold, Status
from intune_scep.profiles import ScepProfile
from intune_scep.profiles.targets import group_ids
from intune_scep.rules.texts import listed
from intune_scep.tenant import Tenant
from intune_scep.tenant.entities import Progress
from intune_scep.tenant.names import names_to_show
from intune_scep.tenant.population import read_population
from intune_scep.wording import option

_MOST_REASONS: Final = 3
# What a row of the plan says of the profile already.
_SAID: Final = frozenset({"id", "name", "platform", "certificate_type"})


@dataclass(frozen=True)
class Measured:
    """Who has a SID, for each profile that would change.

    Attributes:
        found: Id of a profile to whom it reaches.
        notes: What could not be read, in sentences.
    """

    found: Mapping[str, ProfileReadiness]
    notes: tuple[str, ...] = ()

    @property
    def told(self) -> tuple[str, ...]:
        """What could not be read, and whom it keeps from being judged, each reason once."""
        about: dict[str, list[str]] = {}
        for item in self.found.values():
            name = item.profile.display_name or item.profile.id or "?"
            for why in item.unsure:
                about.setdefault(why, []).append(name)
        unknown = "Readiness is not known, and holds nothing back"
        return (
            *self.notes,
            *(f"{unknown}: {why} {listed(names)}" for why, names in about.items()),
        )


async def measure(
    tenant: Tenant, profiles: Sequence[ScepProfile], *, progress: Progress | None = None
) -> Measured:
    """Read whom some profiles reach, and who of them has a SID; for no profile nothing is read.

    Args:
        profiles: With their assignments.
        progress: Told after every page.
    """
    if not profiles:
        return Measured({})
    assignments = [item for profile in profiles for item in profile.assignments or ()]
    names, note = await names_to_show(tenant, assignments)
    population = await read_population(tenant, group_ids(assignments), progress=progress)
    audience = Audience(population, names.shown)
    return Measured(
        {profile.id or "": audience.readiness(profile) for profile in profiles},
        (*([note] if note else ()), *population.told),
    )


def held(action: Action, measured: Measured, least: float) -> Action:
    """An action, held back if it is known that fewer than `least` percent have a SID. Pure."""
    item = measured.found.get(action.key)
    if item is None or not action.writes:
        return action
    told = {name: value for name, value in item.to_dict().items() if name not in _SAID}
    details: dict[str, Any] = {**action.details, "readiness": {**told, "min_ready": least}}
    if not item.is_short(least):
        return replace(action, details=details)
    return replace(
        action,
        status=Status.HELD_BACK,
        hold=Hold.READINESS,
        message=_sentence(item, least),
        steps=(),
        diff=(),
        details={**details, "findings": []},
    )


def _sentence(item: ProfileReadiness, least: float) -> str:
    share, lacking = item.share or 0.0, item.counted - item.with_sid
    accounts = item.of.value if item.of else "account"
    short = item.short or {}
    reasons = sorted((reason for reason in WITHOUT_SID if short.get(reason)), key=short.__getitem__)
    largest = [f"{REASON_LABELS[reason]} {short[reason]:,}" for reason in reasons[::-1]]
    why = f" ({', '.join(largest[:_MOST_REASONS])})" if largest else ""
    # Cut, not rounded: a share below the threshold must not look like one that reaches it.
    return (
        f"Held back: {item.with_sid:,} of the {item.counted:,} {accounts}s that it reaches have a"
        f" SID, which is {int(share * 10) / 10:g} %, and {option('min_ready')} asks for {least:g}"
        f" %. {lacking:,} would get a certificate without a SID{why}."
    )
