"""Runs as their user sees them: stopped by a signal, found again, finished, refused, taken back."""

import json
import signal
import sys
from dataclasses import replace

import pytest

from intune_scep.changes import ephemeral
from intune_scep.files import state_directory
from intune_scep.simulator.scenarios.bulk import bulk

from .commands import (
    SHARED_IPADS,
    journal_of,
    keep_waiting,
    let_go,
    mapped,
    printed_command,
    refused,
    running,
    small_tenant,
    until,
    writes,
)

COUNT = 6
SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)]
NO_PROFILES = {"profiles": (), "root_links": {}, "assignments": {}}
# The write is made, its answer comes too late, and so it has to be looked up.
SLOW = {"match": {"method": "PATCH"}, "when": "after", "effect": "slow", "seconds": 1.0}


@pytest.fixture
def few(use):
    return use(bulk(COUNT), f"bulk{COUNT}")


@pytest.fixture
def declared(use, cli, tmp_path):
    """A tenant with one root and one SCEP profile, and declarations that change the second."""
    tenant = use(small_tenant(), "small")
    directory = tmp_path / "declared"
    assert cli("profiles", "export", directory)[0] == 0
    [path] = directory.glob("scep-*.yml")
    path.write_text(path.read_text().replace("renewal_threshold: 20", "renewal_threshold: 30"))
    return tenant, directory


