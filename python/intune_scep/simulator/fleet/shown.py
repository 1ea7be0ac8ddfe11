"""What Graph shows of check-ins: last contact of devices, and how a profile fared on them."""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

from intune_scep.simulator.clock import format_instant
from intune_scep.simulator.fleet.checkins import last_check_in
from intune_scep.simulator.resources import MANAGED_DEVICES
from intune_scep.simulator.settings import Settings

_CONTACTS = """
SELECT id, last FROM (SELECT id, shown, {last} AS last FROM fleet_device) WHERE last > shown"""


def show_last_contact(connection: sqlite3.Connection, settings: Settings, now: float) -> None:
    """Write into managed devices when they last checked in."""
    if not settings.check_in_seconds:
        return
    last = last_check_in(settings.check_in_seconds)
    rows = connection.execute(_CONTACTS.format(last=last), {"now": now}).fetchall()
    connection.executemany(
        "UPDATE resource SET body = json_set(body, '$.lastSyncDateTime', ?)"
        " WHERE collection = ? AND id = ?",
        ((format_instant(last), MANAGED_DEVICES, device) for device, last in rows),
    )
    connection.executemany(
        "UPDATE fleet_device SET shown = ? WHERE id = ?",
        ((last, device) for device, last in rows),
    )


_INVENTORY = """
SELECT managed.id, managed.body, {last}
FROM resource AS managed LEFT JOIN fleet_device AS device ON device.id = managed.id
WHERE managed.collection = 'managedDevices' ORDER BY managed.seq"""
INVENTORY_COLUMNS: Mapping[str, str] = {
    "DeviceId": "Device ID",
    "DeviceName": "Device name",
    "DeviceType": "OS",
    "JoinType": "JoinType",
    "LastContact": "Last check-in",
    "ManagementAgent": "Managed by",
    "OS": "OS",
    "OSVersion": "OS version",
    "ReferenceId": "Microsoft Entra Device ID",
    "SerialNumber": "Serial number",
    "UPN": "Primary user UPN",
    "UserId": "UserId",
}
"""Column as it is asked for to what it is called in the report; `OS` is another name of one."""

_MANAGED_BY: Mapping[str, str] = {
    "mdm": "Intune",
    "configurationManagerClient": "ConfigMgr",
    "configurationManagerClientMdm": "MDM/ConfigMgr Agent",
    "msSense": "MDE",
}
"""Words of the admin center; which the real report has is not documented."""


def inventory(
    connection: sqlite3.Connection, settings: Settings, at: float
) -> Iterator[dict[str, Any]]:
    """Every managed device with its last contact, as it was at `at` where there are cycles."""
    cycle = settings.check_in_seconds
    last = last_check_in(cycle) if cycle else "NULL"
    for identifier, text, contact in connection.execute(_INVENTORY.format(last=last), {"now": at}):
        device = json.loads(text)
        agent = device["managementAgent"]
        moment = device["lastSyncDateTime"] if contact is None else format_instant(contact)
        yield {
            "DeviceId": identifier,
            "DeviceName": device["deviceName"],
            "DeviceType": device["operatingSystem"],
            "JoinType": device["joinType"],
            "LastContact": moment,
            "ManagementAgent": _MANAGED_BY.get(agent, agent),
            "OS": device["operatingSystem"],
            "OSVersion": device["osVersion"],
            "ReferenceId": device["azureADDeviceId"],
            "SerialNumber": device["serialNumber"],
            "UPN": device["userPrincipalName"],
            "UserId": device["userId"],
        }


STATUS_COLUMNS = (
    "AssignmentFilterIds",
    "DeviceName",
    "IntuneDeviceId",
    "Manufacturer",
    "Model",
    "PolicyId",
    "PolicyName",
    "PolicyStatus",
    "PspdpuLastModifiedTimeUtc",
    "ReportStatus",
    "UnifiedPolicyType",
    "UPN",
)
_STATUSES = """
SELECT profile.id, json_extract(profile_body.body, '$.displayName'),
    profile_body.type, device.id, device.name, device.owner, status.status,
    max(status.seq), status.at
FROM fleet_status AS status
JOIN fleet_profile AS profile ON profile.number = status.profile
JOIN fleet_device AS device ON device.number = status.device
JOIN resource AS profile_body ON profile_body.collection = 'deviceConfigurations'
    AND profile_body.id = profile.id
WHERE status.at <= :at AND (:of IS NULL OR profile.id = :of)
GROUP BY status.profile, status.device"""


def device_statuses(
    connection: sqlite3.Connection, at: float, of: str | None = None
) -> Iterator[dict[str, Any]]:
    """How each profile fared on each device, as it was at `at`."""
    rows = connection.execute(_STATUSES, {"at": at, "of": of})
    for profile, name, kind, device, device_name, owner, status, _, moment in rows:
        if status != "removed":
            yield {
                "AssignmentFilterIds": "",
                "DeviceName": device_name,
                "IntuneDeviceId": device,
                "Manufacturer": "",
                "Model": "",
                "PolicyId": profile,
                "PolicyName": name,
                "PolicyStatus": status,
                "PspdpuLastModifiedTimeUtc": format_instant(moment),
                "ReportStatus": status,
                "UnifiedPolicyType": kind,
                "UPN": owner,
            }
