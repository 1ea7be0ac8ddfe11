"""`intune-scep profiles` as its user runs it: what it prints, returns, asks and refuses."""

import json
import re
import sys

import pytest

from intune_scep import IntuneClient
from intune_scep.connection import ConnectionOptions
from intune_scep.declarations import read_declarations

from .commands import SHARED_IPADS, refused, small_tenant

GROUP = "profiles"
TWIN = "Windows - SCEP - User - Corporate Wi-Fi"


@pytest.fixture
def contoso(use):
    return use("contoso")


@pytest.fixture
def small(use):
    """The directory of contoso with one root and one SCEP profile, and another without profiles."""
    return lambda: use(small_tenant())


def test_list_shows_kind_platform_type_name_root_assignment_version_and_id(contoso, cli):
    code, out, _ = cli(GROUP, "list")
    assert code == 0
    assert "SIMULATOR" in out.splitlines()[0]
    assert "90 profiles." in out
    [line] = [line for line in out.splitlines() if "4f706abe-6517-5386-aa7e-fb8f9dd342e7" in line]
    for part in ("SCEP", "ios", "device", "iOS - SCEP", "iOS - Root", "yes"):
        assert part in line
    assert "retired" in out


def test_list_narrows_by_kind_and_platform(contoso, cli):
    code, out, _ = cli(GROUP, "list", "--kind", "scep", "--platform", "ios", "-o", "json")
    rows = json.loads(out)["profiles"]
    assert code == 0
    assert {(row["kind"], row["platform"]) for row in rows} == {("scep", "ios")}
    assert len(rows) == 10


def test_list_fails_where_a_root_could_not_be_read(contoso, cli):
    fault = {"match": {"path": "rootCertificate", "nth": [1]}, "when": "before", "effect": 403}
    contoso.control("PUT", "faults", [fault])
    code, out, _ = cli(GROUP, "list")
    assert code == 1
    assert "could not be" in out


def test_show_gives_the_declaration_by_name_and_the_wire_by_id(contoso, cli):
    code, out, _ = cli(GROUP, "show", SHARED_IPADS)
    assert code == 0
    assert 'subject_name_format: !unsafe "CN={{AAD_Device_ID}}"' in out
    assert "name: iOS - Root - Contoso Root CA 2021" in out
    code, out, _ = cli(GROUP, "show", "4f706abe-6517-5386-aa7e-fb8f9dd342e7", "-o", "json")
    data = json.loads(out)
    assert code == 0
    assert data["profile"]["@odata.type"] == "#microsoft.graph.iosScepCertificateProfile"
    assert data["root_profile"]["name"] == "iOS - Root - Contoso Root CA 2021"


def test_show_of_a_wrong_or_double_name_lists_candidates_with_ids(contoso, cli):
    refused(cli(GROUP, "show", "iOS - SCEP - Device - Shared iPad"), SHARED_IPADS, "4f706abe")
    refused(cli(GROUP, "show", TWIN), "58ba6a22", "6c686bb8", "Give the id")


def test_export_then_apply_finds_nothing_to_do(contoso, cli, tmp_path):
    code, out, _ = cli(GROUP, "export", tmp_path / "out")
    assert code == 2  # Retired platforms are left out.
    assert "90 profiles" in out
    assert "windows_10x" in out
    code, out, _ = cli(GROUP, "apply", tmp_path / "out", "--dry-run")
    assert (code, "\n90 unchanged." in out) == (0, True)
    assert not [item for item in contoso.requests() if item["method"] in {"PATCH", "PUT"}]


def test_files_of_other_tools_are_compared_and_never_prune(contoso, cli, tmp_path):
    kinds = ("iosScep", "windows81SCEP")
    wires = [
        wire
        for wire in contoso.profiles().values()
        if wire["@odata.type"].removeprefix("#microsoft.graph.").startswith(kinds)
    ]
    path = tmp_path / "list.json"
    path.write_text(json.dumps({"value": wires}), encoding="utf-16")
    code, out, _ = cli(GROUP, "apply", path, "--dry-run")
    assert (code, f"\n{len(wires)} unchanged." in out) == (0, True)
    assert "which trusted root" in out
    wires[0]["renewalThresholdPercentage"] = 77
    path.write_text(json.dumps(wires), encoding="utf-8")
    code, out, _ = cli(GROUP, "plan", path)
    assert (code, "renewal_threshold" in out) == (2, True)
    pruned = cli(GROUP, "plan", path, "--prune", "--managed-by", "x")
    refused(pruned, "--prune", "intune-scep profiles export")
    path.write_text("<html>", encoding="utf-8")
    refused(cli(GROUP, "plan", path), "an HTML page", "Expected: declarations")
    assert not [item for item in contoso.requests() if item["method"] in {"PATCH", "PUT"}]


