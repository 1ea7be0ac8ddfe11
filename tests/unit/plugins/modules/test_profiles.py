# Copyright: The intune.scep maintainers
# GNU General Public License v3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules of declared profiles, called as Ansible calls them, against a simulated tenant."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from ansible_collections.intune.scep.plugins.modules import (
    certificate_profiles,
    scep_profile,
    scep_profile_info,
    trusted_root_profile,
    trusted_root_profile_info,
)

from intune_scep import IntuneClient
from intune_scep.connection import ConnectionOptions
from intune_scep.declarations import OPTIONS, options_of
from intune_scep.profiles import ProfileKind
from intune_scep.simulator.scenarios import wire

CERTIFICATES = json.loads((Path(wire.__file__).parent / "root_certificates.json").read_text())
ROOT = CERTIFICATES["contoso-root-ca-2021"]
OTHER_ROOT = CERTIFICATES["contoso-wifi-root-2016"]
ASSIGNMENTS = [{"group": "All Staff"}, {"group": "Contractors", "exclude": True}]
ROOT_OPTIONS = {
    "name": "Root",
    "platform": "ios",
    "certificate": ROOT,
    "assignments": ASSIGNMENTS,
}
SCEP_OPTIONS = {
    "name": "Staff",
    "platform": "ios",
    "subject_name_format": "CN={{UserName}}",
    "description": "For staff",
    "key_usage": ["digital_signature"],
    "extended_key_usages": ["client_authentication"],
    "root_profile": {"name": "Root"},
    "scep_server_urls": ["https://ndes.contoso.com/certsrv/mscep/mscep.dll"],
    "assignments": ASSIGNMENTS,
}


@pytest.fixture
def with_root(tenant):
    assert tenant.run(trusted_root_profile, **ROOT_OPTIONS)["changed"]
    tenant.requests()
    return tenant


@pytest.fixture
def with_profile(with_root):
    assert with_root.run(scep_profile, **SCEP_OPTIONS)["changed"]
    with_root.requests()
    return with_root


@pytest.mark.parametrize(
    ("module", "options"),
    [(trusted_root_profile, ROOT_OPTIONS), (scep_profile, SCEP_OPTIONS)],
    ids=["trusted_root", "scep"],
)
def test_check_create_check_again_and_delete(with_root, module, options):
    with_root.ask("DELETE", "_simulator/requests")
    if module is trusted_root_profile:
        options = {**options, "name": "Second root"}
    with_root.ask("PUT", "_simulator/settings", {"read_only": True})
    planned = with_root.run(module, check_mode=True, **options)
    assert planned["changed"]
    assert [(item["action"], item["status"]) for item in planned["profiles"]] == [
        ("create", "planned")
    ]
    assert with_root.writes() == []

    with_root.ask("PUT", "_simulator/settings", {"read_only": False})
    created = with_root.run(module, **options)
    assert created["changed"]
    assert created["diff"] == planned["diff"]
    assert created["diff"][0]["before"] == ""
    assert created["diff"][0]["after"]["name"] == options["name"]
    assert with_root.writes()

    for check_mode in (False, True):
        again = with_root.run(module, check_mode=check_mode, **options)
        assert not again["changed"]
        assert again["diff"] == []
        assert again["profiles"][0]["status"] == "unchanged"
    assert with_root.writes() == []

    gone = {"name": options["name"], "platform": "ios", "state": "absent"}
    assert with_root.run(module, check_mode=True, **gone)["changed"]
    assert with_root.writes() == []
    deleted = with_root.run(module, **gone)
    assert deleted["changed"]
    assert deleted["diff"][0]["after"] == ""
    assert options["name"] not in with_root.profiles()
    assert not with_root.run(module, **gone)["changed"]