class TestStoppedByASignal:
    @pytest.mark.parametrize(("number", "code"), SIGNALS)
    def test_the_write_in_flight_ends_and_the_printed_command_finishes_the_run(
        self, few, cli, number, code
    ):
        few.control("PUT", "faults", [SLOW])
        with running("strong-mapping", "apply", "--yes", "--without-certificates") as process:
            journal = journal_of(process)
            until(lambda: few.requests("PATCH"))
            process.send_signal(number)
            out, err = process.communicate(timeout=60)
        few.control("DELETE", "faults")
        done = mapped(few)
        assert process.returncode == code, err
        assert 0 < done < COUNT
        assert len(few.requests("PATCH")) == done
        assert "Stopping after the profile that is being changed" in err
        assert f"SIMULATOR: {done} profile" in out
        assert f"{COUNT - done} held_back" in out
        assert "Traceback" not in out + err
        assert f"Journal: {journal}" in out
        back = printed_command(out, "To go back")
        assert back == ["strong-mapping", "rollback", "--journal", journal]

        found, listed, _ = cli("runs")
        assert found == 2
        assert f"unfinished, {COUNT - done} of {COUNT} left" in listed
        finish = printed_command(out, "To finish")
        assert printed_command(listed, "finish") == finish
        assert cli(*finish, "--yes")[0] == 0
        assert mapped(few) == len(few.requests("PATCH")) == COUNT
        assert cli("runs")[0] == 0
        assert cli(*back, "--yes")[0] == 0
        assert mapped(few) == 0

    def test_a_second_signal_ends_it_at_once_and_the_journal_still_finishes_it(self, few, cli):
        few.control("PUT", "faults", [{**SLOW, "seconds": 60}])
        with running("strong-mapping", "apply", "--yes", "--without-certificates") as process:
            journal = journal_of(process)
            until(lambda: few.requests("PATCH"))
            process.send_signal(signal.SIGINT)
            assert "once more to end at once" in process.stderr.readline()
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=20)
        assert process.returncode == 130
        assert journal in err
        assert "Traceback" not in err
        few.control("DELETE", "faults")
        assert cli("strong-mapping", "apply", "--journal", journal, "--yes")[0] == 0
        assert mapped(few) == len(few.requests("PATCH")) == COUNT

    @pytest.mark.parametrize(("number", "code"), SIGNALS)
    def test_a_restore_is_stopped_between_two_profiles_finished_and_taken_back(
        self, use, cli, tmp_path, number, code
    ):
        use(bulk(3, 1, platforms=("ios",)), "bulk3 ios")
        assert cli("profiles", "export", tmp_path / "b", "--format", "json")[0] == 0
        empty = use(replace(bulk(3, 1, platforms=("ios",)), **NO_PROFILES), "bulk0")
        before = empty.profiles()
        keep_waiting(empty)
        ended, journal, out = stopped(empty, number, "profiles", "apply", tmp_path / "b")
        assert ended == code
        assert len(empty.profiles()) == 1
        assert "SIMULATOR: 1 profile restored. Not as planned: 3 held_back" in out
        back = printed_command(out, "To go back")
        assert back == ["profiles", "rollback", "--journal", journal]

        found, listed, _ = cli("runs")
        assert found == 2
        assert "unfinished, 3 of 4 left" in listed
        finish = printed_command(out, "To finish")
        assert finish == ["profiles", "apply", "--journal", journal]
        assert printed_command(listed, "finish") == finish
        assert cli(*finish, "--yes")[0] == 0
        names = [wire["displayName"] for wire in empty.profiles().values()]
        assert len(names) == len(set(names)) == 4
        assert cli("runs")[0] == 0
        assert cli("profiles", "apply", tmp_path / "b", "--dry-run")[0] == 0
        assert cli(*back, "--yes")[0] == 0
        assert empty.profiles() == before

    @pytest.mark.parametrize("group", ["strong-mapping", "profiles"])
    @pytest.mark.parametrize(("number", "code"), SIGNALS)
    def test_a_rollback_is_stopped_between_two_profiles_and_gone_on_with(
        self, use, cli, tmp_path, number, code, group
    ):
        tenant, journal = _changed(group, use, cli, tmp_path)
        keep_waiting(tenant)
        ended, told, out = stopped(tenant, number, group, "rollback", "--journal", journal)
        assert (ended, told) == (code, str(journal))
        assert len(writes(tenant)) == 1
        assert "SIMULATOR: 1 profile rolled back. Not as planned: 2 held_back" in out
        finish = printed_command(out, "To finish")
        assert finish == [group, "rollback", "--journal", str(journal)]

        found, listed, _ = cli("runs")
        assert found == 2
        assert "unfinished, 2 of 3 left" in listed
        assert printed_command(listed, "finish") == finish
        assert printed_command(listed, "go back") == finish
        assert cli(*finish, "--yes")[0] == 0
        paths = [item["path"] for item in writes(tenant)]
        assert len(paths) == len(set(paths)) == 3
        found, listed, _ = cli("runs")
        assert found == 0
        assert "rolled back, 0 of 3 left" in listed
        assert "finish" not in listed
        code, out, _ = cli(*finish, "--yes")
        assert (code, "Nothing is left to roll back" in out) == (0, True)

    @pytest.mark.parametrize(("number", "code"), SIGNALS)
    def test_a_declared_state_is_stopped_between_two_profiles_and_finished(
        self, use, cli, tmp_path, number, code
    ):
        use(small_tenant(), "small")
        assert cli("profiles", "export", tmp_path / "d")[0] == 0
        empty = use(small_tenant(empty=True), "empty")
        keep_waiting(empty)
        ended, journal, out = stopped(empty, number, "profiles", "apply", tmp_path / "d")
        assert ended == code
        assert len(empty.profiles()) == 1
        assert "SIMULATOR: 1 profile changed (1 create)." in out
        assert "1 held_back" in out
        finish = printed_command(out, "To finish")
        assert finish == ["profiles", "apply", "--journal", journal]
        assert cli(*finish, "--yes")[0] == 0
        assert len(empty.profiles()) == 2
        assert cli("profiles", "apply", tmp_path / "d", "--dry-run")[0] == 0
        assert cli(*printed_command(out, "To go back"), "--yes")[0] == 0
        assert not empty.profiles()


def stopped(tenant, number, *arguments):
    """The exit code, the journal and what is printed of a command that a signal reaches in its
    first write."""
    with running(*arguments, "--yes") as process:
        journal = journal_of(process)
        until(lambda: writes(tenant))
        process.send_signal(number)
        assert "Stopping after the profile that is being changed" in process.stderr.readline()
        let_go(tenant)
        out, err = process.communicate(timeout=60)
    assert "Traceback" not in out + err
    assert f"Journal: {journal}" in out
    return process.returncode, journal, out


