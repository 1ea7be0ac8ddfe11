"""What the managed devices that a profile reaches have and lack. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from itertools import chain
from typing import Final

from intune_scep.audience.systems import ANDROID_SYSTEMS, runs
from intune_scep.certificate_states import Presence
from intune_scep.profiles import Platform, ScepProfile
from intune_scep.profiles.targets import Target, TargetKind
from intune_scep.rules import NOT_READ, DeviceFacts, NotRead, TenantFacts
from intune_scep.rules.platforms import ANDROID, family_of
from intune_scep.rules.targets import excluded_groups, included
from intune_scep.tenant.devices import (
    IDENTIFIERS,
    Devices,
    ManagedDevice,
)
from intune_scep.tenant.directory import Directory
from intune_scep.tenant.issued import IssuedCertificate

# How a device was enrolled says more than what it is.
_ENROLMENTS: Final = {
    "androidenterprisededicateddevice": Platform.ANDROID_DEVICE_OWNER,
    "androidenterprisefullymanaged": Platform.ANDROID_DEVICE_OWNER,
    "androidenterprisecorporateworkprofile": Platform.ANDROID_DEVICE_OWNER,
    "androidaospuserowneddeviceenrollment": Platform.ANDROID_AOSP,
    "androidaospuserlessdeviceenrollment": Platform.ANDROID_AOSP,
}
_KINDS: Final = {
    "androidforwork": Platform.ANDROID_WORK_PROFILE,
    "androidenterprise": Platform.ANDROID_DEVICE_OWNER,
    "androidngms": Platform.ANDROID_AOSP,
    "android": Platform.ANDROID_DEVICE_ADMINISTRATOR,
}


def tenant_facts(devices: Devices | None) -> TenantFacts | NotRead:
    """Settings of the tenant that were read with the devices."""
    if devices is None:
        return NOT_READ
    required = devices.requires_sid_alignment
    return TenantFacts(NOT_READ if required is None else required)


class DeviceScope:
    """Counts what the managed devices in scope of a profile have and lack.

    What cannot be counted honestly is left out: assignment filters are evaluated by Intune only,
    and who is in a group is known only where the directory was read.

    Args:
        devices, directory: None where they were not read.
        now: Against which the end of certificates is judged.
    """

    def __init__(self, devices: Devices | None, directory: Directory | None, now: datetime) -> None:
        self._devices = devices
        self._directory = directory
        self._now = now
        # Many profiles share their targets, and a tenant may have very many devices.
        self._reached: dict[frozenset[Target], list[ManagedDevice] | None] = {}
        self._counted: dict[tuple[frozenset[Target], Platform], DeviceFacts] = {}

    def facts(self, profile: ScepProfile, targets: Iterable[Target]) -> DeviceFacts | NotRead:
        """What is to be said of one profile and those it is assigned to."""
        if self._devices is None:
            return NOT_READ
        key = frozenset(targets), profile.profile_type.platform
        if key not in self._counted:
            self._counted[key] = self._count(*key)
        expired = _count_expired(self._devices, profile, self._now)
        return replace(self._counted[key], expired=expired)

    def _count(self, targets: frozenset[Target], platform: Platform) -> DeviceFacts:
        if targets not in self._reached:
            self._reached[targets] = self._reach(targets)
        reached = self._reached[targets]
        if reached is None:
            return DeviceFacts()
        androids = Counter(_android_platform(item) for item in reached if _is_android(item))
        if platform in ANDROID and androids[None]:
            # Some of them may be of this platform.
            return DeviceFacts(android_enrolments=androids)
        own = [item for item in reached if _takes(platform, item)]
        return DeviceFacts(
            devices=len(own),
            without_user=sum(not item.user_id for item in own),
            without={name: sum(name in item.lacks for item in own) for name in IDENTIFIERS},
            os_versions=Counter(item.os_version for item in own),
            android_enrolments=androids,
        )

    def _reach(self, targets: frozenset[Target]) -> list[ManagedDevice] | None:
        """The devices that targets reach, directly or through their user; None if not known.

        An exclusion counts only among its own kind: Intune does not take a user's devices away
        from a device group (GRAPH.md 2).
        """
        given = included(targets)
        managed = self._devices.managed if self._devices else None
        if managed is None or any(target.filter_id for target in given):
            return None
        kinds = {target.kind for target in given}
        members = self._members(item.group_id for item in given if item.kind is TargetKind.GROUP)
        without = self._members(excluded_groups(targets))
        if members is None or without is None:
            return None
        users = set(self._by_user) if TargetKind.ALL_USERS in kinds else members[0]
        owned = (self._by_user.get(user, ()) for user in users - without[0])
        entra = set(self._by_entra) if TargetKind.ALL_DEVICES in kinds else members[1]
        direct = (self._by_entra.get(identifier, ()) for identifier in entra - without[1])
        return [managed[key] for key in {*chain.from_iterable(owned), *chain.from_iterable(direct)}]

    @cached_property
    def _by_user(self) -> Mapping[str, list[str]]:
        """Ids of devices by their primary user; those without one are left out."""
        found = self._keys(lambda device: device.user_id)
        return {user: keys for user, keys in found.items() if user}

    @cached_property
    def _by_entra(self) -> Mapping[str, list[str]]:
        """Ids of devices by their Entra id; an empty one is of those that have none."""
        return self._keys(lambda device: device.entra_id)

    def _keys(self, of: Callable[[ManagedDevice], str]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        managed = self._devices.managed if self._devices else None
        for key, device in (managed or {}).items():
            found.setdefault(of(device), []).append(key)
        return found

    def _members(self, groups: Iterable[str]) -> tuple[frozenset[str], frozenset[str]] | None:
        """Ids of the users and Entra ids of the devices in groups; None if not all were read."""
        users: set[str] = set()
        devices: set[str] = set()
        for group in groups:
            directory = self._directory or Directory()
            members = directory.group_users.get(group)
            machines = directory.group_devices.get(group)
            if members is None or machines is None:
                return None
            users |= {item.lower() for item in members}
            devices |= {directory.devices[item].device_id for item in machines}
        return frozenset(users), frozenset(devices - {""})


def _is_android(device: ManagedDevice) -> bool:
    return device.system.startswith(ANDROID_SYSTEMS) or device.kind in _KINDS


def _android_platform(device: ManagedDevice) -> Platform | None:
    """The platform whose profiles an Android device takes; None if Intune does not say it."""
    return _ENROLMENTS.get(device.enrolment) or _KINDS.get(device.kind)


def _takes(platform: Platform, device: ManagedDevice) -> bool:
    """Whether profiles of a platform are for the device."""
    if platform in ANDROID:
        return _is_android(device) and _android_platform(device) in family_of(platform)
    return runs(platform, device.system)


def _count_expired(devices: Devices, profile: ScepProfile, now: datetime) -> int | NotRead:
    """On how many devices every certificate of the profile has expired.

    Where one is on its way, or the end of one is not known, nothing is said. Devices that are
    managed no more do not count, where it is known which are.
    """
    if devices.certificates is None or not profile.id:
        return NOT_READ
    by_device: dict[str, list[IssuedCertificate]] = {}
    for item in devices.by_profile.get(profile.id.lower(), ()):
        if item.presence is not Presence.GONE:
            by_device.setdefault(item.device_id, []).append(item)
    managed: Mapping[str, ManagedDevice] | None = devices.managed
    return sum(
        all(_has_expired(item, now) for item in held)
        for device, held in by_device.items()
        if managed is None or device in managed
    )


def _has_expired(certificate: IssuedCertificate, now: datetime) -> bool:
    end = certificate.valid_to
    return certificate.presence is Presence.HELD and end is not None and end < now
