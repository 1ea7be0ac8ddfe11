"""Values for certificates that are out: which get one, which do not and why."""

import csv
import shutil
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intune_scep.active_directory import Accounts, make_bridge
from intune_scep.certificates import AltSecurityForm, inspect_certificate
from intune_scep.certificates.name_text import name_key, read_name_text
from intune_scep.errors import CertificateError, IntuneScepError

NOW = datetime(2026, 11, 28, tzinfo=UTC)
KEY = ec.generate_private_key(ec.SECP256R1())
ROW = {
    "CertificateStatus": "issued",
    "DeviceId": "d1",
    "IssuerName": "CN=CONTOSO-DC-CA, DC=contoso, DC=com",
    "PolicyId": "11111111-0000-4000-8000-000000000001",
    "SerialNumber": "2B0000000011AC0000000012",
    "SubjectName": "CN=Ann",
    "Thumbprint": "A9993E364706816ABA3E25717850C26C9CD0D89D",
    "UPN": "ann@contoso.com",
    "ValidFrom": "2026-01-01T00:00:00Z",
    "ValidTo": "2027-01-01T00:00:00Z",
}
VALUE = "X509:<I>DC=com,DC=contoso,CN=CONTOSO-DC-CA<SR>1200000000AC11000000002B"
KEYS = {
    "2.5.4.3": "CN",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.6": "C",
    "0.9.2342.19200300.100.1.25": "DC",
}


def write(path, *rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(key for row in rows for key in row)))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture
def bridge(tmp_path):
    def make(*changes, **options):
        report = write(tmp_path / "report.csv", *({**ROW, **change} for change in changes or [{}]))
        return make_bridge(report, now=NOW, **options)

    return make


def certificate(path, name, serial=1, not_after=NOW + timedelta(days=30)):
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(KEY.public_key())
        .serial_number(serial)
        .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        .not_valid_after(not_after)
        .sign(KEY, hashes.SHA256())
    )
    path.write_bytes(made.public_bytes(Encoding.DER))
    return path


def name_of(parts):
    return x509.Name([x509.NameAttribute(x509.ObjectIdentifier(oid), text) for oid, text in parts])


def read_back(value):
    """Issuer parts in the order of the certificate, and serial number, by Windows' own rules."""
    issuer, _, serial = value.removeprefix("X509:<I>").rpartition("<SR>")
    parts, place = [], 0
    while place < len(issuer):
        key, _, _ = issuer[place:].partition("=")
        place += len(key) + 1
        text = ""
        if issuer[place : place + 1] == '"':
            place += 1
            while issuer[place : place + 2] == '""' or issuer[place] != '"':
                text += issuer[place]
                place += 2 if issuer[place] == '"' else 1
            place += 1
        else:
            text = issuer[place:].partition(",")[0]
            place += len(text)
        parts.append((key, text))
        place += 1
    return parts, int.from_bytes(bytes.fromhex(serial), "little")


def test_the_example_of_kb5014754(bridge):
    [made] = bridge().mappings
    assert made.value == VALUE
    assert (made.line, made.upn, made.account) == (2, "ann@contoso.com", None)


@pytest.mark.parametrize(
    "issuer",
    [
        "CN=CONTOSO-DC-CA, DC=contoso, DC=com",
        "CN=CONTOSO-DC-CA,DC=contoso,DC=com",
        "DC=com,DC=contoso,CN=CONTOSO-DC-CA",
        "DC=com, DC=contoso, CN=CONTOSO-DC-CA",
        "cn=CONTOSO-DC-CA,dc=contoso,dc=com",
        'CN="CONTOSO-DC-CA", DC=contoso, DC=com',
        "2.5.4.3=CONTOSO-DC-CA,0.9.2342.19200300.100.1.25=contoso,OID.0.9.2342.19200300.100.1.25=com",
        "CN = CONTOSO-DC-CA, DC = contoso, DC = com",
        "CN=CONTOSO\\2DDC-CA,DC=contoso,DC=com",
    ],
)
def test_a_name_is_the_same_however_a_tool_writes_it(bridge, issuer):
    [made] = bridge({"IssuerName": issuer}).mappings
    assert made.value == VALUE


