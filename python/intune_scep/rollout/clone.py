"""The strategy `clone`: a copy of each profile with the SID URI, which rings are moved to.

What Microsoft advises (DOMAIN.md 2): the original is not edited, so nobody's certificate is revoked
before its device has a new one. A ring is assigned the clone, and is taken out of the original when
its gate has passed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import chain
from typing import Any, ClassVar, Final

from intune_scep.audience.reissued import REPORT_LAG
from intune_scep.changes.plan import Action, Difference, Plan, Task
from intune_scep.changes.status import Status
from intune_scep.changes.steps import Assignments, Reference, Seen
from intune_scep.changes.steps.create import Create
from intune_scep.changes.steps.patch import Patch
from intune_scep.errors import IntuneScepError, PlanError
from intune_scep.profiles import Profile, ScepProfile, writable
from intune_scep.profiles.targets import group_ids
from intune_scep.rollout.assigning import (
    assigned,
    everybody,
    given_to,
    why_no_filter,
    without,
)
from intune_scep.rollout.copying import DependantCopies, is_copied, key_of
from intune_scep.rollout.group_kinds import Group, read_kinds, unread, why_not_excluded
from intune_scep.rollout.journal import RolloutJournal
from intune_scep.rollout.model import Bundle, Dependants, Finish, RolloutFile
from intune_scep.rollout.repointing import Move, Users, about, read_users, repoints
from intune_scep.rollout.resolution import (
    Resolved,
    ResolvedBundle,
    ResolvedRing,
    notes_of_copies,
)
from intune_scep.rollout.tick import Wait
from intune_scep.rollout.words import Need, Stage
from intune_scep.rules import Verdict, judge
from intune_scep.rules.texts import counted
from intune_scep.strong_mapping.assessment import SANS, append_sid_uri
from intune_scep.strong_mapping.plan import in_words, wire_sans
from intune_scep.tenant import RootLink, Tenant, read_root_links
from intune_scep.tenant.dependants import UsedBy
from intune_scep.tenant.entities import Failures, guid, read_entities, read_managed
from intune_scep.tenant.issued import read_issued
from intune_scep.tenant.profiles import read_profile

_NOT_KEPT: Final = "It could not be learned whether the certificates of the originals are untouched"
_UNREAD: Final = "What uses the certificates of the originals is not all known"
_OF_DEPENDANTS: Final = (Stage.COPY, Stage.FOLLOW, Stage.SETTLE, Stage.FINISH)
"""The stages that need to know every dependant where those are copied."""
_FEW: Final = 0.01
"""The part of the originals' certificates that may go in these hours for other reasons."""


def require_possible(file: RolloutFile) -> None:
    """Refuse what cannot be carried out, before anything is.

    Raises:
        PlanError: naming each bundle and key.
    """
    wrong = [
        f"bundles[{place}].{problem}"
        for place, bundle in enumerate(file.bundles)
        for problem in _why_impossible(bundle, ends=any(ring.rest for ring in file.rings))
    ]
    if wrong:
        raise PlanError(f"{file.path} cannot be carried out: {'; '.join(wrong)}.")


def _why_impossible(bundle: Bundle, *, ends: bool) -> Iterator[str]:
    """What of a bundle cannot be carried out.

    Args:
        ends: Whether a ring takes everybody who is left.
    """
    if bundle.dependants is Dependants.CLONE and bundle.finish is Finish.SWING_BACK:
        yield (
            "dependants: clone with finish: swing_back would install each of them twice, the copy"
            " and then the original again; write repoint_at_end, by which they stay and follow"
        )
    if ends:
        return
    needs = "needs a last ring with rest: true, since whoever is in no ring would be cut off"
    if bundle.dependants is Dependants.REPOINT_AT_END:
        yield f"dependants: repoint_at_end {needs}"
    if bundle.finish is not Finish.KEEP_BOTH:
        yield f"finish: {bundle.finish} {needs}"


