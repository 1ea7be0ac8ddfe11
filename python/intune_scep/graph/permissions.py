"""Which permissions requests need (GRAPH.md 4.4), and which ones a token grants."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

_READ, _WRITE = 0, 1
_CONFIGURATION = (
    "DeviceManagementConfiguration.Read.All",
    "DeviceManagementConfiguration.ReadWrite.All",
)

# First match wins.
_PERMISSIONS: tuple[tuple[re.Pattern[str], tuple[str, str]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), names)
    for pattern, names in (
        (
            r"/roleScopeTags",
            ("DeviceManagementRBAC.Read.All", "DeviceManagementRBAC.ReadWrite.All"),
        ),
        (
            # Asking for a report is a reading, whatever its method.
            r"/reports/exportJobs",
            (
                "DeviceManagementManagedDevices.Read.All",
                "DeviceManagementManagedDevices.Read.All",
            ),
        ),
        (
            r"/managedDevices",
            (
                "DeviceManagementManagedDevices.Read.All",
                "DeviceManagementManagedDevices.ReadWrite.All",
            ),
        ),
        (
            r"/resourceAccessProfiles",
            (
                "DeviceManagementServiceConfig.Read.All",
                "DeviceManagementServiceConfig.ReadWrite.All",
            ),
        ),
        (
            r"/cloudCertificationAuthority",
            ("DeviceManagementCloudCA.Read.All", "DeviceManagementCloudCA.ReadWrite.All"),
        ),
        (
            r"^/?policies/authenticationMethodsPolicy",
            ("Policy.Read.AuthenticationMethod", "Policy.ReadWrite.AuthenticationMethod"),
        ),
        (r"^/?deviceManagement", _CONFIGURATION),
        (r"^/?groups", ("GroupMember.Read.All", "Group.ReadWrite.All")),
        (r"^/?users", ("User.Read.All", "User.ReadWrite.All")),
        (r"^/?devices", ("Device.Read.All", "Device.ReadWrite.All")),
    )
)


def needed_permission(method: str, path: str) -> str:
    """Return the least application permission for a request; the configuration one if unsure.

    A $batch is made of reads only here.
    """
    access = _READ if method.upper() == "GET" or path.strip("/") == "$batch" else _WRITE
    for pattern, names in _PERMISSIONS:
        if pattern.search(path):
            return names[access]
    return _CONFIGURATION[access]


# What a permission includes beside reading what it may write.
_INCLUDES: Mapping[str, tuple[str, ...]] = {
    "Group.Read.All": ("GroupMember.Read.All",),
    "Directory.Read.All": ("User.Read.All", "Group.Read.All", "Device.Read.All"),
}


def granted(claims: Mapping[str, Any]) -> frozenset[str] | None:
    """Return the permissions in the claims of a token; None where it has no word about them.

    Application permissions are the list `roles`, delegated ones the words of `scp`. Entra leaves
    `roles` out of the token of an application that has none.
    """
    roles, scopes = claims.get("roles"), claims.get("scp")
    listed = [role for role in roles if isinstance(role, str)] if isinstance(roles, list) else None
    words = scopes.split() if isinstance(scopes, str) else None
    if listed is None and words is None:
        return None
    return frozenset([*(listed or ()), *(words or ())])


def missing_permissions(needed: Iterable[str], granted: Iterable[str]) -> tuple[str, ...]:
    """Return which permissions are needed and not granted, in the order they are needed.

    A permission to write includes the one to read; `Directory.Read.All` those to read users,
    groups and devices; `Group.Read.All` the one to read members.
    """
    have = {name.lower() for permission in granted for name in _with_included(permission)}
    return tuple(dict.fromkeys(name for name in needed if name.lower() not in have))


def _with_included(permission: str) -> Iterable[str]:
    yield permission
    more = _INCLUDES.get(permission, ())
    if ".ReadWrite." in permission:
        more = (*more, permission.replace(".ReadWrite.", ".Read."))
    for included in more:
        yield from _with_included(included)