def test_an_update_shows_and_sends_what_was_given_and_nothing_else(with_profile):
    before = with_profile.profiles()["Staff"]
    changed = {"name": "Staff", "platform": "ios", "key_size": 4096, "description": None}
    result = with_profile.run(scep_profile, **changed)
    [diff] = result["diff"]
    assert diff["before"] == {"description": "For staff", "key_size": 2048}
    assert diff["after"] == {"key_size": 4096}
    [write] = with_profile.writes()
    sent = {k: v for k, v in write["body"].items() if k != "@odata.type"}
    assert sent == {"description": None, "keySize": "size4096"}
    after = with_profile.profiles()["Staff"]
    differing = {name for name in after if after[name] != before.get(name)}
    assert differing - {"lastModifiedDateTime", "version"} == set(sent)


def test_a_change_that_revokes_certificates_is_a_warning(with_root):
    # Warnings add up within a process: a name of its own, and the harmless change first.
    same = {"name": "Warned about", "platform": "ios"}
    assert with_root.run(scep_profile, **{**SCEP_OPTIONS, **same})["changed"]
    harmless = with_root.run(scep_profile, check_mode=True, **same, description="Other")
    assert harmless["changed"]
    assert "every certificate of 1 profile: Warned about" not in warnings(harmless)
    result = with_root.run(scep_profile, check_mode=True, **same, key_size=4096)
    assert "every certificate of 1 profile: Warned about (ios). Microsoft says" in warnings(result)


def warnings(result):
    return str(result.get("warnings", []))


def test_an_empty_list_clears_assignments_and_leaving_it_out_keeps_them(with_profile):
    same = {"name": "Staff", "platform": "ios"}
    assert not with_profile.run(scep_profile, **same)["changed"]
    cleared = with_profile.run(scep_profile, **same, assignments=[])
    assert cleared["diff"][0]["after"] == {"assignments": []}
    [write] = with_profile.writes()
    assert write["body"] == {"assignments": []}


def test_a_list_is_one_read_of_the_tenant_however_long_it_is(with_root):
    def listed(count):
        return [
            {"name": f"Staff {n}", "assignments": [{"group": "All Staff"}]} for n in range(count)
        ]

    beside = {
        name: value for name, value in SCEP_OPTIONS.items() if name not in {"name", "assignments"}
    }
    created = with_root.run(scep_profile, **beside, profiles=listed(15))
    assert created["counts"]["actions"]["create"] == 15, created["msg"]
    with_root.requests()
    counts = []
    for count in (1, 15):
        assert not with_root.run(scep_profile, **beside, profiles=listed(count))["changed"]
        counts.append(sum(entry["batch"] is None for entry in with_root.requests()))
    assert counts[0] == counts[1]


def test_what_stands_beside_a_list_holds_where_an_item_does_not_say_otherwise(with_root):
    beside = {name: value for name, value in SCEP_OPTIONS.items() if name != "name"}
    items = [{"name": "One"}, {"name": "Two", "key_size": 4096, "description": None}]
    result = with_root.run(scep_profile, **beside, key_size=2048, profiles=items)
    assert not result.get("failed"), result["msg"]
    profiles = with_root.profiles()
    assert [profiles[name]["keySize"] for name in ("One", "Two")] == ["size2048", "size4096"]
    assert [profiles[name].get("description") for name in ("One", "Two")] == ["For staff", None]


def test_one_failure_fails_the_task_after_the_rest_was_done(with_root):
    rule = {"match": {"method": "POST", "path": "deviceConfigurations$", "nth": [1]}}
    with_root.ask(
        "PUT", "_simulator/faults", [{**rule, "when": "before", "effect": 400, "times": 1}]
    )
    beside = {name: value for name, value in SCEP_OPTIONS.items() if name != "name"}
    names = [{"name": name} for name in ("One", "Two", "Three")]
    result = with_root.run(scep_profile, **beside, profiles=names)
    assert result["failed"]
    assert result["changed"]
    assert sorted(item["status"] for item in result["profiles"]) == ["applied", "applied", "failed"]
    assert result["failure"]["code"] == "profilesFailed"
    finished = with_root.run(scep_profile, **beside, profiles=names)
    assert finished["counts"]["actions"]["create"] == 1, (finished["msg"], finished["counts"])
    assert not finished.get("failed")


