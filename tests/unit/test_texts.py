"""Text of others is harmless before a person or a terminal sees it."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intune_scep.texts import decoded, json_text, one_line, printable

anything = st.text(st.characters(codec=None, categories=None))
DECEIVING = {"Cc", "Cf", "Cs", "Zl", "Zp"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("\x9b2J", "\\x9b2J"),
        ("safe\rdanger", "safe\\rdanger"),
        ("\u202egnp.exe\u2066", "\\u202egnp.exe\\u2066"),
        ("ze\u200bro\u00ad\ufeff", "ze\\u200bro\\xad\\ufeff"),
        ("a\u2028b\u2029", "a\\u2028b\\u2029"),
        ("\ud800 half", "\\ud800 half"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("\u3164\u115f\U000e0100", "\\u3164\\u115f\\U000e0100"),
        ("\x7f\ufffe", "\\x7f\\ufffe"),
    ],
)
def test_what_deceives_is_shown(text, shown):
    assert printable(text) == shown


@pytest.mark.parametrize(
    "text",
    ["名前 Ünïcode 🔐 ☂\ufe0f", "non\u00a0breaking\u3000wide", "עברית العربية", "two\n\tlines", ""],
)
def test_ordinary_text_stays_in_any_script(text):
    assert printable(text) == text


@given(anything)
def test_nothing_that_deceives_is_left(text):
    left = {unicodedata.category(character) for character in printable(text)} & DECEIVING
    assert left <= {"Cc"}
    assert printable(text).replace("\n", "").replace("\t", "") == printable(
        printable(text).replace("\n", "").replace("\t", "")
    )
    assert "\n" not in one_line(text)
    one_line(text).encode()


@given(st.dictionaries(anything, st.lists(anything)))
def test_json_is_harmless_and_says_the_same(value):
    text = json_text(value)
    assert text == printable(text)
    assert json.loads(text) == json.loads(json.dumps(value))


def test_json_leaves_ordinary_text_readable():
    assert json_text({"name": "Zürich 名前 🔐\u202e\x9b\ud800"}, indent=None) == (
        '{"name": "Zürich 名前 🔐\\u202e\\u009b\\ud800"}'
    )


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
@pytest.mark.parametrize("text", ['{"name": "Zürich 名前"}', "- a\r\n- b\r\n", "x\n"])
def test_text_is_read_in_every_unicode_encoding(encoding, text):
    assert decoded(text.encode(encoding)) == text


@pytest.mark.parametrize("data", [b"\xe4hnlich", b"\xff\xfe\x00", b"a\xff", b"\xfe\xff\xd8\x00"])
def test_what_is_in_no_unicode_encoding_is_refused(data):
    with pytest.raises(UnicodeError):
        decoded(data)
