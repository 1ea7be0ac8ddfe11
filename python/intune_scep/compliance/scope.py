"""How many users and devices a profile reaches, as far as the directory tells. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from intune_scep.audience.systems import runs
from intune_scep.profiles import Platform, ScepProfile
from intune_scep.rules import NOT_READ, DirectoryFacts, GroupFacts, NotRead
from intune_scep.rules.targets import Target, TargetKind, excluded_groups, included
from intune_scep.tenant.directory import (
    USER_ATTRIBUTES,
    DeviceAccount,
    Directory,
)
from intune_scep.tenant.entities import HYBRID_JOINED


def group_facts(directory: Directory | None) -> Mapping[str, GroupFacts] | NotRead:
    """Members of every group that was read."""
    if directory is None:
        return NOT_READ
    return {
        group: GroupFacts(len(directory.group_users[group]), len(directory.group_devices[group]))
        for group in directory.group_users.keys() & directory.group_devices.keys()
    }


def directory_facts(
    directory: Directory | None, profile: ScepProfile, targets: Iterable[Target]
) -> DirectoryFacts | NotRead:
    """Count who is in scope.

    What cannot be counted honestly is left out: assignment filters are evaluated by Intune only,
    and which users sign in on a device, or which devices a user has, is not read.
    """
    if directory is None:
        return NOT_READ
    targets = frozenset(targets)
    given = included(targets)
    if any(target.filter_id for target in given):
        return DirectoryFacts()
    users = _members(given, TargetKind.ALL_USERS, directory.all_users, directory.group_users)
    devices = _members(
        given, TargetKind.ALL_DEVICES, directory.all_devices, directory.group_devices
    )
    if users is None or devices is None:
        return DirectoryFacts()
    for group in excluded_groups(targets):
        if group not in directory.group_users or group not in directory.group_devices:
            return DirectoryFacts()
        users -= directory.group_users[group]
        devices -= directory.group_devices[group]
    return _count(directory, profile, users, devices)


def _members(
    targets: Iterable[Target],
    everything: TargetKind,
    all_ids: frozenset[str] | None,
    groups: Mapping[str, frozenset[str]],
) -> frozenset[str] | None:
    found: frozenset[str] = frozenset()
    for target in targets:
        if target.kind is everything:
            more = all_ids
        elif target.kind is TargetKind.GROUP:
            more = groups.get(target.group_id)
        else:
            more = frozenset()
        if more is None:
            return None
        found |= more
    return found


def _count(
    directory: Directory, profile: ScepProfile, users: frozenset[str], devices: frozenset[str]
) -> DirectoryFacts:
    own = _runs(profile.profile_type.platform)
    accounts = [directory.devices[item] for item in devices if own(directory.devices[item])]
    if accounts and users:
        # Mixed targets: neither the users of these devices nor the devices of these users are
        # known, so neither count would be the whole.
        return DirectoryFacts()
    if accounts:
        hybrid = [item for item in accounts if item.trust_type == HYBRID_JOINED]
        return DirectoryFacts(
            devices=len(accounts),
            devices_without_sid=sum(not item.has_sid for item in accounts),
            hybrid_devices=len(hybrid),
        )
    lacking = [directory.users[item] for item in users]
    return DirectoryFacts(
        users=len(users),
        users_without={
            name: sum(name in missing for missing in lacking) for name in USER_ATTRIBUTES
        },
    )


def _runs(platform: Platform) -> Callable[[DeviceAccount], bool]:
    return lambda device: runs(platform, device.operating_system)
