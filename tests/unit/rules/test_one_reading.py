"""The verdict, the rules and the inspection of certificates say the same of every text."""

from itertools import product

import pytest
from hypothesis import given, settings

from intune_scep.certificates import MappingStatus, inspect_certificate
from intune_scep.profiles import Platform, ScepProfile, parse_profile
from intune_scep.profiles.sid_text import SID_TAG
from intune_scep.rules import CheckResult, Context, Severity, Verdict, check, judge

from .material import SID, TODAY, Wire, certificate_with_uri, scep
from .strategies import CALM, logon_wires

DEFECTS = {"R-071", "R-072", "R-073", "R-074", "R-083"}
URI = "universalResourceIdentifier"
PLACES = [URI, "userPrincipalName", "domainNameService", "emailAddress", "subject", "legacy"]
ACCOUNT = "S-1-5-21-1004336348-1177238915-682003330-1157"

WORKING = [SID, SID.lower(), SID.upper(), "{{OnpremisesSecurityIdentifier}}"]
SLIPS = [
    SID[2:-2],
    SID[1:-1],
    "{{ OnPremisesSecurityIdentifier }}",
    "{{On_Premises_Security_Identifier}}",
    "{{OnPremiseSecurityIdentifier}}",
    "{{OnPremisesSecurityIdentifer}}",
    "{{OnPremSecurityIdentifier}}",
    "{{SecurityIdentifier}}",
    "{{SID}}",
    "{{objectSid}}",
    "{{OnPremi\u200bsesSecurityIdentifier}}",
    "{{OnPremises\u00adSecurityIdentifier}}",
    "{{\ufeffOnPremisesSecurityIdentifier}}",
    "{\u2060{OnPremisesSecurityIdentifier}}",
    "{{OnPremi\u017fesSecurityIdentifier}}",
    "{{\u041enPremisesSecurityIdentifier}}",
    "\uff5b\uff5bOnPremisesSecurityIdentifier\uff5d\uff5d",
]
SIDS = [
    ACCOUNT,
    ACCOUNT.lower(),
    "S-1-5-21-9",
    "S-1-12-1-1234567890-1234567890-1234567890-1234567890",
    "S-1-5-18",
    "S-1-5-32-544",
    "S-1-1-0",
    "S-1-0x5-21-1-2-3-500",
    "S\u20111\u20115\u201121\u20111\u20112\u20113\u2011500",
    "S-1-5-21-1\u200b-2-3-500",
]
TAGS = [
    SID_TAG,
    f"{SID_TAG}<value>",
    SID_TAG.upper(),
    "tag:microsoft.com,2022-09-14:",
    "tag:microsoft.com,2023-01-01:sid:x",
    "tag:\u200bmicrosoft.com,2022-09-14:sid:x",
]
INNOCENT = [
    "{{UserPrincipalName}}",
    "{{OnPremisesSamAccountName}}",
    "{{OnPremisesUserPrincipalName}}",
    "{{OnPrem_Distinguished_Name}}",
    "IntuneDeviceId://{{DeviceId}}",
    "{{SSID}}",
    "tag:example.com,2022-09-14:room",
    "https://s-1.example.com/",
    "hosts-1-2-3.example.com",
    "sid",
]
SPACES = [("", ""), (" ", ""), ("", "\t"), ("\u00a0", "\n")]
AROUND = [("", ""), (" ", " "), ("a ", ""), ("", "@contoso.com"), ("urn:x:", ""), ("\u200b", "")]


def _in(surroundings, texts):
    return [f"{before}{text}{after}" for (before, after), text in product(surroundings, texts)]


MISUSED = [
    *_in(AROUND, [*SLIPS, *SIDS, *TAGS]),
    *_in(AROUND[2:], WORKING),
    *_in(SPACES, [f"{tag}{text}" for tag, text in product(TAGS[:4], [*WORKING, *SIDS])]),
]
FORMS = (
    [(text, place, place != URI) for text in _in(SPACES, WORKING) for place in PLACES]
    + [(text, place, True) for text in MISUSED for place in PLACES]
    + [(text, place, False) for text in INNOCENT for place in PLACES]
)


def _profile(text: str, place: str) -> ScepProfile:
    wire = {**scep("windows"), "customSubjectAlternativeNames": []}
    if place == "subject":
        wire["subjectNameFormatString"] = f"CN={text}"
    elif place == "legacy":
        wire["subjectAlternativeNameFormatString"] = text
    else:
        wire["customSubjectAlternativeNames"] = [{"sanType": place, "name": text}]
    profile = parse_profile(wire)
    assert isinstance(profile, ScepProfile)
    return profile


