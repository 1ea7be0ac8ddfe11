# Copyright: The intune.scep maintainers
# GNU General Public License v3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long the modules look for a change that does not show yet."""

from __future__ import annotations

import pytest
from ansible_collections.intune.scep.plugins.modules import (
    certificate_profiles,
    compliance_info,
    scep_profile,
    scep_profile_info,
    strong_mapping,
    strong_mapping_impact_info,
    strong_mapping_info,
    strong_mapping_readiness_info,
    strong_mapping_rollout,
    strong_mapping_rollout_info,
    trusted_root_profile,
    trusted_root_profile_info,
)

ROOT = {"name": "Root", "platform": "ios"}
REQUIRED = {
    certificate_profiles: {"path": "/nowhere"},
    compliance_info: {},
    scep_profile: {"name": "Staff", "platform": "ios", "state": "absent"},
    scep_profile_info: {},
    strong_mapping: {},
    strong_mapping_impact_info: {},
    strong_mapping_info: {},
    strong_mapping_readiness_info: {},
    strong_mapping_rollout: {},
    strong_mapping_rollout_info: {},
    trusted_root_profile: {**ROOT, "state": "absent"},
    trusted_root_profile_info: {},
}


@pytest.fixture
def changed(tenant, root_certificate):
    """A tenant with a root, and a change of it that takes half a second to show."""
    options = {**ROOT, "certificate": root_certificate}
    assert tenant.run(trusted_root_profile, **options)["changed"]
    rule = {"match": {"method": "PATCH"}, "effect": "lag", "seconds": 0.5}
    tenant.ask("PUT", "_simulator/faults", [rule])
    tenant.requests()
    return lambda **more: tenant.run(trusted_root_profile, **ROOT, description="New", **more)


def reads_after_the_write(tenant):
    methods = [entry["method"] for entry in tenant.requests()]
    return methods[methods.index("PATCH") + 1 :].count("GET")


def test_without_any_a_change_that_does_not_show_at_once_is_unknown(changed, tenant):
    result = changed(patience=0)
    assert result["failed"]
    assert [item["status"] for item in result["profiles"]] == ["unknown"]
    # One look that the write has to prove itself by, and one when the run ends.
    assert reads_after_the_write(tenant) == 2


def test_with_some_it_is_looked_for_again_and_applied(changed, tenant):
    result = changed(patience=20)
    assert "failed" not in result, result["msg"]
    assert [item["status"] for item in result["profiles"]] == ["applied"]
    assert reads_after_the_write(tenant) > 2


def test_what_is_given_goes_before_the_environment(changed, monkeypatch):
    monkeypatch.setenv("INTUNE_SCEP_PATIENCE", "0")
    assert "failed" not in changed(patience="20")


def test_without_the_option_the_environment_is_heard(changed, monkeypatch):
    monkeypatch.setenv("INTUNE_SCEP_PATIENCE", "0")
    assert [item["status"] for item in changed()["profiles"]] == ["unknown"]


@pytest.mark.parametrize("value", [-1, -0.5, "-1", 3601, "nan", "inf", "soon", "", [], {}])
@pytest.mark.parametrize("module", REQUIRED, ids=lambda module: module.__name__.rpartition(".")[2])
def test_an_impossible_one_is_one_message_that_names_it_and_no_request(tenant, module, value):
    result = tenant.run(module, **REQUIRED[module], patience=value)
    assert result["failed"] is True
    assert "patience" in result["msg"]
    assert "exception" not in result
    assert "\n" not in result["msg"]
    assert tenant.requests() == []
