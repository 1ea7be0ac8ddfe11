"""Endings and warnings of actions: what a person should read before agreeing (DOMAIN.md 2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from intune_scep.declarations.codecs import Wire
from intune_scep.declarations.resolution import RootTarget
from intune_scep.desired_state.differences import reissues
from intune_scep.desired_state.plan import (
    AssignmentChange,
    Change,
    Reissues,
    RootChange,
    StateAction,
)
from intune_scep.profiles import Profile, ProfileKind, ProfileType
from intune_scep.profiles.revocation import about_any_change, about_replaced, about_taken_away


def is_scep(action: StateAction) -> bool:
    """Whether an action is about a SCEP profile."""
    return action.profile_type.kind is ProfileKind.SCEP


def refused(action: StateAction, *reasons: str, way_out: str = "") -> StateAction:
    """The action as one that cannot be carried out.

    Args:
        reasons: One sentence, or a few, for each thing that is wrong.
        way_out: What is said once, after all of them.
    """
    return StateAction(
        action.index,
        Change.REFUSED,
        action.profile_type,
        action.name,
        action.current,
        message=" ".join(filter(None, (*reasons, way_out))),
        problems=reasons,
    )


def deleted(blank: StateAction, current: Profile) -> StateAction:
    """The action that deletes a profile."""
    return replace(
        blank,
        change=Change.DELETE,
        name=current.display_name or blank.name,
        reissues=Reissues.YES if is_scep(blank) else Reissues.NO,
        notes=tuple(deletion_notes(blank)),
    )


def deletion_notes(action: StateAction) -> Iterator[str]:
    """What deleting a profile means."""
    if not is_scep(action):
        return
    yield "Its certificates go with it and are not issued again."
    yield about_taken_away(action.profile_type.platform)


def creation_notes(kind: ProfileKind, root: RootTarget | None) -> Iterator[str]:
    """What a new profile lacks."""
    if root is not None and root.awaited:
        yield root.awaited
    if kind is ProfileKind.SCEP and root is None:
        yield "It has no trusted root: devices will not get certificates from it."


def replacement_notes(action: StateAction, current: Profile) -> Iterator[str]:
    """What making a profile anew means."""
    yield f"A new profile takes the place of {current.id}, which is then deleted."
    if not is_scep(action):
        return
    yield "The certificates of the old profile go with it; the new one issues others."
    yield about_taken_away(current.profile_type.platform)
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
        yield _about_reissue(action.profile_type, changes, relinked=root is not None)
    if root is not None and root.after is not None and root.after.awaited:
        yield root.after.awaited
    if root is not None and root.after is None:
        yield "It will have no trusted root: devices will not get certificates from it."
    if assignments is not None:
        yield _about_leaving(action.profile_type)


def _about_leaving(kind: ProfileType) -> str:
    """What becomes of the certificates of devices that leave the assignment (DOMAIN.md 2.1)."""
    return (
        "Devices that leave the assignment lose their certificates."
        f" {about_taken_away(kind.platform)} Whether other devices are re-issued theirs is not"
        " known."
    )


def _about_reissue(kind: ProfileType, changes: Wire, *, relinked: bool) -> str:
    """Who says what about a change; the two sources differ (DOMAIN.md 3, C-8)."""
    page = about_any_change(kind.platform)
    rows = [kind.properties_by_name.get(name) for name in changes]
    if any(row is not None and row.re_enrols for row in rows):
        return f"Every certificate of the profile is re-issued. {about_replaced(kind.platform)}"
    if reissues(kind, changes, relinked=relinked) is Reissues.PROBABLY_NOT:
        return f"Reported not to re-issue certificates, which nobody promises. {page}"
    return f"Nobody has reported whether this re-issues certificates. {page}"
