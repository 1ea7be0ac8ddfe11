# Copyright: The intune.scep maintainers
# GNU General Public License v3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A simulated tenant for modules that are called as Ansible calls them."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

import httpx
import pytest
from ansible.module_utils.testing import patch_module_args

from intune_scep.simulator import open_in_process, seed_database
from intune_scep.simulator.scenario import Scenario
from intune_scep.simulator.scenarios import wire

GRAPH = "https://graph.simulator.invalid"
WRITES = ("PATCH", "POST", "PUT", "DELETE")


def numbered(kind, names):
    """Things with names, each with an id made of its number."""
    return tuple(
        {"id": f"{kind:08d}-0000-4000-8000-{number:012d}", "displayName": name}
        for number, name in enumerate(names, 1)
    )


def directory():
    """A tenant without profiles, with what assignments and scope tags may name."""
    filters = numbered(2, ["Corporate iPhones"])
    return Scenario(
        tenant_id="22222222-2222-4333-8444-555555555555",
        display_name="Declared",
        default_domain="declared.example",
        groups=numbered(1, ["All Staff", "Contractors"]),
        assignment_filters=tuple({**item, "platform": "iOS", "rule": "(x)"} for item in filters),
        role_scope_tags=({"id": "0", "displayName": "Default", "isBuiltIn": True},),
        profiles=(),
        root_links={},
        assignments={},
    )


@pytest.fixture(autouse=True)
def _outside_the_controller(monkeypatch):
    """A module is no part of Ansible's controller, whose code other tests import here."""
    try:
        from ansible.module_utils import _internal
    except ImportError:  # ansible-core 2.18 and older make no difference
        return
    monkeypatch.setattr(_internal, "is_controller", False)


class ModuleTenant:
    """A tenant in a file, and the modules that reach it."""

    def __init__(self, database, capsys):
        self.database = database
        self._capsys = capsys
        # Time passes here, and nobody is to wait for a report.
        self.ask("PUT", "_simulator/settings", {"export_seconds": 0})

    def run(self, module, check_mode=False, **options):
        """Run a module's main and return its result."""
        arguments = {
            "cloud": "simulator",
            **options,
            "_ansible_check_mode": check_mode,
            "_ansible_diff": True,
        }
        with patch_module_args(arguments), pytest.raises(SystemExit):
            module.main()
        return json.loads(self._capsys.readouterr().out)

    def ask(self, method, path, body=None):
        """Ask the simulator itself, past the product."""

        async def exchange():
            door = open_in_process(self.database)
            headers = {"Authorization": f"Bearer {door.access_token()}"}
            async with httpx.AsyncClient(transport=door.transport, headers=headers) as client:
                answer = await client.request(method, f"{GRAPH}/{path}", json=body)
            door.close()
            answer.raise_for_status()
            return answer.json() if answer.content else None

        return asyncio.run(exchange())

    def requests(self):
        """What was asked of Graph since the last call."""
        entries = self.ask("GET", "_simulator/requests")["value"]
        self.ask("DELETE", "_simulator/requests")
        return entries

    def writes(self):
        """The writes among them, those inside a batch as well; asking for a report is none."""
        return [
            entry
            for entry in self.requests()
            if entry["method"] in WRITES and not entry["path"].endswith(("$batch", "exportJobs"))
        ]

    def profiles(self):
        """Every profile by name."""
        found = self.ask("GET", "beta/deviceManagement/deviceConfigurations?$top=1000")["value"]
        return {profile["displayName"]: profile for profile in found}


@pytest.fixture(scope="session")
def root_certificates():
    """CA certificates by name, each as base64 of DER."""
    return json.loads((Path(wire.__file__).parent / "root_certificates.json").read_text())


@pytest.fixture
def root_certificate(root_certificates):
    return root_certificates["contoso-root-ca-2021"]


@pytest.fixture(scope="session")
def seeded(tmp_path_factory):
    path = tmp_path_factory.mktemp("declared") / "tenant.db"
    seed_database(path, directory())
    return path


@pytest.fixture
def tenant(seeded, tmp_path, monkeypatch, capsys):
    database = tmp_path / "tenant.db"
    shutil.copy2(seeded, database)
    monkeypatch.setenv("INTUNE_SCEP_SIMULATOR", str(database))
    monkeypatch.setenv("INTUNE_SCEP_STATE", str(tmp_path / "state"))
    return ModuleTenant(database, capsys)