def test_a_name_that_leads_to_nothing_or_to_two_is_an_error_with_ids(with_profile):
    missing = with_profile.run(
        scep_profile, **{**SCEP_OPTIONS, "assignments": [{"group": "Nobody"}]}
    )
    assert missing["failed"]
    assert "'Nobody'" in missing["msg"]
    wrong_root = {**SCEP_OPTIONS, "name": "Other", "root_profile": {"name": "None such"}}
    assert "'None such'" in with_profile.run(scep_profile, **wrong_root)["msg"]
    assert with_profile.writes() == []


@pytest.mark.parametrize("check_mode", [True, False])
def test_one_refused_profile_holds_the_others_back_in_check_mode_too(with_root, check_mode):
    beside = {name: value for name, value in SCEP_OPTIONS.items() if name != "name"}
    refused = {"name": "Refused", "root_profile": {"thumbprint": "A" * 40}}
    result = with_root.run(
        scep_profile, check_mode=check_mode, **beside, profiles=[{"name": "Good"}, refused]
    )
    assert result["failed"]
    assert not result["changed"]
    assert [item["status"] for item in result["profiles"]] == ["held_back", "failed"]
    assert with_root.writes() == []


def test_a_root_that_an_earlier_task_would_make_is_awaited_in_check_mode_alone(tenant):
    assert tenant.run(trusted_root_profile, check_mode=True, **ROOT_OPTIONS)["changed"]
    foreseen = tenant.run(scep_profile, check_mode=True, **SCEP_OPTIONS)
    [profile] = foreseen["profiles"]
    assert (profile["status"], foreseen["changed"]) == ("planned", True)
    assert "must exist when this is carried out" in " ".join(profile["notes"])
    real = tenant.run(scep_profile, **SCEP_OPTIONS)
    assert real["failed"]
    assert tenant.writes() == []


def test_one_wrong_profile_of_a_list_does_not_hide_the_diff_of_the_others(with_root):
    made = with_root.run(scep_profile, **SCEP_OPTIONS)
    assert made["changed"]
    with_root.requests()
    name = {"name": SCEP_OPTIONS["name"], "platform": SCEP_OPTIONS["platform"]}
    wrong = {"name": "Wrong", "platform": "ios", "renewal_threshold": 120}
    result = with_root.run(scep_profile, profiles=[{**name, "renewal_threshold": 33}, wrong])
    assert result["failed"]
    by_name = {item["name"]: item for item in result["profiles"]}
    assert [item["property"] for item in by_name[name["name"]]["diff"]] == ["renewal_threshold"]
    assert "renewal_threshold must be at most 99" in by_name["Wrong"]["problems"][0]
    assert "33" in str(result["diff"])
    assert with_root.writes() == []


def test_an_error_of_a_rule_stops_the_task_before_any_write_unless_the_rules_say_otherwise(
    with_root, tmp_path
):
    bare = {**ROOT_OPTIONS, "name": "Bare", "assignments": []}
    assert with_root.run(trusted_root_profile, **bare)["changed"]
    with_root.requests()
    unreachable = {**SCEP_OPTIONS, "root_profile": {"name": "Bare"}}
    refused = with_root.run(scep_profile, **unreachable)
    assert refused["failed"]
    [rule] = {
        finding["rule_id"]
        for finding in refused["profiles"][0]["findings"]
        if finding["severity"] == "error"
    }
    assert rule in refused["msg"]
    assert with_root.writes() == []
    rules = tmp_path / "rules.yml"
    rules.write_text(f"severities: {{{rule}: warning}}\n")
    allowed = with_root.run(scep_profile, **unreachable, rules_path=str(rules))
    assert allowed["changed"], allowed["msg"]
    assert f"Staff (ios): {rule}" in warnings(allowed)


def test_a_file_of_rules_that_cannot_be_used_is_named(tenant):
    result = tenant.run(scep_profile, **SCEP_OPTIONS, rules_path="no-such-file.yml")
    assert "no-such-file.yml" in result["msg"]
    assert tenant.requests() == []


