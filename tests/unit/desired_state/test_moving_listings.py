"""Declared state over listings that move and assignments that come in parts."""

import pytest

from intune_scep.profiles import Platform

from .declared import root, scep

LATER_PAGE = {"method": "GET", "path": "deviceConfigurations$"}
PLATFORMS = (Platform.IOS, Platform.MACOS, Platform.WINDOWS, Platform.ANDROID_DEVICE_OWNER)
DECLARED = [declare(platform) for platform in PLATFORMS for declare in (root, scep)]


def start(tenant, **settings):
    """The declared profiles are there, and listed on pages of one."""
    tenant.applied(DECLARED)
    tenant.simulated.control("PUT", "settings", {"page_size": 1, **settings})
    return tenant


@pytest.mark.parametrize("nth", range(1, 8))
def test_a_declared_profile_that_slips_is_not_made_a_second_time(tenant, nth):
    start(tenant)
    tenant.fault({"match": {**LATER_PAGE, "nth": [nth]}, "effect": "slip"})
    plan = tenant.plan(DECLARED)
    assert plan.is_empty
    assert any("slipped between two pages" in note for note in plan.notes)


@pytest.mark.parametrize("form", ["page", "absent", "refused"])
@pytest.mark.parametrize("nth", [1, 4, 7])
def test_without_a_count_the_listing_before_a_create_finds_it(tenant, form, nth):
    start(tenant, count=form)
    before = tenant.names()
    tenant.fault({"match": {**LATER_PAGE, "nth": [nth]}, "effect": "slip"})
    report = tenant.apply(DECLARED)
    assert report.failed
    assert [item.status for item in report.outcomes].count("conflict") == 1
    assert tenant.names() == before


@pytest.mark.parametrize("stale", [False, True])
def test_a_declared_profile_that_is_listed_twice_is_one(tenant, stale):
    start(tenant)
    tenant.fault({"match": LATER_PAGE, "effect": "overlap", "stale": stale})
    assert tenant.plan(DECLARED).is_empty


THREE = [{"group": name} for name in ("All Staff", "Contractors", "Pilot")]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_assignments_in_parts_are_no_difference(tenant, size):
    tenant.applied([root(), scep(assignments=THREE)])
    tenant.fault({"effect": "split", "size": size})
    assert tenant.plan([root(), scep(assignments=THREE)]).is_empty


@pytest.mark.parametrize(
    "wanted", [THREE[:2], THREE[1:], THREE[:1], [], [*THREE, {"all_users": True}]]
)
def test_assignments_in_parts_are_replaced_whole_and_rolled_back_whole(tenant, wanted):
    tenant.applied([root(), scep(assignments=THREE)])
    tenant.fault({"effect": "split", "size": 1})
    report = tenant.apply([scep(assignments=wanted)])
    assert not report.failed, report.msg
    assert tenant.plan([root(), scep(assignments=wanted)]).is_empty
    back = tenant.apply([scep(assignments=THREE)])
    assert not back.failed, back.msg
    tenant.fault()
    assert tenant.plan([root(), scep(assignments=THREE)]).is_empty
