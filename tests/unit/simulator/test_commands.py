"""The simulator's commands take the tenant that the product would take."""

import pytest

from intune_scep.cli.commands import answer

COMMANDS = [("advance", "--hours", "5"), ("fleet",), ("token",), ("reset",)]


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