def test_replace_makes_a_new_profile_and_deletes_the_old_one_after_it(tenant):
    root = {**ROOT_OPTIONS, "platform": "macos", "deployment_channel": "user"}
    assert tenant.run(trusted_root_profile, **root)["changed"]
    mac = {**SCEP_OPTIONS, "platform": "macos", "deployment_channel": "user"}
    old = tenant.run(scep_profile, **mac)["profiles"][0]["id"]
    moved = {"name": "Staff", "platform": "macos", "deployment_channel": "device"}
    refused = tenant.run(scep_profile, **moved)
    assert refused["failed"]
    assert "deployment_channel" in refused["msg"]
    assert "replace: true" in refused["msg"]
    tenant.requests()
    replaced = tenant.run(scep_profile, **moved, replace=True)
    assert [item["action"] for item in replaced["profiles"]] == ["replace"], replaced["msg"]
    assert replaced["profiles"][0]["id"] != old
    assert [entry["path"] for entry in tenant.writes()][-1].endswith(old)
    assert tenant.profiles()["Staff"]["deploymentChannel"] == "deviceChannel"


BOTH = {
    "platform": ["amiga", "windows_phone"],
    "state": ["gone"],
    "replace": ["perhaps"],
    "id": ["a/b"],
    "deployment_channel": ["both"],
    "applicability_rule_os_edition": ["x", {"rule": "include", "editions": ["nt4"]}],
    "applicability_rule_os_version": [{"minimum": "10"}, {"rule": "only"}],
    "applicability_rule_device_mode": [{"rule": "include"}, {"rule": "include", "mode": "s"}],
    "scope_tags": [[], [""], ["a", "a"]],
    "assignments": [
        "x",
        5,
        ["x"],
        [{}],
        [{"group": "x", "all_users": True}],
        [{"filter": "x"}],
        [{"grp": "x"}],
    ],
}
ROOT_BAD = {
    "certificate_path": ["no-such-file.cer"],
    "certificate": ["no certificate", "TEZBSw=="],
    "certificate_file_name": [""],
    "allow_expired": ["perhaps"],
    "destination_store": ["root"],
}
SCEP_BAD = {
    "certificate_type": ["machine"],
    "subject_name_format": ["CN=", "", "CN='UserName' is undefined"],
    "subject_name_format_type": ["other"],
    "subject_alternative_names": [
        [{"type": "urn", "value": "x"}],
        [{"type": "uri"}],
        [{"type": "uri", "value": ""}],
    ],
    "legacy_subject_alternative_names": [["urn"], ["upn", "upn"]],
    "legacy_subject_alternative_name_format": [""],
    "validity": [1, {"value": 1}, {"value": 0, "unit": "years"}, {"value": 1, "unit": "weeks"}],
    "key_storage_provider": ["tpm"],
    "key_usage": [["signing"], []],
    "key_size": [512, "big"],
    "hash_algorithms": [["md5"], []],
    "root_profile": ["Root", {}, {"name": "x", "id": "y"}, {"thumbprint": "abc"}],
    "extended_key_usages": [["client"], [{"name": "x"}], [3]],
    "renewal_threshold": [0, 100, "twenty"],
    "scep_server_urls": [["ndes"], [""]],
    "allow_all_apps_access": ["perhaps"],
    "certificate_access": ["everyone"],
    "certificate_access_apps": [["a", "a"]],
}
TEXTS = {"name", "description"}
MODULES = {
    ProfileKind.TRUSTED_ROOT: (trusted_root_profile, {**BOTH, **ROOT_BAD}),
    ProfileKind.SCEP: (scep_profile, {**BOTH, **SCEP_BAD}),
}
BAD_INPUT = [
    pytest.param(kind, option, value, id=f"{kind.value}-{option}-{number}")
    for kind, (unused_module, table) in MODULES.items()
    for option, values in table.items()
    for number, value in enumerate(values)
]