@dataclass(frozen=True)
class Clone:
    """Moves rings from originals to their clones."""

    tenant: Tenant
    resolved: Resolved
    journal: RolloutJournal
    task: ClassVar[Task] = Task.ROLLOUT

    def before_gate(self, ring: ResolvedRing) -> Sequence[Stage]:
        """A ring gets the clones; at the end the originals may come back with the SID URI."""
        if ring.ring.back:
            return (Stage.AMEND, Stage.OPEN)
        if not self._copies_dependants:
            return (Stage.CREATE, Stage.OPEN)
        return (Stage.CREATE, Stage.COPY, Stage.OPEN, Stage.FOLLOW)

    def after_gate(self, ring: ResolvedRing) -> Sequence[Stage]:
        """A ring of groups is taken out of the originals; the rest ends them as the file says.

        Dependants follow before what they used is taken away.
        """
        if ring.ring.back:
            return (Stage.REPOINT, Stage.WITHDRAW)
        return (Stage.REPOINT, Stage.FINISH) if ring.ring.rest else (Stage.SETTLE,)

    async def why_not(self, ring: ResolvedRing) -> Wait | None:
        """Why the groups of a ring could not be taken out of the originals, and the dependants not
        copied."""
        if (wait := self._unknown_users(ring)) is not None:
            return wait
        return await self._why_not_moved(ring) or await self._why_not_copied(ring)

    async def _why_not_copied(self, ring: ResolvedRing) -> Wait | None:
        if not self._copies_dependants or ring.ring.back:
            return None
        try:
            said = await self._dependants.why_not(ring)
        except PlanError:
            raise
        except IntuneScepError as error:
            return Wait(Need.EVIDENCE, ring.ring.name, (f"{_UNREAD}: {error}",))
        return self._person(ring, said)

    async def _why_not_moved(self, ring: ResolvedRing) -> Wait | None:
        if not ring.ring.groups:
            return None
        assigned = (item.profile.assignments or () for item in ring.bundles)
        wanted = {*ring.group_ids, *group_ids(chain.from_iterable(assigned))}
        try:
            groups = await read_kinds(self.tenant, wanted)
        except IntuneScepError as error:
            return Wait(Need.EVIDENCE, ring.ring.name, (unread(error),))
        own = [groups[identifier.lower()] for identifier in ring.group_ids]
        said = [
            sentence
            for bundle in ring.bundles
            for sentence in (
                *why_not_excluded(bundle.profile, own, groups),
                *why_no_filter(bundle.profile),
            )
        ]
        return self._person(ring, said)

    def _person(self, ring: ResolvedRing, said: Sequence[str]) -> Wait | None:
        if not said:
            return None
        return Wait(Need.PERSON, ring.ring.name, tuple(dict.fromkeys(said)))

    async def devices(self, ring: ResolvedRing) -> Collection[str] | None:
        """The managed devices in the ring's groups, or of their users."""
        if not ring.ring.groups:
            return None
        groups = await read_kinds(self.tenant, ring.group_ids)
        return await _managed_by(self.tenant, groups.values())

    async def why_wait(self, ring: ResolvedRing, stage: Stage) -> Wait | None:
        """Before anybody gets a clone, the originals' certificates must be seen to be untouched;
        before a dependant follows or is copied, all of them must be known."""
        if stage in _OF_DEPENDANTS and (wait := self._unknown_users(ring)) is not None:
            return wait
        if stage is Stage.REPOINT:
            return await self._unread(ring)
        first = self.journal.state.rings[0]
        if stage is not Stage.OPEN or first.name != ring.ring.name or first.changed:
            return None
        made = max(first.done.get(Stage.CREATE, {}).values(), default=None)
        if made is None:
            return None
        if self.tenant.now() < made + REPORT_LAG:
            why = "The report of certificates must be younger than the clones before they are used."
            return Wait(Need.TIME, ring.ring.name, (why,), made + REPORT_LAG)
        return await self._touched(ring)

    def _unknown_users(self, ring: ResolvedRing) -> Wait | None:
        """Where dependants are copied: what of them was not read."""
        said = tuple(f"{_UNREAD}: {why}" for why in self.resolved.unread)
        return Wait(Need.EVIDENCE, ring.ring.name, said) if said else None

    async def _unread(self, ring: ResolvedRing) -> Wait | None:
        if not any(map(_repoints_at_end, ring.bundles)):
            return None
        try:
            unread = (await read_users(self.tenant)).unread
        except IntuneScepError as error:
            unread = (str(error),)
        if not unread:
            return None
        said = tuple(f"{_UNREAD}: {why}" for why in unread)
        return Wait(Need.EVIDENCE, ring.ring.name, said)

    async def _touched(self, ring: ResolvedRing) -> Wait | None:
        before = self.journal.state.ring(ring.ring.name).before
        if before is None:
            return None
        try:
            gone = before.gone(await read_issued(self.tenant, before.held))
        except IntuneScepError as error:
            return Wait(Need.EVIDENCE, ring.ring.name, (f"{_NOT_KEPT}: {error}",))
        if gone <= max(1, _FEW * before.count):
            return None
        said = (
            f"{counted(gone, 'certificate')} of {before.count:,} of the originals went since the"
            " clones were made. Nobody was assigned a clone."
        )
        return Wait(Need.PERSON, ring.ring.name, (said,))

    async def plan(self, ring: ResolvedRing, stage: Stage, profiles: Collection[str]) -> Plan:
        """What a stage means for some profiles of a ring.

        Raises:
            PlanError: a profile is not there any more.
            GraphError, GraphTransportError: one could not be read.
        """
        chosen = [item for item in ring.bundles if (item.profile.id or "") in profiles]
        makers = {
            Stage.CREATE: self._creates,
            Stage.COPY: self._copies,
            Stage.OPEN: self._opens,
            Stage.FOLLOW: self._follows,
            Stage.SETTLE: self._settles,
            Stage.REPOINT: self._repoints,
            Stage.FINISH: self._finishes,
            Stage.AMEND: self._amends,
            Stage.WITHDRAW: self._withdraws,
        }
        actions = tuple(await makers[stage](ring, chosen))
        return Plan(
            Task.ROLLOUT,
            self.tenant.tenant_id,
            self.tenant.cloud,
            actions,
            choices={"ring": ring.ring.name, "stage": stage.value},
            notes=(*about(actions), *self._about_copies(stage, actions)),
            made_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        )

    @property
    def _dependants(self) -> DependantCopies:
        return DependantCopies(self.tenant, self.resolved, self.journal.state)

    @property
    def _copies_dependants(self) -> bool:
        return any(map(is_copied, self.resolved.bundles))

    def _about_copies(self, stage: Stage, actions: Sequence[Action]) -> Sequence[str]:
        """What is to become of dependants, said where the copies of what they use are made."""
        if stage is not Stage.CREATE or not any(action.writes for action in actions):
            return ()
        return tuple(said for item in self.resolved.bundles for said in notes_of_copies(item))

    @property
    def _clones(self) -> Mapping[str, str]:
        return self.journal.state.clones

    async def _creates(self, ring: ResolvedRing, bundles: Sequence[ResolvedBundle]) -> list[Action]:
        links = await read_root_links(self.tenant, [item.profile for item in bundles])
        return [self._create(item, links[item.profile.id or ""]) for item in bundles]

    def _create(self, item: ResolvedBundle, root: RootLink) -> Action:
        profile, key = item.profile, item.profile.id or ""
        if isinstance(root, IntuneScepError):
            raise root
        common: dict[str, Any] = {
            "key": key,
            "odata_type": profile.odata_type,
            "name": item.clone_name,
            "details": {"original": profile.display_name, "original_id": profile.id},
        }
        if key in self._clones:
            return Action(action="none", id=self._clones[key], **common)
        before = profile.wire.get(SANS)
        body = {**writable(profile.wire), "displayName": item.clone_name}
        body[SANS] = append_sid_uri(before)
        reference = Reference(root.id, None, root.display_name or "") if root is not None else None
        return Action(
            action="create",
            status=Status.PLANNED,
            steps=(Create(body, reference),),
            whole=True,
            diff=(
                Difference("name", profile.display_name, item.clone_name),
                Difference("subject_alternative_names", in_words(before), in_words(body[SANS])),
            ),
            **common,
        )

    async def _opens(self, ring: ResolvedRing, bundles: Sequence[ResolvedBundle]) -> list[Action]:
        return [await self._open(ring, item) for item in bundles]

    async def _open(self, ring: ResolvedRing, item: ResolvedBundle) -> Action:
        key = item.profile.id or ""
        if ring.ring.back:
            original = await self._read(key, item.profile.display_name)
            nobody = tuple(original.assignments or ())
            return assigned(key, original, nobody, self.journal.state.assigned[key])
        clone = await self._read(self._clones[key], item.clone_name)
        held = tuple(clone.assignments or ())
        original = await self._read(key, item.profile.display_name)
        whom, rings = tuple(original.assignments or ()), self._ring_groups()
        if ring.ring.rest:
            return assigned(key, clone, held, everybody(whom, held, rings))
        wanted = given_to(ring.group_ids, whom, held, rings)
        return assigned(key, clone, held, wanted)

    def _ring_groups(self) -> frozenset[str]:
        return frozenset(g.lower() for ring in self.resolved.rings for g in ring.group_ids)

    async def _copies(self, ring: ResolvedRing, bundles: Sequence[ResolvedBundle]) -> list[Action]:
        actions = await self._dependants.create(bundles)
        return _with_rest(bundles, actions, lambda user: user.id)

    async def _follows(self, ring: ResolvedRing, bundles: Sequence[ResolvedBundle]) -> list[Action]:
        actions = await self._dependants.give(ring, bundles)
        return _with_rest(bundles, actions, lambda user: key_of(self._clones.get(user.id)))

    async def _settles(self, ring: ResolvedRing, bundles: Sequence[ResolvedBundle]) -> list[Action]:
        dependants, kept = await self._dependants.settle(ring, bundles)
        found = []
        for item in bundles:
            key = item.profile.id or ""
            original = await self._read(key, item.profile.display_name)
            held = tuple(original.assignments or ())
            # What its dependants use stays until they follow.
            stays = _repoints_at_end(item)
            wanted = held if stays else without(held, ring.group_ids)
            found.append(assigned(key, original, held, wanted))
        return _together(dependants, found, kept, bundles)

    async def _repoints(
        self, ring: ResolvedRing, bundles: Sequence[ResolvedBundle]
    ) -> list[Action]:
        following = [item for item in bundles if _repoints_at_end(item)]
        moves = [self._move(ring, item) for item in following]
        users = await read_users(self.tenant) if moves else Users()
        if users.unread:
            raise PlanError(f"{_UNREAD}: {users.unread[0]}")
        # A profile is done with when nothing uses what its people have no longer.
        left = {move.before for move in moves if users.by_profile.get(move.before)}
        done = [
            item
            for item in bundles
            if item not in following or self._move(ring, item).before not in left
        ]
        return [*map(_nothing, done), *repoints(users, moves)]

    def _move(self, ring: ResolvedRing, item: ResolvedBundle) -> Move:
        before, after = ring.exchanged(self._clones)[item.profile.id or ""]
        names = item.profile.display_name or "", item.clone_name
        return Move(before, after, names[::-1] if ring.ring.back else names)

    async def _finishes(
        self, ring: ResolvedRing, bundles: Sequence[ResolvedBundle]
    ) -> list[Action]:
        dependants, kept = await self._dependants.finish(bundles)
        found = []
        for item in bundles:
            key = item.profile.id or ""
            original = await self._read(key, item.profile.display_name)
            held = tuple(original.assignments or ())
            found.append(assigned(key, original, held, self._left_of(item, held)))
        return _together(dependants, found, kept, bundles)

    def _left_of(self, item: ResolvedBundle, held: Assignments) -> Assignments:
        """Whom an original is for when the last ring is done."""
        if item.bundle is not None and item.bundle.finish is not Finish.KEEP_BOTH:
            return ()
        if not _repoints_at_end(item):
            return held
        groups = [group for ring in self.resolved.rings for group in ring.group_ids]
        return without(held, groups)

    async def _amends(self, ring: ResolvedRing, bundles: Sequence[ResolvedBundle]) -> list[Action]:
        return [
            _amended(await self._read(item.profile.id or "", item.profile.display_name))
            for item in bundles
        ]

    async def _withdraws(
        self, ring: ResolvedRing, bundles: Sequence[ResolvedBundle]
    ) -> list[Action]:
        found = []
        for item in bundles:
            key = item.profile.id or ""
            clone = await self._read(self._clones[key], item.clone_name)
            found.append(assigned(key, clone, tuple(clone.assignments or ()), ()))
        return found

    async def _read(self, identifier: str, name: str | None) -> Profile:
        found = await read_profile(self.tenant, identifier, with_assignments=True)
        if found is None:
            raise PlanError(f"The profile {name or identifier!r} is not there any more.")
        return found


