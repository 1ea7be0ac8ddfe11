"""What a certificate's SIDs mean, judged on minted certificates."""

import json

import pytest
from cryptography import x509
from cryptography.hazmat import asn1
from hypothesis import given
from hypothesis import strategies as st

from intune_scep.certificates import (
    SID_TAG,
    MappingStatus,
    SidForm,
    inspect_certificate,
    is_sid,
)

ANN_SID = "S-1-5-21-1004336348-1177238915-682003330-512"
BOB_SID = "S-1-5-21-1004336348-1177238915-682003330-1105"
OBJECT_SID = x509.ObjectIdentifier("1.3.6.1.4.1.311.25.2.1")


def uri(text):
    return x509.UniformResourceIdentifier(text)


def other_name(content, type_id=OBJECT_SID):
    return x509.OtherName(type_id, asn1.encode_der(content))


def extension(*names):
    return x509.SubjectAlternativeName(names).public_bytes()


def sid_extension(sid):
    return extension(other_name(sid.encode()))


def judge(der):
    return inspect_certificate(der).strong_mapping


def test_the_uri_maps_and_names_the_domain_controllers_it_needs(mint):
    mapping = judge(mint(sans=[x509.DNSName("a.contoso.com"), uri(SID_TAG + ANN_SID)]))
    assert (mapping.status, mapping.sid) == (MappingStatus.MAPPED, ANN_SID)
    assert "Windows Server 2019" in mapping.notes[0]


def test_the_extension_as_ad_cs_writes_it_is_read(mint):
    # The byte layout of MS-WCCE 2.2.2.7.7.4, as captured from an enterprise CA.
    captured = bytes.fromhex(
        "303fa03d060a2b060104018237190201a02f042d532d312d352d32312d31303034333336"
        "3334382d313137373233383931352d3638323030333333302d31313033"
    )
    mapping = judge(mint(sid_extension=captured))
    assert mapping.sid == "S-1-5-21-1004336348-1177238915-682003330-1103"


def test_the_extension_maps_without_that_note(mint):
    mapping = judge(mint(sid_extension=sid_extension(ANN_SID)))
    assert (mapping.status, mapping.sid) == (MappingStatus.MAPPED, ANN_SID)
    assert mapping.notes == ()


def test_both_forms_that_agree_map(mint):
    mapping = judge(mint(sans=[uri(SID_TAG + ANN_SID)], sid_extension=sid_extension(ANN_SID)))
    assert (mapping.status, mapping.sid) == (MappingStatus.MAPPED, ANN_SID)
    assert any("both agree" in note for note in mapping.notes)


def test_forms_that_disagree_conflict_and_both_sids_are_named(mint):
    mapping = judge(mint(sans=[uri(SID_TAG + ANN_SID)], sid_extension=sid_extension(BOB_SID)))
    assert (mapping.status, mapping.sid) == (MappingStatus.CONFLICTING, None)
    assert ANN_SID in mapping.reasons[0]
    assert BOB_SID in mapping.reasons[0]


def test_two_uris_with_different_sids_conflict(mint):
    mapping = judge(mint(sans=[uri(SID_TAG + ANN_SID), uri(SID_TAG + BOB_SID)]))
    assert mapping.status is MappingStatus.CONFLICTING


def test_the_same_uri_twice_maps_with_a_note(mint):
    mapping = judge(mint(sans=[uri(SID_TAG + ANN_SID)] * 2))
    assert mapping.status is MappingStatus.MAPPED
    assert any("more than once" in note for note in mapping.notes)


def test_no_sid_is_not_mapped(mint):
    mapping = judge(mint(sans=[x509.DNSName("a.contoso.com")]))
    assert mapping.status is MappingStatus.NOT_MAPPED
    assert "no SID" in mapping.reasons[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (SID_TAG, "nothing follows"),
        (SID_TAG + SID_TAG + ANN_SID, "doubled"),
        (SID_TAG + "{{OnPremisesSecurityIdentifier}}", "unresolved"),
        ("{{OnPremisesSecurityIdentifier}}", "unresolved"),
        (SID_TAG + "ann@contoso.com", "not a SID"),
        (SID_TAG + ANN_SID + " ", "not a SID"),
        (SID_TAG.upper() + ANN_SID, "not exactly"),
        ("tag:microsoft.com,2022-09-14:" + ANN_SID, "not exactly"),
        (f"URL={SID_TAG}{ANN_SID}", "not exactly"),
    ],
)
def test_a_wrong_uri_is_malformed_and_says_how(mint, text, words):
    mapping = judge(mint(sans=[uri(text)]))
    assert mapping.status is MappingStatus.MALFORMED
    assert words in mapping.reasons[0]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (b"", "not one otherName"),
        (b"\x30\x82", "not one otherName"),
        (ANN_SID.encode(), "not one otherName"),
        (sid_extension(ANN_SID)[:-3], "not one otherName"),
        (sid_extension(ANN_SID) + b"\0", "not one otherName"),
        (extension(x509.DNSName(ANN_SID)), "not one otherName"),
        (extension(other_name(ANN_SID)), "must be an OCTET STRING, it is a UTF8String"),
        (extension(other_name(b"a"), other_name(b"b")), "not one otherName"),
        (extension(other_name(ANN_SID.encode(), x509.ObjectIdentifier("1.2.3.4"))), "1.2.3.4"),
        (extension(other_name(b"nobody")), "does not hold a SID"),
        (extension(other_name(ANN_SID.encode("utf-16-le"))), "UTF-16"),
        (extension(other_name(bytes.fromhex("0105000000000005150000000102"))), "binary"),
    ],
)
def test_a_wrong_extension_is_malformed_even_beside_a_good_uri(mint, value, words):
    for sans in ([], [uri(SID_TAG + ANN_SID)]):
        mapping = judge(mint(sans=sans, sid_extension=value))
        assert (mapping.status, mapping.sid) == (MappingStatus.MALFORMED, None)
        assert words in mapping.reasons[0]


