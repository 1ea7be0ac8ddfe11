"""Every playbook, run as an administrator runs it, against an embedded tenant."""

import importlib
import json
from pathlib import Path

import pytest
import yaml

from intune_scep.simulator import seed_database
from intune_scep.simulator.driver import FleetDriver

from .playbooks import (
    ENFORCE,
    GRAPH,
    PLAYBOOKS,
    ROLLBACK,
    ROOT,
    SID_URI,
    Tenant,
    copy_of,
    run_ansible,
    run_on,
    run_playbook,
)

ONE_PROFILE = "iOS - SCEP - User - Corporate Wi-Fi"


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    database = tmp_path_factory.mktemp("seeded") / "contoso.db"
    seed_database(database, "contoso")
    return database


@pytest.fixture
def tenant(seeded: Path, tmp_path: Path) -> Tenant:
    return copy_of(seeded, tmp_path / "contoso")


def test_no_playbook_is_left_out() -> None:
    found = {f"playbooks/{path.name}" for path in (ROOT / "playbooks").glob("*.yml")}
    assert found == {path for pair in PLAYBOOKS for path in pair}


def test_enforce_plans_applies_and_then_has_nothing_to_do(tenant: Tenant) -> None:
    before = tenant.names()
    mapped_before = tenant.mapped()
    tenant.set(read_only=True)
    tenant.forget_requests()
    checked = run_on(tenant, ENFORCE[0], "--check", "--diff")
    assert checked.code == 0, checked.output
    assert tenant.writes() == []
    counts = checked.statistics["localhost"]
    planned = counts["statuses"]["planned"]
    assert planned > 0
    assert checked.output.count("+uri: {{OnPremises") == planned
    assert "*** SIMULATOR ***" in checked.output

    tenant.set(read_only=False)
    applied = run_on(tenant, ENFORCE[0], "-e", "strong_mapping_journal=run.jsonl")
    assert applied.code == 0, applied.output
    assert applied.statistics["localhost"]["statuses"]["applied"] == planned
    assert tenant.mapped() == mapped_before + planned
    for profile, names in tenant.names().items():
        assert names in (before[profile], [*(before[profile] or []), SID_URI])
    journal = tenant.database.parent / "run.jsonl"
    assert journal.stat().st_mode & 0o777 == 0o600

    tenant.forget_requests()
    again = run_on(tenant, ENFORCE[0])
    assert again.code == 0, again.output
    assert again.recap()["changed"] == 0
    assert tenant.writes() == []


def test_rollback_restores_exactly_and_check_mode_writes_nothing(tenant: Tenant) -> None:
    before = tenant.names()
    assert run_on(tenant, ENFORCE[0], "-e", "strong_mapping_journal=run.jsonl").code == 0
    after = tenant.names()
    assert after != before
    journal = ("-e", "strong_mapping_journal=run.jsonl")

    tenant.set(read_only=True)
    tenant.forget_requests()
    checked = run_on(tenant, ROLLBACK[0], *journal, "--check", "--diff")
    assert checked.code == 0, checked.output
    assert tenant.writes() == []
    assert "-uri: {{OnPremises" in checked.output

    tenant.set(read_only=False)
    restored = run_on(tenant, ROLLBACK[0], *journal)
    assert restored.code == 0, restored.output
    assert tenant.names() == before

    tenant.forget_requests()
    again = run_on(tenant, ROLLBACK[1], *journal)
    assert again.code == 0, again.output
    assert again.recap()["changed"] == 0
    assert tenant.writes() == []


