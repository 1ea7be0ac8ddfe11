"""deviceConfigurations and resourceAccessProfiles: list, create, read, change, delete."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from intune_scep.simulator.assignments import assignments_by_profile, forget_assignments
from intune_scep.simulator.bodies import checked_properties, new_entity, read_object, read_type
from intune_scep.simulator.context import Context
from intune_scep.simulator.graph_errors import bad_request, internal_error, not_found
from intune_scep.simulator.links import add_link, forget_profile, read_reference, set_link
from intune_scep.simulator.messages import Response, raw_json_response
from intune_scep.simulator.odata.filter import compile_filter
from intune_scep.simulator.odata.options import Options, read_options
from intune_scep.simulator.odata.paging import (
    Selection,
    page_of,
    part_size,
    render_collection,
    total,
    write_token,
)
from intune_scep.simulator.odata.selection import check_selection, lead, show, splice
from intune_scep.simulator.reissue import reissue_certificates
from intune_scep.simulator.resources import (
    PROFILES,
    RESOURCE_ACCESS_PROFILES,
    Resource,
    add_resource,
    find_resource,
    remove_resource,
    replace_resource,
)
from intune_scep.simulator.schema import (
    DEVICE_CONFIGURATION,
    RESOURCE_ACCESS_PROFILE,
    StructuredType,
    entity_type,
    require_entity_type,
    strip_namespace,
)

_LIST_OPTIONS = ("$filter", "$select", "$expand", "$top", "$count", "$skiptoken")
_ITEM_OPTIONS = ("$select", "$expand")
_BIND = "@odata.bind"


@dataclass(frozen=True)
class ProfileCollection:
    """One of the two collections that hold certificate profiles.

    Args:
        name: Its name in the store.
        base: Its declared type.
        created: Name of the property that holds the instant of creation.
    """

    name: str
    base: str
    created: str

    @property
    def fragment(self) -> str:
        """Its path after `$metadata#`."""
        return f"deviceManagement/{self.name}"


DEVICE_CONFIGURATIONS = ProfileCollection(PROFILES, DEVICE_CONFIGURATION, "createdDateTime")
RESOURCE_ACCESS = ProfileCollection(
    RESOURCE_ACCESS_PROFILES, RESOURCE_ACCESS_PROFILE, "creationDateTime"
)

Handler = Callable[[Context, Mapping[str, str]], Response]


def list_profiles(collection: ProfileCollection) -> Handler:
    """GET the collection."""

    def handle(context: Context, _parameters: Mapping[str, str]) -> Response:
        options = read_options(context.request.query, _LIST_OPTIONS)
        kind = require_entity_type(collection.base)
        check_selection(options.select, kind)
        check_expand(options)
        selection = _selection(collection.name, options, kind)
        rows, token = page_of(context, options, selection)
        expanded = expansions(context, collection, options, rows)
        return render_collection(
            context,
            options,
            collection.fragment,
            (splice(show(row, options.select), expanded.get(row.id, {})) for row in rows),
            token=token,
            count=_count(context, options, selection, rows),
        )

    return handle


def _count(
    context: Context, options: Options, selection: Selection, rows: list[Resource]
) -> int | None:
    form = context.settings.count
    if not options.count or form == "absent":
        return None
    if form == "refused":
        raise bad_request("The query option '$count' is not allowed here.")
    return len(rows) if form == "page" else total(context, options, selection)


def create_profile(collection: ProfileCollection) -> Handler:
    """POST to the collection."""

    def handle(context: Context, _parameters: Mapping[str, str]) -> Response:
        body = read_object(context.request)
        kind = read_type(body, collection.base)
        _check_scope_tags(context, body)
        computed = {
            "id": context.new_id(),
            "version": 1,
            collection.created: context.timestamp,
            "lastModifiedDateTime": context.timestamp,
            "supportsScopeTags": True,
        }
        entity = new_entity(kind, _without_support(context, body), computed)
        add_resource(context.connection, collection.name, entity)
        _bind(context, kind, entity["id"], body)
        created = find_resource(context.connection, collection.name, entity["id"])
        return _answer(context, collection, created, 201)

    return handle


def get_profile(collection: ProfileCollection) -> Handler:
    """GET one, by its id or through the cast segment of its type."""

    def handle(context: Context, parameters: Mapping[str, str]) -> Response:
        resource = require_profile(context, collection, parameters)
        options = read_options(context.request.query, _ITEM_OPTIONS)
        kind = resource.type if "cast" in parameters else require_entity_type(collection.base)
        check_selection(options.select, kind)
        check_expand(options)
        extra = expansions(context, collection, options, [resource]).get(resource.id, {})
        extra |= _full_metadata(context, resource)
        text = splice(show(resource, options.select), extra)
        return raw_json_response(200, lead(text, _entity_context(context, collection)))

    return handle


def change_profile(collection: ProfileCollection) -> Handler:
    """PATCH one: properties left out are kept, collections are replaced whole (GRAPH.md 3.3)."""

    def handle(context: Context, parameters: Mapping[str, str]) -> Response:
        if context.version == "v1.0":
            # Observed: v1.0 fails on these types (GRAPH.md 3.3).
            raise internal_error()
        resource = require_profile(context, collection, parameters)
        body = read_object(context.request)
        kind = read_type(body, collection.base)
        if kind != resource.type:
            raise bad_request(f"The profile is a '{resource.type.name}', not a '{kind.name}'.")
        _check_scope_tags(context, body)
        _refuse_binds(body)
        changes = checked_properties(kind, _without_support(context, body))
        entity = resource.entity | changes
        entity["version"] += context.settings.version_step
        entity["lastModifiedDateTime"] = context.timestamp
        replace_resource(context.connection, collection.name, entity)
        reissue_certificates(context, kind, entity, changes)
        if not context.settings.documented_statuses:
            return Response(204)
        changed = find_resource(context.connection, collection.name, resource.id)
        return _answer(context, collection, changed, 200)

    return handle


def delete_profile(collection: ProfileCollection) -> Handler:
    """DELETE one, and every reference to it."""

    def handle(context: Context, parameters: Mapping[str, str]) -> Response:
        resource = require_profile(context, collection, parameters)
        remove_resource(context.connection, collection.name, resource.id)
        forget_profile(context.connection, resource.id)
        forget_assignments(context.connection, resource.id)
        return Response(204 if context.settings.documented_statuses else 200)

    return handle


def require_profile(
    context: Context, collection: ProfileCollection, parameters: Mapping[str, str]
) -> Resource:
    """The profile a path names; a cast to a type it is not makes it not found."""
    profile_id = parameters["id"]
    resource = find_resource(context.connection, collection.name, profile_id)
    if resource is None:
        raise not_found(f"{collection.name} '{profile_id}'")
    cast = parameters.get("cast")
    if cast is None:
        return resource
    kind = entity_type(strip_namespace(cast))
    if kind is None:
        raise bad_request(f"A type named '{cast}' could not be resolved by the model.")
    if not resource.type.is_a(kind.name):
        raise not_found(f"{collection.name} '{profile_id}' as '{cast}'")
    return resource


def _selection(collection: str, options: Options, kind: StructuredType) -> Selection:
    source, parameters = "resource WHERE resource.collection = ?", [collection]
    if options.filter is not None:
        sql, values = compile_filter(options.filter, kind)
        source, parameters = f"{source} AND {sql}", [*parameters, *values]
    return Selection(source, parameters)


def check_expand(options: Options) -> None:
    """Refuse to expand what cannot be.

    Raises:
        GraphError: 400.
    """
    for name in options.expand:
        if name != "assignments":
            raise bad_request(f"The navigation property '{name}' cannot be expanded.")


def expansions(
    context: Context, collection: ProfileCollection, options: Options, rows: list[Resource]
) -> dict[str, dict[str, Any]]:
    """What `$expand` adds to each profile, by its id."""
    if not options.expand:
        return {}
    found = assignments_by_profile(context.connection, [row.id for row in rows])
    return {
        row.id: _expanded(context, f"{collection.fragment}('{row.id}')", found.get(row.id, []))
        for row in rows
    }


def _expanded(context: Context, profile: str, assignments: list[Any]) -> dict[str, Any]:
    size = part_size(context) or len(assignments)
    context_url = f"{context.base_url}/$metadata#{profile}/assignments"
    expanded = {"assignments@odata.context": context_url, "assignments": assignments[:size]}
    if size < len(assignments):
        query = urlencode({"$skiptoken": write_token(context, size)}, safe="$")
        link = f"{context.base_url}/{profile}/assignments?{query}"
        expanded["assignments@odata.nextLink"] = link
    return expanded


def _full_metadata(context: Context, resource: Resource) -> dict[str, Any]:
    if "odata.metadata=full" not in context.request.headers.get("accept", ""):
        return {}
    root = f"{context.base_url}/deviceManagement/deviceConfigurations('{resource.id}')"
    links: dict[str, Any] = {}
    for name in resource.type.navigation:
        path = f"{root}/microsoft.graph.{resource.type.name}/{name}"
        links[f"{name}@odata.navigationLink"] = path
        links[f"{name}@odata.associationLink"] = f"{path}/$ref"
    return links


def _entity_context(context: Context, collection: ProfileCollection) -> dict[str, Any]:
    return {"@odata.context": f"{context.base_url}/$metadata#{collection.fragment}/$entity"}


def _answer(
    context: Context, collection: ProfileCollection, resource: Resource | None, status: int
) -> Response:
    if resource is None:
        raise internal_error()
    location = f"{context.base_url}/{collection.fragment}('{resource.id}')"
    text = lead(resource.text, _entity_context(context, collection))
    return raw_json_response(status, text, {"Location": location} if status == 201 else None)


def _check_scope_tags(context: Context, body: Mapping[str, Any]) -> None:
    if "supportsScopeTags" in body and not context.settings.documented_statuses:
        # Seen refused in 2019; the documentation's examples still send it (GRAPH.md 3.2).
        raise bad_request("The property 'supportsScopeTags' is read-only.")
    if "roleScopeTagIds" in body and not body["roleScopeTagIds"]:
        raise bad_request("The property 'roleScopeTagIds' must name at least one scope tag.")


def _without_support(context: Context, body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "supportsScopeTags"}


def _refuse_binds(body: Mapping[str, Any]) -> None:
    for name in body:
        if name.endswith(_BIND):
            # Nobody has seen what a bind in a PATCH does (GRAPH.md 7).
            raise bad_request(f"'{name}' is not supported in an update; use its $ref.")


def _bind(context: Context, kind: StructuredType, source: str, body: Mapping[str, Any]) -> None:
    for annotation, value in body.items():
        if not annotation.endswith(_BIND):
            continue
        name = annotation.removesuffix(_BIND)
        navigation = kind.navigation.get(name)
        if navigation is None:
            raise bad_request(f"'{kind.name}' has no navigation property '{name}'.")
        if kind.binds == "rejected":
            raise bad_request(f"'{kind.name}' does not accept '{annotation}'.")
        references = value if navigation.collection else [value]
        if not isinstance(references, list):
            raise bad_request(f"'{annotation}' takes a collection of references.")
        targets = [read_reference(context, each, navigation) for each in references]
        if kind.binds == "dropped":
            continue
        for target in targets:
            store = add_link if navigation.collection else set_link
            store(context.connection, source, name, target.id)
