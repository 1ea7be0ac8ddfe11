"""What the roles make of their variables, before and after they reach a tenant."""

import json
import os
from pathlib import Path

import pytest
import yaml

from intune_scep.simulator import seed_database

from .playbooks import (
    COMPLIANCE,
    DEPLOY,
    ENFORCE,
    ROLLBACK_PROFILES,
    ROOT,
    Result,
    Tenant,
    run_playbook,
)

ONE_PROFILE = "iOS - SCEP - User - Corporate Wi-Fi"
KEPT_AWAY = "/runner/state"


@pytest.fixture
def tenant(tmp_path: Path) -> Tenant:
    database = tmp_path / "contoso.db"
    seed_database(database, "contoso")
    return Tenant(database)


def run(
    tenant: Tenant, playbook: str, given: dict[str, object], *more: str, **environment: str
) -> Result:
    """A playbook with variables, in an environment of its own."""
    return run_playbook(
        str(ROOT / playbook),
        "-e",
        json.dumps(given),
        *more,
        cwd=tenant.database.parent,
        INTUNE_SCEP_CLOUD="simulator",
        INTUNE_SCEP_SIMULATOR=str(tenant.database),
        **environment,
    )


@pytest.mark.parametrize(
    ("playbook", "wrong", "meant"),
    [
        (ENFORCE[0], "strong_mapping_onyl", "strong_mapping_only"),
        (DEPLOY[1], "certificate_profiles_pth", "certificate_profiles_path"),
        (COMPLIANCE[0], "compliance_rule_path", "compliance_rules_path"),
    ],
)
def test_a_misspelled_variable_is_refused_with_the_nearest_name_before_anything_is_read(
    tenant: Tenant, playbook: str, wrong: str, meant: str
) -> None:
    refused = run(tenant, playbook, {wrong: "x"})
    assert refused.code == 2
    assert wrong in refused.output
    assert f"Did you mean {meant}?" in " ".join(refused.output.split())
    assert tenant.requests() == []


def test_a_misspelled_variable_of_the_inventory_is_refused_too(tenant: Tenant) -> None:
    inventory = tenant.database.parent / "inventory.yml"
    hosts = {"contoso": {"strong_mapping_max_change": 1}}
    inventory.write_text(yaml.safe_dump({"intune_tenants": {"hosts": hosts}}))
    refused = run(tenant, ENFORCE[0], {}, "-i", str(inventory))
    assert refused.code == 2
    assert "Did you mean strong_mapping_max_changes?" in " ".join(refused.output.split())
    assert tenant.requests() == []


def test_a_variable_that_is_meant_for_something_else_is_passed_over(tenant: Tenant) -> None:
    given = {
        "strong_mapping_owner": "x",
        "strong_mapping_ignore_variables": ["strong_mapping_owner"],
    }
    assert run(tenant, ENFORCE[0], given, "--check").code == 0


def test_the_journal_is_told_before_the_run_and_is_the_one_that_is_written(
    tenant: Tenant,
) -> None:
    result = run(tenant, ENFORCE[0], {"strong_mapping_only": [ONE_PROFILE]})
    assert result.code == 0, result.output
    assert "journal_content" not in result.statistics["localhost"]
    journal = result.statistics["localhost"]["journal"]
    assert Path(journal).is_file()
    told = result.output.index(f"What is written is recorded in {journal}")
    assert told < result.output.index("Read, judge and change the profiles")


@pytest.mark.parametrize("word", ["strong_mapping", "certificate_profiles"])
def test_without_a_place_that_is_kept_nothing_is_written_unless_it_is_allowed(
    tenant: Tenant, word: str
) -> None:
    directory = tenant.database.parent / "declared"
    directory.mkdir()
    declared = {"name": "Gone", "platform": "ios", "state": "absent"}
    (directory / "one.json").write_text(json.dumps({"trusted_root_profile": declared}))
    given = {"certificate_profiles_path": "declared"} if word != "strong_mapping" else {}
    playbook = (ENFORCE if word == "strong_mapping" else DEPLOY)[0]
    refused = run(tenant, playbook, given, INTUNE_SCEP_STATE=KEPT_AWAY)
    assert refused.code == 2
    assert "outlives the job" in " ".join(refused.output.split())
    assert tenant.requests() == []

    checked = run(tenant, playbook, given, "--check", INTUNE_SCEP_STATE=KEPT_AWAY)
    assert checked.code == 0, checked.output
    journal = {f"{word}_journal": "kept.jsonl"}
    named = run(tenant, playbook, {**given, **journal}, INTUNE_SCEP_STATE=KEPT_AWAY)
    assert "outlives the job" not in " ".join(named.output.split())
    assert named.code == 0, named.output
    allowed = {**given, f"{word}_allow_ephemeral_journal": True}
    ended = run(tenant, playbook, allowed, INTUNE_SCEP_STATE=KEPT_AWAY)
    assert "outlives the job" not in " ".join(ended.output.split())


