# Copyright: The intune.scep maintainers
# GNU General Public License v3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""compliance_info, called as Ansible calls it, against a simulated tenant."""

from __future__ import annotations

import json

import pytest
from ansible_collections.intune.scep.plugins.modules import (
    compliance_info,
    scep_profile,
    trusted_root_profile,
)
from ansible_collections.intune.scep.plugins.modules.compliance_info import ARGUMENT_SPEC, FAIL_ON

from intune_scep.compliance import Policy
from intune_scep.compliance.policy import FAIL_ON as CAUSES
from intune_scep.reports.formats import FORMATS

ROOT = {"name": "Root", "platform": "ios", "assignments": [{"all_users": True}]}
SCEP = {
    "name": "Staff",
    "platform": "ios",
    "subject_name_format": "CN={{UserName}}",
    "subject_alternative_names": [{"type": "upn", "value": "{{UserPrincipalName}}"}],
    "key_usage": ["digital_signature"],
    "extended_key_usages": ["client_authentication"],
    "root_profile": {"name": "Root"},
    "scep_server_urls": ["https://ndes.contoso.com/certsrv/mscep/mscep.dll"],
    "assignments": [{"all_users": True}],
}
LENIENT = {"fail_on": {"errors": False, "required": False}}


@pytest.fixture
def judged(tenant, root_certificate):
    """A tenant with one profile that needs the SID URI."""
    assert tenant.run(trusted_root_profile, **ROOT, certificate=root_certificate)["changed"]
    assert tenant.run(scep_profile, **SCEP)["changed"]
    tenant.requests()
    return tenant


def test_the_options_are_those_of_the_library():
    policy = Policy()
    assert tuple(FAIL_ON) == CAUSES
    assert {name: spec["default"] for name, spec in FAIL_ON.items()} == policy.to_dict()["fail_on"]
    assert set(ARGUMENT_SPEC["policy"]["options"]) == set(policy.to_dict())
    assert ARGUMENT_SPEC["policy"]["options"]["root_expiry_days"]["default"] == 90
    assert set(ARGUMENT_SPEC["report_formats"]["choices"]) == set(FORMATS)


def test_what_was_found_is_returned_and_does_not_fail_the_task(judged, tmp_path):
    result = judged.run(compliance_info, check_mode=True, report_directory=str(tmp_path / "report"))
    assert not result.get("failed")
    assert not result["changed"]
    assert result["outcome"]["status"] == "failed"
    assert "required" in [reason["cause"] for reason in result["outcome"]["reasons"]]
    assert result["summary"]["verdicts"]["required"] == 1
    written = {path.name for path in (tmp_path / "report").iterdir()}
    assert {"compliance.html", "compliance.json", "compliance.prom"} <= written
    assert json.loads((tmp_path / "report" / "compliance.json").read_text()) == result["report"]
    assert all((tmp_path / "report" / name).stat().st_mode & 0o777 == 0o600 for name in written)
    assert judged.writes() == []


def test_a_policy_decides_what_fails(judged, tmp_path):
    assert judged.run(compliance_info, policy=LENIENT)["outcome"]["status"] == "passed"
    path = tmp_path / "policy.yml"
    path.write_text("fail_on: {errors: false, required: false}\n")
    assert judged.run(compliance_info, policy_path=str(path))["outcome"]["status"] == "passed"


def test_what_cannot_be_read_fails_the_task_after_the_reports_were_written(judged, tmp_path):
    rule = {"match": {"method": "GET", "path": "deviceConfigurations"}, "when": "before"}
    judged.ask("PUT", "_simulator/faults", [{**rule, "effect": 403}])
    result = judged.run(compliance_info, policy=LENIENT, report_directory=str(tmp_path))
    assert result["failed"]
    assert result["failure"]["code"] == "notJudged"
    assert result["outcome"]["status"] == "not_judged"
    report = json.loads((tmp_path / "compliance.json").read_text())
    assert report["outcome"]["status"] == "not_judged"


@pytest.mark.parametrize(("devices", "read"), [(None, False), (False, False), (True, True)])
def test_devices_are_read_when_asked_for(judged, devices, read):
    result = judged.run(compliance_info, **({} if devices is None else {"devices": devices}))
    assert not result.get("failed")
    listed = [item for item in judged.requests() if "managedDevices" in item["path"]]
    assert bool(listed) is read
    skipped = {item["rule_id"] for item in result["report"]["skipped"]}
    assert ("R-086" in skipped) is not read


def test_a_permission_for_devices_that_is_missing_fails_the_task_and_is_named(judged):
    rule = {"match": {"method": "GET", "path": "managedDevices"}, "when": "before"}
    judged.ask("PUT", "_simulator/faults", [{**rule, "effect": 403}])
    result = judged.run(compliance_info, policy=LENIENT, devices=True)
    assert result["failed"]
    assert result["outcome"]["status"] == "not_judged"
    assert "DeviceManagementManagedDevices.Read.All" in result["msg"]


def test_a_tenant_that_cannot_be_reached_leaves_reports_too(tenant, tmp_path, monkeypatch):
    monkeypatch.setenv("INTUNE_SCEP_SIMULATOR", str(tmp_path / "no-such-tenant.db"))
    result = tenant.run(compliance_info, report_directory=str(tmp_path / "report"))
    assert result["failed"]
    assert result["outcome"]["status"] == "not_judged"
    assert (tmp_path / "report" / "compliance.html").exists()


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"policy": 5}, "policy"),
        ({"policy": {"fail_on": 5}}, "policy.fail_on must be an object"),
        ({"policy": {"fail_on": {"everything": True}}}, "everything"),
        ({"policy": {"warnings_are_errors_from": "soon"}}, "warnings_are_errors_from"),
        ({"policy": {"root_expiry_days": -1}}, "root_expiry_days"),
        ({"policy": {}, "policy_path": "x"}, "mutually exclusive"),
        ({"policy_path": "no-such-file.yml"}, "no-such-file.yml"),
        ({"rules_path": "no-such-file.yml"}, "no-such-file.yml"),
        ({"baseline_path": "no-such-file.json"}, "no-such-file.json"),
        ({"directory": "perhaps"}, "directory"),
        ({"devices": "perhaps"}, "devices"),
        ({"report_formats": ["pdf"]}, "report_formats"),
    ],
)
def test_bad_input_is_one_message_that_names_the_option_and_no_request(tenant, options, complaint):
    result = tenant.run(compliance_info, **options)
    assert result["failed"]
    assert complaint in result["msg"]
    assert tenant.requests() == []
