"""What the rules say stops a plan, or warns, before anything is written."""

from datetime import UTC, date, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from intune_scep.declarations.options import CREATABLE_PLATFORMS
from intune_scep.declarations.resolution import resolve
from intune_scep.declarations.wire_form import create_wire
from intune_scep.desired_state import PlanChoices
from intune_scep.desired_state.judging import judge_plan
from intune_scep.desired_state.planner import make_plan
from intune_scep.profiles import Platform, ProfileKind, parse_profile
from intune_scep.rules import RULES, Configuration, Severity, Waiver
from intune_scep.tenant import Snapshot

from .declared import ERRORS_AS_WARNINGS, declare, guid, root, scep

IN_UPN = {"type": "upn", "value": "{{OnPremisesSecurityIdentifier}}"}
SID_URI = {"type": "uri", "value": "{{OnPremisesSecurityIdentifier}}"}
UPN = {"type": "upn", "value": "{{UserPrincipalName}}"}
URL = "http://ndes.contoso.example/certsrv/mscep/mscep.dll"
DEFECTIVE = {"subject_alternative_names": [UPN, IN_UPN], "subject_name_format": "Staff"}


def waiver(rule, profile="Staff", expires=date(9999, 12, 31)):
    return Configuration(waivers=(Waiver(rule, profile, "Agreed with the PKI team", expires),))


def errors(action):
    """Rules whose unwaived errors an action carries: one of a plan, or one still being judged."""
    found = getattr(action, "findings", None)
    if found is not None:
        return {f.rule_id for f in found if f.severity is Severity.ERROR and not f.waived}
    return {
        f["rule_id"]
        for f in action.details["findings"]
        if f["severity"] == "error" and not f["waived"]
    }


@pytest.fixture
def defective(tenant):
    """A tenant whose profile has two errors since before anybody looked."""
    tenant.applied([root(), scep(**DEFECTIVE)], rules=ERRORS_AS_WARNINGS)
    return tenant


def test_errors_stop_everything_with_every_finding_and_no_write(tenant):
    report = tenant.apply([root(), scep(), scep(name="Wrong", **DEFECTIVE), root(name="Other")])
    assert report.failed
    assert [item.status for item in report.outcomes] == [
        "held_back",
        "held_back",
        "failed",
        "held_back",
    ]
    message = report.outcomes[2].message
    for rule in ("R-025", "R-071"):
        assert f"{rule}: " in message
        assert rule in report.msg
        assert RULES[rule].remedy in message
    assert "in the file given with rules." in message
    assert "in the file given with rules." in report.msg
    assert tenant.writes() == []


def test_every_refused_profile_is_in_the_one_message(tenant):
    wrong = [scep(name=f"Wrong {number}", **DEFECTIVE) for number in range(3)]
    report = tenant.apply([root(), *wrong])
    assert "'Wrong 0' (ios), 'Wrong 1' (ios), 'Wrong 2' (ios): R-" in report.msg


def test_warnings_are_told_and_do_not_stop(tenant):
    report = tenant.apply([root(), scep(scep_server_urls=[URL])])
    assert not report.failed, report.msg
    [warning] = [text for text in report.to_dict()["warnings"] if "R-152" in text]
    assert warning.startswith("Staff (ios): R-152: ")
    assert RULES["R-152"].remedy in warning


def test_information_is_in_the_detail_only(tenant):
    plan = tenant.plan([root(assignments=[]), scep(state="absent")]).report()
    assert "R-180" in [finding["rule_id"] for finding in plan["profiles"][0]["findings"]]
    assert not [text for text in plan["warnings"] if "R-180" in text]


def test_rules_that_were_not_judged_are_one_note_and_no_warning(tenant):
    plan = tenant.plan([root(), scep()])
    assert len([text for text in plan.notes if "R-186" in text]) == 1
    assert not [text for text in plan.to_dict()["warnings"] if "R-186" in text]
    tenant.applied([root(), scep()])
    assert tenant.plan([root(), scep()]).notes == ()


def test_groups_have_their_names_in_warnings(tenant):
    plan = tenant.plan([root(), scep(assignments=[{"group": "Pilot"}, {"group": "All Staff"}])])
    [warning] = [text for text in plan.to_dict()["warnings"] if "R-181" in text]
    assert "“Pilot”" in warning


