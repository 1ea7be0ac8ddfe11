"""Every creatable type: created, converged, changed property by property, deleted."""

import pytest

from intune_scep.declarations import OPTIONS, options_of
from intune_scep.profiles import ProfileKind, profile_type_for

from .declared import (
    CHANGED,
    ERRORS_AS_WARNINGS,
    TYPE_IDS,
    TYPES,
    declare,
    full,
    group,
    root,
)

ITEM = "/beta/deviceManagement/deviceConfigurations/"


def with_root(kind, platform, **changes):
    """The declaration, with the root it needs before it."""
    data = full(kind, platform, **changes)
    own = declare(kind, data)
    return [own] if kind is ProfileKind.TRUSTED_ROOT else [root(platform), own]


def body(write):
    return {name: value for name, value in write["body"].items() if name != "@odata.type"}


@pytest.mark.parametrize(("kind", "platform"), TYPES, ids=TYPE_IDS)
def test_create_then_nothing_to_do_then_delete(tenant, kind, platform):
    declarations = with_root(kind, platform)
    report = tenant.apply(declarations)
    assert not report.failed, report.msg
    assert [o.action.action for o in report.outcomes] == ["create"] * len(declarations)
    own = declarations[-1]
    made = tenant.profile(own.name)
    assert made["@odata.type"] == profile_type_for(kind, platform).odata_type
    assert made["version"] == 1
    tenant.forget()

    plan = tenant.plan(declarations)
    assert plan.is_empty
    assert tenant.writes() == []

    absent = [
        declare(item.kind, {"name": item.name, "platform": platform.value, "state": "absent"})
        for item in declarations
    ]
    report = tenant.apply(absent)
    assert not report.failed, report.msg
    assert tenant.names() == []
    assert [w["method"] for w in tenant.writes()] == ["DELETE"] * len(declarations)
    assert tenant.plan(absent).is_empty


def single_changes():
    for kind, platform in TYPES:
        for option in options_of(kind):
            if option.name in CHANGED and platform in option.platforms(kind):
                yield pytest.param(kind, platform, option.name, id=f"{platform}-{option.name}")


@pytest.mark.parametrize(("kind", "platform", "option"), list(single_changes()))
def test_each_property_alone_is_seen_in_the_diff_and_in_the_request(tenant, kind, platform, option):
    declarations = with_root(kind, platform)
    tenant.applied(declarations)
    value, properties = CHANGED[option]
    changes = {option: value}
    if option == "name":
        changes["id"] = tenant.profile(declarations[-1].name)["id"]
    changed = [*declarations[:-1], declare(kind, full(kind, platform, **changes))]

    # One property alone can contradict the others, such as device certificates with user names.
    plan = tenant.plan(changed, rules=ERRORS_AS_WARNINGS)
    action = plan.actions[-1]
    assert action.action == "update"
    [difference] = action.diff
    assert difference.property == option
    assert difference.before != difference.after
    if option not in {"certificate", "applicability_rule_os_edition"}:
        assert difference.after == value or sorted(difference.after) == sorted(value)
    assert tenant.writes() == []

    report = tenant.apply(changed, rules=ERRORS_AS_WARNINGS)
    assert not report.failed, report.msg
    [write] = tenant.writes()
    assert (write["method"], body(write)) == ("PATCH", properties)
    assert tenant.plan(changed).is_empty


@pytest.mark.parametrize(("kind", "platform"), TYPES, ids=TYPE_IDS)
def test_assignments_alone_change_with_one_request(tenant, kind, platform):
    declarations = with_root(kind, platform)
    tenant.applied(declarations)
    wanted = [{"group": "Pilot", "filter": "Corporate", "filter_type": "include"}]
    changed = [*declarations[:-1], declare(kind, full(kind, platform, assignments=wanted))]
    action = tenant.plan(changed).actions[-1]
    [difference] = action.diff
    assert difference.property == "assignments"
    assert difference.after == wanted
    assert difference.before == [{"group": "All Staff"}, {"group": "Contractors", "exclude": True}]

    report = tenant.apply(changed)
    assert not report.failed, report.msg
    [write] = tenant.writes()
    assert (write["method"], write["path"].rpartition("/")[2]) == ("POST", "assign")
    [assignment] = write["body"]["assignments"]
    assert assignment["target"]["groupId"] == group("Pilot")
    assert assignment["target"]["deviceAndAppManagementAssignmentFilterType"] == "include"
    assert tenant.plan(changed).is_empty


def test_every_option_has_a_changed_value_here():
    """A new option cannot be forgotten: it is changed above, or named here with its reason."""
    tested_elsewhere = {
        "id": "identity",
        "platform": "cannot be changed",
        "state": "delete",
        "replace": "replacing",
        "certificate_path": "the same property as certificate",
        "allow_expired": "no property",
        "deployment_channel": "cannot be changed in place",
        "root_profile": "root links",
        "assignments": "above",
    }
    assert set(OPTIONS) == set(CHANGED) | set(tested_elsewhere)
