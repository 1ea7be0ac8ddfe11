"""The changes that would be made, as data: shown, saved, approved, carried out. Pure."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Any, Final

from intune_scep.changes.status import Hold, Status
from intune_scep.changes.steps import Seen, Step, step_from_dict
from intune_scep.changes.values import (
    NotAsWrittenError,
    flag_of,
    list_of,
    number_of,
    object_of,
    text_of,
    text_or_none,
    texts_of,
)
from intune_scep.errors import PlanError, TooManyChangesError, UnknownProfileTypeError
from intune_scep.profiles import ProfileKind, find_profile_type
from intune_scep.profiles.dependants import require_written_type
from intune_scep.wording import option

PLAN_FORMAT: Final = "intune-scep/plan/2"
_OF_EVERY_ROW: Final = frozenset(
    {"id", "name", "kind", "platform", "action", "status", "message", "diff", "hold"}
)


IMPACT_COUNTS: Final = ("certificates", "devices", "users", "dependants", "enrolments")
"""The numbers that say what a change costs; None where one is not known."""


class Task(StrEnum):
    """Which job made a plan."""

    STRONG_MAPPING = "strong_mapping"
    DECLARED_STATE = "declared_state"
    RESTORE = "restore"
    ROLLBACK = "rollback"
    ROLLOUT = "rollout"


@dataclass(frozen=True)
class Difference:
    """One property before and after, in the words of declarations."""

    property: str
    before: Any
    after: Any

    def to_dict(self) -> dict[str, Any]:
        return {"property": self.property, "before": self.before, "after": self.after}

    @classmethod
    def from_dict(cls, data: Any) -> Difference:
        return cls(text_of(data["property"]), data["before"], data["after"])


@dataclass(frozen=True)
class Action:
    """What happens to one profile.

    Attributes:
        key: Names the action within its plan.
        action: What is done, for people: `none`, `add_sid_uri`, `remove_sid_uri`, `create`,
            `update`, `replace`, `delete` or `refused`.
        id: Id of the profile there is; None for one to be made.
        status: `planned` where there is something to do; else why not.
        message: A sentence for the status.
        hold: Why it is held back by the plan itself; None if it is not.
        steps: The writes, in order. A delete waits until everything else of the plan is done.
        seen: The edition of the profile that was planned on.
        after: Keys of the actions that must have ended well before this one may start.
        whole: Whether a new profile that does not hold what was sent is taken away again.
        advice: What to try where Graph refuses the change.
        diff: What changes, in the words of declarations.
        details: What the job has to say of the profile besides, JSON-ready.
    """

    key: str
    action: str
    odata_type: str
    name: str
    id: str | None = None
    status: Status = Status.UNCHANGED
    message: str | None = None
    hold: Hold | None = None
    steps: tuple[Step, ...] = ()
    seen: Seen | None = None
    after: tuple[str, ...] = ()
    whole: bool = False
    advice: str | None = None
    diff: tuple[Difference, ...] = ()
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def writes(self) -> bool:
        """Whether the action has something to write."""
        return self.status is Status.PLANNED and bool(self.steps)

    @property
    def creates(self) -> bool:
        return any(step.creates for step in self.steps)

    @property
    def deletes(self) -> bool:
        return any(step.deletes for step in self.steps)

    @property
    def is_scep(self) -> bool:
        kind = find_profile_type(self.odata_type)
        return kind is not None and kind.kind is ProfileKind.SCEP

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form, from which the action can be read back."""
        return {
            "key": self.key,
            "action": self.action,
            "odata_type": self.odata_type,
            "name": self.name,
            "id": self.id,
            "status": self.status.value,
            "message": self.message,
            "steps": [step.to_dict() for step in self.steps],
            "seen": self.seen.to_dict() if self.seen else None,
            "after": list(self.after),
            "whole": self.whole,
            "advice": self.advice,
            "diff": [difference.to_dict() for difference in self.diff],
            "details": dict(self.details),
            # Left out where it says nothing: plans that were saved before keep their digest.
            **({"hold": self.hold.value} if self.hold else {}),
        }

    @classmethod
    def from_dict(cls, data: Any) -> Action:
        if data["odata_type"] or data["steps"]:
            require_written_type(text_of(data["odata_type"]))
        return cls(
            key=text_of(data["key"]),
            action=text_of(data["action"]),
            odata_type=data["odata_type"],
            name=text_of(data["name"]),
            id=text_or_none(data["id"]),
            status=Status(text_of(data["status"])),
            message=text_or_none(data["message"]),
            hold=Hold(text_of(data["hold"])) if "hold" in data else None,
            steps=tuple(map(step_from_dict, list_of(data["steps"]))),
            seen=Seen.from_dict(data["seen"]),
            after=texts_of(data["after"]),
            whole=flag_of(data["whole"]),
            advice=text_or_none(data["advice"]),
            diff=tuple(map(Difference.from_dict, list_of(data["diff"]))),
            details=_details(data["details"]),
        )

    def row(self) -> dict[str, Any]:
        """The profile as one element of `profiles` in every output."""
        kind = find_profile_type(self.odata_type)
        notes = " ".join(self.details.get("notes") or ())
        return {
            "id": self.id,
            "name": self.name,
            "kind": kind.kind.value if kind else "",
            "platform": kind.platform.value if kind else "",
            "action": self.action,
            "status": self.status.value,
            "message": self.message or notes or None,
            "diff": [difference.to_dict() for difference in self.diff],
            **({"hold": self.hold.value} if self.hold else {}),
            **self.details,
        }


