"""Contoso's trusted root profiles."""

from collections.abc import Mapping

from intune_scep.simulator.scenario import Wire
from intune_scep.simulator.scenarios.contoso.targets import all_devices, all_users, include
from intune_scep.simulator.scenarios.wire import Placed, root_body

_MAIN, _CLOUD = "contoso-root-ca-2021", "contoso-cloud-pki-root-g1"


def _root(
    platform: str, name: str, certificate: str, *targets: Wire, **properties: object
) -> Placed:
    return Placed(root_body(platform, name, certificate, **properties), targets=targets)


ROOTS: Mapping[tuple[str, str], Placed] = {
    ("windows", "main"): _root(
        "windows", "Windows - Root - Contoso Root CA 2021", _MAIN, all_users(), all_devices(),
        description="Top of the internal PKI. Do not delete.",
    ),
    ("windows", "issuing"): _root(
        "windows", "Windows - Intermediate - Contoso Issuing CA 1", "contoso-issuing-ca-1",
        all_devices(), destinationStore="computerCertStoreIntermediate",
    ),
    ("windows", "cloud"): _root(
        "windows", "Windows - Root - Contoso Cloud PKI Root CA G1", _CLOUD,
        include("Windows Entra Joined"), include("Staff Zurich"),
    ),
    ("windows", "wlan"): _root(
        "windows", "Windows - Root - Contoso WLAN Root CA", "contoso-wifi-root-2016",
        all_devices(), description="Expires 19 December 2026, replaced by Contoso Root CA 2021.",
    ),
    ("windows", "old"): _root(
        "windows", "Windows - Root - Corporate Root Authority (2009)", "contoso-legacy-root-2009",
    ),
    ("ios", "main"): _root(
        "ios", "iOS - Root - Contoso Root CA 2021", _MAIN, all_users(), include("Shared iPads"),
    ),
    # Its SCEP profile goes to All Staff: on every other site the pair is incomplete.
    ("ios", "cloud"): _root(
        "ios", "iOS - Root - Contoso Cloud PKI Root CA G1", _CLOUD, include("Staff Zurich"),
    ),
    ("macos", "main"): _root(
        "macos", "macOS - Root - Contoso Root CA 2021", _MAIN, include("Corporate Macs"),
        all_users(),
    ),
    ("macos", "user"): _root(
        "macos", "macOS - Root - Contoso Root CA 2021 (user channel)", _MAIN, all_users(),
        deploymentChannel="userChannel",
    ),
    ("android_device_owner", "main"): _root(
        "android_device_owner", "Android corporate - Root - Contoso Root CA 2021", _MAIN,
        all_users(), include("Warehouse Scanners"),
    ),
    ("android_work_profile", "main"): _root(
        "android_work_profile", "Android BYOD - Root - Contoso Root CA 2021", _MAIN,
        include("BYOD Phones"),
    ),
    ("android_for_work", "main"): _root(
        "android_for_work", "Android for Work - Root - Corporate Root Authority",
        "contoso-legacy-root-2009", include("BYOD Phones"),
    ),
    ("android_aosp", "main"): _root(
        "android_aosp", "AOSP - Root - Contoso Root CA 2021", _MAIN, include("AOSP Devices"),
    ),
    ("android_device_administrator", "main"): _root(
        "android_device_administrator", "Android DA - Root - Corporate Root Authority",
        "contoso-legacy-root-2009",
    ),
    ("windows_phone", "main"): _root(
        "windows_phone", "Windows Phone 8.1 - Root - Corporate Root Authority",
        "contoso-legacy-root-2009",
    ),
}  # fmt: skip
"""(platform, short name) -> trusted root profile. The short names are known here only."""


def root_id(platform: str, name: str | None) -> str | None:
    """Id of a root of `ROOTS`; None for no root."""
    return ROOTS[platform, name].id if name else None
