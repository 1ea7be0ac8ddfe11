"""File names that hurt nobody, and writing that destroys nothing."""

import json
import stat
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intune_scep.backup.directory import Nameable, file_stems, write_files
from intune_scep.errors import ExportError

LEDGER = ".ledger.json"
ABOUT = {"format": "test/1", "tenant": "t", "cloud": "c"}


def stems(*names, kind="scep", platform="ios"):
    return file_stems(
        [Nameable(kind, platform, name, f"id{index}") for index, name in enumerate(names)]
    )


def write(directory, files, **options):
    data = {name: text.encode() for name, text in files.items()}
    return write_files(directory, data, ledger=LEDGER, about=ABOUT, **options)


def text(path):
    return path.read_text(encoding="utf-8")


@given(names=st.lists(st.text(max_size=300), max_size=6), same=st.booleans())
def test_any_names_give_distinct_file_names_that_any_system_takes(names, same):
    items = [
        Nameable("scep", "ios", name, "same" if same else f"id/{index}")
        for index, name in enumerate(names)
    ]
    found = file_stems(items)
    assert len({stem.casefold() for stem in found}) == len(names)
    for stem in found:
        assert stem.startswith("scep-ios-")
        assert len(stem) < 200
        assert set(stem) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


def test_a_name_is_readable_in_the_file_name():
    assert stems("Staff Wi-Fi (Zürich)") == ["scep-ios-staff-wi-fi-zurich"]
    assert stems("WLAN", kind="trusted_root") == ["root-ios-wlan"]
    assert stems("日本語") == ["scep-ios-profile-id0"]


@pytest.mark.parametrize("name", ["CON", "nul", "../../etc/passwd", "a/b\\c", "", ".", "x" * 999])
def test_no_name_leaves_the_directory_or_is_reserved(tmp_path, name):
    [stem] = stems(name)
    write(tmp_path, {f"{stem}.yml": "x"})
    assert (tmp_path / f"{stem}.yml").parent == tmp_path
    assert stem.split(".")[0].upper() not in {"CON", "NUL", "AUX", "PRN", "COM1", "LPT1"}


def test_names_that_fold_together_both_carry_their_id_whatever_the_order():
    items = [
        Nameable("scep", "ios", name, identifier)
        for name, identifier in (("A b", "11111111-x"), ("a/B", "22222222-y"), ("c", "33333333"))
    ]
    expected = {
        "11111111-x": "scep-ios-a-b-11111111",
        "22222222-y": "scep-ios-a-b-22222222",
        "33333333": "scep-ios-c",
    }
    for order in permutations(items):
        assert dict(zip([item.id for item in order], file_stems(order), strict=True)) == expected


def test_files_are_private_and_written_again_only_where_they_differ(tmp_path):
    first = write(tmp_path, {"a.yml": "1", "b.yml": "1"})
    assert first.new == ("a.yml", "b.yml")
    assert stat.S_IMODE((tmp_path / "a.yml").stat().st_mode) == 0o600
    inode = (tmp_path / "a.yml").stat().st_ino
    second = write(tmp_path, {"a.yml": "1", "b.yml": "2"})
    assert (second.unchanged, second.changed, second.new) == (("a.yml",), ("b.yml",), ())
    assert (tmp_path / "a.yml").stat().st_ino == inode
    assert sorted(path.name for path in tmp_path.iterdir()) == [LEDGER, "a.yml", "b.yml"]


@pytest.mark.parametrize("ours", [False, True])
def test_a_file_that_is_not_ours_or_was_edited_stops_everything(tmp_path, ours):
    if ours:
        write(tmp_path, {"b.yml": "1"})
    (tmp_path / "b.yml").write_text("by hand")
    with pytest.raises(ExportError) as error:
        write(tmp_path, {"a.yml": "2", "b.yml": "2"})
    assert "b.yml" in str(error.value)
    assert "with overwrite" in str(error.value)
    assert text(tmp_path / "b.yml") == "by hand"
    assert not (tmp_path / "a.yml").exists()
    write(tmp_path, {"a.yml": "2", "b.yml": "2"}, overwrite=True)
    assert text(tmp_path / "b.yml") == "2"


def test_the_export_of_another_tenant_is_not_written_over(tmp_path):
    write(tmp_path, {"a.yml": "1"})
    with pytest.raises(ExportError, match="form and tenant"):
        write_files(tmp_path, {}, ledger=LEDGER, about={**ABOUT, "tenant": "u"})


def test_nothing_is_deleted_unless_asked_and_never_what_was_edited(tmp_path):
    write(tmp_path, {"a.yml": "1", "b.yml": "1", "c.yml": "1"})
    (tmp_path / "b.yml").write_text("by hand")
    kept = write(tmp_path, {"c.yml": "1"})
    assert kept.left_over == ("a.yml", "b.yml")
    assert kept.removed == ()
    assert (tmp_path / "a.yml").exists()
    gone = write(tmp_path, {"c.yml": "1"}, remove_left_over=True)
    assert gone.removed == ("a.yml",)
    assert gone.left_over == ("b.yml",)
    assert text(tmp_path / "b.yml") == "by hand"


@pytest.mark.parametrize("name", ["../victim", "/etc/passwd", "a/../../victim", "", ".."])
def test_a_ledger_that_points_outside_is_refused(tmp_path, name):
    victim = tmp_path / "victim"
    victim.write_text("x")
    directory = tmp_path / "out"
    directory.mkdir()
    (directory / LEDGER).write_text(json.dumps({**ABOUT, "files": {name: "0"}}))
    with pytest.raises(ExportError):
        write(directory, {"a.yml": "1"}, remove_left_over=True)
    assert victim.exists()


def test_a_link_is_replaced_and_what_it_points_at_is_left_alone(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("x")
    directory = tmp_path / "out"
    directory.mkdir()
    (directory / "a.yml").symlink_to(victim)
    write(directory, {"a.yml": "1"}, overwrite=True)
    assert text(victim) == "x"
    assert not (directory / "a.yml").is_symlink()


def test_a_directory_that_cannot_be_written_is_one_message(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ExportError, match="cannot be written"):
        write(tmp_path / "file", {"a.yml": "1"})
