"""Impact as an administrator asks for it: the text, the numbers, the file, the question."""

import csv
import io
import json
import stat

import pytest
from rich.console import Console

from intune_scep.cli.impact_text import show_impact
from intune_scep.strong_mapping import Choices
from intune_scep.strong_mapping.impact import read_impact

from .commands import refused, writes

ASK = ("strong-mapping", "impact")
PHONES = "iOS - SCEP - User - Corporate Wi-Fi"
EVERYTHING = Choices(include_android=True, include_device_certificates=True)


@pytest.fixture
def contoso(use):
    return use("contoso")


def test_who_is_cut_off_comes_first_and_then_what_to_look_at(contoso, cli):
    code, out, err = cli(*ASK, "--include-android")
    assert code == 2
    assert err == ""
    assert "SIMULATOR" in out.splitlines()[0]
    order = [
        out.index(text)
        for text in (
            "CUT OFF FIRST",
            "RE-ISSUED: whether",
            "NOT REVOKED, AND NOTHING CAN BE PROVED",
            "SCEP HOSTS",
            "THE ECHO",
            "WHAT TO LOOK AT",
        )
    ]
    assert order == sorted(order)
    assert "{{CloudPKIFQDN}}" in out
    assert "\x1b" not in out
    assert writes(contoso) == []


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_no_name_or_number_is_lost_at_any_width(contoso, width):
    found = contoso.run(lambda tenant: read_impact(tenant, EVERYTHING))
    out = io.StringIO()
    show_impact(Console(file=out, width=width), found, None)
    lines = out.getvalue().splitlines()
    told = " ".join(" ".join(line.split()) for line in lines)
    for item in found.profiles:
        if item.in_use is None or item.in_use.certificates:
            assert item.profile.display_name in told
    assert all(host.host in told for host in found.hosts)
    assert "unknown" in told
    if width >= 160:
        assert any(PHONES in line and " 92 " in line for line in lines)
    else:
        assert "46 certificates on 46 devices of 46 users, 92 enrolments" in told


def test_the_numbers_for_machines_and_for_a_spreadsheet(contoso, cli, tmp_path):
    file = tmp_path / "impact.csv"
    code, out, _ = cli(*ASK, "--only", PHONES, "--output", "json", "--csv", str(file))
    told = json.loads(out)
    assert code == 0
    assert told["totals"]["certificates"] == 46
    assert told["peak"]["at_once"] == [
        {"host": "ndes.contoso.com", "hour": told["load"]["at_once"][0]["hour"], "enrolments": 92}
    ]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    [row] = csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig")))
    assert (row["profile"], row["certificates"], row["enrolments"]) == (PHONES, "46", "92")
    assert row["used_by"] == "iOS - Wi-Fi - contoso-corp (Wi-Fi)"
    refused(cli(*ASK, "--only", PHONES, "--csv", str(file)), "--overwrite")


def test_an_unknown_number_is_an_empty_cell(contoso, cli, tmp_path):
    file = tmp_path / "impact.csv"
    cli(*ASK, "--include-android", "--csv", str(file))
    rows = list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig"))))
    unknown = [row for row in rows if row["unknown"]]
    assert len(unknown) == 4
    assert all(row["certificates"] == row["enrolments"] == "" for row in unknown)


def test_nothing_to_change_costs_nothing(contoso, cli):
    code, out, _ = cli(*ASK, "--only", "Windows - SCEP - User - Mapped twice")
    assert code == 0
    assert "No profile would change" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--no-impact",), "--no-impact has no meaning"),
        (("--min-ready", "95"), "--min-ready has no meaning"),
        (("--max-changes", "3"), "--max-changes has no meaning"),
        (("--only", "nobody"), "no SCEP profile has the name or id 'nobody'"),
        (("--rules", "no/such.yml"), "no/such.yml"),
    ],
)
def test_what_cannot_be_is_refused(contoso, cli, arguments, said):
    refused(cli(*ASK, *arguments), said)


def test_the_plan_says_it_and_leaves_it_out_on_request(contoso, cli):
    _, with_it, _ = cli("strong-mapping", "plan", "--only", PHONES)
    assert "This re-issues about 46 certificates on 46 devices (forecast: 92 enrolments)" in with_it
    assert "certificates: 46 certificates on 46 devices, used by 1 profile" in with_it
    _, without, _ = cli("strong-mapping", "plan", "--only", PHONES, "--no-impact")
    assert "This re-issues about" not in without
