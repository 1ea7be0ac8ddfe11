"""One damaged part of a certificate costs itself: the SID beside it is found, the part is named."""

import json

import pytest

from intune_scep.certificates import SID_TAG, MappingStatus, inspect_certificate

from .handmade import (
    BMP,
    CA,
    IA5,
    KEY,
    OCTETS,
    PRINTABLE,
    SEQUENCE,
    T61,
    UTF8,
    VALID,
    VISIBLE,
    certificate,
    common_name,
    extension,
    general_names,
    name,
    oid,
    other_name,
    tlv,
    uri,
)
from .words import parser_words

SID = "S-1-5-21-1004336348-1177238915-682003330-1157"
OBJECT_SID = "1.3.6.1.4.1.311.25.2.1"
SID_EXTENSION = extension(
    "1.3.6.1.4.1.311.25.2", general_names(other_name(OBJECT_SID, tlv(OCTETS, SID.encode())))
)
SAN = extension("2.5.29.17", general_names(uri(SID_TAG + SID)))

BAD_NEIGHBOURS = {
    "an otherName without its tag": (
        extension("2.5.29.18", general_names(tlv(0xA0, oid("2.5.4.3"), tlv(UTF8, b"Contoso")))),
        "issuer alternative name",
    ),
    "an IP address of five octets": (
        extension("2.5.29.18", general_names(tlv(0x87, b"12345"))),
        "issuer alternative name",
    ),
    "an umlaut in the text of a policy": (
        extension(
            "2.5.29.32",
            tlv(
                SEQUENCE,
                tlv(
                    SEQUENCE,
                    oid("2.5.29.32.0"),
                    tlv(
                        SEQUENCE,
                        tlv(
                            SEQUENCE,
                            oid("1.3.6.1.5.5.7.2.2"),
                            tlv(SEQUENCE, tlv(VISIBLE, "für alle".encode("latin-1"))),
                        ),
                    ),
                ),
            ),
        ),
        "certificate policies",
    ),
    "a key identifier that is no OCTET STRING": (
        extension("2.5.29.14", tlv(0x05)),
        "subject key identifier",
    ),
    "a key usage that is a number": (extension("2.5.29.15", tlv(0x02, b"\x01")), "key usage"),
    "purposes that are texts": (
        extension("2.5.29.37", tlv(SEQUENCE, tlv(UTF8, b"client"))),
        "extended key usage",
    ),
    "an extension cut off": (
        extension("2.5.29.31", b"\x30\x82\x01\x00\x30"),
        "CRL distribution points",
    ),
    "an empty extension": (extension("1.3.6.1.5.5.7.1.1", b""), "authority information access"),
    "octets behind an extension": (
        extension("2.5.29.35", tlv(SEQUENCE) + b"\0\0"),
        "authority key identifier",
    ),
    "basic constraints of a text": (extension("2.5.29.19", tlv(UTF8, b"CA")), "basic constraints"),
    "a template name in broken UTF-16": (
        extension("1.3.6.1.4.1.311.20.2", tlv(BMP, b"\xd8\x00\xd8\x00")),
        "certificate template name",
    ),
    "an extension that stands twice": (
        extension("2.5.29.46", tlv(SEQUENCE)) * 2,
        "freshest CRL",
    ),
    "an object identifier without an end": (
        tlv(SEQUENCE, tlv(0x06, b"\x55\x9d"), tlv(OCTETS, b"")),
        "Extension number",
    ),
    "an extension of one part": (tlv(SEQUENCE, oid("2.5.29.54")), "Extension number"),
}


def said(facts):
    mapping = facts.strong_mapping
    return " ".join((*mapping.reasons, *mapping.notes, *facts.problems))


@pytest.mark.parametrize("first", [True, False], ids=["before", "behind"])
@pytest.mark.parametrize(("neighbour", "named"), BAD_NEIGHBOURS.values(), ids=BAD_NEIGHBOURS)
@pytest.mark.parametrize("sid", [SAN, SID_EXTENSION, SAN + SID_EXTENSION])
def test_a_bad_extension_costs_itself_and_is_named(neighbour, named, sid, first):
    parts = (neighbour, sid) if first else (sid, neighbour)
    facts = inspect_certificate(certificate(*parts))
    assert (facts.strong_mapping.status, facts.strong_mapping.sid) == (MappingStatus.MAPPED, SID)
    assert any(named in problem for problem in facts.problems)
    assert parser_words(said(facts)) is None
    json.dumps(facts.to_dict())