def _changed(group, use, cli, tmp_path):
    """A tenant of which a run changed three profiles, and the journal of that run."""
    tenant = use(bulk(3, 1, platforms=("ios",)), "bulk3 ios")
    journal = tmp_path / "a run.jsonl"
    paths = []
    if group == "profiles":
        for number in (1, 2, 3):
            wanted = {"name": f"Bulk SCEP {number:06d}", "platform": "ios", "renewal_threshold": 35}
            paths.append(tmp_path / f"{number}.yml")
            paths[-1].write_text(json.dumps({"scep_profile": wanted}))
    assert cli(group, "apply", *paths, "--yes", "--journal", journal)[0] == 0
    tenant.control("DELETE", "requests")
    return tenant, journal


class TestOnePlaceForRuns:
    def test_a_journal_that_goes_away_with_the_job_is_told_before_the_first_write(
        self, few, cli, tmp_path, monkeypatch
    ):
        monkeypatch.setattr(ephemeral, "RUNNER", tmp_path)
        code, _, err = cli("strong-mapping", "apply", "--yes", "--journal", tmp_path / "j")
        assert code == 0
        assert "The journal will be lost, and a rollback needs it" in err

    def test_runs_lists_the_journals_of_every_job(self, declared, cli, tmp_path):
        _, directory = declared
        elsewhere = tmp_path / "elsewhere.jsonl"
        assert cli("runs")[1].strip() == "No run is recorded on this machine."
        assert cli("profiles", "apply", directory, "--yes", "--journal", elsewhere)[0] == 0
        code, out, _ = cli("runs", "-o", "json")
        [row] = json.loads(out)["runs"]
        assert (code, row["task"], row["state"]) == (0, "declared_state", "finished")
        assert row["left"] == 0
        assert row["journal"] == str(elsewhere)
        assert row["finish"] is None
        _, out, _ = cli("runs")
        assert "declared state, tenant" in out
        back = printed_command(out, "go back")
        assert back == ["profiles", "rollback", "--journal", str(elsewhere)]
        assert cli(*back, "--yes")[0] == 0
        [row] = json.loads(cli("runs", "-o", "json")[1])["runs"]
        assert (row["state"], row["roll_back"]) == ("rolled back", None)
        assert cli("runs", "--tenant", "00000000-0000-0000-0000-000000000001")[1].startswith("No")

    @pytest.mark.parametrize(
        ("name", "told"),
        [
            ("users-2026.rollout.jsonl", 1),
            ("a.b.rollout.jsonl", 1),
            ("users-rollout.jsonl", 1),
            ("rollout.jsonl", 1),
            ("users-2026.rollout", 0),
        ],
    )
    def test_a_damaged_journal_is_told_once_of_a_run_and_of_a_rollout_and_hides_no_run(
        self, few, cli, name, told
    ):
        assert cli("strong-mapping", "apply", "--yes", "--without-certificates")[0] == 0
        [run] = state_directory().glob("*/*.jsonl")
        (run.parent / name).write_text('{"format": "other"}\n', encoding="utf-8")
        code, out, _ = cli("runs")
        assert code == 0
        assert str(run) in out
        assert out.count(f"{name} is damaged: line 1 is not a record.") == told

    def test_the_second_run_says_who_is_at_work_and_since_when(self, served, cli, monkeypatch):
        monkeypatch.setenv("INTUNE_SCEP_CLOUD", "simulator")
        monkeypatch.setenv("INTUNE_SCEP_ENDPOINT", served.url)
        monkeypatch.setenv("INTUNE_SCEP_ACCESS_TOKEN", served.token())
        rule = {**SLOW, "match": {"method": "PATCH", "nth": [1]}, "seconds": 5}
        served.control("PUT", "faults", [rule])
        # A report that the second run waited for would take as long as the first run does.
        served.control("PUT", "settings", {"export_seconds": 0})
        with running(
            "strong-mapping", "apply", "--yes", "--without-certificates", "-o", "json"
        ) as first:
            journal_of(first)
            answer = cli("strong-mapping", "apply", "--yes")
            out, err = first.communicate(timeout=60)
        refused(answer, "the migration to strong mapping", f"process {first.pid}", "since 20")
        assert first.returncode == 0, err
        assert json.loads(out)["counts"]["statuses"]["applied"] == 21
        assert cli("strong-mapping", "plan")[0] == 0

    def test_the_journal_is_told_before_the_first_write(self, declared, cli):
        tenant, directory = declared
        tenant.control("PUT", "faults", [{"match": {"method": "PATCH"}, "effect": 403}])
        code, out, err = cli("profiles", "apply", directory, "--yes", "-o", "json")
        assert code == 1
        assert err.splitlines()[0] == f"Journal: {json.loads(out)['journal']}"


