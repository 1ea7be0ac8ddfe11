"""Judging one profile by all rules. Pure: the same context gives the same result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from intune_scep.profiles import Platform, ProfileKind
from intune_scep.records import Record
from intune_scep.rules.catalogue import QUESTIONS, RULES
from intune_scep.rules.configuration import Configuration, Waiver
from intune_scep.rules.context import Context, ForeignProfile, NotReadError
from intune_scep.rules.model import Complaint, Need, Question, Rule, Severity
from intune_scep.rules.said import OfSettings
from intune_scep.rules.settings import OWN

if TYPE_CHECKING:
    from intune_scep.rules.settings import Settings

_T = TypeVar("_T")

_DOCUMENTED = Configuration()


# There are many of these two for each profile, and the `__init__` that a frozen dataclass is given
# sets each field by itself: theirs sets all at once.
@dataclass(frozen=True, init=False)
class Finding(Record):
    """One rule's complaint about one profile, or about the tenant.

    Attributes:
        profile_id, profile_name, odata_type: None if it is about the tenant.
        property: Wire name of the offending property.
        waived: The waiver that accepts it; the finding then does not count.
        expired_waiver: A waiver that accepted it until its last day.
    """

    rule_id: str
    severity: Severity
    profile_id: str | None
    profile_name: str | None
    odata_type: str | None
    property: str
    message: str
    remedy: str
    source: str
    waived: Waiver | None = None
    expired_waiver: Waiver | None = None

    def __init__(
        self,
        *,
        rule_id: str,
        severity: Severity,
        profile_id: str | None,
        profile_name: str | None,
        odata_type: str | None,
        property: str,  # noqa: A002 - Graph's word
        message: str,
        remedy: str,
        source: str,
        waived: Waiver | None = None,
        expired_waiver: Waiver | None = None,
    ) -> None:
        vars(self).update(
            rule_id=rule_id,
            severity=severity,
            profile_id=profile_id,
            profile_name=profile_name,
            odata_type=odata_type,
            property=property,
            message=message,
            remedy=remedy,
            source=source,
            waived=waived,
            expired_waiver=expired_waiver,
        )


@dataclass(frozen=True, init=False)
class Skipped(Record):
    """A rule that could not be judged.

    Attributes:
        need: The kind of what is missing.
        missing: What is missing, in words.
    """

    rule_id: str
    profile_id: str | None
    profile_name: str | None
    need: Need
    missing: str

    def __init__(
        self,
        rule_id: str,
        profile_id: str | None,
        profile_name: str | None,
        need: Need,
        missing: str,
    ) -> None:
        vars(self).update(
            rule_id=rule_id,
            profile_id=profile_id,
            profile_name=profile_name,
            need=need,
            missing=missing,
        )


@dataclass(frozen=True)
class CheckResult(Record):
    """What the rules say of one profile.

    Attributes:
        findings: By rule id; waived ones are among them.
        skipped: Rules that apply but could not be judged.
        expired_waivers: Waivers that name this profile and no longer count, whether or not there
            still is anything to waive.
    """

    findings: tuple[Finding, ...]
    skipped: tuple[Skipped, ...]
    expired_waivers: tuple[Waiver, ...] = ()

    def counting(self, severity: Severity) -> tuple[Finding, ...]:
        """The findings of a severity that nobody has accepted."""
        return tuple(
            item for item in self.findings if item.waived is None and item.severity is severity
        )


@dataclass(frozen=True)
class QuestionReview:
    """What people have answered.

    Attributes:
        findings: One for each question answered `no`; about the tenant, not about a profile.
        open: Questions without an answer.
    """

    findings: tuple[Finding, ...]
    open: tuple[Question, ...]


def check(
    context: Context,
    configuration: Configuration = _DOCUMENTED,
    *,
    of_the_plan: bool = False,
) -> CheckResult:
    """Judge a profile by every rule that applies to it.

    Args:
        context: The profile and what was read around it.
        configuration: Severities, disabled rules, waivers, answers.
        of_the_plan: Only by the rules about a planned change.
    """
    if configuration.answers:
        context = replace(context, answers={**configuration.answers, **context.answers})
    selected = _selection(context, configuration, of_the_plan=of_the_plan)
    said = _of_context(context, selected)
    if selected.by_settings:
        said.add(context.scep.settings.make(_of_settings), selected.by_settings)
    profile = context.profile
    identifier, name = profile.id, profile.display_name
    return CheckResult(
        tuple([_finding(*each, context, configuration) for each in said.complaints]),
        tuple([Skipped(rule.id, identifier, name, *missing) for rule, missing in said.unread]),
        _expired(context, configuration),
    )


@dataclass(frozen=True)
class _Said:
    """What some rules say of a profile, or of all that set the same.

    Attributes:
        unread: What could not be judged: the kind of what is missing, and what it is, in words.
    """

    complaints: list[tuple[Rule, Complaint]] = field(default_factory=list)
    unread: list[tuple[Rule, tuple[Need, str]]] = field(default_factory=list)

    def ask(
        self,
        rule: Rule,
        judge: Callable[[_T], Iterable[Complaint]],
        subject: _T,
        malformed: frozenset[str],
    ) -> None:
        """Have a rule judge, unless it reads what has an unknown shape."""
        if not rule.reads.isdisjoint(malformed):
            names = ", ".join(sorted(rule.reads & malformed))
            self.unread.append((rule, (Need.PROFILE, f"{names} in a shape that is known")))
            return
        try:
            for complaint in judge(subject):
                self.complaints.append((rule, complaint))
        except NotReadError as error:
            self.unread.append((rule, (error.need, error.what)))

    def add(self, other: _Said, rule_ids: frozenset[str]) -> None:
        """What others say, as far as they are asked, in its place by rule id."""
        _insert(self.complaints, other.complaints, rule_ids)
        _insert(self.unread, other.unread, rule_ids)


def _insert(
    into: list[tuple[Rule, _T]], others: list[tuple[Rule, _T]], rule_ids: frozenset[str]
) -> None:
    if asked := [each for each in others if each[0].id in rule_ids]:
        into.extend(asked)
        into.sort(key=lambda each: each[0].id)


def _of_context(context: Context, selected: _Selection) -> _Said:
    said = _Said()
    malformed = context.malformed(selected.own)
    for rule in selected.by_context:
        need = rule.asks
        if need is not None and need in context.unread and rule.reads.isdisjoint(malformed):
            said.unread.append((rule, (need, context.unread[need])))
        else:
            said.ask(rule, rule.judge, context, malformed)
    return said


def _of_settings(settings: Settings) -> _Said:
    """What all rules about nothing but settings say."""
    said = _Said()
    for rule in applicable_rules(ProfileKind.SCEP.value, settings.platform):
        if isinstance(rule.judge, OfSettings):
            said.ask(rule, rule.judge.work, settings, settings.malformed)
    return said


def _expired(context: Context, configuration: Configuration) -> tuple[Waiver, ...]:
    profile = context.profile
    return tuple(
        waiver
        for waiver in configuration.expired_waivers(context.today)
        if waiver.is_about(profile.id, profile.display_name)
    )


class _Selection(NamedTuple):
    """The rules by which a profile is judged.

    Attributes:
        by_context: Those that look at more than its settings.
        own: Wire names of what those read that each profile has for itself.
        by_settings: Ids of the others.
    """

    by_context: tuple[Rule, ...]
    own: frozenset[str]
    by_settings: frozenset[str]


def _selection(context: Context, configuration: Configuration, *, of_the_plan: bool) -> _Selection:
    """The rules by which a profile is judged: those about plans only where one is made."""
    foreign = isinstance(context.profile, ForeignProfile)
    settled = frozenset(name for name, answer in context.answers.items() if answer is True)
    return _selected(
        context.kind,
        None if foreign else context.platform,
        has_plan=context.planned_change is not None,
        of_the_plan=of_the_plan,
        left_out=configuration.disabled,
        settled=settled,
    )


@lru_cache(maxsize=256)
def _selected(
    kind: str,
    platform: Platform | None,
    *,
    has_plan: bool,
    of_the_plan: bool,
    left_out: frozenset[str],
    settled: frozenset[str],
) -> _Selection:
    """Chosen once for all profiles of a type.

    Args:
        left_out: Ids of rules that are disabled.
        settled: Ids of rules whose question a person has answered: there is nothing to judge.
    """
    rules = [
        rule
        for rule in applicable_rules(kind, platform)
        if rule.id not in left_out
        and (rule.question is None or rule.id not in settled)
        and (has_plan or Need.PLAN not in rule.needs)
        and (Need.PLAN in rule.needs or not of_the_plan)
    ]
    by_context = tuple(rule for rule in rules if not isinstance(rule.judge, OfSettings))
    return _Selection(
        by_context,
        OWN & {name for rule in by_context for name in rule.reads},
        frozenset(rule.id for rule in rules if isinstance(rule.judge, OfSettings)),
    )


@cache
def applicable_rules(kind: str, platform: Platform | None) -> tuple[Rule, ...]:
    """The rules for a kind of profile on a platform; None for foreign objects."""
    return tuple(
        rule
        for rule in RULES.values()
        if kind in rule.kinds and (platform is None or platform in rule.platforms)
    )


def _finding(
    rule: Rule, complaint: Complaint, context: Context, configuration: Configuration
) -> Finding:
    profile = context.profile
    waived, expired = _waivers(rule, context, configuration)
    return Finding(
        rule_id=rule.id,
        severity=configuration.severities.get(rule.id) or complaint.severity or rule.severity,
        profile_id=profile.id,
        profile_name=profile.display_name,
        odata_type=profile.odata_type,
        property=complaint.property or rule.property,
        message=complaint.message,
        remedy=rule.remedy,
        source=rule.source,
        waived=waived,
        expired_waiver=None if waived else expired,
    )


def _waivers(
    rule: Rule, context: Context, configuration: Configuration
) -> tuple[Waiver | None, Waiver | None]:
    """What accepts a rule's findings on the profile, and what did until it expired."""
    if not configuration.waivers:
        return None, None
    profile = context.profile
    about = [
        waiver
        for waiver in configuration.waivers
        if waiver.covers(rule.id, profile.id, profile.display_name)
    ]
    waived = next((item for item in about if not item.has_expired(context.today)), None)
    return waived, next((item for item in about if item.has_expired(context.today)), None)


def review_questions(configuration: Configuration, platforms: Sequence[Platform]) -> QuestionReview:
    """What people have answered to the questions that no rule can judge.

    Args:
        configuration: Has the answers.
        platforms: Those of the tenant's profiles; questions about others are not asked.
    """
    asked = [
        question
        for question in QUESTIONS.values()
        if question.id not in configuration.disabled
        and not question.platforms.isdisjoint(platforms)
    ]
    findings = tuple(
        _answered_no(question, configuration.severities.get(question.id) or question.severity)
        for question in asked
        if question.severity is not None and configuration.answers.get(question.id) is False
    )
    open_ = tuple(question for question in asked if question.id not in configuration.answers)
    return QuestionReview(findings, open_)


def _answered_no(question: Question, severity: Severity) -> Finding:
    return Finding(
        rule_id=question.id,
        severity=severity,
        profile_id=None,
        profile_name=None,
        odata_type=None,
        property="",
        message=f"{question.question} The answer is no. {question.why}",
        remedy=question.remedy,
        source=question.source,
    )
