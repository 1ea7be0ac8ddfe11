"""check, report and baseline as their users run them: output, files and exit codes."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from tests.unit.backup.foreign import FORMS

from intune_scep.reports.formats import FORMATS
from intune_scep.reports.machine import report_schema

FAULT = {"match": {"path": "deviceConfigurations$"}, "when": "before", "effect": 403}
POLICY = """
fail_on: {errors: false, required: false, defective: false}
"""
RULES = """
waivers:
  - rule: R-120
    profile: Windows - SCEP - User - Lab
    reason: A lab without a root
    expires: 2099-12-31
"""


@pytest.fixture
def contoso(simulated, monkeypatch):
    tenant = simulated("contoso")
    monkeypatch.setenv("INTUNE_SCEP_CLOUD", "simulator")
    monkeypatch.setenv("INTUNE_SCEP_SIMULATOR", str(tenant.path))
    return tenant


@pytest.fixture
def policy(tmp_path):
    path = tmp_path / "policy.yml"
    path.write_text(POLICY, encoding="utf-8")
    return path


def test_check_prints_the_published_json(contoso, cli):
    code, out, _ = cli("check", "--output", "json")
    data = json.loads(out)
    jsonschema.validate(data, report_schema())
    assert code == data["outcome"]["exit_code"] == 2
    assert (data["tenant"], data["cloud"]) == (contoso.door.tenant_id, "simulator")
    assert data["msg"].startswith("SIMULATOR: ")


def test_check_says_by_rule_what_it_found_and_then_what_to_do_first(contoso, cli):
    code, out, _ = cli("check")
    assert code == 2
    assert "SIMULATOR" in out.splitlines()[0]
    assert out.index("Findings by rule") < out.index("What to do first")
    assert out.index("What to do first") < out.index("intune-scep strong-mapping plan")
    assert out.index("intune-scep strong-mapping plan") < out.index("\nFindings\n")
    assert "\x1b" not in out


def test_policy_and_waivers_come_from_files(contoso, cli, policy, tmp_path):
    assert cli("check", "--policy", policy)[0] == 0
    rules = tmp_path / "rules.yml"
    rules.write_text(RULES, encoding="utf-8")
    _, out, _ = cli("check", "--rules", rules, "--output", "json")
    assert [item["rule"] for item in json.loads(out)["waivers"]["used"]] == ["R-120"]


@pytest.mark.parametrize("command", ["check", "report"])
def test_what_cannot_be_read_is_exit_code_3(contoso, cli, command, policy):
    contoso.control("PUT", "faults", [{**FAULT, "times": 1000}])
    code, out, _ = cli(command, "--policy", policy)
    assert code == 3
    assert "Could not be judged" in out
    assert "403" in out


def test_a_tenant_that_cannot_be_reached_still_leaves_a_page(cli, monkeypatch, tmp_path):
    monkeypatch.setenv("INTUNE_SCEP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("INTUNE_SCEP_ACCESS_TOKEN", "not-a-token")
    monkeypatch.setenv("AZURE_TENANT_ID", "contoso.com")
    monkeypatch.setattr("asyncio.sleep", _no_sleep())
    code, _, _ = cli("report", "--output-dir", tmp_path / "out")
    assert code == 3
    assert "Could not be judged" in (tmp_path / "out" / "compliance.html").read_text("utf-8")
    assert json.loads((tmp_path / "out" / "compliance.json").read_bytes())["failed"] is True


def _no_sleep():
    import asyncio

    real = asyncio.sleep
    return lambda seconds, *rest: real(0, *rest)


def test_wrong_options_and_files_are_exit_code_1(cli, contoso, tmp_path, monkeypatch):
    for option in ("--policy", "--rules", "--baseline"):
        code, _, err = cli("check", option, tmp_path / "missing")
        assert (code, err.count("\n")) == (1, 1)
        assert "missing" in err
    assert cli("check", tmp_path / "nowhere")[0] == 1
    monkeypatch.delenv("INTUNE_SCEP_CLOUD")
    assert cli("check")[0] == 1


def test_several_forms_without_a_place_for_files_are_refused_before_anything_is_read(contoso, cli):
    code, _, err = cli("report", "--format", "html", "--format", "json")
    assert code == 1
    assert "--output-dir" in err
    assert contoso.requests() == []


@pytest.mark.parametrize("option", ["--directory", "--devices"])
@pytest.mark.parametrize("command", ["check", "report"])
def test_users_and_devices_of_files_are_refused_and_both_are_named(
    contoso, cli, tmp_path, command, option
):
    code, _, err = cli(command, tmp_path, option)
    assert (code, err.count("\n")) == (1, 1)
    assert option in err
    assert str(tmp_path) in err


@pytest.mark.parametrize("command", ["check", "report"])
def test_devices_are_read_when_asked_for_and_never_taken_for_fine(
    contoso, cli, command, policy, monkeypatch
):
    monkeypatch.setattr("intune_scep.tenant.exports._FIRST_WAIT", 0.1)
    monkeypatch.setattr("intune_scep.tenant.exports._LONGEST_WAIT", 0.1)
    contoso.control("PUT", "settings", {"certificate_sign_in": True, "sid_alignment": True})
    code, out, _ = cli(command, "--policy", policy, "--output", "json")
    assert code == 0
    skipped = {item["rule_id"] for item in json.loads(out)["skipped"]}
    assert {"R-086", "R-144"} <= skipped
    code, out, _ = cli(command, "--policy", policy, "--devices", "--output", "json")
    data = json.loads(out)
    assert code == 0
    jsonschema.validate(data, report_schema())
    assert not {"R-086", "R-144"} & {item["rule_id"] for item in data["skipped"]}
    spoken = {item["rule_id"] for profile in data["profiles"] for item in profile["findings"]}
    assert "R-086" in spoken
    contoso.control("PUT", "faults", [{**FAULT, "match": {"path": "managedDevices"}}])
    code, out, _ = cli(command, "--policy", policy, "--devices")
    assert code == 3
    assert "DeviceManagementManagedDevices.Read.All" in " ".join(out.split())


def test_one_baseline_is_compared_with_not_two(contoso, cli, tmp_path):
    other = tmp_path / "other.json"
    code, _, err = cli("baseline", "diff", "--file", tmp_path / "b.json", "--baseline", other)
    assert (code, err.count("\n")) == (1, 1)
    assert "--file or --baseline" in err
    assert contoso.requests() == []


def test_a_baseline_is_shown_without_a_tenant(contoso, cli, tmp_path, monkeypatch):
    file = tmp_path / "baseline.json"
    assert cli("baseline", "approve", "--file", file, "--by", "Ada")[0] == 0
    monkeypatch.delenv("INTUNE_SCEP_CLOUD")
    monkeypatch.delenv("INTUNE_SCEP_SIMULATOR")
    code, out, _ = cli("baseline", "show", "--file", file, "--output", "json")
    assert (code, json.loads(out)["approved_by"]) == (0, "Ada")
    assert cli("baseline", "show", "--file", file, "--tenant", "contoso.com")[0] == 1


def test_report_writes_every_form_privately(contoso, cli, tmp_path):
    code, out, _ = cli("report", "--output-dir", tmp_path / "out")
    assert code == 2
    files = {path.name: path for path in (tmp_path / "out").iterdir()}
    assert {row.file_name for row in FORMATS.values()} < set(files)
    assert {stat.S_IMODE(path.stat().st_mode) for path in files.values()} == {0o600}
    assert str(tmp_path / "out" / "compliance.html") in out


@pytest.mark.parametrize("form", FORMATS)
def test_report_prints_any_one_form(contoso, cli, form):
    code, out, _ = cli("report", "--format", form)
    assert code == 2
    assert contoso.door.tenant_id in out


def test_baseline_from_approval_to_drift(contoso, cli, tmp_path, policy):
    file = tmp_path / "baseline.json"
    code, out, _ = cli("baseline", "approve", "--file", file, "--by", "Ada")
    assert code == 0
    assert "Ada" in out
    assert cli("baseline", "diff", "--file", file)[0] == 0
    assert cli("baseline", "approve", "--file", file)[0] == 1
    profile = next(
        wire for wire in contoso.profiles().values() if wire["displayName"].endswith("Lab")
    )

    async def edit(graph):
        path = f"deviceManagement/deviceConfigurations/{profile['id']}"
        changes = {"@odata.type": profile["@odata.type"], "keySize": "size1024"}
        await graph.session.write("PATCH", path, changes)

    contoso.run(edit)
    code, out, _ = cli("baseline", "diff", "--file", file, "--output", "json")
    [changed] = json.loads(out)["drift"]
    assert code == 2
    assert changed["changes"] == [
        {"property": "keySize", "before": profile["keySize"], "after": "size1024"}
    ]
    code, out, _ = cli("check", "--policy", policy, "--baseline", file)
    assert code == 2
    assert "new since the baseline" in out
    file.write_text(file.read_text("utf-8").replace("Ada", "Eve"), encoding="utf-8")
    code, _, err = cli("baseline", "show", "--file", file)
    assert code == 1
    assert "was changed" in err


def test_a_webhook_is_called_when_asked(contoso, cli, monkeypatch):
    posted = []
    monkeypatch.setattr(
        "intune_scep.reports.webhook.Webhook.post", lambda self, report: posted.append(report)
    )
    assert cli("report", "--notify", "on_failure")[0] == 1
    monkeypatch.setenv("INTUNE_SCEP_WEBHOOK_URL", "https://hooks.example.com/x")
    assert cli("report", "--notify", "on_failure")[0] == 2
    assert cli("report")[0] == 2
    assert len(posted) == 1


@pytest.mark.parametrize(("output", "wanted"), [("/dev/full", 1), ("gone", 2)])
def test_reports_are_written_whatever_becomes_of_the_terminal(contoso, tmp_path, output, wanted):
    command = [sys.executable, "-m", "intune_scep.cli.app", "report", "--output-dir"]
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as gone, Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [*command, str(tmp_path / "out")],
            stdout=full if output == "/dev/full" else gone,
            stderr=subprocess.PIPE,
            text=True,
            timeout=120,
            check=False,
        )
    assert ended.returncode == wanted
    assert ended.stderr.count("\n") == (1 if wanted == 1 else 0)
    assert (tmp_path / "out" / "compliance.html").exists()


@pytest.mark.parametrize("command", ["check", "report"])
def test_files_of_other_tools_are_judged_without_a_tenant(command, cli, tmp_path):
    for name, code, says in [
        ("IntuneManagement from Windows PowerShell", 0, "carries the SID URI"),
        ("IntuneCD in YAML", 0, "do not say which trusted root"),
        ("an answer with value", 0, "carries the SID URI"),
    ]:
        place = tmp_path / name
        place.mkdir()
        found, out, err = cli(command, FORMS[name](place))
        assert (found, says in " ".join(out.split())) == (code, True), out + err
    (tmp_path / "page.html").write_text("<!doctype html>")
    code, out, err = cli(command, tmp_path / "page.html")
    assert (code, out) == (1, "")
    assert "an HTML page" in err
    assert len(err.strip().splitlines()) == 1


def test_the_help_shows_how_to_name_files_of_each_form(cli):
    _, out, _ = cli("check", "--help")
    for form in ("IntuneManagement", "IntuneCD", "Microsoft365DSC", "Graph", "backup"):
        assert form in out


@pytest.fixture(params=["http on this machine", "https"])
def somewhere(request):
    secure = request.param == "https"
    return request.getfixturevalue("served_https" if secure else "served")


def test_devices_are_read_over_a_socket_and_never_through_a_proxy(somewhere, cli, monkeypatch):
    monkeypatch.setenv("INTUNE_SCEP_CLOUD", "simulator")
    monkeypatch.setenv("INTUNE_SCEP_ENDPOINT", somewhere.url)
    monkeypatch.setenv("INTUNE_SCEP_ACCESS_TOKEN", somewhere.token())
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    if somewhere.ca:
        monkeypatch.setenv("SSL_CERT_FILE", str(somewhere.ca))
    code, out, _ = cli("check", "--devices", "--output", "json")
    data = json.loads(out)
    assert code == 2
    assert data["unread"] == []
    assert "R-144" not in {item["rule_id"] for item in data["skipped"]}
