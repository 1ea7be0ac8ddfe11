"""The command as its user runs it: what it prints, what it returns, what it says when it cannot."""

import json
import stat

import pytest

from intune_scep.simulator.scenarios import SCENARIOS
from intune_scep.simulator.scenarios.bulk import bulk

from .commands import refused

GROUP = "strong-mapping"
PROFILE_KEYS = {
    "id",
    "name",
    "kind",
    "odata_type",
    "platform",
    "certificate_type",
    "verdict",
    "reason",
    "version",
}


@pytest.fixture
def contoso(use):
    return use("contoso")


def names_of(profiles):
    """The alternative names of each profile, by id."""
    return {key: wire.get("customSubjectAlternativeNames") for key, wire in profiles.items()}


def test_assess_prints_the_published_json(contoso, cli):
    code, out, _ = cli(GROUP, "assess", "--output", "json")
    data = json.loads(out)
    assert code == 2
    assert (data["tenant"], data["cloud"]) == (contoso.door.tenant_id, "simulator")
    assert sum(data["counts"]["verdicts"].values()) == len(data["profiles"]) == 80
    assert all(set(row) == PROFILE_KEYS for row in data["profiles"])


def test_assess_names_tenant_and_simulator_and_every_profile(contoso, cli):
    _, out, _ = cli(GROUP, "assess")
    first = out.splitlines()[0]
    assert "SIMULATOR" in first
    assert contoso.door.tenant_id in first
    assert "21 required" in out
    assert "\x1b" not in out


@pytest.mark.parametrize(("times", "code"), [(0, 0), (1, 0), (None, 2)])
def test_what_slips_between_pages_for_good_is_not_fine(simulated, monkeypatch, cli, times, code):
    tenant = simulated(bulk(12, mapped=12), name="mapped12")
    monkeypatch.setenv("INTUNE_SCEP_CLOUD", "simulator")
    monkeypatch.setenv("INTUNE_SCEP_SIMULATOR", str(tenant.path))
    tenant.control("PUT", "settings", {"page_size": 5})
    tenant.control("PUT", "faults", [{"effect": "slip", "times": times}])
    given, out, err = cli(GROUP, "assess")
    assert given == code
    assert ("slipped between two pages" in " ".join((out + err).split())) == (times != 0)


def test_the_whole_way_with_a_saved_plan(contoso, cli, tmp_path):
    plan, journal = tmp_path / "plan.json", tmp_path / "journal.jsonl"
    code, out, _ = cli(GROUP, "plan", "--plan", plan)
    assert code == 2
    assert "21 to add sid uri" in out
    assert stat.S_IMODE(plan.stat().st_mode) == 0o600
    code, out, _ = cli(GROUP, "apply", "--plan", plan, "--journal", journal, "--yes")
    assert code == 0
    assert "SIMULATOR: 21 profiles changed." in out
    assert str(journal) in out
    assert cli(GROUP, "plan")[0] == 0
    assert cli(GROUP, "verify", "--journal", journal)[0] == 0
    code, out, _ = cli(GROUP, "rollback", "--journal", journal, "--dry-run")
    assert code == 2
    assert "21 profiles would be rolled back" in out
    assert cli(GROUP, "rollback", "--journal", journal, "--yes")[0] == 0
    assert cli(GROUP, "plan")[0] == 2


def test_choices_reach_the_plan(contoso, cli):
    code, out, _ = cli(
        GROUP,
        "plan",
        "--include-android",
        "--include-device-certificates",
        "--include-legacy-san",
        "-o",
        "json",
    )
    assert code == 2
    data = json.loads(out)
    assert data["counts"]["actions"]["add_sid_uri"] == 21 + 12 + 4
    assert sum(row["status"] == "planned" for row in data["profiles"]) == 21 + 12 + 4
    assert data["choices"]["include_android"] is True


def test_a_failed_profile_makes_a_failed_run(contoso, cli, tmp_path):
    rule = {"match": {"method": "PATCH", "nth": list(range(3, 40))}, "effect": 400}
    contoso.control("PUT", "faults", [rule])
    code, out, _ = cli(GROUP, "apply", "--yes", "--journal", tmp_path / "j", "--output", "json")
    data = json.loads(out)
    assert code == 1
    assert data["failed"]
    statuses = data["counts"]["statuses"]
    assert (statuses["applied"], statuses["failed"]) == (2, 19)


def test_nobody_to_ask_changes_nothing(contoso, cli):
    refused(cli(GROUP, "apply"), "Nothing was changed", "--yes")
    assert not contoso.requests("PATCH")


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("plan", "--only", "Nobody"), ("--only", "'Nobody'")),
        (("plan", "--max-changes", "3"), ("--max-changes", "21 profiles")),
        (("apply", "--plan", "missing.json", "--yes"), ("missing.json", "cannot be read")),
        (("apply", "--plan", "README.md", "--yes"), ("README.md", "not valid JSON")),
        (("verify", "--journal", "missing"), ("missing", "cannot be read")),
        (("rollback", "--journal", "README.md"), ("README.md", "damaged")),
        (("apply", "--plan", "x", "--include-android", "--yes"), ("not both",)),
    ],
)
def test_wrong_input_is_refused_in_one_line(contoso, cli, arguments, parts):
    refused(cli(GROUP, *arguments), *parts)
    assert not contoso.requests("PATCH")


