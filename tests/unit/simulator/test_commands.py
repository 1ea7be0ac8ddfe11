"""The simulator's commands take the tenant that the product would take."""

import json

import pytest

from intune_scep.cli.commands import answer

COMMANDS = [("advance", "--hours", "5"), ("fleet",), ("token",), ("reset",), ("settings",)]


@pytest.fixture
def tenant(tmp_path, monkeypatch, capsys):
    path = tmp_path / "tenant.db"
    assert answer(["simulator", "seed", "--database", str(path), "--scenario", "empty"]) in {
        0,
        None,
    }
    capsys.readouterr()
    monkeypatch.setenv("INTUNE_SCEP_SIMULATOR", str(path))
    return path


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_the_environment_names_the_tenant_where_no_option_does(tenant, command, capsys):
    assert answer(["simulator", *command]) == 0
    given = capsys.readouterr()
    assert answer(["simulator", *command, "--database", str(tenant)]) == 0
    assert bool(capsys.readouterr().out) is bool(given.out)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_without_either_the_option_is_named(tmp_path, monkeypatch, command, capsys):
    monkeypatch.delenv("INTUNE_SCEP_SIMULATOR", raising=False)
    assert answer(["simulator", *command]) == 1
    assert "--database" in capsys.readouterr().err


def told(capsys, *changes):
    assert answer(["simulator", "settings", *changes]) == 0
    return json.loads(capsys.readouterr().out)


def test_settings_are_changed_kept_and_printed(tenant, capsys):
    before = told(capsys)
    changes = {
        "missing_sid=issues": {"missing_sid": "issues"},
        "export_seconds=0": {"export_seconds": 0},
        "check_in_seconds=2.5": {"check_in_seconds": 2.5},
        "read_only=true": {"read_only": True},
        "approvals=412": {"approvals": "412"},
        "leaving=removed": {"leaving": "removed"},
    }
    wanted = {name: value for each in changes.values() for name, value in each.items()}
    assert told(capsys, *changes) == {**before, **wanted}
    assert told(capsys) == {**before, **wanted}


@pytest.mark.parametrize(
    "given",
    [
        "missing_sid",
        "=issues",
        "missing_sid=",
        "missing_sid=both",
        "no_such=1",
        "self=1",
        "export_seconds=-1",
        "export_seconds=NaN",
        "export_seconds=soon",
        "read_only=1",
        "page_size=true",
        "page_size=2.5",
        "leaving=[",
        'leaving="removed"',
        "to_dict=1",
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_in_one_line(tenant, given, capsys):
    before = told(capsys)
    assert answer(["simulator", "settings", "export_seconds=1", given]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("Error: ")
    assert len(captured.err.splitlines()) == 1
    assert told(capsys) == before


def test_a_setting_given_twice_is_refused(tenant, capsys):
    assert answer(["simulator", "settings", "page_size=1", "page_size=2"]) == 1
    assert "twice" in capsys.readouterr().err
