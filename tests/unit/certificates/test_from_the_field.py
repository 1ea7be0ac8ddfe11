"""Certificates, roots and tables as administrators had them; what is right stands beside each."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from intune_scep.certificates import (
    CertificateRecord,
    ExpectedSids,
    MappingStatus,
    load_trusted_root,
    read_certificates,
)

FOLDER = Path(__file__).parents[2] / "data" / "certificates"
SID = "S-1-5-21-1004336348-1177238915-682003330-1157"
NOW = datetime(2026, 11, 28, tzinfo=UTC)

MAPPED, MALFORMED = MappingStatus.MAPPED, MappingStatus.MALFORMED
JUDGED = [
    ("placeholder-beside-sid.cer", MALFORMED, "<value>"),
    ("cloud-sid-beside-sid.cer", MappingStatus.CONFLICTING, "S-1-12-1-"),
    ("line-feed-behind-sid.cer", MALFORMED, "white space"),
    ("bad-issuer-name.cer", MAPPED, "issuer alternative name"),
    ("bad-policy-text.cer", MAPPED, "certificate policies"),
    ("good.cer", MAPPED, "by the URI"),
    ("sid-as-other-name.cer", MALFORMED, "a SID stands where domain controllers do not read it"),
    ("sid-as-utf8string.cer", MALFORMED, "an OCTET STRING, it is a UTF8String"),
]


@pytest.mark.parametrize(("name", "status", "words"), JUDGED)
def test_a_certificate_is_judged_as_it_should_be(name, status, words):
    [item] = read_certificates([FOLDER / name])
    mapping = item.strong_mapping
    assert mapping.status is status
    assert mapping.sid == (SID if status is MAPPED else None)
    assert words in " ".join((*mapping.reasons, *mapping.notes))


ROOTS = [
    ("root-version-1.pem", "of version 1"),
    ("root-umlaut-printable.cer", "PrintableString"),
    ("root-latin-1-t61.cer", "T61String"),
    *(
        (name, None)
        for name in (
            "root-utf-16.cer",
            "root-base64.txt",
            "root-base64-of-pem.cer",
            "root-trust-settings.cer",
            "root-escaped-line-feeds.cer",
            "root-twice.cer",
            "root-der-line-feed.cer",
        )
    ),
]


@pytest.mark.parametrize(("name", "warning"), ROOTS)
def test_a_root_is_managed(name, warning):
    loaded = load_trusted_root((FOLDER / name).read_bytes(), now=NOW)
    [item] = read_certificates([FOLDER / name])
    assert item.facts.sha256_thumbprint == loaded.facts.sha256_thumbprint
    if warning is None:
        assert loaded.warnings == ()
    else:
        assert any(warning in text for text in loaded.warnings)


@pytest.mark.parametrize("name", ["report-semicolons.csv", "report-separator-line.csv"])
def test_a_report_is_read(name):
    [item] = read_certificates([FOLDER / name])
    assert isinstance(item, CertificateRecord)
    assert item.reported.serial_number == "5F00AA11BB"


def test_a_rounded_serial_number_is_refused():
    [item] = read_certificates([FOLDER / "report-rounded-serial.csv"])
    assert "scientific notation" in item.reason


@pytest.mark.parametrize("name", ["list-objectsid.csv", "list-utf-16.csv"])
def test_a_list_of_active_directory_is_read(name):
    expected = ExpectedSids.from_csv(FOLDER / name)
    assert expected.by_upn == {"mira.voss@halvorsen.example": SID}
