"""Who a profile is assigned to: groups, filters and the targets made of them."""

from collections.abc import Mapping

from intune_scep.simulator.scenario import Wire
from intune_scep.simulator.scenarios.wire import EPOCH, stable_id, timestamp

GROUPS: Mapping[str, str] = {
    "All Staff": "Everybody on the payroll, one nested group per site.",
    "Staff Munich": "Head office.",
    "Staff Zurich": "Swiss branch.",
    "Staff Vienna": "Austrian branch.",
    "Staff Leipzig Plant": "Factory, three shifts.",
    "Partners": "Cloud-only accounts of suppliers and agencies.",
    "Executives": "Board and their assistants.",
    "Engineering": "Owner: R&D IT.",
    "Build Team": "Owner: R&D IT.",
    "Design Team": "Mac users in marketing.",
    "Sales Field Force": "Tablets and company phones.",
    "VPN Users": "Always On VPN; owner: NetOps.",
    "VPN Exceptions": "Excluded from Always On VPN until their laptops are replaced.",
    "PKI Pilot": "First to get every certificate change; owner: PKI team.",
    "BYOD Phones": "Personal phones with a work profile.",
    "Windows Hybrid Joined": "Domain-joined laptops, synchronised by Entra Connect.",
    "Windows Entra Joined": "Autopilot laptops without a domain.",
    "Windows Kiosks": "Lobby and plant terminals, Entra joined, nobody signs in.",
    "Shared iPads": "Warehouse and meeting rooms.",
    "Corporate Macs": "Supervised through Apple Business Manager.",
    "Warehouse Scanners": "Dedicated Android devices.",
    "AOSP Devices": "Headsets and meeting room consoles.",
}
"""Group -> its description."""

FILTERS: Mapping[str, tuple[str, str]] = {
    "Windows - hybrid joined": (
        "windows10AndLater",
        '(device.deviceTrustType -eq "Hybrid Azure AD joined")',
    ),
    "Windows - corporate owned": ("windows10AndLater", '(device.deviceOwnership -eq "Corporate")'),
    "iOS - supervised": ("iOS", '(device.isSupervised -eq "True")'),
    "macOS - corporate owned": ("macOS", '(device.deviceOwnership -eq "Corporate")'),
    "Android - fully managed": (
        "androidForWork",
        '(device.enrollmentProfileName -startsWith "COBO")',
    ),
}
"""Assignment filter -> platform and rule."""

SCOPE_TAGS: Mapping[str, str] = {
    "0": "Default",
    "1": "Munich",
    "2": "Zurich",
    "3": "Leipzig Plant",
}


def group_id(name: str) -> str:
    """Id of a group of `GROUPS`."""
    if name not in GROUPS:
        raise KeyError(name)
    return stable_id("group", name)


def filter_id(name: str) -> str:
    """Id of a filter of `FILTERS`."""
    if name not in FILTERS:
        raise KeyError(name)
    return stable_id("assignmentFilter", name)


def include(
    group: str, *, only_if: str | None = None, unless: str | None = None
) -> dict[str, str | None]:
    """The members of `group`, those that match filter `only_if` or do not match `unless`."""
    return _target("groupAssignmentTarget", only_if, unless) | {"groupId": group_id(group)}


def exclude(group: str) -> dict[str, str | None]:
    """Not the members of `group`."""
    return _target("exclusionGroupAssignmentTarget") | {"groupId": group_id(group)}


def all_users() -> dict[str, str | None]:
    """Every licensed user."""
    return _target("allLicensedUsersAssignmentTarget")


def all_devices(*, only_if: str | None = None, unless: str | None = None) -> dict[str, str | None]:
    """Every device, narrowed by a filter."""
    return _target("allDevicesAssignmentTarget", only_if, unless)


def _target(
    kind: str, only_if: str | None = None, unless: str | None = None
) -> dict[str, str | None]:
    name = only_if or unless
    mode = "include" if only_if else "exclude" if unless else "none"
    return {
        "@odata.type": f"#microsoft.graph.{kind}",
        "deviceAndAppManagementAssignmentFilterId": filter_id(name) if name else None,
        "deviceAndAppManagementAssignmentFilterType": mode,
    }


def assignment_filters() -> tuple[Wire, ...]:
    """The filters as wire dicts."""
    return tuple(
        {
            "id": filter_id(name),
            "displayName": name,
            "description": None,
            "platform": platform,
            "rule": rule,
            "assignmentFilterManagementType": "devices",
            "roleScopeTags": ["0"],
            "createdDateTime": timestamp(EPOCH),
            "lastModifiedDateTime": timestamp(EPOCH),
        }
        for name, (platform, rule) in FILTERS.items()
    )


def role_scope_tags() -> tuple[Wire, ...]:
    """The scope tags as wire dicts."""
    return tuple(
        {"id": tag, "displayName": name, "description": None, "isBuiltIn": tag == "0"}
        for tag, name in SCOPE_TAGS.items()
    )
