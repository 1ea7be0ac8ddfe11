"""From what the planner decided to the plan that is carried out. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from intune_scep.changes.plan import Action, Plan, Task
from intune_scep.changes.status import Status
from intune_scep.changes.steps import Reference, Seen, Step
from intune_scep.changes.steps.assign import Assign
from intune_scep.changes.steps.create import Create
from intune_scep.changes.steps.delete import Delete
from intune_scep.changes.steps.link import Link
from intune_scep.changes.steps.patch import Patch
from intune_scep.declarations.resolution import RootTarget
from intune_scep.desired_state.plan import (
    Change,
    StateAction,
    StatePlan,
    warnings_of,
)
from intune_scep.errors import DeclarationError, PlanError
from intune_scep.profiles import ProfileIndex

_MAKES: Final = frozenset({Change.CREATE, Change.REPLACE})
_GOES: Final = frozenset({Change.DELETE, Change.REPLACE})
_STATUSES: Final = {Change.NONE: Status.UNCHANGED, Change.REFUSED: Status.FAILED}
_TYPE_ADVICE: Final = (
    "If certificate_type cannot be changed in place here, set replace: true, or declare a new"
    " profile under another name."
)


def to_plan(decided: StatePlan, choices: Mapping[str, Any]) -> Plan:
    """The plan that carries out what was decided for each declaration.

    Args:
        choices: What the operator decided, JSON-ready.
    """
    there = ProfileIndex(item.current for item in decided.actions if item.current is not None)
    return Plan(
        Task.DECLARED_STATE,
        decided.tenant,
        decided.cloud,
        tuple(_action(action, there) for action in decided.actions),
        choices=dict(choices),
        all_or_nothing=True,
        made_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        notes=decided.notes,
        warnings=tuple(warnings_of(decided.actions)),
    )


def refused_actions(unusable: Iterable[DeclarationError]) -> Iterator[Action]:
    """An action for each declaration that could not be read, so that it stands beside the others.

    Its type is not known where the declaration does not say it.
    """
    for number, error in enumerate(unusable):
        details = {
            "kind": error.kind,
            "platform": error.platform,
            "problems": list(error.problems),
        }
        yield Action(
            key=f"unusable {number}",
            action=Change.REFUSED.value,
            odata_type="",
            name=error.name,
            status=Status.FAILED,
            message=str(error),
            details=details,
        )


def require_roots(plan: Plan) -> None:
    """Refuse a plan that was made to be looked at, for a root that did not exist.

    Raises:
        PlanError: with the name of the root.
    """
    for action in plan.writing:
        for step in action.steps:
            root = step.root if isinstance(step, Create) else None
            root = step.after if isinstance(step, Link) else root
            if root is not None and root.id is None and root.action is None:
                raise PlanError(
                    f"The plan is for looking at only: there was no trusted root profile"
                    f" {root.name!r} when it was made. Nothing was changed.",
                    hint="Make the plan again.",
                )


def _action(action: StateAction, there: ProfileIndex) -> Action:
    return Action(
        key=str(action.index),
        action=action.change.value,
        odata_type=action.profile_type.odata_type,
        name=action.name,
        id=action.id,
        status=_STATUSES.get(action.change, Status.PLANNED),
        message=action.message,
        steps=tuple(_steps(action, there)),
        seen=_seen(action),
        after=tuple(map(str, _makers(action))),
        advice=_TYPE_ADVICE if _changes_type(action) else None,
        diff=action.differences,
        details={
            "reissues": action.reissues.value,
            "notes": list(action.notes),
            "warnings": list(action.warnings),
            "findings": [finding.to_dict() for finding in action.findings],
            "problems": list(action.problems),
        },
    )


def _seen(action: StateAction) -> Seen | None:
    current = action.current
    if current is None:
        return None
    assignments = None if current.assignments is None else tuple(current.assignments)
    return Seen(current.version, current.last_modified_date_time, assignments)


def _steps(action: StateAction, there: ProfileIndex) -> list[Step]:
    if action.change in _STATUSES:
        return []
    makes = action.change in _MAKES
    root = _reference(action.root.after) if action.root is not None else None
    steps: list[Step] = []
    if makes:
        steps.append(Create(action.body, root, _same_named(action, there)))
    elif action.body:
        steps.append(Patch(_before(action), action.body))
    if action.root is not None:
        steps.append(Link(None if makes else action.root.before, root))
    if action.assignments is not None:
        steps.append(Assign(tuple(action.assignments.before), tuple(action.assignments.after)))
    if action.change in _GOES:
        steps.append(Delete(tuple(map(str, action.after))))
    return steps


def _reference(target: RootTarget | None) -> Reference | None:
    if target is None:
        return None
    made = str(target.action) if target.id is None and target.action is not None else None
    return Reference(target.id, made, target.name)


def _same_named(action: StateAction, there: ProfileIndex) -> tuple[str, ...]:
    """Those of its type and name that the plan knows of: they go, or get another name."""
    found = there.named(action.profile_type, action.body.get("displayName"))
    return tuple(profile.id for profile in found if profile.id is not None)


def _before(action: StateAction) -> dict[str, Any]:
    wire = action.current.to_wire() if action.current is not None else {}
    return {name: wire.get(name) for name in action.body}


def _makers(action: StateAction) -> tuple[int, ...]:
    """The action that makes the root it points at, if one does."""
    target = action.root.after if action.root is not None else None
    if target is None or target.id is not None or target.action is None:
        return ()
    return (target.action,)


def _changes_type(action: StateAction) -> bool:
    return action.change is Change.UPDATE and "certificateStore" in action.body
