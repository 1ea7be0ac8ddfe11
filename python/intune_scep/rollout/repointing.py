"""Letting the dependants of a profile use the certificates of another one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from intune_scep.changes.plan import Action, Difference
from intune_scep.changes.status import Status
from intune_scep.changes.steps import Seen
from intune_scep.changes.steps.repoint import Repoint
from intune_scep.profiles.dependants import is_apple_dependant
from intune_scep.rules.texts import counted
from intune_scep.tenant import Tenant
from intune_scep.tenant.dependants import UsedBy, has_certificate_links, read_dependants
from intune_scep.tenant.listing import list_configurations

ENROLS_AGAIN: Final = (
    "On iOS and macOS a profile that is installed anew enrols anew: each device that has it asks"
    " for one more certificate."
)
"""What pointing a dependant elsewhere costs there (ROLLOUT.md 5)."""


@dataclass(frozen=True)
class Move:
    """A profile whose dependants are to use another one.

    Attributes:
        before, after: Ids of the one and the other.
        names: What the two are called.
    """

    before: str
    after: str
    names: tuple[str, str]


@dataclass(frozen=True)
class Users:
    """Who uses the certificates of which profile.

    Attributes:
        by_profile: Id of a SCEP profile to its dependants.
        named: Name of every dependant to the ids of those that have it.
        unread: What could not be read, in sentences: there may be more of them.
    """

    by_profile: Mapping[str, Sequence[UsedBy]] = field(default_factory=dict)
    named: Mapping[str, Sequence[str]] = field(default_factory=dict)
    unread: tuple[str, ...] = ()


async def read_users(tenant: Tenant) -> Users:
    """Read every dependant there is, and what it uses.

    Raises:
        GraphError, GraphTransportError: they could not be listed.
    """
    listed = await list_configurations(tenant, (), has_certificate_links, with_assignments=True)
    links = await read_dependants(tenant, listed.items)
    failed = [f"{name!r}: {error}" for name, error in links.failures]
    named: dict[str, list[str]] = {}
    for wire in listed.items:
        named.setdefault(str(wire.get("displayName") or ""), []).append(str(wire.get("id")))
    return Users(links.by_profile, named, (*map(str, listed.left_out), *failed))


def repoints(users: Users, moves: Iterable[Move]) -> list[Action]:
    """Point the dependants of some profiles at others; one action for each dependant. Pure."""
    steps: dict[str, list[Repoint]] = {}
    diffs: dict[str, list[Difference]] = {}
    found: dict[str, UsedBy] = {}
    for move in moves:
        for user in users.by_profile.get(move.before, ()):
            found[user.id] = user
            for link in user.links:
                steps.setdefault(user.id, []).append(Repoint(link, move.before, move.after))
                diffs.setdefault(user.id, []).append(Difference(link, *move.names))
    return [
        Action(
            key=f"dependant {identifier}",
            action="update",
            odata_type=user.odata_type,
            name=user.name,
            id=identifier,
            status=Status.PLANNED,
            steps=tuple(steps[identifier]),
            seen=Seen(user.version, user.last_modified),
            diff=tuple(diffs[identifier]),
            details={"notes": [ENROLS_AGAIN]} if is_apple_dependant(user.odata_type) else {},
        )
        for identifier, user in found.items()
    ]


def about(actions: Iterable[Action]) -> tuple[str, ...]:
    """What a person should know before dependants are pointed elsewhere, in sentences."""
    apple = [action for action in actions if is_apple_dependant(action.odata_type)]
    if not apple:
        return ()
    return (f"{counted(len(apple), 'dependant')} for iOS or macOS: {ENROLS_AGAIN}",)
