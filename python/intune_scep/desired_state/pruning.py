"""Which profiles go because nothing declares them any more. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from intune_scep.desired_state.choices import PlanChoices
from intune_scep.desired_state.notes import deleted
from intune_scep.desired_state.plan import Change, StateAction
from intune_scep.errors import StatePlanError
from intune_scep.profiles import ProfileIndex
from intune_scep.tenant import Snapshot
from intune_scep.wording import option


def pruned_actions(
    snapshot: Snapshot, declared: Collection[str | None], choices: PlanChoices, first: int
) -> tuple[list[StateAction], list[str]]:
    """Deletions of marked or listed profiles, and notes on what the list names in vain.

    Args:
        declared: Ids of the profiles that declarations are about.
        first: Index of the first action.

    Raises:
        StatePlanError: The list names a declared profile, or a name that several have.
    """
    if not choices.prune:
        return [], []
    notes = list(_check_list(snapshot.index, declared, choices))
    going = [
        profile
        for profile in snapshot.profiles
        if profile.id not in declared and choices.may_prune(profile)
    ]
    actions = [
        deleted(StateAction(index, Change.DELETE, profile.profile_type, "", profile), profile)
        for index, profile in enumerate(going, first)
    ]
    return actions, notes


def _check_list(
    index: ProfileIndex, declared: Collection[str | None], choices: PlanChoices
) -> Iterator[str]:
    for reference in choices.prune_list:
        by_id = index.by_id(reference)
        exact = by_id is not None and by_id.id == reference
        found = [by_id] if by_id is not None and exact else index.called(reference)
        if len(found) > 1:
            ids = ", ".join(sorted(profile.id or "?" for profile in found))
            raise StatePlanError(
                f"{option('prune_list')}: {len(found)} profiles have the name {reference!r}:"
                f" {ids}.",
                hint="Give the id instead.",
            )
        if not found:
            yield f"{option('prune_list')}: there is no profile {reference!r} (any more)."
        elif found[0].id in declared:
            raise StatePlanError(
                f"{option('prune_list')} names {reference!r}, which is declared as well."
            )
