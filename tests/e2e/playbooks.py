"""An embedded tenant in a file, and playbooks run against it as an administrator runs them."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from intune_scep.simulator import open_in_process

ROOT = Path(__file__).resolve().parents[2]
GRAPH = "https://graph.simulator.invalid"
CONFIGURATIONS = f"{GRAPH}/beta/deviceManagement/deviceConfigurations"
WRITES = {"PATCH", "POST", "PUT", "DELETE"}
SID_URI = {"sanType": "universalResourceIdentifier", "name": "{{OnPremisesSecurityIdentifier}}"}


ENFORCE = ("playbooks/enforce-strong-mapping.yml", "playbooks/enforce_strong_mapping.yml")
ROLLBACK = ("playbooks/rollback-strong-mapping.yml", "playbooks/rollback_strong_mapping.yml")
DEPLOY = ("playbooks/deploy-certificate-profiles.yml", "playbooks/deploy_certificate_profiles.yml")
ROLLBACK_PROFILES = (
    "playbooks/rollback-certificate-profiles.yml",
    "playbooks/rollback_certificate_profiles.yml",
)
COMPLIANCE = ("playbooks/compliance-report.yml", "playbooks/compliance_report.yml")
PLAYBOOKS = (ENFORCE, ROLLBACK, DEPLOY, ROLLBACK_PROFILES, COMPLIANCE)


class Tenant:
    """An embedded tenant in a file, looked at from outside the product."""

    def __init__(self, database: Path) -> None:
        self.database = database

    def ask(self, method: str, url: str, body: Any = None) -> Any:
        async def exchange() -> Any:
            door = open_in_process(self.database)
            headers = {"Authorization": f"Bearer {door.access_token()}"}
            async with httpx.AsyncClient(transport=door.transport, headers=headers) as client:
                answer = await client.request(method, url, json=body)
            door.close()
            answer.raise_for_status()
            return answer.json() if answer.content else None

        return asyncio.run(exchange())

    def set(self, **settings: Any) -> None:
        self.ask("PUT", f"{GRAPH}/_simulator/settings", settings)

    def names(self) -> dict[str, list[dict[str, Any]]]:
        """By profile id: its subject alternative names."""
        profiles = self.ask("GET", f"{CONFIGURATIONS}?$top=1000")["value"]
        return {
            item["id"]: item["customSubjectAlternativeNames"]
            for item in profiles
            if "customSubjectAlternativeNames" in item
        }

    def mapped(self) -> int:
        return sum(SID_URI in (names or []) for names in self.names().values())

    def forget_requests(self) -> None:
        self.ask("DELETE", f"{GRAPH}/_simulator/requests")

    def requests(self) -> list[dict[str, Any]]:
        """Everything that was asked for, refused requests included."""
        entries: list[dict[str, Any]] = self.ask("GET", f"{GRAPH}/_simulator/requests")["value"]
        return entries

    def writes(self) -> list[str]:
        """Writes of Graph data among them."""
        return [
            f"{entry['method']} {entry['path']}"
            for entry in self.requests()
            if entry["method"] in WRITES and not entry["path"].endswith(("$batch", "exportJobs"))
        ]


@dataclass(frozen=True)
class Result:
    """How a playbook ended."""

    code: int
    output: str

    def recap(self, host: str = "localhost") -> Counter[str]:
        line = next(line for line in self.output.splitlines() if re.match(rf"{host} +: ok=", line))
        return Counter({key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", line)})

    @property
    def statistics(self) -> dict[str, Any]:
        """What the role of strong mapping published, by host."""
        return self.published("intune_scep")

    def published(self, name: str) -> dict[str, Any]:
        """A custom statistic."""
        found = re.search(r"^\tRUN: (\{.*\})$", self.output, re.MULTILINE)
        assert found, self.output
        counts: dict[str, Any] = json.loads(found[1])[name]
        return counts


def run_playbook(playbook: str, *arguments: str, cwd: Path, **variables: str) -> Result:
    """Run ansible-playbook, see `run_ansible`."""
    return run_ansible("ansible-playbook", playbook, *arguments, cwd=cwd, **variables)


def run_ansible(*command: str, cwd: Path, **variables: str) -> Result:
    """Run a command of Ansible, with nothing of this machine's environment that names a tenant."""
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith(("AZURE_", "INTUNE_", "ANSIBLE"))
    }
    temporary = str(cwd / "ansible" / "tmp")
    environment = {
        **kept,
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
        "ANSIBLE_HOME": str(cwd / "ansible"),
        "ANSIBLE_LOCAL_TEMP": temporary,
        "ANSIBLE_REMOTE_TMP": temporary,
        "ANSIBLE_SHOW_CUSTOM_STATS": "true",
        "XDG_STATE_HOME": str(cwd / "state"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        **variables,
    }
    process = subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Result(process.returncode, process.stdout)


def run_on(tenant: Tenant, playbook: str, *arguments: str, **variables: str) -> Result:
    path = str(ROOT / playbook) if playbook.endswith(".yml") else playbook
    return run_playbook(
        path,
        *arguments,
        cwd=tenant.database.parent,
        INTUNE_SCEP_CLOUD="simulator",
        INTUNE_SCEP_SIMULATOR=str(tenant.database),
        **variables,
    )


def copy_of(seeded: Path, directory: Path) -> Tenant:
    directory.mkdir()
    tenant = Tenant(Path(shutil.copy2(seeded, directory / "tenant.db")))
    # Time passes here, and nobody is to wait for a report.
    tenant.set(export_seconds=0)
    return tenant
