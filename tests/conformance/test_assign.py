"""GRAPH.md 3.5 and 2: assignments."""

import pytest

from .bodies import group_target, scep, target_of, wire_type
from .graph import DEVICE_CONFIGURATIONS, Graph, Json, assert_refused, one

FIRST = "5f9e6b0a-54b4-4f66-9a0e-1f3a3a6c1d01"
SECOND = "5f9e6b0a-54b4-4f66-9a0e-1f3a3a6c1d02"
FILTER = "5f9e6b0a-54b4-4f66-9a0e-1f3a3a6c1d03"


def assign(graph: Graph, profile: Json, *assignments: Json) -> None:
    body = {"assignments": list(assignments)}
    assert graph.send("POST", one(profile["id"], "assign"), body).status_code == 200


def assigned(graph: Graph, profile: Json) -> list[Json]:
    return graph.all_of(one(profile["id"], "assignments"))


def test_assign_replaces_the_whole_set(graph: Graph) -> None:
    """GRAPH.md 3.5."""
    profile = graph.create(scep())
    assign(graph, profile, group_target(FIRST))
    assign(graph, profile, group_target(SECOND))
    assert [each["target"]["groupId"] for each in assigned(graph, profile)] == [SECOND]


def test_an_empty_list_clears(graph: Graph) -> None:
    """GRAPH.md 3.5."""
    profile = graph.create(scep())
    assign(graph, profile, group_target(FIRST), target_of("allDevicesAssignmentTarget"))
    assign(graph, profile)
    assert assigned(graph, profile) == []


def test_an_assignment_looks_as_captured(graph: Graph) -> None:
    """GRAPH.md 2, 3.5: id, source, intent, absent filter as null and `none`."""
    profile = graph.create(scep())
    assign(graph, profile, group_target(FIRST))
    assert assigned(graph, profile) == [
        {
            "id": f"{profile['id']}_{FIRST}",
            "source": "direct",
            "sourceId": profile["id"],
            "intent": "apply",
            "target": {
                "@odata.type": wire_type("groupAssignmentTarget"),
                "deviceAndAppManagementAssignmentFilterId": None,
                "deviceAndAppManagementAssignmentFilterType": "none",
                "groupId": FIRST,
            },
        }
    ]


def test_every_kind_of_target_is_kept(graph: Graph) -> None:
    """GRAPH.md 2."""
    profile = graph.create(scep())
    narrowed = {
        "deviceAndAppManagementAssignmentFilterId": FILTER,
        "deviceAndAppManagementAssignmentFilterType": "include",
    }
    assign(
        graph,
        profile,
        group_target(FIRST, **narrowed),
        target_of("exclusionGroupAssignmentTarget", groupId=SECOND),
        target_of("allDevicesAssignmentTarget"),
        target_of("allLicensedUsersAssignmentTarget"),
    )
    targets = {each["target"]["@odata.type"]: each["target"] for each in assigned(graph, profile)}
    assert set(targets) == {
        wire_type("groupAssignmentTarget"),
        wire_type("exclusionGroupAssignmentTarget"),
        wire_type("allDevicesAssignmentTarget"),
        wire_type("allLicensedUsersAssignmentTarget"),
    }
    assert narrowed.items() <= targets[wire_type("groupAssignmentTarget")].items()


def test_expand_adds_assignments_and_their_context(graph: Graph) -> None:
    """GRAPH.md 3.5: on one profile, observed."""
    profile = graph.create(scep())
    assign(graph, profile, group_target(FIRST))
    shown = graph.read(one(profile["id"]) + "?$expand=assignments")
    assert shown["assignments"] == assigned(graph, profile)
    assert "assignments@odata.context" in shown
    assert "assignments" not in graph.read(one(profile["id"]))


def test_expand_works_on_the_list(graph: Graph) -> None:
    """GRAPH.md 3.5 speaks of GET; on the list it is inferred."""
    with_group, without = graph.create(scep()), graph.create(scep(displayName="Other"))
    assign(graph, with_group, group_target(FIRST))
    listed = {
        each["id"]: each["assignments"]
        for each in graph.all_of(f"{DEVICE_CONFIGURATIONS}?$expand=assignments")
    }
    assert listed == {with_group["id"]: assigned(graph, with_group), without["id"]: []}


def test_one_profile_s_assignments_are_not_another_s(graph: Graph) -> None:
    """GRAPH.md 3.5."""
    first, second = graph.create(scep()), graph.create(scep())
    assign(graph, first, group_target(FIRST))
    assert assigned(graph, second) == []


def test_assigning_does_not_edit_the_profile(graph: Graph) -> None:
    """GRAPH.md 7.9: unknown; the simulator leaves version and dates alone."""
    profile = graph.create(scep())
    assign(graph, profile, group_target(FIRST))
    assert graph.read(one(profile["id"])) == profile


def test_deleting_the_profile_deletes_its_assignments(graph: Graph) -> None:
    """Inferred."""
    profile = graph.create(scep())
    assign(graph, profile, group_target(FIRST))
    graph.send("DELETE", one(profile["id"]))
    assert_refused(graph.get(one(profile["id"], "assignments")), 404)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"assignments": {}},
        {"assignments": [{}]},
        {"assignments": [{"target": {"groupId": FIRST}}]},
        {"assignments": [{"target": {"@odata.type": wire_type("groupAssignmentTarget")}}]},
        {"assignments": [target_of("unknownAssignmentTarget")]},
    ],
)
def test_malformed_assignments_are_refused_and_change_nothing(graph: Graph, body: Json) -> None:
    """Inferred from the schema of GRAPH.md 2."""
    profile = graph.create(scep())
    assign(graph, profile, group_target(FIRST))
    assert_refused(graph.send("POST", one(profile["id"], "assign"), body), 400)
    assert [each["target"]["groupId"] for each in assigned(graph, profile)] == [FIRST]


def test_assigning_a_missing_profile_is_not_found(graph: Graph) -> None:
    """GRAPH.md 3.6."""
    missing = one("0f1c2d3e-0000-4000-8000-00000000dead", "assign")
    assert_refused(graph.send("POST", missing, {"assignments": []}), 404)


def test_the_legacy_parameter_is_understood(graph: Graph) -> None:
    """GRAPH.md 3.5: `deviceConfigurationGroupAssignments`."""
    profile = graph.create(scep())
    legacy = [
        {"targetGroupId": FIRST, "excludeGroup": False},
        {"targetGroupId": SECOND, "excludeGroup": True},
    ]
    body = {"deviceConfigurationGroupAssignments": legacy}
    assert graph.send("POST", one(profile["id"], "assign"), body).status_code == 200
    targets = [each["target"] for each in assigned(graph, profile)]
    assert [(each["@odata.type"], each["groupId"]) for each in targets] == [
        (wire_type("groupAssignmentTarget"), FIRST),
        (wire_type("exclusionGroupAssignmentTarget"), SECOND),
    ]
