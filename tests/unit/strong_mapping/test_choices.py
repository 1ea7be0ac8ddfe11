"""The choices of a migration come from one table."""

import dataclasses
import inspect
import subprocess
import sys
from pathlib import Path
from typing import get_args

import generate_choices
import pytest

from intune_scep.cli import strong_mapping as command_line
from intune_scep.errors import SelectionError
from intune_scep.strong_mapping import Choices
from intune_scep.strong_mapping.choice_table import CHOICES, Choice

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "dev" / "generate_choices.py"
NEW = Choice("include_lunar", "bool", False, "Also change lunar profiles.", ("Lunar profiles.",))


def test_what_is_generated_is_up_to_date():
    subprocess.run([sys.executable, str(SCRIPT), "--check"], check=True, timeout=60)


def test_the_class_has_the_choices_of_the_table_with_their_defaults():
    has = {field.name: field.default for field in dataclasses.fields(Choices)}
    wanted = {
        choice.attribute: () if choice.type == "list" else choice.default
        for choice in CHOICES.values()
    }
    assert has == wanted


def test_a_new_choice_appears_in_every_generated_file():
    texts = generate_choices.files(ROOT, [*CHOICES.values(), NEW])
    assert len(texts) == 7
    assert [str(path) for path, text in texts.items() if NEW.name not in text] == []


def test_a_new_choice_appears_on_the_command_line(monkeypatch):
    monkeypatch.setattr(command_line, "CHOICES", {**CHOICES, NEW.name: NEW})

    def command(*, choices):
        """Take the choices."""

    parameter = inspect.signature(command_line._with_choices(command)).parameters[NEW.name]
    option = get_args(parameter.annotation)[1]
    assert (parameter.default, option.help) == (False, NEW.help)
    assert "--include-lunar" in (option.default, *option.param_decls)


@pytest.mark.parametrize(
    "wrong",
    [
        {"only": "x"},
        {"except_": "x"},
        {"only": (1,)},
        {"only": (" ",)},
        {"include_android": "yes"},
        {"max_changes": True},
        {"max_changes": -1},
    ],
)
def test_a_choice_that_cannot_be_is_refused_at_once(wrong):
    with pytest.raises(SelectionError):
        Choices(**wrong)


def test_choices_go_to_a_dictionary_and_back():
    choices = Choices(only=["a"], except_=("b",), include_android=True, max_changes=3)
    assert Choices.from_dict(choices.to_dict()) == choices
    assert Choices.from_dict({"only": None}) == Choices()


def test_an_unknown_choice_is_refused():
    with pytest.raises(SelectionError, match="onyl"):
        Choices.from_dict({"onyl": ["a"]})


def test_the_form_for_people_names_only_what_was_chosen():
    assert repr(Choices()) == "Choices()"
    assert repr(Choices(only=("a",), max_changes=0)) == "Choices(only=('a',), max_changes=0)"
