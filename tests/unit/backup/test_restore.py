"""Restoring makes a profile whole or not at all, and tells which."""

from dataclasses import replace

import pytest

import intune_scep.simulator.handlers.profiles as handlers
from intune_scep.backup.backup import back_up_profiles, read_backup
from intune_scep.backup.restore import restore_backup
from intune_scep.simulator.scenarios.wire import root_body, scep_body

from .tenants import FILTERS, GROUPS, TAGS, TWINS, URL, content, directory, elsewhere

ROOT = root_body("ios", "Root", "bulk-root")
SCEP = scep_body("ios", "Wi-Fi", urls=[URL], roleScopeTagIds=["1"])


def group(identifier, **more):
    target = {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": identifier}
    return target | more


def scenario(*profiles, **changes):
    found = profiles or (ROOT, SCEP)
    given = {
        "profiles": found,
        "root_links": {SCEP["id"]: ROOT["id"]} if SCEP in found and ROOT in found else {},
        "assignments": {SCEP["id"]: (group(GROUPS["All Staff"]),)} if SCEP in found else {},
    }
    return directory(**(given | changes))


@pytest.fixture
def backup(simulated, tmp_path):
    """Return a function from a scenario to its backup."""

    def make(what=None):
        path = tmp_path / "backup"
        simulated(what or scenario()).run(lambda graph: back_up_profiles(graph, path))
        return read_backup(path)

    return make


def restore(tenant, backup, **options):
    return tenant.run(lambda graph: restore_backup(graph, backup, **options))


def statuses(report):
    return {item.action.name: item.status.value for item in report.outcomes}


def message(report, name="Wi-Fi"):
    [found] = [i for i in report.outcomes if i.action.name == name]
    return found.message or ""


def paths(tenant, method):
    return [item["path"] for item in tenant.requests(method)]


def fault(tenant, path, effect, *, method, when="before", **more):
    rule = {"match": {"method": method, "path": path, **more}, "when": when, "effect": effect}
    tenant.control("PUT", "faults", [rule])


def test_the_root_link_is_not_lost_on_restore(simulated, backup):
    """Peers' fault: restored SCEP profiles are unbound (IntuneCD 2.6.0)."""
    there = simulated(directory())
    assert restore(there, backup()).changed
    [scep] = [item for item in there.run(content) if item["root"]]
    assert scep["root"][:2] == ("#microsoft.graph.iosTrustedRootCertificate", "Root")


def test_a_root_link_that_graph_drops_on_create_is_set_before_assigning(
    simulated, backup, monkeypatch
):
    """GRAPH.md 3.4: some types silently drop an embedded bind."""
    there, kept = simulated(directory()), backup()
    monkeypatch.setattr(handlers, "_bind", lambda *_: None)
    assert statuses(restore(there, kept)) == {"Root": "applied", "Wi-Fi": "applied"}
    order = [item["path"].rpartition("/")[2] for item in there.requests()]
    assert order.index("$ref") < order.index("assign")
    assert [item["root"][1] for item in there.run(content) if item["root"]] == ["Root"]


def test_an_unbound_profile_is_never_assigned(simulated, backup, monkeypatch):
    """Peers' fault: three unbound, already assigned profiles (IntuneCD 2.6.0)."""
    there, kept = simulated(directory()), backup()
    monkeypatch.setattr(handlers, "_bind", lambda *_: None)
    fault(there, r"\$ref", 400, method="PUT")
    report = restore(there, kept)
    assert statuses(report) == {"Root": "applied", "Wi-Fi": "failed"}
    assert report.failed
    assert "removed again" in message(report)
    assert not [path for path in paths(there, "POST") if path.endswith("assign")]
    assert [item["normal"]["displayName"] for item in there.run(content)] == ["Root"]


def test_a_profile_that_cannot_be_assigned_is_taken_away_again(simulated, backup):
    there, kept = simulated(directory()), backup()
    fault(there, "assign$", 403, method="POST")
    report = restore(there, kept)
    assert statuses(report)["Wi-Fi"] == "failed"
    assert len(there.run(content)) == 1
    there.control("DELETE", "faults")
    assert statuses(restore(there, kept)) == {"Root": "unchanged", "Wi-Fi": "applied"}


@pytest.mark.parametrize("path", ["deviceConfigurations$", "assign$"])
@pytest.mark.parametrize("effect", [500, "close", "html_502"])
def test_a_write_that_landed_behind_an_error_is_not_repeated(simulated, backup, path, effect):
    there, kept = simulated(directory()), backup()
    fault(there, path, effect, method="POST", when="after", nth=[1])
    report = restore(there, kept)
    assert statuses(report) == {"Root": "applied", "Wi-Fi": "applied"}, report.to_dict()
    assert len(there.profiles()) == 2
    assert not restore(there, kept).count("skipped")


def test_a_profile_whose_root_was_not_restored_is_not_made(simulated, backup):
    there, kept = simulated(directory()), backup()
    fault(there, "deviceConfigurations$", 400, method="POST", nth=[1])
    report = restore(there, kept)
    assert statuses(report) == {"Root": "failed", "Wi-Fi": "held_back"}
    assert "because of 'Root'" in message(report)
    assert not there.profiles()


def test_what_is_there_already_is_left_alone_and_the_difference_named(simulated, backup):
    other = {**SCEP, "id": "5e3c5a5e-6a54-4b5e-8f6f-0d3c5a5e6a54", "keySize": "size4096"}
    there = simulated(scenario(ROOT, other))
    report = restore(there, backup())
    assert statuses(report) == {"Root": "unchanged", "Wi-Fi": "skipped"}
    assert "keySize, root, assignments" in message(report)
    assert not report.failed
    assert not report.changed
    assert not [item for item in there.requests() if item["method"] in {"PATCH", "PUT", "DELETE"}]


def test_a_root_of_the_same_name_with_another_certificate_is_not_bound(simulated, backup):
    other = root_body("ios", "Root", "contoso-root-ca-2021")
    there = simulated(elsewhere(directory()))
    there_with = simulated(replace(elsewhere(directory()), profiles=(other,)))
    kept = backup()
    assert statuses(restore(there, kept)) == {"Root": "applied", "Wi-Fi": "applied"}
    report = restore(there_with, kept)
    assert statuses(report) == {"Root": "skipped", "Wi-Fi": "failed"}
    assert "another certificate" in message(report)
    assert len(there_with.profiles()) == 1


def test_a_renamed_profile_of_the_same_tenant_is_known_by_its_id(simulated, backup):
    kept = backup()
    there = simulated(scenario(ROOT, {**SCEP, "displayName": "Renamed"}))
    report = restore(there, kept)
    assert statuses(report)["Wi-Fi"] == "skipped"
    assert "displayName" in message(report)


def test_filters_groups_and_scope_tags_are_found_by_name_elsewhere(simulated, backup):
    target = group(
        GROUPS["All Staff"],
        deviceAndAppManagementAssignmentFilterId=FILTERS["Corporate"],
        deviceAndAppManagementAssignmentFilterType="include",
    )
    source = scenario(assignments={SCEP["id"]: (target,)})
    kept = backup(source)
    there = simulated(elsewhere(source))
    assert statuses(restore(there, kept)) == {"Root": "applied", "Wi-Fi": "applied"}
    [scep] = [item for item in there.run(content) if item["root"]]
    assert scep["tags"] == [TAGS["1"]]
    assert "All Staff" in scep["assignments"][0]
    assert "Corporate" in scep["assignments"][0]


@pytest.mark.parametrize("lacking", ["groups", "assignment_filters", "role_scope_tags"])
def test_a_name_that_is_missing_is_refused_before_anything_is_written(simulated, backup, lacking):
    """Peers' fault: a missing group is skipped, and the log says no changes (IntuneCD 2.6.0)."""
    target = group(
        GROUPS["All Staff"],
        deviceAndAppManagementAssignmentFilterId=FILTERS["Corporate"],
        deviceAndAppManagementAssignmentFilterType="include",
    )
    source = scenario(assignments={SCEP["id"]: (target,)})
    kept = backup(source)
    there = simulated(replace(elsewhere(source), **{lacking: ()}))
    foreseen = restore(there, kept, dry_run=True)
    assert statuses(foreseen)["Wi-Fi"] == "failed"
    report = restore(there, kept)
    assert statuses(report) == {"Root": "applied", "Wi-Fi": "failed"}
    assert report.failed
    assert any(name in message(report) for name in ("All Staff", "Corporate", "Zürich"))


def test_two_groups_of_one_name_are_not_guessed_between(simulated, backup):
    source = scenario(assignments={SCEP["id"]: (group(TWINS[0]),)})
    kept = backup(source)
    report = restore(simulated(elsewhere(source)), kept)
    assert statuses(report)["Wi-Fi"] == "failed"
    assert "2 groups have the name 'Twins'" in message(report)


def test_a_group_that_was_gone_already_comes_back_as_it_was(simulated, backup):
    gone = "0d3c5a5e-6a54-4b5e-8f6f-0d3c5a5e6a54"
    source = scenario(assignments={SCEP["id"]: (group(gone),)})
    kept = backup(source)
    same = simulated(directory())
    assert statuses(restore(same, kept))["Wi-Fi"] == "applied"
    assert any(gone in str(item["assignments"]) for item in same.run(content))
    report = restore(simulated(elsewhere(source)), kept)
    assert statuses(report)["Wi-Fi"] == "failed"
    assert gone in message(report)


def test_a_collection_of_configuration_manager_does_not_move(simulated, backup):
    target = {
        "@odata.type": "#microsoft.graph.configurationManagerCollectionAssignmentTarget",
        "collectionId": "SMS00001",
    }
    source = scenario(assignments={SCEP["id"]: (target,)})
    kept = backup(source)
    assert statuses(restore(simulated(directory()), kept))["Wi-Fi"] == "applied"
    assert statuses(restore(simulated(elsewhere(source)), kept))["Wi-Fi"] == "failed"


def test_twins_that_cannot_be_told_apart_are_refused_with_their_ids(simulated, backup):
    twins = [scep_body("ios", "Same", urls=[URL], key=key, description=key) for key in "abc"]
    kept = backup(scenario(twins[0], twins[1]))
    there = simulated(replace(elsewhere(directory()), profiles=(twins[2],)))
    report = restore(there, kept)
    assert {(item.action.action, item.status) for item in report.outcomes} == {
        ("refused", "failed")
    }
    assert twins[2]["id"] in report.outcomes[0].message


def test_retired_platforms_are_refused_and_the_rest_is_restored(simulated, backup):
    root = root_body("windows_phone", "Phone root", "bulk-root")
    kept = backup(scenario(ROOT, SCEP, root))
    report = restore(simulated(directory()), kept)
    assert statuses(report) == {"Root": "applied", "Wi-Fi": "applied", "Phone root": "failed"}
    assert "windows_phone" in message(report, "Phone root")


def test_a_dry_run_writes_nothing_and_foresees_what_happens(simulated, backup):
    there, kept = simulated(directory()), backup()
    foreseen = restore(there, kept, dry_run=True)
    assert statuses(foreseen) == {"Root": "planned", "Wi-Fi": "planned"}
    assert {item["method"] for item in there.sent()} <= {"GET", "POST"}
    assert all(path.endswith("$batch") for path in paths(there, "POST"))
    assert not there.profiles()


def test_an_unknown_outcome_is_neither_success_nor_failure(simulated, backup):
    there, kept = simulated(directory()), backup()
    there.control(
        "PUT",
        "faults",
        [
            {"match": {"method": "POST", "path": "assign$"}, "when": "after", "effect": 500},
            {
                "match": {
                    "method": "GET",
                    "path": r"deviceConfigurations(/[^/]+)?$",
                    "nth": list(range(8, 200)),
                },
                "effect": 503,
            },
        ],
    )
    report = restore(there, kept)
    assert statuses(report)["Wi-Fi"] == "unknown"
    assert report.failed
    there.control("DELETE", "faults")
    assert len(there.profiles()) == 2


def test_what_the_request_carries_is_the_backup_and_nothing_of_the_server(simulated, backup):
    there, kept = simulated(directory()), backup()
    restore(there, kept)
    bodies = [
        item["body"] for item in there.requests("POST") if item["path"].endswith("Configurations")
    ]
    assert len(bodies) == 2
    for body in bodies:
        assert not {"id", "version", "createdDateTime", "lastModifiedDateTime"} & body.keys()
        assert not {"supportsScopeTags", "assignments", "assignments@odata.context"} & body.keys()
