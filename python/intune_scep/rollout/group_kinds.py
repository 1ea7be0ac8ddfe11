"""Whether groups hold users or devices, and whether they can be taken out of a profile.

An exclusion works within its own kind only: users out of users, devices out of devices; anything
else leaves everybody in without a word (ROLLOUT.md 1).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from intune_scep.errors import IntuneScepError
from intune_scep.graph.batch import read_batch
from intune_scep.profiles import Profile
from intune_scep.profiles.targets import Target, TargetKind
from intune_scep.rules.targets import excluded_groups, included, read_targets
from intune_scep.tenant import Tenant
from intune_scep.tenant.entities import Failures
from intune_scep.tenant.members import Members, read_members

_DYNAMIC: Final = "dynamicmembership"


class Kind(StrEnum):
    """Whom a group holds."""

    USERS = "users"
    DEVICES = "devices"
    BOTH = "users and devices"
    NOBODY = "nobody"


@dataclass(frozen=True)
class Group:
    """A group, as far as exclusions need to know it.

    Attributes:
        dynamic: Whether a rule decides who is in it.
    """

    id: str
    name: str
    kind: Kind
    dynamic: bool
    members: Members


async def read_kinds(tenant: Tenant, ids: Collection[str]) -> Mapping[str, Group]:
    """Read groups with their members, by their ids in lower case.

    Raises:
        IntuneScepError: one of them could not be read; needs GroupMember.Read.All.
    """
    wanted = sorted({identifier.lower() for identifier in ids})
    failures: Failures = []
    members = {group: found async for group, found in read_members(tenant, wanted, failures)}
    if failures:
        raise failures[0][1]
    paths = [f"groups/{group}?$select=id,displayName,groupTypes" for group in wanted]
    groups: dict[str, Group] = {}
    for group, answer in zip(wanted, await read_batch(tenant.session, paths), strict=True):
        if answer.error is not None and not answer.not_found:
            raise answer.error
        groups[group] = _group(group, answer.body, members.get(group, Members()))
    return groups


def _group(identifier: str, body: Any, members: Members) -> Group:
    entity = body if isinstance(body, dict) else {}
    types = {str(item).lower() for item in entity.get("groupTypes") or ()}
    name = str(entity.get("displayName") or identifier)
    return Group(identifier, name, _kind(members), _DYNAMIC in types, members)


def _kind(members: Members) -> Kind:
    if members.untold:
        return Kind.BOTH
    if members.users and members.devices:
        return Kind.BOTH
    if members.users:
        return Kind.USERS
    return Kind.DEVICES if members.devices else Kind.NOBODY


def members_of(group: Group) -> frozenset[str]:
    """Ids of everybody and everything in a group."""
    return frozenset({*group.members.users, *group.members.devices})


def why_mixed(
    profile: Profile, group: Group, targets: Collection[Target], groups: Mapping[str, Group]
) -> Iterator[str]:
    """Why a group cannot be taken out of a profile since that is for another kind, in sentences.

    Args:
        targets: Whom the profile is for.
        groups: As for `why_not_excluded`.
    """
    yield from _mixed(repr(profile.display_name or profile.id), group, included(targets), groups)


def why_not_excluded(
    profile: Profile, ring: Sequence[Group], groups: Mapping[str, Group]
) -> Iterator[str]:
    """Why groups cannot be taken out of a profile, in sentences.

    Args:
        ring: The groups of the ring.
        groups: Those that the profile is assigned to, by their ids in lower case.
    """
    called = repr(profile.display_name or profile.id)
    targets = read_targets(profile.assignments or ())
    if not included(targets):
        yield f"{called} is assigned to nobody."
    out = excluded_groups(targets)
    for group in ring:
        if group.id in out:
            yield f"{called} leaves the group {group.name!r} out already."
        if group.kind is Kind.NOBODY:
            yield f"The group {group.name!r} is empty, or its members could not be told."
        elif group.kind is Kind.BOTH:
            yield f"The group {group.name!r} holds {group.kind.value}: make two of it."
        elif group.dynamic and group.kind is Kind.DEVICES:
            yield (
                f"The group of devices {group.name!r} is dynamic: Microsoft advises against taking"
                " such a group out of a profile."
            )
        else:
            yield from _mixed(called, group, included(targets), groups)


def _mixed(
    called: str, group: Group, targets: Collection[Target], groups: Mapping[str, Group]
) -> Iterator[str]:
    for target in targets:
        kind = _kind_of(target, groups)
        if kind not in {group.kind, Kind.NOBODY}:
            whom = kind.value if kind is not None else "others"
            yield (
                f"{called} is assigned to {whom} and the group {group.name!r} holds"
                f" {group.kind.value}: taking it out would change nothing, as Intune does not"
                " compare the two."
            )


def _kind_of(target: Target, groups: Mapping[str, Group]) -> Kind | None:
    if target.kind is TargetKind.ALL_USERS:
        return Kind.USERS
    if target.kind is TargetKind.ALL_DEVICES:
        return Kind.DEVICES
    found = groups.get(target.group_id)
    return found.kind if found is not None else None


def unread(error: IntuneScepError) -> str:
    """Why nothing is known of groups."""
    return f"Who is in the groups could not be read: {error}"
