"""What to do first: findings put together by what mends them, the most important first. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from intune_scep.compliance.report import CheckedProfile, Step
from intune_scep.compliance.roots import STATUS_WORDS, ProfileRef, RootHealth, RootStatus, in_order
from intune_scep.profiles import Platform
from intune_scep.profiles.revocation import about_replaced
from intune_scep.rules import RULES, Finding, Severity
from intune_scep.rules.verdicts import Verdict

# Findings that say of one profile what a step below says of all.
_SAID_BY_VERDICTS: Final = frozenset({"R-071", "R-072", "R-073", "R-074", "R-075", "R-083"})
_ORDER: Final = list(Severity)


def make_steps(
    profiles: Sequence[CheckedProfile],
    tenant_findings: Iterable[Finding],
    roots: Iterable[RootHealth],
) -> tuple[Step, ...]:
    """Order what there is to do.

    Errors come before warnings. Among errors, strong mapping is first, since domain controllers
    refuse those certificates now; among warnings, roots that end soon. Then what concerns most
    profiles. Notes (severity info) are nothing to do.
    """
    by_rule: dict[tuple[Severity, str], list[Finding]] = {}
    for finding in (*(item for each in profiles for item in each.findings), *tenant_findings):
        if finding.waived is None and finding.severity is not Severity.INFO:
            by_rule.setdefault((finding.severity, finding.rule_id), []).append(finding)
    covered = _covered_profiles(profiles)
    steps = [
        step
        for (severity, rule_id), findings in by_rule.items()
        if (step := _rule_step(severity, rule_id, findings, covered))
    ]
    steps.sort(key=lambda step: (-len(step.profiles), step.title))
    every = (*_verdict_steps(profiles), *_root_steps(roots), *steps)
    return tuple(sorted(every, key=lambda step: _ORDER.index(step.severity)))


def _covered_profiles(profiles: Iterable[CheckedProfile]) -> frozenset[str | None]:
    return frozenset(
        item.id for item in profiles if item.verdict in {Verdict.REQUIRED, Verdict.DEFECTIVE}
    )


def _with(profiles: Iterable[CheckedProfile], verdict: Verdict) -> tuple[ProfileRef, ...]:
    return _refs((item.name, item.id) for item in profiles if item.verdict is verdict)


def _refs(pairs: Iterable[tuple[str | None, str | None]]) -> tuple[ProfileRef, ...]:
    return in_order({ProfileRef.of(name, identifier) for name, identifier in pairs})


def _platforms(profiles: Iterable[CheckedProfile], verdict: Verdict) -> list[Platform]:
    return [
        Platform(item.platform) for item in profiles if item.verdict is verdict and item.platform
    ]


def _verdict_steps(profiles: Sequence[CheckedProfile]) -> list[Step]:
    steps = []
    if found := _with(profiles, Verdict.REQUIRED):
        old = about_replaced(*_platforms(profiles, Verdict.REQUIRED))
        steps.append(
            Step(
                Severity.ERROR,
                None,
                "Add the SID URI to the profiles that must have it",
                "Domain controllers refuse certificates without strong mapping (KB5014754). Until"
                " the SID URI is added, users of these certificates cannot log on with them.",
                "Plan the change, agree on a time, and apply it in stages: it re-issues every"
                f" certificate of each profile. {old}",
                found,
                "intune-scep strong-mapping plan",
            )
        )
    if found := _with(profiles, Verdict.DEFECTIVE):
        steps.append(
            Step(
                Severity.ERROR,
                None,
                "Mend the profiles that misuse the SID variable",
                "These profiles try to be strongly mapped and are not. They are never changed"
                " automatically, since a person has to say what was meant.",
                "Edit each profile in the admin center as its findings say. An edit of an"
                " alternative name re-issues the profile's certificates.",
                found,
            )
        )
    return steps


def _rule_step(
    severity: Severity, rule_id: str, findings: Sequence[Finding], covered: frozenset[str | None]
) -> Step | None:
    if rule_id in _SAID_BY_VERDICTS:
        findings = [item for item in findings if item.profile_id not in covered]
    if not findings:
        return None
    rule = RULES.get(rule_id)
    return Step(
        severity,
        rule_id,
        rule.title if rule else findings[0].message,
        rule.description if rule else findings[0].message,
        findings[0].remedy,
        _refs((item.profile_name, item.profile_id) for item in findings if item.odata_type),
    )


def _root_steps(roots: Iterable[RootHealth]) -> list[Step]:
    """Roots whose end is near; R-124 speaks of those that are over, R-092 of those too short."""
    expiring = [root for root in roots if root.status is RootStatus.EXPIRING]
    return [
        Step(
            Severity.WARNING,
            None,
            f"Replace the root certificate {root.name or root.id}",
            f"It {STATUS_WORDS[root.status]}: on {root.not_after:%d %B %Y}, in {root.days_left}"
            " days. From then on no certificate below it is trusted.",
            "Give devices a trusted root profile with the new root first, then link the SCEP"
            " profiles to it.",
            root.used_by,
        )
        for root in expiring
    ]
