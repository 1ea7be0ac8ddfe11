"""What is skipped and why, what a configuration changes, and how a waiver ends."""

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intune_scep.profiles import Platform
from intune_scep.rules import (
    Configuration,
    Context,
    DeviceFacts,
    DirectoryFacts,
    Need,
    Severity,
    Skipped,
    Waiver,
    certificate_location,
    check,
)

from .cases import CASES, Case
from .material import (
    GROUP_A,
    GROUP_B,
    NDES,
    SID_URI,
    TODAY,
    context,
    device,
    group,
    planned,
    root_profile,
    scep,
    upn,
)
from .strategies import CALM

AROUND = {
    "root": Need.ROOT,
    "root_assignments": Need.ASSIGNMENTS,
    "dependants": Need.DEPENDANTS,
    "directory": Need.DIRECTORY,
    "devices": Need.DEVICES,
    "profiles": Need.TENANT,
    "tenant": Need.TENANT,
}
LAB = "SCEP profile for entire company"


def skipped(judged: Context) -> dict[str, Skipped]:
    return {item.rule_id: item for item in check(judged).skipped}


def is_read(case: Case, name: str) -> bool:
    return getattr(case.bad, name) is not Context.__dataclass_fields__[name].default


@pytest.mark.parametrize(
    ("case", "name"),
    [(case, name) for case in CASES for name in AROUND if is_read(case, name)],
    ids=str,
)
def test_without_what_it_needs_a_rule_is_skipped_and_never_passed(case: Case, name: str) -> None:
    missing = replace(case.bad, **{name: Context.__dataclass_fields__[name].default})
    if case.rule == "R-076":
        # Without the directory it names the candidate, and says that nobody has looked.
        [candidate] = [item for item in check(missing).findings if item.rule_id == case.rule]
        assert candidate.severity is Severity.INFO
        assert candidate.message.endswith("was not read.")
        return
    if case.rule == "R-123" and name == "root":
        assert case.rule in skipped(missing)
        return
    result = check(missing)
    spoken = {item.rule_id for item in result.findings}
    left = {item.rule_id: item for item in result.skipped}
    assert case.rule in left
    assert left[case.rule].need is AROUND[name]
    assert left[case.rule].missing
    assert case.rule not in spoken


def test_a_fact_that_was_not_counted_skips_only_what_needs_it() -> None:
    text = "CN={{OnPremisesSamAccountName}},E={{EmailAddress}}"
    wire = scep("windows", subjectNameFormatString=text)
    left = skipped(context(wire, directory=DirectoryFacts(users_without={"mail": 0})))
    assert left["R-032"].missing == "onPremisesSamAccountName"
    assert left["R-033"].missing == "userPrincipalName"


def test_a_need_that_the_profile_does_not_have_is_not_skipped() -> None:
    names = [upn()]
    left = skipped(context(scep("ios", customSubjectAlternativeNames=names)))
    assert "R-115" not in left  # no 4096-bit key
    assert "R-077" not in left  # no SID URI
    assert not {"R-082", "R-198"} & left.keys()  # nothing is planned


def test_a_property_of_unknown_shape_is_skipped_visibly() -> None:
    left = skipped(context(scep("windows", customSubjectAlternativeNames=[{"sanType": 7}])))
    assert left["R-071"].need is Need.PROFILE
    assert left["R-071"].missing == "customSubjectAlternativeNames in a shape that is known"


def test_names_that_graph_did_not_send_are_not_taken_for_missing() -> None:
    wire = scep("windows")
    del wire["customSubjectAlternativeNames"]
    assert "R-075" in skipped(context(wire))


def test_expanded_assignments_count_as_read() -> None:
    mine = scep("windows", assignments=[group(GROUP_A)])
    other = root_profile("windows", assignments=[group(GROUP_B)])
    assert "R-181" in {item.rule_id for item in check(context(mine, root=other)).findings}


def finding(configuration: Configuration, today: date = TODAY) -> tuple[str, object]:
    judged = replace(context(scep("windows", keySize="size4096")), today=today)
    findings = [x for x in check(judged, configuration).findings if x.rule_id == "R-113"]
    return (findings[0].severity if findings else "none"), (findings[0] if findings else None)


