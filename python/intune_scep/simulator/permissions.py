"""Which permission opens which resource (GRAPH.md 4.4)."""

from dataclasses import dataclass

from intune_scep.simulator.context import Context
from intune_scep.simulator.graph_errors import GraphError, is_intune_path


@dataclass(frozen=True)
class Permissions:
    """Any one of `read` (or of `write`) is enough."""

    read: frozenset[str]
    write: frozenset[str]


def _of(*read: str, write: tuple[str, ...] = ()) -> Permissions:
    return Permissions(frozenset({*read, *write}), frozenset(write))


CONFIGURATION = _of(
    "DeviceManagementConfiguration.Read.All", write=("DeviceManagementConfiguration.ReadWrite.All",)
)
SERVICE_CONFIGURATION = _of(
    "DeviceManagementServiceConfig.Read.All", write=("DeviceManagementServiceConfig.ReadWrite.All",)
)
SCOPE_TAGS = _of("DeviceManagementRBAC.Read.All", write=("DeviceManagementRBAC.ReadWrite.All",))
APPROVALS = _of(
    "DeviceManagementRBAC.Read.All",
    "DeviceManagementConfiguration.Read.All",
    write=("DeviceManagementRBAC.ReadWrite.All", "DeviceManagementConfiguration.ReadWrite.All"),
)
MANAGED_DEVICES = _of(
    "DeviceManagementManagedDevices.Read.All",
    write=("DeviceManagementManagedDevices.ReadWrite.All",),
)
REPORTS = _of(
    write=(
        "DeviceManagementConfiguration.ReadWrite.All",
        "DeviceManagementApps.ReadWrite.All",
        "DeviceManagementManagedDevices.ReadWrite.All",
        "DeviceManagementConfiguration.Read.All",
        "DeviceManagementApps.Read.All",
        "DeviceManagementManagedDevices.Read.All",
    )
)
GROUPS = _of("GroupMember.Read.All", "Group.Read.All", "Directory.Read.All")
USERS = _of("User.Read.All", "Directory.Read.All")
DEVICES = _of("Device.Read.All", "Directory.Read.All")
AUTHENTICATION_METHODS = _of(
    "Policy.Read.AuthenticationMethod", write=("Policy.ReadWrite.AuthenticationMethod",)
)
ORGANIZATION = _of("Organization.Read.All", "Directory.Read.All")

ALL_ROLES = frozenset(
    role
    for each in (
        CONFIGURATION,
        SERVICE_CONFIGURATION,
        SCOPE_TAGS,
        MANAGED_DEVICES,
        REPORTS,
        GROUPS,
        USERS,
        DEVICES,
        AUTHENTICATION_METHODS,
        ORGANIZATION,
    )
    for role in each.read | each.write
)
"""Every permission the simulator knows."""


def authorize(context: Context, permissions: Permissions, *, write: bool) -> None:
    """Check the caller's roles.

    Raises:
        GraphError: 403; it does not name the missing permission, as the observed one did not
            (GRAPH.md 3.7).
    """
    wanted = permissions.write if write else permissions.read
    if wanted & context.roles:
        return
    if is_intune_path(context.request.path):
        raise GraphError(
            403,
            "Forbidden",
            "Application is not authorized to perform this operation",
            form="text",
        )
    raise GraphError(
        403,
        "Authorization_RequestDenied",
        "Insufficient privileges to complete the operation.",
    )
