"""What the rules say of a plan, before anything is written. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property
from typing import Final

from intune_scep.declarations.codecs import Wire
from intune_scep.declarations.names import with_names
from intune_scep.declarations.resolution import RootTarget
from intune_scep.declarations.wire_form import profile_to_be
from intune_scep.desired_state.notes import refused
from intune_scep.desired_state.plan import Change, StateAction, StatePlan
from intune_scep.profiles import Profile, TrustedRootProfile
from intune_scep.rules import (
    NOT_READ,
    RULES,
    CheckResult,
    Configuration,
    Context,
    Finding,
    NotRead,
    PlannedChange,
    Severity,
    check,
)
from intune_scep.rules.tenant_profiles import TenantProfiles
from intune_scep.tenant import Snapshot
from intune_scep.wording import option

_Root = TrustedRootProfile | NotRead | None
_JUDGED: Final = frozenset({Change.CREATE, Change.UPDATE, Change.REPLACE})
_ACCEPTED: Final = "The declaration accepts it, so it does not stop the change."
_OLD: Final = "The profile has this error today, so it does not stop the change."


def judge_plan(
    plan: StatePlan, snapshot: Snapshot, configuration: Configuration, today: date
) -> StatePlan:
    """The plan with what the rules say of each profile as it will be.

    A profile to be made with an error is refused. A change of a profile is refused for the errors
    that it brings; those the profile has already are warnings. What is not written to is not
    judged.

    Args:
        snapshot: What was read for the plan.
        configuration: Severities, disabled rules, waivers and answers.
        today: Against which certificates and waivers are judged.
    """
    judge = _Judge(_Outlook(plan, snapshot), configuration, today)
    actions = tuple(judge.judged(action) for action in plan.actions)
    return replace(plan, actions=actions, notes=(*plan.notes, *judge.notes()))


def _way_out() -> str:
    rules = option("rules_path")
    return f"Mend it, or change the severity or waive the rule in the file given with {rules}."


class _Outlook:
    """The tenant as it is, and as it will be when the plan is done."""

    def __init__(self, plan: StatePlan, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._gone = {action.id for action in plan.actions if action.change is Change.DELETE}
        self.made = {
            action.index: _as_it_will_be(action)
            for action in plan.actions
            if action.change in _JUDGED
        }
        self._changed = {profile.id: profile for profile in self.made.values() if profile.id}

    @cached_property
    def profiles_now(self) -> TenantProfiles:
        return TenantProfiles(self._snapshot.profiles)

    @cached_property
    def profiles_then(self) -> TenantProfiles:
        kept = [item for item in self._snapshot.profiles if item.id not in self._gone]
        new = [profile for profile in self.made.values() if not profile.id]
        changed = (self._changed.get(profile.id or "", profile) for profile in kept)
        return TenantProfiles((*changed, *new))

    @property
    def words(self) -> Mapping[str, str]:
        """Names of groups and filters by id in lower case."""
        return self._snapshot.words

    def root_now(self, action: StateAction) -> _Root:
        """The root the profile points at; `NOT_READ` if nothing in the plan depends on it."""
        return NOT_READ if action.current is None else self._snapshot.root_of(action.current)

    def root_then(self, action: StateAction) -> _Root:
        """The root the profile will point at."""
        if action.root is not None:
            return self._target(action.root.after)
        if action.change is not Change.UPDATE:
            return None
        now = self.root_now(action)
        return self._with_changes(now) if isinstance(now, TrustedRootProfile) else now

    def _target(self, target: RootTarget | None) -> _Root:
        if target is None:
            return None
        if target.action is not None:
            return _root(self.made.get(target.action))
        now = _root(self._snapshot.index.by_id(target.id))
        return self._with_changes(now) if isinstance(now, TrustedRootProfile) else now

    def _with_changes(self, root: TrustedRootProfile) -> _Root:
        return _root(self._changed.get(root.id or "", root))


def _root(profile: Profile | None) -> _Root:
    return profile if isinstance(profile, TrustedRootProfile) else NOT_READ


def _as_it_will_be(action: StateAction) -> Profile:
    """The profile that an action leads to; one made anew keeps the id by which waivers name it."""
    current = action.current
    before = current.to_wire() if current is not None and action.change is Change.UPDATE else {}
    assignments: Iterable[Wire] | None = current.assignments if before and current else ()
    if action.assignments is not None:
        assignments = action.assignments.after
    return profile_to_be({**before, **action.body}, identifier=action.id, assignments=assignments)


class _Judge:
    def __init__(self, outlook: _Outlook, configuration: Configuration, today: date) -> None:
        self._outlook = outlook
        self._configuration = configuration
        self._today = today
        self._skipped: set[str] = set()

    def judged(self, action: StateAction) -> StateAction:
        """The action with its findings, refused if it may not be done."""
        if action.change not in _JUDGED:
            return action
        result = self._result_then(action)
        self._skipped |= {item.rule_id for item in result.skipped}
        errors = result.counting(Severity.ERROR)
        accepted = [finding for finding in errors if finding.rule_id in action.accepted_rules]
        open_errors = [finding for finding in errors if finding not in accepted]
        old = self._old(action, open_errors)
        new = [finding for finding in open_errors if finding not in old]
        refusal = (self._words(finding) for finding in new)
        ending = refused(action, *refusal, way_out=_way_out()) if new else action
        warnings = (
            *(f"{self._words(finding)} {_ACCEPTED}" for finding in accepted),
            *(f"{self._words(finding)} {_OLD}" for finding in old),
            *(self._words(finding) for finding in result.counting(Severity.WARNING)),
        )
        return replace(ending, findings=result.findings, warnings=warnings)

    def notes(self) -> Iterator[str]:
        """What could not be judged, in one sentence."""
        if self._skipped:
            yield (
                "These rules need more than was read for this plan, so some profiles were not"
                f" judged by them: {', '.join(sorted(self._skipped))}."
            )

    def _result_then(self, action: StateAction) -> CheckResult:
        after = self._outlook.made[action.index]
        before = action.current if action.change is Change.UPDATE else None
        context = Context(
            profile=after,
            today=self._today,
            root=self._outlook.root_then(action),
            profiles=self._outlook.profiles_then,
            planned_change=PlannedChange(before, after),
        )
        return check(context, self._configuration)

    def _old(self, action: StateAction, errors: Sequence[Finding]) -> list[Finding]:
        """Those errors that the profile has today, or that the change has nothing to do with."""
        if not errors or action.change is not Change.UPDATE or action.current is None:
            return []
        context = Context(
            profile=action.current,
            today=self._today,
            root=self._outlook.root_now(action),
            profiles=self._outlook.profiles_now,
        )
        before = check(context, self._configuration).findings
        touched = _touched(action)
        return [finding for finding in errors if _is_old(finding, before, touched)]

    def _words(self, finding: Finding) -> str:
        text = f"{finding.rule_id}: {finding.message} {finding.remedy}"
        if finding.expired_waiver is not None:
            text += f" Its waiver expired on {finding.expired_waiver.expires}."
        return with_names(text, self._outlook.words)


def _touched(action: StateAction) -> frozenset[str]:
    """Wire names of what an action changes."""
    links = {"rootCertificate"} if action.root is not None else set()
    assigned = {"assignments"} if action.assignments is not None else set()
    return frozenset({*action.body, *links, *assigned})


def _is_old(finding: Finding, before: Iterable[Finding], touched: frozenset[str]) -> bool:
    """Whether a finding is there today: word for word, or in other words about the same property
    that the change does not touch."""
    same = [
        item
        for item in before
        if (item.rule_id, item.property) == (finding.rule_id, finding.property)
    ]
    if any(item.message == finding.message for item in same):
        return True
    return bool(same) and touched.isdisjoint({finding.property, *RULES[finding.rule_id].reads})
