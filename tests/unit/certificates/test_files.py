"""Certificates out of files: PEM, DER, PKCS#7, directories, and the CSV of Intune's report."""

import base64
import csv
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs7,
    pkcs12,
)

from intune_scep.certificates import (
    SID_TAG,
    CertificateRecord,
    MappingStatus,
    UnreadableCertificate,
    read_certificates,
)

SID = "S-1-5-21-1-2-3-4"
REPORT_EXAMPLE = Path(__file__).parents[4] / "shared/examples/graph/certificatesReport-export.json"
COLUMNS = [
    "CertificateStatus",
    "DeviceId",
    "DeviceName",
    "EnhancedKeyUsage",
    "IssuerName",
    "KeyUsage",
    "PolicyId",
    "SerialNumber",
    "SubjectName",
    "Thumbprint",
    "UPN",
    "UserId",
    "ValidFrom",
    "ValidTo",
]
ROW = [
    "Valid",
    "d0d0d0d0-0000-4000-8000-000000000001",
    "LAPTOP, Ann",
    "Client Authentication",
    "CN=CONTOSO-DC-CA",
    "Digital Signature",
    "p0p0",
    "2B0000000011AC0000000012",
    "CN=Ann",
    "A9993E364706816ABA3E25717850C26C9CD0D89D",
    "ann@contoso.com",
    "u0u0",
    "2026-01-01T00:00:00Z",
    "2027-01-01T00:00:00Z",
]


@pytest.fixture(scope="module")
def mapped(mint):
    return mint(sans=[x509.UniformResourceIdentifier(SID_TAG + SID)], serial=1)


@pytest.fixture(scope="module")
def unmapped(mint):
    return mint(serial=2)


def pem(der, label="CERTIFICATE"):
    body = base64.encodebytes(der).decode()
    return f"-----BEGIN {label}-----\n{body}-----END {label}-----\n".encode()


def bundle(encoding, *ders):
    certificates = [x509.load_der_x509_certificate(der) for der in ders]
    return pkcs7.serialize_certificates(certificates, encoding)


def read(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    return list(read_certificates([path]))


def serials(items):
    return [item.facts.serial_number for item in items]


def test_every_container_gives_its_certificates(tmp_path, mapped, unmapped):
    assert serials(read(tmp_path, "one.cer", mapped)) == ["01"]
    assert serials(read(tmp_path, "one.pem", pem(mapped))) == ["01"]
    assert serials(read(tmp_path, "two.pem", pem(mapped) + b"text\n" + pem(unmapped))) == [
        "01",
        "02",
    ]
    for encoding in (Encoding.DER, Encoding.PEM):
        found = read(tmp_path, "two.p7b", bundle(encoding, mapped, unmapped))
        assert sorted(serials(found)) == ["01", "02"]


def test_a_record_says_where_it_is_from_and_what_it_means(tmp_path, mapped, unmapped):
    first, second = read(tmp_path, "two.pem", pem(mapped) + pem(unmapped))
    assert (first.source, first.position) == (str(tmp_path / "two.pem"), 1)
    assert first.strong_mapping.sid == SID
    assert second.position == 2
    assert second.strong_mapping.status is MappingStatus.NOT_MAPPED
    assert json.loads(json.dumps(second.to_dict()))["reported"] is None


def test_one_bad_block_does_not_hide_the_others(tmp_path, mapped, unmapped):
    broken = pem(mapped[:-20])
    items = read(tmp_path, "three.pem", pem(mapped) + broken + pem(unmapped))
    assert [type(item) for item in items] == [
        CertificateRecord,
        UnreadableCertificate,
        CertificateRecord,
    ]
    assert items[1].position == 2


def test_a_block_cut_off_does_not_swallow_the_next(tmp_path, mapped, unmapped):
    cut, whole = read(tmp_path, "cut.pem", pem(mapped)[:-40] + b"\n" + pem(unmapped))
    assert "cut off" in cut.reason
    assert whole.facts.serial_number == "02"


def private_key_der(key, encryption=None):
    encryption = encryption or NoEncryption()
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, encryption)


