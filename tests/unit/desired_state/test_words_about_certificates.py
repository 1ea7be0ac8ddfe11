"""What plans, prompts and results of declared state and migration say of issued certificates."""

import pytest

from intune_scep.changes.certificates import about_certificates
from intune_scep.desired_state.run import apply_declarations
from intune_scep.profiles import Platform
from intune_scep.profiles.revocation import can_revoke
from intune_scep.reports.runs import plan_lines, text_of, text_of_run

from .declared import ERRORS_AS_WARNINGS, root, scep

CHANGES = {
    "subject": {"subject_name_format": "CN={{DeviceName}}"},
    "what nobody reports": {"key_size": 4096},
    "what is called harmless": {"description": "Otherwise"},
    "assignments": {"assignments": [{"group": "Pilot"}]},
    "removal": {"state": "absent"},
}
PLATFORMS = (Platform.WINDOWS, Platform.ANDROID_WORK_PROFILE, Platform.ANDROID_AOSP)


def everything_said(plan):
    notes = [note for action in plan.actions for note in action.details["notes"]]
    warnings = plan.to_dict()["warnings"]
    return " ".join([text_of(plan_lines(plan)), *notes, *warnings])


@pytest.mark.parametrize("platform", PLATFORMS)
def test_no_part_of_a_plan_says_revoked_where_intune_may_not_revoke(tenant, platform):
    tenant.applied([root(platform), scep(platform)], rules=ERRORS_AS_WARNINGS)
    for what, change in CHANGES.items():
        plan = tenant.plan([scep(platform, **change)], rules=ERRORS_AS_WARNINGS)
        said = everything_said(plan)
        assert plan.writing, what
        if platform is not Platform.WINDOWS:
            assert "revoked" not in said.replace("What was revoked stays revoked", ""), what
        assert ("cannot revoke" in said) is (not can_revoke(platform)), what


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_same_holds_for_a_run_in_check_mode(tenant, platform):
    tenant.applied([root(platform), scep(platform)], rules=ERRORS_AS_WARNINGS)
    report = tenant.simulated.run(
        lambda graph: apply_declarations(
            graph, [scep(platform, state="absent")], dry_run=True, rules=ERRORS_AS_WARNINGS
        )
    )
    assert ("revoked" in text_of_run(report)) is (platform is Platform.WINDOWS)


def test_a_plan_for_roots_alone_says_nothing_of_certificates(tenant):
    assert about_certificates(tenant.plan([root()])) == ""


def test_a_plan_that_only_makes_profiles_does_not_speak_of_old_certificates(tenant):
    said = about_certificates(tenant.plan([root(), scep()]))
    assert said == "Devices that are assigned a new SCEP profile get certificates from it."


def test_a_mixed_plan_says_of_each_platform_what_is_known(tenant):
    wanted = [scep(platform, description="New") for platform in PLATFORMS]
    declared = [item for platform in PLATFORMS for item in (root(platform), scep(platform))]
    tenant.applied(declared, rules=ERRORS_AS_WARNINGS)
    said = about_certificates(tenant.plan(wanted, rules=ERRORS_AS_WARNINGS))
    assert "on Windows the old ones are revoked" in said
    assert "work profile is not known" in said
    assert "On Android (AOSP) Intune cannot revoke" in said
