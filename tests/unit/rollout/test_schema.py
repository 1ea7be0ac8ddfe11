"""The published schema and the reader are one: what one refuses the other refuses."""

import copy
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from intune_scep.rollout.file import mistakes
from intune_scep.rollout.schema import SCHEMA
from intune_scep.rollout.structure import WORDS, problems
from intune_scep.rollout.yaml_core import CoreLoader
from intune_scep.yaml_text import load_all

from .files import RIGHT, WRONG

ROOT = Path(__file__).resolve().parents[3]
VALIDATOR = Draft202012Validator(SCHEMA)


def data_of(text):
    [data] = load_all(text, CoreLoader)
    return data


def schemas(node):
    """Every schema inside a schema, itself included."""
    yield node
    for word, value in node.items():
        if word in {"properties", "patternProperties", "$defs"}:
            for inner in value.values():
                yield from schemas(inner)
        elif word in {"allOf", "oneOf"}:
            for inner in value:
                yield from schemas(inner)
        elif word in {"items", "contains", "not", "if", "then"}:
            yield from schemas(value)


def test_the_published_schema_is_up_to_date():
    script = ROOT / "dev" / "generate_rollout_schema.py"
    subprocess.run([sys.executable, str(script), "--check"], check=True, timeout=60)
    published = ROOT / "docs" / "schema" / "strong-mapping.schema.json"
    assert json.loads(published.read_text(encoding="utf-8")) == SCHEMA


def test_the_schema_is_one():
    Draft202012Validator.check_schema(SCHEMA)


def test_the_reader_understands_every_word_of_it():
    assert {word for schema in schemas(SCHEMA) for word in schema} <= WORDS


def test_the_schema_is_closed_and_described():
    for schema in schemas(SCHEMA):
        if "object" in schema.get("type", ()):
            assert schema["additionalProperties"] is False
            for inner in schema.get("properties", {}).values():
                assert "$ref" in inner or inner["description"]


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_both_take_a_right_file(text):
    VALIDATOR.validate(data_of(text))
    assert not list(mistakes(data_of(text)))


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_both_refuse_a_wrong_file_but_for_what_no_schema_can_say(wrong):
    data = data_of(wrong.text)
    assert list(mistakes(data))
    assert VALIDATOR.is_valid(data) is wrong.beyond


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 200),
    st.floats(-2, 200),
    st.sampled_from(
        [
            *("95%", "0%", "100 %", "none", "24h", "13h", "0d", "90m", "healthy", "required"),
            *("clone", "in_place", "mon", "mon-thu", "08:00", "24:00", "UTC", "2026-11-20"),
            *("x y", "", "\n", "95%\n", "{name}", "300/h", "\u0661\u0662%"),
        ]
    ),
    st.builds(list),
    st.builds(dict),
    st.builds(lambda: ["a"]),
    st.builds(lambda: {"share": "3%"}),
)
KEYS = st.sampled_from(
    ["rest", "groups", "profiles", "bundles", "soak", "soak_under_14h", "gates", "strategy", "x"]
)


def places(node, place=()):
    yield place
    if not isinstance(node, dict | list):
        return
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        yield from places(value, (*place, key))


def inside(data, place):
    for part in place:
        data = data[part]
    return data


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted(RIGHT)), st.data())
def test_both_say_the_same_of_what_nobody_thought_of(name, draw):
    data = copy.deepcopy(data_of(RIGHT[name]))
    for _ in range(draw.draw(st.integers(1, 3))):
        found = [place for place in places(data) if place]
        if not found:
            break
        *way, last = draw.draw(st.sampled_from(found))
        holder = inside(data, way)
        match draw.draw(st.sampled_from(["delete", "replace", "add"])):
            case "delete":
                del holder[last]
            case "replace":
                holder[last] = draw.draw(VALUES)
            case "add" if isinstance(holder, dict):
                holder[draw.draw(KEYS)] = draw.draw(VALUES)
    assert bool(problems(data, SCHEMA)) is not VALIDATOR.is_valid(data)