def test_what_is_no_certificate_says_what_it_is(tmp_path, mint, private_key):
    certificate = x509.load_der_x509_certificate(mint())
    request = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(certificate.subject)
        .sign(private_key, hashes.SHA256())
    )
    encrypted = BestAvailableEncryption(b"secret")
    cases = {
        "empty": (b" \n", "empty"),
        "text": (b"hello", "neither PEM, nor a DER certificate"),
        "pfx": (
            pkcs12.serialize_key_and_certificates(
                None, private_key, certificate, None, NoEncryption()
            ),
            "PKCS#12",
        ),
        "locked.pfx": (
            pkcs12.serialize_key_and_certificates(None, private_key, certificate, None, encrypted),
            "PKCS#12",
        ),
        "key.pem": (pem(private_key_der(private_key), "PRIVATE KEY"), "private key"),
        "key.der": (private_key_der(private_key), "private key"),
        "locked.der": (private_key_der(private_key, encrypted), "private key"),
        "request.pem": (request.public_bytes(Encoding.PEM), "CERTIFICATE REQUEST"),
        "cut.pem": (pem(mint())[:-30], "cut off"),
        "missing": (None, "no such file"),
    }
    for name, (content, words) in cases.items():
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        [item] = read_certificates([path])
        assert isinstance(item, UnreadableCertificate), name
        assert words in item.reason, name


def test_a_key_beside_its_certificate_is_reported_and_never_shown(tmp_path, mapped, private_key):
    key = pem(private_key_der(private_key), "PRIVATE KEY")
    record, unreadable = read(tmp_path, "both.pem", pem(mapped) + key)
    assert record.strong_mapping.sid == SID
    assert "private key" in unreadable.reason
    assert key.split(b"\n")[1].decode() not in json.dumps([record.to_dict(), unreadable.to_dict()])


def test_directories_are_read_recursively_in_order_without_hidden_files(tmp_path, mapped, unmapped):
    (tmp_path / "b" / "c").mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    (tmp_path / "z.cer").write_bytes(mapped)
    (tmp_path / "b" / "c" / "two.pem").write_bytes(pem(unmapped))
    (tmp_path / "b" / "readme.txt").write_text("not a certificate")
    (tmp_path / ".git" / "x.cer").write_bytes(b"x")
    (tmp_path / ".DS_Store").write_bytes(b"x")
    found = [Path(item.source).relative_to(tmp_path) for item in read_certificates([tmp_path])]
    assert [str(path) for path in found] == ["z.cer", "b/readme.txt", "b/c/two.pem"]


def test_a_pipe_in_a_directory_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    [item] = read_certificates([tmp_path])
    assert "not a regular file" in item.reason


def write_report(path, rows, columns=COLUMNS, encoding="utf-8"):
    with path.open("w", newline="", encoding=encoding) as file:
        csv.writer(file).writerows([columns, *rows])
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_report_says_what_it_says_and_is_not_judged(tmp_path, encoding):
    path = write_report(tmp_path / "Report.CSV", [ROW], encoding=encoding)
    [record] = read_certificates([path])
    assert record.position == 2
    assert record.facts is None
    assert record.reported.device_name == "LAPTOP, Ann"
    assert record.reported.thumbprint == ROW[9]
    assert record.strong_mapping.status is MappingStatus.NOT_JUDGED
    assert "does not contain SANs" in record.strong_mapping.reasons[0]
    json.dumps(record.to_dict())


def test_both_reports_and_unknown_columns_are_read(tmp_path):
    path = write_report(
        tmp_path / "r.csv", [["ca", *ROW, "?"]], columns=["CaConfiguration", *COLUMNS, "New"]
    )
    [record] = read_certificates([path])
    assert record.reported.ca_configuration == "ca"
    assert record.reported.other == {"New": "?"}


