"""Reports of many profiles that have much in common, as tenants have."""

from intune_scep.compliance import CheckedProfile, ComplianceReport, Policy, Step
from intune_scep.compliance.roots import ProfileRef
from intune_scep.rules import Finding, Severity
from intune_scep.rules.verdicts import Verdict
from intune_scep.simulator.scenarios.wire import stable_id

from .hostile import NOW

_LONG = "It re-issues every certificate of the profile, so plan it together with its owners. " * 2
RULES = ("R-006", "R-057", "R-075")


def large_report(count, **more):
    """Each profile with the same three findings, and a step about them all."""
    profiles = tuple(_profile(number) for number in range(count))
    refs = tuple(ProfileRef.of(item.name, item.id) for item in profiles)
    step = Step(Severity.WARNING, "R-075", "Title", "Why", "Remedy", refs)
    return ComplianceReport(
        "tenant", "public", "tenant", NOW, Policy(), profiles=profiles, steps=(step,), **more
    )


def _profile(number):
    identifier, name = stable_id("profile", str(number)), f"Profile {number:06}"
    odata_type = "#microsoft.graph.windows81SCEPCertificateProfile"
    severities = (Severity.INFO, Severity.WARNING, Severity.ERROR)
    return CheckedProfile(
        id=identifier,
        name=name,
        kind="scep",
        odata_type=odata_type,
        platform="windows",
        certificate_type="user",
        version=1,
        verdict=Verdict.REQUIRED,
        reason="No SID URI; domain controllers refuse these user certificates.",
        root="Root",
        assignments=("All users", f"Group {number % 20}"),
        used_by=(),
        findings=tuple(
            Finding(
                rule_id=rule,
                severity=severity,
                profile_id=identifier,
                profile_name=name,
                odata_type=odata_type,
                property="keySize",
                message=f"{rule} {_LONG}",
                remedy=_LONG,
                source="Microsoft: SCEP certificate profiles, step 7",
            )
            for rule, severity in zip(RULES, severities, strict=True)
        ),
    )
