"""Sentences a person should read before agreeing to a change (DOMAIN.md 2)."""

from __future__ import annotations

from collections.abc import Iterator

from intune_scep.desired_state.differences import reissues
from intune_scep.desired_state.plan import (
    AssignmentChange,
    Reissues,
    RootChange,
    RootTarget,
    StateAction,
)
from intune_scep.desired_state.translation import Wire
from intune_scep.profiles import Profile, ProfileKind


def is_scep(action: StateAction) -> bool:
    """Whether an action is about a SCEP profile."""
    return action.profile_type.kind is ProfileKind.SCEP


def deletion_notes(action: StateAction) -> Iterator[str]:
    """What deleting a profile means."""
    if not is_scep(action):
        return
    if action.profile_type.can_revoke:
        yield "Its certificates are revoked and not issued again."
    else:
        yield "Intune cannot revoke certificates on this platform: do that at the CA."


def creation_notes(kind: ProfileKind, root: RootTarget | None) -> Iterator[str]:
    """What a new profile lacks."""
    if kind is ProfileKind.SCEP and root is None:
        yield "It has no trusted root: devices will not get certificates from it."


def replacement_notes(action: StateAction, current: Profile) -> Iterator[str]:
    """What making a profile anew means."""
    yield f"A new profile takes the place of {current.id}, which is then deleted."
    if not is_scep(action):
        return
    if current.profile_type.can_revoke:
        yield "The certificates of the old profile are revoked; the new one issues others."
    else:
        yield "Intune cannot revoke the old certificates on this platform: do that at the CA."
    yield "Wi-Fi, VPN and other profiles that point at the old one have to be pointed at the new."


def update_notes(
    action: StateAction,
    changes: Wire,
    root: RootChange | None,
    assignments: AssignmentChange | None,
) -> Iterator[str]:
    """What a change in place means."""
    if not is_scep(action):
        return
    if changes or root is not None:
        yield (
            "Reported to re-issue every certificate of the profile and to revoke the old ones."
            if reissues(action.profile_type, changes, relinked=root is not None) is Reissues.YES
            else "Reported not to re-issue certificates; Microsoft's page says that any change to a"
            " SCEP profile revokes them."
        )
    if root is not None and root.after is None:
        yield "It will have no trusted root: devices will not get certificates from it."
    if assignments is not None:
        yield (
            "Devices that leave the assignment have their certificate revoked and removed."
            " Whether other devices are re-issued theirs is not known."
        )