def test_export_refuses_to_write_over_an_edited_file(small, cli, tmp_path):
    small()
    assert cli(GROUP, "export", tmp_path)[0] == 0
    [path] = tmp_path.glob("scep-*.yml")
    path.write_text(path.read_text() + "# mine\n")
    refused(cli(GROUP, "export", tmp_path), path.name, "--overwrite")
    assert cli(GROUP, "export", tmp_path, "--overwrite")[0] == 0
    assert "# mine" not in path.read_text()


def test_apply_says_what_it_will_do_asks_and_does_it(small, use, cli, tmp_path, monkeypatch):
    small()
    cli(GROUP, "export", tmp_path)
    empty = use(small_tenant(empty=True))
    code, out, _ = cli(GROUP, "apply", tmp_path, "--dry-run")
    assert code == 2
    assert "create" in out
    assert not empty.profiles()
    refused(cli(GROUP, "apply", tmp_path), "Nobody can be asked", "--yes")
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr("typer.confirm", lambda *_, **__: False)
    refused(cli(GROUP, "apply", tmp_path), "Nothing was changed")
    assert not empty.profiles()
    code, out, _ = cli(GROUP, "apply", tmp_path, "--yes")
    assert code == 0
    assert "SIMULATOR: 2 profiles changed (2 create)." in out
    assert len(empty.profiles()) == 2
    code, out, _ = cli(GROUP, "apply", tmp_path, "-o", "json")
    assert (code, json.loads(out)["changed"]) == (0, False)


def requests_in_order(tenant):
    """Every request with ids numbered by first appearance, since each tenant makes its own."""
    seen = {}
    sent = [(item["method"], item["path"], item["body"]) for item in tenant.requests()]
    return re.sub(
        r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        lambda match: f"<{seen.setdefault(match[0], len(seen))}>",
        json.dumps(sent),
    )


def test_the_command_and_python_send_the_same_requests(small, use, cli, tmp_path):
    small()
    cli(GROUP, "export", tmp_path)
    by_command = use(small_tenant(empty=True))
    assert cli(GROUP, "apply", tmp_path, "--yes")[0] == 0
    by_python = use(small_tenant(empty=True))
    with IntuneClient(ConnectionOptions.from_environment()) as client:
        assert not client.profiles.apply(read_declarations(tmp_path)).failed
    assert requests_in_order(by_command) == requests_in_order(by_python)
    assert len(by_command.requests("POST")) > 2


def test_apply_shows_each_option_before_and_after(small, cli, tmp_path):
    tenant = small()
    cli(GROUP, "export", tmp_path)
    [path] = tmp_path.glob("scep-*.yml")
    path.write_text(path.read_text().replace("renewal_threshold: 20", "renewal_threshold: 30"))
    code, out, _ = cli(GROUP, "apply", path, "--dry-run")
    assert code == 2
    assert "renewal_threshold:" in out
    assert "- 20" in out
    assert "+ 30" in out
    assert "re-issues certificates: probably not" in out
    code, out, _ = cli(GROUP, "apply", path, "--yes", "-o", "json")
    assert (code, json.loads(out)["changed"]) == (0, True)
    [patch] = tenant.requests("PATCH")
    assert set(patch["body"]) == {"@odata.type", "renewalThresholdPercentage"}


def test_apply_refuses_bad_declarations_before_any_request(contoso, cli, tmp_path):
    path = tmp_path / "bad.yml"
    path.write_text("scep_profile: {name: x, platform: ios, key_size: 1}\n")
    contoso.control("DELETE", "requests")
    refused(cli(GROUP, "apply", path), "key_size", "bad.yml")
    refused(cli(GROUP, "apply", tmp_path / "nothing"), "no such file")
    assert not contoso.requests()


def test_apply_does_nothing_where_one_declaration_is_refused(small, cli, tmp_path):
    tenant = small()
    cli(GROUP, "export", tmp_path)
    [path] = tmp_path.glob("scep-*.yml")
    path.write_text(path.read_text().replace("group: Shared iPads", "group: Nobody"))
    code, out, err = cli(GROUP, "apply", tmp_path, "--yes")
    assert code == 1
    assert "Nobody" in out + err
    assert not [item for item in tenant.requests() if item["method"] == "PATCH"]