@pytest.mark.parametrize(("neighbour", "named"), BAD_NEIGHBOURS.values(), ids=BAD_NEIGHBOURS)
def test_a_bad_extension_alone_never_makes_a_certificate_mapped(neighbour, named):
    facts = inspect_certificate(certificate(neighbour))
    unknown = "Extension number" in named
    wanted = MappingStatus.NOT_JUDGED if unknown else MappingStatus.NOT_MAPPED
    assert facts.strong_mapping.status is wanted
    assert named in said(facts)


BAD_PARTS = {
    "an umlaut in a PrintableString": {
        "issuer": common_name("Müller CA", PRINTABLE),
    },
    "Latin-1 in a T61String": {"issuer": common_name("Müller CA", T61, "latin-1")},
    "a negative serial number": {"serial": b"\x81\x02"},
    "an empty serial number": {"serial": b""},
    "a thirteenth month": {"validity": (tlv(0x17, b"261301000000Z"), VALID[1])},
    "a time without seconds": {"validity": (tlv(0x17, b"2601010000Z"), VALID[1])},
    "a time with an offset": {"validity": (tlv(0x17, b"260101000000+0100"), VALID[1])},
    "no end of validity": {"validity": VALID[:1]},
    "version 5": {"version": 4},
    "version 1 with extensions": {"version": None},
    "a name that is no name": {"issuer": tlv(SEQUENCE, tlv(UTF8, b"Contoso"))},
    "a key of an unknown kind": {
        "key": tlv(SEQUENCE, tlv(SEQUENCE, oid("1.2.3.4")), tlv(0x03, b"\0key"))
    },
    "a key that is no key": {"key": tlv(SEQUENCE, tlv(UTF8, b"key"))},
}


@pytest.mark.parametrize("parts", BAD_PARTS.values(), ids=BAD_PARTS)
def test_an_odd_part_leaves_the_sid_readable_and_is_told(parts):
    facts = inspect_certificate(certificate(SAN, **parts))
    assert facts.strong_mapping.sid == SID
    assert facts.problems
    assert parser_words(said(facts)) is None


BAD_NAMES = {
    "a DNS name with an umlaut": tlv(0x82, "münchen.example".encode()),
    "an IP address of five octets": tlv(0x87, b"12345"),
    "an otherName without its tag": tlv(0xA0, oid("1.2.3.4"), tlv(UTF8, b"x")),
    "an otherName of three parts": tlv(0xA0, oid("1.2.3.4"), tlv(0xA0, b"\x05\x00"), b"\x05\x00"),
    "a UPN that is a number": other_name("1.3.6.1.4.1.311.20.2.3", tlv(0x02, b"\x01")),
    "a directory name cut off": tlv(0xA4, b"\x30\x20\x31"),
    "a registered ID without an end": tlv(0x88, b"\x2a\x83"),
    "a kind of name that does not exist": tlv(0x8B, b"x"),
}


@pytest.mark.parametrize("bad", BAD_NAMES.values(), ids=BAD_NAMES)
@pytest.mark.parametrize("first", [True, False], ids=["before", "behind"])
def test_a_bad_name_costs_itself(bad, first):
    good = uri(SID_TAG + SID)
    names = (bad, good) if first else (good, bad)
    facts = inspect_certificate(certificate(extension("2.5.29.17", general_names(*names))))
    assert facts.strong_mapping.sid == SID
    assert parser_words(said(facts)) is None


@pytest.mark.parametrize(
    "damaged",
    [
        certificate(extension_list=tlv(SEQUENCE, SAN, b"\x30\x20\x06")),
        certificate(extension_list=tlv(SEQUENCE, SAN) + b"\0"),
        certificate(extension_list=tlv(UTF8, b"none")),
        certificate(extension("2.5.29.17", general_names(uri(SID_TAG + SID), b"\x86\x20x"))),
        certificate(extension("2.5.29.17", general_names(uri(SID_TAG + SID)) + b"\0")),
        certificate(extension("2.5.29.17", b"\xff")),
    ],
)
def test_where_the_list_itself_breaks_off_nothing_is_claimed(damaged):
    facts = inspect_certificate(damaged)
    mapping = facts.strong_mapping
    assert (mapping.status, mapping.sid) == (MappingStatus.NOT_JUDGED, None)
    assert "damaged" in mapping.reasons[0]
    assert parser_words(said(facts)) is None


