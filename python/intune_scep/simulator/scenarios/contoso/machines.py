"""Contoso's devices: what Entra and Intune know of each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from intune_scep.simulator.scenario import Wire
from intune_scep.simulator.scenarios.contoso.people import DOMAIN_SID, Person
from intune_scep.simulator.scenarios.wire import stable_id, timestamp


@dataclass(frozen=True)
class Model:
    """What devices of one kind have in common.

    Args:
        platform: Key of `wire.SCEP_TYPES`: the profiles such a device takes.
        prefix: Start of the device name.
        trust: `trustType` of the Entra device.
        join: `joinType` of the managed device.
        system: `operatingSystem`.
        version: `osVersion`.
        enrolment: `deviceEnrollmentType`.
        agent: `managementAgent`.
        owner: `managedDeviceOwnerType`.
        group: Group that holds the devices, if there is one.
        modem: Whether Intune knows an `imei` of such devices.
    """

    platform: str
    prefix: str
    trust: str
    join: str
    system: str
    version: str
    enrolment: str
    agent: str = "mdm"
    owner: str = "company"
    group: str | None = None
    modem: bool = False


MODELS: Mapping[str, Model] = {
    "hybrid": Model(
        "windows", "DEMUC-L", "ServerAd", "hybridAzureADJoined", "Windows", "10.0.26100.4652",
        "windowsAutoEnrollment", group="Windows Hybrid Joined",
    ),
    "entra": Model(
        "windows", "CT-AP", "AzureAd", "azureADJoined", "Windows", "10.0.26100.4652",
        "windowsAzureADJoin",
        group="Windows Entra Joined",
    ),
    "kiosk": Model(
        "windows", "KIOSK", "AzureAd", "azureADJoined", "Windows", "10.0.22631.5624",
        "windowsBulkUserless", group="Windows Kiosks",
    ),
    "iphone": Model(
        "ios", "iPhone-", "Workplace", "azureADRegistered", "iOS", "26.1",
        "appleBulkWithUser", modem=True,
    ),
    "ipad": Model(
        "ios", "iPad-", "Workplace", "azureADRegistered", "iPadOS", "26.1",
        "appleBulkWithoutUser", group="Shared iPads",
    ),
    "mac": Model(
        "macos", "CT-MAC", "Workplace", "azureADRegistered", "macOS", "26.1",
        "appleBulkWithUser", group="Corporate Macs",
    ),
    "cobo": Model(
        "android_device_owner", "COBO-", "Workplace", "azureADRegistered", "AndroidEnterprise",
        "16", "androidEnterpriseFullyManaged",
        agent="googleCloudDevicePolicyController", modem=True,
    ),
    "scanner": Model(
        "android_device_owner", "SCAN-", "Workplace", "azureADRegistered", "AndroidEnterprise",
        "14", "androidEnterpriseDedicatedDevice",
        agent="googleCloudDevicePolicyController", group="Warehouse Scanners",
    ),
    "byod": Model(
        "android_work_profile", "AndroidForWork_", "Workplace", "azureADRegistered",
        "AndroidForWork", "15", "userEnrollment",
        agent="googleCloudDevicePolicyController", owner="personal",
    ),
    "headset": Model(
        "android_aosp", "HMT-", "Workplace", "azureADRegistered", "AndroidAOSP", "12",
        "androidAOSPUserOwnedDeviceEnrollment",
        agent="intuneAosp", group="AOSP Devices",
    ),
}  # fmt: skip


_DEVICE_TYPES: Mapping[str, str] = {
    "hybrid": "desktop",
    "entra": "desktop",
    "kiosk": "desktop",
    "iphone": "iPhone",
    "ipad": "iPad",
    "mac": "macMDM",
    "cobo": "androidEnterprise",
    "scanner": "androidEnterprise",
    "byod": "androidForWork",
    "headset": "androidnGMS",
}
"""Kind of machine to its `deviceType`."""


@dataclass(frozen=True)
class Machine:
    """One device.

    Args:
        kind: Key of `MODELS`.
        number: Position among its kind, from 1.
        user: Primary user. None: a device nobody owns.
    """

    kind: str
    number: int
    user: Person | None

    @property
    def model(self) -> Model:
        """What devices of this kind have in common."""
        return MODELS[self.kind]

    @property
    def name(self) -> str:
        """The device's name."""
        return f"{self.model.prefix}{self.number:04d}"

    @property
    def id(self) -> str:
        """Id of the Entra device object."""
        return stable_id("device", self.name)

    @property
    def device_id(self) -> str:
        """The Entra `deviceId`."""
        return stable_id("deviceId", self.name)

    @property
    def managed_id(self) -> str:
        """Id of the managed device."""
        return stable_id("managedDevice", self.name)

    @property
    def imei(self) -> str:
        """The `imei` of a machine with a modem: 15 digits."""
        return f"35{int(stable_id('imei', self.name)[:8], 16):013d}"