@pytest.mark.parametrize("kind", list(MODULES))
def test_every_option_has_bad_input_to_be_tested_with(kind):
    assert set(MODULES[kind][1]) | TEXTS == {option.name for option in options_of(kind)}


@pytest.mark.parametrize(("kind", "option", "value"), BAD_INPUT)
def test_bad_input_is_one_message_that_names_the_option_and_no_request(tenant, kind, option, value):
    module = MODULES[kind][0]
    platform = OPTIONS[option].platforms(kind)[0].value
    options = {"name": "Staff", "platform": platform, option: value}
    for arguments in (options, {"profiles": [options]}):
        result = tenant.run(module, **arguments)
        assert result["failed"]
        assert option in result["msg"]
        assert "Traceback" not in json.dumps(result)
        assert len(result["msg"]) < 1500
    assert tenant.requests() == []


@pytest.mark.parametrize("kind", list(MODULES))
def test_an_option_that_a_platform_lacks_is_refused_with_those_that_have_it(tenant, kind):
    module = MODULES[kind][0]
    lacking = {
        option.name: option.example
        for option in options_of(kind)
        if option.wire and "android_device_administrator" not in option.platforms(kind)
    }
    assert lacking
    for name, value in lacking.items():
        options = {"name": "Staff", "platform": "android_device_administrator", name: value}
        result = tenant.run(module, **options)
        having = ", ".join(OPTIONS[name].platforms(kind))
        assert f"{name} exists only on: {having}." in result["msg"]
    assert tenant.requests() == []


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({}, "profiles, name, id"),
        ({"name": "Staff"}, "platform is required"),
        ({"profiles": []}, "profiles is an empty list"),
        ({"profiles": ["Staff"]}, "profiles"),
        ({"profiles": [{"platform": "ios"}]}, "profiles[0]: name is required"),
        ({"profiles": [{"name": "A"}]}, 'profiles[0] "A": platform is required'),
        (
            {"platform": "ios", "profiles": [{"name": "A"}, {"name": "B", "keysize": 1}]},
            'profiles[1] "B": keysize is no option',
        ),
        ({"name": "A", "profiles": [{"name": "B", "platform": "ios"}]}, "mutually exclusive"),
        ({"name": None, "id": None, "platform": "ios"}, "name cannot be cleared"),
        ({"name": "", "platform": "ios"}, "name must not be empty"),
        ({"name": "A", "unheard_of": 1}, "unheard_of"),
    ],
)
@pytest.mark.parametrize("module", [trusted_root_profile, scep_profile], ids=["root", "scep"])
def test_what_is_missing_or_too_much_is_named(tenant, module, options, complaint):
    result = tenant.run(module, **options)
    assert result["failed"]
    assert complaint in result["msg"]
    assert tenant.requests() == []


def test_all_wrong_options_are_named_at_once(tenant):
    wrong = {"renewal_threshold": 0, "scep_server_urls": ["x"], "subject_name_format": "CN="}
    result = tenant.run(scep_profile, name="Staff", platform="ios", **wrong)
    assert all(option in result["msg"] for option in wrong)
    assert "!unsafe" in result["msg"]
    assert result["failure"]["code"] == "badArgument"


def test_info_returns_the_declaration_and_what_graph_sent(with_profile):
    result = with_profile.run(scep_profile_info)
    assert not result["changed"]
    [found] = result["profiles"]
    assert found["declaration"]["root_profile"] == {"name": "Root"}
    assert found["declaration"]["assignments"] == SCEP_OPTIONS["assignments"]
    assert found["wire"]["@odata.type"] == "#microsoft.graph.iosScepCertificateProfile"
    assert found["wire"]["subjectNameFormatString"] == "CN={{UserName}}"
    roots = with_profile.run(trusted_root_profile_info)
    [root] = roots["profiles"]
    assert "".join(root["declaration"]["certificate"].splitlines()[1:-1]) == ROOT
    assert base64.b64decode(root["wire"]["trustedRootCertificate"])
    assert with_profile.writes() == []