class TestSavedPlans:
    def test_a_plan_is_written_whole_over_nothing_and_shown(self, few, cli, tmp_path):
        folder = tmp_path / "plans"
        folder.mkdir()
        file = folder / "plan.json"
        assert cli("strong-mapping", "plan", "--plan", file)[0] == 2
        content = file.read_bytes()
        refused(cli("strong-mapping", "plan", "--plan", file), str(file), "--overwrite")
        assert file.read_bytes() == content
        assert cli("strong-mapping", "plan", "--plan", file, "--overwrite")[0] == 2
        assert [path.name for path in folder.iterdir()] == ["plan.json"]
        code, out, _ = cli("plans", "show", file)
        assert (code, f"{COUNT} to add sid uri" in out) == (0, True)
        shown = json.loads(cli("plans", "show", file, "-o", "json")[1])
        assert shown["counts"]["actions"] == {"add_sid_uri": COUNT}
        file.write_text(file.read_text().replace(shown["profiles"][0]["name"], "Another"))
        refused(cli("plans", "show", file), "was changed after it was written")

    def test_a_plan_carried_out_already_says_so_and_writes_nothing(self, few, cli, tmp_path):
        file = tmp_path / "plan.json"
        cli("strong-mapping", "plan", "--plan", file)
        assert cli("strong-mapping", "apply", "--plan", file, "--yes")[0] == 0
        answer = cli("strong-mapping", "apply", "--plan", file, "--yes")
        refused(answer, "carried out already", "Make a new plan")
        assert len(few.requests("PATCH")) == COUNT

    @pytest.mark.parametrize("group", ["strong-mapping", "profiles"])
    def test_a_plan_of_another_tenant_or_another_job_is_refused(
        self, few, use, cli, tmp_path, group
    ):
        file = tmp_path / "plan.json"
        cli("strong-mapping", "plan", "--plan", file)
        if group == "profiles":
            refused(cli(group, "apply", "--plan", file, "--yes"), "another job")
        other = use(small_tenant(), "small")
        answer = cli(group, "apply", "--plan", file, "--yes")
        refused(answer, few.door.tenant_id, other.door.tenant_id)
        assert not few.requests("PATCH")
        assert not other.requests("PATCH")

    def test_declared_state_is_planned_applied_verified_and_rolled_back(
        self, declared, cli, tmp_path
    ):
        tenant, directory = declared
        before = thresholds(tenant)
        file, journal = tmp_path / "plan.json", tmp_path / "run.jsonl"
        code, out, _ = cli("profiles", "plan", directory, "--plan", file)
        assert (code, "1 to update" in out) == (2, True)
        answer = cli("profiles", "apply", directory, "--plan", file, "--yes")
        refused(answer, "not both")
        assert cli("profiles", "apply", "--plan", file, "--yes", "--journal", journal)[0] == 0
        assert thresholds(tenant) != before
        assert cli("profiles", "plan", directory)[0] == 0
        assert cli("profiles", "verify", "--journal", journal)[0] == 0
        assert cli("profiles", "rollback", "--journal", journal, "--dry-run")[0] == 2
        assert cli("profiles", "rollback", "--journal", journal, "--yes")[0] == 0
        assert thresholds(tenant) == before

    @pytest.mark.parametrize("columns", ["20", "60"])
    def test_a_narrow_pipe_does_not_break_names(self, few, tmp_path, columns):
        file = tmp_path / ("a long name with spaces " * 4 + ".json")
        with running("strong-mapping", "plan", "--plan", file, COLUMNS=columns) as process:
            out, _ = process.communicate(timeout=60)
        assert f"Saved to {file}." in out.splitlines()
        planned = [
            wire for wire in few.profiles().values() if "scep" in wire["@odata.type"].lower()
        ]
        assert len(planned) == COUNT
        for wire in planned:
            assert any(f"{wire['displayName']} [{wire['id']}]" in line for line in out.splitlines())