def machines(everybody: tuple[Person, ...]) -> tuple[Machine, ...]:
    """Every device, kind by kind."""
    staff = tuple(person for person in everybody if person.is_synchronised)
    partners = tuple(person for person in everybody if not person.is_synchronised)
    return (
        *_owned("hybrid", staff[:64]),
        *_owned("entra", (*staff[64:88], *partners)),
        *_shared("kiosk", 8),
        *_owned("iphone", staff[::2]),
        *_shared("ipad", 12),
        *_owned("mac", staff[4::6]),
        *_owned("cobo", staff[1::5]),
        *_shared("scanner", 18),
        *_owned("byod", (*staff[3::6], *partners[:4])),
        *_owned("headset", staff[9::20]),
    )


def _owned(kind: str, owners: tuple[Person, ...]) -> Iterator[Machine]:
    for number, owner in enumerate(owners, 1):
        yield Machine(kind, number, owner)


def _shared(kind: str, count: int) -> Iterator[Machine]:
    for number in range(1, count + 1):
        yield Machine(kind, number, None)


def device_wire(machine: Machine) -> Wire:
    """The Entra `device` of a machine. Only hybrid-joined ones have a SID."""
    hybrid = machine.model.trust == "ServerAd"
    return {
        "id": machine.id,
        "deviceId": machine.device_id,
        "displayName": machine.name,
        "trustType": machine.model.trust,
        "operatingSystem": machine.model.system,
        "operatingSystemVersion": machine.model.version,
        "accountEnabled": True,
        "isManaged": True,
        "onPremisesSyncEnabled": True if hybrid else None,
        "onPremisesSecurityIdentifier": f"{DOMAIN_SID}-{7001 + machine.number}" if hybrid else None,
    }


def managed_device_wire(machine: Machine) -> Wire:
    """The `managedDevice` of a machine."""
    model, user = machine.model, machine.user
    last_seen = datetime(2026, 1, 2, 6, tzinfo=UTC) + timedelta(hours=machine.number)
    return {
        "id": machine.managed_id,
        "deviceName": machine.name,
        "azureADDeviceId": machine.device_id,
        "azureADRegistered": True,
        "joinType": model.join,
        "operatingSystem": model.system,
        "osVersion": model.version,
        "serialNumber": f"CT{stable_id('serial', machine.name)[:8].upper()}",
        "imei": machine.imei if model.modem else "",
        "meid": "",
        "wiFiMacAddress": stable_id("wifi", machine.name).replace("-", "")[:12].upper(),
        "deviceEnrollmentType": model.enrolment,
        "deviceType": _DEVICE_TYPES[machine.kind],
        "managementAgent": model.agent,
        "managedDeviceOwnerType": model.owner,
        "managementState": "managed",
        "complianceState": "compliant",
        "isSupervised": model.system in ("iOS", "iPadOS", "macOS"),
        "userId": user.id if user else "",
        "userPrincipalName": user.principal_name if user else "",
        "lastSyncDateTime": timestamp(last_seen),
        "roleScopeTagIds": ["0"],
    }