def test_a_configured_severity_wins_over_every_other() -> None:
    configured = Configuration(severities={"R-113": Severity.INFO})
    assert finding(configured)[0] is Severity.INFO


def test_a_disabled_rule_is_silent() -> None:
    assert finding(Configuration(disabled=frozenset({"R-113"})))[0] == "none"


def test_the_answer_yes_settles_a_rule_that_asks() -> None:
    judged = context(scep("windows", scepServerUrls=[NDES, "https://b.contoso.com/x"]))
    answered = check(judged, Configuration(answers={"R-156": True}))
    assert "R-156" not in {item.rule_id for item in answered.findings}
    assert "R-156" in {item.rule_id for item in check(judged).findings}


@given(st.sampled_from([LAB, "7D8B9C9A-0000-4000-8000-000000000001"]), st.integers(-400, 400))
@CALM
def test_a_waiver_counts_until_its_last_day(profile: str, days: int) -> None:
    waiver = Waiver("R-113", profile, "old laptops", TODAY + timedelta(days=days))
    severity, found = finding(Configuration(waivers=(waiver,)))
    assert severity is Severity.ERROR
    assert found.waived == (waiver if days >= 0 else None)
    assert found.expired_waiver == (waiver if days < 0 else None)


def test_a_waived_finding_stays_listed_but_does_not_count() -> None:
    waiver = Waiver("R-113", LAB, "old laptops", date(2027, 1, 1))
    result = check(context(scep("windows", keySize="size4096")), Configuration(waivers=(waiver,)))
    assert "R-113" in {item.rule_id for item in result.findings}
    assert "R-113" not in {item.rule_id for item in result.counting(Severity.ERROR)}
    (listed,) = [x for x in result.to_dict()["findings"] if x["rule_id"] == "R-113"]
    assert listed["waived"] == {
        "rule": "R-113",
        "profile": LAB,
        "reason": "old laptops",
        "expires": "2027-01-01",
    }


def test_a_waiver_of_another_profile_or_rule_changes_nothing() -> None:
    others = (
        Waiver("R-113", LAB.upper(), "x", date(2030, 1, 1)),
        Waiver("R-114", LAB, "x", date(2030, 1, 1)),
    )
    assert finding(Configuration(waivers=others))[1].waived is None


def test_an_expired_waiver_is_reported_even_when_nothing_is_left_to_waive() -> None:
    waiver = Waiver("R-113", LAB, "old laptops", date(2026, 1, 1))
    result = check(context(scep("windows")), Configuration(waivers=(waiver,)))
    assert result.expired_waivers == (waiver,)
    assert Configuration(waivers=(waiver,)).expired_waivers(TODAY) == (waiver,)


def test_results_are_json() -> None:
    judged = context(scep("windows", keySize="size4096"))
    data = json.loads(json.dumps(check(judged).to_dict()))
    (entry,) = [item for item in data["findings"] if item["rule_id"] == "R-113"]
    assert entry == {
        "rule_id": "R-113",
        "severity": "error",
        "profile_id": "7d8b9c9a-0000-4000-8000-000000000001",
        "profile_name": LAB,
        "odata_type": "#microsoft.graph.windows81SCEPCertificateProfile",
        "property": "keySize",
        "message": "4096-bit keys with useTpmKspOtherwiseUseSoftwareKsp fail on devices with a"
        " TPM.",
        "remedy": "Use the software KSP for 4096 bits, or 2048 bits in the TPM.",
        "source": "Microsoft: SCEP certificate profiles, step 7, Key size (bits), Note",
        "waived": None,
        "expired_waiver": None,
    }
    assert {"rule_id", "need", "missing"} <= data["skipped"][0].keys()


def message(judged: Context, rule: str) -> str:
    return next(item.message for item in check(judged).findings if item.rule_id == rule)


def test_the_forecast_of_a_change_takes_the_worse_source() -> None:
    now = scep("windows", customSubjectAlternativeNames=[upn()])
    renamed = message(planned(now, {**now, "displayName": "x"}), "R-198")
    assert (
        "reported not to re-issue" in renamed and "any change to a SCEP profile revokes" in renamed
    )
    other_ksp = planned(now, {**now, "keyStorageProvider": "useSoftwareKsp"})
    assert "is not documented" in message(other_ksp, "R-198")
    mapped = planned(now, scep("windows", displayName="x"), certificates=812)
    assert "customSubjectAlternativeNames re-issues every" in message(mapped, "R-198")
    assert "re-issues 812 certificates" in message(mapped, "R-082")


