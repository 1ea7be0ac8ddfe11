"""One reading of an assignment's target, whoever asks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intune_scep.profiles.targets import (
    Target,
    TargetKind,
    group_ids,
    intent_of,
    is_removal,
    same_assignments,
    uses_filter,
)

PREFIX = "#microsoft.graph."
GROUP = {"@odata.type": f"{PREFIX}groupAssignmentTarget", "groupId": "AB-1"}


def assignment(target, **more):
    return {"id": "x", "source": "direct", "target": target, **more}


def filtered(kind, identifier="F-1"):
    return {
        **GROUP,
        "deviceAndAppManagementAssignmentFilterId": identifier,
        "deviceAndAppManagementAssignmentFilterType": kind,
    }


KINDS = st.sampled_from([kind for kind in TargetKind if kind is not TargetKind.OTHER])


@given(
    kind=KINDS,
    group=st.sampled_from(["", "Ab-1"]),
    collection=st.sampled_from(["", "SMS00001"]),
    chosen=st.sampled_from([("", ""), ("F-1", "include"), ("F-1", "exclude")]),
)
def test_what_is_written_is_what_was_read(kind, group, collection, chosen):
    target = Target(kind, group, collection, *chosen)
    assert Target.of(target.to_wire()) == target


def test_an_id_beside_no_filter_means_nothing():
    for kind in ("none", None):
        assert Target.of(filtered(kind)) == Target.of(GROUP)
        assert not uses_filter([assignment(filtered(kind))])
    assert Target.of(filtered("include")).filter_id == "F-1"
    assert uses_filter([assignment(filtered("include"))])


def test_letter_case_order_ids_and_sources_mean_nothing():
    shouted = {"@odata.type": GROUP["@odata.type"].upper(), "groupId": "ab-1"}
    everyone = {"@odata.type": f"{PREFIX}allLicensedUsersAssignmentTarget"}
    one = [assignment(GROUP), assignment(everyone)]
    assert same_assignments(one, [{"target": everyone}, {"target": shouted}])


@pytest.mark.parametrize(
    "other",
    [
        [],
        [assignment(filtered("include"))],
        [assignment(GROUP, intent="remove")],
        [assignment({**GROUP, "@odata.type": f"{PREFIX}exclusionGroupAssignmentTarget"})],
        [assignment({**GROUP, "groupId": "AB-2"})],
        [assignment({"@odata.type": f"{PREFIX}somethingNewAssignmentTarget"})],
    ],
)
def test_what_means_something_is_not_the_same(other):
    assert not same_assignments([assignment(GROUP)], other)


def test_targets_of_unknown_types_are_told_apart_by_their_type():
    one, other = ({"@odata.type": f"{PREFIX}{name}"} for name in ("oneNew", "otherNew"))
    assert not same_assignments([assignment(one)], [assignment(other)])


def test_groups_are_named_once_and_in_order():
    second = {**GROUP, "groupId": "CD-2"}
    assert group_ids([assignment(GROUP), assignment(second), assignment(GROUP)]) == ["AB-1", "CD-2"]


def test_an_intent_that_nobody_knows_is_an_intent_of_its_own():
    assert not same_assignments([assignment(GROUP)], [assignment(GROUP, intent="somethingNew")])


@pytest.mark.parametrize("said", [{}, {"intent": None}, {"intent": "apply"}, {"intent": "Apply"}])
def test_no_intent_and_null_mean_apply(said):
    item = assignment(GROUP, **said)
    assert intent_of(item) == "apply"
    assert not is_removal(item)
    assert same_assignments([item], [assignment(GROUP)])


def test_another_intent_stays_as_it_is():
    assert intent_of(assignment(GROUP, intent="Remove")) == "remove"
    assert intent_of(assignment(GROUP, intent="somethingNew")) == "somethingNew"
