"""What a converged check costs: pages + ⌈500/20⌉ + 4 requests, nothing written."""

import pytest

from intune_scep.declarations.wire_form import create_wire
from intune_scep.profiles import Platform, ProfileKind
from intune_scep.simulator.scenarios.wire import stable_id
from intune_scep.tenant import read_groups

from .declared import FILTERS, ROOT_PEM, declare, full, group, guid

COUNT = 500
PLATFORMS = (Platform.WINDOWS, Platform.IOS, Platform.ANDROID_WORK_PROFILE)
WHO = [
    {"group": "All Staff", "filter": "Corporate", "filter_type": "include"},
    {"group": "Contractors", "exclude": True},
]
TARGETS = (
    {
        "@odata.type": "#microsoft.graph.groupAssignmentTarget",
        "groupId": group("All Staff"),
        "deviceAndAppManagementAssignmentFilterId": guid(FILTERS["Corporate"], 2),
        "deviceAndAppManagementAssignmentFilterType": "include",
    },
    {
        "@odata.type": "#microsoft.graph.exclusionGroupAssignmentTarget",
        "groupId": group("Contractors"),
    },
)


def declarations():
    for platform in PLATFORMS:
        yield declare(
            ProfileKind.TRUSTED_ROOT,
            full(ProfileKind.TRUSTED_ROOT, platform, assignments=WHO, scope_tags=["Zurich"]),
        )
    for number in range(COUNT):
        platform = PLATFORMS[number % len(PLATFORMS)]
        data = full(ProfileKind.SCEP, platform, name=f"Staff {number}", assignments=WHO)
        yield declare(ProfileKind.SCEP, data)


def profiles_of(declared):
    for item in declared:
        yield {
            **create_wire(item),
            "id": stable_id("budget", f"{item.platform}/{item.name}"),
            "roleScopeTagIds": ["2"] if item.kind is ProfileKind.TRUSTED_ROOT else ["0"],
        }


@pytest.mark.parametrize("page_size", [1000, 100])
def test_a_converged_check_of_500_profiles_stays_within_its_budget(tenant_with, page_size):
    declared = list(declarations())
    wires = list(profiles_of(declared))
    roots = {d.platform: w["id"] for d, w in zip(declared, wires, strict=True) if d.name == "Root"}
    tenant = tenant_with(
        wires,
        root_links={
            w["id"]: roots[d.platform]
            for d, w in zip(declared, wires, strict=True)
            if d.kind is ProfileKind.SCEP
        },
        assignments={w["id"]: TARGETS for w in wires},
    )
    tenant.simulated.control("PUT", "settings", {"page_size": page_size})

    plan = tenant.plan(declared)
    assert plan.is_empty, [a.to_dict() for a in plan.actions if a.action != "none"][:2]
    pages = -(-len(wires) // page_size)
    assert len(tenant.simulated.sent()) <= pages + COUNT // 20 + 4
    assert tenant.writes() == []


def test_nothing_is_asked_for_that_no_declaration_names(tenant):
    only_a_description = declare(
        ProfileKind.TRUSTED_ROOT,
        {"name": "Root", "platform": "ios", "certificate": ROOT_PEM},
    )
    tenant.applied([only_a_description])
    assert tenant.plan([only_a_description]).is_empty
    assert len(tenant.simulated.sent()) == 1


def test_three_hundred_groups_are_found_in_one_request(tenant):
    names = [f"Nobody {number}" for number in range(298)] + ["All Staff", "O'Brien & sons+1"]
    found = tenant.simulated.run(lambda graph: read_groups(graph, names=names))
    assert found == ((group("All Staff"), "All Staff"),)
    assert len(tenant.simulated.sent()) == 1
