"""What taking later runs back means for taking back the ones before them. Pure.

A job may change a profile in several runs. They are taken back the last first, and what that
changes is no change of somebody else's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from intune_scep.changes.journal import Journal
from intune_scep.changes.plan import Action, Plan
from intune_scep.changes.status import Status
from intune_scep.changes.steps.assign import Assign
from intune_scep.changes.steps.delete import Delete
from intune_scep.changes.steps.link import Link
from intune_scep.changes.steps.patch import Patch
from intune_scep.changes.steps.repoint import Repoint
from intune_scep.changes.undo import Now, TakenBack
from intune_scep.profiles import Profile
from intune_scep.profiles.parsing import parse_written


def taken_back(journal: Journal) -> TakenBack:
    """What taking a run back left, by its journal; nothing where it was not taken back."""
    if len(journal.runs) == 1:
        return TakenBack({}, {})
    records = {action.id: journal.last.record(action) for action in journal.last.plan.writing}
    left = {
        identifier: record.version
        for identifier, record in records.items()
        if identifier and record.ending is Status.APPLIED
    }
    return TakenBack(_seen(journal), left)


def would_be_taken_back(journal: Journal, plan: Plan, now: Now) -> TakenBack:
    """The same of a plan that is not carried out: it leaves each profile as it is now."""
    ids = {action.id for action in plan.writing}
    left = {i: profile.version for i, profile in now.profiles.items() if i in ids}
    return TakenBack(_seen(journal), left)


def after(now: Now, plans: Sequence[Plan]) -> Now:
    """The tenant as plans that take runs back would leave it, one after the other.

    What they would make anew is not in it: it has no id yet.
    """
    for plan in plans:
        for action in plan.writing:
            if action.id is not None and action.id in now.profiles:
                now = _after_action(now, action.id, action)
    return now


def _after_action(now: Now, identifier: str, action: Action) -> Now:
    profiles, roots, links = dict(now.profiles), dict(now.roots), dict(now.links)
    for step in action.steps:
        if isinstance(step, Patch):
            profiles[identifier] = _but(profiles[identifier], step.after)
        elif isinstance(step, Assign):
            profiles[identifier] = _but(profiles[identifier], {"assignments": list(step.after)})
        elif isinstance(step, Link):
            roots[identifier] = step.after.id if step.after is not None else None
        elif isinstance(step, Repoint):
            links[identifier, step.link] = step.after
        elif isinstance(step, Delete):
            del profiles[identifier]
            break
    return replace(now, profiles=profiles, roots=roots, links=links)


def _but(profile: Profile, changed: Mapping[str, Any]) -> Profile:
    return parse_written({**profile.to_wire(), **changed})


def _seen(journal: Journal) -> Mapping[str, int | None]:
    return {
        action.id: action.seen.version
        for action in journal.first.plan.writing
        if action.id and action.seen is not None
    }
