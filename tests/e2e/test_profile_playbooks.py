"""Declared profiles from Ansible, as an administrator runs it, against an embedded tenant."""

import importlib
import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from intune_scep import IntuneClient
from intune_scep.connection import ConnectionOptions
from intune_scep.declarations import read_declarations
from intune_scep.simulator import seed_database
from intune_scep.simulator.scenario import Scenario

from .playbooks import DEPLOY, GRAPH, ROOT, Result, Tenant, copy_of, run_ansible, run_on

EXAMPLES = ROOT / "docs" / "examples" / "profiles"
GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
MODULES = (
    "trusted_root_profile",
    "certificate_profiles",
    "scep_profile",
    "scep_profile_info",
    "trusted_root_profile_info",
)


def numbered(kind: int, names: list[str]) -> tuple[dict[str, Any], ...]:
    """Things with names, each with an id made of its number."""
    return tuple(
        {"id": f"{kind:08d}-0000-4000-8000-{number:012d}", "displayName": name}
        for number, name in enumerate(names, 1)
    )


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tenant without profiles, with the groups and filters that the examples name."""
    filters = numbered(2, ["Corporate iPhones"])
    scenario = Scenario(
        tenant_id="22222222-2222-4333-8444-555555555555",
        display_name="Contoso",
        default_domain="contoso.com",
        groups=numbered(1, ["All Staff", "Contractors"]),
        assignment_filters=tuple({**item, "platform": "iOS", "rule": "(x)"} for item in filters),
        role_scope_tags=({"id": "0", "displayName": "Default", "isBuiltIn": True},),
        profiles=(),
        root_links={},
        assignments={},
    )
    database = tmp_path_factory.mktemp("bare") / "bare.db"
    seed_database(database, scenario)
    return database


@pytest.fixture
def tenant(bare: Path, tmp_path: Path) -> Tenant:
    return copy_of(bare, tmp_path / "contoso")


def deploy(tenant: Tenant, playbook: str, path: Path, *arguments: str, **more: Any) -> Result:
    variables = json.dumps({"certificate_profiles_path": str(path), **more})
    return run_on(tenant, playbook, "-e", variables, *arguments)


def play(tenant: Tenant, tasks: str, **variables: str) -> Result:
    """Run tasks as they are written."""
    directory = tenant.database.parent
    (directory / "tasks.yml").write_text(tasks)
    book = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": "{{ ansible_playbook_python }}"},
        "tasks": [{"import_tasks": "tasks.yml"}],
    }
    (directory / "play.yml").write_text(yaml.safe_dump([book]))
    return run_on(tenant, str(directory / "play.yml"), **variables)


def test_deploy_plans_applies_and_then_has_nothing_to_do(tenant: Tenant) -> None:
    tenant.set(read_only=True)
    checked = deploy(tenant, DEPLOY[0], EXAMPLES, "--check", "--diff")
    assert checked.code == 0, checked.output
    assert tenant.writes() == []
    counts = checked.published("intune_scep_profiles")["localhost"]
    planned = counts["actions"]["create"]
    assert planned == counts["statuses"]["planned"] == len(read_declarations(EXAMPLES))
    assert checked.output.count("\n+++ after") == planned
    assert "*** SIMULATOR ***" in checked.output

    tenant.set(read_only=False)
    applied = deploy(tenant, DEPLOY[0], EXAMPLES)
    assert applied.code == 0, applied.output
    counts = applied.published("intune_scep_profiles")["localhost"]
    assert counts["statuses"]["applied"] == planned

    tenant.set(read_only=True)
    tenant.forget_requests()
    for playbook in ("intune.scep.deploy_certificate_profiles", DEPLOY[1]):
        again = deploy(tenant, playbook, EXAMPLES, "--check")
        assert again.code == 0, again.output
        assert again.recap()["changed"] == 0
        counts = again.published("intune_scep_profiles")["localhost"]
        assert counts["statuses"]["unchanged"] == planned
    assert tenant.writes() == []


def test_pruning_deletes_what_is_gone_and_a_failure_fails_the_run_after_the_rest(
    tenant: Tenant, tmp_path: Path
) -> None:
    directory = tmp_path / "profiles"
    shutil.copytree(EXAMPLES, directory)
    rule = {"match": {"method": "POST", "path": "deviceConfigurations$", "nth": [2]}}
    faults = [{**rule, "when": "before", "effect": 400, "times": 1}]
    tenant.ask("PUT", f"{GRAPH}/_simulator/faults", faults)
    failed = deploy(tenant, DEPLOY[0], directory, certificate_profiles_managed_by="team")
    assert failed.code == 2
    statuses = failed.published("intune_scep_profiles")["localhost"]["statuses"]
    assert statuses["failed"] == 1
    assert statuses["applied"] > 5
    assert "Traceback" not in failed.output

    (directory / "scep-ios.yml").unlink()
    finished = deploy(
        tenant,
        DEPLOY[0],
        directory,
        certificate_profiles_managed_by="team",
        certificate_profiles_prune=True,
    )
    assert finished.code == 0, finished.output
    counts = finished.published("intune_scep_profiles")["localhost"]
    assert set(counts["actions"]) & {"delete", "create"}
    profiles = tenant.ask("GET", f"{GRAPH}/beta/deviceManagement/deviceConfigurations")["value"]
    names = {profile["displayName"] for profile in profiles}
    assert names == {item.name for item in read_declarations(directory)}

    (directory / "bad.yml").write_text("scep_profile: {name: X, platform: ios, key_size: 7}\n")
    tenant.forget_requests()
    drift = deploy(tenant, DEPLOY[0], directory, "--check")
    assert drift.code == 2
    assert "bad.yml" in drift.output
    assert "key_size" in drift.output
    sent = [item for item in tenant.requests() if not item["path"].endswith("$batch")]
    assert {item["method"] for item in sent} <= {"GET"}


def test_pending_changes_fail_a_drift_job_that_asks_for_it(tenant: Tenant) -> None:
    drift = deploy(
        tenant, DEPLOY[0], EXAMPLES, "--check", certificate_profiles_fail_on_pending=True
    )
    assert drift.code == 2
    assert "localhost is not as it should be" in drift.output
    assert drift.published("intune_scep_profiles")["localhost"]["failed"] is False


def examples_of(module: str) -> list[str]:
    """The tasks in a module's documentation, one text each."""
    source = importlib.import_module(f"ansible_collections.intune.scep.plugins.modules.{module}")
    return re.split(r"(?m)^(?=- name:)", source.EXAMPLES)[1:]


