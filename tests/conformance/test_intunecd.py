"""IntuneCD from the package index, unmodified, against `intune-scep simulator serve`.

Its command line is its own and so are its sign-in, its URLs and its TLS: it has no option for
another Graph, so only the resolution of the two names of Microsoft is turned to loopback, by a
`sitecustomize` at the border of its process. It runs in an environment of its own.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ensure_tools
import pytest

from intune_scep.simulator.scenarios import SCENARIOS

from .graph import DEVICE_CONFIGURATIONS, Json
from .harness import Tenant, commanded_tenant

HOSTS = ("graph.microsoft.com", "login.microsoftonline.com")
RESOLVER = f"""
import os, socket
resolve = socket.getaddrinfo
def getaddrinfo(host, port, *more, **named):
    if host in {HOSTS}:
        host, port = "127.0.0.1", int(os.environ["SIMULATOR_PORT"])
    return resolve(host, port, *more, **named)
socket.getaddrinfo = getaddrinfo
"""
KEPT = ("Profiles", "assignments", "ScopeTags")
CHOICES = """
from IntuneCD.{module} import get_parser
[action] = [each for each in get_parser()._actions if each.dest == "exclude"]
print(*action.choices)
"""
# What IntuneCD leaves out of its files, and what it rewrites to names.
LEFT_OUT = {"id", "createdDateTime", "lastModifiedDateTime", "version", "supportsScopeTags"}
REWRITTEN = {"roleScopeTagIds"}


@pytest.fixture(scope="module")
def programs() -> Path:
    try:
        return ensure_tools.intunecd()
    except RuntimeError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))


@dataclass(frozen=True)
class IntuneCD:
    """Runs its commands on a tenant, with its files in a folder."""

    programs: Path
    tenant: Tenant
    files: Path
    environment: dict[str, str]

    def run(self, command: str, module: str, *options: str) -> str:
        """One command on device configurations alone, which must succeed: what it printed."""
        choices = self._start("python", "-c", CHOICES.format(module=module)).split()
        others = [choice for choice in choices if choice not in KEPT]
        given = ["-m", "1", "-p", str(self.files), "-v", "--exit-on-error", *options]
        return self._start(command, *given, "-e", *others)

    def _start(self, program: str, *arguments: str) -> str:
        process = subprocess.run(
            [str(self.programs / program), *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        assert process.returncode == 0, process.stdout[-2000:]
        return process.stdout

    def file_of(self, profile: Json) -> Path:
        """The backup file of a profile."""
        [path] = self.files.glob(f"Device Configurations/*__{profile['id']}.json")
        return path

    def sent(self, ending: str) -> list[Any]:
        """Bodies of the requests to paths of that ending."""
        entries = self.tenant.graph.control("GET", "requests")["value"]
        return [
            entry["body"]
            for entry in entries
            if entry["batch"] is None and entry["path"].endswith(ending)
        ]


@pytest.fixture(scope="module")
def intunecd(programs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[IntuneCD]:
    folder = tmp_path_factory.mktemp("intunecd")
    (folder / "site").mkdir()
    (folder / "site" / "sitecustomize.py").write_text(RESOLVER)
    names = [part for host in HOSTS for part in ("--allow-host", host)]
    scenario = SCENARIOS["contoso"]()
    application = scenario.applications[0]
    with commanded_tenant(folder / "tenant.db", "contoso", folder / "tls", *names) as tenant:
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(folder / "site"),
            "SIMULATOR_PORT": tenant.graph.root.rpartition(":")[2],
            "REQUESTS_CA_BUNDLE": str(folder / "tls" / "ca.pem"),
            "TENANT_NAME": scenario.default_domain,
            "CLIENT_ID": application.client_id,
            "CLIENT_SECRET": application.secret or "",
        }
        client = IntuneCD(programs, tenant, folder / "files", environment)
        client.files.mkdir()
        client.run("IntuneCD-startbackup", "run_backup", "--append-id")
        yield client


def test_it_backs_up_every_device_configuration(intunecd: IntuneCD) -> None:
    """GRAPH.md 3.4: the root link is what it does not know of; the rest is in its files."""
    profiles = intunecd.tenant.graph.all_of(DEVICE_CONFIGURATIONS)
    assert len(profiles) > 100
    for profile in profiles:
        saved = json.loads(intunecd.file_of(profile).read_text())
        shown = {
            name: value
            for name, value in profile.items()
            if name not in LEFT_OUT | REWRITTEN and "@odata." not in name.replace("@odata.type", "")
        }
        assert {name: saved.get(name) for name in shown} == shown


def test_it_backs_up_assignments_with_the_names_of_groups_and_filters(intunecd: IntuneCD) -> None:
    """GRAPH.md 3.5, 4.2: one request of a batch for each profile."""
    graph = intunecd.tenant.graph
    groups = {each["id"]: each["displayName"] for each in graph.all_of("groups")}
    compared = 0
    for profile in graph.all_of(f"{DEVICE_CONFIGURATIONS}?$expand=assignments"):
        saved = json.loads(intunecd.file_of(profile).read_text()).get("assignments", [])
        targets = [each["target"] for each in profile["assignments"]]
        named = [groups[target["groupId"]] for target in targets if target.get("groupId") in groups]
        assert [
            each["target"]["groupName"] for each in saved if "groupName" in each["target"]
        ] == named
        assert len(saved) == len(targets)
        compared += len(targets)
    assert compared > 50


def test_it_sends_whole_numbers_as_ids_and_reads_its_answers(intunecd: IntuneCD) -> None:
    """GRAPH.md 4.2: the reason why the simulator takes them."""
    items = [item for body in intunecd.sent("$batch") for item in body["requests"]]
    assert len(items) > 100
    assert all(type(item["id"]) is int for item in items)


def test_it_reads_the_id_of_a_filter_that_it_did_not_select(intunecd: IntuneCD) -> None:
    """It fails with a KeyError where `$select=displayName` does not show the id."""
    graph = intunecd.tenant.graph
    [first, *_] = graph.all_of("deviceManagement/assignmentFilters")
    item = f"deviceManagement/assignmentFilters/{first['id']}"
    shown = graph.read(f"{item}?$select=displayName")
    assert {name for name in shown if "@" not in name} == {"id", "displayName"}


def test_it_patches_what_was_changed_in_its_files(intunecd: IntuneCD) -> None:
    """GRAPH.md 3.1, 3.3: a typed PATCH of the whole object, answered 204."""
    graph = intunecd.tenant.graph
    before = {each["id"]: each for each in graph.all_of(DEVICE_CONFIGURATIONS)}
    [wanted, *_] = [each for each in before.values() if "windows81SCEP" in each["@odata.type"]]
    path = intunecd.file_of(wanted)
    saved = json.loads(path.read_text())
    path.write_text(json.dumps({**saved, "renewalThresholdPercentage": 33}))
    graph.control("DELETE", "requests")
    intunecd.run("IntuneCD-startupdate", "run_update")
    after = {each["id"]: each for each in graph.all_of(DEVICE_CONFIGURATIONS)}
    changed = [key for key, profile in after.items() if profile != before[key]]
    assert changed == [wanted["id"]]
    assert after[wanted["id"]]["renewalThresholdPercentage"] == 33
    entries = graph.control("GET", "requests")["value"]
    writes = [each for each in entries if each["method"] in ("PATCH", "PUT", "DELETE")]
    assert [(each["method"], each["status"]) for each in writes] == [("PATCH", 204)]
