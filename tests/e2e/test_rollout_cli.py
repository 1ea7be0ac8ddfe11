"""A rollout by the command: started, gone on with, looked at, stopped, taken back, refused."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import pytest
import yaml

from intune_scep.rollout.file import load_rollout
from intune_scep.rollout.journal import journal_path, open_journal
from intune_scep.rollout.state import Word
from intune_scep.simulator.driver import FleetDriver
from intune_scep.simulator.scenario import build_scenario
from intune_scep.simulator.scenarios.rollout import profile_id

from .commands import COMMAND, mapped, printed_command, refused, running, until, writes

ROLLOUT = ("strong-mapping", "rollout")
HOUR = 3600
FIRST = "Windows user Wi-Fi"
RINGS = [
    {"name": "first", "profiles": [FIRST]},
    {"name": "broad", "profiles": ["iOS user Wi-Fi", "macOS user Wi-Fi"]},
]
OTHER = "00000000-0000-0000-0000-0000000000aa"


@pytest.fixture
def tenant(use, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INTUNE_SCEP_STATE", str(tmp_path / "state"))
    tenant = use(build_scenario("rollout", {"devices": 40}), "rollout-40")
    tenant.control("PUT", "settings", {"missing_sid": "issues"})
    return tenant


@pytest.fixture
def file(tenant, tmp_path):
    return write(tmp_path)


def write(tmp_path, **more):
    content = {"rollout": "r", "strategy": "in_place", "rings": RINGS, "gates": {"soak": "24h"}}
    path = tmp_path / "strong-mapping.yml"
    path.write_text(yaml.safe_dump({**content, **more}, sort_keys=False), encoding="utf-8")
    return path


@pytest.fixture
def started(file, cli):
    code, out, err = cli(*ROLLOUT, "start", "--yes", "--reason", "CHG0042")
    assert code == 0, err
    return out


def journals(tmp_path):
    return sorted((tmp_path / "state").glob("**/*.jsonl"))


def advance(tenant, hours):
    with FleetDriver(tenant.path) as driver:
        driver.advance(hours * HOUR)


def signed_out(monkeypatch):
    """Nothing says any more how to reach a tenant."""
    for name in ("INTUNE_SCEP_CLOUD", "INTUNE_SCEP_SIMULATOR"):
        monkeypatch.delenv(name)


class TestStart:
    def test_a_dry_run_says_what_the_first_ring_changes_and_writes_nothing(
        self, file, cli, tenant, tmp_path
    ):
        code, out, err = cli(*ROLLOUT, "start", "--dry-run")
        assert (code, err) == (0, "")
        assert "Dry run: nothing is written." in out
        assert f"{FIRST} [" in out
        assert "The state would be kept in" in out
        assert not writes(tenant)
        assert not journals(tmp_path)

    def test_where_nobody_can_be_asked_it_is_refused(self, file, cli, tenant, tmp_path):
        code, _, err = cli(*ROLLOUT, "start")
        assert code == 1
        assert err == "Error: Nobody can be asked here. Nothing was changed. Give --yes.\n"
        assert not writes(tenant)
        assert not journals(tmp_path)

    @pytest.mark.parametrize("agrees", [True, False])
    def test_it_asks_with_what_it_costs(self, file, cli, tenant, monkeypatch, agrees):
        asked = []
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
        monkeypatch.setattr("typer.confirm", lambda words, **_: asked.append(words) or agrees)
        code, _, _ = cli(*ROLLOUT, "start")
        assert code == (0 if agrees else 1)
        assert asked[0].startswith("Start the rollout 'r'? ")
        assert mapped(tenant) == int(agrees)

    def test_it_is_started_once(self, started, cli, tenant):
        assert "Started." in started
        assert "The state is kept in" in started
        answer = cli(*ROLLOUT, "start", "--yes")
        refused(answer, "is started already", "`intune-scep strong-mapping rollout run`")
        assert mapped(tenant) == 1

    def test_without_the_permission_to_write_nothing_is_written_anywhere(
        self, file, cli, tenant, tmp_path, monkeypatch
    ):
        monkeypatch.setattr(
            "intune_scep.graph.connect.granted",
            lambda claims: frozenset({"DeviceManagementConfiguration.Read.All"}),
        )
        answer = cli(*ROLLOUT, "start", "--yes", "-o", "json")
        refused(answer, "DeviceManagementConfiguration.ReadWrite.All", "Nothing was changed")
        assert not writes(tenant)
        assert not journals(tmp_path)


class TestNotStarted:
    def test_a_tick_says_how_to_start_and_keeps_nothing(self, file, cli, tmp_path):
        code, out, _ = cli(*ROLLOUT, "run")
        assert code == 2
        assert "It is not started yet." in out
        assert "`intune-scep strong-mapping rollout start`" in out
        assert not journals(tmp_path)

    @pytest.mark.parametrize("verb", ["pause", "promote", "cancel", "rollback", "resume"])
    def test_there_is_nothing_to_decide(self, file, cli, tmp_path, verb):
        more = () if verb in {"pause", "resume"} else ("--yes",)
        code, _, err = cli(*ROLLOUT, verb, "--reason", "x", *more)
        assert code == 1
        assert err.startswith("Error: The rollout 'r' ")
        assert not journals(tmp_path)

    def test_its_status_is_an_error_of_its_own_code(self, file, cli):
        code, out, err = cli(*ROLLOUT, "status")
        assert (code, out) == (2, "")
        assert "The rollout 'r' is not started" in err
        assert "rollout start`" in err


class TestRun:
    def test_it_goes_ring_by_ring_to_its_end(self, started, cli, tenant):
        code, out, _ = cli(*ROLLOUT, "run")
        assert code == 0
        assert "Waits, ring 'first': soak: " in out
        advance(tenant, 25)
        code, out, _ = cli(*ROLLOUT, "run", "--dry-run")
        assert (code, mapped(tenant)) == (0, 1)
        assert "2 profiles would be changed." in out
        code, out, _ = cli(*ROLLOUT, "run", "-o", "json")
        told = json.loads(out)
        assert (code, mapped(tenant)) == (0, 3)
        assert [ring["state"] for ring in told["rings"]] == ["completed", "activated"]
        advance(tenant, 25)
        assert cli(*ROLLOUT, "run")[0] == 0
        code, out, _ = cli(*ROLLOUT, "run")
        assert code == 0
        assert "Rollout r: completed, 2 rings" in out

    def test_a_failure_freezes_and_resume_alone_goes_on(self, tenant, cli, tmp_path):
        write(tmp_path, gates={"soak": "24h", "max_failed": {"share": "5%"}})
        assert cli(*ROLLOUT, "start", "--yes")[0] == 0
        with FleetDriver(tenant.path) as driver:
            driver.fail(profile_id(FIRST), 1.0)
        advance(tenant, 25)
        code, out, _ = cli(*ROLLOUT, "run")
        assert code == 1
        assert "is frozen" in out
        code, out, _ = cli(*ROLLOUT, "run")
        assert code == 1
        assert "`intune-scep strong-mapping rollout resume`" in out
        assert cli(*ROLLOUT, "status")[0] == 1
        refused(cli(*ROLLOUT, "start", "--yes"), "is started already: it is frozen")

    def test_what_cannot_be_read_is_a_code_of_its_own(self, tenant, cli, tmp_path):
        write(tmp_path, gates={"soak": "24h", "connector": "healthy"})
        assert cli(*ROLLOUT, "start", "--yes")[0] == 0
        advance(tenant, 25)
        rule = {"match": {"path": "ndesConnectors"}, "when": "before", "effect": 403}
        tenant.control("PUT", "faults", [rule])
        code, out, _ = cli(*ROLLOUT, "run")
        assert code == 3
        assert "Not known, ring 'first': connector: " in out

    def test_an_approval_is_a_person_s_and_promote_gives_it(self, tenant, cli, tmp_path):
        write(tmp_path, gates={"soak": "24h", "approval": "required"})
        assert cli(*ROLLOUT, "start", "--yes")[0] == 0
        advance(tenant, 25)
        code, out, _ = cli(*ROLLOUT, "run")
        assert code == 2
        assert "A person must act, ring 'first'" in out
        assert cli(*ROLLOUT, "promote", "--yes", "--reason", "Help desk saw nothing")[0] == 0
        assert mapped(tenant) == 3

    def test_ctrl_c_in_a_ring_ends_in_order_and_the_next_tick_goes_on(self, tenant, cli, tmp_path):
        write(tmp_path, rings=[{"name": "all", "profiles": RINGS[1]["profiles"] + [FIRST]}])
        rule = {"match": {"nth": [1]}, "effect": "lag", "seconds": 600}
        tenant.control("PUT", "faults", [rule])
        with running(*ROLLOUT, "start", "--yes") as process:
            assert process.stderr.readline().startswith("Journal: ")
            until(lambda: writes(tenant))
            process.send_signal(signal.SIGINT)
            assert "Stopping after the profile" in process.stderr.readline()
            tenant.control("DELETE", "faults")
            out, err = process.communicate(timeout=60)
        assert process.returncode == 130, err
        assert "Traceback" not in out + err
        assert 1 <= mapped(tenant) < 3
        code, _, _ = cli("runs")
        assert code == 2
        assert cli(*ROLLOUT, "run")[0] == 0
        assert mapped(tenant) == 3
        assert cli("runs")[0] == 0

    def test_two_at_once_exclude_each_other(self, started, cli, tenant):
        from intune_scep.files import tenant_lock

        with tenant_lock(tenant.door.tenant_id, job="the rollout r", name="rollout"):
            refused(cli(*ROLLOUT, "run"), "the rollout r", f"process {os.getpid()}")

    def test_in_a_pipe_nothing_but_the_journal_goes_to_standard_error(self, file, tenant):
        with running(*ROLLOUT, "start", "--yes", "-o", "json") as process:
            out, err = process.communicate(timeout=60)
        assert process.returncode == 0
        assert json.loads(out)["rollout"] == "r"
        assert err.startswith("Journal: ")
        assert len(err.splitlines()) == 1

    def test_on_a_terminal_it_says_what_is_being_read(self, tenant, cli, tmp_path, monkeypatch):
        write(tmp_path, gates={"soak": "24h", "seen": "50%", "max_failed": {"share": "50%"}})
        told = []

        @contextmanager
        def bar(label):
            yield lambda done, total, name: told.append(name)

        for place in ("rollout_verbs", "running"):
            monkeypatch.setattr(f"intune_scep.cli.{place}.progress_bar", bar)
        assert cli(*ROLLOUT, "start", "--yes")[0] == 0
        assert {"Reading the profiles", "Reading the certificates", "Reading check-ins"} <= set(
            told
        )


class TestDecisions:
    @pytest.mark.parametrize("verb", ["pause", "promote", "cancel", "rollback"])
    @pytest.mark.parametrize("given", [(), ("--reason", ""), ("--reason", "  ")])
    def test_a_reason_is_required(self, started, cli, tenant, verb, given):
        more = () if verb == "pause" else ("--yes",)
        code, _, err = cli(*ROLLOUT, verb, *given, *more)
        assert code == 1
        assert "--reason" in err
        assert "Traceback" not in err
        assert mapped(tenant) == 1

    def test_a_pause_holds_until_it_is_resumed(self, started, cli, tenant):
        assert cli(*ROLLOUT, "pause", "--reason", "CA maintenance")[0] == 0
        advance(tenant, 25)
        code, out, _ = cli(*ROLLOUT, "run")
        assert (code, mapped(tenant)) == (2, 1)
        assert "CA maintenance" in out
        assert "`intune-scep strong-mapping rollout resume`" in out
        assert cli(*ROLLOUT, "status")[0] == 2
        assert cli(*ROLLOUT, "resume")[0] == 0
        assert mapped(tenant) == 3
        refused(cli(*ROLLOUT, "resume"), "neither paused nor frozen")

    def test_canceled_it_stays_as_it_is(self, started, cli, tenant):
        refused(cli(*ROLLOUT, "cancel", "--reason", "x"), "Nobody can be asked here", "--yes")
        assert cli(*ROLLOUT, "cancel", "--reason", "Another CA", "--yes")[0] == 0
        code, out, _ = cli(*ROLLOUT, "run")
        assert (code, mapped(tenant)) == (2, 1)
        assert "Another CA" in out
        refused(cli(*ROLLOUT, "pause", "--reason", "x"), "cannot be paused: it is canceled")

    def test_taken_back_nothing_is_left_of_it(self, started, cli, tenant):
        code, out, _ = cli(*ROLLOUT, "rollback", "--reason", "Wi-Fi fails", "--dry-run")
        assert (code, mapped(tenant)) == (2, 1)
        assert "Dry run: nothing is written." in out
        assert cli(*ROLLOUT, "rollback", "--reason", "Wi-Fi fails", "--yes")[0] == 0
        assert mapped(tenant) == 0
        assert "canceled" in cli(*ROLLOUT, "status")[1]

    def test_a_rollback_that_fails_says_so_by_its_code(self, started, cli, tenant):
        rule = {"match": {"method": "PATCH"}, "when": "before", "effect": 400}
        tenant.control("PUT", "faults", [rule])
        assert cli(*ROLLOUT, "rollback", "--reason", "Wi-Fi fails", "--yes")[0] == 1
        tenant.control("DELETE", "faults")
        again = ("rollback", "--reason", "Wi-Fi fails", "--yes", "--patience", 2)
        assert cli(*ROLLOUT, *again)[0] == 0
        assert mapped(tenant) == 0


class TestStatus:
    def test_it_signs_in_nowhere(self, started, cli, tenant, monkeypatch, tmp_path):
        signed_out(monkeypatch)
        code, out, err = cli(*ROLLOUT, "status")
        assert (code, err) == (0, "")
        assert tenant.door.tenant_id in out.splitlines()[0]
        assert "SIMULATOR" in out.splitlines()[0]
        [kept] = [path for path in journals(tmp_path) if path.name == "r.rollout.jsonl"]
        assert f"Kept in {kept}" in out.splitlines()
        assert cli(*ROLLOUT, "status", "--journal", kept)[:2] == (0, out)
        assert cli(*ROLLOUT, "status", "--tenant", tenant.door.tenant_id)[:2] == (0, out)

    def test_of_several_tenants_the_one_that_is_meant(
        self, started, file, cli, tenant, monkeypatch
    ):
        mine = tenant.door.tenant_id
        begin_for(OTHER, file)
        code, out, _ = cli(*ROLLOUT, "status")
        assert (code, mine in out.splitlines()[0]) == (0, True), "who is signed in"
        code, out, _ = cli(*ROLLOUT, "status", "--tenant", OTHER, "--cloud", "public")
        assert (code, OTHER in out.splitlines()[0]) == (0, True)
        signed_out(monkeypatch)
        code, out, _ = cli(*ROLLOUT, "status", "--cloud", "public")
        assert (code, OTHER in out.splitlines()[0]) == (0, True), "the cloud tells them apart"
        code, _, err = cli(*ROLLOUT, "status")
        assert code == 1
        assert "Several tenants have a rollout 'r' here" in err
        assert mine in err
        assert OTHER in err
        assert "--tenant" in err

    def test_one_that_was_never_started_is_not_meant(self, started, file, cli, tenant):
        begin_for(OTHER, file, started=False)
        code, out, _ = cli(*ROLLOUT, "status")
        assert (code, tenant.door.tenant_id in out.splitlines()[0]) == (0, True)

    @pytest.mark.parametrize("columns", [60, 80, 120, 200])
    @pytest.mark.parametrize("where", ["pipe", "terminal"])
    def test_at_any_width_a_line_is_one_line(self, started, columns, where):
        code, out = shown_at(columns, where)
        assert code == 0
        lines = re.sub(r"\x1b\[[0-9;]*m", "", out).splitlines()
        assert any(line.startswith("  1 first  activated") for line in lines), out
        assert any(line.startswith("Kept in /") and line.endswith(".jsonl") for line in lines)
        assert ("\x1b" in out) == (where == "terminal")

    def test_as_data(self, started, cli):
        told = json.loads(cli(*ROLLOUT, "status", "-o", "json")[1])
        assert (told["rollout"], told["state"]) == ("r", "activated")
        assert told["started"]["reason"] == "CHG0042"
        assert told["journal"].endswith("r.rollout.jsonl")

    def test_watched_until_ctrl_c(self, started):
        with running(*ROLLOUT, "status", "--watch") as process:
            assert "Rollout: tenant" in process.stdout.readline()
            time.sleep(0.5)
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=60)
        assert process.returncode == 130
        assert err == "Interrupted.\n"

    def test_the_journal_of_another_rollout_or_tenant_is_refused(self, started, cli, tmp_path):
        [kept] = [path for path in journals(tmp_path) if path.name == "r.rollout.jsonl"]
        write(tmp_path, rollout="another")
        answer = cli(*ROLLOUT, "status", "--journal", kept)
        refused(answer, "is the journal of the rollout 'r'", "'another'")
        refused(cli(*ROLLOUT, "run", "--journal", kept), "is the journal of the rollout 'r'")
        write(tmp_path)
        answer = cli(*ROLLOUT, "status", "--journal", kept, "--tenant", OTHER)
        refused(answer, "is the journal of tenant", OTHER, "--tenant")

    @pytest.mark.parametrize("verb", ["run", "status", "start"])
    def test_a_wrong_file_is_refused_with_place_and_cure(self, tenant, cli, tmp_path, verb):
        write(tmp_path, gates={"reissue": "95%"})
        code, _, err = cli(*ROLLOUT, verb)
        assert code == 1
        assert "gates.reissue is not known here. Similar: reissued." in err
        code, _, err = cli(*ROLLOUT, verb, "none.yml")
        assert code == 1
        assert "none.yml cannot be read: No such file or directory." in err

    def test_a_journal_of_something_else_is_refused(self, file, cli, tmp_path):
        (tmp_path / "j").write_text('{"record": "run"}\n')
        code, _, err = cli(*ROLLOUT, "status", "--journal", "j")
        assert code == 1
        assert "Traceback" not in err


def begin_for(tenant, file, *, started=True):
    """Let another tenant have a rollout of this file."""
    at = datetime(2026, 11, 2, 8, tzinfo=UTC)
    content = load_rollout(file)
    path = journal_path(tenant, content.name)
    with open_journal(path, tenant, "public", content, at, dry_run=False) as journal:
        if started:
            journal.note_word("started", Word("anna", "", at))


def shown_at(columns, where):
    """The exit code and the text of a status, in a pipe or on a terminal of some width."""
    environment = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm-256color"}
    environment.pop("NO_COLOR", None)
    command = [*COMMAND, *ROLLOUT, "status"]
    if where == "pipe":
        done = subprocess.run(command, env=environment, capture_output=True, check=False)
        assert done.stderr == b""
        return done.returncode, done.stdout.decode()
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, env=environment, stdout=theirs) as process:
        os.close(theirs)
        read = b""
        with suppress(OSError):
            while piece := os.read(ours, 4096):
                read += piece
    os.close(ours)
    return process.returncode, read.decode()


class TestRuns:
    def test_a_rollout_is_listed_with_the_command_that_goes_on(self, started, cli, tenant):
        code, out, err = cli("runs")
        assert (code, err) == (0, "")
        assert "rollout r, tenant" in out
        assert "Note" not in out
        go_on = printed_command(out, "go on")
        assert go_on[:3] == ["strong-mapping", "rollout", "run"]
        assert cli(*go_on)[0] == 0
        told = json.loads(cli("runs", "-o", "json")[1])
        [row] = told["rollouts"]
        assert (row["state"], row["rings"], row["completed"]) == ("activated", 2, 0)
        assert [run["rollout"] for run in told["runs"]] == ["r"]
        assert cli(*ROLLOUT, "pause", "--reason", "x")[0] == 0
        go_on = printed_command(cli("runs")[1], "go on")
        assert go_on[:3] == ["strong-mapping", "rollout", "resume"]
        assert cli(*ROLLOUT, "cancel", "--reason", "x", "--yes")[0] == 0
        assert "go on:" not in cli("runs")[1]

    def test_one_that_is_damaged_is_noted(self, started, cli, tmp_path):
        [kept] = [path for path in journals(tmp_path) if path.name == "r.rollout.jsonl"]
        kept.write_text('{"record": "rollout"}\n')
        code, out, _ = cli("runs")
        assert code == 0
        assert f"Note: Journal {kept} is damaged" in out
