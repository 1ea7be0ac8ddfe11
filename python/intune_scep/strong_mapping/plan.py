"""Which profiles get the SID URI under the operator's choices, as a plan. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from intune_scep.changes.plan import Action, Difference, Plan, Task
from intune_scep.changes.status import Status
from intune_scep.changes.steps import Seen
from intune_scep.changes.steps.patch import Patch
from intune_scep.declarations.options import SAN_TYPES
from intune_scep.errors import PlanError
from intune_scep.profiles import Profile
from intune_scep.profiles.wire import copy_json
from intune_scep.rules import Severity
from intune_scep.rules.texts import listed
from intune_scep.strong_mapping.assessment import (
    SANS,
    Assessed,
    Assessment,
    WireSans,
    append_sid_uri,
)
from intune_scep.strong_mapping.choices import Choices, Selection
from intune_scep.strong_mapping.holding import Measured, held
from intune_scep.wording import option

MAX_NAMES: Final = 500
ADD_SID_URI: Final = "add_sid_uri"

_WORDS: Final = {wire: word for word, wire in SAN_TYPES.items()}


def make_plan(assessment: Assessment, choices: Choices, measured: Measured | None = None) -> Plan:
    """Decide which profiles change under the operator's choices.

    Args:
        measured: Who has a SID, where the choices ask for it.

    Raises:
        SelectionError: `only` or `except_` names no profile, or several.
    """
    selection = Selection(choices, [item.profile for item in assessment.assessed])
    actions = tuple(_action(item, selection) for item in assessment.assessed)
    if measured is not None and choices.min_ready is not None:
        actions = tuple(held(action, measured, choices.min_ready) for action in actions)
    changing = {action.key for action in actions if action.writes}
    said = [item for item in assessment.assessed if item.profile.id in changing]
    return Plan(
        Task.STRONG_MAPPING,
        assessment.tenant,
        assessment.cloud,
        actions,
        choices=choices.recorded(),
        made_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        pages=assessment.pages,
        notes=(
            *assessment.notes,
            *_in_vain(assessment, selection),
            *(measured.told if measured is not None else ()),
            *_grouped(said, Severity.INFO),
        ),
        warnings=tuple(_grouped(said, Severity.WARNING, Severity.ERROR)),
        all_scep=True,
    )


def _in_vain(assessment: Assessment, selection: Selection) -> Iterator[str]:
    by_id = {item.profile.id or "": item for item in assessment.assessed}
    judgements = {identifier: item.judgement for identifier, item in by_id.items()}
    for identifier in selection.in_vain(judgements):
        item = by_id[identifier]
        verdict, named = item.judgement.verdict.value, f"{item.profile.display_name!r}"
        yield (
            f"{option('include_review')} names {named}, in which no rule finds an error: it is"
            f" {verdict}."
        )


def _grouped(assessed: Iterable[Assessed], *severities: Severity) -> Iterator[str]:
    """What the rules say of the change, each thing once, with the profiles it is about."""
    about: dict[tuple[str, str, str], list[str]] = {}
    for item in assessed:
        for finding in item.findings:
            if finding.severity in severities and finding.waived is None:
                key = finding.rule_id, finding.message, finding.remedy
                about.setdefault(key, []).append(
                    item.profile.display_name or item.profile.id or "?"
                )
    for (rule_id, message, remedy), names in sorted(about.items()):
        yield f"{rule_id}: {message} {remedy} {listed(names)}"


def _action(item: Assessed, selection: Selection) -> Action:
    profile = item.profile
    identifier = profile.id or ""
    common: dict[str, Any] = {
        "key": identifier,
        "odata_type": profile.odata_type,
        "name": profile.display_name or "",
        "id": profile.id,
        "details": {"odata_type": profile.odata_type, **item.details(), "findings": []},
    }
    if not item.judgement.changeable:
        return Action(action="none", status=Status.UNCHANGED, **common)
    held = selection.leaves_out(identifier) or selection.holds_back(identifier, item.judgement)
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
        **{**common, "details": {**common["details"], "findings": _findings(item)}},
    )


def _findings(item: Assessed) -> list[dict[str, Any]]:
    return [finding.to_dict() for finding in item.findings]


def wire_sans(profile: Profile) -> WireSans | None:
    """The list of names exactly as Graph sent it."""
    sans: WireSans | None = copy_json(profile.wire.get(SANS))
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
