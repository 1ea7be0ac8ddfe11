"""Files of declarations that are damaged, or made to hurt."""

import os

import pytest

from intune_scep.declarations.reading import read_declarations
from intune_scep.errors import DeclarationError


def problems(path):
    with pytest.raises(DeclarationError) as caught:
        read_declarations(path)
    return str(caught.value)


@pytest.mark.parametrize("name", ["deep.yml", "deep.json"])
def test_deep_nesting_is_one_sentence(tmp_path, name):
    (tmp_path / name).write_text("[" * 50_000)
    message = problems(tmp_path / name)
    assert "nested deeper than 100" in message
    assert "\n" not in message


def test_aliases_that_multiply_are_refused(tmp_path):
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60)]
    (tmp_path / "bomb.yml").write_text("\n".join(lines))
    assert "aliases" in problems(tmp_path)


def test_a_key_that_stands_twice_is_told_in_json_too(tmp_path):
    (tmp_path / "a.json").write_text('{"scep_profiles": [], "scep_profiles": []}')
    (tmp_path / "b.yml").write_text("scep_profiles: []\nscep_profiles: []\n")
    message = problems(tmp_path)
    assert message.count("'scep_profiles' stands twice") == 2


@pytest.mark.parametrize("named", [True, False])
def test_a_pipe_is_told_and_not_waited_for(tmp_path, named):
    pipe = tmp_path / "a.yml"
    os.mkfifo(pipe)
    assert "it is a named pipe" in problems(pipe if named else tmp_path)


def test_a_certificate_is_read_from_a_regular_file_of_sane_size_only(tmp_path):
    os.mkfifo(tmp_path / "root.cer")
    with (tmp_path / "large.cer").open("wb") as file:
        file.truncate(2**30)
    for name in ("root.cer", "large.cer", "~nobody-of-this-name/x", "a\\0b"):
        (tmp_path / "a.yml").write_text(
            f'trusted_root_profile: {{name: R, platform: ios, certificate_path: "{name}"}}\n'
        )
        assert "certificate_path" in problems(tmp_path / "a.yml")
    assert "home directory" not in problems(tmp_path / "a.yml")


def test_not_utf8_is_one_sentence(tmp_path):
    (tmp_path / "a.yml").write_bytes(b"\xff\xfe\x00")
    assert "it is not text in UTF-8 or UTF-16" in problems(tmp_path)