@pytest.mark.parametrize(
    ("issuer", "value"),
    [
        ("CN=Contoso CA, O=Contoso, C=US", "C=US,O=Contoso,CN=Contoso CA"),
        ("C=US, O=Contoso, CN=Contoso CA", "C=US,O=Contoso,CN=Contoso CA"),
        ("CN=Only", "CN=Only"),
        ("CN=CA,OU=PKI,O=Contoso", "O=Contoso,OU=PKI,CN=CA"),
        ("CN=CA,ST=Bavaria,C=DE", "C=DE,S=Bavaria,CN=CA"),
        ('CN=CA, O="Contoso, Ltd.", C=US', 'C=US,O="Contoso, Ltd.",CN=CA'),
        ("CN=CA,O=Contoso\\, Ltd.,C=US", 'C=US,O="Contoso, Ltd.",CN=CA'),
        ("CN=Müller CA, C=DE", "C=DE,CN=Müller CA"),
        ("emailAddress=pki@contoso.com,CN=CA,C=DE", "C=DE,CN=CA,E=pki@contoso.com"),
    ],
)
def test_the_order_is_told_by_what_stands_at_the_top(bridge, issuer, value):
    found = bridge({"IssuerName": issuer})
    [made] = found.mappings
    assert made.value == f"X509:<I>{value}<SR>1200000000AC11000000002B"
    assert any("concluded" in note for note in found.notes) is ("," in issuer)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"UPN": ""}, "names no user"),
        ({"UPN": "ann"}, "not a user principal name"),
        ({"UPN": "ann@contoso.com\nStop-Computer"}, "line break"),
        ({"UPN": "ann@contoso.com\u202e"}, "cannot be seen"),
        ({"IssuerName": "CN=A\u2028B"}, "cannot be seen"),
        ({"SerialNumber": ""}, "not a serial number"),
        ({"SerialNumber": "-2B"}, "not a serial number"),
        ({"SerialNumber": "twelve"}, "not a serial number"),
        ({"SerialNumber": "A" * 65}, "not a serial number"),
        ({"SerialNumber": "1.2E+20"}, "scientific"),
        ({"IssuerName": ""}, "names none"),
        ({"IssuerName": "Contoso CA"}, "no “=”"),
        ({"IssuerName": "X=1"}, "not known"),
        ({"IssuerName": "O=Contoso, OU=PKI"}, "which of its parts stands first"),
        ({"IssuerName": 'CN="open'}, "never closed"),
        ({"IssuerName": "CN=CORP\\Admin"}, "characters that no text has"),
        ({"IssuerName": "CN=CORP\\Net"}, "two ways"),
        ({"IssuerName": "CN=a+OU=b,C=DE"}, "two values"),
        ({"IssuerName": "CN=" + "a" * 5000}, "longer than"),
        ({"ValidTo": ""}, "no end of its validity"),
        ({"ValidTo": "1/1/2027 10:00 AM"}, "no end of its validity"),
    ],
)
def test_what_gets_no_value_says_why_and_is_missed(bridge, change, reason):
    found = bridge(change)
    assert not found.mappings
    [skipped] = found.skipped
    assert reason in skipped.reason
    assert skipped.needed
    assert skipped.line == 2 + (change.get("UPN") or "").count("\n")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"CertificateStatus": "revoked"}, "not on the device"),
        ({"CertificateStatus": "14"}, "not on the device"),
        ({"CertificateStatus": "Issue Failed"}, "not on the device"),
        ({"CertificateStatus": "issuePending"}, "not issued yet"),
        ({"ValidTo": "2026-11-28T00:00:00Z"}, "expired"),
        ({"ValidTo": "2020-01-01 00:00:00.0000000"}, "expired"),
        ({"ValidFrom": "2026-12-01T00:00:00Z"}, "not valid yet"),
    ],
)
def test_what_is_not_in_use_needs_no_value(bridge, change, reason):
    [skipped] = bridge(change).skipped
    assert reason in skipped.reason
    assert not skipped.needed


@pytest.mark.parametrize(
    ("serial", "reversed_"),
    [
        ("2b:00:12", "12002B"),
        ("2B 00 12", "12002B"),
        ("0x2B0012", "12002B"),
        ("\u200e2B0012", "12002B"),
        ("A7", "A700"),
        ("00A7", "A700"),
        ("7F", "7F"),
        ("123", "2301"),
    ],
)
def test_a_serial_number_is_a_number_however_it_is_written(bridge, serial, reversed_):
    [made] = bridge({"SerialNumber": serial}).mappings
    assert made.value.endswith(f"<SR>{reversed_}")


@pytest.mark.parametrize("column", ["IssuerName", "UPN"])
def test_a_letter_that_a_code_page_lost_makes_no_wrong_value(tmp_path, column):
    """A value with another letter in it would be written, and map nothing."""
    row = ROW | {"IssuerName": "CN=Müller CA", "UPN": "jörg@contoso.com"}
    report = write(tmp_path / "report.csv", row)
    assert make_bridge(report, now=NOW).mappings
    one = {**ROW, column: row[column]}
    text = write(report, one).read_text(encoding="utf-8")
    report.write_bytes(text.encode("cp1252"))
    [skipped] = make_bridge(report, now=NOW).skipped
    assert "code page" in skipped.reason
    assert skipped.needed


