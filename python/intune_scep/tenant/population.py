"""Everybody that certificates can go to: users, devices and the members of groups, at any size.

One sweep over the users and one over the devices, and one question for each group (ROLLOUT.md 2);
what Intune manages comes in pages, or, where those would be many, in one report. A set of accounts
is a whole number whose bits are their places in the listing: 500 groups of a tenant with 200,000
users stay below 15 MB, and joining two of them is one operation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from sys import intern
from typing import Final, Generic, TypeVar

from intune_scep.errors import GraphTransportError, IntuneScepError
from intune_scep.tenant.entities import (
    PAGE,
    Entity,
    Failures,
    Progress,
    guid,
    read_entities,
    read_managed,
    word,
)
from intune_scep.tenant.inventory import REPORT, not_understood, read_inventory
from intune_scep.tenant.members import read_members
from intune_scep.tenant.tenant import Tenant

# So that the tenant's own applications come first when the directory is busy (ROLLOUT.md 2).
_HEADERS: Final = {"x-ms-throttle-priority": "Low"}
_SID: Final = "onPremisesSecurityIdentifier"
_USERS: Final = f"id,userPrincipalName,accountEnabled,userType,onPremisesSyncEnabled,{_SID}"
_DEVICES: Final = f"id,deviceId,displayName,accountEnabled,trustType,operatingSystem,{_SID}"
LISTED: Final = 20 * PAGE
"""With more devices in the directory, those that Intune manages are read from its report."""

_MANAGED: Final = "id,userId,azureADDeviceId,operatingSystem,managementAgent"


@dataclass(frozen=True, slots=True)
class User:
    """What counts of a user's account.

    Attributes:
        name: User principal name.
        has_sid: Whether it has a SID of Active Directory.
        enabled: Whether it may sign in; True where Graph does not say.
        guest: Whether it is of another organisation.
        synchronised: `onPremisesSyncEnabled`: None if it never came from Active Directory, False
            if it did and does no more.
    """

    id: str
    name: str
    has_sid: bool
    enabled: bool
    guest: bool
    synchronised: bool | None


@dataclass(frozen=True, slots=True)
class Device:
    """What counts of a device's object in the directory. Texts but the name are in lower case.

    Attributes:
        device_id: `deviceId`, by which Intune names it; not its id in the directory.
        trust_type: `workplace`, `azuread` or `serverad` (hybrid joined).
        system: `operatingSystem`.
    """

    id: str
    device_id: str
    name: str
    has_sid: bool
    enabled: bool
    trust_type: str
    system: str


@dataclass(frozen=True, slots=True)
class Managed:
    """A device that Intune manages. Texts are in lower case, empty where there is none.

    Attributes:
        device_id: `deviceId` of its object in the directory.
        user_id: Of its primary user.
        system: `operatingSystem`.
        id: As Intune names it.
    """

    device_id: str
    user_id: str
    system: str
    id: str = ""


_Account = TypeVar("_Account", User, Device)


class Accounts(Generic[_Account]):
    """Accounts in the order of their listing; sets of them are whole numbers, a bit for each."""

    def __init__(self, accounts: Sequence[_Account]) -> None:
        self._accounts: Sequence[_Account] = accounts
        self._places = {account.id: place for place, account in enumerate(accounts)}

    def __len__(self) -> int:
        return len(self._accounts)

    @property
    def all(self) -> int:
        """The set of all."""
        return (1 << len(self._accounts)) - 1

    def same(self, identifier: str) -> str:
        """An id; the very text that the account of it holds, so that it takes no place twice."""
        place = self._places.get(identifier)
        return identifier if place is None else self._accounts[place].id

    def set_of(self, ids: Iterable[str]) -> int:
        """The set of those of these ids that are among the accounts."""
        return self._set(place for item in ids if (place := self._places.get(item)) is not None)

    def where(self, holds: Callable[[_Account], bool]) -> int:
        """The set of those for which something holds."""
        return self._set(place for place, item in enumerate(self._accounts) if holds(item))

    def members(self, chosen: int) -> Iterator[_Account]:
        """The accounts of a set, in order."""
        for start, byte in enumerate(chosen.to_bytes((chosen.bit_length() + 7) // 8, "little")):
            for bit in range(8) if byte else ():
                if byte >> bit & 1:
                    yield self._accounts[start * 8 + bit]

    def _set(self, places: Iterable[int]) -> int:
        bits = bytearray(len(self._accounts) // 8 + 1)
        for place in places:
            bits[place >> 3] |= 1 << (place & 7)
        return int.from_bytes(bits, "little")


@dataclass(frozen=True)
class Population:
    """Everybody, as far as it could be read.

    Attributes:
        users, devices: None where they could not be read.
        managed: What Intune manages itself; None where it could not be read.
        group_users, group_devices: Group id (lower case) to the set of its members, those of
            nested groups included; a group is missing where it could not be read.
        failures: (what, error) of everything that could not be read.
        notes: How it was read, where a reader must know, in sentences.
        requests: How many were sent.
    """

    users: Accounts[User] | None = None
    devices: Accounts[Device] | None = None
    managed: tuple[Managed, ...] | None = None
    group_users: Mapping[str, int] = field(default_factory=dict)
    group_devices: Mapping[str, int] = field(default_factory=dict)
    failures: tuple[tuple[str, IntuneScepError], ...] = ()
    notes: tuple[str, ...] = ()
    requests: int = 0

    @property
    def told(self) -> tuple[str, ...]:
        """What a reader must know of the reading, in sentences."""
        unread = (f"Not read: {what}: {error}" for what, error in self.failures)
        return (*self.notes, *unread)


async def read_population(
    tenant: Tenant, groups: Iterable[str], *, progress: Progress | None = None
) -> Population:
    """Read all users, devices and managed devices, and the members of groups.

    Each of them costs only itself if it cannot be read. Accounts come 999 a page, groups are asked
    20 a request. Managed devices come 999 a page, or by one export job if the directory has more
    than `LISTED` devices; where there is no such report, or it cannot be understood, in pages.

    Args:
        groups: Group ids.
        progress: Told after every page.
    """
    before = tenant.session.requests_sent
    reading = _Reading(tenant, progress)
    users = await reading.accounts("users", "users", _USERS, _user)
    devices = await reading.accounts("devices", "devices", _DEVICES, _device)
    managed = await reading.managed(users, devices)
    group_users: dict[str, int] = {}
    group_devices: dict[str, int] = {}
    async for group, members in read_members(
        tenant, groups, reading.failures, headers=_HEADERS, progress=progress
    ):
        if users is not None and reading.knows(group, "users", users, members.users):
            group_users[group] = users.set_of(chain(members.users, members.untold))
        if devices is not None and reading.knows(group, "devices", devices, members.devices):
            group_devices[group] = devices.set_of(chain(members.devices, members.untold))
    return Population(
        users,
        devices,
        managed,
        group_users,
        group_devices,
        tuple(reading.failures),
        tuple(reading.notes),
        tenant.session.requests_sent - before,
    )


class _Reading:
    """What has come in so far."""

    def __init__(self, tenant: Tenant, progress: Progress | None) -> None:
        self._tenant = tenant
        self._session = tenant.session
        self._progress = progress
        self.failures: Failures = []
        self.notes: list[str] = []

    async def accounts(
        self, what: str, path: str, select: str, make: Callable[[Entity], _Account]
    ) -> Accounts[_Account] | None:
        """A sweep over one kind of account."""
        found: dict[str, _Account] = {}
        entities = read_entities(
            self._tenant,
            what,
            path,
            select,
            self.failures,
            headers=_HEADERS,
            progress=self._progress,
        )
        try:
            async for entity in entities:
                account = make(entity)
                found[account.id] = account
        except IntuneScepError as error:
            self.failures.append((what, error))
            return None
        return Accounts(list(found.values()))

    async def managed(
        self, users: Accounts[User] | None, devices: Accounts[Device] | None
    ) -> tuple[Managed, ...] | None:
        """Every device that Intune itself manages."""
        if devices is not None and len(devices) > LISTED:
            try:
                return await self._reported(users or Accounts(()), devices)
            except IntuneScepError as error:
                self.notes.append(f"The managed devices were listed page by page. {error}")
        return await self._listed()

    async def _reported(
        self, users: Accounts[User], devices: Accounts[Device]
    ) -> tuple[Managed, ...]:
        """Out of the report; what it does not tell in a known word is taken of the directory."""
        self._tell(0)
        named = (device for device in devices.members(devices.all) if device.device_id)
        by_id = {device.device_id: device for device in named}
        found: list[Managed] = []
        for row in await read_inventory(self._tenant):
            device = by_id.get(row.device_id)
            system = row.system or (device.system if device is not None else "")
            if not system:
                raise not_understood("of the operating system of a device", "")
            device_id = row.device_id if device is None else device.device_id
            found.append(Managed(device_id, users.same(row.user_id), intern(system), row.id))
        if not found:
            raise GraphTransportError(f"The report {REPORT} names no device.", hides_commit=False)
        self._tell(len(found))
        self.notes.append(
            f"The managed devices come from Intune's report {REPORT}; how old what it says may be"
            " is documented nowhere."
        )
        return tuple(found)

    async def _listed(self) -> tuple[Managed, ...] | None:
        found = read_managed(
            self._tenant, _MANAGED, self.failures, headers=_HEADERS, progress=self._progress
        )
        try:
            return tuple([_managed(entity) async for entity in found])
        except IntuneScepError as error:
            self.failures.append(("managed devices", error))
            return None

    def _tell(self, count: int) -> None:
        if self._progress is not None:
            self._progress(count, None, "managed devices")

    def knows(self, group: str, what: str, accounts: Accounts[_Account], ids: set[str]) -> bool:
        """Whether all members of one kind are among the accounts read; else a failure is noted.

        Without it, somebody of whom nothing is known would count as nobody.
        """
        missing = len(ids) - accounts.set_of(ids).bit_count()
        if missing:
            error = GraphTransportError(
                f"{missing} of them are not among the {what} that Graph listed.",
                hides_commit=False,
            )
            self.failures.append((f"the {what} of group {group}", error))
        return not missing


def _user(entity: Entity) -> User:
    synchronised = entity.get("onPremisesSyncEnabled")
    return User(
        id=entity["id"].lower(),
        name=str(entity.get("userPrincipalName") or entity["id"]),
        has_sid=bool(entity.get(_SID)),
        enabled=entity.get("accountEnabled") is not False,
        guest=word(entity, "userType") == "guest",
        synchronised=synchronised if isinstance(synchronised, bool) else None,
    )


def _device(entity: Entity) -> Device:
    return Device(
        id=entity["id"].lower(),
        device_id=word(entity, "deviceId"),
        name=str(entity.get("displayName") or entity["id"]),
        has_sid=bool(entity.get(_SID)),
        enabled=entity.get("accountEnabled") is not False,
        trust_type=intern(word(entity, "trustType")),
        system=intern(word(entity, "operatingSystem")),
    )


def _managed(entity: Entity) -> Managed:
    return Managed(
        device_id=guid(entity, "azureADDeviceId"),
        user_id=guid(entity, "userId"),
        system=intern(word(entity, "operatingSystem")),
        id=entity["id"].lower(),
    )
