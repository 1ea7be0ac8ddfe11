"""What a person is asked before something is changed: how many profiles, and what it costs."""

import json
import sys

import pytest

from intune_scep.simulator.scenarios.bulk import bulk

from .commands import keep_waiting, mapped, refused, running, until, writes

COUNT = 4
EDITED = "An edited SCEP profile re-issues its certificates"
RESTORED = "Devices that are assigned a new SCEP profile get certificates from it"
ONCE_MORE = "What was revoked stays revoked."


@pytest.fixture
def few(use):
    return use(bulk(COUNT, 1, platforms=("ios",)), "bulk4 ios")


@pytest.fixture
def asked(cli, monkeypatch):
    """Return a function that runs a command before a person who says no, and gives the question."""
    questions = []
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr("typer.confirm", lambda question, **_: questions.append(question))

    def ask(*arguments):
        code, out, err = cli(*arguments)
        refused((code, out, err), "Nothing was changed")
        return questions.pop(), out

    yield ask
    assert not questions


@pytest.fixture
def declared(tmp_path):
    """Declarations that change three profiles."""
    paths = [tmp_path / f"{number}.yml" for number in (1, 2, 3)]
    for number, path in enumerate(paths, 1):
        wanted = {"name": f"Bulk SCEP {number:06d}", "platform": "ios", "renewal_threshold": 35}
        path.write_text(json.dumps({"scep_profile": wanted}))
    return paths


def fail_at(tenant, *numbers):
    match = {"method": "PATCH", "nth": list(numbers)}
    tenant.control("PUT", "faults", [{"match": match, "when": "before", "effect": 400}])


def test_a_migration(few, asked):
    question, out = asked("strong-mapping", "apply")
    assert question.startswith("Change 4 profiles? ")
    assert EDITED in question
    assert "Bulk SCEP 000001" in out
    question, _ = asked("strong-mapping", "apply", "--only", "Bulk SCEP 000001")
    assert question.startswith("Change 1 profile? ")
    assert writes(few) == []


def test_what_is_left_of_a_migration(few, asked, cli, tmp_path):
    journal = tmp_path / "run.jsonl"
    fail_at(few, 2, 3)
    assert cli("strong-mapping", "apply", "--yes", "--journal", journal)[0] == 1
    few.control("DELETE", "faults")
    few.control("DELETE", "requests")
    question, out = asked("strong-mapping", "apply", "--journal", journal)
    assert question.startswith(f"Resume the run recorded in {journal}: 2 profiles left? ")
    assert EDITED in question
    assert "2 of it are left" in out
    assert writes(few) == []
    assert mapped(few) == COUNT - 2


def test_what_is_left_of_a_declared_state(few, asked, cli, declared, tmp_path):
    journal = tmp_path / "run.jsonl"
    fail_at(few, 2)
    assert cli("profiles", "apply", *declared, "--yes", "--journal", journal)[0] == 1
    few.control("DELETE", "faults")
    few.control("DELETE", "requests")
    question, _ = asked("profiles", "apply", "--journal", journal)
    assert question.startswith(f"Resume the run recorded in {journal}: 1 profile left? ")
    assert EDITED in question
    assert writes(few) == []


def test_a_declared_state(few, asked, declared):
    question, _ = asked("profiles", "apply", *declared)
    assert question.startswith("Change 3 profiles? ")
    assert EDITED in question
    assert writes(few) == []


def test_a_restore_and_what_a_killed_one_had_begun(use, few, asked, cli, tmp_path):
    assert cli("profiles", "export", tmp_path / "b", "--format", "json")[0] == 0
    empty = use(bulk(0, 1, platforms=("ios",)), "bulk0 ios")
    question, _ = asked("profiles", "apply", tmp_path / "b")
    assert question.startswith(f"Change {COUNT} profiles? ")
    assert RESTORED in question
    assert writes(empty) == []
    keep_waiting(empty)
    with running("profiles", "apply", tmp_path / "b", "--yes") as process:
        until(lambda: writes(empty))
        process.kill()
        process.communicate(timeout=60)
    empty.control("DELETE", "faults")
    before = len(writes(empty))
    question, _ = asked("profiles", "apply", tmp_path / "b")
    assert question.startswith("Finish first 1 profile that the run recorded in ")
    assert question.partition(" had begun? ")[2].startswith(RESTORED)
    assert len(writes(empty)) == before


@pytest.mark.parametrize("group", ["strong-mapping", "profiles"])
def test_a_rollback_and_what_is_left_of_one(few, asked, cli, tmp_path, group):
    journal = tmp_path / "run.jsonl"
    assert cli("strong-mapping", "apply", "--yes", "--journal", journal)[0] == 0
    question, _ = asked(group, "rollback", "--journal", journal)
    assert question.startswith(f"Roll back {COUNT} profiles? ")
    assert ONCE_MORE in question
    fail_at(few, 2)
    assert cli(group, "rollback", "--journal", journal, "--yes")[0] == 1
    few.control("DELETE", "faults")
    question, _ = asked(group, "rollback", "--journal", journal)
    assert question.startswith("Roll back 1 profile? ")
    assert ONCE_MORE in question
