"""Move the embedded tenant contoso to strong mapping, and say what to look at.

Ansible does what it would do with a real tenant; what stands in for Microsoft Graph is a file.
"""

import asyncio
import os
import shlex
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.rule import Rule
from rich.table import Table

from intune_scep.simulator import open_in_process, seed_database

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
DEMO = ROOT / ".demo"
DATABASE = DEMO / "contoso.db"
JOURNAL = DEMO / "strong-mapping.jsonl"
STATE = DEMO / "state"
SETTINGS = DEMO / "environment"
GRAPH = "https://graph.simulator.invalid"
CONFIGURATIONS = f"{GRAPH}/beta/deviceManagement/deviceConfigurations"
# By then the simulator has issued what an edit made it issue again.
ONE_DAY = 24 * 3600

Certificate = dict[str, Any]
"""A certificate on a device, as Graph reports it."""

console = Console(highlight=False)


@dataclass(frozen=True)
class Run:
    """One run of the playbook, what it does and what to look for."""

    title: str
    about: str
    arguments: tuple[str, ...]


RUNS = (
    Run(
        "1 of 3: what would change",
        "Check mode with a diff; nothing is written. Look for the one line with a plus in each"
        " diff: every other name stays as it is. The summary says why the other profiles are left"
        " alone.",
        ("--check", "--diff"),
    ),
    Run(
        "2 of 3: the change",
        "The same playbook for real. Look for CHANGED in the summary, and for the journal, which"
        " holds what is needed to go back.",
        ("-e", f"strong_mapping_journal={JOURNAL.relative_to(ROOT)}"),
    ),
    Run(
        "3 of 3: the same again",
        "Look at the last line: changed=0. Nothing is left to do, so nothing is written. That"
        " matters, because even a write without a difference may revoke certificates.",
        (),
    ),
)


# Column -> what is counted.
COST = {"revoked": "revoked", "issued again": "issued", "not issued again": "issueFailed"}


