"""`strong-mapping verify --certificates` as its user runs it, on a tenant whose time passes."""

import io
import json

import pytest
from rich.console import Console
from tests.unit.active_directory.exports import THUMBPRINT, event

from intune_scep import IntuneClient
from intune_scep.changes.journal import read_journal
from intune_scep.cli import proving
from intune_scep.cli.proof_text import show_proof
from intune_scep.connection import ConnectionOptions
from intune_scep.simulator.scenarios.bulk import bulk
from intune_scep.simulator.scenarios.rollout import build, profile_id
from intune_scep.strong_mapping.keeping import kept_in

from .commands import refused

GROUP = "strong-mapping"
HOUR = 3600


@pytest.fixture
def rollout(use):
    return use(build(40), "rollout40")


@pytest.fixture
def passing(monkeypatch):
    """Return a function that lets so many hours pass in a tenant between two rounds."""

    def let(tenant, hours):
        waited = []

        def wait(seconds):
            waited.append(seconds)
            assert len(waited) < 50, "it waits for ever"
            tenant.control("POST", "clock", {"advance": hours * HOUR})

        monkeypatch.setattr(proving, "wait", wait)
        return waited

    return let


@pytest.fixture
def journal(tmp_path):
    return tmp_path / "run.jsonl"


def apply(cli, journal, *options):
    code, _, err = cli(GROUP, "apply", "--yes", "--journal", journal, *options)
    assert code == 0, err


def verify(cli, journal, *options):
    return cli(GROUP, "verify", "--journal", journal, "--certificates", *options)


def pass_hours(tenant, hours):
    tenant.control("POST", "clock", {"advance": hours * HOUR})


def test_right_after_a_run_nobody_is_done_and_the_time_of_a_full_answer_is_told(
    rollout, cli, journal
):
    apply(cli, journal)
    code, out, _ = verify(cli, journal)
    assert code == 2
    assert "SIMULATOR" in out.splitlines()[0]
    assert "Windows user Wi-Fi" in out
    assert "every 8 h, and the report lags up to 6 h" in out
    assert "(not reached)" in out
    assert "never shows which SID" in out
    assert out.rstrip().endswith("Not finished.")


def test_when_everybody_seen_has_a_new_one_it_is_finished(rollout, cli, journal):
    apply(cli, journal)
    pass_hours(rollout, 24)
    code, out, _ = verify(cli, journal, "--output", "json")
    told = json.loads(out)
    unfinished = [item["name"] for item in told["profiles"] if not item["is_done"]]
    counts = [item["certificates"] for item in told["profiles"]]
    # Users without a SID get no certificate, so their devices are never done.
    assert code == (2 if unfinished else 0)
    assert len(unfinished) == sum(bool(item["not_reissued"]) for item in counts)
    assert all(
        item["devices"] == item["reissued"] + item["not_reissued"] + item["not_seen"]
        for item in counts
    )
    assert sum(item["reissued"] for item in counts)


def test_a_watch_tells_a_line_a_round_and_ends_when_there_is_nothing_to_wait_for(
    use, cli, journal, passing
):
    tenant = use(build(26), "rollout26")
    waited = passing(tenant, 2)
    apply(cli, journal)
    code, out, _ = verify(cli, journal, "--watch", "--every", "2h")
    assert code == 0
    rounds = [line for line in out.splitlines() if line[:2] == "20" and "re-issued" in line]
    assert len(rounds) == len(waited)
    assert set(waited) == {2 * HOUR}
    assert 6 <= len(waited) <= 8
    assert "Every device that was seen since the change has a new certificate." in out


def test_a_watch_for_machines_is_one_object_a_line(use, cli, journal, passing):
    tenant = use(build(26), "rollout26")
    passing(tenant, 4)
    apply(cli, journal)
    code, out, _ = verify(cli, journal, "--watch", "--output", "json")
    rounds = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert rounds[0]["finish"] == "pending"
    assert rounds[-1]["finish"] == "complete"
    assert [item["as_of"] for item in rounds] == sorted(item["as_of"] for item in rounds)


def test_a_watch_lives_through_a_round_that_cannot_be_read(use, cli, journal, monkeypatch):
    tenant = use(build(26), "rollout26")
    apply(cli, journal)
    rule = {"match": {"path": "deviceConfigurations"}, "effect": 400}
    struck = [[rule], [], [rule], []]

    def wait(_seconds):
        tenant.control("POST", "clock", {"advance": 5 * HOUR})
        tenant.control("PUT", "faults", struck.pop(0) if struck else [])

    monkeypatch.setattr(proving, "wait", wait)
    code, out, _ = verify(cli, journal, "--watch")
    assert code == 0
    assert out.count("could not be read") == 2


def test_a_watch_gives_up_where_no_round_can_be_read_any_more(use, cli, journal, monkeypatch):
    tenant = use(build(26), "rollout26")
    apply(cli, journal)
    rule = {"match": {"path": "deviceConfigurations"}, "effect": 400}
    monkeypatch.setattr(proving, "wait", lambda _: tenant.control("PUT", "faults", [rule]))
    code, out, _ = verify(cli, journal, "--watch")
    assert code == 1
    assert out.count("could not be read;") == 2
    # The last round is shown whole.
    assert out.endswith("Failed: a profile is not as the run left it.\n")