def goes_back(task: str) -> bool:
    return "state: rolled_back" in task or "state: restored" in task


def run_examples(tenant: Tenant, tasks: list[str]) -> None:
    directory = tenant.database.parent
    shutil.copytree(EXAMPLES, directory / "profiles")
    (directory / "files").mkdir()
    shutil.copy(EXAMPLES / "contoso-root.cer", directory / "files")
    options = ConnectionOptions(cloud="simulator", simulator=str(tenant.database))
    with IntuneClient(options) as client:
        client.profiles.back_up(directory / "backup")
    result = play(tenant, "\n".join(tasks))
    assert result.code == 0, result.output
    assert result.recap()["ok"] == len(tasks)


def test_the_documented_examples_of_every_module_run(tenant: Tenant) -> None:
    tasks = [task for module in MODULES for task in examples_of(module)]
    run_examples(tenant, [task for task in tasks if not goes_back(task)])


def test_the_documented_ways_back_run(tenant: Tenant) -> None:
    tasks = examples_of("certificate_profiles")
    assert sum(map(goes_back, tasks)) == 2
    run_examples(tenant, tasks)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ('"CN={{UserName}}"', ("subject_name_format", "'UserName' is undefined")),
        ("\"CN={{ nothing | default('') }}\"", ("subject_name_format", "'CN='")),
    ],
    ids=["undefined", "emptied"],
)
def test_a_variable_that_ansible_took_for_its_own_is_explained(
    tenant: Tenant, value: str, words: tuple[str, ...]
) -> None:
    options = f"{{name: A, platform: ios, subject_name_format: {value}}}"
    result = play(tenant, f"- intune.scep.scep_profile: {options}\n")
    assert result.code == 2
    output = " ".join(result.output.split())
    assert all(word in output for word in words)
    assert '!unsafe "CN={{UserName}}"' in output
    assert tenant.requests() == []


