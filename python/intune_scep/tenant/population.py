"""Everybody that certificates can go to: users, devices and the members of groups, at any size.

One sweep over the users and one over the devices, and one question for each group (ROLLOUT.md 2).
A set of accounts is a whole number whose bits are their places in the listing: 500 groups of a
tenant with 200,000 users stay below 15 MB, and joining two of them is one operation.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from intune_scep.errors import GraphTransportError, IntuneScepError
from intune_scep.graph.batch import BATCH_SIZE, read_batch
from intune_scep.graph.session import checked_id
from intune_scep.tenant.tenant import Tenant

_PAGE: Final = 999
# So that the tenant's own applications come first when the directory is busy (ROLLOUT.md 2).
_HEADERS: Final = {"x-ms-throttle-priority": "Low"}
_SID: Final = "onPremisesSecurityIdentifier"
_USERS: Final = f"id,userPrincipalName,accountEnabled,userType,onPremisesSyncEnabled,{_SID}"
_DEVICES: Final = f"id,deviceId,displayName,accountEnabled,trustType,operatingSystem,{_SID}"
_MANAGED: Final = "id,userId,azureADDeviceId,operatingSystem,managementAgent"
# Intune lists them, but somebody else manages them: no profile of Intune reaches them.
_UNMANAGED: Final = frozenset(
    {"eas", "intuneclient", "easintuneclient", "configurationmanagerclient", "jamf", "mssense"}
)
HYBRID_JOINED: Final = "serverad"


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
    """

    device_id: str
    user_id: str
    system: str


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
        requests: How many were sent.
    """

    users: Accounts[User] | None = None
    devices: Accounts[Device] | None = None
    managed: tuple[Managed, ...] | None = None
    group_users: Mapping[str, int] = field(default_factory=dict)
    group_devices: Mapping[str, int] = field(default_factory=dict)
    failures: tuple[tuple[str, IntuneScepError], ...] = ()
    requests: int = 0


Progress = Callable[[int, int | None, str], None]
"""Called with how many were read, of how many (None where that is not known), and of what."""


def silent(*_: Any) -> None:
    """Nobody watches."""


async def read_population(
    tenant: Tenant, groups: Iterable[str], *, progress: Progress = silent
) -> Population:
    """Read all users, devices and managed devices, 999 a page, and the members of groups.

    Each of them costs only itself if it cannot be read. Groups are asked 20 a request.

    Args:
        groups: Group ids.
        progress: Told after every page.
    """
    before = tenant.session.requests_sent
    reading = _Reading(tenant, progress)
    users = await reading.accounts("users", "users", _USERS, _user)
    devices = await reading.accounts("devices", "devices", _DEVICES, _device)
    managed = await reading.managed()
    group_users: dict[str, int] = {}
    group_devices: dict[str, int] = {}
    async for group, members in reading.groups(groups):
        if users is not None:
            group_users[group] = users.set_of(members)
        if devices is not None:
            group_devices[group] = devices.set_of(members)
    return Population(
        users,
        devices,
        managed,
        group_users,
        group_devices,
        tuple(reading.failures),
        tenant.session.requests_sent - before,
    )


class _Reading:
    """What has come in so far."""

    def __init__(self, tenant: Tenant, progress: Progress) -> None:
        self._session = tenant.session
        self._progress = progress
        self.failures: list[tuple[str, IntuneScepError]] = []

    async def accounts(
        self, what: str, path: str, select: str, make: Callable[[Mapping[str, Any]], _Account]
    ) -> Accounts[_Account] | None:
        """A sweep over one kind of account."""
        found: dict[str, _Account] = {}
        try:
            async for entity in self._sweep(what, path, select):
                account = make(entity)
                found[account.id] = account
        except IntuneScepError as error:
            self.failures.append((what, error))
            return None
        return Accounts(list(found.values()))

    async def managed(self) -> tuple[Managed, ...] | None:
        """Every device that Intune itself manages."""
        what = "managed devices"
        try:
            return tuple(
                [
                    _managed(entity)
                    async for entity in self._sweep(
                        what, "deviceManagement/managedDevices", _MANAGED
                    )
                    if _word(entity, "managementAgent") not in _UNMANAGED
                ]
            )
        except IntuneScepError as error:
            self.failures.append((what, error))
            return None

    async def _sweep(self, what: str, path: str, select: str) -> Any:
        """Every usable item of a listing."""
        query = {"$select": select, "$top": str(_PAGE)}
        count = odd = 0
        async for page in self._session.pages(path, query=query, headers=_HEADERS):
            for entity in page:
                if isinstance(entity, dict) and isinstance(entity.get("id"), str):
                    yield entity
                else:
                    odd += 1
            count += len(page)
            self._progress(count, None, what)
        if odd:
            self.failures.append((f"some of the {what}", _without_id(odd)))

    async def groups(self, groups: Iterable[str]) -> AsyncIterator[tuple[str, set[str]]]:
        """Each group that could be read, in lower case, with the ids of its members.

        They come a request at a time: the members of all groups together may not fit into memory.
        """
        fit = [group for group in sorted({item.lower() for item in groups}) if self._is_fit(group)]
        for start in range(0, len(fit), BATCH_SIZE):
            chunk = fit[start : start + BATCH_SIZE]
            async for found in self._some_groups(chunk):
                yield found
            self._progress(start + len(chunk), len(fit), "groups")

    async def _some_groups(self, groups: Sequence[str]) -> AsyncIterator[tuple[str, set[str]]]:
        paths = [f"groups/{group}/transitiveMembers?$select=id&$top={_PAGE}" for group in groups]
        try:
            answers = await read_batch(self._session, paths, headers=_HEADERS)
        except IntuneScepError as error:
            self.failures.append(("the members of groups", error))
            return
        for group, answer in zip(groups, answers, strict=True):
            # A deleted group that a profile still names has no members.
            if answer.error is not None and not answer.not_found:
                self.failures.append((f"the members of group {group}", answer.error))
                continue
            try:
                members = await self._members(answer.body)
            except IntuneScepError as error:
                self.failures.append((f"the members of group {group}", error))
                continue
            yield group, members

    async def _members(self, body: Any) -> set[str]:
        first = body if isinstance(body, dict) else {}
        members = _ids(first.get("value"))
        if (link := self._session.next_link(first)) is not None:
            async for page in self._session.pages(link, headers=_HEADERS):
                members |= _ids(page)
        return members

    def _is_fit(self, group: str) -> bool:
        try:
            checked_id(group)
        except IntuneScepError as error:
            self.failures.append((f"the members of group {group!r}", error))
            return False
        return True


def _ids(entities: Any) -> set[str]:
    items = entities if isinstance(entities, list) else []
    return {
        entity["id"].lower()
        for entity in items
        if isinstance(entity, dict) and isinstance(entity.get("id"), str)
    }


def _user(entity: Mapping[str, Any]) -> User:
    synchronised = entity.get("onPremisesSyncEnabled")
    return User(
        id=entity["id"].lower(),
        name=str(entity.get("userPrincipalName") or entity["id"]),
        has_sid=bool(entity.get(_SID)),
        enabled=entity.get("accountEnabled") is not False,
        guest=_word(entity, "userType") == "guest",
        synchronised=synchronised if isinstance(synchronised, bool) else None,
    )


def _device(entity: Mapping[str, Any]) -> Device:
    return Device(
        id=entity["id"].lower(),
        device_id=_word(entity, "deviceId"),
        name=str(entity.get("displayName") or entity["id"]),
        has_sid=bool(entity.get(_SID)),
        enabled=entity.get("accountEnabled") is not False,
        trust_type=_word(entity, "trustType"),
        system=_word(entity, "operatingSystem"),
    )


def _managed(entity: Mapping[str, Any]) -> Managed:
    return Managed(
        device_id=_guid(entity, "azureADDeviceId"),
        user_id=_guid(entity, "userId"),
        system=_word(entity, "operatingSystem"),
    )


def _word(entity: Mapping[str, Any], name: str) -> str:
    return str(entity.get(name) or "").strip().lower()


def _guid(entity: Mapping[str, Any], name: str) -> str:
    """A GUID; empty where it says nothing, as one of zeros does."""
    word = _word(entity, name)
    return word if word.strip("0-") else ""


def _without_id(count: int) -> IntuneScepError:
    return GraphTransportError(
        f"Graph sent {count} of them without an id; they were not counted.", hides_commit=False
    )
