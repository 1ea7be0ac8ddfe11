"""Verdicts: the issue's table, stated by hand for every Contoso profile and edge by edge here."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intune_scep.profiles import PROFILE_TYPES, ProfileKind, parse_profile
from intune_scep.rules import Configuration, judge
from intune_scep.strong_mapping import (
    Choices,
    append_sid_uri,
    assess,
    assess_tenant,
    make_plan,
)
from intune_scep.tenant import Snapshot

EXPECTED = Path(__file__).parent.parent / "scenarios" / "contoso_verdicts.json"
URI = "universalResourceIdentifier"
SID = "{{OnPremisesSecurityIdentifier}}"
SANS = "customSubjectAlternativeNames"
SID_URI = {"sanType": URI, "name": SID}
CLIENT = [{"name": "Client Authentication", "objectIdentifier": "1.3.6.1.5.5.7.3.2"}]
SCEP = [row for row in PROFILE_TYPES if row.kind is ProfileKind.SCEP]
CUSTOM = [row for row in SCEP if row.supports_custom_sans]
PREFIX = "#microsoft.graph."


def profile(kind="windows81SCEPCertificateProfile", **changes):
    wire = {
        "@odata.type": PREFIX + kind,
        "id": "11111111-2222-3333-4444-555555555555",
        "displayName": "A profile",
        "version": 1,
        "lastModifiedDateTime": "2026-01-01T00:00:00.0000000Z",
        "certificateStore": "user",
        "subjectNameFormatString": "CN={{UserName}}",
        "subjectAlternativeNameType": None,
        "subjectAlternativeNameFormatString": None,
        "extendedKeyUsages": CLIENT,
        "customSubjectAlternativeNames": [],
        **changes,
    }
    return parse_profile(wire)


def verdict(*args, **changes):
    return judge(profile(*args, **changes)).verdict.value


def sans(*names, kind=URI):
    return {"customSubjectAlternativeNames": [{"sanType": kind, "name": name} for name in names]}


def test_contoso_is_judged_as_stated_by_hand(simulated):
    expected = {
        verdict: sorted(names) for verdict, names in json.loads(EXPECTED.read_text()).items()
    }
    judged: dict[str, list[str]] = {verdict: [] for verdict in expected}
    for row in simulated("contoso").run(assess_tenant).to_dict()["profiles"]:
        judged[row["verdict"]].append(row["name"])
    assert {verdict: sorted(names) for verdict, names in judged.items()} == expected


def test_every_judgement_has_a_reason_that_ends_as_a_sentence(simulated):
    rows = simulated("contoso").run(assess_tenant).to_dict()["profiles"]
    assert all(row["reason"].endswith(".") and len(row["reason"]) > 10 for row in rows)


@pytest.mark.parametrize("name", [SID, SID.lower(), SID.upper(), f"  {SID}\t"])
def test_the_sid_uri_is_found_trimmed_and_in_any_case(name):
    assert verdict(**sans("IntuneDeviceId://{{DeviceId}}", name)) == "mapped"


@pytest.mark.parametrize(
    "usages",
    [
        [],
        CLIENT,
        [{"name": "x", "objectIdentifier": "1.3.6.1.4.1.311.20.2.2"}],
        [{"name": "x", "objectIdentifier": "2.5.29.37.0"}],
        [{"name": "x", "objectIdentifier": "1.3.6.1.5.5.7.3.4"}, *CLIENT],
        None,
    ],
)
@pytest.mark.parametrize(
    "kind",
    ["windows81SCEPCertificateProfile", "iosScepCertificateProfile", "macOSScepCertificateProfile"],
)
def test_user_certificates_that_log_on_are_required(kind, usages):
    assert verdict(kind, extendedKeyUsages=usages) == "required"


@pytest.mark.parametrize("oid", ["1.3.6.1.5.5.7.3.4", "1.3.6.1.5.5.7.3.3", "1.3.6.1.5.5.7.3.1"])
@pytest.mark.parametrize("store", ["user", "machine"])
def test_certificates_for_other_purposes_are_not_applicable(oid, store):
    usages = [{"name": "x", "objectIdentifier": oid}]
    assert verdict(extendedKeyUsages=usages, certificateStore=store) == "not_applicable"


@pytest.mark.parametrize(
    "kind",
    [
        "androidDeviceOwnerScepCertificateProfile",
        "androidWorkProfileScepCertificateProfile",
        "androidForWorkScepCertificateProfile",
        "aospDeviceOwnerScepCertificateProfile",
    ],
)
def test_android_is_the_operators_choice(kind):
    assert verdict(kind) == "opt_in"
    assert judge(profile(kind)).needs == {"include_android"}
    assert verdict(kind, certificateStore="machine") == "not_applicable"


def test_windows_device_certificates_are_the_operators_choice():
    judgement = judge(profile(certificateStore="machine"))
    assert judgement.verdict == "opt_in"
    assert judgement.needs == {"include_device_certificates"}


@pytest.mark.parametrize("kind", ["iosScepCertificateProfile", "macOSScepCertificateProfile"])
def test_device_certificates_off_windows(kind):
    assert verdict(kind, certificateStore="machine") == "not_applicable"
    assert verdict(kind, certificateStore="machine", **sans(SID)) == "defective"


def test_a_mapped_windows_device_certificate_is_mapped():
    assert verdict(certificateStore="machine", **sans(SID)) == "mapped"


@pytest.mark.parametrize(
    "kind", ["androidScepCertificateProfile", "windowsPhone81SCEPCertificateProfile"]
)
def test_types_without_custom_names_are_unsupported(kind):
    assert verdict(kind) == "unsupported"
    assert verdict(kind, subjectNameFormatString=f"CN={SID}") == "defective"


def test_windows_10x_lives_elsewhere():
    wire = {"@odata.type": PREFIX + "windows10XSCEPCertificateProfile", "id": "x", "version": 1}
    assert judge(parse_profile(wire)).verdict == "unsupported"


@pytest.mark.parametrize(
    "changes",
    [
        {"subjectNameFormatString": f"CN={SID}"},
        {"subjectNameFormatString": f"CN={SID.lower()}"},
        {"subjectAlternativeNameFormatString": SID},
        sans(SID, kind="userPrincipalName"),
        sans(f"{SID}@contoso.com", kind="emailAddress"),
        sans(f"tag:microsoft.com,2022-09-14:sid:{SID}"),
        sans(f"{SID}x"),
        sans(SID, SID),
        sans(SID, SID.lower()),
        sans(SID, "tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-500"),
        sans("s-1-5-21-1-2-3-500"),
        {"subjectNameFormatString": "CN=S-1-5-21-1-2-3-500"},
        sans("{OnPremisesSecurityIdentifier}"),
        sans("{{ OnPremisesSecurityIdentifier }}"),
    ],
)
def test_every_misuse_is_defective_and_no_choice_changes_it(changes):
    judgement = judge(profile(**changes))
    assert judgement.verdict == "defective"
    assert not judgement.changeable


def test_each_defect_is_told():
    reason = judge(profile(subjectNameFormatString=f"CN={SID}", **sans(SID, SID))).reason
    assert "subject name format" in reason
    assert "2 times" in reason


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"subjectAlternativeNameType": "none"}, "required"),
        ({"subjectAlternativeNameType": "userPrincipalName"}, "review"),
        ({"subjectAlternativeNameType": "emailAddress,userPrincipalName"}, "review"),
        ({"subjectAlternativeNameFormatString": "{{UserName}}@x"}, "review"),
        ({"subjectAlternativeNameFormatString": ""}, "required"),
        ({"subjectAlternativeNameType": "userPrincipalName", **sans(SID)}, "mapped"),
    ],
)
def test_legacy_names_are_for_review_only_where_something_would_change(changes, expected):
    assert verdict(**changes) == expected


def test_legacy_names_outside_logon_stay_not_applicable():
    usages = [{"name": "x", "objectIdentifier": "1.3.6.1.5.5.7.3.4"}]
    assert (
        verdict(extendedKeyUsages=usages, subjectAlternativeNameType="emailAddress")
        == "not_applicable"
    )


def test_a_legacy_android_profile_needs_both_choices():
    judgement = judge(
        profile("aospDeviceOwnerScepCertificateProfile", subjectAlternativeNameType="emailAddress")
    )
    assert judgement.needs == {"include_android", "include_legacy_san"}


@pytest.mark.parametrize(
    "changes",
    [
        {"customSubjectAlternativeNames": {"sanType": URI}},
        {"customSubjectAlternativeNames": [7]},
        {"certificateStore": None},
        {"certificateStore": "somethingNew"},
        {"extendedKeyUsages": "Client Authentication"},
        {"extendedKeyUsages": [{"name": "Client Authentication", "objectIdentifier": None}]},
    ],
)
def test_what_cannot_be_read_is_for_review_and_never_changed(changes):
    judgement = judge(profile(**changes))
    assert judgement.verdict == "review"
    assert not judgement.changeable


def test_a_list_of_names_that_was_not_sent_is_never_replaced():
    wire = profile().to_wire()
    del wire["customSubjectAlternativeNames"]
    judgement = judge(parse_profile(wire))
    assert (judgement.verdict.value, judgement.changeable) == ("review", False)


NAMES = st.lists(
    st.fixed_dictionaries(
        {
            "sanType": st.sampled_from(
                [URI, "userPrincipalName", "emailAddress", "domainNameService", "somethingNew"]
            ),
            "name": st.one_of(
                st.text(max_size=30),
                st.sampled_from([SID, SID.lower(), "IntuneDeviceId://{{DeviceId}}", " ", None]),
            ),
        },
        optional={"unknown": st.integers()},
    ),
    max_size=6,
)
EVERYTHING = Choices(
    include_android=True, include_device_certificates=True, include_legacy_san=True
)


def assessed(judged):
    found = Snapshot(profiles=(judged,), root_links={judged.id: None})
    return assess("t", "public", found, Configuration(), date(2026, 1, 1))


@given(
    kind=st.sampled_from([row.name for row in CUSTOM]),
    names=st.one_of(st.none(), NAMES),
    store=st.sampled_from(["user", "machine"]),
    legacy=st.sampled_from([None, "none", "userPrincipalName"]),
)
def test_appending_keeps_every_other_name_and_is_needed_once(kind, names, store, legacy):
    judged = profile(
        kind,
        customSubjectAlternativeNames=names,
        certificateStore=store,
        subjectAlternativeNameType=legacy,
    )
    chosen = replace(EVERYTHING, include_review=(judged.id,))
    plan = make_plan(assessed(judged), chosen)
    for action in plan.writing:
        after = action.steps[0].after[SANS]
        assert after[:-1] == (names or [])
        assert after[-1] == SID_URI
        changed = {**judged.to_wire(), SANS: after}
        again = make_plan(assessed(parse_profile(changed)), chosen)
        assert again.writing == ()
        assert judge(parse_profile(changed)).verdict == "mapped"


@given(names=st.one_of(st.none(), NAMES))
def test_appending_never_changes_its_input(names):
    copy = json.loads(json.dumps(names))
    append_sid_uri(names)
    assert names == copy


@given(
    kind=st.sampled_from([row.name for row in SCEP]),
    wire=st.dictionaries(
        st.sampled_from(
            [
                "customSubjectAlternativeNames",
                "extendedKeyUsages",
                "certificateStore",
                "subjectNameFormatString",
                "subjectAlternativeNameType",
                "subjectAlternativeNameFormatString",
            ]
        ),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.text(max_size=5), inner, max_size=3)
            ),
            max_leaves=8,
        ),
    ),
)
def test_whatever_graph_sends_gets_a_verdict(kind, wire):
    judgement = judge(parse_profile({"@odata.type": PREFIX + kind, "id": "x", **wire}))
    assert judgement.reason
