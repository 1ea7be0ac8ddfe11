"""Whom a copy and its original are assigned to while rings move from one to the other. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from intune_scep.changes.plan import Action, Difference
from intune_scep.changes.status import Status
from intune_scep.changes.steps import Assignments, Seen
from intune_scep.changes.steps.assign import Assign
from intune_scep.profiles import Profile
from intune_scep.profiles.targets import Target, TargetKind, same_assignments, targets_of


def given_to(
    groups: Collection[str], original: Assignments, held: Assignments, rings: Collection[str]
) -> Assignments:
    """A copy given to the groups of a ring: with the filter of its original, and not to those whom
    the original leaves out.

    Args:
        original: Whom the original is for.
        held: Whom the copy is for.
        rings: Ids of the groups of every ring, in lower case: leaving one out is the rollout's own.
    """
    left_out = (item for item in original if _is_exclusion(item) and _group_of(item) not in rings)
    there = {_group_of(item) for item in held if _is_exclusion(item)}
    new = (item for item in left_out if _group_of(item) not in there)
    like = next((target for target in targets_of(original) if not target.is_exclusion), None)
    return (*held, *_new(held, groups, TargetKind.GROUP, like), *new)


def everybody(original: Assignments, held: Assignments, rings: Collection[str]) -> Assignments:
    """A copy for all whom the original was for before rings were taken out of it, and every ring.

    Args:
        rings: As for `given_to`.
    """
    kept = tuple(
        item for item in original if not (_is_exclusion(item) and _group_of(item) in rings)
    )
    kinds = {target.kind for target in targets_of(kept)}
    if kinds & {TargetKind.ALL_USERS, TargetKind.ALL_DEVICES}:
        # They cannot stand beside included groups (ROLLOUT.md 1).
        return kept
    named = {_group_of(item) for item in kept}
    return (*kept, *(item for item in held if _group_of(item) not in named))


def without(held: Assignments, groups: Collection[str]) -> Assignments:
    """Assignments with groups taken out: no longer given to them, and excluded where others still
    have it, whose members they may share. No group can be both."""
    out = {group.lower() for group in groups}
    kept = tuple(item for item in held if _is_exclusion(item) or _group_of(item) not in out)
    if all(map(_is_exclusion, kept)):
        return ()
    return (*kept, *_new(kept, groups, TargetKind.EXCLUDED_GROUP))


def why_no_filter(profile: Profile) -> Iterator[str]:
    """Why it cannot be told which filter the groups of a ring should have, in sentences."""
    targets = (target.folded for target in targets_of(profile.assignments or ()))
    filters = {(t.filter_id, t.filter_type) for t in targets if not t.is_exclusion}
    if len(filters) > 1:
        yield (
            f"{profile.display_name or profile.id!r} is assigned with several filters, or with one"
            " in some places only: which of them the groups of the ring should have cannot be"
            " told. Give all its assignments the same, or migrate it in place."
        )


def as_written(item: Mapping[str, Any]) -> dict[str, Any]:
    """An assignment as it is written: without the server's own properties."""
    kept = {name: item[name] for name in ("target", "intent") if item.get(name) is not None}
    return {**kept, "target": target_wire(item)}


def target_wire(item: Mapping[str, Any]) -> dict[str, Any]:
    """The target of an assignment, as it was sent."""
    return dict(item.get("target") or {})


def _new(
    held: Assignments, groups: Collection[str], kind: TargetKind, like: Target | None = None
) -> Assignments:
    """Assignments of groups that are not there yet.

    Args:
        like: A target whose filter they have too.
    """
    there = {target.group_id.lower() for target in targets_of(held) if target.kind is kind}
    usual = Target(kind)
    if like is not None:
        usual = replace(usual, filter_id=like.filter_id, filter_type=like.filter_type)
    return tuple(
        {"target": replace(usual, group_id=group).to_wire()}
        for group in groups
        if group.lower() not in there
    )


def _is_exclusion(item: Mapping[str, Any]) -> bool:
    return Target.of(target_wire(item)).is_exclusion


def _group_of(item: Mapping[str, Any]) -> str:
    return Target.of(target_wire(item)).group_id.lower()


def assigned(key: str, profile: Profile, held: Assignments, wanted: Assignments) -> Action:
    """The action that assigns a profile to whom it is to be for; none where it is.

    Args:
        held: Whom it is for now.
    """
    common: dict[str, Any] = {
        "key": key,
        "odata_type": profile.odata_type,
        "name": profile.display_name or "",
        "id": profile.id,
    }
    if same_assignments(held, wanted):
        return Action(action="none", **common)
    after = tuple(as_written(item) for item in wanted)
    return Action(
        action="update",
        status=Status.PLANNED,
        steps=(Assign(held, after),),
        seen=Seen(profile.version, profile.last_modified_date_time, held),
        diff=(Difference("assignments", [*map(target_wire, held)], [*map(target_wire, after)]),),
        **common,
    )
