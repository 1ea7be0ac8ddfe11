"""Which application permission a request needs (GRAPH.md 4.4), for the message of a 403."""

from __future__ import annotations

import re

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
        (r"^/?deviceManagement", _CONFIGURATION),
        (r"^/?groups", ("GroupMember.Read.All", "Group.ReadWrite.All")),
        (r"^/?users", ("User.Read.All", "User.ReadWrite.All")),
        (r"^/?devices", ("Device.Read.All", "Device.ReadWrite.All")),
    )
)


def needed_permission(method: str, path: str) -> str:
    """Return the least application permission for a request; the configuration one if unsure."""
    access = _READ if method.upper() == "GET" else _WRITE
    for pattern, names in _PERMISSIONS:
        if pattern.search(path):
            return names[access]
    return _CONFIGURATION[access]
