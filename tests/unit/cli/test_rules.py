"""The commands that show the rules, as a person types them."""

import json
from pathlib import Path

import pytest
import typer

from intune_scep.cli.rules import app
from intune_scep.errors import IntuneScepError
from intune_scep.rules import CATALOGUE


def run(*arguments: str) -> object:
    return typer.main.get_command(app).main(args=list(arguments), standalone_mode=False)


def test_list_shows_every_rule(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list") == 0
    shown = capsys.readouterr().out
    assert all(rule in shown for rule in CATALOGUE)
    assert "4096-bit key in a TPM" in shown


def test_list_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list", "--output", "json") == 0
    entries = {entry["id"]: entry for entry in json.loads(capsys.readouterr().out)}
    assert entries.keys() == CATALOGUE.keys()
    assert entries["R-113"]["severity"] == "error"
    assert entries["R-113"]["platforms"] == ["windows"]
    assert entries["R-080"]["kind"] == "question"


@pytest.mark.parametrize("rule", ["R-113", "r-113"])
def test_explain_says_why_and_how_to_mend(rule: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("explain", rule) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "R-113 4096-bit key in a TPM" in shown
    assert "only the software KSP does" in shown
    assert "Remedy: Use the software KSP" in shown
    assert "Microsoft: SCEP certificate profiles, step 7, Key size (bits)" in shown


def test_explain_keeps_the_brackets_of_variables(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("explain", "R-031") == 0
    assert 'CN="{{OnPrem_Distinguished_Name}}"' in capsys.readouterr().out


@pytest.mark.parametrize("rule", CATALOGUE)
def test_explain_knows_every_rule(rule: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("explain", rule, "--output", "json") == 0
    assert json.loads(capsys.readouterr().out)["id"] == rule


def test_unknown_rule_is_one_clear_message() -> None:
    with pytest.raises(IntuneScepError, match=r"There is no rule 'R-999'.*rules list"):
        run("explain", "R-999")


def test_pages_are_written(tmp_path: Path) -> None:
    assert run("pages", str(tmp_path / "rules")) == 0
    assert "R-113" in (tmp_path / "rules" / "keys.md").read_text()