def test_an_error_that_is_there_today_is_a_warning_when_something_else_changes(defective):
    changed = scep(**DEFECTIVE, renewal_threshold=30)
    report = defective.apply([root(), changed])
    assert not report.failed, report.msg
    [outcome] = [item for item in report.outcomes if item.action.action == "update"]
    assert {"R-025", "R-071"} <= errors(outcome.action)
    warnings = " ".join(report.to_dict()["warnings"])
    for rule in ("R-025", "R-071"):
        assert f"Staff (ios): {rule}: " in warnings
    assert len(defective.writes()) == 1


def test_an_error_that_is_there_today_may_be_mended_alone(defective):
    mended = scep(**{**DEFECTIVE, "subject_name_format": "CN={{UserName}}"})
    report = defective.apply([mended])
    assert not report.failed, report.msg
    assert errors(report.outcomes[0].action) == {"R-071"}


def test_an_error_that_the_change_brings_is_refused_beside_one_that_is_there(defective):
    worse = scep(**DEFECTIVE, scep_server_urls=[])
    report = defective.apply([worse])
    assert report.failed
    [action] = [item.action for item in report.outcomes]
    assert "R-150" in action.message
    assert "R-071" not in action.message
    assert "R-071" in " ".join(action.details["warnings"])
    assert defective.writes() == []


def test_another_error_of_the_same_rule_is_one_that_the_change_brings(defective):
    other = {**IN_UPN, "type": "email"}
    report = defective.apply([scep(**{**DEFECTIVE, "subject_alternative_names": [UPN, other]})])
    assert report.failed
    assert "R-071" in report.outcomes[0].message


def test_unchanged_defects_are_never_refused(defective):
    plan = defective.plan([root(), scep(**DEFECTIVE)])
    assert plan.is_empty
    assert plan.to_dict()["warnings"] == []


def test_a_replacement_is_judged_as_a_new_profile(tenant):
    mac = Platform.MACOS
    tenant.applied([root(mac), scep(mac, **DEFECTIVE)], rules=ERRORS_AS_WARNINGS)
    anew = scep(mac, **DEFECTIVE, deployment_channel="user", replace=True)
    [action] = tenant.plan([anew]).refused
    assert "R-071" in action.message
    assert "R-015" not in action.message


def test_a_waiver_lets_a_profile_through_and_is_seen_in_the_detail(tenant):
    wrong = scep(validity={"value": 5, "unit": "years"})
    report = tenant.apply([root(), wrong], rules=waiver("R-090"))
    assert not report.failed, report.msg
    findings = report.to_dict()["profiles"][1]["findings"]
    [finding] = [item for item in findings if item["rule_id"] == "R-090"]
    assert finding["waived"]["reason"] == "Agreed with the PKI team"
    assert "R-090" not in " ".join(report.to_dict()["warnings"])


def test_an_expired_waiver_counts_again_and_says_so(tenant):
    wrong = scep(validity={"value": 5, "unit": "years"})
    rules = waiver("R-090", expires=date(2020, 1, 31))
    report = tenant.apply([root(), wrong], rules=rules)
    assert report.failed
    assert "Its waiver expired on 2020-01-31." in report.msg


@pytest.mark.parametrize(
    "rules",
    [
        Configuration(disabled=frozenset({"R-090"})),
        Configuration(severities={"R-090": Severity.WARNING}),
        waiver("R-090"),
        waiver("R-090", profile="Other"),
    ],
    ids=["disabled", "a warning", "waived", "waived elsewhere"],
)
def test_only_what_is_accepted_for_this_profile_lets_it_through(tenant, rules):
    plan = tenant.plan([root(), scep(validity={"value": 5, "unit": "years"})], rules=rules)
    assert bool(plan.refused) is any(item.profile == "Other" for item in rules.waivers)


def test_a_rule_made_an_error_refuses(tenant):
    rules = Configuration(severities={"R-152": Severity.ERROR})
    [action] = tenant.plan([root(), scep(scep_server_urls=[URL])], rules=rules).refused
    assert "R-152" in action.message


