"""What other tools get wrong, each as a test that it is right here."""

import json

import httpx
import pytest

from intune_scep.desired_state import apply_plan
from intune_scep.profiles import Platform, ProfileKind

from .declared import ERRORS_AS_WARNINGS, FILTERS, declare, full, group, guid, root, scep

SID = {"type": "uri", "value": "{{OnPremisesSecurityIdentifier}}"}


def edit_in_the_portal(tenant, name, **properties):
    profile = tenant.profile(name)
    body = {"@odata.type": profile["@odata.type"], **properties}

    async def patch(graph):
        path = f"deviceManagement/deviceConfigurations/{profile['id']}"
        await graph.session.write("PATCH", path, body)

    tenant.simulated.run(patch)
    tenant.forget()


class LosesBinds(httpx.AsyncBaseTransport):
    """A Graph that accepts a bind and forgets it, as it does for some types (GRAPH.md 3.4)."""

    def __init__(self, inner):
        self._inner = inner

    async def handle_async_request(self, request):
        if request.method == "POST" and request.url.path.endswith("deviceConfigurations"):
            body = json.loads(await request.aread())
            body.pop("rootCertificate@odata.bind", None)
            headers = {k: v for k, v in request.headers.items() if k != "content-length"}
            request = httpx.Request("POST", request.url, headers=headers, json=body)
        return await self._inner.handle_async_request(request)


def kinds(tenant):
    """Method and last segment of every write, in order."""
    return [(w["method"], w["path"].rpartition("/")[2]) for w in tenant.writes()]


def test_root_link_lost_on_restore(tenant):
    """IntuneCD restores SCEP profiles without their root."""
    tenant.applied([root(), scep()])
    made = tenant.profile("Staff")

    async def read_root(graph):
        return await graph.session.read(
            f"deviceManagement/deviceConfigurations/{made['id']}"
            "/microsoft.graph.iosScepCertificateProfile/rootCertificate"
        )

    assert tenant.simulated.run(read_root)["id"] == tenant.profile("Root")["id"]


def test_removed_assignment_never_applied(tenant):
    """IntuneCD applies additions only."""
    tenant.applied([root(), scep()])
    fewer = scep(assignments=[{"group": "All Staff"}])
    report = tenant.apply([root(), fewer])
    assert not report.failed
    [write] = tenant.writes()
    assert [a["target"]["groupId"] for a in write["body"]["assignments"]] == [group("All Staff")]
    assert tenant.plan([root(), fewer]).is_empty


def test_removing_every_assignment_is_applied(tenant):
    tenant.applied([root(), scep()])
    assert not tenant.apply([root(), scep(assignments=[])]).failed
    [write] = tenant.writes()
    assert write["body"] == {"assignments": []}


def test_removing_all_users_leaves_all_devices(tenant):
    """Intune-Toolkit#65."""
    both = scep(assignments=[{"all_users": True}, {"all_devices": True}])
    tenant.applied([root(), both])
    assert not tenant.apply([root(), scep(assignments=[{"all_devices": True}])]).failed
    [write] = tenant.writes()
    [left] = write["body"]["assignments"]
    assert left["target"]["@odata.type"] == "#microsoft.graph.allDevicesAssignmentTarget"


def test_a_filter_that_excludes_is_not_one_that_includes(tenant):
    item = {"all_devices": True, "filter": "Corporate", "filter_type": "include"}
    tenant.applied([root(assignments=[item])])
    [action] = tenant.plan([root(assignments=[{**item, "filter_type": "exclude"}])]).actions
    assert [d.property for d in action.diff] == ["assignments"]
    [action] = tenant.plan([root(assignments=[{**item, "filter": "Personal"}])]).actions
    assert [d.property for d in action.diff] == ["assignments"]


def test_a_subject_given_to_a_profile_with_a_fixed_format_takes_effect(tenant):
    """The fixed formats ignore the text: it needs the format `custom` besides."""
    tenant.applied([root(), scep(subject_name_format_type="common_name")])
    assert not tenant.apply([scep(subject_name_format_type=...)]).failed
    [write] = tenant.writes()
    assert write["body"]["subjectNameFormat"] == "custom"


@pytest.mark.parametrize("added", ["description", "subject_alternative_names", "root_profile"])
def test_added_key_not_seen(tenant, added):
    """IntuneCD's comparison does not see an added key, the root link above all."""
    bare = {"description": ..., "subject_alternative_names": ..., "root_profile": None}
    # A profile without a root is what the test starts from; the rules would refuse to make it.
    tenant.applied([root(), scep(**{added: bare[added]})], rules=ERRORS_AS_WARNINGS)
    plan = tenant.plan([root(), scep()])
    [difference] = plan.actions[1].diff
    assert difference.property == added
    assert not difference.before
    assert not tenant.apply([root(), scep()]).failed
    assert tenant.plan([root(), scep()]).is_empty


def test_one_file_for_two_profiles(tenant_with):
    """IntuneCD keeps one of two profiles of one name; here it is an error with both ids."""
    wire = {"@odata.type": "#microsoft.graph.iosScepCertificateProfile", "displayName": "Staff"}
    tenant = tenant_with([{**wire, "id": guid(1)}, {**wire, "id": guid(2)}])
    [action] = tenant.plan([scep(root_profile=None)]).actions
    assert action.action == "refused"
    assert guid(1) in action.message
    assert guid(2) in action.message
    report = tenant.apply([scep(root_profile=None)])
    assert report.failed
    assert tenant.writes() == []


