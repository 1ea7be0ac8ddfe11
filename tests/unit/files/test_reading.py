"""A file that somebody names is read only if it is a regular file of sane size."""

import json
import os
import socket
import sys

import pytest

from intune_scep.errors import FileError
from intune_scep.files import canonical_json, digest, parse_json, read_regular


def refusal(path, most=100):
    with pytest.raises(FileError) as caught:
        read_regular(path, what="--plan", most=most)
    return str(caught.value)


def test_a_regular_file_is_read_through_a_link(tmp_path):
    (tmp_path / "plan").write_bytes(b"x" * 100)
    (tmp_path / "link").symlink_to("plan")
    assert read_regular(tmp_path / "link", what="--plan", most=100) == b"x" * 100


def test_a_pipe_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert refusal(tmp_path / "pipe") == (
        f"--plan {tmp_path / 'pipe'} cannot be read: it is a named pipe, not a regular file."
    )


def test_directories_devices_and_sockets_are_refused(tmp_path):
    assert "it is a directory, not" in refusal(tmp_path)
    assert "it is a device, not" in refusal(tmp_path.__class__("/dev/zero"))
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(tmp_path / "s"))
        assert "it is a socket, not" in refusal(tmp_path / "s")


def test_what_is_swapped_for_a_pipe_after_the_first_look_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "plan"
    path.write_bytes(b"")
    real = os.open

    def swap(name, *arguments, **named):
        path.unlink()
        os.mkfifo(path)
        return real(name, *arguments, **named)

    monkeypatch.setattr(os, "open", swap)
    assert "it is a named pipe" in refusal(path)


def test_too_large_a_file_is_refused_and_not_read_whole(tmp_path):
    path = tmp_path / "plan"
    with path.open("wb") as file:
        file.truncate(2**40)
    assert refusal(path, most=2**20).endswith("cannot be read: it is larger than 1 MiB.")


def test_missing_files_and_impossible_names_are_told(tmp_path):
    assert refusal(tmp_path / "none").endswith("cannot be read: No such file or directory.")
    assert "no possible name" in refusal(tmp_path / "a\0b")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"{", "line 1, column 2"),
        (b"", "line 1, column 1"),
        (b"\xff\xff", "not UTF-8"),
        (b"[" * 100_000, "nested deeper than 100"),
        (b'{"a":' * 100_000, "nested deeper than 100"),
        (b"[" * 101 + b"]" * 101, "nested deeper than 100"),
        (b'{"a": 1, "b": 2, "a": 3}', "the key 'a' stands twice"),
        (b"NaN", "NaN is no JSON number"),
        (b"1" * 5000, "a number has 5000 digits"),
        (b"1e999", "the number 1e999 is too large"),
        (b'{"a" 1}', "line 1, column 6: a colon is missing there"),
        (b"[1 2]", "line 1, column 4: a comma or a closing bracket is missing there"),
        (b"{a: 1}", "line 1, column 2: a name in double quotes is missing there"),
        (b"[1,]", "line 1, column 4: a value is missing there"),
        (b'["a', "the text that begins there has no closing quote"),
        (b'["a\n"]', "a text holds a line break or control character"),
        (b'["\\q"]', "a backslash stands there that means nothing"),
        (b"{} {}", "line 1, column 4: something follows after the end"),
        (b" " * 300, "larger than 200 bytes"),
    ],
)
def test_bad_json_is_told_in_one_sentence(text, reason):
    with pytest.raises(FileError) as caught:
        parse_json(text, "Plan p.json", most=max(200, len(text)) if text.strip() else 200)
    message = str(caught.value)
    assert message.startswith("Plan p.json is not valid JSON: ")
    assert reason in message
    assert "\n" not in message


def test_nesting_up_to_the_bound_is_read():
    text = b"[" * 100 + b"]" * 100
    assert json.dumps(parse_json(text, "Plan")).encode() == text


def test_deep_json_is_refused_however_little_of_the_stack_is_left():
    limit = sys.getrecursionlimit()

    def below(levels):
        if levels:
            return below(levels - 1)
        return parse_json(b"[" * 5000, "Plan")

    with pytest.raises(FileError):
        below(limit - 300)


def test_thirty_thousand_keys_are_each_looked_at_a_bounded_number_of_times():
    compared = 0

    class Key(str):
        __slots__ = ()
        __hash__ = str.__hash__

        def __eq__(self, other):
            nonlocal compared
            compared += 1
            return str.__eq__(self, other)

    from intune_scep import files

    count = 30_000
    pairs = [(Key(f"k{index}"), index) for index in range(count)] + [(Key("k7"), 0)]
    with pytest.raises(ValueError, match="'k7' stands twice"):
        files._object(pairs)
    assert compared < 4 * count
    text = json.dumps({f"k{index}": index for index in range(count)})
    assert len(parse_json(text, "Plan")) == count


def test_the_canonical_text_is_one_whatever_the_order():
    assert canonical_json({"b": [1, "ü"], "a": None}) == b'{"a":null,"b":[1,"\\u00fc"]}'
    assert digest(canonical_json({"b": 1, "a": 2})) == digest(canonical_json({"a": 2, "b": 1}))
