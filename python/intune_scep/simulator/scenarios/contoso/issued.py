"""Certificates that Contoso's devices hold."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from intune_scep.simulator.scenario import Certificate
from intune_scep.simulator.scenarios.contoso.machines import Machine
from intune_scep.simulator.scenarios.wire import SCEP_TYPES, stable_id, timestamp

_FIRST = datetime(2025, 12, 1, 6, 15, tzinfo=UTC)
_ISSUE_FAILED = -2145844848
"""0x80190190, what NDES answers when the connector refuses a challenge."""

_HELD = (
    ("hybrid", "windows", "Windows - SCEP - User - Corporate Wi-Fi"),
    ("hybrid", "windows", "Windows - SCEP - Device - Wi-Fi before logon"),
    ("entra", "windows", "Windows - SCEP - User - Entra joined (Cloud PKI)"),
    ("kiosk", "windows", "Windows - SCEP - Device - Kiosk Wi-Fi"),
    ("iphone", "ios", "iOS - SCEP - User - Corporate Wi-Fi"),
    ("iphone", "ios", "iOS - SCEP - User - S/MIME signing"),
    ("ipad", "ios", "iOS - SCEP - Device - Shared iPads"),
    ("mac", "macos", "macOS - SCEP - User - Corporate Wi-Fi"),
    ("mac", "macos", "macOS - SCEP - Device - Wired 802.1X"),
    ("cobo", "android_device_owner", "Android COBO - SCEP - User - Corporate Wi-Fi"),
    ("scanner", "android_device_owner", "Android dedicated - SCEP - Device - Scanner Wi-Fi"),
    ("byod", "android_work_profile", "Android BYOD - SCEP - User - Corporate Wi-Fi"),
    ("headset", "android_aosp", "AOSP - SCEP - User - RealWear headsets"),
)
"""Kind of machine, platform and name of a SCEP profile all machines of that kind have."""


def certificates(every_machine: tuple[Machine, ...]) -> tuple[Certificate, ...]:
    """One certificate per machine and profile; now and then one failed or was renewed."""
    return tuple(
        certificate
        for kind, platform, name in _HELD
        for machine in every_machine
        if machine.kind == kind
        for certificate in _held_by(machine, stable_id(SCEP_TYPES[platform], name))
    )


def _held_by(machine: Machine, profile_id: str) -> Iterator[Certificate]:
    issued = _FIRST + timedelta(hours=5 * machine.number, minutes=int(profile_id[:2], 16) % 60)
    if machine.number % 17 == 0:
        yield Certificate(
            profile_id,
            machine.managed_id,
            timestamp(issued),
            state="issueFailed",
            error_code=_ISSUE_FAILED,
        )
        return
    if machine.number % 11 == 0:
        yield Certificate(
            profile_id,
            machine.managed_id,
            timestamp(issued - timedelta(days=300)),
            state="revoked",
            revoke_status="revoked",
        )
    yield Certificate(profile_id, machine.managed_id, timestamp(issued))
