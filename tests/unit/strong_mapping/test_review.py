"""No profile is changed over an error that the rules know, unless a person names it."""

import json
import re
from dataclasses import replace

import pytest

from intune_scep.compliance import check_tenant
from intune_scep.errors import SelectionError
from intune_scep.rules import load_configuration
from intune_scep.simulator.scenario import build_scenario
from intune_scep.simulator.scenarios.wire import root_body, scep_body
from intune_scep.strong_mapping import Choices, assess_tenant, enforce, plan_tenant

URL = "https://ndes.contoso.com/certsrv/mscep/mscep.dll"
SANS = "customSubjectAlternativeNames"
URI = "universalResourceIdentifier"
EVERYBODY = {"@odata.type": "#microsoft.graph.allLicensedUsersAssignmentTarget"}


def named(kind, value):
    return {SANS: [{"sanType": kind, "name": value}]}


def subject(text):
    return {"subjectNameFormatString": text}


ERRORS = {
    "a subject that says nothing": ("R-020", "windows", subject("")),
    "a variable in single brackets": ("R-022", "windows", subject("CN={UserName}")),
    "a variable whose bracket is not closed": ("R-022", "ios", subject("CN={{UserName}")),
    "a variable with a slip": ("R-023", "macos", subject("CN={{UserPrincipleName}}")),
    "a subject that is no distinguished name": ("R-025", "windows", subject("{{UserName}}")),
    "an escaped comma": ("R-029", "windows", subject("CN=Test\\, LLC,OU={{UserName}}")),
    "a plus that is not quoted": ("R-030", "ios", subject("CN=A+{{UserName}},O=C")),
    "a distinguished name without quotes": (
        "R-031",
        "windows",
        subject("CN={{OnPrem_Distinguished_Name}}"),
    ),
    "a domain name outside Windows": (
        "R-037",
        "ios",
        named("domainNameService", "{{FullyQualifiedDomainName}}"),
    ),
    "a hardware number on a personal device": (
        "R-038",
        "android_work_profile",
        subject("CN={{UserName}},OU={{SerialNumber}}"),
    ),
    "a user name in the names of a corporate Android": (
        "R-053",
        "android_device_owner",
        named("emailAddress", "{{UserName}}@contoso.com"),
    ),
    "a forbidden character after a variable": (
        "R-054",
        "windows",
        named("domainNameService", "{{AzureADDeviceId}};contoso.com"),
    ),
    "no server to ask": ("R-150", "windows", {"scepServerUrls": []}),
    "a key that a TPM cannot make": (
        "R-113",
        "windows",
        {"keySize": "size4096", "keyStorageProvider": "useTpmKspOtherwiseFail"},
    ),
}


@pytest.fixture
def tenant_of(simulated):
    """Return a function that starts a tenant with one SCEP profile, its root and nothing else."""

    def start(platform="windows", *, changes=(), linked=True, root_assigned=True):
        root = root_body(platform, "Root", "bulk-root")
        made = {**scep_body(platform, "Staff", urls=[URL]), **dict(changes)}
        scenario = replace(
            build_scenario("empty"),
            profiles=(root, made),
            root_links={made["id"]: root["id"]} if linked else {},
            assignments={
                made["id"]: [EVERYBODY],
                **({root["id"]: [EVERYBODY]} if root_assigned else {}),
            },
        )
        return simulated(scenario, name=f"{platform} {json.dumps([dict(changes), linked])}")

    return start


def verdict_of(tenant, **options):
    [item] = tenant.run(lambda graph: assess_tenant(graph, **options)).assessed
    return item.judgement


def planned(tenant, **choices):
    return tenant.run(lambda graph: plan_tenant(graph, Choices(**choices)))


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_of_the_rules_is_for_review_and_is_not_planned_over(tenant_of, name):
    rule, platform, changes = ERRORS[name]
    tenant = tenant_of(platform, changes=changes)
    judgement = verdict_of(tenant)
    assert judgement.verdict == "review"
    assert rule in judgement.reason
    plan = planned(tenant, include_android=True)
    assert not plan.writing
    [action] = plan.actions
    assert action.status == "skipped"
    assert "include_review" in action.message


@pytest.mark.parametrize("name", ERRORS)
def test_the_report_says_the_same_of_it(tenant_of, name):
    _, platform, changes = ERRORS[name]
    tenant = tenant_of(platform, changes=changes)
    mine = verdict_of(tenant)
    report = tenant.run(check_tenant)
    [checked] = [profile for profile in report.profiles if profile.kind == "scep"]
    assert (checked.verdict, checked.reason) == (mine.verdict, mine.reason)


def test_a_profile_without_a_trusted_root_is_for_review(tenant_of):
    judgement = verdict_of(tenant_of(linked=False))
    assert judgement.verdict == "review"
    assert "R-120" in judgement.reason


