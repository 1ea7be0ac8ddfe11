"""Journals of the first format, which knew the migration only. They are read, never written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from intune_scep.changes.plan import Action, Plan, Task, check_plan
from intune_scep.changes.record import ActionRecord, RunRecord, StepRecord
from intune_scep.changes.status import Status
from intune_scep.changes.steps import PreImage, Seen
from intune_scep.changes.steps.patch import Patch
from intune_scep.changes.values import (
    number_or_none,
    object_of,
    objects_of,
    text_of,
    text_or_none,
)
from intune_scep.errors import PlanError, UnknownProfileTypeError
from intune_scep.profiles import require_profile_type

FORMAT_1: Final = "intune-scep/journal/1"
_PLAN_1: Final = "intune-scep/strong-mapping-plan/1"
_SANS: Final = "customSubjectAlternativeNames"


def plan_of_first_format(data: Any) -> Plan:
    """The plan at the head of such a journal.

    Raises:
        PlanError: it is not one, or it was edited.
    """
    if not isinstance(data, Mapping) or data.get("format") != _PLAN_1:
        raise PlanError(f"This is not a plan of the form {_PLAN_1}.")
    content = {name: value for name, value in data.items() if name != "digest"}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    if hashlib.sha256(canonical.encode()).hexdigest() != data.get("digest"):
        raise PlanError("The plan was changed after it was written: its digest does not fit.")
    try:
        plan = Plan(
            Task.STRONG_MAPPING,
            text_of(data["tenant"]),
            text_of(data["cloud"]),
            tuple(map(_action, objects_of(data["actions"]))),
            choices=object_of(data["choices"]),
        )
    except (KeyError, TypeError, ValueError, UnknownProfileTypeError) as error:
        raise PlanError("The plan is damaged: it does not hold what a plan holds.") from error
    check_plan(plan)
    return plan


def _action(data: Mapping[str, Any]) -> Action:
    require_profile_type(text_of(data["odata_type"]))
    before, after = data["before"], objects_of(data["after"])
    return Action(
        key=text_of(data["id"]),
        action="add_sid_uri",
        odata_type=data["odata_type"],
        name=text_or_none(data["display_name"]) or "",
        id=data["id"],
        status=Status.PLANNED,
        steps=(
            Patch(
                {_SANS: None if before is None else list(objects_of(before))},
                {_SANS: list(after)},
            ),
        ),
        seen=Seen(number_or_none(data["version"]), text_or_none(data["last_modified_date_time"])),
    )


def fold_first_format(run: RunRecord, record: Mapping[str, Any]) -> None:
    """Add a record of the first format to what is known.

    Its rollback records are passed over: what was rolled back is seen in the tenant.
    """
    kind = record["record"]
    if kind in {"rollback_intention", "rollback_outcome"}:
        return
    key = text_of(record["id"])
    if key not in run.by_key:
        raise PlanError("it has a record of a profile that its plan does not have.")
    action = run.actions.setdefault(key, ActionRecord())
    if kind == "intention":
        action.steps[0] = StepRecord(key, PreImage.of_wire(record["pre_image"]))
        action.ending = None
    elif kind == "outcome":
        status = Status(record["status"])
        if 0 in action.steps:
            action.steps[0].status = status
        if status is Status.CONFLICT:
            action.ending, action.message = status, text_or_none(record["message"])
    elif kind == "verified":
        action.ending = Status(record["status"])
        action.message = text_or_none(record["message"])
        action.version, action.id = number_or_none(record["version"]), key
    else:
        raise PlanError(f"it has a record of the unknown kind {kind!r}.")