def test_a_row_that_comes_twice_is_one_value_and_two_owners_are_none(bridge):
    assert len(bridge({}, {}, {"UPN": "ANN@contoso.com"}).mappings) == 1
    shared = bridge({}, {"UPN": "bob@contoso.com"}, {"SerialNumber": "01"})
    assert [made.serial_number for made in shared.mappings] == ["01"]
    assert {item.reason for item in shared.skipped} == {
        "The report gives this certificate to more than one account."
    }


def test_the_first_end_and_renewal_are_told(bridge):
    later = {"ValidTo": "2027-06-01T00:00:00Z", "SerialNumber": "05"}
    found = bridge(later, {})
    assert found.first_expiry == datetime(2027, 1, 1, tzinfo=UTC)
    assert found.first_renewal == datetime(2026, 10, 20, tzinfo=UTC)
    assert bridge({"ValidFrom": ""}).first_renewal is None


def test_only_the_profiles_that_were_asked_for(bridge):
    other = {"PolicyId": "22222222-0000-4000-8000-000000000002", "SerialNumber": "02"}
    named = {"PolicyName": "Wi-Fi Staff"}
    assert len(bridge({}, other, profiles=[ROW["PolicyId"].upper()]).mappings) == 1
    assert len(bridge(named, other | {"PolicyName": "x"}, profiles=["wi-fi staff"]).mappings) == 1
    with pytest.raises(IntuneScepError, match="22222222"):
        bridge({}, other, profiles=["Wi-Fi Staff"])


def test_accounts_come_from_an_export_of_the_directory(bridge, tmp_path):
    for text in (
        'UserPrincipalName,DistinguishedName\nANN@contoso.com,"CN=Ann,DC=contoso,DC=com"\n',
        'DN,objectClass,userPrincipalName\n"CN=Ann,DC=contoso,DC=com",user,ann@contoso.com\n',
        '#TYPE Selected\n"UserPrincipalName";"DistinguishedName"\n'
        '"ann@contoso.com";"CN=Ann,DC=contoso,DC=com"\n',
        "DN,userPrincipalName\nX'434E3D416E6E2C44433D636F6E746F736F2C44433D636F6D',ann@contoso.com\n",
        "\ufeffuserPrincipalName\tdn\nann@contoso.com\tCN=Ann,DC=contoso,DC=com\n\tCN=No\n",
    ):
        path = tmp_path / "accounts.csv"
        path.write_text(text, encoding="utf-8")
        [made] = bridge(accounts=Accounts.from_csv(path)).mappings
        assert made.account == "CN=Ann,DC=contoso,DC=com"


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ("bob@contoso.com,CN=Bob", "does not name its user"),
        ("ann@contoso.com,CN=A\nann@contoso.com,CN=B", "names two accounts"),
        ("ann@contoso.com,\nx,CN=X", "does not name its user"),
        ('ann@contoso.com,"CN=A\nchangetype: delete"', "line break"),
    ],
)
def test_an_account_that_cannot_be_found_is_said(bridge, tmp_path, rows, reason):
    path = tmp_path / "accounts.csv"
    path.write_text(f"UserPrincipalName,DistinguishedName\n{rows}\n", encoding="utf-8")
    [skipped] = bridge(accounts=Accounts.from_csv(path)).skipped
    assert reason in skipped.reason


@pytest.mark.parametrize(
    "text", ["", "a,b\n1,2\n", "UserPrincipalName\nann@contoso.com\n", "DN\nCN=A\n", "PK\x03\x04"]
)
def test_a_list_that_is_none_is_refused_with_the_way_to_make_one(tmp_path, text):
    path = tmp_path / "accounts.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(IntuneScepError, match=r"accounts\.csv"):
        Accounts.from_csv(path)


