"""Copies of dependants, which use the copy of a SCEP profile and move ring by ring with it.

A copy is the original with another name and other links, assigned to nobody. A ring gets it after
the copies of the SCEP profiles, and is taken out of the original before the profile whose
certificate that uses, in one run: so nobody has a dependant without its certificate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from intune_scep.changes.plan import Action, Difference
from intune_scep.changes.status import Status
from intune_scep.changes.steps import Assignments, Step
from intune_scep.changes.steps.attach import Attach
from intune_scep.changes.steps.create import Create
from intune_scep.changes.steps.repoint import Repoint
from intune_scep.errors import IntuneScepError, PlanError
from intune_scep.profiles import Profile, writable
from intune_scep.profiles.dependants import (
    COLLECTIONS,
    hidden_secrets,
    is_apple_dependant,
    links_of,
)
from intune_scep.profiles.targets import TargetKind, group_ids, same_assignments
from intune_scep.rollout.assigning import (
    assigned,
    everybody,
    given_to,
    why_no_filter,
    without,
)
from intune_scep.rollout.group_kinds import Group, Kind, members_of, read_kinds, why_mixed
from intune_scep.rollout.model import Dependants, Finish
from intune_scep.rollout.resolution import Resolved, ResolvedBundle, ResolvedRing
from intune_scep.rollout.state import RolloutState
from intune_scep.rules.targets import excluded_groups, included, read_targets
from intune_scep.rules.texts import counted
from intune_scep.tenant import Tenant
from intune_scep.tenant.dependants import LedTo, UsedBy, read_links
from intune_scep.tenant.profiles import read_profiles_by_id

COPY_ENROLS: Final = (
    "On iOS and macOS each device that gets the copy enrols for it: one certificate more. Until its"
    " ring has passed it has the original as well; nobody is known to have seen two such profiles"
    " side by side."
)
"""What a copy costs there (DOMAIN.md 4, ROLLOUT.md 5 and 8)."""
_SIDE_BY_SIDE: Final = (
    "Until its ring has passed a device has the original as well; nobody is known to have seen two"
    " such profiles side by side."
)


def key_of(identifier: str | None) -> str:
    """Key of the action that says whom a dependant, or a copy of one, is for."""
    return f"dependant {identifier}"


def is_copied(item: ResolvedBundle) -> bool:
    """Whether the dependants of a profile are copied."""
    return item.bundle is not None and item.bundle.dependants is Dependants.CLONE


@dataclass(frozen=True)
class _Pair:
    """A dependant and its copy, as they are now.

    Attributes:
        links: Where the links of both lead, by id and name.
    """

    user: UsedBy
    original: Profile
    copy: Profile
    links: Mapping[tuple[str, str], LedTo]

    @property
    def whom(self) -> Assignments:
        """Whom the original is for."""
        return tuple(self.original.assignments or ())

    @property
    def held(self) -> Assignments:
        """Whom the copy is for."""
        return tuple(self.copy.assignments or ())

    @property
    def groups(self) -> frozenset[str]:
        """Ids of the groups that the copy is given to, in lower case."""
        return frozenset(target.group_id for target in included(read_targets(self.held)))


@dataclass(frozen=True)
class DependantCopies:
    """Moves rings from dependants to their copies."""

    tenant: Tenant
    resolved: Resolved
    state: RolloutState

    # What stands against it

    async def why_not(self, ring: ResolvedRing) -> Sequence[str]:
        """Why the dependants cannot be copied and moved, in sentences.

        Raises:
            IntuneScepError: one of them, or who is in a group, could not be read.
        """
        users = self._users(ring.bundles)
        originals = await self._read({user.id: user for user in users})
        said = [
            _secret(user, names)
            for user in users
            if user.id not in self.state.clones
            and (names := hidden_secrets(originals[user.id].wire))
        ]
        if ring.ring.rest:
            return said  # The copies are for all whom the originals are for.
        groups = await self._groups(ring, originals.values())
        for original in originals.values():
            said += why_no_filter(original)
            said += self._concerned(original, frozenset(), self._ring_groups(ring), groups)[1]
        return said

    # The copies are made

    async def create(self, bundles: Sequence[ResolvedBundle]) -> list[Action]:
        """Make the copies that are not there yet; each is for nobody."""
        users = [user for user in self._users(bundles) if user.id not in self.state.clones]
        originals = await self._read({user.id: user for user in users})
        wanted = [(user.id, user.odata_type, link) for user in users for link in _links(user)]
        links = await read_links(self.tenant, wanted) if wanted else {}
        return [
            self._create(
                user, originals[user.id], {name: links[user.id, name] for name in _links(user)}
            )
            for user in users
        ]

    def _create(self, user: UsedBy, original: Profile, links: Mapping[str, LedTo]) -> Action:
        name = self._copy_name(user)
        common: dict[str, Any] = {
            "key": user.id,
            "odata_type": user.odata_type,
            "name": name,
            "details": {
                "original": user.name,
                "original_id": user.id,
                "notes": [COPY_ENROLS if is_apple_dependant(user.odata_type) else _SIDE_BY_SIDE],
            },
        }
        if names := hidden_secrets(original.wire):
            return Action(
                action="none", status=Status.SKIPPED, message=_secret(user, names), **common
            )
        body = {**writable(original.wire), "displayName": name}
        steps: list[Step] = [Create(body)]
        for link, led_to in links.items():
            steps += self._points(link, led_to)
        return Action(
            action="create",
            status=Status.PLANNED,
            steps=tuple(steps),
            whole=True,
            diff=(Difference("name", user.name, name), *self._moved(links)),
            **common,
        )

    def _points(self, link: str, led_to: LedTo) -> Iterator[Step]:
        """A link of the original in the copy: to the copy of what it led to, if that has one."""
        if isinstance(led_to, IntuneScepError):
            raise led_to
        if link in COLLECTIONS:
            yield from (Attach(link, each) for each in led_to or ())
        elif isinstance(led_to, str):
            yield Repoint(link, None, self._wanted(led_to))

    def _wanted(self, led_to: str) -> str:
        return self._copied.get(led_to, led_to)

    def _moved(self, links: Mapping[str, LedTo]) -> Iterator[Difference]:
        names = {
            item.profile.id: (item.profile.display_name, item.clone_name)
            for item in self.resolved.bundles
        }
        for link, led_to in links.items():
            if isinstance(led_to, str) and led_to in self._copied:
                yield Difference(link, *names[led_to])

    # A ring gets them

    async def give(self, ring: ResolvedRing, bundles: Sequence[ResolvedBundle]) -> list[Action]:
        """Give the copies to a ring."""
        pairs = await self._pairs(self._users(bundles))
        if ring.ring.rest:
            return [
                self._given(pair, everybody(pair.whom, pair.held, self._all_groups))
                for pair in pairs
            ]
        groups = await self._groups(ring, [pair.original for pair in pairs])
        found = []
        for pair in pairs:
            give, said = self._concerned(
                pair.original, pair.groups, self._ring_groups(ring), groups
            )
            wanted = given_to(give, pair.whom, pair.held, self._all_groups) if give else pair.held
            found.append(_left(pair, " ".join(said)) if said else self._given(pair, wanted))
        return found

    def _given(self, pair: _Pair, wanted: Assignments) -> Action:
        for link in _links(pair.user):
            before, now = pair.links[pair.user.id, link], pair.links[pair.copy.id or "", link]
            if isinstance(before, str) and now != self._wanted(before):
                why = f"Its link {link} does not lead where that of its original says."
                return _left(pair, why)
        return _assigned(pair.copy, pair.held, wanted)

    # It is taken out of the originals

    async def settle(
        self, ring: ResolvedRing, bundles: Sequence[ResolvedBundle]
    ) -> tuple[list[Action], Mapping[str, str]]:
        """Take a ring out of the originals, after its gate has passed.

        Returns:
            What is done, and why a SCEP profile must stay as it is, by its id.
        """
        pairs = await self._pairs(self._users(bundles))
        groups = await self._groups(ring, [pair.original for pair in pairs])
        found, stays = [], dict(self._uncopied(bundles))
        for pair in pairs:
            wanted = self._ring_groups(ring)
            give, said = self._concerned(pair.original, pair.groups, wanted, groups)
            if give or said:
                stays |= self._because(bundles, pair)
                continue
            out = [group for group in wanted if group.lower() in pair.groups]
            found.append(
                assigned(
                    key_of(pair.original.id), pair.original, pair.whom, without(pair.whom, out)
                )
            )
        return _writing(found), stays

    async def finish(
        self, bundles: Sequence[ResolvedBundle]
    ) -> tuple[list[Action], Mapping[str, str]]:
        """Retire the originals whose SCEP profile is retired; the rest stays. As for `settle`."""
        found, stays = [], dict(self._uncopied(bundles))
        retired = [item for item in bundles if is_copied(item) and _retires(item)]
        for pair in await self._pairs(self._users(retired)):
            if not same_assignments(everybody(pair.whom, pair.held, self._all_groups), pair.held):
                stays |= self._because(bundles, pair)
                continue
            found.append(_assigned(pair.original, pair.whom, ()))
        return _writing(found), stays

    def _uncopied(self, bundles: Iterable[ResolvedBundle]) -> Iterator[tuple[str, str]]:
        for item in filter(is_copied, bundles):
            for user in item.dependants:
                if user.id not in self.state.clones:
                    yield (
                        item.profile.id or "",
                        f"{user.name!r} uses its certificates and was made, or was assigned, after"
                        " the copies of the others. Point it at the copy, or take its link away.",
                    )

    def _because(self, bundles: Iterable[ResolvedBundle], pair: _Pair) -> dict[str, str]:
        why = (
            f"{pair.copy.display_name!r} is not for all whom {pair.user.name!r} is for, who would"
            " be left without. Assign it to them."
        )
        return {
            item.profile.id or "": why
            for item in bundles
            if any(user.id == pair.user.id for user in item.dependants)
        }

    # What all have in common

    @property
    def _copied(self) -> Mapping[str, str]:
        """Id of each SCEP profile whose dependants are copied to that of its clone."""
        ids = (item.profile.id or "" for item in self.resolved.bundles if is_copied(item))
        return {key: self.state.clones[key] for key in ids if key in self.state.clones}

    @property
    def _all_groups(self) -> frozenset[str]:
        return frozenset(g.lower() for ring in self.resolved.rings for g in ring.group_ids)

    def _ring_groups(self, ring: ResolvedRing) -> list[str]:
        """The groups of a ring and of those before it, which a younger dependant has not either."""
        order = ring.ring.order
        return [g for one in self.resolved.rings if one.ring.order <= order for g in one.group_ids]

    def _users(self, bundles: Iterable[ResolvedBundle]) -> list[UsedBy]:
        """The dependants of bundles, each once."""
        found = {user.id: user for item in filter(is_copied, bundles) for user in item.dependants}
        return list(found.values())

    def _copy_name(self, user: UsedBy) -> str:
        items = filter(is_copied, self.resolved.bundles)
        return next(item.copy_name(user.name) for item in items if user in item.dependants)

    async def _read(self, users: Mapping[str, UsedBy]) -> dict[str, Profile]:
        """Profiles by id, each of the type of the dependant it is or was copied from."""
        types = {identifier: user.odata_type for identifier, user in users.items()}
        found: dict[str, Profile] = {}
        read = await read_profiles_by_id(
            self.tenant, list(types), with_assignments=True, types=types
        )
        for identifier, profile in read.items():
            if isinstance(profile, IntuneScepError):
                raise profile
            if profile is None:
                name = users[identifier].name
                which = "" if identifier == users[identifier].id else "copy of the "
                raise PlanError(f"The {which}dependant {name!r} is not there any more.")
            found[identifier] = profile
        return found

    async def _pairs(self, users: Iterable[UsedBy]) -> list[_Pair]:
        """The dependants that have a copy, with it."""
        clones = self.state.clones
        copied = [user for user in users if user.id in clones]
        if not copied:
            return []
        both = {key: user for user in copied for key in (user.id, clones[user.id])}
        profiles = await self._read(both)
        links = await read_links(
            self.tenant,
            [(key, user.odata_type, link) for key, user in both.items() for link in _links(user)],
        )
        return [_Pair(user, profiles[user.id], profiles[clones[user.id]], links) for user in copied]

    async def _groups(
        self, ring: ResolvedRing, originals: Iterable[Profile]
    ) -> Mapping[str, Group]:
        assigned = {group for item in originals for group in group_ids(item.assignments or ())}
        return await read_kinds(self.tenant, {*self._ring_groups(ring), *assigned})

    def _concerned(
        self,
        original: Profile,
        held: frozenset[str],
        wanted: Sequence[str],
        groups: Mapping[str, Group],
    ) -> tuple[list[str], list[str]]:
        """The groups that are to get a copy, and why others cannot, in sentences.

        Args:
            held: Ids of the groups that have it.
        """
        give, said = [], []
        targets = read_targets(original.assignments or ())
        out = excluded_groups(targets)
        for identifier in wanted:
            group = groups[identifier.lower()]
            if group.id in held or group.id in out:
                continue
            if mixed := list(why_mixed(original, group, targets, groups)):
                said += mixed
                continue
            inside = members_of(group)
            has = inside if _is_everybody(original, group) else inside & _reached(original, groups)
            if not has - _members(out, groups):
                continue  # It does not concern this group.
            if has != inside:
                said.append(_only_part(original, group, len(has)))
                continue
            give.append(identifier)
        return give, said


def _links(user: UsedBy) -> tuple[str, ...]:
    return links_of(user.odata_type)


def _is_everybody(profile: Profile, group: Group) -> bool:
    everybody_of = {Kind.USERS: TargetKind.ALL_USERS, Kind.DEVICES: TargetKind.ALL_DEVICES}
    kinds = {target.kind for target in included(read_targets(profile.assignments or ()))}
    return everybody_of.get(group.kind) in kinds


def _reached(profile: Profile, groups: Mapping[str, Group]) -> frozenset[str]:
    given = included(read_targets(profile.assignments or ()))
    return _members((target.group_id for target in given), groups)


def _members(ids: Iterable[str], groups: Mapping[str, Group]) -> frozenset[str]:
    return frozenset[str]().union(*(members_of(groups[each]) for each in ids if each in groups))


def _only_part(profile: Profile, group: Group, has: int) -> str:
    name = profile.display_name or profile.id
    return (
        f"{name!r} is for {has:,} of the {counted(len(members_of(group)), 'member')} of the group"
        f" {group.name!r}: its copy would reach the others too. Make the ring of a group that has"
        " it as a whole, or not at all."
    )


def _secret(user: UsedBy, names: Sequence[str]) -> str:
    return (
        f"{user.name!r} has {' and '.join(names)}, which Graph does not show, so no copy could have"
        " it. Write dependants: repoint_at_end, which leaves it where it is."
    )


def _retires(item: ResolvedBundle) -> bool:
    return item.bundle is not None and item.bundle.finish is Finish.RETIRE_ORIGINAL


def _left(pair: _Pair, why: str) -> Action:
    return Action(
        key=key_of(pair.copy.id),
        action="none",
        odata_type=pair.user.odata_type,
        name=pair.copy.display_name or "",
        id=pair.copy.id,
        status=Status.SKIPPED,
        message=why,
    )


def _writing(actions: Iterable[Action]) -> list[Action]:
    return [action for action in actions if action.writes]


def _assigned(profile: Profile, held: Assignments, wanted: Assignments) -> Action:
    return assigned(key_of(profile.id), profile, held, wanted)
