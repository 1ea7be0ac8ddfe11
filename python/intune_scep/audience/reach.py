"""Whom the assignments of a profile reach, and what Graph does not tell of it. Pure.

Exclusions count within their own kind only: a group of users takes no device out of a group of
devices (ROLLOUT.md 1), and assignment filters are evaluated by Intune alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from intune_scep.profiles.targets import Target, TargetKind
from intune_scep.rules.targets import describe, excluded_groups, included
from intune_scep.tenant.population import Population


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom assignments reach, directly.

    Attributes:
        users, devices: Sets of accounts of the population. Where `unsure` says why, they are who
            may be reached at most, or those that could be read of them.
        unsure: What could not be evaluated, in sentences.
    """

    users: int
    devices: int
    unsure: tuple[str, ...] = ()


def reach_of(targets: frozenset[Target], population: Population, names: Mapping[str, str]) -> Reach:
    """Evaluate assignments.

    Args:
        targets: As `rules.targets.read_targets` gives them.
        names: Names of groups and assignment filters by their ids in lower case.
    """
    users = devices = 0
    unsure = list(_unread(targets, population, names))
    for target in included(targets):
        more_users, more_devices = _members(target, population)
        users |= more_users
        devices |= more_devices
        if target.filter_id:
            called = names.get(target.filter_id, target.filter_id)
            unsure.append(
                f"The assignment filter {called!r} is evaluated by Intune alone; whom it leaves out"
                " is not known."
            )
        if target.kind in {TargetKind.COLLECTION, TargetKind.OTHER}:
            unsure.append(f"Graph does not tell who is in {describe([target])}.")
    for group in excluded_groups(targets):
        users &= ~population.group_users.get(group, 0)
        devices &= ~population.group_devices.get(group, 0)
    return Reach(users, devices, tuple(dict.fromkeys(unsure)))


def _members(target: Target, population: Population) -> tuple[int, int]:
    if target.kind is TargetKind.ALL_USERS:
        return population.users.all if population.users is not None else 0, 0
    if target.kind is TargetKind.ALL_DEVICES:
        return 0, population.devices.all if population.devices is not None else 0
    if target.kind is TargetKind.GROUP:
        group = target.group_id
        return population.group_users.get(group, 0), population.group_devices.get(group, 0)
    return 0, 0


def _unread(
    targets: Iterable[Target], population: Population, names: Mapping[str, str]
) -> Iterator[str]:
    kinds = {target.kind for target in targets}
    by_group = bool(kinds & {TargetKind.GROUP, TargetKind.EXCLUDED_GROUP})
    if population.users is None and (by_group or TargetKind.ALL_USERS in kinds):
        yield "The users could not be read."
    if population.devices is None and (by_group or TargetKind.ALL_DEVICES in kinds):
        yield "The devices could not be read."
    for target in targets:
        if target.group_id and not _is_read(target.group_id, population):
            called = names.get(target.group_id, target.group_id)
            yield f"The members of the group {called!r} could not be read."


def _is_read(group: str, population: Population) -> bool:
    """Whether all members of a group are known, of the kinds of accounts that could be read."""
    held = (
        (population.users, population.group_users),
        (population.devices, population.group_devices),
    )
    asked = [groups for accounts, groups in held if accounts is not None]
    return bool(asked) and all(group in groups for groups in asked)
