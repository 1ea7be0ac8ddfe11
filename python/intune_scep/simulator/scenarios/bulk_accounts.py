"""Users, groups and devices of large tenants."""

from collections.abc import Iterator, Mapping, Sequence

from intune_scep.simulator.scenario import Certificate, Wire
from intune_scep.simulator.scenarios.wire import stable_id

DOMAIN = "bulk.example"
USERS_IN_A_GROUP = 500
_DOMAIN_SID = "S-1-5-21-1004336348-1177238915-682003330"
_WITHOUT_SID = 10
_ISSUED = "2026-01-05T08:00:00Z"
_SYSTEMS: Mapping[str, tuple[str, str, str, str, str]] = {
    "windows": ("Windows", "10.0.26100.4652", "ServerAd", "hybridAzureADJoined", "mdm"),
    "ios": ("iOS", "26.1", "Workplace", "azureADRegistered", "mdm"),
    "macos": ("macOS", "26.1", "Workplace", "azureADRegistered", "mdm"),
}
"""Platform -> `operatingSystem`, `osVersion`, `trustType`, `joinType`, `managementAgent`."""


def users(count: int) -> Iterator[Wire]:
    """Accounts; every tenth exists in the cloud only and so has no SID."""
    for number in range(count):
        name = f"user{number + 1:07d}"
        synchronised = number % _WITHOUT_SID != _WITHOUT_SID - 1
        yield {
            "id": user_id(number),
            "displayName": f"Bulk User {number + 1:07d}",
            "givenName": "Bulk",
            "surname": f"User {number + 1:07d}",
            "userPrincipalName": f"{name}@{DOMAIN}",
            "mail": f"{name}@{DOMAIN}",
            "mailNickname": name,
            "accountEnabled": True,
            "userType": "Member",
            "onPremisesSyncEnabled": True if synchronised else None,
            "onPremisesSamAccountName": name if synchronised else None,
            "onPremisesSecurityIdentifier": _sid(1_000_000 + number) if synchronised else None,
        }


def user_id(number: int) -> str:
    """Id of a user, counted from 0."""
    return stable_id("bulk user", str(number))


def groups(n_users: int) -> dict[str, tuple[str, ...]]:
    """Id of a group -> ids of its members, 500 each."""
    return {
        stable_id("bulk group", str(start // USERS_IN_A_GROUP)): tuple(
            user_id(number) for number in range(start, min(start + USERS_IN_A_GROUP, n_users))
        )
        for start in range(0, n_users, USERS_IN_A_GROUP)
    }


def group_bodies(ids: Sequence[str]) -> Iterator[Wire]:
    """The groups themselves."""
    for number, identifier in enumerate(ids, 1):
        yield {
            "id": identifier,
            "displayName": f"Bulk group {number:04d}",
            "mailEnabled": False,
            "securityEnabled": True,
        }


def devices(count: int, platforms: Sequence[str]) -> Iterator[Wire]:
    """What Entra knows of the devices."""
    for number in range(count):
        system, version, trust, _, _ = _SYSTEMS[platforms[number % len(platforms)]]
        hybrid = trust == "ServerAd"
        yield {
            "id": stable_id("bulk device", str(number)),
            "deviceId": stable_id("bulk device id", str(number)),
            "displayName": _device_name(number),
            "trustType": trust,
            "operatingSystem": system,
            "operatingSystemVersion": version,
            "isManaged": True,
            "accountEnabled": True,
            "onPremisesSyncEnabled": True if hybrid else None,
            "onPremisesSecurityIdentifier": _sid(5_000_000 + number) if hybrid else None,
        }


def managed_devices(count: int, platforms: Sequence[str], n_users: int) -> Iterator[Wire]:
    """What Intune knows of the devices; users own them in turn."""
    for number in range(count):
        system, version, _, join, agent = _SYSTEMS[platforms[number % len(platforms)]]
        owner = number % n_users if n_users else None
        yield {
            "id": managed_device_id(number),
            "azureADDeviceId": stable_id("bulk device id", str(number)),
            "deviceName": _device_name(number),
            "joinType": join,
            "operatingSystem": system,
            "osVersion": version,
            "managementAgent": agent,
            "serialNumber": f"BULK{number + 1:08d}",
            "userId": None if owner is None else user_id(owner),
            "userPrincipalName": None if owner is None else f"user{owner + 1:07d}@{DOMAIN}",
            "managedDeviceOwnerType": "company",
        }


def managed_device_id(number: int) -> str:
    """Id of a managed device, counted from 0."""
    return stable_id("bulk managed device", str(number))


def certificates(
    n_devices: int, platforms: Sequence[str], profiles: Sequence[tuple[str, Wire]]
) -> Iterator[Certificate]:
    """One certificate on each device, of the profiles of its platform in turn.

    Args:
        n_devices: Number of devices.
        platforms: Platforms of the devices, taken in turn.
        profiles: Platform and SCEP profile.
    """
    fitting = {
        platform: [str(wire["id"]) for of, wire in profiles if of == platform]
        for platform in set(platforms)
    }
    for number in range(n_devices):
        choice = fitting[platforms[number % len(platforms)]]
        if choice:
            profile = choice[number // len(platforms) % len(choice)]
            yield Certificate(profile, managed_device_id(number), issued=_ISSUED)


def _device_name(number: int) -> str:
    return f"BULK-{number + 1:07d}"


def _sid(relative: int) -> str:
    return f"{_DOMAIN_SID}-{relative}"