def _details(data: Any) -> dict[str, Any]:
    """Details of an action, of which the reports read some."""
    details = object_of(data)
    texts_of(details.get("notes") or [])
    for name in ("verdict", "reissues"):
        text_or_none(details.get(name))
    if details.get("impact") is not None:
        _impact(details["impact"])
    if taken := _OF_EVERY_ROW & details.keys():
        raise NotAsWrittenError(f"the details of an action say {', '.join(sorted(taken))} again")
    return details


def _impact(data: Any) -> dict[str, Any]:
    """What a plan costs, of which sentences are made."""
    impact = object_of(data)
    text_or_none(impact.get("unknown"))
    for name in IMPACT_COUNTS:
        if impact.get(name) is not None:
            number_of(impact[name])
    for name, count in object_of(impact.get("by_use", {})).items():
        text_of(name)
        number_of(count)
    texts_of(impact.get("why_unknown", []))
    return impact


@dataclass(frozen=True)
class Plan:
    """Every action of a job, profiles that stay as they are included.

    Attributes:
        choices: What the operator decided, JSON-ready; a resumed run must be given the same.
        all_or_nothing: Whether nothing at all is written while one action is refused.
        made_at: When the tenant was read, ISO 8601 in UTC.
        pages: Requests that listing the tenant took, to choose the cheaper way of reading back.
        notes: What was not read or is known in part only, in sentences.
        warnings: What a person should read before agreeing.
        all_scep: Whether every SCEP profile that was listed has an action here, so that a listing
            at the end shows one that was missing.
        impact: What the whole plan costs, each device and dependant once, JSON-ready; `unknown`
            says why a number is not there. Empty where nobody asked.
    """

    task: Task
    tenant: str
    cloud: str
    actions: tuple[Action, ...]
    choices: Mapping[str, Any] = field(default_factory=dict)
    all_or_nothing: bool = False
    made_at: str = ""
    pages: int = 1
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    all_scep: bool = False
    impact: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<Plan {self.task}: {len(self.writing)} of {len(self.actions)} profiles to change>"

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do and nothing to complain about."""
        return not self.writing and not self.refused

    @property
    def refused(self) -> tuple[Action, ...]:
        return tuple(action for action in self.actions if action.action == "refused")

    @property
    def held_back(self) -> tuple[Action, ...]:
        """The actions that the plan itself holds back; they are to be planned again later."""
        return tuple(action for action in self.actions if action.status is Status.HELD_BACK)

    @property
    def is_held(self) -> bool:
        """Whether nothing at all is written, because an action is refused."""
        return self.all_or_nothing and bool(self.refused)

    @cached_property
    def writing(self) -> tuple[Action, ...]:
        """The actions that write something, in the order in which they go."""
        return tuple(in_order(action for action in self.actions if action.writes))

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """How many profiles each action and each status concerns."""
        return count_endings((action.action, action.status) for action in self.actions)

    def action(self, key: str) -> Action:
        """The action of that key."""
        return next(action for action in self.actions if action.key == key)

    def part(self, keys: Iterable[str]) -> Plan:
        """The plan with only these actions, for example those of one ring."""
        wanted = set(keys)
        actions = tuple(item for item in self.actions if item.key in wanted)
        return replace(self, actions=actions, all_scep=False, impact={})

    def content(self) -> dict[str, Any]:
        """What the digest covers."""
        return {
            "format": PLAN_FORMAT,
            "task": self.task.value,
            "tenant": self.tenant,
            "cloud": self.cloud,
            "made_at": self.made_at,
            "choices": dict(self.choices),
            "all_or_nothing": self.all_or_nothing,
            "pages": self.pages,
            "notes": list(self.notes),
            "warnings": list(self.warnings),
            "actions": [action.to_dict() for action in self.actions],
            # Left out where it says nothing: plans that were saved before keep their digest.
            **({"all_scep": True} if self.all_scep else {}),
            **({"impact": dict(self.impact)} if self.impact else {}),
        }

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the canonical JSON of the plan: what an approval refers to."""
        canonical = json.dumps(self.content(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form, as written to a plan file."""
        return {**self.content(), "digest": self.digest}

    def report(self) -> dict[str, Any]:
        """JSON-ready form for people and machines that look at a plan."""
        return {
            "tenant": self.tenant,
            "cloud": self.cloud,
            "task": self.task.value,
            "changed": bool(self.writing),
            "failed": bool(self.refused),
            "counts": self.counts,
            "choices": dict(self.choices),
            "notes": list(self.notes),
            "warnings": list(self.warnings),
            "digest": self.digest,
            **({"impact": dict(self.impact)} if self.impact else {}),
            "profiles": [action.row() for action in self.actions],
        }

    @classmethod
    def from_dict(cls, data: Any) -> Plan:
        """Read a plan back.

        Raises:
            PlanError: it is not a plan, it was edited, or it names a profile twice.
        """
        if not isinstance(data, Mapping) or data.get("format") != PLAN_FORMAT:
            raise PlanError(f"This is not a plan of the form {PLAN_FORMAT}.")
        try:
            plan = cls(
                task=Task(text_of(data["task"])),
                tenant=text_of(data["tenant"]),
                cloud=text_of(data["cloud"]),
                actions=tuple(map(Action.from_dict, list_of(data["actions"]))),
                choices=object_of(data["choices"]),
                all_or_nothing=flag_of(data["all_or_nothing"]),
                made_at=text_of(data["made_at"]),
                pages=number_of(data["pages"]),
                notes=texts_of(data["notes"]),
                warnings=texts_of(data["warnings"]),
                all_scep=flag_of(data.get("all_scep", False)),
                impact=_impact(data.get("impact", {})),
            )
        except NotAsWrittenError as error:
            raise PlanError(f"The plan is damaged: {error}.") from error
        except (KeyError, TypeError, ValueError, AttributeError, UnknownProfileTypeError) as error:
            raise PlanError("The plan is damaged: it does not hold what a plan holds.") from error
        if plan.digest != data.get("digest"):
            raise PlanError(
                "The plan was changed after it was written: its digest does not fit.",
                hint="Make it again.",
            )
        check_plan(plan)
        return plan

    def require_tenant(self, tenant: str, cloud: str) -> None:
        """Refuse a plan of another tenant.

        Raises:
            PlanError: with both tenants.
        """
        if (self.tenant, self.cloud) != (tenant, cloud):
            raise PlanError(
                f"The plan is for tenant {self.tenant} ({self.cloud}), but you are signed in to"
                f" {tenant} ({cloud}). Nothing was changed."
            )


def check_plan(plan: Plan) -> None:
    """Refuse a plan that no run may walk.

    Raises:
        PlanError: two actions have one key or are about one profile, an action waits for one that
            is not there or does not say which profile it changes, or actions wait for each other.
    """
    keys = [action.key for action in plan.actions]
    if len(set(keys)) < len(keys):
        raise PlanError("The plan is damaged: two of its actions have the same key.")
    ids = Counter(action.id.lower() for action in plan.actions if action.id)
    twice = sorted(identifier for identifier, count in ids.items() if count > 1)
    if twice:
        raise PlanError(f"The plan names a profile more than once: {', '.join(twice)}.")
    waits = {key for action in plan.actions for key in waits_for(action)}
    if unknown := sorted(waits - set(keys)):
        raise PlanError(f"The plan waits for actions that it does not have: {', '.join(unknown)}.")
    for action in plan.actions:
        _require_subject(action)
    _ = plan.writing
    _require_deletions_in_order(plan.actions)


def _require_subject(action: Action) -> None:
    """Every step is about a profile: the one there is, or the one that the first step makes."""
    makers = [number for number, step in enumerate(action.steps) if step.creates]
    deletions = [number for number, step in enumerate(action.steps) if step.deletes]
    if makers not in ([], [0]) or deletions not in ([], [len(action.steps) - 1]):
        raise PlanError(
            f"The plan is damaged: {action.name!r} is made or deleted otherwise than once, at the"
            " beginning and at the end."
        )
    needs_one = deletions or (action.steps and not makers)
    if needs_one and not action.id:
        raise PlanError(f"The plan is damaged: it does not say which {action.name!r} it changes.")


def _require_deletions_in_order(actions: Sequence[Action]) -> None:
    """A deletion waits for what becomes of other profiles; where those go too, for their end."""
    only = {item.key for item in actions if item.deletes and len(item.steps) == 1}
    waits = {
        item.key: {key for step in item.steps for key in step.waits_for} & only
        for item in actions
        if item.key in only
    }
    try:
        TopologicalSorter(waits).prepare()
    except CycleError as error:
        raise PlanError("The plan is damaged: its deletions wait for each other.") from error


def waits_for(action: Action) -> Iterable[str]:
    """Keys of the actions that a step of the action cannot go before."""
    yield from action.after
    for step in action.steps:
        yield from step.waits_for


def in_order(actions: Iterable[Action]) -> list[Action]:
    """Actions in the order in which they go: roots first, and each after those it waits for.

    Raises:
        PlanError: some wait for each other.
    """
    left = sorted(actions, key=lambda action: action.is_scep)
    keys = {action.key for action in left}
    waits = {action.key: keys.intersection(action.after) for action in left}
    rounds: dict[str, int] = {}
    try:
        for key in TopologicalSorter(waits).static_order():
            rounds[key] = 1 + max((rounds[other] for other in waits[key]), default=0)
    except CycleError as error:
        raise PlanError("The plan is damaged: its actions wait for each other.") from error
    return sorted(left, key=lambda action: rounds[action.key])


def count_endings(endings: Iterable[tuple[str, Status]]) -> dict[str, dict[str, int]]:
    """Count by action and by status; every status is a key, and every action there is."""
    listed = list(endings)
    actions = Counter(action for action, _ in listed)
    statuses = Counter(status for _, status in listed)
    return {
        "actions": dict(sorted(actions.items())),
        "statuses": {status.value: statuses[status] for status in Status},
    }


def require_room(count: int, max_changes: int | None) -> None:
    """Refuse a run that would write more than was allowed; never cut it.

    Args:
        count: How many actions the run would write.
        max_changes: None for no limit.

    Raises:
        TooManyChangesError: with both numbers.
    """
    if max_changes is not None and count > max_changes:
        raise TooManyChangesError(
            f"{count} profiles would change, but {option('max_changes')} allows"
            f" {max_changes}. Nothing was changed.",
            hint="Choose fewer, or allow more.",
        )


def sentence_of(actions: Sequence[Action]) -> str:
    """How many actions of each kind, as `2 create, 1 update`."""
    counts = Counter(action.action for action in actions)
    return ", ".join(f"{count} {word}" for word, count in sorted(counts.items()))