def test_ctrl_c_ends_a_watch_after_what_was_seen(rollout, cli, journal, monkeypatch):
    def interrupted(_seconds):
        raise KeyboardInterrupt

    apply(cli, journal)
    monkeypatch.setattr(proving, "wait", interrupted)
    code, out, _ = verify(cli, journal, "--watch")
    assert code == 130
    assert "Windows user Wi-Fi: 0 of 0 seen re-issued" in out


@pytest.mark.parametrize("width", [40, 80, 99, 100, 200])
def test_no_name_is_lost_however_narrow_the_terminal(rollout, cli, journal, width):
    apply(cli, journal)
    pass_hours(rollout, 12)
    with IntuneClient(ConnectionOptions.from_environment()) as client:
        found = client.strong_mapping.verify_certificates(journal)
    target = Console(file=io.StringIO(), width=width)
    show_proof(target, found)
    text = " ".join(target.file.getvalue().split())
    for item in found.profiles:
        assert item.name in text
        assert f"{len(item.reissuance.reissued)}" in text


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--watch",), "--watch needs --certificates"),
        (("--issued", "x.cer"), "--issued needs --certificates"),
        (("--certificates", "--expected", "x.csv"), "--expected needs --issued"),
        (("--certificates", "--watch", "--every", "10s"), "from 1m to 24h"),
        (("--certificates", "--watch", "--every", "2d"), "from 1m to 24h"),
        (("--certificates", "--watch", "--every", "soon"), "'soon'"),
        (("--certificates", "--watch", "--every", "-5m"), "from 1m to 24h"),
        (("--certificates", "--watch", "--every", ""), "from 1m to 24h"),
        (("--certificates", "--issued", ".", "--expected", "none.csv"), "none.csv"),
    ],
)
def test_options_that_would_not_be_obeyed_are_refused(rollout, cli, journal, options, told):
    rollout.control("DELETE", "requests")
    refused(cli(GROUP, "verify", "--journal", journal, *options), told)
    assert not rollout.requests()


def test_without_what_was_out_before_nothing_can_be_judged(rollout, cli, journal):
    apply(cli, journal, "--without-certificates")
    rollout.control("DELETE", "requests")
    code, out, _ = verify(cli, journal)
    assert code == 3
    assert "the journal does not hold which were out before" in out
    assert "Nothing could be told of any certificate." in out
    assert not [item for item in rollout.requests() if "exportJobs" in item["path"]]


def test_a_profile_that_is_not_as_the_run_left_it_fails(use, cli, journal):
    tenant = use(bulk(3), "bulk3")
    apply(cli, journal)
    identifier, wire = next(
        (key, wire)
        for key, wire in tenant.profiles().items()
        if wire.get("customSubjectAlternativeNames")
    )
    body = {"@odata.type": wire["@odata.type"], "customSubjectAlternativeNames": []}
    path = f"deviceManagement/deviceConfigurations/{identifier}"
    tenant.run(lambda graph: graph.session.write("PATCH", path, body))
    code, out, _ = verify(cli, journal)
    assert code == 1
    assert wire["displayName"] in out
    assert "not as the run left it" in out


def test_plain_verify_is_what_it_was(rollout, cli, journal):
    apply(cli, journal)
    rollout.control("DELETE", "requests")
    code, out, _ = cli(GROUP, "verify", "--journal", journal)
    assert code == 0
    assert "Certificates" not in out
    assert not [item for item in rollout.requests() if "exportJobs" in item["path"]]


def test_events_tell_certificates_from_before_the_run_from_newer_ones(
    rollout, cli, journal, tmp_path
):
    apply(cli, journal)
    windows = profile_id("Windows user Wi-Fi")
    old = min(kept_in(read_journal(journal)).before.serials(windows))
    events, report = tmp_path / "events.xml", tmp_path / "report.csv"
    events.write_text(event(39))
    given = ("certificate", "events", events, "--report", report, "--journal", journal)
    for serial, told in ((old, "1 from before it"), ("ABCDEF", "1 from after it")):
        report.write_text(f"PolicyId,SerialNumber,Thumbprint\n{windows},{serial},{THUMBPRINT}\n")
        code, out, _ = cli(*given)
        assert code == 2
        assert "Windows user Wi-Fi: changed 20" in out
        assert f"certificates: {told}." in out
        code, out, _ = cli(*given, "-o", "json")
        [item] = json.loads(out)["since_run"]
        assert (code, item["before"] + item["after"]) == (2, 1)
    report.write_text(f"PolicyId,SerialNumber,Thumbprint\nanother,{old},{THUMBPRINT}\n")
    assert "No event is about a profile that the run changed." in cli(*given)[1]


def test_events_with_a_journal_need_a_report(rollout, cli, journal, tmp_path):
    events = tmp_path / "events.xml"
    events.write_text(event(39))
    answer = cli("certificate", "events", events, "--journal", journal)
    refused(answer, "--journal needs --report")