def test_what_info_returns_is_a_declaration_without_drift(with_profile):
    for info, module in (
        (trusted_root_profile_info, trusted_root_profile),
        (scep_profile_info, scep_profile),
    ):
        known = with_profile.run(info)["profiles"]
        result = with_profile.run(module, profiles=[item["declaration"] for item in known])
        assert not result["changed"], result["diff"]
    assert with_profile.writes() == []


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"names": ["Staff"]}, ["Staff"]),
        ({"names": ["Nobody"]}, []),
        ({"ids": ["00000000-0000-0000-0000-000000000000"]}, []),
        ({"platforms": ["ios", "macos"]}, ["Staff"]),
        ({"platforms": ["windows"]}, []),
        ({"names": ["Root"]}, []),
    ],
)
def test_info_filters_by_name_id_and_platform(with_profile, filters, names):
    result = with_profile.run(scep_profile_info, **filters)
    assert [item["name"] for item in result["profiles"]] == names


@pytest.mark.parametrize("module", [trusted_root_profile_info, scep_profile_info])
@pytest.mark.parametrize(
    ("filters", "complaint"),
    [
        ({"names": []}, "names is an empty list"),
        ({"ids": [" "]}, "ids holds an empty text"),
        ({"platforms": ["amiga"]}, "platforms"),
    ],
)
def test_an_empty_filter_is_not_taken_for_none(tenant, module, filters, complaint):
    result = tenant.run(module, **filters)
    assert complaint in result["msg"]
    assert tenant.requests() == []


def declare(directory, **profiles):
    directory.mkdir(exist_ok=True)
    for name, content in profiles.items():
        (directory / f"{name}.json").write_text(json.dumps(content))
    return str(directory)


def test_a_directory_is_applied_roots_first_and_pruned_roots_last(tenant, tmp_path):
    directory = tmp_path / "profiles"
    path = declare(
        directory,
        a_scep={"scep_profile": SCEP_OPTIONS},
        b_root={"trusted_root_profile": ROOT_OPTIONS},
        c_other={"trusted_root_profile": {**ROOT_OPTIONS, "name": "Kept"}},
    )
    created = tenant.run(certificate_profiles, path=path, managed_by="team")
    assert created["counts"]["actions"]["create"] == 3, created["msg"]
    posted = [e["body"] for e in tenant.writes() if e["path"].endswith("Configurations")]
    kinds = ["Scep" in body["@odata.type"] for body in posted]
    assert kinds == sorted(kinds)
    assert tenant.profiles()["Staff"]["description"].endswith("[managed by intune.scep: team]")

    assert not tenant.run(certificate_profiles, path=path, managed_by="team")["changed"]
    for name in ("a_scep", "b_root"):
        (directory / f"{name}.json").unlink()
    assert not tenant.run(certificate_profiles, path=path, managed_by="team")["changed"]
    tenant.requests()
    pruned = tenant.run(certificate_profiles, path=path, managed_by="team", prune=True)
    assert pruned["counts"]["actions"]["delete"] == 2, pruned["msg"]
    assert list(tenant.profiles()) == ["Kept"]


def test_a_run_over_a_directory_is_taken_back_by_its_journal(tenant, tmp_path):
    path = declare(tmp_path / "profiles", root={"trusted_root_profile": ROOT_OPTIONS})
    journal = str(tmp_path / "run.jsonl")
    assert "max_changes" in tenant.run(certificate_profiles, path=path, max_changes=0)["msg"]
    applied = tenant.run(certificate_profiles, path=path, journal=journal, max_changes=1)
    assert (applied["changed"], applied["journal"]) == (True, journal)
    tenant.requests()

    back = {"state": "rolled_back", "journal": journal}
    planned = tenant.run(certificate_profiles, check_mode=True, **back)
    assert (planned["changed"], tenant.writes()) == (True, [])
    assert "max_changes" in tenant.run(certificate_profiles, **back, max_changes=0)["msg"]
    assert list(tenant.profiles()) == ["Root"]
    assert tenant.run(certificate_profiles, **back)["changed"]
    assert tenant.profiles() == {}


