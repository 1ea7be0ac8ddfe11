"""The plan that takes a run back, made from its journal and from the tenant as it is. Pure.

The tenant decides, not the record: a profile is taken back where it is as the run left it, and left
alone where somebody changed it since. Taking back a delete makes the profile anew, with another id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from intune_scep.changes.certificates import about_certificates
from intune_scep.changes.journal import Journal
from intune_scep.changes.plan import Action, Difference, Plan, Task
from intune_scep.changes.record import ActionRecord, StepRecord
from intune_scep.changes.status import Status
from intune_scep.changes.steps import Assignments, Reference, Seen, Step, id_of
from intune_scep.changes.steps.assign import Assign
from intune_scep.changes.steps.base import LeftAloneError, changed_since
from intune_scep.changes.steps.create import Create, holds
from intune_scep.changes.steps.delete import Delete
from intune_scep.changes.steps.link import Link
from intune_scep.profiles import (
    Profile,
    ProfileIndex,
    changed_properties,
    find_profile_type,
    writable,
)
from intune_scep.profiles.targets import same_assignments


@dataclass(frozen=True)
class Now:
    """What the tenant has now.

    Attributes:
        profiles: Every certificate profile with its assignments, and the dependants that the run
            wrote, by id.
        roots: By SCEP profile id: id of the root it points at, for those whose link was read.
        links: By id of a dependant and name of a link: id of the certificate profile it leads to.
    """

    profiles: Mapping[str, Profile]
    roots: Mapping[str, str | None] = field(default_factory=dict)
    links: Mapping[tuple[str, str], str | None] = field(default_factory=dict)

    @cached_property
    def _index(self) -> ProfileIndex:
        return ProfileIndex(self.profiles.values())

    def named(self, odata_type: str, name: Any) -> Sequence[Profile]:
        """The profiles of one type and name."""
        kind = find_profile_type(odata_type)
        return self._index.named(kind, name) if kind is not None else ()


@dataclass(frozen=True)
class TakenBack:
    """What taking back a later run of the same job changed, which is nobody else's change.

    Attributes:
        seen: By profile id: the version that the later run saw before it wrote.
        left: By profile id: the version that taking it back left.
    """

    seen: Mapping[str, int | None]
    left: Mapping[str, int | None]


def linked_ids(journal: Journal) -> list[str]:
    """Ids of the SCEP profiles whose root links `undo` needs to know."""
    run = journal.first
    ids: list[str] = []
    for action in run.plan.writing:
        record = run.record(action)
        if record.begun and action.is_scep:
            made = [step.id for step in record.steps.values() if step.id]
            ids += [identifier for identifier in (action.id, *made) if identifier]
    return list(dict.fromkeys(ids))


def undo(journal: Journal, now: Now, later: Sequence[TakenBack] = ()) -> Plan:
    """The plan that takes back the first run of a journal.

    An action that cannot be taken back is in it as a conflict, with the reason.

    Args:
        later: The runs of the same job since, in their order.
    """
    return _Undo(journal, now, later).plan()


class _Undo:
    def __init__(self, journal: Journal, now: Now, later: Sequence[TakenBack]) -> None:
        self._journal = journal
        self._later = later
        self._run = journal.first
        self._now = now
        self._begun = [
            action for action in self._run.plan.writing if self._run.record(action).begun
        ]
        self._made_again = {
            action.id: action.key for action in self._begun if action.id and self._is_gone(action)
        }

    def _is_gone(self, action: Action) -> bool:
        return action.deletes and action.id not in self._now.profiles

    def plan(self) -> Plan:
        actions = [self._undone(action) for action in self._begun]
        users = self._users(actions)
        actions = [self._deleted_last(action, users) for action in actions]
        first = self._run.plan
        plan = Plan(
            Task.ROLLBACK,
            first.tenant,
            first.cloud,
            tuple(actions),
            choices={"journal": str(self._journal.path), "of": first.task.value},
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            pages=first.pages,
        )
        about = about_certificates(plan)
        return replace(plan, notes=(about,) if about else ())

    def _undone(self, action: Action) -> Action:
        record = self._run.record(action)
        blank = Action(
            key=action.key,
            action="none",
            odata_type=action.odata_type,
            name=action.name,
            id=action.id,
            diff=tuple(Difference(d.property, d.after, d.before) for d in action.diff),
            # What the run cost then says nothing of what going back costs now.
            details={name: told for name, told in action.details.items() if name != "impact"},
        )
        try:
            if action.creates:
                return self._uncreated(blank, action, record)
            if action.deletes:
                return self._undeleted(blank, record.steps[_number_of(action, Delete)])
            return self._unchanged(blank, action, record)
        except LeftAloneError as left:
            return replace(blank, status=left.status, message=str(left), diff=())

    # A profile that was changed

    def _unchanged(self, blank: Action, action: Action, record: ActionRecord) -> Action:
        now = self._now.profiles.get(action.id or "")
        if now is None:
            raise LeftAloneError(Status.CONFLICT, "The profile no longer exists.")
        steps: list[Step] = []
        for number, step in reversed(list(enumerate(action.steps))):
            if number in record.steps:
                steps += step.reverse(record.steps[number].pre_image, now, self)
        if not steps:
            raise LeftAloneError(Status.UNCHANGED, "It is as it was before the run.")
        # What was read of a write that did not show yet is not what it left behind.
        known = record.version is not None and record.ending is not Status.UNKNOWN
        if known and self._left_at(record.version, now.id or "") != now.version:
            raise changed_since(f"version {record.version} is now {now.version}")
        word = "remove_sid_uri" if action.action == "add_sid_uri" else "update"
        return self._planned(blank, word, steps, now)

    def _left_at(self, version: int | None, identifier: str) -> int | None:
        """The version at which runs that were taken back since left what this run left at one."""
        for run in self._later:
            if identifier in run.left and run.seen.get(identifier) == version:
                version = run.left[identifier]
        return version

    def pointed_at(self, profile_id: str | None) -> str | None:
        """Id of the root that a SCEP profile points at now."""
        return self._now.roots.get(profile_id or "")

    def led_to(self, profile_id: str | None, link: str) -> str | None:
        """Id of the certificate profile that a link of a dependant leads to now."""
        return self._now.links.get((profile_id or "", link))

    def id_of(self, reference: Reference | None) -> str | None:
        """Id of a root, one that the run made included."""
        return id_of(reference, self._made_by)

    def _made_by(self, key: str) -> str | None:
        maker = self._run.by_key[key]
        return self._made_id(maker, self._run.record(maker))

    def reference(self, identifier: str | None) -> Reference | None:
        """A root by the id it had; one that is made again by this plan, by its action."""
        if identifier is None:
            return None
        if (key := self._made_again.get(identifier)) is not None:
            return Reference(action=key, name=self._run.by_key[key].name)
        return Reference(id=identifier)

    # A profile that was made, perhaps in place of another

    def _uncreated(self, blank: Action, action: Action, record: ActionRecord) -> Action:
        made_id = self._made_id(action, record)
        now = self._now.profiles.get(made_id or "")
        steps: list[Step] = []
        if action.deletes and self._is_gone(action):
            steps += self._made_anew(record.steps[_number_of(action, Delete)], now)
        if now is not None:
            _require_as_made(action, now)
            steps.append(Delete())
        if not steps:
            raise LeftAloneError(Status.UNCHANGED, "It is gone already.")
        word = "replace" if len(steps) > 1 else "delete"
        if now is None:
            return replace(
                blank,
                id=None,
                action="create",
                status=Status.PLANNED,
                steps=tuple(steps),
                after=_makers(steps),
            )
        return self._planned(replace(blank, id=now.id), word, steps, now)

    def _made_id(self, action: Action, record: ActionRecord) -> str | None:
        if (known := record.made_id(action)) is not None:
            return known
        step = action.steps[_number_of(action, Create)]
        assert isinstance(step, Create)
        there = [
            profile.id
            for profile in self._now.named(action.odata_type, step.body.get("displayName"))
            if profile.id not in step.same_named and holds(profile, step.body)
        ]
        if len(there) > 1:
            raise LeftAloneError(
                Status.CONFLICT,
                "Several profiles look like the one the run made:"
                f" {', '.join(sorted(str(item) for item in there))}.",
            )
        return there[0] if there else None

    # A profile that was deleted

    def _undeleted(self, blank: Action, record: StepRecord) -> Action:
        if blank.id in self._now.profiles:
            raise LeftAloneError(Status.UNCHANGED, "It was not deleted.")
        steps = self._made_anew(record, None)
        return replace(
            blank,
            id=None,
            action="create",
            status=Status.PLANNED,
            steps=tuple(steps),
            after=_makers(steps),
        )

    def _made_anew(self, record: StepRecord, new: Profile | None) -> list[Step]:
        wire = record.pre_image.wire or {}
        body = writable(wire)
        there = self._now.named(str(wire.get("@odata.type")), wire.get("displayName"))
        others = [profile for profile in there if new is None or profile.id != new.id]
        if others and holds(others[0], body):
            raise LeftAloneError(Status.UNCHANGED, f"It is there again already: {others[0].id}.")
        if others:
            raise LeftAloneError(
                Status.CONFLICT, f"Another profile has its name now: {others[0].id}."
            )
        root = self.reference(record.pre_image.root_id)
        steps: list[Step] = [Create(body, root, tuple(p.id or "" for p in there))]
        if root is not None:
            steps.append(Link(None, root))
        if record.pre_image.assignments:
            steps.append(Assign((), record.pre_image.assignments))
        return steps

    # What all have in common

    def _planned(self, blank: Action, word: str, steps: Sequence[Step], now: Profile) -> Action:
        # A new assignment leaves the version as it is, and goes with the profile.
        goes = any(isinstance(step, Delete) for step in steps)
        held = tuple(now.assignments or ()) if goes else None
        return replace(
            blank,
            action=word,
            status=Status.PLANNED,
            steps=tuple(steps),
            seen=Seen(now.version, now.last_modified_date_time, held),
            after=_makers(steps),
        )

    def _users(self, actions: Sequence[Action]) -> Mapping[str | None, Sequence[str]]:
        """Id of a root to the keys of the actions on profiles that point at it."""
        users: dict[str | None, list[str]] = {}
        for action in actions:
            if action.id is not None and action.is_scep and action.writes:
                users.setdefault(self.pointed_at(action.id), []).append(action.key)
        return users

    def _deleted_last(self, action: Action, users: Mapping[str | None, Sequence[str]]) -> Action:
        """Let a root go only when the profiles that point at it were taken back."""
        if not action.deletes or action.is_scep:
            return action
        after = tuple(users.get(action.id, ()))
        steps = tuple(Delete(after) if isinstance(s, Delete) else s for s in action.steps)
        return replace(action, steps=steps)


def _makers(steps: Sequence[Step]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(key for step in steps for key in step.waits_for))


def _require_as_made(action: Action, now: Profile) -> None:
    possible: list[Assignments] = [()]
    for step in action.steps:
        if isinstance(step, Create) and not holds(now, step.body):
            lost = [n for n in changed_properties(now, step.body) if n != "@odata.type"]
            raise changed_since(", ".join(lost))
        if isinstance(step, Assign):
            possible.append(step.after)
    held = now.assignments or ()
    if not any(same_assignments(held, assignments) for assignments in possible):
        raise changed_since("its assignments")


def _number_of(action: Action, kind: type[Step]) -> int:
    return next(n for n, step in enumerate(action.steps) if isinstance(step, kind))
