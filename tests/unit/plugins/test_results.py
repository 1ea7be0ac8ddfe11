# Copyright: The intune.scep maintainers
# GNU General Public License v3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table that the documentation of results is made from tells the truth."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.intune.scep.plugins.module_utils import _base

from intune_scep import IntuneClient
from intune_scep.connection import ConnectionOptions
from intune_scep.declarations import parse_declaration
from intune_scep.profiles import ProfileKind
from intune_scep.result_fields import ALWAYS, RESULTS
from intune_scep.simulator import seed_database
from intune_scep.strong_mapping import Choices

COLLECTION = Path(_base.__file__).resolve().parents[2]
OF_THE_MODULE = {"failure", "files", "journal_content", "msg", "proof", "text"}
FOR_EACH = {ALWAYS, "for declarations"}
ROLLOUT = """
rollout: r
strategy: in_place
rings: [{name: first, profiles: [iOS - SCEP - User - Corporate Wi-Fi]}]
"""
# Only where another administrator must approve; tests/e2e/test_playbooks.py has it.
OF_WHAT_WAITS = {"approval"}
OF_THE_LIBRARY = {"changed", "failed", "warnings", "msg"}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What the library returns for each module, of a dry run."""
    database = tmp_path_factory.mktemp("results") / "contoso.db"
    seed_database(database, "contoso")
    options = ConnectionOptions(cloud="simulator", simulator=str(database))
    gone = {"name": "None", "platform": "ios", "state": "absent"}
    declaration = parse_declaration(gone, kind=ProfileKind.SCEP)
    rollout = database.with_name("strong-mapping.yml")
    rollout.write_text(ROLLOUT)
    with IntuneClient(options) as client:
        choices = Choices(min_ready=95)
        declared = client.profiles.apply([declaration], dry_run=True).to_dict()
        return {
            "strong_mapping": client.strong_mapping.enforce(choices, dry_run=True).to_dict(),
            "strong_mapping_impact_info": client.strong_mapping.impact().to_dict(),
            "strong_mapping_info": client.strong_mapping.assess().to_dict(),
            "strong_mapping_readiness_info": client.strong_mapping.readiness().to_dict(),
            "strong_mapping_rollout": client.rollout.run(rollout, dry_run=True).to_dict(),
            "strong_mapping_rollout_info": {
                **client.rollout.status(rollout)[0].to_dict(),
                "journal": "j",
            },
            "certificate_profiles": declared,
            "trusted_root_profile": declared,
            "scep_profile": declared,
        }


def test_every_field_of_a_profile_occurs(results):
    documented = {item.name for rows in map(rows_of, RESULTS) for item in rows}
    assert documented - OF_WHAT_WAITS == {
        name for item in results.values() for row in item.get("profiles", ()) for name in row
    }


def rows_of(module):
    return next((item.contains for item in RESULTS[module] if item.name == "profiles"), ())


@pytest.mark.parametrize("module", RESULTS)
def test_every_field_that_is_returned_is_documented_and_the_other_way_round(module, results):
    result, fields = results[module], {field.name: field for field in RESULTS[module]}
    assert set(result) - OF_THE_LIBRARY == set(fields) - OF_THE_MODULE
    if result.get("rings"):
        [ring] = result["rings"]
        rings = next(item.contains for item in RESULTS[module] if item.name == "rings")
        assert set(ring) == {item.name for item in rings}
        return
    assert result["profiles"]
    documented = {field.name for field in fields["profiles"].contains}
    always = {item.name for item in fields["profiles"].contains if item.returned in FOR_EACH}
    assert all(always <= set(row) <= documented for row in result["profiles"])
    assert set(result["counts"]) == {field.name for field in fields["counts"].contains}
