"""Actions that would harm others are refused: a taken name, a root still in use. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from intune_scep.desired_state.notes import refused
from intune_scep.desired_state.plan import Change, StateAction
from intune_scep.errors import IntuneScepError
from intune_scep.profiles import Profile, ProfileKind
from intune_scep.tenant import Snapshot


def safe_actions(actions: Sequence[StateAction], snapshot: Snapshot) -> list[StateAction]:
    """The actions with the harmful ones refused, and roots made to wait for their users."""
    names = _Names(actions, snapshot)
    checked = [names.checked(action) for action in actions]
    users = _Users(checked, snapshot)
    return [users.checked(action) for action in checked]


class _Names:
    """Who has which name when the plan is done."""

    def __init__(self, actions: Sequence[StateAction], snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._given = Counter(_name_given(action) for action in actions)
        self._leaving = {
            action.id
            for action in actions
            if action.change is Change.DELETE or "displayName" in action.body
        }

    def checked(self, action: StateAction) -> StateAction:
        """The action; refused if its rename would make two profiles of one type and name."""
        if action.change not in {Change.UPDATE, Change.REPLACE} or action.current is None:
            return action
        name = action.body.get("displayName")
        if name is None or name == action.current.display_name:
            return action
        if self._given[_name_given(action)] > 1:
            return refused(action, f"Another declaration gives the name {name!r} as well.")
        for profile in self._snapshot.index.named(action.profile_type, name):
            if profile.id not in self._leaving:
                return refused(action, f"Another profile has the name {name!r}: {profile.id}.")
        return action


def _name_given(action: StateAction) -> tuple[str, str | None]:
    return action.profile_type.odata_type, action.body.get("displayName")


class _Users:
    """Which SCEP profiles point at which root, and which of them let go of it."""

    def __init__(self, actions: Sequence[StateAction], snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._actions = {action.id: action for action in actions if action.current is not None}

    @cached_property
    def _links(self) -> tuple[Mapping[str | None, list[Profile]], Mapping[str, IntuneScepError]]:
        """Root id to the profiles that point at it, and root type to an error about its users."""
        users: dict[str | None, list[Profile]] = {}
        unknown: dict[str, IntuneScepError] = {}
        for profile in self._snapshot.profiles:
            link = self._snapshot.root_links.get(profile.id or "")
            root_type = profile.profile_type.root_type
            if isinstance(link, IntuneScepError) and root_type is not None:
                unknown.setdefault(root_type, link)
            elif link is not None and not isinstance(link, IntuneScepError):
                users.setdefault(link.id, []).append(profile)
        return users, unknown

    def checked(self, action: StateAction) -> StateAction:
        """The action; a root goes only when no SCEP profile points at it any more."""
        goes = action.change in {Change.DELETE, Change.REPLACE}
        if not goes or action.profile_type.kind is not ProfileKind.TRUSTED_ROOT:
            return action
        users, unknown = self._links
        if (error := unknown.get(action.profile_type.odata_type)) is not None:
            return refused(action, f"Who uses this root could not be read: {error}")
        waits: list[int] = []
        staying: list[str] = []
        for profile in users.get(action.id, ()):
            other = self._actions.get(profile.id)
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
        return replace(action, after=tuple(waits))


def _lets_go(other: StateAction, root: StateAction) -> bool:
    """Whether an action ends a SCEP profile's use of a root."""
    if other.change is Change.DELETE:
        return True
    if other.root is None:
        return False
    return other.root.after is None or other.root.after.id != root.id