SHADOWING = """\
- vars:
    UserName: svc-intune
    UserPrincipalName: svc-intune@contoso.com
    DeviceName: kiosk
    SerialNumber: !unsafe "{{SerialNumber}}"
    items: [{subject: "CN={{ UserName }}", upn: "{{ UserPrincipalName }}"}]
    many: [{name: A, platform: ios, subject_name_format: "CN={{ UserName }}"}]
  ignore_errors: false
  intune.scep.scep_profile:
"""


@pytest.mark.parametrize(
    ("task", "shadowed"),
    [
        ('{name: A, platform: ios, subject_name_format: "CN={{ UserName }}"}', "UserName"),
        (
            "{name: A, platform: ios, subject_alternative_names:"
            ' [{type: upn, value: "{{ UserPrincipalName }}"}]}',
            "UserPrincipalName",
        ),
        ('{name: A, platform: ios, subject_name_format: "CN={{ UserName | upper }}"}', "UserName"),
        ('{profiles: "{{ many }}"}', "UserName"),
        (
            '{profiles: [{name: A, platform: ios, subject_name_format: "CN={{ UserName }}"}]}',
            "UserName",
        ),
        (
            '{name: A, platform: ios, subject_name_format: "{{ item.subject }}"}\n'
            '  loop: "{{ items }}"',
            "UserName",
        ),
        (
            '{name: A, platform: ios, subject_name_format: "CN={{ item }}"}\n'
            '  with_items: ["{{ DeviceName }}"]',
            "DeviceName",
        ),
        (
            '{name: A, platform: ios, subject_name_format: "CN={{ one.subject }}"}\n'
            '  loop: [{subject: "{{ UserName }}"}]\n  loop_control: {loop_var: one}',
            "UserName",
        ),
    ],
)
def test_a_variable_of_the_play_with_a_name_of_intunes_is_told(
    tenant: Tenant, task: str, shadowed: str
) -> None:
    result = play(tenant, SHADOWING.rstrip("\n") + f" {task}\n")
    output = " ".join(result.output.split())
    assert result.code == 2
    assert f"The play has a variable {shadowed}, and Ansible put its value" in output
    assert '!unsafe "CN={{UserName}}"' in output
    assert tenant.requests() == []


@pytest.mark.parametrize(
    "loop",
    [
        'loop: [{subject: "CN={{ UserName }}"}]',
        'with_items: [{subject: "CN={{ UserName }}"}]',
        'loop: "{{ many }}"\n  vars: {many: [{subject: "CN={{ UserName }}"}]}',
    ],
)
def test_an_undefined_variable_in_a_loop_is_explained_too(tenant: Tenant, loop: str) -> None:
    task = '{name: A, platform: ios, subject_name_format: "{{ item.subject }}"}'
    tasks = f"- intune.scep.scep_profile: {task}\n  {loop}\n"
    result = play(tenant, tasks, ANSIBLE_CALLBACKS_ENABLED="intune.scep.unsafe_advice")
    output = " ".join(result.output.split())
    assert result.code == 2
    assert "UserName is a variable of Intune, which Ansible took for one of its own." in output
    assert '!unsafe "CN={{UserName}}"' in output


@pytest.mark.parametrize(
    "task",
    [
        '{name: "{{ DeviceName }}", platform: ios, subject_name_format: !unsafe "CN={{UserName}}"}',
        '{name: A, platform: ios, subject_name_format: "CN={{ SerialNumber }}"}',
        '{name: "{{ item }}", platform: ios, subject_name_format: !unsafe "CN={{UserName}}"}\n'
        '  loop: ["{{ DeviceName }}"]',
    ],
    ids=["in a name", "that holds Intune's", "in a loop, for a name"],
)
def test_a_variable_that_leaves_intunes_alone_is_not_told(tenant: Tenant, task: str) -> None:
    result = play(tenant, SHADOWING.rstrip("\n") + f" {task}\n")
    assert "The play has a variable" not in " ".join(result.output.split())
    assert tenant.requests() != []


