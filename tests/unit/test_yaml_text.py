"""YAML of others costs no more than its length."""

import pytest
import yaml

from intune_scep import yaml_text
from intune_scep.yaml_text import load, load_all, plain_reason


def test_ordinary_documents_are_read_as_ever():
    text = "base: &b {x: 1, y: [a]}\nuse:\n  <<: *b\n  x: 2\nagain: *b\n---\n- 1\n"
    assert load_all(text) == list(yaml.safe_load_all(text))
    assert load("") is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[" * 20_000, "nested deeper than 100"),
        ("{a: " * 20_000, "nested deeper than 100"),
        ("- " * 20_000, "nested deeper than 100"),
        ("a: 1\nb: 2\na: 3\n", "the key 'a' stands twice"),
        ("x: [{a: 1, a: 2}]\n", "the key 'a' stands twice"),
        ("a: &a [*a]\n", "leads back into itself"),
        ("a: &a {b: {c: *a}}\n", "leads back into itself"),
    ],
)
def test_what_is_refused_is_told_with_its_place(text, reason):
    with pytest.raises(yaml.MarkedYAMLError) as caught:
        load(text)
    assert reason in str(caught.value)
    assert "line" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: b: c", "line 1, column 5: a colon stands where none can"),
        ("a:\n\t- b", "line 2, column 1: a tab stands where only blanks may"),
        ("a: @b", "line 1, column 4: a text that begins with this character must be in quotes"),
        ("a: [1, 2", "a list in brackets is not closed"),
        ("a: {b: 1", "an object in braces is not closed"),
        ("a: 'x", "a text in quotes is not closed"),
        ('a: "\\q"', "a backslash stands there that means nothing"),
        ("a: *b", "line 1, column 4: an alias names nothing"),
        ("a: !!python/name:os.system", "line 1, column 4: a tag is not known here"),
        ("? [a]\n: b", "a key is not text"),
        (" a: 1\nb: 2", "line 2, column 1: "),
        ("a: 2027-13-45", "line 1, column 4: '2027-13-45' is no timestamp"),
        ("a: !!int x", "'x' is no int"),
        ("a: !!int ''", "'' is no int"),
        ("a: !!bool x", "'x' is no bool"),
        ("a: !!timestamp x", "'x' is no timestamp"),
        ("a: !!float ''", "'' is no float"),
        (f"a: {'9' * 5000}", "a number has 5000 digits"),
        ("a: .inf", "too large or none"),
        ("a: .nan", "too large or none"),
        ("a: \x01", "a character that YAML does not allow"),
        ("--- a\n--- b", "there is more than one document"),
    ],
)
def test_what_is_wrong_is_said_in_plain_words_with_line_and_column(text, reason):
    with pytest.raises(yaml.YAMLError) as caught:
        load(text)
    said = plain_reason(caught.value)
    assert reason in said
    assert not [word for word in ("<", "found", "expected", "while", "scalar") if word in said]


@pytest.mark.parametrize("form", ["*{0}", "{{<<: [*{0}, *{0}]}}"])
def test_aliases_that_multiply_are_refused(form):
    lines = ["a0: &a0 {k: [1, 2, 3, 4]}"]
    for number in range(1, 40):
        inner = form.format(f"a{number - 1}")
        value = inner if form.startswith("{") else f"[{inner}, {inner}]"
        lines.append(f"a{number}: &a{number} {value}")
    with pytest.raises(yaml.YAMLError, match="aliases written out"):
        load("\n".join(lines))


def test_nesting_up_to_the_bound_is_read():
    load("[" * 99 + "x" + "]" * 99)


def test_each_of_thirty_thousand_keys_is_visited_a_bounded_number_of_times(monkeypatch):
    visited = 0
    real = yaml_text._children

    def counted(node):
        nonlocal visited
        for child in real(node):
            visited += 1
            yield child

    compared = 0

    class Key(str):
        __slots__ = ()
        __hash__ = str.__hash__

        def __eq__(self, other):
            nonlocal compared
            compared += 1
            return str.__eq__(self, other)

    monkeypatch.setattr(yaml_text, "_children", counted)
    count = 30_000
    tag = "tag:yaml.org,2002:str"
    pairs = [
        (yaml.ScalarNode(tag, Key(f"k{number}")), yaml.ScalarNode(tag, "v"))
        for number in range(count)
    ]
    yaml_text._check(yaml.MappingNode("tag:yaml.org,2002:map", pairs))
    assert 2 * count <= visited <= 10 * count
    assert compared <= 4 * count