class Tenant:
    """The embedded tenant, looked at from outside the product."""

    async def __aenter__(self) -> "Tenant":
        self._door = open_in_process(DATABASE)
        headers = {"Authorization": f"Bearer {self._door.access_token(expires_in=7 * ONE_DAY)}"}
        self._client = httpx.AsyncClient(transport=self._door.transport, headers=headers)
        return self

    async def __aexit__(self, *details: object) -> None:
        await self._client.aclose()
        self._door.close()

    async def ask(self, method: str, url: str, body: Any = None) -> Any:
        answer = await self._client.request(method, url, json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    async def values(self, url: str | None) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while url:
            page = await self.ask("GET", url)
            found += page["value"]
            url = page.get("@odata.nextLink")
        return found

    async def certificates(self) -> list[Certificate]:
        """What devices have through any SCEP profile."""
        found: list[Certificate] = []
        for profile in await self.values(CONFIGURATIONS):
            cast = profile["@odata.type"].removeprefix("#")
            if "scepcertificate" in cast.lower():
                url = f"{CONFIGURATIONS}/{profile['id']}/{cast}/managedDeviceCertificateStates"
                found += await self.values(url)
        return found

    async def take_requests(self) -> list[dict[str, Any]]:
        """The requests since the last call."""
        url = f"{GRAPH}/_simulator/requests"
        requests: list[dict[str, Any]] = (await self.ask("GET", url))["value"]
        await self.ask("DELETE", url)
        return requests

    async def let_pass(self, seconds: int) -> None:
        await self.ask("POST", f"{GRAPH}/_simulator/clock", {"advance": seconds})


def environment() -> dict[str, str]:
    temporary = str(ROOT / ".build" / "ansible" / "tmp")
    return {
        **os.environ,
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_HOME": str(ROOT / ".build" / "ansible"),
        "ANSIBLE_LOCAL_TEMP": temporary,
        "ANSIBLE_REMOTE_TMP": temporary,
        "INTUNE_SCEP_CLOUD": "simulator",
        "INTUNE_SCEP_SIMULATOR": str(DATABASE),
        "INTUNE_SCEP_STATE": str(STATE),
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
    }


def say(text: str) -> None:
    console.print(text)
    console.print()


def heading(text: str) -> None:
    console.print()
    console.print(Rule(f"[bold]{text}[/bold]", align="left"))
    console.print()


def run_playbook(run: Run) -> None:
    """Run the playbook, showing its output as it comes.

    Raises:
        SystemExit: it failed.
    """
    heading(run.title)
    say(run.about)
    command = ["ansible-playbook", "playbooks/enforce-strong-mapping.yml", *run.arguments]
    console.print(f"$ {' '.join(command)}", style="bold", soft_wrap=True)
    code = subprocess.run(command, cwd=ROOT, env=environment(), check=False).returncode
    if code:
        raise SystemExit(f"The playbook failed with exit code {code}.")


def show_requests(by_run: list[list[dict[str, Any]]]) -> None:
    table = Table("run", "requests", "of them writes of a profile", box=None, pad_edge=False)
    for run, requests in zip(RUNS, by_run, strict=True):
        writes = sum(entry["method"] == "PATCH" for entry in requests)
        table.add_row(run.title, str(len(requests)), str(writes))
    console.print(table)


def show_cost(before: list[Certificate], after: list[Certificate]) -> None:
    """Compare the certificates on devices before the run and a day after it."""
    valid = {each["id"] for each in before if each["certificateRevokeStatus"] == "none"}
    known = {each["id"] for each in before}
    cost: dict[str, Counter[str]] = defaultdict(Counter)
    for each in after:
        row = cost[each["certificateProfileDisplayName"]]
        if each["id"] not in known:
            row[each["certificateIssuanceState"]] += 1
        elif each["id"] in valid and each["certificateRevokeStatus"] != "none":
            row["revoked"] += 1
    table = Table("profile", box=None, pad_edge=False, show_footer=True)
    table.columns[0].footer = "together"
    for title, key in COST.items():
        together = sum(row[key] for row in cost.values())
        table.add_column(title, footer=str(together), justify="right")
    for name, row in sorted(cost.items()):
        if row:
            table.add_row(name, *(str(row[key]) for key in COST.values()))
    console.print(table)
    console.print()
    say(
        "Each of these was one edit. A certificate is not issued again where the variable has no"
        " value: the user or the device has no SID in Active Directory. (Microsoft's pages disagree"
        " whether such a certificate comes without the SID or not at all; the simulator takes the"
        " expensive side.) A pilot group first: strong_mapping_only."
    )


def write_settings() -> None:
    """A file to source, so that the commands named at the end are short."""
    lines = {
        "INTUNE_SCEP_CLOUD": "simulator",
        "INTUNE_SCEP_SIMULATOR": str(DATABASE),
        # The runs on this tenant are forgotten with it.
        "INTUNE_SCEP_STATE": str(STATE),
    }
    exports = [f"export {name}={shlex.quote(value)}" for name, value in lines.items()]
    exports.append(f'export PATH={shlex.quote(str(BIN))}:"$PATH"')
    SETTINGS.write_text("\n".join(exports) + "\n")


COMMANDS = (
    ("Why each profile has its verdict", "intune-scep strong-mapping assess"),
    ("Which runs there were, what is left of them and how to go back", "intune-scep runs"),
    (
        "Go back, and read what that costs",
        "ansible-playbook playbooks/rollback-strong-mapping.yml --check --diff"
        f" -e strong_mapping_journal={JOURNAL.relative_to(ROOT)}",
    ),
    (
        "Talk to the tenant as if it were Microsoft Graph",
        f"intune-scep simulator serve --database {DATABASE.relative_to(ROOT)} --port 8080",
    ),
)


async def main() -> None:
    shutil.rmtree(DEMO, ignore_errors=True)
    DEMO.mkdir(mode=0o700)
    seed_database(DATABASE, "contoso")
    write_settings()
    heading("An embedded tenant: Contoso")
    say(
        f"It lives in {DATABASE.relative_to(ROOT)}; a simulator answers for Microsoft Graph."
        " Nothing leaves this machine. The playbook is the one for a real tenant."
    )
    by_run = []
    async with Tenant() as tenant:
        before = await tenant.certificates()
        await tenant.take_requests()
        for run in RUNS:
            run_playbook(run)
            by_run.append(await tenant.take_requests())
        heading("What happened")
        show_requests(by_run)
        await tenant.let_pass(ONE_DAY)
        heading("What it cost: the certificates, one simulated day later")
        show_cost(before, await tenant.certificates())
    heading("Explore")
    say(f"First: source {SETTINGS.relative_to(ROOT)}")
    for about, command in COMMANDS:
        console.print(f"[dim]# {about}[/dim]")
        console.print(f"{command}\n", soft_wrap=True)


if __name__ == "__main__":
    asyncio.run(main())
