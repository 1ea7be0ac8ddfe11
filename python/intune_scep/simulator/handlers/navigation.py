"""Cast segments: root certificates and every other reference, read and written by `$ref`."""

from collections.abc import Mapping

from intune_scep.simulator.bodies import read_object
from intune_scep.simulator.certificates import is_reported, issues_certificates, states_of
from intune_scep.simulator.context import Context
from intune_scep.simulator.fleet.plan import note_edit
from intune_scep.simulator.graph_errors import bad_request, not_found
from intune_scep.simulator.handlers.profiles import (
    DEVICE_CONFIGURATIONS,
    check_expand,
    expansions,
    require_profile,
)
from intune_scep.simulator.links import (
    add_link,
    clear_links,
    linked_ids,
    read_reference,
    remove_link,
    set_link,
)
from intune_scep.simulator.messages import Response, dump_json, raw_json_response
from intune_scep.simulator.odata.options import read_options
from intune_scep.simulator.odata.paging import render_collection, slice_of
from intune_scep.simulator.odata.selection import lead, splice
from intune_scep.simulator.reissue import settle_certificates
from intune_scep.simulator.resources import PROFILES, Resource, find_resource
from intune_scep.simulator.schema import Navigation

_STATES = "managedDeviceCertificateStates"
_OWN = frozenset({"assignments", _STATES})


def get_navigation(context: Context, parameters: Mapping[str, str]) -> Response:
    """GET through the cast segment: the entity, or the collection, a reference leads to."""
    resource, name, navigation = _navigation(context, parameters)
    if name == _STATES:
        return _certificate_states(context, resource)
    targets = [
        target
        for target_id in linked_ids(context.connection, resource.id, name)
        if (target := find_resource(context.connection, PROFILES, target_id))
    ]
    if navigation.collection:
        options = read_options(context.request.query, ("$top", "$skiptoken"))
        items, token = slice_of(context, options, [target.text for target in targets])
        return render_collection(
            context, options, DEVICE_CONFIGURATIONS.fragment, items, token=token
        )
    if not targets:
        raise not_found(f"'{name}' of '{resource.id}'")
    options = read_options(context.request.query, ("$expand",))
    check_expand(options)
    target = targets[0]
    extra = expansions(context, DEVICE_CONFIGURATIONS, options, [target]).get(target.id, {})
    head = {
        "@odata.context": f"{context.base_url}/$metadata#{DEVICE_CONFIGURATIONS.fragment}/$entity"
    }
    return raw_json_response(200, lead(splice(target.text, extra), head))


def put_reference(context: Context, parameters: Mapping[str, str]) -> Response:
    """PUT $ref: let a single reference lead elsewhere."""
    resource, name, navigation = _reference(context, parameters)
    if navigation.collection:
        raise no_route(context)
    target = read_reference(context, read_object(context.request).get("@odata.id"), navigation)
    set_link(context.connection, resource.id, name, target.id)
    _note_edit(context, resource)
    return Response(204)


def post_reference(context: Context, parameters: Mapping[str, str]) -> Response:
    """POST $ref: let a collection also lead to a profile."""
    resource, name, navigation = _reference(context, parameters)
    if not navigation.collection:
        raise no_route(context)
    target = read_reference(context, read_object(context.request).get("@odata.id"), navigation)
    add_link(context.connection, resource.id, name, target.id)
    _note_edit(context, resource)
    return Response(204)


def delete_reference(context: Context, parameters: Mapping[str, str]) -> Response:
    """DELETE $ref: let a single reference lead nowhere."""
    resource, name, navigation = _reference(context, parameters)
    if navigation.collection:
        raise no_route(context)
    if not clear_links(context.connection, resource.id, name):
        raise not_found(f"'{name}' of '{resource.id}'")
    _note_edit(context, resource)
    return Response(204)


def delete_collection_reference(context: Context, parameters: Mapping[str, str]) -> Response:
    """DELETE <id>/$ref: let a collection no longer lead to a profile."""
    resource, name, navigation = _reference(context, parameters)
    if not navigation.collection:
        raise no_route(context)
    if not remove_link(context.connection, resource.id, name, parameters["target"].lower()):
        raise not_found(f"'{parameters['target']}' among '{name}' of '{resource.id}'")
    _note_edit(context, resource)
    return Response(204)


def _note_edit(context: Context, resource: Resource) -> None:
    """With check-in cycles another reference is another profile, which devices take anew."""
    if context.settings.check_in_seconds:
        note_edit(context.connection, resource.id)


def refuse_uncast(context: Context, parameters: Mapping[str, str]) -> Response:
    """A navigation property of a derived type, reached without its cast segment."""
    require_profile(context, DEVICE_CONFIGURATIONS, parameters)
    raise bad_request(f"Resource not found for the segment '{parameters['navigation']}'.")


def no_route(context: Context) -> Exception:
    """400: the path exists, the verb does not."""
    template = "~/singleton/navigation/key/cast/navigation/$ref"
    return bad_request(
        f"No OData route exists that match template {template} with http verb"
        f" {context.request.method} for request {context.request.path}."
    )


def _navigation(
    context: Context, parameters: Mapping[str, str]
) -> tuple[Resource, str, Navigation]:
    resource = require_profile(context, DEVICE_CONFIGURATIONS, parameters)
    name = parameters["navigation"]
    navigation = resource.type.navigation.get(name)
    if navigation is None:
        raise bad_request(f"Resource not found for the segment '{name}'.")
    return resource, name, navigation


def _reference(context: Context, parameters: Mapping[str, str]) -> tuple[Resource, str, Navigation]:
    resource, name, navigation = _navigation(context, parameters)
    if name in _OWN:
        raise no_route(context)
    return resource, name, navigation


def _certificate_states(context: Context, resource: Resource) -> Response:
    options = read_options(context.request.query, ("$top", "$skiptoken"))
    settle_certificates(context)
    states = []
    if issues_certificates(resource.type) and is_reported(resource.type):
        states = [dump_json(state) for _, state in states_of(context.connection, resource.id)]
    items, token = slice_of(context, options, states)
    fragment = f"deviceManagement/deviceConfigurations('{resource.id}')/{_STATES}"
    return render_collection(context, options, fragment, items, token=token)