def _repoints_at_end(item: ResolvedBundle) -> bool:
    return item.bundle is not None and item.bundle.dependants is Dependants.REPOINT_AT_END


def _with_rest(
    bundles: Sequence[ResolvedBundle],
    actions: Sequence[Action],
    key: Callable[[UsedBy], str],
) -> list[Action]:
    """What is done to copies of dependants, and the profiles of which none of it is.

    Args:
        key: Of the action on the copy of a dependant.
    """
    doing = {action.key: action for action in actions if action.status is not Status.UNCHANGED}
    free = [item for item in bundles if not any(key(user) in doing for user in item.dependants)]
    return [*map(_nothing, free), *doing.values()]


def _together(
    dependants: Sequence[Action],
    profiles: Sequence[Action],
    kept: Mapping[str, str],
    bundles: Sequence[ResolvedBundle],
) -> list[Action]:
    """Take people out of dependants and, in the same run and after that, of what those use.

    Args:
        kept: Id of a profile that stays as it is to the reason.
    """
    keys = {action.id: action.key for action in dependants}
    uses = {
        item.profile.id: tuple(keys[user.id] for user in item.dependants if user.id in keys)
        for item in bundles
    }
    return [
        *dependants,
        *(
            replace(
                action, action="none", status=Status.SKIPPED, message=kept[action.key], steps=()
            )
            if action.key in kept and action.writes
            else replace(action, after=uses.get(action.key, ()))
            for action in profiles
        ),
    ]