def test_two_profiles_of_one_name_are_told_apart_by_id(tenant_with):
    wire = {"@odata.type": "#microsoft.graph.iosScepCertificateProfile", "displayName": "Staff"}
    tenant = tenant_with([{**wire, "id": guid(1)}, {**wire, "id": guid(2)}])
    data = {"name": "Staff", "platform": "ios"}
    both = [declare(ProfileKind.SCEP, {**data, "id": guid(n)}) for n in (1, 2)]
    assert tenant.plan(both).is_empty
    one = declare(ProfileKind.SCEP, {**data, "id": guid(2), "description": "the second"})
    assert not tenant.apply([both[0], one]).failed
    [write] = tenant.writes()
    assert write["path"].endswith(guid(2))


def test_whole_object_patch_reverting_a_portal_edit(tenant):
    """IntuneCD writes every field back and reverts what somebody changed meanwhile."""
    tenant.applied([root(), scep(subject_alternative_names=...)])
    edit_in_the_portal(tenant, "Staff", keySize="size4096")
    managed = {"key_size": ..., "subject_alternative_names": [SID]}
    report = tenant.apply([root(), scep(**managed)])
    assert not report.failed
    [write] = tenant.writes()
    assert set(write["body"]) == {"@odata.type", "customSubjectAlternativeNames"}
    assert tenant.profile("Staff")["keySize"] == "size4096"


def test_an_edit_between_plan_and_apply_is_a_conflict_and_stays(tenant):
    tenant.applied([root(), scep(), scep(name="Other")])
    wanted = [root(), scep(renewal_threshold=40), scep(name="Other", renewal_threshold=40)]
    plan = tenant.plan(wanted)
    edit_in_the_portal(tenant, "Staff", keySize="size4096")
    report = tenant.simulated.run(lambda graph: apply_plan(graph, plan))
    assert [o.status for o in report.outcomes] == ["unchanged", "conflict", "applied"]
    assert report.failed
    assert tenant.profile("Staff")["renewalThresholdPercentage"] == 20


def test_unbound_profile_already_assigned(tenant):
    """A profile whose bind was dropped is linked first, seen to be linked, and then assigned."""
    tenant.simulated.door.transport = LosesBinds(tenant.simulated.door.transport)
    # The root is not assigned, so that every assignment is the profile's; the rules want it to be.
    report = tenant.apply([root(assignments=[]), scep()], rules=ERRORS_AS_WARNINGS)
    assert not report.failed, report.msg
    last = [kind for kind in kinds(tenant) if kind != ("POST", "deviceConfigurations")]
    assert last == [("PUT", "$ref"), ("POST", "assign")]


def test_unbound_profile_is_never_assigned(tenant):
    tenant.simulated.door.transport = LosesBinds(tenant.simulated.door.transport)
    tenant.fault({"match": {"method": "PUT", "path": r"\$ref$"}, "effect": 400})
    report = tenant.apply([root(assignments=[]), scep()], rules=ERRORS_AS_WARNINGS)
    failed = report.outcomes[1]
    assert failed.status == "failed"
    assert failed.id == tenant.profile("Staff")["id"]
    assert report.changed
    assert ("POST", "assign") not in kinds(tenant)


@pytest.mark.parametrize("what", ["group", "filter"])
def test_missing_group_skipped(tenant, what):
    """IntuneCD skips a group it does not find and reports no change."""
    item = {"group": "All Staff", "filter": "Corporate", "filter_type": "include"}
    missing = scep(name="Missing", assignments=[{**item, what: "Nobody"}])
    report = tenant.apply([root(), scep(), missing])
    assert [o.status for o in report.outcomes] == ["held_back", "held_back", "failed"]
    assert "'Nobody'" in report.outcomes[2].message
    if what == "filter":
        assert f"'Corporate' ({guid(FILTERS['Corporate'], 2)})" in report.outcomes[2].message
    assert tenant.writes() == []


def test_first_of_two_groups_wins(tenant):
    """IntuneCD takes the first of two groups of one name."""
    report = tenant.apply([root(assignments=[{"group": "Twins"}])])
    assert report.failed
    assert group("Twins") in report.msg
    assert guid(44, 1) in report.msg
    assert tenant.writes() == []
    by_id = root(assignments=[{"group": guid(44, 1)}])
    assert not tenant.apply([by_id]).failed
    assert tenant.plan([by_id]).is_empty


def test_no_false_drift(tenant):
    """Order of flags, URLs and assignments, letter case of variables: no difference."""
    tenant.applied([root(), scep()])
    data = full(ProfileKind.SCEP, Platform.IOS)
    same = scep(
        key_usage=list(reversed(data["key_usage"])),
        subject_name_format="CN={{username}},E={{EMAILADDRESS}}",
        assignments=list(reversed(data["assignments"])),
    )
    assert tenant.plan([root(), same]).is_empty


def test_a_label_of_a_key_usage_is_not_worth_a_revocation(tenant):
    own = [{"name": "Client auth", "object_identifier": "1.3.6.1.5.5.7.3.2"}]
    tenant.applied([root(), scep(extended_key_usages=own)])
    assert tenant.plan([root(), scep()]).is_empty


def test_clearing_what_is_clear_is_no_change(tenant):
    tenant.applied([root(), scep(legacy_subject_alternative_names=..., description=...)])
    clear = scep(legacy_subject_alternative_names=[], description=None)
    assert tenant.plan([root(), clear]).is_empty


def test_one_failure_does_not_stop_the_others_and_is_not_green(tenant):
    tenant.fault(
        {"match": {"method": "POST", "path": "deviceConfigurations$", "nth": [2]}, "effect": 400}
    )
    report = tenant.apply([root(), scep(name="A"), scep(name="B"), scep(name="C")])
    assert [o.status for o in report.outcomes] == ["applied", "failed", "applied", "applied"]
    assert report.failed
    assert report.changed
    assert "1 failed" in report.msg
