"""A simulator that is served on a real socket, in a process of its own."""

import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from intune_scep.simulator import open_in_process

pytest.register_assert_rewrite(f"{__name__.rpartition('.')[0]}.commands")


@dataclass(frozen=True)
class Served:
    """A served tenant: its URL, its file and, with https, its private CA."""

    url: str
    path: Path
    ca: Path | None

    def token(self, **options):
        door = open_in_process(self.path)
        try:
            return door.access_token(**options)
        finally:
            door.close()

    def control(self, method, path, body=None):
        verify = str(self.ca) if self.ca else True
        headers = {"Authorization": f"Bearer {self.token()}"}
        with httpx.Client(verify=verify, headers=headers, trust_env=False) as client:
            client.request(method, f"{self.url}/_simulator/{path}", json=body).raise_for_status()


@contextmanager
def serve(path, *options):
    command = [
        sys.executable,
        "-m",
        "intune_scep.cli.app",
        "simulator",
        "serve",
        "--database",
        str(path),
        *map(str, options),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


@pytest.fixture
def served(tmp_path, _seeded):
    path = tmp_path / "served.db"
    shutil.copy(_seeded("contoso", "contoso"), path)
    with serve(path) as url:
        yield Served(url, path, None)


@pytest.fixture
def served_https(tmp_path, _seeded):
    path = tmp_path / "served.db"
    shutil.copy(_seeded("contoso", "contoso"), path)
    with serve(path, "--host", "localhost", "--tls-directory", tmp_path / "tls") as url:
        yield Served(url, path, tmp_path / "tls" / "ca.pem")


@pytest.fixture
def cli(capsys):
    """Return a function that runs the command and gives (exit code, stdout, stderr)."""
    from intune_scep.cli.app import run

    def call(*arguments):
        code = run([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def use(simulated, monkeypatch):
    """Return a function that starts a tenant and makes it the one the command talks to.

    Its reports are written at once: time passes here.
    """

    def start(scenario, name=None):
        tenant = simulated(scenario, name=name)
        tenant.control("PUT", "settings", {"export_seconds": 0})
        monkeypatch.setenv("INTUNE_SCEP_CLOUD", "simulator")
        monkeypatch.setenv("INTUNE_SCEP_SIMULATOR", str(tenant.path))
        return tenant

    return start
