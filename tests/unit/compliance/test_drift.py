"""Drift is what differs in meaning since the approval, property by property, and nothing else."""

import html
from dataclasses import replace

import pytest

from intune_scep.compliance import Policy, Status, approve, read_baseline
from intune_scep.compliance.drift import find_drift
from intune_scep.reports.formats import render
from intune_scep.simulator.scenarios.contoso.roots import root_id
from intune_scep.tenant import Snapshot

CONFIGURATIONS = "deviceManagement/deviceConfigurations"
WINDOWS = "#microsoft.graph.windows81SCEPCertificateProfile"
NAME = "Windows - SCEP - User - Always On VPN"


@pytest.fixture
def baseline(contoso, check, tmp_path):
    approve(check(contoso), tmp_path / "baseline.json")
    return read_baseline(tmp_path / "baseline.json")


@pytest.fixture
def profile(contoso):
    return next(wire for wire in contoso.profiles().values() if wire["displayName"] == NAME)


def patch(edit, contoso, profile, **changes):
    path = f"{CONFIGURATIONS}/{profile['id']}"
    edit(contoso, "PATCH", path, {"@odata.type": profile["@odata.type"], **changes})


def drift(report):
    return {
        (item.kind, item.name): {
            change.property: (change.before, change.after) for change in item.changes
        }
        for item in report.drift
    }


def test_an_untouched_tenant_has_none(contoso, check, baseline):
    report = check(contoso, baseline=baseline)
    assert not report.drift
    assert not report.new_findings


def test_an_edit_is_shown_before_and_after(contoso, check, baseline, edit, profile):
    patch(edit, contoso, profile, renewalThresholdPercentage=11, description="By hand")
    assert drift(check(contoso, baseline=baseline)) == {
        ("changed", NAME): {
            "renewalThresholdPercentage": (profile["renewalThresholdPercentage"], 11),
            "description": (profile["description"], "By hand"),
        }
    }


def test_what_means_nothing_is_no_drift(contoso, check, baseline, edit, profile):
    patch(
        edit,
        contoso,
        profile,
        keyUsage=",".join(reversed(profile["keyUsage"].split(","))),
        scepServerUrls=list(reversed(profile["scepServerUrls"])),
        subjectNameFormatString=profile["subjectNameFormatString"]
        .replace("UserName", "USERNAME")
        .replace("EmailAddress", "emailaddress"),
    )
    now = contoso.profiles()[profile["id"]]
    assert now["version"] > profile["version"]
    assert now["subjectNameFormatString"] != profile["subjectNameFormatString"]
    assert not check(contoso, baseline=baseline).drift


def test_root_link_and_assignments_count(contoso, check, baseline, edit, profile):
    link = f"{CONFIGURATIONS}/{profile['id']}/microsoft.graph.{WINDOWS[17:]}/rootCertificate/$ref"
    other = root_id("windows", "wlan")
    edit(
        contoso,
        "PUT",
        link,
        {"@odata.id": f"https://graph.microsoft.com/beta/{CONFIGURATIONS}('{other}')"},
    )
    target = {"@odata.type": "#microsoft.graph.allDevicesAssignmentTarget"}
    edit(
        contoso,
        "POST",
        f"{CONFIGURATIONS}/{profile['id']}/assign",
        {"assignments": [{"target": target}]},
    )
    assert drift(check(contoso, baseline=baseline)) == {
        ("changed", NAME): {
            "rootCertificate": (
                "Windows - Root - Contoso Root CA 2021",
                "Windows - Root - Contoso WLAN Root CA",
            ),
            "assignments": (["VPN Users", "not VPN Exceptions"], ["All devices"]),
        }
    }


def test_new_and_vanished_profiles(contoso, check, baseline, edit, profile):
    copy = {
        name: value
        for name, value in profile.items()
        if name
        not in {"id", "version", "createdDateTime", "lastModifiedDateTime", "supportsScopeTags"}
    }
    edit(contoso, "POST", CONFIGURATIONS, {**copy, "displayName": "Made by hand"})
    edit(contoso, "DELETE", f"{CONFIGURATIONS}/{profile['id']}", None)
    assert set(drift(check(contoso, baseline=baseline))) == {
        ("new", "Made by hand"),
        ("vanished", NAME),
    }


def test_policy_decides_whether_drift_and_new_findings_fail(
    contoso, check, baseline, edit, profile
):
    old = Policy(errors=False, required=False, defective=False)
    assert check(contoso, policy=old, baseline=baseline).outcome.status is Status.PASSED
    patch(edit, contoso, profile, renewalThresholdPercentage=99)
    strict = Policy(errors=False, required=False, defective=False, drift=True)
    report = check(contoso, policy=strict, baseline=baseline)
    assert [reason.cause for reason in report.outcome.reasons] == ["drift"]
    patch(edit, contoso, profile, keySize="size1024")
    report = check(contoso, policy=old, baseline=baseline)
    assert [reason.cause for reason in report.outcome.reasons] == ["new_findings"]
    assert {item.profile_name for item in report.new_findings} == {NAME}


def test_a_tenant_that_lost_every_profile_shows_it_in_every_page(
    contoso, simulated, check, baseline
):
    emptied = simulated("empty")
    report = check(emptied)
    assert any("no certificate profile" in note for note in report.notes)
    gone = replace(report, baseline=baseline, drift=find_drift(baseline, Snapshot()))
    assert len(gone.drift) == len(baseline.profiles)
    for form in ("html", "markdown", "text"):
        assert NAME in html.unescape(render(form, gone))
    page = html.unescape(render("html", gone))
    assert [item.name for item in gone.drift if item.name not in page] == []


def test_what_was_not_judged_at_the_approval_is_not_called_new(
    contoso, check, baseline, edit, profile
):
    report = check(contoso, baseline=baseline, with_directory=True)
    assert report.newly_judged > 0
    assert not report.new_findings
    patch(edit, contoso, profile, keySize="size1024")
    report = check(contoso, baseline=baseline, with_directory=True)
    assert {item.rule_id for item in report.new_findings} == {"R-112"}
