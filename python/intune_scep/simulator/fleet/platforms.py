"""Which devices a type of profile is for, and what its platform does with certificates."""

from collections.abc import Mapping
from typing import Any

from intune_scep.simulator.schema import StructuredType

_OF_TYPES = (
    ("windowsPhone", "windows_phone"),
    ("windows", "windows"),
    ("ios", "ios"),
    ("macOS", "macos"),
    ("androidWorkProfile", "android_work_profile"),
    ("androidForWork", "android_work_profile"),
    ("androidDeviceOwner", "android_device_owner"),
    ("aosp", "android_aosp"),
    ("android", "android_device_administrator"),
)
_OF_SYSTEMS: Mapping[str, str] = {
    "windows": "windows",
    "ios": "ios",
    "ipados": "ios",
    "macos": "macos",
}
_DEVICE_OWNER = (
    "androidEnterpriseDedicatedDevice",
    "androidEnterpriseFullyManaged",
    "androidEnterpriseCorporateWorkProfile",
)

APPLE = frozenset({"ios", "macos"})
"""One certificate more for each dependant (DOMAIN.md 4), and no renewal after expiry."""

UNREVOKED = frozenset({"android_device_owner", "android_aosp"})
"""Intune cannot revoke their certificates (ROLLOUT.md 5)."""


def platform_of_type(kind: StructuredType) -> str:
    """Platform of a profile type, "" for one that is for none of them."""
    for prefix, platform in _OF_TYPES:
        if kind.name.startswith(prefix):
            return platform
    return ""


def platform_of_device(device: Mapping[str, Any]) -> str:
    """Platform of a managed device, "" for an unknown one."""
    system = str(device.get("operatingSystem") or "").casefold()
    if system != "android":
        return _OF_SYSTEMS.get(system, "")
    enrolment = str(device.get("deviceEnrollmentType") or "")
    if enrolment in _DEVICE_OWNER:
        return "android_device_owner"
    return "android_aosp" if enrolment.startswith("androidAOSP") else "android_work_profile"


def delivers_certificates(kind: StructuredType) -> bool:
    """Whether the type is one of SCEP profiles, whose certificates follow check-ins."""
    return "scep" in kind.name.casefold() and "rootCertificate" in kind.navigation


def has_dependants(kind: StructuredType) -> bool:
    """Whether each dependant on a device costs a certificate of the type."""
    return platform_of_type(kind) in APPLE
