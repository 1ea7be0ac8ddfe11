"""What a plan means for issued certificates, in the words of the table of revocation. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from intune_scep.changes.plan import Action, Plan, Task
from intune_scep.profiles import Platform, require_profile_type
from intune_scep.profiles.revocation import about_replaced, about_taken_away


def about_certificates(plan: Plan) -> str:
    """What a person should know of certificates before agreeing to a plan; empty if nothing."""
    writing = [action for action in plan.writing if action.is_scep]
    sentences = list(_sentences(writing))
    if plan.task is Task.ROLLBACK and sentences:
        sentences.insert(0, "What was revoked stays revoked.")
    return " ".join(sentences)


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