def test_the_root_of_the_same_run_is_judged_as_it_will_be(tenant):
    [action] = tenant.plan([root(assignments=[]), scep()]).refused
    assert "R-123" in action.message
    assert not tenant.plan([root(), scep()]).refused


def test_the_assignments_that_a_root_gets_in_the_same_run_count(tenant):
    tenant.applied([root(assignments=[])])
    [action] = tenant.plan([scep()]).refused
    assert "R-123" in action.message
    assert not tenant.plan([root(), scep()]).refused


def test_a_profile_without_a_root_is_refused(tenant):
    [action] = tenant.plan([scep(root_profile=None)]).refused
    assert "R-120" in action.message


def test_a_link_taken_away_is_an_error_that_the_change_brings(tenant):
    tenant.applied([root(), scep()])
    [action] = tenant.plan([scep(root_profile=None)]).refused
    assert "R-120" in action.message


def test_names_may_change_where_the_sid_uri_is_already(tenant):
    tenant.applied([root(), scep(subject_alternative_names=[UPN, SID_URI])])
    assert not tenant.plan([scep(subject_alternative_names=[SID_URI])]).refused


def test_adding_the_sid_uri_must_keep_the_other_names(tenant):
    tenant.applied([root(), scep(subject_alternative_names=[UPN])])
    [action] = tenant.plan([scep(subject_alternative_names=[SID_URI])]).refused
    assert "R-060" in action.message
    assert not tenant.plan([scep(subject_alternative_names=[UPN, SID_URI])]).refused


NAMES = st.lists(
    st.fixed_dictionaries(
        {
            "sanType": st.sampled_from(["userPrincipalName", "domainNameService", "other", None]),
            "name": st.sampled_from(["", "{{OnPremisesSecurityIdentifier}}", "{{x}}!", "S-1-5-21"]),
        }
    ),
    max_size=3,
)
WRONG = st.fixed_dictionaries(
    {},
    optional={
        "keySize": st.sampled_from(["size1024", "size4096", 2048, None]),
        "keyUsage": st.sampled_from(["digitalSignature", "none", None]),
        "hashAlgorithm": st.sampled_from(["sha1", None]),
        "certificateStore": st.sampled_from(["machine", "elsewhere"]),
        "renewalThresholdPercentage": st.sampled_from([0, 100, "x", None]),
        "certificateValidityPeriodValue": st.sampled_from([-1, 99, None]),
        "certificateValidityPeriodScale": st.sampled_from(["Years", None]),
        "subjectNameFormatString": st.sampled_from(["", "CN={{Nobody}}", "CN=UserName", "x"]),
        "scepServerUrls": st.sampled_from([[], ["ftp://x"], [URL]]),
        "customSubjectAlternativeNames": NAMES,
    },
)


@settings(max_examples=100, deadline=None)
@given(wrong=WRONG, platform=st.sampled_from(CREATABLE_PLATFORMS))
def test_whatever_is_wrong_with_a_profile_mending_something_else_is_not_refused(wrong, platform):
    now = parse_profile({**create_wire(scep(platform)), **wrong, "id": guid(7)})
    mended = {"name": "Staff", "platform": platform.value, "description": "Mended"}
    snapshot = Snapshot(profiles=(now,))
    wanted = [declare(ProfileKind.SCEP, mended)]
    resolved = resolve(wanted, snapshot.profiles, snapshot.index)
    plan = make_plan("tenant", "public", resolved, snapshot, PlanChoices())
    [action] = judge_plan(plan, snapshot, Configuration(), date(2026, 1, 1)).actions
    assert action.change == "update", action.message
    assert {rule for rule in RULES if any(f"{rule}: " in text for text in action.warnings)} >= (
        errors(action)
    )


def test_an_expired_root_that_the_declaration_allows_is_made_with_a_warning(tenant):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Old CA")])
    expired = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2010, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2020, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
        .public_bytes(Encoding.PEM)
        .decode()
    )
    report = tenant.apply([root(certificate=expired, allow_expired=True)])
    assert not report.failed
    assert [item.status for item in report.outcomes] == ["applied"]
    [warning] = [text for text in report.to_dict()["warnings"] if "R-124" in text]
    assert "The declaration accepts it" in warning
