"""Where state is kept, and the lock that lets one run at a time into a tenant."""

import json
import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from intune_scep.errors import FileError, FileInUseError
from intune_scep.files import state_directory, tenant_directory, tenant_lock

TENANT = "3b0cbf3c-0000-4000-8000-000000000001"
HOLD = """
import sys
from intune_scep.files import tenant_lock
with tenant_lock(sys.argv[1], job="apply"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def state(tmp_path, monkeypatch):
    monkeypatch.setenv("INTUNE_SCEP_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


def test_the_place_of_state_is_what_the_environment_says(tmp_path, monkeypatch):
    assert state_directory() == tmp_path / "state"
    monkeypatch.delenv("INTUNE_SCEP_STATE")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    assert state_directory() == tmp_path / "xdg" / "intune-scep"
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert state_directory().is_relative_to(tmp_path / "home")


def test_a_relative_place_is_told_in_full(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INTUNE_SCEP_STATE", "here")
    assert state_directory() == tmp_path / "here"


def test_the_directory_of_a_tenant_is_private(state):
    directory = tenant_directory(TENANT)
    assert directory == state / TENANT
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert stat.S_IMODE(state.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "tenant",
    ["..", ".", "", "a/b", "..\\x", "/etc", "con", "nul.txt", "a.", "x" * 500, "ü\ud800", "a\0b"],
)
def test_no_name_of_a_tenant_leaves_the_state_directory(state, tenant):
    directory = tenant_directory(tenant)
    assert directory.parent == state
    assert directory.name.startswith("tenant-")


def test_names_of_tenants_do_not_run_together():
    names = ["a/b", "a_b", "a b", "a.b", "a-b"]
    assert len({tenant_directory(name) for name in names}) == len(names)
    assert tenant_directory("Contoso.COM") == tenant_directory("contoso.com")


def test_a_state_directory_that_cannot_be_made_is_told(tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("INTUNE_SCEP_STATE", str(tmp_path / "file"))
    with pytest.raises(FileError, match="INTUNE_SCEP_STATE"), tenant_lock(TENANT, job="apply"):
        pass


def test_a_second_run_is_told_who_holds_the_tenant_and_since_when():
    with tenant_lock(TENANT, job="strong-mapping apply"):
        holder = json.loads((tenant_directory(TENANT) / "lock.json").read_bytes())
        with pytest.raises(FileInUseError) as caught, tenant_lock(TENANT, job="restore"):
            pass
    message = str(caught.value)
    assert "strong-mapping apply" in message
    assert f"process {os.getpid()} on {holder['host']}" in message
    assert holder["since"] in message
    with tenant_lock(TENANT, job="restore"), tenant_lock("another", job="restore"):
        pass
    assert not (tenant_directory(TENANT) / "lock.json").exists()


def test_two_threads_exclude_each_other():
    refused = []

    def other():
        try:
            with tenant_lock(TENANT, job="restore"):
                pass
        except FileInUseError as error:
            refused.append(error)

    with tenant_lock(TENANT, job="apply"):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert len(refused) == 1


@pytest.fixture
def other_process():
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, TENANT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_two_processes_exclude_each_other(other_process):
    with pytest.raises(FileInUseError, match=f"process {other_process.pid} "):
        tenant_lock(TENANT, job="restore").__enter__()
    other_process.communicate("")
    with tenant_lock(TENANT, job="restore"):
        pass


def test_the_lock_of_a_killed_process_is_gone(other_process):
    other_process.send_signal(signal.SIGKILL)
    other_process.wait()
    with tenant_lock(TENANT, job="restore"):
        held = json.loads((tenant_directory(TENANT) / "lock.json").read_bytes())
    assert held["pid"] == os.getpid()


def test_an_unreadable_holder_is_no_obstacle():
    with tenant_lock(TENANT, job="apply"):
        Path(tenant_directory(TENANT) / "lock.json").write_bytes(b"[" * 10_000)
        with pytest.raises(FileInUseError, match="another process"):
            tenant_lock(TENANT, job="restore").__enter__()


def test_the_lock_is_released_however_the_run_ends():
    with pytest.raises(KeyboardInterrupt), tenant_lock(TENANT, job="apply"):
        raise KeyboardInterrupt
    with tenant_lock(TENANT, job="apply"):
        pass
