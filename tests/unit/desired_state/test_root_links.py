"""The link from a SCEP profile to its trusted root: found loudly, bound, moved, never lost."""

import pytest

from intune_scep.declarations.names import thumbprints
from intune_scep.profiles import Platform

from .declared import ERRORS_AS_WARNINGS, OTHER_PEM, ROOT_DER, guid, root, scep

SHA1, SHA256 = thumbprints(ROOT_DER)


def colons(text):
    return ":".join(text[i : i + 2] for i in range(0, len(text), 2)).lower()


@pytest.mark.parametrize(
    "reference",
    [
        {"name": "Root"},
        {"thumbprint": SHA1},
        {"thumbprint": SHA256},
        {"thumbprint": colons(SHA1)},
        {"thumbprint": colons(SHA256)},
    ],
    ids=["name", "sha1", "sha256", "sha1-colons", "sha256-colons"],
)
@pytest.mark.parametrize("when", ["same run", "before"])
def test_a_root_is_found_whether_it_is_there_or_made_in_the_same_run(tenant, reference, when):
    if when == "before":
        tenant.applied([root()])
        declarations = [scep(root_profile=reference)]
    else:
        declarations = [scep(root_profile=reference), root()]
    report = tenant.apply(declarations)
    assert not report.failed, report.msg
    root_id = tenant.profile("Root")["id"]
    creates = [w for w in tenant.writes() if w["path"].endswith("deviceConfigurations")]
    bind = creates[-1]["body"]["rootCertificate@odata.bind"]
    assert bind.endswith(f"/deviceManagement/deviceConfigurations('{root_id}')")
    assert tenant.plan(declarations).is_empty


def test_a_root_is_found_by_id(tenant):
    tenant.applied([root()])
    by_id = scep(root_profile={"id": tenant.profile("Root")["id"]})
    assert not tenant.apply([by_id]).failed
    assert tenant.plan([by_id]).is_empty


def test_a_root_of_the_wrong_platform_is_refused_before_any_write(tenant):
    tenant.applied([root(Platform.MACOS, name="Mac root")])
    report = tenant.apply([root(), scep(root_profile={"name": "Mac root"})])
    assert report.failed
    message = report.outcomes[1].message
    assert "not for ios" in message
    assert "of macos" in message
    assert tenant.writes() == []


def test_a_missing_root_lists_the_candidates_with_ids(tenant):
    tenant.applied([root()])
    report = tenant.apply([scep(root_profile={"name": "Rot"})])
    assert f"'Root' ({tenant.profile('Root')['id']})" in report.msg


def test_two_roots_of_one_certificate_are_an_error_by_thumbprint(tenant):
    tenant.applied([root(), root(name="Twin")])
    report = tenant.apply([scep(root_profile={"thumbprint": SHA1})])
    assert report.failed
    for name in ("Root", "Twin"):
        assert tenant.profile(name)["id"] in report.msg
    assert tenant.names() == ["Root", "Twin"]


def moved(tenant):
    tenant.applied([root(), root(name="Next", certificate=OTHER_PEM), scep()])
    return [scep(root_profile={"name": "Next"})]


def test_moving_to_another_root_is_one_put_and_shows_in_the_diff(tenant):
    declarations = moved(tenant)
    [action] = tenant.plan(declarations).actions
    [difference] = action.diff
    assert difference.property == "root_profile"
    assert difference.before["name"] == "Root"
    assert difference.after["name"] == "Next"
    assert action.details["reissues"] == "yes"
    report = tenant.apply(declarations)
    assert not report.failed, report.msg
    [write] = tenant.writes()
    assert write["method"] == "PUT"
    assert write["path"].endswith("microsoft.graph.iosScepCertificateProfile/rootCertificate/$ref")
    assert tenant.profile("Next")["id"] in write["body"]["@odata.id"]
    assert tenant.plan(declarations).is_empty


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("effect", [500, 502, 503, 504, "close", "slow"])
def test_a_link_is_moved_although_the_answer_was_lost(tenant, when, effect):
    """DSC#5650: 500 on a $ref that took effect."""
    declarations = moved(tenant)
    told = {"retry_after": 1} if isinstance(effect, int) else {}
    tenant.fault({"match": {"method": "PUT", "nth": [1]}, "when": when, "effect": effect, **told})
    report = tenant.apply(declarations)
    assert not report.failed, report.msg
    assert sum(w["committed"] for w in tenant.writes()) == 1
    tenant.fault()
    assert tenant.plan(declarations).is_empty


