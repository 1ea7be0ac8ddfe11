"""What cannot be changed in place: refused naming the ways out, or replaced completely."""

import pytest

from intune_scep.profiles import Platform

from .declared import ERRORS_AS_WARNINGS, group, root, scep

MAC = Platform.MACOS


def mac(**changes):
    return [root(MAC), scep(MAC, **changes)]


def test_another_deployment_channel_is_refused_naming_the_ways_out(tenant):
    tenant.applied(mac())
    report = tenant.apply([scep(MAC, deployment_channel="user")])
    assert report.failed
    message = report.outcomes[0].message
    assert message.startswith("deployment_channel cannot be changed")
    assert "replace: true" in message
    assert "new profile under another name" in message
    assert tenant.writes() == []


def test_another_platform_is_refused(tenant):
    tenant.applied(mac())
    report = tenant.apply([scep(Platform.IOS, id=tenant.profile("Staff")["id"])])
    assert report.failed
    assert "macos" in report.msg
    assert "replace: true" in report.msg


def test_replace_makes_the_new_one_whole_before_the_old_one_goes(tenant):
    tenant.applied(mac())
    old = tenant.profile("Staff")
    changed = scep(
        MAC,
        deployment_channel="user",
        replace=True,
        root_profile=...,
        assignments=...,
        key_size=...,
    )
    [action] = tenant.plan([changed]).actions
    assert action.action == "replace"
    assert action.details["reissues"] == "yes"
    assert [d.property for d in action.diff] == ["deployment_channel"]
    assert "revoked" in " ".join(action.details["notes"])

    report = tenant.apply([changed])
    assert not report.failed, report.msg
    assert [w["method"] for w in tenant.writes()] == ["POST", "POST", "DELETE"]
    create, assign, delete = tenant.writes()
    assert tenant.profile("Root")["id"] in create["body"]["rootCertificate@odata.bind"]
    assert create["body"]["keySize"] == "size2048"
    assert {a["target"]["groupId"] for a in assign["body"]["assignments"]} == {
        group("All Staff"),
        group("Contractors"),
    }
    assert delete["path"].endswith(old["id"])
    new = tenant.profile("Staff")
    assert new["id"] != old["id"]
    assert report.outcomes[0].id == new["id"]
    same = {"id", "version", "createdDateTime", "lastModifiedDateTime", "deploymentChannel"}
    assert {k: v for k, v in new.items() if k not in same} == {
        k: v for k, v in old.items() if k not in same
    }
    assert tenant.plan([changed]).is_empty


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_new_one_is_told_from_the_old_one_when_the_answer_was_lost(tenant, when):
    tenant.applied(mac())
    create = {"method": "POST", "path": "deviceConfigurations$", "nth": [1]}
    tenant.fault({"match": create, "when": when, "effect": "close"})
    report = tenant.apply([scep(MAC, deployment_channel="user", replace=True)])
    assert not report.failed, report.msg
    assert tenant.names() == ["Root", "Staff"]


def test_replace_without_need_changes_in_place(tenant):
    tenant.applied(mac())
    tenant.apply([scep(MAC, key_size=4096, replace=True)])
    assert [w["method"] for w in tenant.writes()] == ["PATCH"]


def test_the_old_one_stays_when_the_new_one_is_not_whole(tenant):
    tenant.applied(mac())
    old = tenant.profile("Staff")["id"]
    tenant.fault({"match": {"method": "POST", "path": "/assign$"}, "effect": 400})
    report = tenant.apply([scep(MAC, deployment_channel="user", replace=True)])
    assert [o.status for o in report.outcomes] == ["failed"]
    assert old in tenant.simulated.profiles()
    assert "DELETE" not in [w["method"] for w in tenant.writes()]


def test_what_is_left_over_is_said_when_the_old_one_does_not_go(tenant):
    tenant.applied(mac())
    old = tenant.profile("Staff")["id"]
    tenant.fault({"match": {"method": "DELETE"}, "effect": 400})
    report = tenant.apply([scep(MAC, deployment_channel="user", replace=True)])
    [outcome] = report.outcomes
    assert outcome.status == "failed"
    assert old in outcome.message
    assert outcome.id in outcome.message


def test_a_profile_of_another_platform_is_replaced_by_id(tenant):
    tenant.applied([*mac(), root(Platform.IOS)])
    changed = scep(Platform.IOS, id=tenant.profile("Staff")["id"], replace=True)
    report = tenant.apply([changed])
    assert not report.failed, report.msg
    assert tenant.profile("Staff")["@odata.type"] == "#microsoft.graph.iosScepCertificateProfile"


def test_a_replaced_root_takes_its_declared_users_with_it(tenant):
    tenant.applied(mac())
    old = tenant.profile("Root")["id"]
    changed = [root(MAC, deployment_channel="user", replace=True), scep(MAC)]
    plan = tenant.plan(changed)
    assert [action.action for action in plan.actions] == ["replace", "update"]
    report = tenant.apply(changed)
    assert not report.failed, report.msg
    assert [w["method"] for w in tenant.writes()] == ["POST", "POST", "PUT", "DELETE"]
    assert old not in tenant.simulated.profiles()
    assert tenant.plan(changed).is_empty


def test_a_root_that_loses_its_channel_is_replaced_before_a_new_profile_points_at_it(tenant):
    tenant.applied([root(MAC)])
    old = tenant.profile("Root")["id"]
    changed = [root(MAC, deployment_channel=None, replace=True), scep(MAC)]
    plan = tenant.plan(changed)
    assert [action.action for action in plan.actions] == ["replace", "create"]
    report = tenant.apply(changed)
    assert not report.failed, report.msg
    new = tenant.profile("Root")
    assert new["id"] != old
    assert new.get("deploymentChannel") is None
    [link] = [
        body["rootCertificate@odata.bind"]
        for write in tenant.writes()
        if "rootCertificate@odata.bind" in (body := write["body"] or {})
    ]
    assert new["id"] in link
    assert tenant.plan(changed).is_empty


def test_a_root_with_undeclared_users_is_not_replaced(tenant):
    tenant.applied(mac())
    report = tenant.apply([root(MAC, deployment_channel="user", replace=True)])
    assert report.failed
    assert tenant.profile("Staff")["id"] in report.msg
    assert tenant.writes() == []


def test_a_certificate_type_that_graph_refuses_to_change_names_the_ways_out(tenant):
    tenant.applied(mac())
    tenant.fault({"match": {"method": "PATCH"}, "effect": 400})
    # The names stay those of a user, which the rules would refuse before Graph is asked.
    report = tenant.apply([scep(MAC, certificate_type="device")], rules=ERRORS_AS_WARNINGS)
    assert "replace: true" in report.outcomes[0].message