def test_choices_that_an_inventory_keeps_do_not_hinder_a_rollback(tenant: Tenant) -> None:
    before = tenant.names()
    kept = {
        "strong_mapping_only": [ONE_PROFILE],
        "strong_mapping_include_android": True,
        "strong_mapping_include_device_certificates": True,
        "strong_mapping_include_legacy_san": True,
        "strong_mapping_journal": "run.jsonl",
    }
    assert run_on(tenant, ENFORCE[0], "-e", json.dumps(kept)).code == 0
    assert tenant.names() != before
    limited = run_on(
        tenant, ROLLBACK[0], "-e", json.dumps({**kept, "strong_mapping_max_changes": 0})
    )
    assert limited.code == 2
    assert tenant.names() != before
    restored = run_on(tenant, ROLLBACK[0], "-e", json.dumps(kept))
    assert restored.code == 0, restored.output
    assert tenant.names() == before


def test_twins_have_the_same_effect(seeded: Path, tmp_path: Path) -> None:
    choice = ("-e", json.dumps({"strong_mapping_only": [ONE_PROFILE]}))
    ways = (*ENFORCE, "intune.scep.enforce_strong_mapping", "enforce-strong-mapping.yml")
    effects = []
    for number, way in enumerate(ways):
        tenant = copy_of(seeded, tmp_path / str(number))
        result = run_on(tenant, way, *choice)
        assert result.code == 0, result.output
        statistics = result.statistics
        assert Path(statistics["localhost"].pop("journal")).is_file()
        effects.append((statistics, tenant.names()))
    assert effects[0][0]["localhost"]["statuses"]["applied"] == 1
    assert all(effect == effects[0] for effect in effects)


def test_one_failed_profile_fails_the_run_after_the_rest_was_done_and_published(
    tenant: Tenant,
) -> None:
    rule = {"match": {"method": "PATCH", "nth": [3]}, "when": "before", "effect": 400, "times": 1}
    tenant.ask("PUT", f"{GRAPH}/_simulator/faults", [rule])
    failed = run_on(tenant, ENFORCE[0])
    assert failed.code == 2
    counts = failed.statistics["localhost"]
    assert counts["failed"] is True
    assert counts["changed"] is True
    assert counts["statuses"]["failed"] == 1
    assert counts["statuses"]["applied"] == counts["verdicts"]["required"] - 1
    assert "Traceback" not in failed.output

    finished = run_on(tenant, ENFORCE[0])
    assert finished.code == 0, finished.output
    assert finished.statistics["localhost"]["statuses"]["applied"] == 1


def test_pending_changes_fail_a_drift_job_that_asks_for_it(tenant: Tenant) -> None:
    drift = run_on(tenant, ENFORCE[0], "--check", "-e", "strong_mapping_fail_on_pending=true")
    assert drift.code == 2
    assert "localhost is not fully mapped" in drift.output
    assert drift.statistics["localhost"]["failed"] is False


def test_too_many_changes_are_refused(tenant: Tenant) -> None:
    tenant.forget_requests()
    result = run_on(tenant, ENFORCE[0], "-e", "strong_mapping_max_changes=1")
    assert result.code == 2
    assert "but strong_mapping_max_changes allows 1" in " ".join(result.output.split())
    assert "--" not in result.output.replace("---", "")
    assert tenant.writes() == []


def test_a_change_that_must_be_approved_waits_and_the_play_does_not_fail(tenant: Tenant) -> None:
    tenant.set(approvals="412")
    choice = ("-e", json.dumps({"strong_mapping_only": [ONE_PROFILE]}))
    unjustified = run_on(tenant, ENFORCE[0], *choice)
    assert unjustified.code == 0, unjustified.output
    assert "Give strong_mapping_justification" in " ".join(unjustified.output.split())
    waits = run_on(tenant, ENFORCE[0], *choice, "-e", "strong_mapping_justification=CHG0042")
    assert waits.code == 0, waits.output
    assert waits.statistics["localhost"]["statuses"]["held_back"] == 1
    with FleetDriver(tenant.database) as driver:
        [request] = driver.approvals()
        driver.approve(request["code"])
    done = run_on(tenant, ENFORCE[0], *choice)
    assert done.statistics["localhost"]["statuses"]["applied"] == 1, done.output