def test_a_link_moved_in_the_portal_is_drift(tenant):
    declarations = moved(tenant)
    tenant.applied(declarations)
    plan = tenant.plan([scep()])
    assert [d.property for d in plan.actions[0].diff] == ["root_profile"]


def test_null_takes_the_link_away(tenant):
    tenant.applied([root(), scep()])
    # The rules refuse a change that takes the root away, unless they are told otherwise.
    report = tenant.apply([scep(root_profile=None)], rules=ERRORS_AS_WARNINGS)
    assert not report.failed, report.msg
    [write] = tenant.writes()
    assert (write["method"], write["path"].rpartition("/")[2]) == ("DELETE", "$ref")
    assert tenant.plan([scep(root_profile=None)]).is_empty


def test_a_link_that_is_not_declared_is_left_alone(tenant):
    tenant.applied([root(), scep()])
    assert tenant.plan([scep(root_profile=...)]).is_empty


def test_a_root_that_is_used_is_not_deleted(tenant):
    tenant.applied([root(), scep()])
    absent = root(state="absent")
    report = tenant.apply([absent])
    assert report.failed
    assert tenant.profile("Staff")["id"] in report.msg
    assert tenant.names() == ["Root", "Staff"]


def test_a_root_goes_after_its_users_have_gone_or_moved(tenant):
    tenant.applied([root(), root(name="Next", certificate=OTHER_PEM), scep(), scep(name="Old")])
    report = tenant.apply(
        [
            root(state="absent"),
            scep(root_profile={"name": "Next"}),
            scep(name="Old", state="absent"),
        ]
    )
    assert not report.failed, report.msg
    assert [w["method"] for w in tenant.writes()] == ["PUT", "DELETE", "DELETE"]
    assert tenant.names() == ["Next", "Staff"]


def test_a_root_stays_when_its_user_could_not_be_moved(tenant):
    tenant.applied([root(), root(name="Next", certificate=OTHER_PEM), scep()])
    tenant.fault({"match": {"method": "PUT"}, "effect": 400})
    report = tenant.apply([root(state="absent"), scep(root_profile={"name": "Next"})])
    assert [o.status for o in report.outcomes] == ["held_back", "failed"]
    assert tenant.names() == ["Next", "Root", "Staff"]


def test_profiles_of_a_root_that_failed_are_not_made(tenant):
    tenant.fault(
        {"match": {"method": "POST", "path": "deviceConfigurations$", "nth": [1]}, "effect": 400}
    )
    declarations = [root(), scep(), scep(Platform.WINDOWS, root_profile=None)]
    # The profile that goes on has no root that could fail, which the rules would refuse.
    report = tenant.apply(declarations, rules=ERRORS_AS_WARNINGS)
    assert [o.status for o in report.outcomes] == ["failed", "held_back", "applied"]
    assert "'Root'" in report.outcomes[1].message


def test_profiles_of_a_root_that_could_not_be_assigned_are_not_made(tenant):
    tenant.fault({"match": {"method": "POST", "path": "/assign$", "nth": [1]}, "effect": 400})
    report = tenant.apply([root(), scep()])
    assert [o.status for o in report.outcomes] == ["failed", "held_back"]
    assert tenant.names() == ["Root"]


def test_a_new_profile_must_say_what_its_root_is(tenant):
    [action] = tenant.plan([scep(root_profile=...)]).actions
    assert action.action == "refused"
    assert "root_profile" in action.message


def test_the_id_of_something_else_is_no_root(tenant):
    tenant.applied([root(), scep()])
    for reference in (tenant.profile("Staff")["id"], guid(99)):
        report = tenant.apply([scep(name="New", root_profile={"id": reference})])
        assert report.failed
        assert "no trusted root profile of ios" in report.msg