NAMES = st.lists(
    st.tuples(
        st.sampled_from(["2.5.4.10", "2.5.4.11", "0.9.2342.19200300.100.1.25"]),
        st.text(
            st.characters(codec="ascii", categories=("L", "N", "P", "Zs")), min_size=1, max_size=20
        ),
    ),
    max_size=3,
).map(lambda parts: [*parts, ("2.5.4.3", "Issuing CA")])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(parts=NAMES, serial=st.integers(1, 2**159 - 1))
def test_a_value_reads_back_as_the_certificate(tmp_path, parts, serial):
    """With the CA's own certificate, from the text that .NET, RFC 4514 and OpenSSL write of it."""
    name = name_of(parts)
    authority = certificate(tmp_path / "ca.cer", name)
    der = certificate(tmp_path / "leaf.cer", name, serial).read_bytes()
    row = {
        **ROW,
        "IssuerName": name.rfc4514_string({x509.NameOID.DOMAIN_COMPONENT: "DC"}),
        "SerialNumber": f"{serial:X}",
    }
    report = write(tmp_path / "report.csv", row)
    [made] = make_bridge(report, now=NOW, authorities=[authority]).mappings
    assert read_back(made.value) == ([(KEYS[oid], text) for oid, text in parts], serial)
    [known] = [
        item.value
        for item in inspect_certificate(der).alt_security_identities
        if item.form is AltSecurityForm.ISSUER_SERIAL_NUMBER
    ]
    assert made.value == known


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
@pytest.mark.parametrize("form", ["RFC2253", "oneline", "esc_2253,sep_comma_plus_space,sname"])
@pytest.mark.parametrize(
    "subject",
    [
        "/DC=com/DC=contoso/CN=CONTOSO-DC-CA",
        "/C=DE/O=Contoso, Ltd./CN=Contoso Issuing CA 1",
        "/CN=Lone CA",
        '/C=US/ST=WA/O=Contoso/OU=PKI/CN=A "quoted" CA',
        "/O=Fabrikam/CN=R&D = CA",
    ],
)
def test_what_openssl_says_of_its_own_certificate_is_understood(bridge, tmp_path, subject, form):
    path = tmp_path / "ca.pem"
    key = tmp_path / "key.pem"
    openssl(
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
        "-keyout", key, "-out", path, "-subj", subject, "-set_serial", "0x00F1E2D3",
        "-outform", "DER",
    )  # fmt: skip
    said = openssl(
        "x509", "-inform", "DER", "-in", path, "-noout", "-issuer", "-serial", "-nameopt", form
    )
    issuer, serial = (line.partition("=")[2] for line in said.splitlines())
    row = {"IssuerName": issuer.strip(), "SerialNumber": serial}
    [known] = [
        item.value
        for item in inspect_certificate(path.read_bytes()).alt_security_identities
        if item.form is AltSecurityForm.ISSUER_SERIAL_NUMBER
    ]
    assert [made.value for made in bridge(row).mappings] == [known]
    assert [made.value for made in bridge(row, authorities=[path]).mappings] == [known]


def openssl(*arguments):
    return subprocess.run(
        ["openssl", *map(str, arguments)], check=True, capture_output=True, text=True, timeout=60
    ).stdout


def test_a_ca_whose_name_begins_with_the_common_name_is_taken_at_its_word(bridge, tmp_path):
    """The text alone would be turned round."""
    name = name_of([("2.5.4.3", "Odd CA"), ("2.5.4.10", "Contoso")])
    authority = certificate(tmp_path / "ca.cer", name)
    row = {"IssuerName": "CN=Odd CA, O=Contoso"}
    assert bridge(row).mappings[0].value.startswith("X509:<I>O=Contoso,CN=Odd CA<")
    found = bridge(row, {}, authorities=[authority])
    assert [made.value[:30] for made in found.mappings] == ["X509:<I>CN=Odd CA,O=Contoso<SR>"[:30]]
    assert not any("concluded" in note for note in found.notes)
    assert "none of the CA certificates" in found.skipped[0].reason


@pytest.mark.parametrize(
    "content", [b"", b"text", b"-----BEGIN CERTIFICATE-----\nAAAA\n", b"\x30\x03\x02\x01\x01"]
)
def test_a_ca_certificate_that_is_none_is_refused(bridge, tmp_path, content):
    path = tmp_path / "ca.cer"
    path.write_bytes(content)
    with pytest.raises(IntuneScepError, match=r"ca\.cer"):
        bridge(authorities=[path])


@given(st.text(st.sampled_from('CN=O"+,;\\# \u2028é\0dc'), max_size=40), st.text(max_size=40))
def test_no_issuer_is_too_strange(beginning, end):
    """A name, or one sentence; and what is read as one writes back as the same name."""
    for text in (beginning, f"CN={beginning}", f"CN={end},DC=com", end):
        try:
            name = read_name_text(text)
        except CertificateError as error:
            assert error.message
        else:
            assert name_key(read_name_text(name.rfc4514())) == name_key(name)


@pytest.mark.parametrize("column", sorted(ROW))
@pytest.mark.parametrize(
    "text", ["", "\0", "'; x '", "\u2019", "=1+1", "\ud7ff", "a\r\nb", "x" * 100_000, "9" * 300]
)
def test_every_cell_of_the_report_may_hold_anything(bridge, column, text):
    found = bridge({column: text, "SerialNumber": text if column == "SerialNumber" else "07"}, {})
    assert len(found.mappings) + len(found.skipped) == 2
    assert VALUE in {made.value for made in found.mappings}
