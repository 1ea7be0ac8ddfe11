"""intune-scep certificate bridge and events, as a shell starts them."""

import csv
import io
import json
import os
import signal
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from tests.e2e.commands import COMMAND, refused, running
from tests.unit.active_directory.exports import (
    DATA,
    SERIAL,
    THUMBPRINT,
    event,
    get_winevent,
    message,
)

from intune_scep.simulator.scenario import build_scenario
from intune_scep.simulator.scenarios.rollout import profile_id

TODAY = datetime.now(UTC)
ROW = {
    "CertificateStatus": "issued",
    "IssuerName": "CN=CONTOSO-DC-CA, DC=contoso, DC=com",
    "PolicyId": "11111111-0000-4000-8000-000000000001",
    "SerialNumber": SERIAL,
    "Thumbprint": THUMBPRINT,
    "UPN": "ann@contoso.com",
    "ValidFrom": (TODAY - timedelta(days=10)).isoformat(),
    "ValidTo": (TODAY + timedelta(days=100)).isoformat(),
}
VALUE = "X509:<I>DC=com,DC=contoso,CN=CONTOSO-DC-CA<SR>1200000000AC11000000002B"
ACCOUNTS = 'UserPrincipalName,DistinguishedName\nann@contoso.com,"CN=Ann,DC=contoso,DC=com"\n'


@pytest.fixture
def report(tmp_path):
    def write(*changes):
        path = tmp_path / "report.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(ROW))
            writer.writeheader()
            writer.writerows({**ROW, **change} for change in changes or [{}])
        return path

    return write


def content(path):
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    return path.read_text(encoding="utf-8-sig")


def test_a_script_and_its_undo_are_written_for_the_owner_alone(report, tmp_path, cli):
    code, out, err = cli("certificate", "bridge", report(), "--output-dir", tmp_path)
    assert (code, err) == (0, "")
    assert "Values: 1, accounts: 1." in out
    assert "NTAuth" in out
    assert "renewal" in out
    add = content(tmp_path / "altsecurityidentities-add.ps1")
    undo = content(tmp_path / "altsecurityidentities-undo.ps1")
    assert f"Value = '{VALUE}'" in add
    assert f"Value = '{VALUE}'" in undo
    assert "Nobody has run this file" in add


def test_ldif_takes_an_export_of_the_directory(report, tmp_path, cli):
    accounts = tmp_path / "accounts.csv"
    accounts.write_text(ACCOUNTS)
    arguments = ["certificate", "bridge", report(), "--format", "ldif", "--output-dir", tmp_path]
    refused(cli(*arguments), "--accounts", "Get-ADUser")
    code, _, _ = cli(*arguments, "--accounts", accounts)
    assert code == 0
    added = content(tmp_path / "altsecurityidentities-add.ldif")
    assert "dn: CN=Ann,DC=contoso,DC=com\n" in added
    assert f"altSecurityIdentities: {VALUE}\n" in added


def test_files_of_an_earlier_run_are_not_lost(report, tmp_path, cli):
    arguments = ["certificate", "bridge", report(), "--output-dir", tmp_path]
    assert cli(*arguments)[0] == 0
    kept = tmp_path / "altsecurityidentities-add.ps1"
    kept.write_text("mine")
    refused(cli(*arguments), "is there already", "--replace")
    assert kept.read_text() == "mine"
    assert cli(*arguments, "--replace")[0] == 0
    assert VALUE in content(kept)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ([{}], 0),
        ([{}, {"CertificateStatus": "revoked", "SerialNumber": "02"}], 0),
        ([{}, {"UPN": "", "SerialNumber": "02"}], 2),
        ([{"UPN": ""}], 3),
        ([{"CertificateStatus": "revoked"}], 3),
        ([{"ValidTo": "2020-01-01T00:00:00Z"}], 3),
    ],
)
def test_the_exit_code_says_whether_somebody_was_missed(report, tmp_path, cli, changes, code):
    place = tmp_path / "out"
    place.mkdir()
    found = cli("certificate", "bridge", report(*changes), "--output-dir", place, "-o", "json")
    assert found[0] == code
    told = json.loads(found[1])
    assert len(told["mappings"]) + len(told["skipped"]) == len(changes)
    assert [Path(file).name for file in told["files"]] == (
        [] if code == 3 else ["altsecurityidentities-add.ps1", "altsecurityidentities-undo.ps1"]
    )
    assert len(list(place.iterdir())) == len(told["files"])


@pytest.mark.parametrize(
    ("content_", "part"),
    [
        (b"", "certificate report"),
        (b"a,b\n1,2\n", "certificate report"),
        (b"PK\x03\x04zip", "zip"),
        (b"sid,upn\nS-1-5,ann\n", "certificate report"),
        (b"\xff\xfe\x00", "certificate report"),
        (None, "No such file"),
    ],
)
def test_a_wrong_report_is_one_clear_message(tmp_path, cli, content_, part):
    path = tmp_path / "report.csv"
    events = tmp_path / "events.xml"
    events.write_text(event(39))
    if content_ is not None:
        path.write_bytes(content_)
    refused(cli("certificate", "bridge", path, "--output-dir", tmp_path), "report.csv", part)
    refused(cli("certificate", "events", events, "--report", path), "report.csv", part)