@pytest.mark.parametrize(
    "arguments",
    [
        ("plan", "--max-changes", "-1"),
        ("assess", "--nonsense"),
        ("nonsense",),
        ("assess", "--output", "xml"),
    ],
)
def test_wrong_usage_is_not_mistaken_for_findings(contoso, cli, arguments):
    assert cli(GROUP, *arguments)[0] == 1


def test_a_journal_of_another_tenant(contoso, cli, simulated, tmp_path, monkeypatch):
    journal = tmp_path / "j"
    assert cli(GROUP, "apply", "--yes", "--journal", journal)[0] == 0
    content = journal.read_bytes()
    other = simulated(bulk(3), name="bulk3")
    monkeypatch.setenv("INTUNE_SCEP_SIMULATOR", str(other.path))
    for command in (("rollback", "--yes"), ("verify",), ("apply", "--yes")):
        answer = cli(GROUP, *command, "--journal", journal)
        refused(answer, "journal of tenant", contoso.door.tenant_id, other.door.tenant_id)
    assert journal.read_bytes() == content


@pytest.mark.parametrize("resumed", [True, False])
def test_a_journal_that_was_cut_in_a_record_is_resumed_and_rolled_back(
    contoso, cli, tmp_path, resumed
):
    journal = tmp_path / "j"
    before = contoso.profiles()
    assert cli(GROUP, "apply", "--yes", "--journal", journal)[0] == 0
    journal.write_bytes(journal.read_bytes()[:-20])
    if resumed:
        assert cli(GROUP, "apply", "--journal", journal, "--yes")[0] == 0
        assert len(contoso.requests("PATCH")) == 21
    code, out, _ = cli(GROUP, "rollback", "--journal", journal, "--yes", "-o", "json")
    assert (code, json.loads(out)["counts"]["statuses"]["applied"]) == (0, 21)
    assert names_of(contoso.profiles()) == names_of(before)


def test_a_tenant_file_that_is_not_one(cli, tmp_path):
    (tmp_path / "x.db").write_text("not a database, but long enough to look like a file " * 20)
    for path in (tmp_path / "x.db", tmp_path / "missing.db", tmp_path):
        refused(cli(GROUP, "assess", "--cloud", "simulator", "--simulator", path), str(path))


def test_no_credentials_never_means_the_simulator(cli, simulated, monkeypatch):
    refused(cli(GROUP, "assess"), "No credentials", "AZURE_CLIENT_SECRET", "simulator")
    refused(cli(GROUP, "assess", "--cloud", "simulator"), "simulator seed")
    monkeypatch.setenv("INTUNE_SCEP_SIMULATOR", str(simulated("contoso").path))
    refused(cli(GROUP, "assess"), "INTUNE_SCEP_SIMULATOR is set", "--cloud (INTUNE_SCEP_CLOUD) to")


@pytest.mark.parametrize(
    ("environment", "parts"),
    [
        ({"AZURE_CLIENT_SECRET": "s"}, ("--tenant", "--client-id")),
        ({"INTUNE_SCEP_CLOUD": "mars"}, ("cloud", "mars")),
        ({"INTUNE_SCEP_ENDPOINT": "http://graph.microsoft.com"}, ("endpoint", "https")),
        ({"INTUNE_SCEP_ENDPOINT": "https://u:p@x"}, ("endpoint",)),
        (
            {"INTUNE_SCEP_TIMEOUT": "soon", "INTUNE_SCEP_ACCESS_TOKEN": "x"},
            ("INTUNE_SCEP_TIMEOUT",),
        ),
        ({"INTUNE_SCEP_AUTH_SOURCE": "magic"}, ("--auth-source",)),
    ],
)
def test_connection_options_are_checked_before_anything_is_sent(
    cli, monkeypatch, environment, parts
):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    refused(cli(GROUP, "assess"), *parts)