@pytest.mark.skipif(not REPORT_EXAMPLE.exists(), reason="the shared examples are not here")
def test_the_documented_columns_are_all_known(tmp_path):
    for columns in json.loads(REPORT_EXAMPLE.read_text())["columns"].values():
        path = write_report(tmp_path / "r.csv", [columns], columns=columns)
        [record] = read_certificates([path])
        assert record.reported.other is None


def test_bad_rows_and_bad_reports_are_named(tmp_path):
    path = write_report(tmp_path / "r.csv", [ROW, ROW[:-1], ROW])
    first, second, third = read_certificates([path])
    assert (second.position, second.reason) == (3, "The row has 13 values for 14 columns.")
    assert isinstance(first, CertificateRecord)
    assert isinstance(third, CertificateRecord)

    [other] = read_certificates([write_report(tmp_path / "o.csv", [["1"]], columns=["Name"])])
    assert "not Intune's certificate report" in other.reason
    assert "Thumbprint" in other.reason

    latin = tmp_path / "latin.csv"
    latin.write_bytes(",".join(COLUMNS).encode() + b"\n" + b"\xe4," * 13 + b"x\n")
    [unreadable] = read_certificates([latin])
    assert "not utf-8" in unreadable.reason

    huge = write_report(tmp_path / "huge.csv", [["x" * 200_000, *ROW[1:]]])
    [unreadable] = read_certificates([huge])
    assert "cannot be read as CSV" in unreadable.reason


def test_five_thousand_damaged_files_never_raise(tmp_path, mapped, unmapped, private_key):
    whole = [
        pem(mapped) + pem(unmapped),
        bundle(Encoding.DER, mapped, unmapped),
        bundle(Encoding.PEM, mapped),
        pkcs12.serialize_key_and_certificates(None, private_key, None, None, NoEncryption()),
        private_key_der(private_key),
    ]
    chooser = random.Random(39)
    path = tmp_path / "damaged"
    for number in range(5_000):
        data = bytearray(whole[number % len(whole)])
        for _ in range(chooser.randint(1, 4)):
            place = chooser.randrange(len(data))
            data[place : place + chooser.randint(0, 2)] = chooser.randbytes(chooser.randint(0, 2))
        path.write_bytes(data)
        for item in read_certificates([path]):
            json.dumps(item.to_dict())


# VmHWM belongs to the program itself; ru_maxrss would start at the peak of the process it was
# forked from, and hide everything below that.
MEASURE = """
import re, sys
from pathlib import Path
from intune_scep.certificates import read_certificates

def kib(name):
    return int(re.search(name + r":\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])

idle = kib("VmRSS")
rows = sum(1 for _ in KEEP(read_certificates([sys.argv[1]])))
print(rows, kib("VmHWM") - idle)
"""


def measure(path, keep):
    """Rows read, and by how many MiB the peak of memory rose above the idle process."""
    program = MEASURE.replace("KEEP", keep)
    done = subprocess.run(
        [sys.executable, "-c", program, path], capture_output=True, text=True, check=True
    )
    rows, growth = map(int, done.stdout.split())
    return rows, growth / 1024


@pytest.fixture(scope="module")
def long_report(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.csv"
    line = ",".join(f'"{value}"' for value in ROW) + "\r\n"
    with path.open("w", newline="") as file:
        file.write(",".join(COLUMNS) + "\r\n")
        for _ in range(500):
            file.write(line * 1_000)
    yield path
    path.unlink()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_half_a_million_rows_stay_within_100_mib(long_report):
    rows, growth = measure(long_report, keep="iter")
    assert rows == 500_000
    assert growth < 100


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_measurement_would_see_rows_that_are_kept(long_report):
    keep_some = "(lambda items: [next(items) for _ in range(150_000)])"
    assert measure(long_report, keep=keep_some)[1] > 100
