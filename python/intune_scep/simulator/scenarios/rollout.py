"""A tenant whose strong mapping is yet to be rolled out: check-ins, connectors, rings, age."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from intune_scep.simulator.scenario import (
    Application,
    Certificate,
    Connector,
    NavigationLink,
    Scenario,
    Wire,
)
from intune_scep.simulator.scenarios.wire import (
    dns,
    email,
    root_body,
    scep_body,
    stable_id,
    timestamp,
    upn,
)

DOMAIN = "rollout.example"
HOSTS = ("scep1.rollout.example", "scep2.rollout.example", "scep3.rollout.example")
PLATFORMS = ("windows", "windows", "ios", "macos", "android_work_profile")
"""Platforms of devices, in turn."""

RINGS: Mapping[str, tuple[int, int]] = {
    "test": (0, 2),
    "first": (2, 10),
    "fast": (10, 30),
    "broad": (30, 60),
    "last": (60, 100),
}
"""Ring -> the hundredths of users and devices that are in its groups, from and up to."""

_START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
_DOMAIN_SID = "S-1-5-21-1004336348-1177238915-682003330"
_CLOUD_ONLY_IN = 27
_SILENT_IN = 53
_SYSTEMS: Mapping[str, tuple[str, str, str, str, str]] = {
    "windows": ("Windows", "10.0.26100.4652", "ServerAd", "hybridAzureADJoined", "windowsRT"),
    "ios": ("iOS", "26.1", "Workplace", "azureADRegistered", "iPhone"),
    "macos": ("macOS", "26.1", "Workplace", "azureADRegistered", "mac"),
    "android_work_profile": ("Android", "16", "Workplace", "azureADRegistered", "androidForWork"),
}
"""Platform -> `operatingSystem`, `osVersion`, `trustType`, `joinType`, `deviceType`."""


@dataclass(frozen=True)
class _Bundle:
    """A SCEP profile with what hangs on it.

    Args:
        name: Its display name.
        platform: A key of `wire.SCEP_TYPES`.
        host: Which of `HOSTS` issues.
        audience: `users`, `devices`, `everybody` (all users) or `computers` (all devices).
        dependants: Type and display name of the profiles that point at it.
        machine: Whether the certificate is the device's.
    """

    name: str
    platform: str
    host: int
    audience: str
    dependants: tuple[tuple[str, str], ...] = ()
    machine: bool = False


_BUNDLES = (
    _Bundle("Windows user Wi-Fi", "windows", 0, "users",
        (("windowsWifiEnterpriseEAPConfiguration", "Windows Wi-Fi"),)),
    _Bundle("Windows user VPN", "windows", 1, "everybody",
        (("windows10VpnConfiguration", "Windows VPN"),)),
    _Bundle("Windows user sign-in", "windows", 2, "users"),
    _Bundle("Windows device Wi-Fi", "windows", 0, "devices",
        (("windowsWifiEnterpriseEAPConfiguration", "Windows device Wi-Fi"),), machine=True),
    _Bundle("Windows device wired", "windows", 1, "computers",
        (("windowsWiredNetworkConfiguration", "Windows wired network"),), machine=True),
    _Bundle("iOS user Wi-Fi", "ios", 0, "users",
        (("iosEnterpriseWiFiConfiguration", "iOS Wi-Fi"),)),
    _Bundle("iOS user VPN", "ios", 1, "everybody", (("iosVpnConfiguration", "iOS VPN"),)),
    _Bundle("iOS user mail", "ios", 2, "users",
        (("iosEasEmailProfileConfiguration", "iOS mail"),)),
    _Bundle("macOS user Wi-Fi", "macos", 0, "users",
        (("macOSEnterpriseWiFiConfiguration", "macOS Wi-Fi"),)),
    _Bundle("macOS user single sign-on", "macos", 2, "everybody",
        (("macOSDeviceFeaturesConfiguration", "macOS single sign-on"),)),
    _Bundle("Android user Wi-Fi", "android_work_profile", 1, "users",
        (("androidWorkProfileEnterpriseWiFiConfiguration", "Android Wi-Fi"),)),
    _Bundle("Android user VPN", "android_work_profile", 2, "everybody",
        (("androidWorkProfileVpnConfiguration", "Android VPN"),)),
)  # fmt: skip
_LINKS: Mapping[str, str] = {
    "windows10VpnConfiguration": "identityCertificate",
    "iosVpnConfiguration": "identityCertificate",
    "iosEasEmailProfileConfiguration": "identityCertificate",
    "macOSDeviceFeaturesConfiguration": "singleSignOnExtensionPkinitCertificate",
    "androidWorkProfileVpnConfiguration": "identityCertificate",
}
_USUAL_LINK = "identityCertificateForClientAuthentication"


def build(devices: int = 200) -> Scenario:
    """The scenario of that name.

    Twelve SCEP profiles on four platforms, each with its root and most with a dependant; as many
    users as devices, every 27th of whom exists in the cloud only; a group of users and one
    of devices for each ring, which together have everybody; three SCEP hosts with a connector
    each; every 53rd device is silent. Certificates are as old as chance would have it, so that
    some are renewed every day.

    Args:
        devices: Number of devices.
    """
    people = range(devices)
    bundles = [(each, scep_profile(each.name)) for each in _BUNDLES]
    roots = {platform: _root(platform) for platform in dict.fromkeys(PLATFORMS)}
    dependants = {
        name: (each, _dependant(kind, name)) for each in _BUNDLES for kind, name in each.dependants
    }
    targets = {each.name: _targets(each) for each in _BUNDLES}
    return Scenario(
        tenant_id=stable_id("tenant", "rollout"),
        display_name="Rollout",
        default_domain=DOMAIN,
        start=timestamp(_START),
        users=tuple(_user(number) for number in people),
        groups=tuple(_groups()),
        members=dict(_members(devices)),
        devices=tuple(_entra_device(number) for number in people),
        managed_devices=tuple(_managed_device(number) for number in people),
        role_scope_tags=({"id": "0", "displayName": "Default", "isBuiltIn": True},),
        profiles=(
            *roots.values(),
            *(wire for _, wire in bundles),
            *(wire for _, wire in dependants.values()),
        ),
        root_links={str(wire["id"]): roots[each.platform]["id"] for each, wire in bundles},
        links=tuple(
            NavigationLink(
                str(wire["id"]),
                _LINKS.get(str(wire["@odata.type"]).rpartition(".")[2], _USUAL_LINK),
                profile_id(each.name),
            )
            for each, wire in dependants.values()
        ),
        assignments={
            **{
                root["id"]: (_target("allLicensedUsers"), _target("allDevices"))
                for root in roots.values()
            },
            **{profile_id(name): found for name, found in targets.items()},
            **{str(wire["id"]): targets[each.name] for each, wire in dependants.values()},
        },
        certificates=tuple(_certificates(devices)),
        applications=(
            Application(
                client_id=stable_id("application", "rollout/intune-scep"),
                display_name="intune-scep",
                secret="simulator-only-secret",  # noqa: S106 - opens a simulated tenant only
            ),
        ),
        connectors=tuple(_connector(number, host) for number, host in enumerate(HOSTS, 1)),
        settings={
            "check_in_seconds": 28_800.0,
            "report_lag_seconds": 21_600.0,
            "refuse_mixed_targets": True,
        },
        silent=tuple(
            managed_device_id(number) for number in people if number % _SILENT_IN == _SILENT_IN - 1
        ),
        moves_with_time=True,
    )


def profile_id(name: str) -> str:
    """Id of the SCEP profile of that display name."""
    bundle = next(each for each in _BUNDLES if each.name == name)
    return str(scep_profile(bundle.name)["id"])


def group_id(ring: str, kind: str) -> str:
    """Id of a ring's group; `kind` is `users` or `devices`."""
    return stable_id("rollout group", f"{ring} {kind}")