def _nothing(item: ResolvedBundle) -> Action:
    """A profile to which a stage has nothing to do any more."""
    return Action(
        key=item.profile.id or "",
        action="none",
        odata_type=item.profile.odata_type,
        name=item.profile.display_name or "",
        id=item.profile.id,
    )


def _amended(original: Profile) -> Action:
    """Give an original the SID URI, while nobody has it whose certificate would be revoked."""
    held = tuple(original.assignments or ())
    before = wire_sans(original)
    common: dict[str, Any] = {
        "key": original.id or "",
        "odata_type": original.odata_type,
        "name": original.display_name or "",
        "id": original.id,
    }
    if isinstance(original, ScepProfile) and judge(original).verdict is Verdict.MAPPED:
        return Action(action="none", **common)
    if held:
        why = "It was assigned again meanwhile, so an edit would revoke what is out."
        return Action(action="none", status=Status.SKIPPED, message=why, **common)
    after = append_sid_uri(before)
    return Action(
        action="add_sid_uri",
        status=Status.PLANNED,
        steps=(Patch({SANS: before}, {SANS: after}),),
        seen=Seen(original.version, original.last_modified_date_time, held),
        diff=(Difference("subject_alternative_names", in_words(before), in_words(after)),),
        **common,
    )


async def _managed_by(tenant: Tenant, groups: Collection[Group]) -> frozenset[str]:
    """Ids of the managed devices that are in groups, or whose primary user is.

    Raises:
        IntuneScepError: they could not be read.
    """
    users = set[str]().union(*(group.members.users for group in groups))
    devices = set[str]().union(*(group.members.devices for group in groups))
    failures: Failures = []
    entra: set[str] = set()
    if devices:
        listed = read_entities(tenant, "devices", "devices", "id,deviceId", failures)
        entra = {
            guid(item, "deviceId") async for item in listed if item["id"].lower() in devices
        } - {""}
    select = "id,userId,azureADDeviceId,managementAgent"
    found = frozenset(
        [
            item["id"].lower()
            async for item in read_managed(tenant, select, failures)
            if guid(item, "userId") in users or guid(item, "azureADDeviceId") in entra
        ]
    )
    if failures:
        raise failures[0][1]
    return found