@pytest.mark.parametrize(
    "wrong",
    [
        SID_TAG,
        SID_TAG + "<value>",
        SID_TAG + "{{OnPremisesSecurityIdentifier}}",
        "{{SID}}",
        SID_TAG + ANN_SID + " ",
        SID_TAG.upper() + ANN_SID,
        "tag:microsoft.com,2023-01-01:sid:x",
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_a_wrong_sid_uri_beside_a_good_one_is_malformed_as_its_profile_is_defective(
    mint, wrong, first
):
    uris = [uri(wrong), uri(SID_TAG + ANN_SID)]
    mapping = judge(mint(sans=uris if first else uris[::-1]))
    assert (mapping.status, mapping.sid) == (MappingStatus.MALFORMED, None)
    assert wrong in mapping.reasons[0]
    assert "not documented" in mapping.reasons[-1]
    assert ANN_SID in mapping.reasons[-1]


def test_the_sid_under_a_foreign_tag_does_not_map(mint):
    facts = inspect_certificate(mint(sans=[uri(f"radius:onprem-sid:{ANN_SID}")]))
    assert facts.strong_mapping.status is MappingStatus.NOT_MAPPED
    assert any("another tag" in note for note in facts.strong_mapping.notes)
    assert facts.sids[0].form is SidForm.FOREIGN_URI


def test_unrelated_uris_are_left_alone(mint):
    facts = inspect_certificate(mint(sans=[uri("IntuneDeviceId://1f6c3f0e"), uri("https://s-1/")]))
    assert facts.sids == ()


def test_the_sid_as_other_name_in_the_san_is_in_the_wrong_place(mint):
    mapping = judge(mint(sans=[other_name(ANN_SID.encode())]))
    assert mapping.status is MappingStatus.MALFORMED
    assert "subject alternative name" in mapping.reasons[0]


@pytest.mark.parametrize(
    ("sid", "words"),
    [("S-1-12-1-1-2-3-4", "cloud SID"), ("S-1-5-32-544", "not the SID of an account")],
)
def test_a_sid_no_domain_account_has_does_not_map(mint, sid, words):
    mapping = judge(mint(sans=[uri(SID_TAG + sid)]))
    assert (mapping.status, mapping.sid) == (MappingStatus.NOT_MAPPED, None)
    assert words in mapping.reasons[0]


@pytest.mark.parametrize(
    ("second", "status"),
    [(ANN_SID, MappingStatus.MALFORMED), (BOB_SID, MappingStatus.CONFLICTING)],
)
def test_a_doubled_sid_extension_is_no_mapping(mint, second, status):
    der = mint(
        sid_extension=sid_extension(ANN_SID),
        extensions=[
            x509.UnrecognizedExtension(
                x509.ObjectIdentifier("1.3.6.1.4.1.311.25.3"), sid_extension(second)
            )
        ],
    )
    doubled = der.replace(bytes.fromhex("2b0601040182371903"), bytes.fromhex("2b0601040182371902"))
    assert doubled != der
    facts = inspect_certificate(doubled)
    assert facts.strong_mapping.status is status
    said = " ".join((*facts.strong_mapping.reasons, *facts.strong_mapping.notes))
    assert "stands there twice" in said
    assert facts.is_ca is False


def test_a_huge_san_list_is_searched_to_its_end(mint):
    names = [x509.DNSName(f"host-{number}.contoso.com") for number in range(20_000)]
    facts = inspect_certificate(mint(sans=[*names, uri(SID_TAG + ANN_SID)]))
    assert facts.strong_mapping.sid == ANN_SID
    assert len(facts.subject_alternative_names.dns) == 20_000


def test_what_is_shown_of_a_huge_uri_is_bounded(mint):
    facts = inspect_certificate(mint(sans=[uri(SID_TAG + "x" * 100_000)]))
    assert len(facts.sids[0].text) <= 200
    assert len(facts.strong_mapping.reasons[0]) < 400


@given(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=15), st.integers(0, 2**48 - 1))
def test_every_sid_is_a_sid(parts, authority):
    assert is_sid("-".join(["S", "1", str(authority), *map(str, parts)]))


@given(st.text(alphabet="S1-0523 s٣\n", max_size=40))
def test_what_is_taken_for_a_sid_has_the_form_of_one(text):
    if is_sid(text):
        assert text.isascii()
        assert text.startswith("S-1-")
        assert 3 <= text.count("-") <= 17


@given(st.integers(0, 2**32 - 1), st.booleans(), st.booleans())
def test_whatever_the_forms_a_single_sid_is_found(mint, rid, as_uri, as_extension):
    sid = f"S-1-5-21-1-2-3-{rid}"
    der = mint(
        sans=[uri(SID_TAG + sid)] if as_uri else [],
        sid_extension=sid_extension(sid) if as_extension else None,
    )
    assert judge(der).sid == (sid if as_uri or as_extension else None)
    json.dumps(inspect_certificate(der).to_dict())
