"""Actions that would harm others are refused: a taken name, a root still in use. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from intune_scep.desired_state.matching import Observed
from intune_scep.desired_state.notes import refused
from intune_scep.desired_state.plan import Change, StateAction
from intune_scep.errors import IntuneScepError
from intune_scep.profiles import ProfileKind


def safe_actions(actions: Sequence[StateAction], observed: Observed) -> list[StateAction]:
    """The actions with the harmful ones refused, and roots made to wait for their users."""
    checked = [_with_free_name(action, actions, observed) for action in actions]
    return [_after_its_users(action, checked, observed) for action in checked]


def _with_free_name(
    action: StateAction, actions: Sequence[StateAction], observed: Observed
) -> StateAction:
    """Refuse a rename that would make two profiles of one type and name."""
    if action.change not in {Change.UPDATE, Change.REPLACE} or action.current is None:
        return action
    name = action.body.get("displayName")
    if name is None or name == action.current.display_name:
        return action
    for other in actions:
        renamed = other.index != action.index and other.body.get("displayName") == name
        if renamed and other.profile_type is action.profile_type:
            return refused(action, f"Another declaration gives the name {name!r} as well.")
    leaving = {a.id for a in actions if a.change is Change.DELETE or "displayName" in a.body}
    for profile in observed.profiles:
        if (
            profile.profile_type is action.profile_type
            and profile.display_name == name
            and profile.id not in leaving
        ):
            return refused(action, f"Another profile has the name {name!r}: {profile.id}.")
    return action


def _after_its_users(
    action: StateAction, actions: Sequence[StateAction], observed: Observed
) -> StateAction:
    """Let a root go only when no SCEP profile points at it any more."""
    goes = action.change in {Change.DELETE, Change.REPLACE}
    if not goes or action.profile_type.kind is not ProfileKind.TRUSTED_ROOT:
        return action
    by_profile = {other.id: other for other in actions if other.current is not None}
    waits: list[int] = []
    staying: list[str] = []
    for profile in observed.profiles:
        if profile.profile_type.root_type != action.profile_type.odata_type:
            continue
        link = observed.root_links.get(profile.id or "")
        if isinstance(link, IntuneScepError):
            return refused(action, f"Who uses this root could not be read: {link}")
        if link is None or link.id != action.id:
            continue
        other = by_profile.get(profile.id)
        if other is not None and _lets_go(other, action):
            waits.append(other.index)
        else:
            staying.append(f"{profile.display_name!r} ({profile.id})")
    if staying:
        return refused(
            action,
            f"The trusted root is still used by SCEP profiles: {', '.join(sorted(staying))}."
            " Declare another root_profile for them, or remove them, in the same run.",
        )
    return replace(action, after=(*action.after, *waits))


def _lets_go(other: StateAction, root: StateAction) -> bool:
    """Whether an action ends a SCEP profile's use of a root."""
    if other.change is Change.DELETE:
        return True
    if other.root is None:
        return False
    return other.root.after is None or other.root.after.id != root.id