def test_places_that_cannot_be_used_are_named(report, tmp_path, cli):
    missing = tmp_path / "missing"
    refused(cli("certificate", "bridge", report(), "--output-dir", missing), "cannot be written")
    refused(cli("certificate", "bridge", tmp_path), "directory")
    refused(cli("certificate", "events", tmp_path), "directory")
    refused(cli("certificate", "events", missing), "missing")
    refused(cli("certificate", "bridge", report(), "--ca", missing), "missing")
    refused(cli("certificate", "bridge", report(), "--profile", "x"), "“x”", ROW["PolicyId"])


@pytest.mark.parametrize("form", ["xml", "csv"])
def test_culprits_are_told_by_profile_with_what_to_do(report, tmp_path, cli, form):
    path = tmp_path / f"events.{form}"
    numbers = (39, 39, 45)
    text = (
        "".join(map(event, numbers))
        if form == "xml"
        else get_winevent(*((number, message(number)) for number in numbers))
    )
    path.write_text(text, encoding="utf-8")
    code, out, err = cli("certificate", "events", path, "--report", report())
    assert (code, err) == (2, "")
    assert ROW["PolicyId"] in out
    assert "2 x 39, 1 x 45" in out
    assert "strong-mapping plan" in out
    assert "certutil -dspublish" in out
    code, out, _ = cli("certificate", "events", path, "--report", report(), "--output", "json")
    assert code == 2
    assert json.loads(out)["groups"][0]["events"] == {"39": 2, "45": 1}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (event(39), 2),
        (event(7036), 0),
        ("<Events></Events>", 3),
        (event(7036) + event(39, {"AccountName": "ann"}), 3),
        (event(7036) + "<Event>", 3),
        ("<!DOCTYPE x>" + event(39), 1),
        ("no events", 1),
    ],
)
def test_the_exit_code_says_whether_domain_controllers_complain(tmp_path, cli, text, code):
    path = tmp_path / "events.xml"
    path.write_text(text)
    found = cli("certificate", "events", path)
    assert found[0] == code
    if code == 1:
        refused(found, "events.xml")