WRONG_PLACES = {
    "the content of the extension": other_name(OBJECT_SID, tlv(OCTETS, SID.encode())),
    "under the OID of the extension": other_name("1.3.6.1.4.1.311.25.2", tlv(UTF8, SID.encode())),
    "as an IA5String": other_name(OBJECT_SID, tlv(IA5, SID.encode())),
    "in UTF-16": other_name(OBJECT_SID, tlv(BMP, SID.encode("utf-16-be"))),
    "in the UPN": other_name("1.3.6.1.4.1.311.20.2.3", tlv(UTF8, SID.encode())),
    "in the UPN behind the tag": other_name(
        "1.3.6.1.4.1.311.20.2.3", tlv(UTF8, (SID_TAG + SID).encode())
    ),
    "in an otherName of somebody else": other_name("1.2.3.4", tlv(UTF8, SID.encode())),
    "as a DNS name": tlv(0x82, SID.encode()),
    "as an e-mail address": tlv(0x81, f"{SID}@contoso.example".encode()),
    "in a directory name": tlv(0xA4, common_name(SID)),
}


@pytest.mark.parametrize("wrong", WRONG_PLACES.values(), ids=WRONG_PLACES)
def test_a_sid_where_domain_controllers_do_not_read_it_is_told(wrong):
    mapping = inspect_certificate(
        certificate(extension("2.5.29.17", general_names(wrong)))
    ).strong_mapping
    assert mapping.status in {MappingStatus.MALFORMED, MappingStatus.NOT_MAPPED}
    told = " ".join((*mapping.reasons, *mapping.notes))
    assert "a SID stands where domain controllers do not read it" in told
    assert SID in told


@pytest.mark.parametrize("wrong", WRONG_PLACES.values(), ids=WRONG_PLACES)
def test_beside_the_sid_in_its_place_it_is_a_note(wrong):
    names = general_names(uri(SID_TAG + SID), wrong)
    mapping = inspect_certificate(certificate(extension("2.5.29.17", names))).strong_mapping
    assert mapping.sid == SID
    assert any("a SID stands where" in note for note in mapping.notes)


def test_a_sid_in_the_subject_is_told():
    subject = name(("2.5.4.3", UTF8, b"Mira"), ("2.5.4.5", PRINTABLE, SID.encode()))
    mapping = inspect_certificate(certificate(subject=subject)).strong_mapping
    assert any(SID in note for note in mapping.notes)


WRONG_KINDS = {
    "a UTF8String": (UTF8, SID.encode()),
    "an IA5String": (IA5, SID.encode()),
    "a PrintableString": (PRINTABLE, SID.encode()),
    "a VisibleString": (VISIBLE, SID.encode()),
    "a BMPString": (BMP, SID.encode("utf-16-be")),
    "a T61String": (T61, SID.encode()),
}


@pytest.mark.parametrize("words", WRONG_KINDS)
def test_a_sid_extension_of_another_kind_of_text_says_so_and_shows_the_text(words):
    tag, octets = WRONG_KINDS[words]
    value = general_names(other_name(OBJECT_SID, tlv(tag, octets)))
    facts = inspect_certificate(certificate(extension("1.3.6.1.4.1.311.25.2", value)))
    assert facts.strong_mapping.status is MappingStatus.MALFORMED
    assert f"must be an OCTET STRING, it is {words}" in facts.strong_mapping.reasons[0]
    assert SID in facts.strong_mapping.reasons[0]


BESIDE = {
    "a line feed": ("\n", "white space"),
    "a carriage return": ("\r\n", "white space"),
    "a blank": (" ", "white space"),
    "a tab": ("\t", "white space"),
    "a zero": ("\0", "U+0000"),
    "a space without a width": ("\u200b", "U+200B"),
    "a byte order mark": ("\ufeff", "U+FEFF"),
}


@pytest.mark.parametrize(("character", "words"), BESIDE.values(), ids=BESIDE)
def test_what_stands_unseen_beside_a_sid_is_told(character, words):
    octets = (SID + character).encode()
    in_extension = general_names(other_name(OBJECT_SID, tlv(OCTETS, octets)))
    in_uri = general_names(tlv(0x86, SID_TAG.encode() + octets))
    for place in (
        extension("1.3.6.1.4.1.311.25.2", in_extension),
        extension("2.5.29.17", in_uri),
    ):
        mapping = inspect_certificate(certificate(place)).strong_mapping
        assert (mapping.status, mapping.sid) == (MappingStatus.MALFORMED, None)
        assert words in mapping.reasons[0]
        assert "\n" not in mapping.reasons[0]


def test_the_key_of_a_ca_and_its_signature_are_judged_apart_from_its_extensions():
    facts = inspect_certificate(certificate(CA, BAD_NEIGHBOURS["an extension cut off"][0]))
    assert (facts.is_ca, facts.self_signed, facts.key_algorithm) == (True, True, "EC secp256r1")
    assert facts.key_size == KEY.key_size
