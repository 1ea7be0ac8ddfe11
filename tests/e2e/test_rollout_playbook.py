"""A rollout by the playbook, as a scheduler runs it again and again."""

import importlib
import json
from pathlib import Path

import pytest
import yaml

from intune_scep.simulator import seed_database
from intune_scep.simulator.driver import FleetDriver
from intune_scep.simulator.scenario import build_scenario

from .playbooks import ENFORCE, Result, Tenant, copy_of, run_on, run_playbook

HOUR = 3600
RINGS = [
    {"name": "first", "profiles": ["Windows user Wi-Fi"]},
    {"name": "broad", "profiles": ["iOS user Wi-Fi", "macOS user Wi-Fi"]},
]


@pytest.fixture(scope="session")
def seeded_rollout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    database = tmp_path_factory.mktemp("seeded") / "rollout.db"
    seed_database(database, build_scenario("rollout", {"devices": 40}))
    return database


@pytest.fixture
def tenant(seeded_rollout: Path, tmp_path: Path) -> Tenant:
    tenant = copy_of(seeded_rollout, tmp_path / "rollout")
    tenant.set(missing_sid="issues")
    return tenant


def write(tenant: Tenant, **more: object) -> None:
    gates = {"soak": "24h", "max_failed": {"share": "5%"}}
    content = {"rollout": "r", "strategy": "in_place", "rings": RINGS, "gates": gates, **more}
    (tenant.database.parent / "wave.yml").write_text(yaml.safe_dump(content, sort_keys=False))


def tick(tenant: Tenant, *arguments: str, **variables: object) -> Result:
    given = {f"strong_mapping_{name}": value for name, value in variables.items()}
    given = {"strong_mapping_rollout": "wave.yml", **given}
    return run_on(tenant, ENFORCE[0], "-e", json.dumps(given), *arguments)


def start(tenant: Tenant) -> Result:
    return tick(tenant, rollout_action="start", rollout_reason="CHG0042")


def advance(tenant: Tenant, hours: int) -> None:
    with FleetDriver(tenant.database) as driver:
        driver.advance(hours * HOUR)


def test_two_rings_go_to_their_end_by_one_playbook(tenant: Tenant) -> None:
    write(tenant)
    asleep = tick(tenant)
    assert asleep.code == 0, asleep.output
    assert asleep.statistics["localhost"]["state"] == "notActivated"
    assert asleep.statistics["localhost"]["waits_for"] == "person"
    assert "strong_mapping_rollout_action: start" in asleep.output
    assert not list(tenant.database.parent.glob("state/**/*.rollout.jsonl"))

    tenant.forget_requests()
    checked = tick(tenant, "--check", "--diff", rollout_action="start")
    assert checked.code == 0, checked.output
    assert tenant.writes() == []
    assert checked.output.count("+uri: {{OnPremises") == 1
    assert "Dry run: nothing is written." in checked.output
    assert not list(tenant.database.parent.glob("state/**/*.rollout.jsonl"))

    begun = start(tenant)
    assert begun.code == 0, begun.output
    assert tenant.mapped() == 1
    told = begun.statistics["localhost"]
    assert told["rings"] == {"first": "activated", "broad": "notActivated"}
    assert (told["waits_for"], told["changed"], told["failed"]) == ("time", True, False)

    waiting = tick(tenant)
    assert waiting.code == 0, waiting.output
    assert waiting.recap()["changed"] == 0
    advance(tenant, 25)
    opened = tick(tenant)
    assert opened.statistics["localhost"]["rings"]["first"] == "completed", opened.output
    assert tenant.mapped() == 3
    advance(tenant, 25)
    last = tick(tenant)
    assert last.code == 0, last.output
    assert last.statistics["localhost"]["state"] == "completed"
    assert last.statistics["localhost"]["waits_for"] is None

    tenant.forget_requests()
    again = tick(tenant)
    assert (again.code, again.recap()["changed"]) == (0, 0), again.output
    assert tenant.writes() == []


def test_a_pause_opens_nothing_and_can_be_made_a_failure(tenant: Tenant) -> None:
    write(tenant)
    assert start(tenant).code == 0
    missing = tick(tenant, rollout_action="pause")
    assert missing.code == 2
    assert "strong_mapping_rollout_reason is missing" in " ".join(missing.output.split())
    assert tick(tenant, rollout_action="pause", rollout_reason="CA").code == 0
    advance(tenant, 25)
    paused = tick(tenant)
    assert paused.code == 0, paused.output
    assert paused.statistics["localhost"]["state"] == "paused"
    told = tick(tenant, rollout_fail_on_person=True)
    assert told.code == 2
    assert "localhost: a person must act." in " ".join(told.output.split())
    assert tenant.mapped() == 1
    assert tick(tenant, rollout_action="resume").code == 0
    assert tenant.mapped() == 3


