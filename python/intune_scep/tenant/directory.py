"""Who is in the groups that profiles are assigned to, and what their accounts lack."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from intune_scep.errors import GraphTransportError, IntuneScepError
from intune_scep.graph.batch import read_batch
from intune_scep.graph.session import checked_id
from intune_scep.tenant.entities import PAGE, word
from intune_scep.tenant.tenant import Tenant

USER_ATTRIBUTES: Final = (
    "mail",
    "userPrincipalName",
    "givenName",
    "surname",
    "onPremisesDistinguishedName",
    "onPremisesSamAccountName",
    "onPremisesSecurityIdentifier",
    "onPremisesUserPrincipalName",
    "department",
)
"""Attributes of a user that variables of a profile are filled from."""

_SID: Final = "onPremisesSecurityIdentifier"
_DEVICE_ATTRIBUTES: Final = (_SID, "trustType", "operatingSystem", "deviceId")
_ADVANCED: Final = {"ConsistencyLevel": "eventual"}
_USERS, _DEVICES = "users", "devices"
_SELECTED: Final = {_USERS: USER_ATTRIBUTES, _DEVICES: _DEVICE_ATTRIBUTES}
_CASTS: Final = {_USERS: "microsoft.graph.user", _DEVICES: "microsoft.graph.device"}


@dataclass(frozen=True, slots=True)
class DeviceAccount:
    """What counts of a device in the directory.

    Attributes:
        operating_system: As Graph writes it, lower case.
        trust_type: `workplace`, `azuread` or `serverad` (hybrid joined), lower case.
        device_id: `deviceId`, by which Intune names it, lower case; not its id in the directory.
    """

    operating_system: str
    trust_type: str
    has_sid: bool
    device_id: str = ""


@dataclass(frozen=True)
class Directory:
    """Users and devices as far as they were asked for.

    Attributes:
        users: User id to the attributes without a value.
        devices: Device id to what counts of it.
        group_users, group_devices: Group id (lower case) to the ids of its members, those of
            nested groups included.
        all_users, all_devices: Every id, or None if not asked for.
        failures: (what, error) of everything that could not be read.
    """

    users: Mapping[str, frozenset[str]] = field(default_factory=dict)
    devices: Mapping[str, DeviceAccount] = field(default_factory=dict)
    group_users: Mapping[str, frozenset[str]] = field(default_factory=dict)
    group_devices: Mapping[str, frozenset[str]] = field(default_factory=dict)
    all_users: frozenset[str] | None = None
    all_devices: frozenset[str] | None = None
    failures: tuple[tuple[str, IntuneScepError], ...] = ()


async def read_directory(
    tenant: Tenant, groups: Iterable[str], *, everyone: bool, every_device: bool
) -> Directory:
    """Read the members of groups, 10 groups a request, and further pages one by one.

    Args:
        groups: Group ids.
        everyone: Also read all users.
        every_device: Also read all devices.

    Raises:
        GraphError, GraphTransportError: a whole request failed for good.
        UnsafeLinkError: a further page is at no URL or on another host.
    """
    reading = _Reading()
    questions = [
        (kind, group, f"groups/{group}/transitiveMembers/{_CASTS[kind]}")
        for group in sorted(set(groups))
        if reading.is_fit(group)
        for kind in (_USERS, _DEVICES)
    ]
    questions += [
        (kind, "", kind)
        for kind, wanted in ((_USERS, everyone), (_DEVICES, every_device))
        if wanted
    ]
    paths = [_listing(path, _SELECTED[kind]) for kind, _, path in questions]
    answers = await read_batch(tenant.session, paths, headers=_ADVANCED)
    for (kind, group, _), answer in zip(questions, answers, strict=True):
        if answer.error is not None:
            # A deleted group that a profile still names has no members.
            if not answer.not_found:
                reading.failures.append((f"{kind} of {group or 'the tenant'}", answer.error))
                continue
            reading.note(kind, group, [])
            continue
        body = answer.body if isinstance(answer.body, dict) else {}
        reading.note(kind, group, body.get("value"))
        if (link := tenant.session.next_link(body)) is not None:
            async for page in tenant.session.pages(link, headers=_ADVANCED):
                reading.note(kind, group, page)
    return reading.result()


def _listing(path: str, attributes: Iterable[str]) -> str:
    return f"{path}?$count=true&$top={PAGE}&$select=id,{','.join(attributes)}"


def _odd(kind: str) -> IntuneScepError:
    return GraphTransportError(
        f"Graph sent an item without an id among the {kind}; it was not counted.",
        hides_commit=False,
    )


class _Reading:
    """What has come in so far."""

    def __init__(self) -> None:
        self.failures: list[tuple[str, IntuneScepError]] = []
        self._users: dict[str, frozenset[str]] = {}
        self._devices: dict[str, DeviceAccount] = {}
        self._members: dict[tuple[str, str], set[str]] = {}

    def is_fit(self, group: str) -> bool:
        """Whether a group can be asked about; one that cannot is a failure."""
        try:
            checked_id(group)
        except IntuneScepError as error:
            self.failures.append((f"the members of {group!r}", error))
            return False
        return True

    def note(self, kind: str, group: str, entities: Any) -> None:
        """Take in a page of members; `group` is empty for all of the tenant."""
        members = self._members.setdefault((kind, group.lower()), set())
        for entity in entities if isinstance(entities, list) else [entities]:
            identifier = entity.get("id") if isinstance(entity, dict) else None
            if not isinstance(identifier, str):
                self._note_odd(kind, group)
                continue
            members.add(identifier)
            if kind == _USERS:
                self._users[identifier] = frozenset(
                    name for name in USER_ATTRIBUTES if not entity.get(name)
                )
            else:
                self._devices[identifier] = DeviceAccount(
                    operating_system=word(entity, "operatingSystem"),
                    trust_type=word(entity, "trustType"),
                    has_sid=bool(entity.get(_SID)),
                    device_id=word(entity, "deviceId"),
                )

    def _note_odd(self, kind: str, group: str) -> None:
        what = f"{kind} of {group or 'the tenant'}"
        if all(noted != what for noted, _ in self.failures):
            self.failures.append((what, _odd(kind)))

    def result(self) -> Directory:
        """Everything noted."""

        def groups(kind: str) -> dict[str, frozenset[str]]:
            return {
                group: frozenset(members)
                for (of, group), members in self._members.items()
                if of == kind and group
            }

        def everything(kind: str) -> frozenset[str] | None:
            members = self._members.get((kind, ""))
            return None if members is None else frozenset(members)

        return Directory(
            users=self._users,
            devices=self._devices,
            group_users=groups(_USERS),
            group_devices=groups(_DEVICES),
            all_users=everything(_USERS),
            all_devices=everything(_DEVICES),
            failures=tuple(self.failures),
        )