def test_apply_refuses_what_a_rule_calls_an_error_until_the_rules_accept_it(small, cli, tmp_path):
    tenant = small()
    cli(GROUP, "export", tmp_path / "out")
    [path] = (tmp_path / "out").glob("scep-*.yml")
    text = path.read_text().replace("CN={{AAD_Device_ID}}", "CN={{UserName}}")
    path.write_text(re.sub("(?m)https://", "http://", text))
    code, out, _ = cli(GROUP, "apply", tmp_path / "out", "--yes")
    assert code == 1
    assert "R-027: " in out
    assert "in the file given with --rules." in out
    assert f"Warning: {SHARED_IPADS} (ios): R-152: " in out
    code, out, _ = cli(GROUP, "apply", tmp_path / "out", "--yes", "-o", "json")
    assert code == 1
    assert "R-027" in json.loads(out)["msg"]
    assert not [item for item in tenant.requests() if item["method"] in {"PATCH", "PUT"}]

    rules = tmp_path / "rules.yml"
    rules.write_text(
        f"waivers: [{{rule: R-027, profile: {SHARED_IPADS}, reason: Kiosk, expires: 9999-12-31}}]"
    )
    code, out, _ = cli(GROUP, "apply", tmp_path / "out", "--yes", "--rules", rules, "-o", "json")
    report = json.loads(out)
    assert (code, report["changed"]) == (0, True)
    assert [text for text in report["warnings"] if "R-152" in text]
    assert not [text for text in report["warnings"] if "R-027" in text]


def test_a_file_of_rules_with_an_unknown_rule_is_refused_before_any_request(contoso, cli, tmp_path):
    rules = tmp_path / "rules.yml"
    rules.write_text("disabled: [R-999]")
    declared = tmp_path / "declared"
    declared.mkdir()
    root = {"name": "x", "platform": "ios", "state": "absent"}
    (declared / "x.yml").write_text(json.dumps({"trusted_root_profile": root}))
    contoso.control("DELETE", "requests")
    refused(cli(GROUP, "apply", declared, "--rules", rules), "rules.yml, line 1", "R-999")
    assert not contoso.requests()


def test_prune_needs_to_know_what_is_its_own(small, cli, tmp_path):
    small()
    cli(GROUP, "export", tmp_path)
    refused(cli(GROUP, "apply", tmp_path, "--prune", "--dry-run"), "--managed-by")
    [path] = tmp_path.glob("scep-*.yml")
    path.unlink()
    code, out, _ = cli(
        GROUP, "apply", tmp_path, "--prune", "--prune-list", SHARED_IPADS, "--dry-run"
    )
    assert code == 2
    assert "delete" in out


def test_a_backup_is_restored_with_the_same_word(small, use, cli, tmp_path):
    small()
    assert cli(GROUP, "export", tmp_path / "b", "--format", "json")[0] == 0
    code, out, _ = cli(GROUP, "apply", tmp_path / "b")
    assert (code, "\n2 unchanged." in out) == (0, True)
    empty = use(small_tenant(empty=True))
    code, out, _ = cli(GROUP, "apply", tmp_path / "b", "--dry-run")
    assert (code, "\n2 to create, 0 unchanged." in out) == (2, True)
    refused(cli(GROUP, "apply", tmp_path / "b"), "Nobody can be asked")
    code, out, _ = cli(GROUP, "apply", tmp_path / "b", "--yes", "-o", "json")
    assert (code, json.loads(out)["counts"]["statuses"]["applied"]) == (0, 2)
    assert len(empty.profiles()) == 2
    writes = [item["path"] for item in empty.requests("POST") if "$batch" not in item["path"]]
    assert writes[-1].endswith("assign")


def test_a_backup_is_refused_when_damaged_or_mixed_with_declarations(small, cli, tmp_path):
    small()
    cli(GROUP, "export", tmp_path / "b", "--format", "json")
    cli(GROUP, "export", tmp_path / "d")
    refused(cli(GROUP, "apply", tmp_path / "b", tmp_path / "d"), "A backup is restored alone")
    refused(cli(GROUP, "apply", tmp_path / "b", "--prune"), "A backup is restored alone")
    [path] = (tmp_path / "b").glob("scep-*.json")
    path.unlink()
    refused(cli(GROUP, "apply", tmp_path / "b"), "damaged", path.name)


def test_a_restore_that_leaves_something_different_alone_returns_2(small, cli, tmp_path):
    small()
    cli(GROUP, "export", tmp_path / "b", "--format", "json")
    cli(GROUP, "export", tmp_path / "d")
    [path] = (tmp_path / "d").glob("scep-*.yml")
    path.write_text(path.read_text().replace("renewal_threshold: 20", "renewal_threshold: 30"))
    assert cli(GROUP, "apply", path, "--yes")[0] == 0
    code, out, _ = cli(GROUP, "apply", tmp_path / "b")
    assert code == 2
    assert "renewalThresholdPercentage" in out