def test_a_frozen_rollout_fails_the_play_with_the_reason(tenant: Tenant) -> None:
    write(tenant)
    assert start(tenant).code == 0
    with FleetDriver(tenant.database) as driver:
        names = tenant.ask(
            "GET",
            "https://graph.simulator.invalid/beta/deviceManagement/deviceConfigurations?$top=1000",
        )["value"]
        [profile] = [i["id"] for i in names if i["displayName"] == "Windows user Wi-Fi"]
        driver.fail(profile, 1.0)
    advance(tenant, 25)
    frozen = tick(tenant)
    assert frozen.code == 2
    assert frozen.statistics["localhost"]["state"] == "error"
    assert frozen.statistics["localhost"]["failed"] is True
    assert "max_failed" in frozen.output.rpartition("Say why the rollout failed")[2]
    assert tenant.mapped() == 1


def test_something_unknown_opens_nothing_and_can_be_made_a_failure(tenant: Tenant) -> None:
    write(tenant, gates={"soak": "24h", "connector": "healthy"})
    assert start(tenant).code == 0
    advance(tenant, 25)
    rule = {"match": {"path": "ndesConnectors"}, "when": "before", "effect": 403}
    tenant.ask("PUT", "https://graph.simulator.invalid/_simulator/faults", [rule])
    unknown = tick(tenant)
    assert unknown.code == 0, unknown.output
    assert unknown.statistics["localhost"]["waits_for"] == "evidence"
    assert tick(tenant, rollout_fail_on_unknown=True).code == 2
    assert tenant.mapped() == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("only", ["Windows user Wi-Fi"]),
        ("except", ["Windows user Wi-Fi"]),
        ("include_android", True),
        ("max_changes", 3),
        ("min_ready", 95),
        ("certificates_before", False),
        ("fail_on_pending", True),
        ("state", "rolled_back"),
    ],
)
def test_what_the_file_says_itself_is_refused_in_one_sentence(
    tenant: Tenant, name: str, value: object
) -> None:
    write(tenant)
    tenant.forget_requests()
    refused = tick(tenant, **{name: value})
    assert refused.code == 2
    said = f"strong_mapping_{name} cannot be given with strong_mapping_rollout"
    assert said in " ".join(refused.output.split())
    assert tenant.requests() == []


def test_defaults_that_an_inventory_repeats_do_not_hinder(tenant: Tenant) -> None:
    write(tenant)
    asleep = tick(tenant, include_android=False, state="enforced")
    assert asleep.code == 0, asleep.output


def test_a_wrong_file_is_told_with_its_place(tenant: Tenant) -> None:
    write(tenant, gates={"reissue": "95%"})
    refused = tick(tenant)
    assert refused.code == 2
    assert "gates.reissue is not known here. Similar: reissued." in " ".join(refused.output.split())


def test_a_state_that_goes_away_with_the_job_is_refused(tenant: Tenant) -> None:
    write(tenant)
    given = json.dumps({"strong_mapping_rollout": "wave.yml", "strong_mapping_journal": "j.jsonl"})
    refused = run_on(tenant, ENFORCE[0], "-e", given, INTUNE_SCEP_STATE="/runner/state")
    assert refused.code == 2
    said = " ".join(refused.output.split())
    assert "The state of the rollout would be lost" in said
    assert "strong_mapping_allow_ephemeral_journal" in said


@pytest.mark.parametrize("module", ["strong_mapping_rollout", "strong_mapping_rollout_info"])
def test_the_documented_examples_run(tenant: Tenant, module: str) -> None:
    source = importlib.import_module(f"ansible_collections.intune.scep.plugins.modules.{module}")
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "module_defaults": {"group/intune.scep.all": {"cloud": "simulator"}},
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "tasks": yaml.safe_load(source.EXAMPLES),
    }
    directory = tenant.database.parent
    (directory / "examples.yml").write_text(yaml.safe_dump([play]))
    simulator = str(tenant.database)
    result = run_playbook(
        str(directory / "examples.yml"), cwd=directory, INTUNE_SCEP_SIMULATOR=simulator
    )
    assert result.code == 0, result.output
    conditional = sum("when" in task for task in play["tasks"])
    assert result.recap()["ok"] == len(play["tasks"]) - conditional
