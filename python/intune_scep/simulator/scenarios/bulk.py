"""Large tenants for load tests."""

from collections.abc import Iterator, Sequence

from intune_scep.simulator.scenario import Application, Scenario, Wire
from intune_scep.simulator.scenarios.bulk_accounts import (
    DOMAIN,
    certificates,
    devices,
    group_bodies,
    groups,
    managed_devices,
    users,
)
from intune_scep.simulator.scenarios.wire import (
    SID_URI,
    email,
    root_body,
    scep_body,
    stable_id,
    upn,
    uri,
)

PLATFORMS = ("windows", "ios", "macos", "windows")
"""Platforms whose user profiles strong mapping requires to change, Windows being the most used."""

_URLS = ("https://scep.bulk.example/certsrv/mscep/mscep.dll",)
_SANS: Sequence[Sequence[dict[str, str]]] = (
    (),
    (upn(),),
    (upn(), email()),
    (upn(), uri("IntuneDeviceId://{{DeviceId}}")),
)


def build(profiles: int = 1000, users: int = 2000, devices: int = 2000) -> Scenario:
    """The scenario of that name.

    Args:
        profiles: Number of SCEP profiles.
        users: Number of users.
        devices: Number of devices, each with a certificate of one of the profiles.
    """
    return bulk(profiles, n_users=users, n_devices=devices)


def bulk(
    n_scep: int,
    n_root: int = 4,
    *,
    platforms: Sequence[str] = PLATFORMS,
    mapped: int = 0,
    n_users: int = 0,
    n_devices: int = 0,
) -> Scenario:
    """A tenant of `n_scep` SCEP and at least `n_root` trusted root profiles.

    Every SCEP profile is a user profile for client authentication without a SID URI, except the
    first `mapped` ones, and is bound to a root of its platform, which all users get. It is assigned
    to one of the groups of users in turn, to all users where there are none.

    Args:
        n_scep: Number of SCEP profiles.
        n_root: Number of trusted root profiles; raised to one per platform.
        platforms: Platforms taken in turn, keys of `wire.SCEP_TYPES`.
        mapped: How many SCEP profiles hold the SID URI already.
        n_users: Number of users, in groups of 500.
        n_devices: Number of devices of the default platforms.
    """
    roots = tuple(_roots(max(n_root, len(set(platforms))), tuple(dict.fromkeys(platforms))))
    root_of = {platform: str(root["id"]) for platform, root in reversed(roots)}
    profiles = tuple(_profiles(n_scep, platforms, mapped))
    members = groups(n_users)
    return Scenario(
        tenant_id=stable_id("tenant", "bulk"),
        display_name="Bulk",
        default_domain=DOMAIN,
        users=tuple(users(n_users)),
        groups=tuple(group_bodies(tuple(members))),
        members=members,
        devices=tuple(devices(n_devices, PLATFORMS)),
        managed_devices=tuple(managed_devices(n_devices, PLATFORMS, n_users)),
        certificates=tuple(certificates(n_devices, PLATFORMS, profiles)),
        role_scope_tags=({"id": "0", "displayName": "Default", "isBuiltIn": True},),
        profiles=(*(root for _, root in roots), *(wire for _, wire in profiles)),
        root_links={str(wire["id"]): root_of[platform] for platform, wire in profiles},
        assignments={
            **{str(root["id"]): (_target((), 0),) for _, root in roots},
            **{
                str(wire["id"]): (_target(tuple(members), number),)
                for number, (_, wire) in enumerate(profiles)
            },
        },
        applications=(
            Application(
                client_id=stable_id("application", "bulk/intune-scep"),
                display_name="intune-scep",
                secret="simulator-only-secret",  # noqa: S106 - opens a simulated tenant only
            ),
        ),
    )


def _target(ids: Sequence[str], number: int) -> Wire:
    if not ids:
        return {"@odata.type": "#microsoft.graph.allLicensedUsersAssignmentTarget"}
    group = ids[number % len(ids)]
    return {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group}


def _roots(count: int, platforms: Sequence[str]) -> Iterator[tuple[str, Wire]]:
    for number in range(count):
        platform = platforms[number % len(platforms)]
        yield platform, root_body(platform, f"Bulk root {number + 1:05d}", "bulk-root")


def _profiles(count: int, platforms: Sequence[str], mapped: int) -> Iterator[tuple[str, Wire]]:
    for number in range(count):
        platform = platforms[number % len(platforms)]
        sans = _SANS[number % len(_SANS)]
        if number < mapped:
            sans = (*sans, SID_URI)
        yield (
            platform,
            scep_body(platform, f"Bulk SCEP {number + 1:06d}", urls=_URLS, sans=sans),
        )