@cache
def managed_device_id(number: int) -> str:
    """Id of a managed device, counted from 0."""
    return stable_id("rollout managed device", str(number))


def scep_profile(name: str) -> dict[str, Any]:
    """The SCEP profile of that display name."""
    bundle = next(each for each in _BUNDLES if each.name == name)
    machine = {
        "store": "machine",
        "subject": "CN={{AAD_Device_ID}}",
        "sans": [dns("{{DeviceName}}.rollout.example")],
    }
    user = {"sans": [upn(), email()]}
    return scep_body(
        bundle.platform,
        bundle.name,
        urls=[f"https://{HOSTS[bundle.host]}/certsrv/mscep/mscep.dll"],
        **(machine if bundle.machine else user),
    )


def _root(platform: str) -> dict[str, Any]:
    channel = {"deploymentChannel": "userChannel"} if platform == "macos" else {}
    return root_body(platform, f"Rollout root {platform}", "bulk-root", **channel)


def _dependant(kind: str, name: str) -> dict[str, Any]:
    return {
        "@odata.type": f"#microsoft.graph.{kind}",
        "id": stable_id(kind, name),
        "displayName": name,
        "roleScopeTagIds": ["0"],
    }


def _targets(bundle: _Bundle) -> tuple[Wire, ...]:
    if bundle.audience == "everybody":
        return (_target("allLicensedUsers"),)
    if bundle.audience == "computers":
        return (_target("allDevices"),)
    return tuple(_target("group", groupId=group_id(ring, bundle.audience)) for ring in RINGS)