ROOT_YAML = f"""\
- intune.scep.trusted_root_profile:
    name: Contoso Root CA - iOS
    platform: ios
    certificate_path: {EXAMPLES / "contoso-root.cer"}
    assignments: [{{group: All Staff}}, {{group: Contractors, exclude: true}}]
"""
SCEP_YAML = """\
- intune.scep.scep_profile:
    name: Staff Wi-Fi - iOS
    platform: ios
    certificate_type: user
    subject_name_format: !unsafe "CN={{UserName}},E={{EmailAddress}}"
    subject_alternative_names:
      - {type: upn, value: !unsafe "{{UserPrincipalName}}"}
      - {type: uri, value: !unsafe "{{OnPremisesSecurityIdentifier}}"}
    validity: {value: 1, unit: years}
    key_usage: [digital_signature, key_encipherment]
    key_size: 2048
    extended_key_usages: [client_authentication]
    renewal_threshold: 20
    root_profile: {name: Contoso Root CA - iOS}
    scep_server_urls: [https://ndes.contoso.com/certsrv/mscep/mscep.dll]
    scope_tags: [Default]
    assignments: [{group: All Staff, filter: Corporate iPhones, filter_type: include}]
"""
CHANGED_YAML = (
    SCEP_YAML.replace("2048", "4096")
    .replace("[digital_signature, ", "[")
    .replace(
        "[{group: All Staff, filter: Corporate iPhones, filter_type: include}]", "[all_users: true]"
    )
)
STEPS = (ROOT_YAML, SCEP_YAML, CHANGED_YAML, CHANGED_YAML)


def with_module(tenant: Tenant, files: list[Path]) -> None:
    result = play(tenant, "\n".join(file.read_text() for file in files))
    assert result.code == 0, result.output


def with_role(tenant: Tenant, files: list[Path]) -> None:
    role = "intune.scep.certificate_profiles"
    tasks = [
        {"include_role": {"name": role}, "vars": {"certificate_profiles_path": str(file)}}
        for file in files
    ]
    result = play(tenant, yaml.safe_dump(tasks))
    assert result.code == 0, result.output


def with_command(tenant: Tenant, files: list[Path]) -> None:
    for file in files:
        result = run_ansible(
            str(Path(sys.executable).parent / "intune-scep"),
            *("profiles", "apply", str(file), "--yes"),
            cwd=tenant.database.parent,
            INTUNE_SCEP_CLOUD="simulator",
            INTUNE_SCEP_SIMULATOR=str(tenant.database),
        )
        assert result.code == 0, result.output


def with_python(tenant: Tenant, files: list[Path]) -> None:
    for file in files:
        options = ConnectionOptions(cloud="simulator", simulator=str(tenant.database))
        with IntuneClient(options) as client:
            assert not client.profiles.apply(read_declarations(file)).failed


def asked(tenant: Tenant) -> list[tuple[Any, ...]]:
    """Every request with its body; ids of what was made count by when they were first seen."""
    seen: dict[str, str] = {}

    def neutral(value: Any) -> str:
        text = value if isinstance(value, str) else json.dumps(value)
        return GUID.sub(lambda found: seen.setdefault(found[0], f"<{len(seen)}>"), text)

    return [
        (entry["method"], *(neutral(entry[part]) for part in ("path", "query", "body")))
        for entry in tenant.requests()
    ]


def test_module_role_command_and_python_send_the_same_requests(bare: Path, tmp_path: Path) -> None:
    files = []
    for number, text in enumerate(STEPS):
        files.append(tmp_path / f"step{number}.yml")
        files[-1].write_text(text)
    ways: list[Callable[[Tenant, list[Path]], None]] = [
        with_module,
        with_role,
        with_command,
        with_python,
    ]
    journals = {}
    for way in ways:
        tenant = copy_of(bare, tmp_path / way.__name__)
        way(tenant, files)
        journals[way.__name__] = asked(tenant)
    first = journals.pop("with_python")
    assert {request[0] for request in first} >= {"GET", "POST", "PATCH"}
    for name, journal in journals.items():
        assert journal == first, name