def test_each_tenant_of_an_inventory_is_reached_with_its_own_settings(
    seeded: Path, tmp_path: Path
) -> None:
    contoso = copy_of(seeded, tmp_path / "contoso")
    empty = Tenant(tmp_path / "empty.db")
    seed_database(empty.database, "empty")
    hosts = {
        name: {
            "intune_cloud": "simulator",
            "intune_environment": {"INTUNE_SCEP_SIMULATOR": str(tenant.database)},
        }
        for name, tenant in {"contoso": contoso, "empty": empty}.items()
    }
    inventory = tmp_path / "inventory.yml"
    inventory.write_text(yaml.safe_dump({"intune_tenants": {"hosts": hosts}}))
    result = run_playbook(str(ROOT / ENFORCE[0]), "-i", str(inventory), "--check", cwd=tmp_path)
    assert result.code == 0, result.output
    assert set(result.statistics) == {"contoso", "empty"}
    assert result.statistics["contoso"]["statuses"]["planned"] > 0
    assert set(result.statistics["empty"]["statuses"].values()) == {0}
    assert result.recap("contoso")["changed"] == 1
    assert result.recap("empty")["changed"] == 0


@pytest.mark.parametrize("named", [False, True])
def test_without_credentials_it_says_so_once_and_uses_no_simulator(
    tenant: Tenant, named: bool
) -> None:
    variables = {"INTUNE_SCEP_SIMULATOR": str(tenant.database)} if named else {}
    tenant.forget_requests()
    playbook = str(ROOT / "enforce-strong-mapping.yml")
    result = run_playbook(playbook, cwd=tenant.database.parent, **variables)
    assert result.code == 2
    output = " ".join(result.output.split())
    assert "No credentials for cloud public. Give AZURE_TENANT_ID, AZURE_CLIENT_ID and" in output
    assert "Traceback" not in result.output
    assert tenant.ask("GET", f"{GRAPH}/_simulator/requests")["value"] == []


def test_the_built_collection_works_where_it_is_installed(tenant: Tenant, tmp_path: Path) -> None:
    galaxy = ("ansible-galaxy", "collection")
    built = run_ansible(*galaxy, "build", str(ROOT), "--output-path", str(tmp_path), cwd=tmp_path)
    assert built.code == 0, built.output
    [archive] = tmp_path.glob("intune-scep-*.tar.gz")
    target = tmp_path / "installed"
    install = (*galaxy, "install", str(archive), "--offline", "--force", "-p", str(target))
    installed = run_ansible(*install, cwd=tmp_path)
    assert installed.code == 0, installed.output
    collection = target / "ansible_collections" / "intune" / "scep"
    assert (collection / "pyproject.toml").is_file()
    assert not (collection / "collections").exists()
    result = run_playbook(
        "intune.scep.enforce_strong_mapping",
        "--check",
        cwd=tmp_path,
        ANSIBLE_COLLECTIONS_PATH=str(target),
        INTUNE_SCEP_CLOUD="simulator",
        INTUNE_SCEP_SIMULATOR=str(tenant.database),
    )
    assert result.code == 0, result.output
    assert "profiles would change" in result.output


@pytest.mark.parametrize(
    "module",
    [
        "strong_mapping",
        "strong_mapping_impact_info",
        "strong_mapping_info",
        "strong_mapping_readiness_info",
    ],
)
def test_the_documented_examples_run(tenant: Tenant, module: str) -> None:
    source = importlib.import_module(f"ansible_collections.intune.scep.plugins.modules.{module}")
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "module_defaults": {"group/intune.scep.all": {"cloud": "simulator"}},
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "tasks": yaml.safe_load(source.EXAMPLES),
    }
    playbook = tenant.database.parent / "examples.yml"
    playbook.write_text(yaml.safe_dump([play]))
    result = run_playbook(
        str(playbook),
        cwd=tenant.database.parent,
        INTUNE_SCEP_SIMULATOR=str(tenant.database),
    )
    assert result.code == 0, result.output
    assert result.recap()["ok"] == len(play["tasks"])
