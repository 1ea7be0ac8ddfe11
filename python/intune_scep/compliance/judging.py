"""From what was read to a report: verdicts, rules, roots, assignments, drift. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from intune_scep.compliance.baseline import Baseline
from intune_scep.compliance.devices import DeviceScope, tenant_facts
from intune_scep.compliance.drift import find_drift
from intune_scep.compliance.naming import all_words
from intune_scep.compliance.policy import Policy
from intune_scep.compliance.report import (
    AssignmentDifference,
    CheckedProfile,
    ComplianceReport,
    SkippedRule,
)
from intune_scep.compliance.roots import ProfileRef, in_order, judge_roots
from intune_scep.compliance.scope import directory_facts, group_facts
from intune_scep.compliance.steps import make_steps
from intune_scep.declarations.names import with_names
from intune_scep.errors import BaselineError
from intune_scep.memory import collector_paused
from intune_scep.profiles import Profile, ScepProfile
from intune_scep.rules import (
    NOT_READ,
    CheckResult,
    Configuration,
    Context,
    Dependant,
    Finding,
    GroupFacts,
    Need,
    NotRead,
    Waiver,
    check,
    profile_to_check,
    review_questions,
)
from intune_scep.rules.targets import (
    Target,
    TargetKind,
    excluded_groups,
    included,
    read_targets,
)
from intune_scep.rules.tenant_profiles import TenantProfiles
from intune_scep.rules.verdicts import Judgement, judge, reviewed
from intune_scep.tenant import Snapshot, profile_key

_KINDS = ("scep", "trusted_root", "foreign")


@dataclass(frozen=True)
class _Around:
    """What is worked out once for all profiles."""

    groups: Mapping[str, GroupFacts] | NotRead
    devices: DeviceScope
    profiles: TenantProfiles


@dataclass(frozen=True)
class Request:
    """What a run was asked for.

    Attributes:
        source: `tenant`, or the path of the files.
        now: Aware time of the run.
    """

    tenant: str
    cloud: str
    source: str
    now: datetime
    policy: Policy = field(default_factory=Policy)
    configuration: Configuration = field(default_factory=Configuration)
    baseline: Baseline | None = None


@collector_paused()
def make_report(request: Request, found: Snapshot) -> ComplianceReport:
    """Judge everything that was read.

    Raises:
        BaselineError: the baseline is of another tenant.
    """
    if request.baseline:
        require_same_tenant(request.baseline, request.tenant, request.cloud)
    around = _Around(
        group_facts(found.directory),
        DeviceScope(found.devices, found.directory, request.now),
        TenantProfiles(found.profiles),
    )
    checked = [_check(request, found, around, profile) for profile in _everything(found)]
    profiles = tuple(sorted((item.profile for item in checked), key=_order))
    questions = review_questions(
        request.configuration, [item.profile_type.platform for item in found.profiles]
    )
    roots = judge_roots(
        found.profiles,
        found.known_roots,
        now=request.now,
        within=timedelta(days=request.policy.root_expiry_days),
    )
    return ComplianceReport(
        tenant=request.tenant,
        cloud=request.cloud,
        source=request.source,
        generated_at=request.now,
        policy=request.policy,
        profiles=profiles,
        tenant_findings=questions.findings,
        skipped=_skipped((item.result for item in checked), found.words),
        steps=make_steps(profiles, questions.findings, roots),
        questions=questions.open,
        **_waivers(request, profiles),
        baseline=request.baseline,
        drift=find_drift(request.baseline, found) if request.baseline else (),
        roots=roots,
        assignment_differences=tuple(_differences(found)),
        unread=found.unread,
        notes=_notes(found),
        snapshot=found,
    )


def _notes(found: Snapshot) -> tuple[str, ...]:
    """What a reader must know besides what was not read."""
    said = {str(item) for item in found.left_out}
    return tuple(note for note in found.notes if note not in said)


def require_same_tenant(baseline: Baseline, tenant: str, cloud: str) -> None:
    """Refuse a baseline that says nothing about this tenant.

    Raises:
        BaselineError: it is of another one.
    """
    if (baseline.tenant.lower(), baseline.cloud) != (tenant.lower(), cloud):
        raise BaselineError(
            f"The baseline is of tenant {baseline.tenant or '(files)'} in cloud {baseline.cloud},"
            f" not of tenant {tenant or '(files)'} in cloud {cloud}."
        )


@dataclass(frozen=True)
class _Checked:
    profile: CheckedProfile
    result: CheckResult


def _everything(found: Snapshot) -> Iterable[Any]:
    yield from found.profiles
    yield from (profile_to_check(wire) for wire in found.foreign)


def _check(request: Request, found: Snapshot, around: _Around, profile: Any) -> _Checked:
    context = _context(request, found, around, profile)
    result = check(context, request.configuration)
    findings = tuple(_worded(finding, found.words) for finding in result.findings)
    judgement = _judgement(found, context, result)
    known = profile if isinstance(profile, Profile) else None
    targets = _targets(known)
    key = profile_key(known) if known else ""
    users = None if found.dependants is None else found.dependants.get(key, ())
    root = found.known_roots.get(key)
    certificate_type = known.certificate_type if known else None
    return _Checked(
        CheckedProfile(
            id=profile.id,
            name=profile.display_name,
            kind=context.kind,
            odata_type=profile.odata_type,
            platform=known.profile_type.platform.value if known else None,
            certificate_type=certificate_type.value if certificate_type else None,
            version=known.version if known else None,
            verdict=judgement.verdict if judgement else None,
            reason=judgement.reason if judgement else None,
            root=root.display_name if root else None,
            assignments=None if targets is None else all_words(targets, found.words),
            used_by=None if users is None else tuple(item.name for item in users),
            findings=findings,
        ),
        replace(result, findings=findings),
    )


def _judgement(found: Snapshot, context: Context, result: CheckResult) -> Judgement | None:
    profile = context.profile
    if not isinstance(profile, ScepProfile):
        return None
    judgement = judge(profile, context.scep)
    return reviewed(judgement, result, unread=found.why_root_is_unread(profile))


def _context(request: Request, found: Snapshot, around: _Around, profile: Any) -> Context:
    scep = profile if isinstance(profile, ScepProfile) else None
    key = profile_key(scep) if scep else ""
    dependants = NOT_READ if found.dependants is None else found.dependants.get(key, ())
    targets = _targets(scep)
    return Context(
        profile=profile,
        today=request.now.date(),
        root=NOT_READ if scep is None else found.root_of(scep),
        assignments=NOT_READ,
        dependants=(
            dependants
            if isinstance(dependants, NotRead)
            else tuple(
                Dependant(item.name, item.odata_type, item.assignments) for item in dependants
            )
        ),
        directory=(
            NOT_READ
            if scep is None or targets is None
            else directory_facts(found.directory, scep, targets)
        ),
        devices=(
            NOT_READ if scep is None or targets is None else around.devices.facts(scep, targets)
        ),
        groups=around.groups,
        profiles=around.profiles,
        tenant=tenant_facts(found.devices),
    )


def _targets(profile: Profile | None) -> frozenset[Target] | None:
    if profile is None or profile.assignments is None:
        return None
    return read_targets(profile.assignments)


def _worded(finding: Finding, names: Mapping[str, str]) -> Finding:
    return replace(finding, message=with_names(finding.message, names))


def _order(profile: CheckedProfile) -> tuple[int, str, str]:
    return _KINDS.index(profile.kind), (profile.name or "").casefold(), profile.id or ""


def _skipped(results: Iterable[CheckResult], names: Mapping[str, str]) -> tuple[SkippedRule, ...]:
    missing: dict[tuple[str, Need], set[str]] = {}
    profiles: dict[tuple[str, Need], set[ProfileRef]] = {}
    for result in results:
        for item in result.skipped:
            key = item.rule_id, item.need
            missing.setdefault(key, set()).add(with_names(item.missing, names))
            ref = ProfileRef.of(item.profile_name, item.profile_id)
            profiles.setdefault(key, set()).add(ref)
    return tuple(
        SkippedRule(*key, tuple(sorted(missing[key])), in_order(profiles[key]))
        for key in sorted(missing)
    )


def _waivers(request: Request, profiles: Iterable[CheckedProfile]) -> dict[str, tuple[Waiver, ...]]:
    today = request.now.date()
    used = {item.waived for profile in profiles for item in profile.findings if item.waived}
    given = request.configuration.waivers
    return {
        "waivers_used": tuple(item for item in given if item in used),
        "waivers_expired": request.configuration.expired_waivers(today),
        "waivers_idle": tuple(
            item for item in given if item not in used and not item.has_expired(today)
        ),
    }


def _differences(found: Snapshot) -> Iterable[AssignmentDifference]:
    for profile in found.profiles:
        link = found.root_of(profile)
        if link is None or isinstance(link, NotRead):
            continue
        mine, roots = _targets(profile), _targets(link)
        if not mine or roots is None or mine == roots:
            continue
        yield AssignmentDifference(
            profile_id=profile.id,
            profile=profile.display_name,
            root=link.display_name,
            only_profile=all_words(mine - roots, found.words),
            only_root=all_words(roots - mine, found.words),
            root_reaches_all=_reaches(roots, mine),
        )


_EVERYBODY = frozenset({Target(TargetKind.ALL_USERS), Target(TargetKind.ALL_DEVICES)})


def _reaches(roots: frozenset[Target], mine: frozenset[Target]) -> bool:
    """Whether nobody can get the profile without the root."""
    if excluded_groups(roots) - excluded_groups(mine):
        return False
    return included(roots) >= _EVERYBODY or included(roots) >= included(mine)
