"""Whom a copy is for: with the filter of its original, and never whom the original leaves out."""

from itertools import combinations

import pytest

from intune_scep.profiles import parse_profile
from intune_scep.profiles.targets import Target, TargetKind, targets_of
from intune_scep.rollout.assigning import everybody, given_to, why_no_filter, without

GROUP, OUT = TargetKind.GROUP, TargetKind.EXCLUDED_GROUP
RINGS = ("pilot", "first")


def to(*targets):
    return tuple({"id": str(number), "target": t.to_wire()} for number, t in enumerate(targets))


def group(name, filter_id="", filter_type=""):
    return Target(GROUP, name, filter_id=filter_id, filter_type=filter_type)


ALL = Target(TargetKind.ALL_USERS)
LEFT_OUT = Target(OUT, "contractors")
FILTERED = Target(TargetKind.ALL_USERS, filter_id="f1", filter_type="exclude")
ORIGINALS = {
    "everybody but some": (ALL, LEFT_OUT),
    "the groups of the rings, but some": (group("Pilot"), group("First"), LEFT_OUT),
    "others too": (group("Pilot"), group("others"), LEFT_OUT),
}


@pytest.mark.parametrize("original", ORIGINALS.values(), ids=ORIGINALS.keys())
def test_whom_the_original_leaves_out_the_copy_leaves_out_from_the_first_ring_to_the_last(original):
    left, copy = to(*original), ()
    for ring in RINGS:
        copy = given_to([ring], left, copy, RINGS)
        assert LEFT_OUT in targets_of(copy)
        assert targets_of(copy).count(LEFT_OUT) == 1
        left = without(left, [ring])
    end = targets_of(everybody(left, copy, RINGS))
    assert end.count(LEFT_OUT) == 1
    assert not {target.group_id.lower() for target in end if target.kind is OUT} & set(RINGS)


def test_a_ring_that_was_taken_out_of_the_original_keeps_its_copy():
    left = without(to(ALL), ["pilot"])
    copy = given_to(["first"], left, given_to(["pilot"], to(ALL), (), RINGS), RINGS)
    assert [(t.kind, t.group_id) for t in targets_of(copy)] == [(GROUP, "pilot"), (GROUP, "first")]


def test_the_filter_of_the_original_goes_with_each_group():
    copy = given_to(["pilot"], to(FILTERED, LEFT_OUT), (), RINGS)
    assert targets_of(copy) == [group("pilot", "f1", "exclude"), LEFT_OUT]


TARGETS = (ALL, FILTERED, group("a", "F1", "exclude"), group("a", "f1", "include"), LEFT_OUT)


@pytest.mark.parametrize("pair", list(combinations(TARGETS, 2)), ids=str)
def test_several_filters_are_a_matter_for_a_person(pair):
    wire = {"@odata.type": "#microsoft.graph.iosScepCertificateProfile", "displayName": "Wi-Fi"}
    profile = parse_profile({**wire, "id": "1", "assignments": list(to(*pair))})
    filters = {(t.filter_id.lower(), t.filter_type) for t in pair if t is not LEFT_OUT}
    assert bool(list(why_no_filter(profile))) is (len(filters) > 1)
