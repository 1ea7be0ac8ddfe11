"""What files cost: declarations in YAML, and Intune's certificate report."""

import csv
import subprocess
import sys

import pytest

from intune_scep import yaml_text
from intune_scep.certificates import read_certificates
from intune_scep.declarations.documents import read_documents
from intune_scep.declarations.yaml_form import render_document

from .ratios import Row, cpu, cpu_of

DECLARATIONS = 1_000
ROWS = 500_000
ROUNDS = 3
MOST_MEMORY = 5
COLUMNS = (
    *("CaConfiguration", "CertificateStatus", "DeviceId", "DeviceName", "EnhancedKeyUsage"),
    *("IssuerName", "KeyUsage", "PolicyId", "SerialNumber", "SubjectName", "Thumbprint", "UPN"),
    *("UserId", "ValidFrom", "ValidTo"),
)
READ_ROWS = "import csv, sys\nfor row in csv.reader(open(sys.argv[1], newline='')): pass"
READ_AND_DUMP = (
    "import csv, json, sys\n"
    "for row in csv.DictReader(open(sys.argv[1], newline='')): print(json.dumps(row))"
)
INSPECT = "from intune_scep.cli import main; main()"
PEAK = (
    "import resource, subprocess, sys\n"
    "subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)\n"
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
)
NOT_JUDGED = 3


@pytest.fixture(scope="module")
def declarations(tmp_path_factory):
    directory = tmp_path_factory.mktemp("declarations")
    for number in range(DECLARATIONS):
        options = {
            "name": f"Staff {number}",
            "platform": "windows",
            "certificate_type": "user",
            "subject_name_format": "CN={{UserName}},E={{EmailAddress}}",
            "subject_alternative_names": [
                {"type": "upn", "value": "{{UserPrincipalName}}"},
                {"type": "uri", "value": "{{OnPremisesSecurityIdentifier}}"},
            ],
            "validity": {"value": 1, "unit": "years"},
            "key_storage_provider": "tpm_otherwise_software",
            "key_usage": ["key_encipherment", "digital_signature"],
            "key_size": 2048,
            "hash_algorithms": ["sha2"],
            "root_profile": {"name": f"Root {number % 20}"},
            "extended_key_usages": ["client_authentication"],
            "renewal_threshold": 20,
            "scep_server_urls": ["https://scep.example/certsrv/mscep/mscep.dll"],
            "scope_tags": ["Default"],
            "assignments": [{"group": f"Group {number % 50}"}],
        }
        document = render_document("scep_profile", options, [f"Number {number}"])
        (directory / f"{number}.yml").write_bytes(document)
    return sorted(directory.iterdir())


def test_declarations_in_yaml(declarations, monkeypatch):
    def read():
        return cpu(lambda: [read_documents(path) for path in declarations])

    def read_by_pyyaml():
        with monkeypatch.context() as patch:
            patch.setattr(yaml_text, "_LIBYAML", None)
            return read()

    read()
    row = Row(f"Reading {DECLARATIONS:,} declarations in YAML", "the pure Python loader", 0.35)
    row.measure(read, read_by_pyyaml, rounds=ROUNDS)


def report(path, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for number in range(rows):
            writer.writerow(
                (
                    *("", "Issued", f"{number:032x}", f"DEV-{number}"),
                    *("Client Authentication (1.3.6.1.5.5.7.3.2)", "CN=Issuing CA, DC=example"),
                    *("Digital Signature, Key Encipherment", f"{number % 50:032x}"),
                    *(f"{number * 7919:040X}", f"CN=user{number}", f"{number * 104729:040X}"),
                    *(f"user{number}@example.com", f"{number:032x}"),
                    *("2026-01-01 00:00:00.0000000", "2027-01-01 00:00:00.0000000"),
                )
            )
    return path


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """A long report and a short one."""
    directory = tmp_path_factory.mktemp("reports")
    return report(directory / "long.csv", ROWS), report(directory / "short.csv", 1_000)


def bare(path):
    with path.open(newline="", encoding="utf-8") as file:
        for _ in csv.reader(file):
            pass


def ours(path):
    assert sum(1 for _ in read_certificates([path])) == ROWS


def test_rows_of_the_report(reports):
    path, _ = reports
    row = Row(f"Reading {ROWS:,} rows of the report", "csv.reader", 3)
    row.measure(lambda: cpu(lambda: ours(path)), lambda: cpu(lambda: bare(path)), rounds=ROUNDS)


@pytest.mark.parametrize(
    ("form", "program", "against"),
    [
        ("text", READ_ROWS, "csv.reader as a program"),
        ("json", READ_AND_DUMP, "csv.DictReader and json as a program"),
    ],
)
def test_rows_of_the_report_through_the_command(reports, form, program, against):
    path, _ = reports
    command = [*inspecting(path), "--output", form]
    theirs = [sys.executable, "-c", program, str(path)]
    row = Row(f"Inspecting {ROWS:,} rows by the command, as {form}", against, 3)
    row.measure(lambda: cpu_of(command, codes=(NOT_JUDGED,)), lambda: cpu_of(theirs), rounds=ROUNDS)


def test_memory_of_the_command(reports):
    long, short = map(peak, reports)
    work = f"Memory of inspecting {ROWS:,} rows, beyond that of a thousand"
    more = max(long - short, 0.001)
    Row(work, f"{MOST_MEMORY} MiB", 1, "MiB").show([more], [MOST_MEMORY])


def inspecting(path):
    return [sys.executable, "-c", INSPECT, "certificate", "inspect", str(path)]


def peak(path):
    """MiB that the command takes at most."""
    done = subprocess.run(
        [sys.executable, "-c", PEAK, *inspecting(path)], capture_output=True, check=True, text=True
    )
    return int(done.stdout) / 1024