@pytest.fixture
def going_away(tmp_path: Path) -> dict[str, str]:
    """An environment in which every journal of a test goes away with the job."""
    directory = tmp_path / "start"
    directory.mkdir()
    (directory / "sitecustomize.py").write_text(
        "from pathlib import Path\n\nfrom intune_scep.changes import ephemeral\n\n"
        f"ephemeral.RUNNER = Path({str(tmp_path)!r})\n",
        encoding="utf-8",
    )
    given = [str(directory), os.environ.get("PYTHONPATH", "")]
    return {"PYTHONPATH": os.pathsep.join(filter(None, given))}


def test_the_text_of_a_journal_that_goes_away_is_published_by_the_migration(
    tenant: Tenant, going_away: dict[str, str]
) -> None:
    given = {"strong_mapping_only": [ONE_PROFILE], "strong_mapping_journal": "run.jsonl"}
    lost = run(tenant, ENFORCE[0], given, **going_away)
    assert lost.code == 0, lost.output
    text = (tenant.database.parent / "run.jsonl").read_text(encoding="utf-8")
    assert lost.statistics["localhost"]["journal_content"] == text


def test_the_text_of_a_journal_that_goes_away_is_published_with_declared_profiles(
    tenant: Tenant, going_away: dict[str, str]
) -> None:
    directory = tenant.database.parent / "declared"
    directory.mkdir()
    content = {"scep_profile": {"name": ONE_PROFILE, "platform": "ios", "description": "Declared"}}
    (directory / "one.json").write_text(json.dumps(content))
    given = {"certificate_profiles_path": "declared", "certificate_profiles_journal": "run.jsonl"}
    lost = run(tenant, DEPLOY[0], given, **going_away)
    assert lost.code == 0, lost.output
    text = (tenant.database.parent / "run.jsonl").read_text(encoding="utf-8")
    assert lost.published("intune_scep_profiles")["localhost"]["journal_content"] == text


def test_a_run_over_declared_profiles_is_rolled_back(tenant: Tenant) -> None:
    directory = tenant.database.parent / "declared"
    directory.mkdir()
    declared = {"name": "iOS - SCEP - User - Corporate Wi-Fi", "platform": "ios"}
    content = {"scep_profile": {**declared, "description": "Declared"}}
    (directory / "one.json").write_text(json.dumps(content))
    given = {"certificate_profiles_path": "declared", "certificate_profiles_journal": "run.jsonl"}
    applied = run(tenant, DEPLOY[0], given)
    assert applied.code == 0, applied.output
    assert applied.published("intune_scep_profiles")["localhost"]["statuses"]["applied"] == 1
    assert (tenant.database.parent / "run.jsonl").is_file()
    del given["certificate_profiles_path"]
    restored = run(tenant, ROLLBACK_PROFILES[0], given)
    assert restored.code == 0, restored.output
    assert restored.recap()["changed"] == 1
    again = run(tenant, ROLLBACK_PROFILES[1], given)
    assert again.code == 0, again.output
    assert again.recap()["changed"] == 0


def test_the_role_holds_back_who_is_not_ready_and_does_not_fail(tenant: Tenant) -> None:
    partners = "Windows - SCEP - User - Partner portal"
    given: dict[str, object] = {"strong_mapping_min_ready": 50, "strong_mapping_only": [partners]}
    result = run(tenant, ENFORCE[0], given)
    assert result.code == 0, result.output
    assert result.recap()["changed"] == 0
    assert result.statistics["localhost"]["statuses"]["held_back"] == 1
    assert "strong_mapping_min_ready asks for 50 %" in result.output
    assert tenant.writes() == []
    drift = run(tenant, ENFORCE[0], {**given, "strong_mapping_fail_on_pending": True}, "--check")
    assert drift.code != 0
    assert "is not fully mapped" in drift.output


def test_a_threshold_of_the_role_is_named_as_the_role_names_it(tenant: Tenant) -> None:
    result = run(tenant, ENFORCE[0], {"strong_mapping_min_ready": 101})
    assert result.code != 0
    assert "strong_mapping_min_ready must be a number from 0 to 100" in result.output
