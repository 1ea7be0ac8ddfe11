"""`assign` and the list of assignments."""

from collections.abc import Mapping, Sequence
from typing import Any

from intune_scep.simulator.assignments import (
    Assignment,
    assignments_by_profile,
    new_assignment,
    replace_assignments,
)
from intune_scep.simulator.bodies import checked_complex, read_object
from intune_scep.simulator.context import Context
from intune_scep.simulator.fleet.audience import mixes_everybody_with_groups
from intune_scep.simulator.graph_errors import bad_request
from intune_scep.simulator.handlers.profiles import Handler, ProfileCollection, require_profile
from intune_scep.simulator.messages import Response, dump_json, json_response
from intune_scep.simulator.odata.options import read_options
from intune_scep.simulator.odata.paging import render_collection, slice_of
from intune_scep.simulator.schema import enum_type

_TARGET = "deviceAndAppManagementAssignmentTarget"
_PARAMETERS = frozenset({"assignments", "deviceConfigurationGroupAssignments"})


def assign(collection: ProfileCollection) -> Handler:
    """POST /assign: replaces the whole set; `[]` clears it (GRAPH.md 3.5)."""

    def handle(context: Context, parameters: Mapping[str, str]) -> Response:
        profile = require_profile(context, collection, parameters)
        assignments = _read_assignments(read_object(context.request), profile.id)
        targets = [each["target"] for each in assignments]
        if context.settings.refuse_mixed_targets and mixes_everybody_with_groups(targets):
            raise bad_request("All users and all devices cannot stand beside included groups.")
        replace_assignments(context.connection, profile.id, assignments)
        if not context.settings.documented_statuses:
            return Response(200)
        fragment = "Collection(microsoft.graph.deviceConfigurationAssignment)"
        return json_response(
            200,
            {
                "@odata.context": f"{context.base_url}/$metadata#{fragment}",
                "value": assignments,
            },
        )

    return handle


def list_assignments(collection: ProfileCollection) -> Handler:
    """GET the assignments of one profile."""

    def handle(context: Context, parameters: Mapping[str, str]) -> Response:
        profile = require_profile(context, collection, parameters)
        options = read_options(context.request.query, ("$top", "$skiptoken"))
        found = assignments_by_profile(context.connection, [profile.id]).get(profile.id, [])
        items, token = slice_of(context, options, [dump_json(each) for each in found])
        fragment = f"{collection.fragment}('{profile.id}')/assignments"
        return render_collection(context, options, fragment, items, token=token)

    return handle


def _read_assignments(body: Mapping[str, Any], profile: str) -> list[Assignment]:
    unknown = {name for name in body if "@" not in name} - _PARAMETERS
    if unknown or not _PARAMETERS & body.keys():
        raise bad_request("The action 'assign' takes the parameter 'assignments'.")
    assignments = [_read_assignment(each, profile) for each in _list(body, "assignments")]
    assignments += [
        _read_legacy(each, profile) for each in _list(body, "deviceConfigurationGroupAssignments")
    ]
    if len({each["id"] for each in assignments}) < len(assignments):
        raise bad_request("The same target is assigned more than once.")
    return assignments


def _list(body: Mapping[str, Any], name: str) -> Sequence[Any]:
    value = body.get(name)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise bad_request(f"The parameter '{name}' is a collection; an array is expected.")
    return value


def _read_assignment(value: Any, profile: str) -> Assignment:
    if not isinstance(value, dict) or "target" not in value:
        raise bad_request("An assignment must have a target.")
    target = checked_complex("target", value["target"], _TARGET)
    _check_target(target)
    intent = value.get("intent", "apply")
    intents = enum_type("deviceConfigAssignmentIntent")
    if intents is None or intent not in intents.members:
        raise bad_request(f"'{intent}' is not an assignment intent.")
    return new_assignment(profile, target, intent)


def _check_target(target: Mapping[str, Any]) -> None:
    if "groupId" in target and not target["groupId"]:
        raise bad_request("The target must name a group.")
    chosen = target["deviceAndAppManagementAssignmentFilterType"] != "none"
    if chosen and not target["deviceAndAppManagementAssignmentFilterId"]:
        raise bad_request("The target must name the filter it includes or excludes.")


def _read_legacy(value: Any, profile: str) -> Assignment:
    if not isinstance(value, dict) or not value.get("targetGroupId"):
        raise bad_request("A group assignment must have a targetGroupId.")
    excluded = bool(value.get("excludeGroup"))
    kind = "exclusionGroupAssignmentTarget" if excluded else "groupAssignmentTarget"
    target = {"@odata.type": f"#microsoft.graph.{kind}", "groupId": value["targetGroupId"]}
    return new_assignment(profile, checked_complex("target", target, _TARGET))