def test_a_profile_whose_root_nobody_gets_is_for_review(tenant_of):
    judgement = verdict_of(tenant_of(root_assigned=False))
    assert judgement.verdict == "review"
    assert "R-123" in judgement.reason


def test_a_profile_whose_root_cannot_be_read_is_for_review(tenant_of):
    tenant = tenant_of()
    refused = {"match": {"method": "GET", "path": "rootCertificate"}, "effect": 403}
    tenant.control("PUT", "faults", [refused])
    judgement = verdict_of(tenant)
    assert judgement.verdict == "review"
    assert "could not be read" in judgement.reason


def test_a_graph_that_does_not_expand_the_assignments_of_a_root_is_asked_without(tenant_of):
    tenant = tenant_of()
    refused = {"match": {"method": "GET", "path": r"rootCertificate\?"}, "effect": 400}
    tenant.control("PUT", "faults", [refused])
    assert verdict_of(tenant).verdict == "required"


def test_a_profile_without_an_error_is_planned(tenant_of):
    tenant = tenant_of()
    assert verdict_of(tenant).verdict == "required"
    assert [action.name for action in planned(tenant).writing] == ["Staff"]


def test_a_profile_that_is_named_is_changed_all_the_same(tenant_of):
    tenant = tenant_of(linked=False)
    choices = Choices(include_review=["Staff"])
    report = tenant.run(lambda graph: enforce(graph, choices, dry_run=False))
    assert report.count("applied") == 1


@pytest.mark.parametrize("name", ["Stuff", "*", "all", ""])
def test_only_names_are_taken_for_review(tenant_of, name):
    tenant = tenant_of(linked=False)
    with pytest.raises(SelectionError, match="include_review"):
        planned(tenant, include_review=[name])


def test_naming_a_profile_that_needs_no_review_is_told(tenant_of):
    plan = planned(tenant_of(), include_review=["Staff"])
    assert len(plan.writing) == 1
    assert any("include_review" in note and "Staff" in note for note in plan.notes)


def test_a_waiver_counts_here_as_in_check(tenant_of, tmp_path):
    tenant = tenant_of(linked=False)
    rules = tmp_path / "rules.yml"
    rules.write_text(
        "waivers:\n  - {rule: R-120, profile: Staff, reason: By hand, expires: 2030-01-01}\n"
    )
    configuration = load_configuration(rules)
    assert verdict_of(tenant, rules=configuration).verdict == "required"
    assert len(planned(tenant, rules_path=str(rules)).writing) == 1


def test_a_rule_that_is_switched_off_holds_nothing_back(tenant_of, tmp_path):
    rules = tmp_path / "rules.yml"
    rules.write_text("disabled: [R-120]\n")
    assert len(planned(tenant_of(linked=False), rules_path=str(rules)).writing) == 1


def test_no_profile_of_contoso_is_planned_over_an_error(simulated):
    tenant = simulated("contoso")
    everything = Choices(
        include_android=True, include_device_certificates=True, include_legacy_san=True
    )
    plan = tenant.run(lambda graph: plan_tenant(graph, everything))
    report = tenant.run(check_tenant)
    wrong = {
        profile.id
        for profile in report.profiles
        if any(item.severity == "error" and not item.waived for item in profile.findings)
    }
    assert plan.writing
    assert not wrong & {action.id for action in plan.writing}


OF_THE_CHANGE = {
    "windows": {"R-019", "R-082", "R-195", "R-198"},
    "ios": {"R-082", "R-195", "R-198"},
    "macos": {"R-019", "R-082", "R-195", "R-198"},
    "android_device_owner": {"R-019", "R-082", "R-190", "R-191", "R-195", "R-196", "R-198"},
    "android_aosp": {"R-082", "R-190", "R-191", "R-195", "R-198"},
}


@pytest.mark.parametrize("platform", OF_THE_CHANGE)
def test_a_plan_says_what_the_rules_say_of_the_change(tenant_of, platform):
    plan = planned(tenant_of(platform), include_android=True)
    assert len(plan.writing) == 1
    told = {sentence.split(":")[0] for sentence in (*plan.notes, *plan.warnings)}
    assert OF_THE_CHANGE[platform] <= told
    findings = plan.writing[0].row()["findings"]
    assert {finding["rule_id"] for finding in findings} >= OF_THE_CHANGE[platform]


def test_one_thing_about_many_profiles_is_said_once(simulated):
    plan = simulated("contoso").run(lambda graph: plan_tenant(graph, Choices()))
    told = [re.search(r"\((\d+) profile", item) for item in plan.warnings if "R-082" in item]
    assert len(told) < 4 < len(plan.writing) == sum(int(found[1]) for found in told)