HOSTILE = [
    "\x1b]0;owned\x07",
    "\u202etxt.exe",
    "[red]markup[/red]",
    "a\nb",
    "=cmd|' /C calc'!A0",
    "😀" * 200,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_others_reaches_a_terminal_only_cleaned(report, tmp_path, cli, text):
    path = tmp_path / "events.csv"
    said = message(39).replace("ann", text.replace("\n", " ")).replace("CONTOSO-DC-CA", text[:20])
    path.write_text(
        get_winevent((39, said), (21, f"x {text} CONTOSO\\a: {text}")), encoding="utf-8"
    )
    every = {name: text for name in ROW if name not in {"Thumbprint", "SerialNumber"}}
    given = report(
        {**every, "ValidTo": ROW["ValidTo"]}, {"IssuerName": f"CN={text}", "SerialNumber": "7"}
    )
    for form in ("text", "json"):
        for arguments in (
            ["events", path, "--report", given],
            ["bridge", given, "--output-dir", tmp_path, "--replace"],
        ):
            code, out, err = cli("certificate", *arguments, "-o", form)
            assert code in {2, 3}
            assert not {"\x1b", "\x07", "\u202e"} & set(out + err)
            assert "Traceback" not in err


WIFI = "Windows user Wi-Fi"
FILE = {
    "rollout": "users",
    "strategy": "in_place",
    "rings": [
        {"name": "first", "profiles": [WIFI]},
        {"name": "last", "profiles": ["iOS user Wi-Fi"]},
    ],
    "gates": {"soak": "24h", "reissued": "90%"},
}


@pytest.fixture
def rollout(use, cli, report, tmp_path, monkeypatch):
    """Events of a tenant with a rollout, the certificate report, and the rollout's file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "strong-mapping.yml").write_text(yaml.safe_dump(FILE), encoding="utf-8")
    use(build_scenario("rollout", {"devices": 60}), name="rollout-60")
    others = DATA[39] | {"Thumbprint": "B" * 40, "SerialNumber": "01", "AccountName": "bob"}
    (tmp_path / "events.xml").write_text(event(39) + event(39, others) + event(45))
    report(
        {"PolicyId": profile_id(WIFI)},
        {"PolicyId": profile_id("iOS user Wi-Fi"), "Thumbprint": "B" * 40, "SerialNumber": "01"},
    )
    return ("certificate", "events", "events.xml", "--report", "report.csv")


START = ("strong-mapping", "rollout", "start", "--reason", "why", "--yes")


def test_a_rollout_tells_the_ring_of_each_event_and_what_it_asks_for(rollout, cli, tmp_path):
    code, out, _ = cli(*rollout)
    assert code == 2
    assert "Ring" not in out
    assert cli(*START)[0] == 0
    code, out, err = cli(*rollout, "--rollout", "strong-mapping.yml", "--csv", "events.csv")
    assert (code, err) == (2, "")
    assert "Ring" in out
    assert "39, first (activated), from after the change: " in out
    assert "39, no ring opened yet: " in out
    assert "45, first (activated)" in out
    assert "it is activated" in out
    assert "Events: events.csv" in out
    rows = list(csv.DictReader(io.StringIO(content(tmp_path / "events.csv"), newline="")))
    assert [(row["event"], row["ring"], row["place"]) for row in rows] == [
        ("39", "first", "after"),
        ("39", "", "not_opened"),
        ("45", "first", "after"),
    ]
    code, out, _ = cli(*rollout, "--rollout", "strong-mapping.yml", "-o", "json")
    told = json.loads(out)
    assert code == 2
    assert told["rollout"]["state"] == "activated"
    assert [item["in_ring"]["ring"] for item in told["culprits"]] == ["first", None, "first"]


def test_a_journal_that_is_kept_elsewhere_is_given_beside_the_file(rollout, cli):
    assert cli(*START, "--journal", "mine.jsonl")[0] == 0
    asked = (*rollout, "--rollout", "strong-mapping.yml")
    refused(cli(*asked), "is not started", "--journal")
    code, out, _ = cli(*asked, "--journal", "mine.jsonl")
    assert code == 2
    assert "first (activated)" in out


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["--rollout", "strong-mapping.yml"], ["'users' is not started"]),
        (["--rollout", "missing.yml"], ["missing.yml"]),
        (["--rollout", "events.xml"], ["events.xml"]),
        (["--rollout", "strong-mapping.yml", "--journal", "report.csv"], ["report.csv"]),
        (["--csv", "report.csv"], ["report.csv", "--csv", "--overwrite"]),
        (["--csv", "nowhere/events.csv"], ["nowhere/events.csv"]),
    ],
)
def test_what_cannot_be_used_is_one_clear_message(rollout, cli, tmp_path, arguments, parts):
    kept = (tmp_path / "report.csv").read_bytes()
    refused(cli(*rollout, *arguments), *parts)
    assert (tmp_path / "report.csv").read_bytes() == kept


@pytest.mark.parametrize("name", ["--rollout", "--journal"])
def test_a_rollout_or_a_journal_needs_the_report(rollout, cli, name):
    refused(cli(*rollout[:3], name, "strong-mapping.yml"), name, "--report")


def test_every_event_goes_into_a_table_for_the_owner_alone(rollout, cli, tmp_path):
    asked = (*rollout, "--csv", "events.csv")
    assert cli(*asked)[0] == 2
    rows = list(csv.DictReader(io.StringIO(content(tmp_path / "events.csv"), newline="")))
    assert [row["event"] for row in rows] == ["39", "39", "45"]
    assert "ring" not in rows[0]
    (tmp_path / "events.csv").write_text("mine")
    refused(cli(*asked), "events.csv", "--overwrite")
    assert cli(*asked, "--overwrite")[0] == 2
    assert "mine" not in content(tmp_path / "events.csv")


def test_a_reader_that_goes_away_is_no_failure(report, tmp_path):
    path = tmp_path / "events.xml"
    path.write_text("".join(event(39) for _ in range(3000)))
    given = report(*({"UPN": "", "SerialNumber": f"{n:X}"} for n in range(1, 2000)), {})
    for arguments, code in (
        (["events", path, "-o", "json"], 2),
        (["bridge", given, "--output-dir", tmp_path, "-o", "json"], 2),
    ):
        with subprocess.Popen(
            [*COMMAND, "certificate", *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            process.stdout.readline()
            process.stdout.close()
            assert process.stderr.read() == ""
            assert process.wait(timeout=120) == code
    assert (tmp_path / "altsecurityidentities-undo.ps1").exists()


@pytest.mark.skipif(os.name == "nt", reason="needs a named pipe")
def test_ctrl_c_ends_in_good_order_and_leaves_no_half_file(report, tmp_path):
    place = tmp_path / "out"
    place.mkdir()
    given = report(*({"SerialNumber": f"{n:X}"} for n in range(1, 60_000)))
    with running("certificate", "bridge", given, "--output-dir", place) as process:
        try:
            process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode in {0, 130, -signal.SIGINT}
    assert process.returncode != 130 or err == "Interrupted.\n"
    for file in place.iterdir():
        assert file.read_text(encoding="utf-8-sig").rstrip().endswith("}")


def test_help_has_an_example(cli):
    for word in ("bridge", "events"):
        code, out, _ = cli("certificate", word, "--help")
        assert code == 0
        assert f"intune-scep certificate {word} " in out
