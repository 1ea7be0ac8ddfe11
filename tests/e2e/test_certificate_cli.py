"""intune-scep certificate inspect, on certificates minted here."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from intune_scep.tenant.users import read_user_sids

SID = "S-1-5-21-2857422465-1465058494-1690550294-1611"
TAG = "tag:microsoft.com,2022-09-14:sid:"
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def mint(path, *uris, subject="jane", upn=None):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, subject)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(4711)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=365))
    )
    names = [x509.UniformResourceIdentifier(uri) for uri in uris]
    if upn:
        text = upn.encode()
        value = bytes([0x0C, len(text)]) + text
        names.append(x509.OtherName(x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), value))
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    path.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
    return path


@pytest.fixture
def mapped(tmp_path):
    return mint(tmp_path / "mapped.pem", TAG + SID)


def test_a_mapped_certificate_names_its_sid(mapped, cli):
    code, out, _ = cli("certificate", "inspect", mapped)
    assert code == 0
    assert out.startswith("mapped")
    assert f"SID {SID}" in out


def test_one_that_is_not_mapped_is_a_finding(mapped, tmp_path, cli):
    plain = mint(tmp_path / "plain.pem")
    code, out, _ = cli("certificate", "inspect", mapped, plain)
    assert code == 2
    assert "2 certificates: 1 mapped, 1 not_mapped." in out


def test_json_is_one_document(mapped, tmp_path, cli):
    (tmp_path / "broken.der").write_bytes(b"\x30\x82")
    code, out, _ = cli("certificate", "inspect", tmp_path, "--output", "json")
    data = json.loads(out)
    assert code == 2
    assert data["summary"] == {"mapped": 1, "unreadable": 1}
    assert data["certificates"][1]["facts"]["strong_mapping"]["sid"] == SID


def test_the_sid_is_compared_with_a_file(mapped, tmp_path, cli):
    expected = tmp_path / "expected.csv"
    expected.write_text(f"serial,sid\n1267,{SID}\n")
    assert cli("certificate", "inspect", mapped, "--expected", expected)[0] == 0
    expected.write_text(f"serial,sid\n1267,{SID}9\n")
    code, out, _ = cli("certificate", "inspect", mapped, "--expected", expected)
    assert code == 2
    assert "different" in out


def test_the_sid_is_compared_with_the_tenants_users(tmp_path, simulated, cli, monkeypatch):
    tenant = simulated("contoso")
    monkeypatch.setenv("INTUNE_SCEP_CLOUD", "simulator")
    monkeypatch.setenv("INTUNE_SCEP_SIMULATOR", str(tenant.path))
    sids = tenant.run(read_user_sids)
    upn, sid = next((upn, sid) for upn, sid in sids.items() if sid)
    right = mint(tmp_path / "right.pem", TAG + sid, upn=upn)
    wrong = mint(tmp_path / "wrong.pem", TAG + SID + "0", upn=upn)
    assert cli("certificate", "inspect", right, "--expected-from-users")[0] == 0
    assert cli("certificate", "inspect", wrong, "--expected-from-users")[0] == 2


def test_files_alone_load_no_client(mapped):
    program = (
        "import sys; from intune_scep.cli.app import run;"
        f" assert run(['certificate', 'inspect', {str(mapped)!r}]) == 0;"
        " assert 'intune_scep.sync_client' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.DEVNULL)


def test_a_report_alone_cannot_be_judged(tmp_path, cli):
    report = tmp_path / "report.csv"
    report.write_text(
        "CertificateStatus,DeviceId,DeviceName,EnhancedKeyUsage,IssuerName,KeyUsage,PolicyId,"
        "SerialNumber,SubjectName,Thumbprint,UPN,UserId,ValidFrom,ValidTo\n"
        "Issued,1,PC,Client,CN=CA,1,p,0A,CN=jane,AB,jane@contoso.com,u,2026-01-01,2027-01-01\n"
    )
    code, out, _ = cli("certificate", "inspect", report)
    assert code == 3
    assert "does not contain SANs" in out


BROKEN_LIST = b"\x30\x03\x06\x01"
REPORT = "Thumbprint,SerialNumber,UPN\nAB,0A,jane@contoso.com\n"


def not_judged(path):
    """A certificate whose list of extensions breaks off."""
    der = x509.load_pem_x509_certificate(mint(path, TAG + SID).read_bytes()).public_bytes(
        Encoding.DER
    )
    # The object identifier of the SAN becomes a tag with a length that its SEQUENCE does not have.
    broken = der.replace(b"\x06\x03\x55\x1d\x11\x04", b"\x06\x7f\x55\x1d\x11\x04")
    assert broken != der
    path.write_bytes(broken)
    return path


@pytest.mark.parametrize("names", ["mapped", "mapped unjudged", "mapped report", "mapped broken"])
def test_what_was_not_judged_never_counts_as_fine_among_good_ones(mapped, tmp_path, cli, names):
    files = {
        "mapped": mapped,
        "unjudged": not_judged(tmp_path / "unjudged.cer"),
        "report": tmp_path / "report.csv",
        "broken": tmp_path / "broken.cer",
    }
    files["report"].write_text(REPORT)
    files["broken"].write_bytes(BROKEN_LIST)
    code, _, _ = cli("certificate", "inspect", *(files[name] for name in names.split()))
    assert code == (0 if names == "mapped" else 2)


def test_if_none_was_judged_the_exit_code_says_so(tmp_path, cli):
    unjudged = not_judged(tmp_path / "unjudged.cer")
    report = tmp_path / "report.csv"
    report.write_text(REPORT)
    code, out, _ = cli("certificate", "inspect", unjudged, report)
    assert code == 3
    assert "2 certificates: 2 not_judged." in out
    assert cli("certificate", "inspect", tmp_path / "report.csv")[0] == 3
    (tmp_path / "empty").mkdir()
    assert cli("certificate", "inspect", tmp_path / "empty")[0] == 3


def test_the_list_may_lie_among_the_certificates(tmp_path, cli):
    mint(tmp_path / "jane.pem", TAG + SID, upn="jane@contoso.com")
    expected = tmp_path / "expected.csv"
    expected.write_text(f"userPrincipalName;objectSid\njane@contoso.com;{SID}\n")
    assert cli("certificate", "inspect", tmp_path, "--expected", expected)[0] == 0
    code, out, _ = cli("certificate", "inspect", tmp_path)
    assert code == 2
    assert "It is a list of expected SIDs" in out


def test_what_the_list_does_not_name_is_not_fine(mapped, tmp_path, cli):
    other = mint(tmp_path / "other.pem", TAG + SID, upn="jane@contoso.com")
    expected = tmp_path / "expected.csv"
    expected.write_text(f"userPrincipalName;objectSid\njane@contoso.com;{SID}\n")
    assert cli("certificate", "inspect", other, "--expected", expected)[0] == 0
    assert cli("certificate", "inspect", other, mapped, "--expected", expected)[0] == 2
    code, out, _ = cli("certificate", "inspect", mapped, "--expected", expected)
    assert code == 3
    assert "no_expectation" in out


@pytest.mark.parametrize(
    "text", ["", "a,b\n1,2\n", "serial,sid\n5.94E+11,S-1-5-21-1-2-3-4\n", "\0"]
)
def test_a_list_that_cannot_be_used_is_a_failure(mapped, tmp_path, cli, text):
    expected = tmp_path / "expected.csv"
    expected.write_text(text)
    code, out, err = cli("certificate", "inspect", mapped, "--expected", expected)
    assert (code, out) == (1, "")
    assert "expected.csv" in err


def test_an_oddity_of_a_certificate_is_shown(tmp_path, cli):
    der = x509.load_pem_x509_certificate(
        mint(tmp_path / "odd.cer", TAG + SID).read_bytes()
    ).public_bytes(Encoding.DER)
    odd = tmp_path / "odd.cer"
    odd.write_bytes(der.replace(b"\x02\x02\x12\x67", b"\x02\x02\x92\x67"))
    code, out, _ = cli("certificate", "inspect", odd)
    assert code == 0
    assert "The serial number is not positive" in out


def test_a_hostile_subject_cannot_drive_the_terminal(tmp_path, cli):
    hostile = mint(tmp_path / "hostile.pem", subject="\x1b[31mred\x07\r[bold]x")
    _, out, _ = cli("certificate", "inspect", hostile)
    assert "\x1b" not in out
    assert "\x07" not in out
    assert "[bold]x" in out


def test_the_identities_for_a_mapping_by_hand(mapped, cli):
    _, out, _ = cli("certificate", "inspect", mapped, "--alt-security-identities")
    assert "X509:<I>" in out
    assert "<SR>6712" in out


def test_a_large_report_is_streamed(tmp_path):
    """The peak of a process that read a long report stays near that of one that read a line."""
    header = (
        "CertificateStatus,DeviceId,DeviceName,EnhancedKeyUsage,IssuerName,KeyUsage,PolicyId,"
        "SerialNumber,SubjectName,Thumbprint,UPN,UserId,ValidFrom,ValidTo\n"
    )
    row = "Issued,1,PC,Client,CN=CA,1,p,0A,CN=jane,AB,jane@contoso.com,u,2026-01-01,2027-01-01\n"
    long = os.environ.get("INTUNE_SCEP_TEST_PROFILE") == "long"
    peaks = []
    for name, rows in (("short", 1), ("long", 500_000 if long else 50_000)):
        report = tmp_path / f"{name}.csv"
        with report.open("w") as file:
            file.write(header)
            file.writelines(row for _ in range(rows))
        script = (
            "import sys\nfrom intune_scep.cli.app import run\n"
            f"run(['certificate', 'inspect', {str(report)!r}, '--output', 'json'])\n"
            "status = open('/proc/self/status').read()\n"
            "print(next(l for l in status.splitlines() if 'VmHWM' in l), file=sys.stderr)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", script],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=True,
            timeout=300,
        )
        peaks.append(int(done.stderr.split()[1]))
    assert peaks[1] - peaks[0] < (100 if long else 10) * 1024
