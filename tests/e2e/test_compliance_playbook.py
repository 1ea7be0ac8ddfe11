"""The compliance playbook, as a scheduler runs it every night, against an embedded tenant."""

import importlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from intune_scep import IntuneClient
from intune_scep.compliance import ComplianceReport, approve
from intune_scep.connection import ConnectionOptions
from intune_scep.simulator import seed_database

from .playbooks import COMPLIANCE, CONFIGURATIONS, GRAPH, Result, Tenant, copy_of, run_on

# The contoso tenant has errors on purpose; here only what got worse counts.
ONLY_WORSE = {
    "fail_on": {"errors": False, "required": False, "defective": False, "expired_roots": False}
}


@pytest.fixture(scope="session")
def contoso(tmp_path_factory: pytest.TempPathFactory) -> Path:
    database = tmp_path_factory.mktemp("compliance") / "contoso.db"
    seed_database(database, "contoso")
    return database


@pytest.fixture
def tenant(contoso: Path, tmp_path: Path) -> Tenant:
    return copy_of(contoso, tmp_path / "contoso")


def report_on(tenant: Tenant, playbook: str, *arguments: str, **variables: Any) -> Result:
    return run_on(tenant, playbook, "-e", json.dumps(variables), *arguments)


def published(result: Result) -> dict[str, Any]:
    counts: dict[str, Any] = result.published("intune_scep_compliance")["localhost"]
    return counts


def checked(tenant: Tenant) -> ComplianceReport:
    options = ConnectionOptions(cloud="simulator", simulator=str(tenant.database))
    with IntuneClient(options) as client:
        return client.compliance.check()


def test_it_leaves_reports_passes_while_nothing_got_worse_and_then_fails(tenant: Tenant) -> None:
    directory = tenant.database.parent
    approve(checked(tenant), directory / "baseline.json")
    choices = {"compliance_policy": ONLY_WORSE, "compliance_baseline_path": "baseline.json"}
    tenant.set(read_only=True)
    tenant.forget_requests()
    for playbook, mode in ((COMPLIANCE[0], ()), ("intune.scep.compliance_report", ("--check",))):
        passed = report_on(tenant, playbook, *mode, **choices)
        assert passed.code == 0, passed.output
        assert passed.recap()["changed"] == 0
        assert published(passed)["status"] == "passed"
    assert tenant.writes() == []
    reports = directory / "compliance-report" / "localhost"
    assert {path.name for path in reports.iterdir()} >= {
        "compliance.html",
        "compliance.json",
        "compliance.prom",
    }
    assert published(passed)["files"]

    tenant.set(read_only=False)
    profiles = tenant.ask("GET", f"{CONFIGURATIONS}?$top=1000")["value"]
    good = next(p for p in profiles if p["displayName"] == "iOS - SCEP - User - Corporate Wi-Fi")
    worse = {"@odata.type": good["@odata.type"], "scepServerUrls": ["http://ndes.example/x y"]}
    tenant.ask("PATCH", f"{CONFIGURATIONS}/{good['id']}", worse)
    failed = report_on(tenant, COMPLIANCE[1], **choices)
    assert failed.code == 2
    assert published(failed)["status"] == "failed"
    assert "new since the baseline" in " ".join(failed.output.split())
    assert "Traceback" not in failed.output
    page = json.loads((reports / "compliance.json").read_text())
    assert page["outcome"]["status"] == "failed"


def test_what_cannot_be_read_is_never_green(tenant: Tenant) -> None:
    rule = {"match": {"method": "GET", "path": "deviceConfigurations"}, "when": "before"}
    tenant.ask("PUT", f"{GRAPH}/_simulator/faults", [{**rule, "effect": 403}])
    variables = {"compliance_policy": ONLY_WORSE, "compliance_fail": False}
    result = report_on(tenant, COMPLIANCE[0], **variables)
    assert result.code == 2
    assert published(result)["status"] == "not_judged"
    report = tenant.database.parent / "compliance-report" / "localhost" / "compliance.json"
    assert json.loads(report.read_text())["outcome"]["status"] == "not_judged"


def test_devices_are_read_when_the_role_is_told_to(tenant: Tenant) -> None:
    tenant.forget_requests()
    result = report_on(tenant, COMPLIANCE[0], compliance_policy=ONLY_WORSE, compliance_devices=True)
    assert result.code == 0, result.output
    sent = tenant.ask("GET", f"{GRAPH}/_simulator/requests")["value"]
    assert [item for item in sent if "managedDevices" in item["path"]]
    assert [item for item in sent if item["path"].endswith("exportJobs")]


def test_the_documented_examples_run(tenant: Tenant) -> None:
    source = importlib.import_module(
        "ansible_collections.intune.scep.plugins.modules.compliance_info"
    )
    tasks = yaml.safe_load(source.EXAMPLES)
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "tasks": tasks,
    }
    playbook = tenant.database.parent / "examples.yml"
    playbook.write_text(yaml.safe_dump([play]))
    result = run_on(tenant, str(playbook))
    # The last example fails, as it says: this tenant does not meet the policy.
    assert result.code == 2, result.output
    assert result.recap()["ok"] == len(tasks) - 1
    assert "profiles misusing the SID variable" in result.output
    assert (tenant.database.parent / "report" / "compliance.html").exists()
