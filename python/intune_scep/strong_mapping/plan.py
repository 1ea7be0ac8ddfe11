"""Which profiles get the SID URI under the operator's choices, as a plan. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from intune_scep.changes.plan import Action, Difference, Plan, Task
from intune_scep.changes.status import Status
from intune_scep.changes.steps import Seen
from intune_scep.changes.steps.patch import Patch
from intune_scep.declarations.options import SAN_TYPES
from intune_scep.errors import PlanError
from intune_scep.profiles import SID_URI, Profile
from intune_scep.strong_mapping.assessment import Assessed, Assessment
from intune_scep.strong_mapping.choices import Choices, Selection

MAX_NAMES: Final = 500
SANS: Final = "customSubjectAlternativeNames"
ADD_SID_URI: Final = "add_sid_uri"

WireSans = list[dict[str, Any]]
_WORDS: Final = {wire: word for word, wire in SAN_TYPES.items()}


def make_plan(assessment: Assessment, choices: Choices) -> Plan:
    """Decide which profiles change under the operator's choices.

    Raises:
        SelectionError: `only` or `except_` names no profile, or several.
    """
    selection = Selection(choices, [item.profile for item in assessment.assessed])
    return Plan(
        Task.STRONG_MAPPING,
        assessment.tenant,
        assessment.cloud,
        tuple(_action(item, choices, selection) for item in assessment.assessed),
        choices=choices.recorded(),
        made_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        pages=assessment.pages,
        notes=assessment.notes,
        all_scep=True,
    )


def _action(item: Assessed, choices: Choices, selection: Selection) -> Action:
    profile = item.profile
    identifier = profile.id or ""
    common: dict[str, Any] = {
        "key": identifier,
        "odata_type": profile.odata_type,
        "name": profile.display_name or "",
        "id": profile.id,
        "details": {"odata_type": profile.odata_type, **item.details()},
    }
    if not item.judgement.changeable:
        return Action(action="none", status=Status.UNCHANGED, **common)
    held = selection.leaves_out(identifier) or choices.holds_back(item.judgement)
    before = wire_sans(profile)
    if held is None and len(before or ()) >= MAX_NAMES:
        held = f"Left alone: it has {MAX_NAMES} names already, as many as Graph allows."
    if held is not None:
        return Action(action="none", status=Status.SKIPPED, message=held, **common)
    after = append_sid_uri(before)
    return Action(
        action=ADD_SID_URI,
        status=Status.PLANNED,
        steps=(Patch({SANS: before}, {SANS: after}),),
        seen=Seen(profile.version, profile.last_modified_date_time),
        diff=(Difference("subject_alternative_names", in_words(before), in_words(after)),),
        **common,
    )


def append_sid_uri(before: Sequence[Mapping[str, Any]] | None) -> WireSans:
    """Return the names with the SID URI appended last, all others untouched."""
    return [*(dict(san) for san in before or ()), dict(SID_URI)]


def wire_sans(profile: Profile) -> WireSans | None:
    """The list of names exactly as Graph sent it."""
    sans: WireSans | None = profile.to_wire().get(SANS)
    return sans


def in_words(sans: Iterable[Mapping[str, Any]] | None) -> list[dict[str, Any]]:
    """Names in the words of declarations; a type that has none keeps Graph's."""
    return [
        {"type": _WORDS.get(str(san.get("sanType")), san.get("sanType")), "value": san.get("name")}
        for san in sans or ()
    ]


def require_only_sid_uris(plan: Plan) -> None:
    """Refuse a plan that does more than the migration may.

    Raises:
        PlanError: naming the profile.
    """
    if plan.task is not Task.STRONG_MAPPING:
        raise PlanError(f"This is a plan of another job ({plan.task}), not of strong mapping.")
    for action in plan.writing:
        if not all(_appends(step) for step in action.steps) or len(action.steps) != 1:
            raise PlanError(
                f"The plan does more to {action.name or action.id} than append the SID URI."
            )


def _appends(step: Any) -> bool:
    return (
        isinstance(step, Patch)
        and set(step.after) == {SANS} == set(step.before)
        and step.after[SANS] == append_sid_uri(step.before[SANS])
    )
