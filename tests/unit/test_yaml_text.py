"""YAML of others costs no more than its length."""

from contextlib import contextmanager
from types import SimpleNamespace

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

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


LIBYAML = yaml_text._found_libyaml()
with_libyaml = pytest.mark.skipif(LIBYAML is None, reason="PyYAML was built without libyaml")


@contextmanager
def taken_apart_by(libyaml):
    before, yaml_text._LIBYAML = yaml_text._LIBYAML, libyaml
    try:
        yield
    finally:
        yaml_text._LIBYAML = before


def told(text, libyaml):
    """What a text holds, with types and order, or what is said of it."""
    with taken_apart_by(libyaml):
        try:
            return repr(load_all(text))
        except (yaml.YAMLError, ValueError) as error:
            return str(error), plain_reason(error)


ORDINARY = [
    "a: b\n",
    "- 1\n- 0x1f\n- 1_000\n- 1.5\n- true\n- ~\n- 2026-01-31\n- 1:30\n",
    "a: |\n  text\n   more\n\nb: >-\n  folded\n  text\n",
    "a: 'it''s'\nb: \"x\\ty\\u00e9\"\nc: !!str 1\n",
    "base: &b {x: 1}\nuse: {<<: *b, y: [1, 2]}\n",
    "--- a\n---\n- b\n...\n",
    "# only a comment\n",
    "name: \u00e9\u4e2d\U0001f600\nurl: https://a.example/b#c\n",
]
READ_OTHERWISE = [
    "a:\tb\n",
    "a: b\t# c\n",
    "- !\n",
    "! # nothing\n",
    "a: |#\n  b\n",
    "a: >2#\n  b\n",
    "[b?, c]\n",
    "{a? }\n",
    "a: 1\n---\n\ufeffb\n",
    "a: x\u2028y\n",
    "a: 'x\x85y'\n",
    "a: 1\r\nb: 2\r",
    'a: "\\ud83d\\ude00"\n',
    "a: \ud800\n",
    "%YAML 1.3\n--- a\n",
    "a: \x01\n",
]
WRONG = [
    "a: b: c",
    "a: @b",
    "a: [1, 2",
    "a: *b",
    "a: &x 1\nb: &x 2\n",
    "a: 1\na: 2\n",
    "a: 2027-13-45",
    "? [a]\n: b",
    " a: 1\nb: 2",
    "a: !!python/name:os.system",
    "x: " + "[" * 101 + "]" * 101,
    f"{'k' * 1025}: v\n",
]
TOKENS = [
    *("a", "b: ", "- ", ": ", ":", "-", ", ", "[", "]", "{", "}", "#", " # x", "&a ", "*a", "!"),
    *("!!str ", "!x ", "|", "|\n  ", ">-\n  ", "|2\n", "'", '"', "\\", "%", "@", "`", " ", "  "),
    *("\n", "\n  ", "\n    ", "\n- ", "\n  - ", "\n\n", "---\n", "\n---\n", "...\n", "--- "),
    *(
        "1",
        "0x1",
        "1.5",
        "null",
        "~",
        "<<: ",
        "=",
        "\u00e9",
        "\u00a0",
        "?",
        "? ",
        "\t",
        "\r",
        "\x85",
    ),
    *("\u2028", "\ufeff", "\x01", "\ud800", "{{x}}", "2024-01-01", "''", "\\x41", "k: ", "//"),
]


@with_libyaml
@settings(max_examples=1500, deadline=None)
@given(st.lists(st.sampled_from(TOKENS), max_size=12).map("".join))
@example("")
def test_libyaml_and_pyyaml_read_the_same_and_say_the_same(text):
    assert told(text, LIBYAML) == told(text, None)


@with_libyaml
@pytest.mark.parametrize("text", [*ORDINARY, *READ_OTHERWISE, *WRONG], ids=repr)
def test_every_kind_of_text_is_read_alike(text):
    assert told(text, LIBYAML) == told(text, None)


@with_libyaml
@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_declaration_that_was_damaged_is_read_alike(data):
    text = data.draw(st.sampled_from(ORDINARY)) + DECLARATION
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(text)))
        gone = data.draw(st.integers(0, 2))
        text = text[:place] + data.draw(st.sampled_from(["", *TOKENS])) + text[place + gone :]
    assert told(text, LIBYAML) == told(text, None)


DECLARATION = """
scep_profile:
  name: Staff
  subject_name_format: !unsafe "CN={{UserName}},E={{EmailAddress}}"
  subject_alternative_names:
    - type: uri
      value: !unsafe "{{OnPremisesSecurityIdentifier}}"
  validity: {value: 1, unit: years}
  scep_server_urls: [https://scep.example/certsrv/mscep/mscep.dll]
  assignments:
    - group: 'Staff''s'
"""


@with_libyaml
@pytest.mark.parametrize(
    ("texts", "times"), [([*ORDINARY, DECLARATION], 1), (READ_OTHERWISE[:12], 0)]
)
def test_libyaml_is_asked_where_it_reads_the_same(texts, times):
    for text in texts:
        asked = []
        counting = SimpleNamespace(
            CParser=lambda text, asked=asked: asked.append(text) or LIBYAML.CParser(text)
        )
        told(text, counting)
        assert len(asked) == times, text


@pytest.mark.parametrize(
    "built", [None, SimpleNamespace(), SimpleNamespace(get_version=lambda: (0, 1, 7))]
)
def test_without_libyaml_or_with_an_old_one_pyyaml_reads_itself(built, monkeypatch):
    def imported(name):
        if built is None:
            raise ImportError(name)
        return built

    monkeypatch.setattr(yaml_text, "import_module", imported)
    assert yaml_text._found_libyaml() is None
    with taken_apart_by(None):
        assert load(DECLARATION.replace("!unsafe ", ""))["scep_profile"]["name"] == "Staff"