def test_what_is_missing_of_a_backup_is_made_again(with_root, tmp_path):
    directory = tmp_path / "backup"
    with IntuneClient(ConnectionOptions.from_environment(cloud="simulator")) as client:
        client.profiles.back_up(directory)
    gone = {"name": "Root", "platform": "ios", "state": "absent"}
    assert with_root.run(trusted_root_profile, **gone)["changed"]
    assert with_root.profiles() == {}
    with_root.requests()

    restored = {"state": "restored", "path": str(directory)}
    planned = with_root.run(certificate_profiles, check_mode=True, **restored)
    assert (planned["changed"], with_root.writes()) == (True, [])
    assert "max_changes" in with_root.run(certificate_profiles, **restored, max_changes=0)["msg"]
    made = with_root.run(certificate_profiles, **restored)
    assert made["counts"]["statuses"]["applied"] == 1, made["msg"]
    assert made["journal"]
    assert list(with_root.profiles()) == ["Root"]
    assert not with_root.run(certificate_profiles, **restored)["changed"]


@pytest.mark.parametrize("module", [trusted_root_profile, scep_profile])
def test_one_profile_has_a_journal_and_a_limit_too(tenant, tmp_path, module):
    options = {**(ROOT_OPTIONS if module is trusted_root_profile else SCEP_OPTIONS)}
    if module is scep_profile:
        assert tenant.run(trusted_root_profile, **ROOT_OPTIONS)["changed"]
    journal = str(tmp_path / "run.jsonl")
    assert "max_changes" in tenant.run(module, **options, max_changes=0)["msg"]
    assert tenant.run(module, **options, journal=journal)["journal"] == journal
    back = {"state": "rolled_back", "journal": journal}
    assert tenant.run(certificate_profiles, **back)["changed"]
    assert options["name"] not in tenant.profiles()


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"state": "rolled_back"}, "journal"),
        ({"state": "restored"}, "path"),
        ({"state": "rolled_back", "journal": "j", "path": "p"}, "path has no meaning"),
        ({"state": "restored", "path": "p", "prune": True}, "prune has no meaning"),
        ({"state": "restored", "path": "p", "max_changes": -1}, "must not be negative"),
        ({"state": "restored", "path": "no-such-backup"}, "no-such-backup"),
        ({"state": "rolled_back", "journal": "no-such.jsonl"}, "no-such.jsonl"),
    ],
)
def test_wrong_options_of_going_back_are_named(tenant, options, complaint):
    result = tenant.run(certificate_profiles, **options)
    assert result["failed"]
    assert complaint in result["msg"]
    assert tenant.writes() == []


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({}, "path"),
        ({"path": "no-such-directory"}, "no-such-directory"),
        ({"prune": True}, "prune needs managed_by"),
        ({"prune_list": ["x"]}, "prune_list"),
        ({"managed_by": "a]b"}, "managed_by"),
    ],
)
def test_wrong_choices_for_a_directory_are_named(tenant, tmp_path, options, complaint):
    path = declare(tmp_path / "profiles", root={"trusted_root_profile": ROOT_OPTIONS})
    given = {"path": path, **options} if options else {}
    result = tenant.run(certificate_profiles, **given)
    assert result["failed"]
    assert complaint in result["msg"]
    assert tenant.requests() == []


def test_everything_wrong_in_a_directory_is_named_with_its_file(tenant, tmp_path):
    path = declare(
        tmp_path / "profiles",
        one={"scep_profile": {**SCEP_OPTIONS, "key_size": 7}},
        two={"scep_profile": {**SCEP_OPTIONS, "renewal_threshold": 0}},
    )
    message = tenant.run(certificate_profiles, path=path)["msg"]
    assert all(
        word in message for word in ("one.json", "key_size", "two.json", "renewal_threshold")
    )
    assert tenant.requests() == []