def test_a_new_profile_re_issues_nothing() -> None:
    found = {item.rule_id for item in check(planned(None, scep("android_device_owner"))).findings}
    assert not {"R-082", "R-190", "R-191", "R-195", "R-196", "R-198"} & found


@pytest.mark.parametrize(
    ("wire", "place"),
    [
        (device("windows"), "Local Computer store"),
        (scep("windows"), "certificate store of the user"),
        (device("macos"), "system keychain"),
        (scep("macos"), "user keychain"),
        (scep("android_work_profile"), "VPN and apps store"),
    ],
)
def test_the_place_of_a_certificate(wire: dict[str, object], place: str) -> None:
    assert place in (certificate_location(context(wire)) or "")


def test_nobody_says_where_ios_keeps_a_certificate() -> None:
    assert certificate_location(context(scep("ios"))) is None


def test_a_misspelled_variable_names_the_right_one() -> None:
    judged = context(scep("windows", subjectNameFormatString="CN={{UserPrincipleName}}"))
    assert "{{UserPrincipalName}} is probably meant" in message(judged, "R-023")


def test_several_profiles_use_one_certificate_each_on_apple_devices() -> None:
    case = next(case for case in CASES if case.rule == "R-194")
    assert "4 certificates per device" in message(case.bad, "R-194")


def test_the_sid_uri_is_not_blamed_twice() -> None:
    """A misplaced variable is one finding, not also a missing one or a UPN without @."""
    wire = scep("windows", customSubjectAlternativeNames=[upn(SID_URI["name"])])
    found = {item.rule_id for item in check(context(wire)).findings}
    assert "R-071" in found
    assert not {"R-055", "R-075"} & found


@pytest.mark.parametrize("platform", ["windows", "macos"])
@pytest.mark.parametrize(
    ("name", "attribute"), [("IMEI", "imei"), ("Device_IMEI", "imei"), ("MEID", "meid")]
)
def test_identifiers_of_a_modem_are_suspected_until_the_devices_were_read(
    platform: str, name: str, attribute: str
) -> None:
    wire = device(platform, subjectNameFormatString=f"CN={{{{{name}}}}}")
    assert "The profile uses" in message(context(wire), "R-036")
    there = context(wire, devices=DeviceFacts(without={attribute: 0}))
    assert "R-036" not in {item.rule_id for item in check(there).findings}
    lacking = context(wire, devices=DeviceFacts(without={attribute: 3}))
    assert f"Intune knows no {attribute} of 3 devices" in message(lacking, "R-036")


def test_a_platform_nobody_tells_keeps_the_family_from_being_judged() -> None:
    judged = context(
        scep("android_work_profile"),
        assignments=[group(GROUP_A)],
        devices=DeviceFacts(android_enrolments={Platform.ANDROID_DEVICE_OWNER: 4, None: 1}),
    )
    assert skipped(judged)["R-004"].need is Need.DEVICES
    assert "R-004" not in {item.rule_id for item in check(judged).findings}


def test_old_devices_and_those_of_unknown_version_are_told_apart() -> None:
    facts = DeviceFacts(os_versions={"13.7": 2, "9.3.5": 1, "17.0": 40, "": 3})
    judged = context(scep("ios", keySize="size4096"), devices=facts)
    old, unknown = [x.message for x in check(judged).findings if x.rule_id == "R-115"]
    assert old.startswith("3 devices") and "the oldest runs 9.3.5" in old
    assert unknown.startswith("Of 3 devices")


@pytest.mark.parametrize(
    "platform",
    ["windows", "ios", "macos", "android_device_owner", "android_work_profile", "android_aosp"],
)
def test_a_key_size_that_is_not_configured_is_said_in_the_words_of_the_admin_center(
    platform: str,
) -> None:
    assert "“Not configured”" in message(context(scep(platform, keySize=None)), "R-112")
    assert "R-112" not in {item.rule_id for item in check(context(scep(platform))).findings}


def test_the_candidate_for_the_variable_is_named_without_the_directory() -> None:
    assert SID_URI["name"] in message(context(device("windows")), "R-076")
