"""What docs/rollout.md shows and says is true."""

import re
from pathlib import Path

import pytest

from intune_scep.errors import RolloutFileError
from intune_scep.rollout.file import parse_rollout
from intune_scep.rollout.model import Bundle, Gates, Strategy
from intune_scep.rollout.schema import SCHEMA

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "rollout.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(rollout:.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_there_is_an_example_of_each_strategy():
    assert {parse_rollout(text).strategy for text in EXAMPLES} == set(Strategy)


@pytest.mark.parametrize("name", SCHEMA["properties"])
def test_every_key_is_explained(name):
    assert f"`{name}" in PAGE


@pytest.mark.parametrize("part", ["bundle", "ring", "gates", "window", "answer"])
def test_every_key_inside_is_explained(part):
    for name in SCHEMA["$defs"][part]["properties"]:
        assert re.search(rf"[`.]{name}`", PAGE) or f"`{name}" in PAGE, name


def test_the_defaults_are_those_of_the_table():
    usual = Bundle("x")
    assert f"| `{usual.clone_name}` |" in PAGE
    assert f"`swing_back` | `{usual.finish.value}` |" in PAGE
    assert f"leave them alone | `{usual.dependants.value}` |" in PAGE
    assert (
        Gates()
        == parse_rollout("rollout: r\nstrategy: in_place\nrings: [{name: a, profiles: [P]}]\n")
        .rings[0]
        .gates
    )


def test_the_refusal_that_is_shown_is_what_is_said():
    text = """\
rollout: user-certificates-2026
strategy: clone
bundles: [{profile: P}]
rings:
  - name: first
    rest: true
    gates: {reissue: 95%}

load: {per_scep_host: 300/h}

windows:
  - {days: mon, from: 08:00, to: 16:00}
"""
    with pytest.raises(RolloutFileError) as caught:
        parse_rollout(text)
    shown = PAGE.partition("is refused: 2 mistakes.\n")[2].partition("```")[0].splitlines()
    assert list(caught.value.problems) == shown