def thresholds(tenant):
    return {key: wire.get("renewalThresholdPercentage") for key, wire in tenant.profiles().items()}


class TestLimits:
    def test_max_changes_refuses_before_the_first_write_in_every_job(self, few, cli, tmp_path):
        journal = tmp_path / "j"
        refused(cli("strong-mapping", "apply", "--yes", "--max-changes", COUNT - 1), "max-changes")
        assert not few.requests("PATCH")
        options = ("--yes", "--max-changes", COUNT, "--journal", journal)
        assert cli("strong-mapping", "apply", *options)[0] == 0
        for group in ("strong-mapping", "profiles"):
            answer = cli(group, "rollback", "--journal", journal, "--yes", "--max-changes", 1)
            refused(answer, "max-changes")
        assert mapped(few) == COUNT

    def test_max_changes_refuses_a_declared_state_and_a_restore(self, declared, use, cli, tmp_path):
        tenant, directory = declared
        refused(cli("profiles", "apply", directory, "--yes", "--max-changes", 0), "max-changes")
        assert cli("profiles", "export", tmp_path / "b", "--format", "json")[0] == 0
        empty = use(small_tenant(empty=True), "empty")
        answer = cli("profiles", "apply", tmp_path / "b", "--yes", "--max-changes", 1)
        refused(answer, "max-changes")
        assert not empty.profiles()
        assert not tenant.requests("PATCH")

    def test_max_changes_refuses_a_dry_run_and_a_saved_plan_before_the_question(
        self, few, cli, tmp_path
    ):
        saved, journal = tmp_path / "plan.json", tmp_path / "j"
        assert cli("strong-mapping", "plan", "--plan", saved)[0] == 2
        # Nobody can be asked here: a question would be the error.
        asked = cli("strong-mapping", "apply", "--plan", saved, "--max-changes", 1)
        refused(asked, "max-changes", f"{COUNT} profiles would change")
        assert cli("strong-mapping", "apply", "--yes", "--journal", journal)[0] == 0
        for more in (("--dry-run",), ()):
            back = ("strong-mapping", "rollback", "--journal", journal, "--max-changes", 1)
            refused(cli(*back, *more), "max-changes", f"{COUNT} profiles would change")
        assert mapped(few) == COUNT

    def test_max_changes_refuses_what_is_left_of_a_run_before_the_question(
        self, few, cli, tmp_path
    ):
        journal = tmp_path / "j"
        rule = {"match": {"method": "PATCH", "nth": [2, 3]}, "when": "before", "effect": 400}
        few.control("PUT", "faults", [rule])
        assert cli("strong-mapping", "apply", "--yes", "--journal", journal)[0] == 1
        few.control("DELETE", "faults")
        answer = cli("strong-mapping", "apply", "--journal", journal, "--max-changes", 1)
        refused(answer, "max-changes", "2 profiles would change")

    def test_the_journal_of_another_job_is_refused(self, few, cli, tmp_path):
        journal = tmp_path / "j"
        rule = {"match": {"method": "PATCH", "nth": [2]}, "when": "before", "effect": 400}
        few.control("PUT", "faults", [rule])
        assert cli("strong-mapping", "apply", "--yes", "--journal", journal)[0] == 1
        few.control("DELETE", "faults")
        sent = len(few.requests("PATCH"))
        answer = cli("profiles", "apply", "--yes", "--journal", journal)
        refused(answer, str(journal), "another job (strong_mapping)", "intune-scep runs")
        assert len(few.requests("PATCH")) == sent

    def test_a_declared_state_is_no_migration(self, declared, cli, tmp_path):
        tenant, directory = declared
        journal = tmp_path / "j"
        assert cli("profiles", "apply", directory, "--yes", "--journal", journal)[0] == 0
        sent = len(tenant.requests("PATCH"))
        answer = cli("strong-mapping", "rollback", "--yes", "--journal", journal)
        refused(answer, "another job (declared_state)")
        assert len(tenant.requests("PATCH")) == sent

    def test_a_run_is_resumed_under_its_own_choices_only(self, few, cli, tmp_path):
        journal = tmp_path / "j"
        rule = {"match": {"method": "PATCH", "nth": [3]}, "when": "before", "effect": 400}
        few.control("PUT", "faults", [rule])
        assert cli("strong-mapping", "apply", "--yes", "--journal", journal)[0] == 1
        few.control("DELETE", "faults")
        sent = len(few.requests("PATCH"))
        answer = cli("strong-mapping", "apply", "--yes", "--journal", journal, "--include-android")
        refused(answer, "include_android", "False", "True", f"1 of its {COUNT}")
        assert len(few.requests("PATCH")) == sent
        options = ("--yes", "--journal", journal, "--max-changes", 1, "--patience", 2)
        assert cli("strong-mapping", "apply", *options)[0] == 0
        assert mapped(few) == COUNT

    def test_without_patience_a_change_that_does_not_show_is_unknown_and_the_rest_held_back(
        self, few, cli
    ):
        rule = {"match": {"method": "PATCH"}, "effect": "lag", "seconds": 40}
        few.control("PUT", "faults", [rule])
        options = ("--yes", "--patience", "0", "-o", "json")
        code, out, _ = cli("strong-mapping", "apply", *options)
        statuses = json.loads(out)["counts"]["statuses"]
        assert code == 1
        assert (statuses["unknown"], statuses["held_back"]) == (1, COUNT - 1)
        assert json.loads(out)["changed"] is True


