"""The one object that every report is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from intune_scep.compliance.baseline import Baseline, FindingKey
from intune_scep.compliance.drift import ProfileDrift
from intune_scep.compliance.policy import Outcome, Policy, Status, apply_policy
from intune_scep.compliance.roots import ProfileRef, RootHealth, RootStatus
from intune_scep.records import Record
from intune_scep.rules import Finding, Need, Question, Severity, Waiver
from intune_scep.rules.verdicts import Verdict
from intune_scep.tenant import ReadFailure, Snapshot
from intune_scep.version import __version__

FORMAT: Final = "intune-scep/compliance-report/1"
SIMULATOR: Final = "simulator"


@dataclass(frozen=True)
class CheckedProfile(Record):
    """One profile and what was said of it.

    Attributes:
        kind: `scep`, `trusted_root`, or `foreign` for other certificate profiles.
        platform, certificate_type: None where the profile does not say.
        verdict, reason: Of strong mapping; None for profiles that are no SCEP profiles.
        root: Name of the linked trusted root profile; None if there is none or it is not known.
        assignments: Whom it is assigned to, in words; None if that was not read.
        used_by: Names of the profiles that use its certificates; None if that was not read.
        findings: Waived ones are among them.
    """

    id: str | None
    name: str | None
    kind: str
    odata_type: str
    platform: str | None
    certificate_type: str | None
    version: int | None
    verdict: Verdict | None
    reason: str | None
    root: str | None
    assignments: tuple[str, ...] | None
    used_by: tuple[str, ...] | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class SkippedRule(Record):
    """A rule that could not be judged for some profiles.

    Attributes:
        need: The kind of what is missing.
        missing: What is missing, in words.
    """

    rule_id: str
    need: Need
    missing: tuple[str, ...]
    profiles: tuple[ProfileRef, ...]


@dataclass(frozen=True)
class AssignmentDifference(Record):
    """A SCEP profile that is not assigned as its trusted root is.

    Attributes:
        only_profile, only_root: Targets in words.
        root_reaches_all: Nobody can get the profile without the root; the difference then is one
            of tidiness only.
    """

    profile_id: str | None
    profile: str | None
    root: str | None
    only_profile: tuple[str, ...]
    only_root: tuple[str, ...]
    root_reaches_all: bool


@dataclass(frozen=True)
class Step(Record):
    """Something to do, with everything it would mend.

    Attributes:
        profiles: The profiles it is about, each once.
        command: The command that does it, where there is one.
    """

    severity: Severity
    rule_id: str | None
    title: str
    why: str
    remedy: str
    profiles: tuple[ProfileRef, ...]
    command: str | None = None


@dataclass(frozen=True)
class ComplianceReport:
    """What a compliance run found.

    Attributes:
        tenant, cloud: Empty tenant and the cloud `files` for files.
        source: `tenant`, or the path that was checked.
        generated_at: Aware time of the run.
        profiles: SCEP profiles first, each kind by name.
        tenant_findings: About the tenant as a whole: questions answered with no.
        skipped: Rules that could not be judged, and what was missing.
        steps: What to do, the most important first.
        questions: Questions that only a person can answer and nobody has.
        waivers_used, waivers_expired, waivers_idle: Waivers that accepted a finding, that no longer
            count, and that met nothing.
        baseline: The approved state that was compared with; None without one.
        drift: What differs from it.
        roots: Every trusted root profile, the worst first.
        assignment_differences: Pairs of SCEP profile and root that reach different people.
        unread: What could not be read; the run then says that it could not judge.
        notes: What a reader must know, in sentences.
        snapshot: What was judged, and what a baseline would be made of; no part of the report.
    """

    tenant: str
    cloud: str
    source: str
    generated_at: datetime
    policy: Policy
    profiles: tuple[CheckedProfile, ...] = ()
    tenant_findings: tuple[Finding, ...] = ()
    skipped: tuple[SkippedRule, ...] = ()
    steps: tuple[Step, ...] = ()
    questions: tuple[Question, ...] = ()
    waivers_used: tuple[Waiver, ...] = ()
    waivers_expired: tuple[Waiver, ...] = ()
    waivers_idle: tuple[Waiver, ...] = ()
    baseline: Baseline | None = None
    drift: tuple[ProfileDrift, ...] = ()
    roots: tuple[RootHealth, ...] = ()
    assignment_differences: tuple[AssignmentDifference, ...] = ()
    unread: tuple[ReadFailure, ...] = ()
    notes: tuple[str, ...] = ()
    snapshot: Snapshot = field(default_factory=Snapshot, repr=False, compare=False)

    @property
    def is_simulator(self) -> bool:
        """Whether it is about a simulated tenant."""
        return self.cloud == SIMULATOR

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, waived ones too."""
        own = (finding for profile in self.profiles for finding in profile.findings)
        return (*own, *self.tenant_findings)

    def counting(self, severity: Severity) -> tuple[Finding, ...]:
        """The findings of a severity that nobody has accepted."""
        return tuple(
            item for item in self.findings if item.waived is None and item.severity is severity
        )

    @cached_property
    def new_findings(self) -> tuple[Finding, ...]:
        """Errors and warnings that count and that the baseline did not have; none without one.

        What a rule says that was not judged at the approval is not called new.
        """
        baseline = self.baseline
        if baseline is None:
            return ()
        return tuple(
            item
            for item in self._absent_before
            if (finding_key(item)[0], item.rule_id) not in baseline.not_judged
        )

    @cached_property
    def newly_judged(self) -> int:
        """How many errors and warnings are of rules that were not judged at the approval."""
        return len(self._absent_before) - len(self.new_findings)

    @cached_property
    def _absent_before(self) -> tuple[Finding, ...]:
        if self.baseline is None:
            return ()
        return tuple(
            item
            for item in self.findings
            if item.waived is None
            and item.severity is not Severity.INFO
            and finding_key(item) not in self.baseline.findings
        )

    @cached_property
    def outcome(self) -> Outcome:
        """How the run ended."""
        return apply_policy(self.policy, self)

    @property
    def failed(self) -> bool:
        """Whether the run did not pass; a run that could not judge has not passed."""
        return self.outcome.status is not Status.PASSED

    @property
    def verdicts(self) -> dict[str, int]:
        """How many SCEP profiles have each verdict; every verdict is a key."""
        return {
            verdict.value: sum(item.verdict is verdict for item in self.profiles)
            for verdict in Verdict
        }

    @property
    def summary(self) -> dict[str, Any]:
        """The numbers."""
        return {
            "profiles": {
                kind: sum(item.kind == kind for item in self.profiles)
                for kind in ("scep", "trusted_root", "foreign")
            },
            "verdicts": self.verdicts,
            "findings": {item.value: len(self.counting(item)) for item in Severity},
            "new_findings": len(self.new_findings),
            "newly_judged": self.newly_judged,
            "waived": sum(item.waived is not None for item in self.findings),
            "skipped_rules": len({item.rule_id for item in self.skipped}),
            "open_questions": len(self.questions),
            "drift": len(self.drift),
            "roots": {
                status.value: sum(item.status is status for item in self.roots)
                for status in RootStatus
            },
            "assignment_differences": len(self.assignment_differences),
        }

    @property
    def msg(self) -> str:
        """One sentence for people; names the simulator where there is one."""
        words = {
            Status.PASSED: "Passed",
            Status.FAILED: "Failed",
            Status.NOT_JUDGED: "Could not be judged",
        }
        outcome = self.outcome
        reasons = " ".join(reason.message for reason in outcome.reasons)
        prefix = "SIMULATOR: " if self.is_simulator else ""
        text = f"{prefix}{words[outcome.status]}"
        return f"{text}: {reasons}" if reasons else f"{text}."

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON, in the form that the published schema describes."""
        return {
            "format": FORMAT,
            "tool_version": __version__,
            "tenant": self.tenant,
            "cloud": self.cloud,
            "source": self.source,
            "generated_at": self.generated_at.isoformat(),
            "failed": self.failed,
            "msg": self.msg,
            "outcome": self.outcome.to_dict(),
            "policy": self.policy.to_dict(),
            "summary": self.summary,
            "steps": [step.to_dict() for step in self.steps],
            "profiles": [profile.to_dict() for profile in self.profiles],
            "tenant_findings": [finding.to_dict() for finding in self.tenant_findings],
            "new_findings": [list(finding_key(item)) for item in self.new_findings],
            "skipped": [item.to_dict() for item in self.skipped],
            "questions": [
                {"id": item.id, "title": item.title, "question": item.question, "why": item.why}
                for item in self.questions
            ],
            "waivers": {
                "used": [item.to_dict() for item in self.waivers_used],
                "expired": [item.to_dict() for item in self.waivers_expired],
                "idle": [item.to_dict() for item in self.waivers_idle],
            },
            "baseline": self.baseline.to_dict() if self.baseline else None,
            "drift": [item.to_dict() for item in self.drift],
            "roots": [item.to_dict() for item in self.roots],
            "assignment_differences": [item.to_dict() for item in self.assignment_differences],
            "unread": [{"what": item.what, "why": item.why} for item in self.unread],
            "notes": list(self.notes),
        }


def finding_key(finding: Finding) -> FindingKey:
    """What makes two findings of two runs the same complaint."""
    subject = finding.profile_id or finding.profile_name or ""
    return subject, finding.rule_id, finding.property
