"""What a plan means for issued certificates, in the words of the table of revocation. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from intune_scep.changes.plan import Action, Plan, Task
from intune_scep.profiles import Platform, require_profile_type
from intune_scep.profiles.revocation import about_replaced, about_taken_away
from intune_scep.tenant.dependants import USE_WORDS, Use
from intune_scep.texts import one_line


def about_certificates(plan: Plan) -> str:
    """What a person should know of certificates before agreeing to a plan; empty if nothing."""
    writing = [action for action in plan.writing if action.is_scep]
    sentences = list(_sentences(writing))
    if impact := about_impact(plan):
        sentences.insert(0, impact)
    if plan.task is Task.ROLLBACK and sentences:
        sentences.insert(0, "What was revoked stays revoked.")
    return " ".join(sentences)


def about_impact(plan: Plan) -> str:
    """What a plan costs, in numbers, or why they are not known; empty if nobody asked."""
    return about_impact_of(plan.impact) if plan.writing else ""


def about_impact_of(impact: Mapping[str, Any]) -> str:
    """What some changes cost together, as `audience.impact.totals` counts it."""
    sentences = []
    if impact.get("certificates") is not None:
        sentences.append(_numbers(impact))
    if impact.get("unknown_profiles") and not impact.get("unknown"):
        count, whole = impact["unknown_profiles"], impact.get("profiles")
        sentences.append(
            f"Of {count} of {whole} profiles it is unknown:"
            f" {' '.join(impact.get('why_unknown', ()))}"
        )
    if impact.get("unknown"):
        sentences.append(str(impact["unknown"]))
    return one_line(" ".join(sentences))


def about_profile(impact: Mapping[str, Any]) -> str:
    """What the change of one profile costs, as a plan tells it below its name."""
    if impact.get("certificates") is None:
        return f"certificates: unknown. {impact.get('unknown') or ''}".rstrip()
    told = f"certificates: {_on_devices(impact)}"
    if impact.get("dependants"):
        told += f", used by {_counted(impact['dependants'], 'profile')}"
    if impact.get("enrolments") is not None:
        told += f"; about {_counted(impact['enrolments'], 'enrolment')}"
    return told


def _numbers(impact: Mapping[str, Any]) -> str:
    told = f"This re-issues about {_on_devices(impact)}"
    enrolments, certificates = impact.get("enrolments"), impact["certificates"]
    if enrolments is not None and enrolments != certificates:
        told += f" (forecast: {_counted(enrolments, 'enrolment')})"
    if not impact.get("dependants"):
        return f"{told}."
    kinds = [USE_WORDS[use] for use in Use if impact.get("by_use", {}).get(use.value)]
    named = " and ".join(filter(None, [", ".join(kinds[:-1]), *kinds[-1:]]))
    count = impact["dependants"]
    return f"{told}; {_counted(count, f'{named} profile')} use{'s' * (count == 1)} them."


def _on_devices(impact: Mapping[str, Any]) -> str:
    certificates = _counted(impact["certificates"], "certificate")
    return f"{certificates} on {_counted(impact.get('devices') or 0, 'device')}"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _sentences(actions: Iterable[Action]) -> Iterator[str]:
    actions = list(actions)
    edited = _platforms(a for a in actions if not a.creates and not a.deletes)
    gone = _platforms(a for a in actions if a.deletes)
    if edited:
        yield (
            "An edited SCEP profile re-issues its certificates, unless only what is reported as"
            " harmless changes."
        )
        yield about_replaced(*edited)
    if any(action.creates for action in actions):
        yield "Devices that are assigned a new SCEP profile get certificates from it."
    if gone:
        yield "A SCEP profile that is deleted takes its certificates with it."
        yield about_taken_away(*gone)


def _platforms(actions: Iterable[Action]) -> frozenset[Platform]:
    return frozenset(require_profile_type(action.odata_type).platform for action in actions)