def _target(kind: str, **more: str) -> Wire:
    return {"@odata.type": f"#microsoft.graph.{kind}AssignmentTarget", **more}


def _groups() -> Iterator[Wire]:
    for ring in RINGS:
        for kind in ("users", "devices"):
            yield {
                "id": group_id(ring, kind),
                "displayName": f"Ring {ring} {kind}",
                "mailEnabled": False,
                "securityEnabled": True,
            }


def _members(count: int) -> Iterator[tuple[str, tuple[str, ...]]]:
    for ring, (first, end) in RINGS.items():
        inside = [number for number in range(count) if first <= number * 37 % 100 < end]
        yield group_id(ring, "users"), tuple(_user_id(number) for number in inside)
        yield group_id(ring, "devices"), tuple(_device_id(number) for number in inside)


@cache
def _user_id(number: int) -> str:
    return stable_id("rollout user", str(number))


@cache
def _device_id(number: int) -> str:
    return stable_id("rollout device", str(number))


def _user(number: int) -> Wire:
    name = f"user{number + 1:05d}"
    synchronised = number % _CLOUD_ONLY_IN != _CLOUD_ONLY_IN - 1
    return {
        "id": _user_id(number),
        "displayName": f"Rollout User {number + 1:05d}",
        "userPrincipalName": f"{name}@{DOMAIN}",
        "mail": f"{name}@{DOMAIN}",
        "mailNickname": name,
        "accountEnabled": True,
        "userType": "Member",
        "onPremisesSyncEnabled": True if synchronised else None,
        "onPremisesSamAccountName": name if synchronised else None,
        "onPremisesSecurityIdentifier": (
            f"{_DOMAIN_SID}-{1_000_000 + number}" if synchronised else None
        ),
    }


def _entra_device(number: int) -> Wire:
    system, version, trust, _, _ = _SYSTEMS[PLATFORMS[number % len(PLATFORMS)]]
    hybrid = trust == "ServerAd"
    return {
        "id": _device_id(number),
        "deviceId": stable_id("rollout device id", str(number)),
        "displayName": _device_name(number),
        "trustType": trust,
        "operatingSystem": system,
        "operatingSystemVersion": version,
        "isManaged": True,
        "accountEnabled": True,
        "onPremisesSyncEnabled": True if hybrid else None,
        "onPremisesSecurityIdentifier": f"{_DOMAIN_SID}-{5_000_000 + number}" if hybrid else None,
    }


def _managed_device(number: int) -> Wire:
    system, version, _, join, kind = _SYSTEMS[PLATFORMS[number % len(PLATFORMS)]]
    return {
        "id": managed_device_id(number),
        "azureADDeviceId": stable_id("rollout device id", str(number)),
        "deviceName": _device_name(number),
        "joinType": join,
        "deviceType": kind,
        "operatingSystem": system,
        "osVersion": version,
        "managementAgent": "mdm",
        "serialNumber": f"ROLL{number + 1:08d}",
        "userId": _user_id(number),
        "userPrincipalName": f"user{number + 1:05d}@{DOMAIN}",
        "managedDeviceOwnerType": "company",
    }


def _device_name(number: int) -> str:
    return f"ROLL-{number + 1:06d}"


def _connector(number: int, host: str) -> Connector:
    return Connector(
        {
            "id": stable_id("rollout connector", host),
            "displayName": f"NDES {number}",
            "machineName": f"NDES{number}.{DOMAIN}",
            "connectorVersion": "6.2510.3.2002",
            "enrolledDateTime": timestamp(_START - timedelta(days=400)),
            "state": "active",
            "roleScopeTagIds": ["0"],
        },
        (host,),
    )


def _certificates(count: int) -> Iterator[Certificate]:
    """Of every profile on every device of its platform, issued 1 to 290 days before the start.

    A certificate of a year is renewed after 292 days, so none is overdue.
    """
    for bundle in _BUNDLES:
        profile = profile_id(bundle.name)
        vias: Sequence[str | None] = (None,)
        if bundle.platform in ("ios", "macos"):
            vias = (None, *(stable_id(kind, name) for kind, name in bundle.dependants))
        for number in range(count):
            if PLATFORMS[number % len(PLATFORMS)] == bundle.platform:
                hours = 24 + (number * 2_654_435_761 + len(bundle.name) * 40_503) % (289 * 24)
                issued = timestamp(_START - timedelta(hours=hours))
                for via in vias:
                    yield Certificate(profile, managed_device_id(number), issued, via=via)