def _with(result: CheckResult, severity: Severity) -> set[str]:
    return {item.rule_id for item in result.findings if item.severity is severity}


def test_the_grammar_is_large():
    assert len({(text, place) for text, place, _ in FORMS}) >= 500


def test_every_text_in_every_place_is_judged_alike_by_verdict_and_rules():
    """A text that is misused is `defective` and an error of a rule on SIDs; one that works is
    `mapped` and none; any other is neither."""
    wrong = []
    for text, place, misused in FORMS:
        profile = _profile(text, place)
        verdict = judge(profile).verdict
        errors = DEFECTS & _with(check(Context(profile, TODAY)), Severity.ERROR)
        works = place == URI and not misused and text not in INNOCENT
        if (verdict is Verdict.DEFECTIVE, verdict is Verdict.MAPPED) != (misused, works):
            wrong.append((text, place, verdict))
        if bool(errors) != misused:
            wrong.append((text, place, errors))
    assert not wrong


def test_a_certificate_with_the_uri_of_a_profile_is_judged_as_the_profile_is():
    """Intune replaces the variable where it works; all else is issued as it stands, if a URI of a
    certificate may hold it at all (ASCII).

    `mapped` is a certificate that is mapped with nothing to note against its URI. `defective` is
    one in which the inspection finds something about SIDs that is no account's SID put there by
    Intune: malformed, noted, or the literal SID. Any other profile gives a certificate without a
    SID, and in it nothing about SIDs is found.
    """
    wrong = []
    for text, place, misused in FORMS:
        if place != URI or not text.isascii():
            continue
        verdict = judge(_profile(text, place)).verdict
        issued = f"{SID_TAG}{ACCOUNT}" if verdict is Verdict.MAPPED else text
        facts = inspect_certificate(certificate_with_uri(issued))
        mapped = facts.strong_mapping.status is MappingStatus.MAPPED
        if verdict is Verdict.MAPPED and not (mapped and facts.sids[0].problem is None):
            wrong.append((text, facts.strong_mapping))
        if bool(facts.sids) != (verdict in {Verdict.MAPPED, Verdict.DEFECTIVE}):
            wrong.append((text, verdict, facts.sids))
        if mapped and misused and ACCOUNT not in text:
            wrong.append((text, facts.strong_mapping))
    assert not wrong


@pytest.mark.parametrize("text", [*SLIPS, *TAGS, *SIDS])
def test_what_was_meant_for_a_sid_beside_the_sid_uri_is_no_mapping(text):
    profile = _profile(text, URI)
    wire = profile.to_wire()
    wire["customSubjectAlternativeNames"].append({"sanType": URI, "name": SID})
    judgement = judge(parse_profile(wire))
    assert (judgement.verdict, judgement.changeable) == (Verdict.DEFECTIVE, False)


@pytest.mark.parametrize("text", [text for text in [*SLIPS, *TAGS, *SIDS] if text.isascii()])
def test_a_certificate_with_it_beside_the_sid_is_never_mapped_without_a_word(text):
    """Microsoft's tag and what was meant for the variable are malformed, or another SID; a SID in
    a URI of somebody else is told, since domain controllers ignore it."""
    facts = inspect_certificate(certificate_with_uri(text, f"{SID_TAG}{ACCOUNT}"))
    mapping = facts.strong_mapping
    if text in SIDS:
        assert mapping.sid == ACCOUNT
        assert any(text in note for note in mapping.notes)
    else:
        assert mapping.status is MappingStatus.MALFORMED


@pytest.mark.parametrize("text", _in(SPACES[1:], WORKING))
def test_white_space_around_the_variable_is_told(text):
    profile = _profile(text, URI)
    assert "White space" in judge(profile).reason
    assert "R-073" in _with(check(Context(profile, TODAY)), Severity.WARNING)


@pytest.mark.parametrize("text", ["{" * 200_000, "{{SID" * 40_000, "S-1-5" * 40_000, "\u200b" * 99])
def test_a_huge_text_is_read_in_no_time(text):
    assert judge(_profile(text, URI)).verdict is not Verdict.MAPPED


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
        assert {"R-075", "R-076"} & spoken
    if verdict in {Verdict.MAPPED, Verdict.UNSUPPORTED, Verdict.NOT_APPLICABLE, Verdict.DEFECTIVE}:
        assert not {"R-075", "R-076"} & spoken
    if "R-075" in warnings:
        assert verdict in {Verdict.REQUIRED, Verdict.REVIEW}
    if verdict is Verdict.MAPPED:
        assert {"R-077"} & skipped or profile.certificate_type is None