class TestOnTheWire:
    """Problems that only a real server and real sign-in have."""

    @pytest.fixture(autouse=True)
    def _environment(self, monkeypatch):
        monkeypatch.setenv("INTUNE_SCEP_CLOUD", "simulator")

    def test_a_token_from_the_simulator_works(self, served, cli, monkeypatch):
        monkeypatch.setenv("INTUNE_SCEP_ENDPOINT", served.url)
        monkeypatch.setenv("INTUNE_SCEP_ACCESS_TOKEN", served.token())
        assert cli(GROUP, "assess")[0] == 2

    def test_the_simulator_is_named_even_when_another_cloud_was(self, served, cli, monkeypatch):
        monkeypatch.setenv("INTUNE_SCEP_CLOUD", "public")
        monkeypatch.setenv("INTUNE_SCEP_ENDPOINT", served.url)
        monkeypatch.setenv("INTUNE_SCEP_ACCESS_TOKEN", served.token())
        assert "SIMULATOR" in cli(GROUP, "assess")[1].splitlines()[0]

    def test_an_expired_token(self, served, cli, monkeypatch):
        token = served.token(expires_in=-10)
        monkeypatch.setenv("INTUNE_SCEP_ENDPOINT", served.url)
        monkeypatch.setenv("INTUNE_SCEP_ACCESS_TOKEN", token)
        answer = cli(GROUP, "assess")
        refused(answer, "expired", "INTUNE_SCEP_ACCESS_TOKEN")
        assert token not in answer[2]

    def test_a_garbled_token(self, served, cli, monkeypatch):
        monkeypatch.setenv("INTUNE_SCEP_ENDPOINT", served.url)
        monkeypatch.setenv("INTUNE_SCEP_ACCESS_TOKEN", "garbage")
        refused(cli(GROUP, "assess"), "401", "Sign in again")

    def test_a_missing_permission(self, served, cli, monkeypatch):
        monkeypatch.setenv("INTUNE_SCEP_ENDPOINT", served.url)
        monkeypatch.setenv("INTUNE_SCEP_ACCESS_TOKEN", served.token(roles=["User.Read.All"]))
        refused(cli(GROUP, "assess"), "403", "DeviceManagementConfiguration.Read.All")

    def test_a_permission_to_read_only(self, served, cli, monkeypatch, tmp_path):
        roles = ["DeviceManagementConfiguration.Read.All"]
        monkeypatch.setenv("INTUNE_SCEP_ENDPOINT", served.url)
        monkeypatch.setenv("INTUNE_SCEP_ACCESS_TOKEN", served.token(roles=roles))
        answer = cli(GROUP, "apply", "--journal", tmp_path / "j")
        refused(answer, "DeviceManagementConfiguration.ReadWrite.All", "Nothing was changed")
        assert not (tmp_path / "j").exists()

    def test_a_server_that_sends_no_json(self, served, cli, monkeypatch):
        rule = {"match": {"method": "GET"}, "effect": "malformed_json"}
        served.control("PUT", "faults", [rule])
        monkeypatch.setattr("intune_scep.graph.retry.MAX_ATTEMPTS", 2)
        monkeypatch.setenv("INTUNE_SCEP_ENDPOINT", served.url)
        monkeypatch.setenv("INTUNE_SCEP_ACCESS_TOKEN", served.token())
        refused(cli(GROUP, "assess"), "not JSON")

    def test_a_drip_ends_at_the_time_limit(self, served, cli, monkeypatch):
        served.control("PUT", "faults", [{"match": {"method": "GET"}, "effect": "drip"}])
        monkeypatch.setattr("intune_scep.graph.retry.MAX_ATTEMPTS", 2)
        monkeypatch.setenv("INTUNE_SCEP_TIMEOUT", "0.5")
        monkeypatch.setenv("INTUNE_SCEP_ENDPOINT", served.url)
        monkeypatch.setenv("INTUNE_SCEP_ACCESS_TOKEN", served.token())
        refused(cli(GROUP, "assess"), "within 0.5 s")

    def test_an_unreachable_host(self, cli, monkeypatch):
        monkeypatch.setattr("intune_scep.graph.retry.MAX_ATTEMPTS", 2)
        monkeypatch.setenv("INTUNE_SCEP_ENDPOINT", "http://127.0.0.1:9")
        monkeypatch.setenv("INTUNE_SCEP_ACCESS_TOKEN", "x")
        refused(cli(GROUP, "assess"), "http://127.0.0.1:9 cannot be reached")

    def test_a_certificate_that_does_not_verify(self, served_https, cli, monkeypatch):
        monkeypatch.setenv("INTUNE_SCEP_ENDPOINT", served_https.url)
        monkeypatch.setenv("INTUNE_SCEP_ACCESS_TOKEN", served_https.token())
        refused(cli(GROUP, "assess"), "could not be verified", "SSL_CERT_FILE")

    def test_signing_in_with_a_secret(self, served_https, cli, monkeypatch):
        application = SCENARIOS["contoso"]().applications[0]
        monkeypatch.setenv("SSL_CERT_FILE", str(served_https.ca))
        monkeypatch.setenv("INTUNE_SCEP_ENDPOINT", served_https.url)
        monkeypatch.setenv("AZURE_TENANT_ID", SCENARIOS["contoso"]().tenant_id)
        monkeypatch.setenv("AZURE_CLIENT_ID", application.client_id)
        monkeypatch.setenv("AZURE_CLIENT_SECRET", application.secret)
        assert cli(GROUP, "assess")[0] == 2
        monkeypatch.setenv("AZURE_CLIENT_SECRET", "wrong-secret-value")
        answer = cli(GROUP, "assess")
        refused(answer, "No token", "AADSTS7000215")
        assert "wrong-secret-value" not in answer[2]
