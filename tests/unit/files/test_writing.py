"""Files are written privately, whole or not at all, and leave nothing beside them."""

import errno
import os
import stat
from pathlib import Path

import pytest

from intune_scep import files

WRITERS = [files.write_private, files.write_new_private]


@pytest.fixture(params=WRITERS, ids=lambda writer: writer.__name__)
def write(request):
    return request.param


def test_a_file_is_readable_by_its_owner_only(tmp_path, write):
    write(tmp_path / "plan.json", b"plan")
    assert (tmp_path / "plan.json").read_bytes() == b"plan"
    assert stat.S_IMODE((tmp_path / "plan.json").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["plan.json"]


def test_a_longest_name_can_be_written(tmp_path, write):
    write(tmp_path / ("n" * 255), b"plan")
    assert (tmp_path / ("n" * 255)).read_bytes() == b"plan"


@pytest.mark.parametrize("call", ["open", "fsync", "replace", "link", "fdopen"])
@pytest.mark.parametrize("broken", [OSError(errno.ENOSPC, "No space left"), KeyboardInterrupt()])
def test_nothing_is_left_behind_by_a_failure(tmp_path, write, monkeypatch, call, broken):
    def fail(*arguments, **named):
        raise broken

    path = tmp_path / "plan.json"
    if write is files.write_private:
        path.write_bytes(b"earlier")
    monkeypatch.setattr(os, call, fail)
    if call == "replace":
        monkeypatch.setattr(Path, "replace", fail)
    try:
        write(path, b"plan")
        failed = False
    except type(broken):
        failed = True
    monkeypatch.undo()
    content = b"earlier" if write is files.write_private and failed else b"plan"
    left = {item.name: item.read_bytes() for item in tmp_path.iterdir()}
    assert left in ({"plan.json": content}, {})
    assert failed or left


def test_a_new_file_is_never_written_over_another(tmp_path):
    path = tmp_path / "plan.json"
    path.write_bytes(b"earlier")
    with pytest.raises(FileExistsError):
        files.write_new_private(path, b"plan")
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(FileExistsError):
        files.write_new_private(tmp_path / "link", b"plan")
    assert path.read_bytes() == b"earlier"


def test_a_new_file_that_appears_while_it_is_written_stays(tmp_path, monkeypatch):
    path = tmp_path / "plan.json"
    real = os.fsync

    def somebody_else(descriptor):
        path.write_bytes(b"theirs")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", somebody_else)
    with pytest.raises(FileExistsError):
        files.write_new_private(path, b"plan")
    assert [(item.name, item.read_bytes()) for item in tmp_path.iterdir()] == [
        ("plan.json", b"theirs")
    ]


def test_a_file_system_without_hard_links_can_be_written(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    files.write_new_private(tmp_path / "plan.json", b"plan")
    assert (tmp_path / "plan.json").read_bytes() == b"plan"


@pytest.mark.parametrize("kind", ["fifo", "link to a fifo", "directory"])
def test_what_is_no_regular_file_is_not_replaced(tmp_path, kind):
    path = tmp_path / "there"
    if kind == "directory":
        path.mkdir()
    else:
        os.mkfifo(tmp_path / "fifo")
        path = tmp_path / "fifo"
    if kind == "link to a fifo":
        path = tmp_path / "link"
        path.symlink_to("fifo")
    before = sorted(item.name for item in tmp_path.iterdir())
    with pytest.raises(OSError, match="not a regular file"):
        files.write_private(path, b"plan")
    assert sorted(item.name for item in tmp_path.iterdir()) == before


def test_a_directory_that_cannot_be_flushed_is_no_failure(tmp_path, monkeypatch):
    real = os.fsync

    def refuse(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "Invalid argument")
        real(descriptor)

    monkeypatch.setattr(os, "fsync", refuse)
    files.write_private(tmp_path / "plan.json", b"plan")
    assert (tmp_path / "plan.json").read_bytes() == b"plan"


def test_file_and_directory_are_flushed_in_this_order(tmp_path, monkeypatch):
    flushed = []
    real = os.fsync

    def note(descriptor):
        flushed.append(stat.S_ISDIR(os.fstat(descriptor).st_mode))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    files.write_private(tmp_path / "plan.json", b"plan")
    assert flushed == [False, True]
