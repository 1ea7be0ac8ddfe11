"""The rules on strong mapping and the judge of the migration say the same of every profile."""

from hypothesis import given, settings

from intune_scep.profiles import Platform, ScepProfile, parse_profile
from intune_scep.rules import Context, Severity, check
from intune_scep.rules.verdicts import Verdict, judge

from .material import TODAY, Wire
from .strategies import CALM, logon_wires

DEFECTS = {"R-071", "R-072", "R-073", "R-074", "R-083"}


@given(logon_wires())
@settings(CALM, max_examples=1500)
def test_rules_agree_with_the_verdict(wire: Wire) -> None:
    profile = parse_profile(wire)
    assert isinstance(profile, ScepProfile)
    verdict = judge(profile).verdict
    result = check(Context(profile, TODAY))
    errors = {item.rule_id for item in result.findings if item.severity is Severity.ERROR}
    warnings = {item.rule_id for item in result.findings if item.severity is Severity.WARNING}
    spoken = {item.rule_id for item in result.findings}
    skipped = {item.rule_id for item in result.skipped}
    if profile.profile_type.platform is Platform.WINDOWS_10X:
        assert verdict is Verdict.UNSUPPORTED
        return
    unreadable = bool(DEFECTS & skipped)
    if not unreadable:
        assert (verdict is Verdict.DEFECTIVE) == bool(DEFECTS & errors)
    if verdict is Verdict.REQUIRED:
        assert "R-075" in warnings
    if verdict is Verdict.OPT_IN:
        assert "R-075" in spoken or "R-076" in skipped
    if verdict in {Verdict.MAPPED, Verdict.UNSUPPORTED, Verdict.NOT_APPLICABLE, Verdict.DEFECTIVE}:
        assert not {"R-075", "R-076"} & spoken
    if "R-075" in warnings:
        assert verdict in {Verdict.REQUIRED, Verdict.REVIEW}
    if verdict is Verdict.MAPPED:
        assert {"R-077"} & skipped or profile.certificate_type is None
