"""Readiness as its user asks for it: the table, the list of names, the exit codes, the refusals."""

import csv
import io
import json
import stat

import pytest
from rich.console import Console

from intune_scep.cli.readiness_text import show_readiness
from intune_scep.simulator.scenarios.bulk import bulk
from intune_scep.strong_mapping.readiness import read_readiness

from .commands import refused, small_tenant

ASK = ("strong-mapping", "readiness")
PARTNERS = "Windows - SCEP - User - Partner portal"


@pytest.fixture
def contoso(use):
    return use("contoso")


def test_the_table_says_who_is_short_first_and_why(contoso, cli):
    code, out, err = cli(*ASK)
    lines = out.splitlines()
    assert code == 2
    assert err == ""
    assert "SIMULATOR" in lines[0]
    assert contoso.door.tenant_id in lines[0]
    short = next(number for number, line in enumerate(lines) if "8 Entra-joined" in line)
    ready = next(number for number, line in enumerate(lines) if " 100 %" in line)
    assert short < ready
    assert "9 of 48 profiles short, 3 unknown, 32 more to which no SID matters" in out
    assert "cloud-only: exists in Microsoft Entra only" in out
    assert "requireCertificateSidAlignment is off" in out
    assert "'Windows - hybrid joined' is evaluated by Intune alone" in out
    assert "\x1b" not in out


def test_the_json_counts_and_names_nobody(contoso, cli):
    code, out, _ = cli(*ASK, "--output", "json", "--min-ready", "80")
    data = json.loads(out)
    assert code == 2
    assert (data["min_ready"], data["counts"]["unknown"]) == (80, 3)
    [row] = [row for row in data["profiles"] if row["name"] == PARTNERS]
    assert row["assigned"] == row["short"]["cloud_only"] == 12
    assert (row["percent_with_sid"], row["is_short"]) == (0, True)
    assert "@partners.contoso.com" not in out


def test_the_list_of_names_is_private_and_has_a_row_for_each(contoso, cli, tmp_path):
    path = tmp_path / "short.csv"
    assert cli(*ASK, "--csv", path)[0] == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    own = [row for row in rows if row["profile"] == PARTNERS and row["reason"] == "cloud_only"]
    assert len(own) == 12
    assert {row["has_sid"] for row in own} == {"no"}
    assert {row["entra_sid_alignment"] for row in own} == {"refused"}
    before = path.read_bytes()
    refused(cli(*ASK, "--csv", path), "--csv", "is there already", "--overwrite")
    assert path.read_bytes() == before
    assert cli(*ASK, "--csv", path, "--overwrite")[0] == 2


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("--min-ready", "101"), ("--min-ready must be a percentage",)),
        (("--min-ready", "-1"), ("--min-ready must be a percentage",)),
        (("--csv", "no/such/folder/a.csv"), ("--csv", "cannot be written")),
    ],
)
def test_a_wrong_option_is_named(contoso, cli, given, words):
    refused(cli(*ASK, *given), *words)


@pytest.mark.parametrize("width", [60, 80, 119, 120, 200])
def test_every_name_is_there_whatever_the_width(simulated, width):
    found = simulated("contoso").run(read_readiness)
    out = io.StringIO()
    show_readiness(Console(file=out, width=width), found, None)
    told = " ".join(out.getvalue().split())
    for item in found.profiles:
        words = item.profile.display_name.split()
        assert all(word in told for word in words)
        assert width >= 120 or item.profile.display_name in out.getvalue()


def test_nothing_short_is_exit_code_0(use, cli):
    use(bulk(4, n_users=9, n_devices=9))
    code, out, _ = cli(*ASK)
    assert code == 0, out
    assert "0 of 4 profiles short" in out


def test_a_tenant_to_which_no_sid_matters(use, cli):
    use(small_tenant(empty=True))
    code, out, _ = cli(*ASK)
    assert code == 0
    assert "0 of 0 profiles short" in out


def test_what_may_not_be_read_is_named_with_its_permission(contoso, cli):
    contoso.control("PUT", "faults", [{"match": {"path": "beta/users"}, "effect": 403}])
    code, out, _ = cli(*ASK)
    assert code == 2
    assert "User.Read.All" in out
    assert "The users could not be read." in out
    assert PARTNERS in out


# The threshold in plan and apply


def test_a_plan_holds_back_whom_it_would_leave_without_and_says_how_many(contoso, cli, tmp_path):
    saved = tmp_path / "plan.json"
    code, out, err = cli("strong-mapping", "plan", "--min-ready", "95", "--plan", saved)
    assert (code, err) == (2, "")
    held = out[out.index("HELD BACK") :]
    assert PARTNERS in held
    assert "0 of the 12 users that it reaches have a SID" in held
    assert "--min-ready asks for 95 %" in held
    assert "2 held back" in out
    code, out, _ = cli("plans", "show", saved)
    assert "2 held back" in out
    code, out, _ = cli("strong-mapping", "apply", "--plan", saved, "--yes", "--output", "json")
    data = json.loads(out)
    assert (code, data["failed"], data["changed"]) == (0, False, True)
    assert data["counts"]["statuses"]["held_back"] == 2
    assert [row["hold"] for row in data["profiles"] if "hold" in row] == ["readiness"] * 2


def test_a_saved_plan_keeps_its_own_threshold(contoso, cli, tmp_path):
    saved = tmp_path / "plan.json"
    cli("strong-mapping", "plan", "--min-ready", "95", "--plan", saved)
    asked = ("strong-mapping", "apply", "--plan", saved, "--min-ready", "50", "--yes")
    refused(cli(*asked), "--plan, or options that choose profiles")


def test_where_everything_waits_the_plan_still_has_something_to_say(contoso, cli):
    choice = ("--only", PARTNERS, "--min-ready", "100")
    assert cli("strong-mapping", "plan", *choice)[0] == 2
    code, out, _ = cli("strong-mapping", "apply", *choice, "--yes")
    assert code == 0
    assert "0 profiles changed. 1 profile held back." in out
    assert contoso.requests("PATCH") == []


@pytest.mark.parametrize("wrong", ["101", "-1", "nan", "inf", "-0.5", "1e9"])
def test_a_wrong_threshold_is_named(contoso, cli, wrong):
    asked = ("strong-mapping", "plan", f"--min-ready={wrong}")
    refused(cli(*asked), "--min-ready must be a number from 0 to 100")


def test_what_may_not_be_read_is_told_in_the_plan_and_holds_nothing(contoso, cli):
    contoso.control("PUT", "faults", [{"match": {"path": "beta/users"}, "effect": 403}])
    code, out, _ = cli("strong-mapping", "plan", "--min-ready", "95")
    assert code == 2
    assert "HELD BACK" not in out
    assert "User.Read.All" in out
    assert "Readiness is not known, and holds nothing back: The users could not be read." in out
