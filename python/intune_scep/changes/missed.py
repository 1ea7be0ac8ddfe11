"""Profiles that the listing at the end of a run has, and the one that the plan was made from lacks.

Listings move while they are read: an item can slip between two pages. Where Graph counts the
collection that is noticed at once; elsewhere a second listing shows it.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from intune_scep.changes.plan import Plan
from intune_scep.errors import IntuneScepError
from intune_scep.profiles import ProfileType
from intune_scep.tenant import SCEP_TYPES, Snapshot, Tenant, read_profiles
from intune_scep.tenant.profiles import CONFIGURATIONS

_SHOWN: Final = 5
# A listing of one page, and the retired collection: nothing slips between pages of which there is
# one.
_ONE_PAGE: Final = 2


def listed_types(plan: Plan) -> tuple[ProfileType, ...]:
    """The types that a listing at the end is of, so that it shows what the plan does not have."""
    if not plan.all_scep:
        return ()
    return tuple(row for row in SCEP_TYPES if row.collection == CONFIGURATIONS)


async def missed(
    tenant: Tenant, plan: Plan, listed: Snapshot | None, made: Collection[str]
) -> list[str]:
    """Sentences about profiles that the plan knew nothing of, and about what was listed badly.

    Args:
        listed: The listing at the end; one is made where there is none and the tenant has several
            pages.
        made: Ids of the profiles that the run made.
    """
    if not plan.all_scep:
        return []
    if listed is None:
        if plan.pages <= _ONE_PAGE:
            return []
        try:
            listed = await read_profiles(tenant, listed_types(plan))
        except IntuneScepError as error:
            return [f"Whether a profile was missing in the plan could not be read: {error}"]
    told = set(plan.notes)
    notes = [note for item in listed.left_out if (note := str(item)) not in told]
    known = {(action.id or "").lower() for action in plan.actions} | {each.lower() for each in made}
    strangers = [
        f"{profile.display_name!r} ({profile.id})"
        for profile in listed.profiles
        if profile.is_scep and (profile.id or "").lower() not in known
    ]
    return [*notes, _told(strangers)] if strangers else notes


def _told(strangers: list[str]) -> str:
    more = len(strangers) - _SHOWN
    shown = [*strangers[:_SHOWN], *([f"{more} more"] if more > 0 else [])]
    return (
        f"Not in the plan, although the listing at the end has them: {', '.join(shown)}. They were"
        " made since, or slipped between two pages when the plan was made. Plan again to see them"
        " judged."
    )