class TestPermission:
    @pytest.fixture
    def token(self, served, monkeypatch):
        monkeypatch.setenv("INTUNE_SCEP_CLOUD", "simulator")
        monkeypatch.setenv("INTUNE_SCEP_ENDPOINT", served.url)

        def give(text):
            monkeypatch.setenv("INTUNE_SCEP_ACCESS_TOKEN", text)

        return give

    @pytest.mark.parametrize("group", ["strong-mapping", "profiles"])
    def test_a_token_that_may_only_read_is_refused_before_the_question(
        self, served, token, cli, tmp_path, monkeypatch, group
    ):
        asked = []
        monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
        monkeypatch.setattr("typer.confirm", lambda *words, **_: asked.append(words))
        declaration = {"name": SHARED_IPADS, "platform": "ios", "state": "absent"}
        file = tmp_path / "x.yml"
        file.write_text(json.dumps({"scep_profile": declaration}))
        token(served.token(roles=["DeviceManagementConfiguration.Read.All"]))
        paths = (file,) if group == "profiles" else ()
        answer = cli(group, "apply", *paths)
        refused(answer, "DeviceManagementConfiguration.ReadWrite.All", "Nothing was changed")
        assert not asked

    def test_a_token_that_does_not_say_what_it_permits_is_told_of_and_not_refused(
        self, few, cli, monkeypatch
    ):
        # The simulator's own tokens always say.
        monkeypatch.setattr("intune_scep.graph.connect.granted", lambda claims: None)
        code, _, err = cli("strong-mapping", "apply", "--yes")
        assert code == 0
        assert err.startswith("Note: The token does not say what it permits")
        assert mapped(few) == COUNT
