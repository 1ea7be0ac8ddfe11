"""Every sentence is in the words of the face that speaks: flags, options of a module, variables."""

import ast
import re
from pathlib import Path

import pytest

import intune_scep
from intune_scep.changes.plan import Plan, Task, require_room
from intune_scep.changes.plan_file import load_plan
from intune_scep.cli.app import run
from intune_scep.connection import ENVIRONMENT, ConnectionOptions
from intune_scep.desired_state.choices import PlanChoices
from intune_scep.errors import IntuneScepError
from intune_scep.strong_mapping.choice_table import CHOICES
from intune_scep.strong_mapping.choices import Choices, Selection
from intune_scep.wording import COMMAND, MODULE, PYTHON, face, option, role, speaking

LIBRARY = Path(intune_scep.__file__).parent
PLUGINS = Path(__file__).resolve().parents[2] / "plugins"
OPTIONS = {
    *CHOICES,
    *ENVIRONMENT,
    "managed_by",
    "prune_list",
    "remove_left_over",
    "rules_path",
    "policy_path",
    "baseline_path",
    "report_directory",
    "report_formats",
    "allow_ephemeral_journal",
}
SPELT = re.compile(rf"(?<![\w-])(?:{'|'.join(sorted(name for name in OPTIONS if '_' in name))})\b")
FLAG = re.compile(r"(?<![\w-])--[a-z]")
TABLES = {"choice_table.py", "choice_fields.py", "options.py", "result_fields.py", "pages.py"}
ROLE = role("strong_mapping_")


def sentences(path):
    """Every text with a blank in a file, but for docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and id(node) not in docs and " " in text:
            yield text


def is_command(text):
    """A whole line for a shell, which only faces that run commands show."""
    return text.startswith(
        ("intune-scep ", " rollback --journal", " apply --journal", " --journal")
    )


FILES = [
    path
    for path in sorted(LIBRARY.rglob("*.py"))
    if not {"cli", "simulator"} & set(path.parts) and path.name not in TABLES
]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(LIBRARY)))
def test_no_sentence_of_the_library_spells_an_option_itself(path):
    for text in sentences(path):
        assert not FLAG.search(text) or is_command(text), text
        assert not SPELT.search(text), text


@pytest.mark.parametrize("path", sorted((LIBRARY / "cli").glob("*.py")), ids=lambda p: p.name)
def test_no_sentence_of_the_command_spells_an_option_as_a_module_does(path):
    for text in sentences(path):
        assert not SPELT.search(text), text


@pytest.mark.parametrize(
    "path",
    [p for p in sorted(PLUGINS.rglob("*.py")) if p.parent.name in {"module_utils", "action"}],
    ids=lambda path: path.name,
)
def test_no_sentence_of_a_module_holds_a_flag(path):
    for text in sentences(path):
        assert not FLAG.search(text), text


SAYINGS = {
    "prune alone": lambda: PlanChoices(prune=True).check(),
    "a list alone": lambda: PlanChoices(prune_list=("x",)).check(),
    "a mark that cannot be": lambda: PlanChoices(managed_by="[x]").check(),
    "too many": lambda: require_room(3, 2),
    "a wrong choice": lambda: Choices(include_android="yes"),
    "an empty name": lambda: Choices(except_=("",)),
    "a plan that is not there": lambda: load_plan(Path("no-such-plan.json")),
    "no credentials": lambda: ConnectionOptions().check(),
    "half credentials": lambda: ConnectionOptions(secret="x").check(),
    "a wrong cloud": lambda: ConnectionOptions(cloud="moon").check(),
    "no patience": lambda: ConnectionOptions.from_environment({}, patience="x"),
    "no time": lambda: ConnectionOptions.from_environment({"INTUNE_SCEP_TIMEOUT": "x"}),
    "no token": lambda: ConnectionOptions(access_token="a b").check(),
    "a wrong endpoint": lambda: ConnectionOptions(cloud="simulator", endpoint="ftp://x").check(),
    "which simulator": lambda: ConnectionOptions(cloud="simulator").check(),
}
NAMES = re.compile(rf"(?<![\w-])(?:{'|'.join(sorted(OPTIONS))})(?![\w-])")


def said(saying, speaker):
    with speaking(speaker), pytest.raises(IntuneScepError) as caught:
        SAYINGS[saying]()
    return str(caught.value)


@pytest.mark.parametrize("saying", SAYINGS)
def test_the_command_speaks_of_flags_and_variables_alone(saying):
    assert not SPELT.search(said(saying, COMMAND))


@pytest.mark.parametrize("speaker", [MODULE, ROLE, PYTHON], ids=["module", "role", "Python"])
@pytest.mark.parametrize("saying", SAYINGS)
def test_nobody_else_speaks_of_flags(saying, speaker):
    assert "--" not in said(saying, speaker)


@pytest.mark.parametrize("saying", SAYINGS)
def test_a_role_names_no_option_of_its_module(saying):
    assert not SPELT.search(said(saying, ROLE).replace("strong_mapping_", "strong-mapping-"))


def test_an_option_in_the_words_of_each_face():
    asked = {"max_changes", "except", "rules_path"}
    told = {}
    for name, speaker in {"c": COMMAND, "m": MODULE, "r": ROLE, "p": PYTHON}.items():
        with speaking(speaker):
            told[name] = {option(word) for word in asked}
    assert told == {
        "c": {"--max-changes", "--except", "--rules"},
        "m": {"max_changes", "except", "rules_path"},
        "r": {"strong_mapping_max_changes", "strong_mapping_except", "strong_mapping_rules_path"},
        "p": {"max_changes", "except_", "rules"},
    }
    assert face() is PYTHON


def test_the_choices_that_would_let_a_profile_move_are_named_by_the_face():
    class Needs:
        needs = frozenset({"include_android", "include_legacy_san"})

    with speaking(COMMAND):
        flags = Selection(Choices(), []).holds_back("x", Needs())
    with speaking(MODULE):
        names = Selection(Choices(), []).holds_back("x", Needs())
    assert flags == "Left alone unless you choose --include-android and --include-legacy-san."
    assert names == "Left alone unless you choose include_android and include_legacy_san."


def test_a_saved_plan_is_not_changed_by_who_looks_at_it():
    plan = Plan(Task.STRONG_MAPPING, "t", "c", ())
    with speaking(COMMAND):
        assert Plan.from_dict(plan.to_dict()).digest == plan.digest


def test_the_command_says_so_from_end_to_end(capsys, monkeypatch, tmp_path):
    for name in ("INTUNE_SCEP_CLOUD", "INTUNE_SCEP_SIMULATOR", "AZURE_TENANT_ID"):
        monkeypatch.delenv(name, raising=False)
    assert run(["strong-mapping", "assess", "--cloud", "simulator"]) == 1
    assert run(["strong-mapping", "assess", "--tenant", "x"]) == 1
    told = capsys.readouterr().err
    assert "--cloud (INTUNE_SCEP_CLOUD)" in told
    assert "--client-id (AZURE_CLIENT_ID)" in told
    assert not SPELT.search(told)
