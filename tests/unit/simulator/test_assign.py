"""`assign` replaces the whole set."""

from typing import Any

import pytest

from .conftest import CONFIGURATIONS, WINDOWS_SCEP, Graph

ALL_USERS = {"@odata.type": "#microsoft.graph.allLicensedUsersAssignmentTarget"}


def group_target(number: int, kind: str = "groupAssignmentTarget", **more: Any) -> dict[str, Any]:
    group = f"{number:08d}-0000-0000-0000-000000000000"
    return {"@odata.type": f"#microsoft.graph.{kind}", "groupId": group, **more}


def assign(graph: Graph, profile: Any, *targets: Any) -> int:
    body = {"assignments": [{"target": target} for target in targets]}
    return graph("POST", f"{CONFIGURATIONS}/{profile['id']}/assign", body).status


def test_it_replaces_the_whole_set_and_only_this_profiles(graph: Graph) -> None:
    one, other = graph.create(WINDOWS_SCEP), graph.create(WINDOWS_SCEP, "Other")
    path = f"{CONFIGURATIONS}/{one['id']}/assignments"
    assert assign(graph, other, ALL_USERS) == 200
    assert assign(graph, one, group_target(1), group_target(2)) == 200
    assert len(graph.list(path)) == 2
    excluded = group_target(3, "exclusionGroupAssignmentTarget")
    assert assign(graph, one, ALL_USERS, excluded) == 200
    kinds = [each["target"]["@odata.type"] for each in graph.list(path)]
    assert kinds == [ALL_USERS["@odata.type"], excluded["@odata.type"]]
    assert assign(graph, one) == 200
    assert graph.list(path) == []
    assert len(graph.list(f"{CONFIGURATIONS}/{other['id']}/assignments")) == 1


def test_it_changes_neither_version_nor_dates(graph: Graph) -> None:
    profile = graph.create(WINDOWS_SCEP)
    graph.clock.now += 60
    assign(graph, profile, ALL_USERS)
    assert graph.get(profile["id"]) == profile


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"assignment": []},
        {"assignments": {}},
        {"assignments": [{}]},
        {"assignments": [{"target": {}}]},
        {"assignments": [{"target": {"@odata.type": "#microsoft.graph.noSuchTarget"}}]},
        {"assignments": [{"target": group_target(1) | {"groupId": ""}}]},
        {"assignments": [{"target": group_target(1)}, {"target": group_target(1)}]},
        {"assignments": [{"target": ALL_USERS, "intent": "maybe"}]},
        {"assignments": [{"target": ALL_USERS | {"groupId": "x"}}]},
        {
            "assignments": [
                {"target": ALL_USERS | {"deviceAndAppManagementAssignmentFilterType": "include"}}
            ]
        },
    ],
)
def test_a_malformed_set_keeps_the_old_one(graph: Graph, body: dict[str, Any]) -> None:
    profile = graph.create(WINDOWS_SCEP)
    assign(graph, profile, group_target(9))
    path = f"{CONFIGURATIONS}/{profile['id']}"
    assert graph("POST", f"{path}/assign", body).status == 400
    assert len(graph.list(f"{path}/assignments")) == 1


def test_the_legacy_parameter_works(graph: Graph) -> None:
    profile = graph.create(WINDOWS_SCEP)
    path = f"{CONFIGURATIONS}/{profile['id']}"
    legacy = [{"targetGroupId": "11111111-0000-0000-0000-000000000000", "excludeGroup": True}]
    body = {"deviceConfigurationGroupAssignments": legacy}
    assert graph("POST", f"{path}/assign", body).status == 200
    target = graph.list(f"{path}/assignments")[0]["target"]
    assert target["@odata.type"] == "#microsoft.graph.exclusionGroupAssignmentTarget"
