"""Collections that are read only here: directory objects, managed devices, filters, scope tags."""

from collections.abc import Mapping

from intune_scep.simulator.approvals import expire_approvals
from intune_scep.simulator.certificates import all_certificates, summarise
from intune_scep.simulator.context import Context
from intune_scep.simulator.fleet.connectors import show_connectors
from intune_scep.simulator.fleet.shown import show_last_contact
from intune_scep.simulator.graph_errors import GraphError, not_found
from intune_scep.simulator.handlers.profiles import Handler
from intune_scep.simulator.messages import Response, dump_json, raw_json_response
from intune_scep.simulator.odata.filter import compile_filter
from intune_scep.simulator.odata.options import Options, read_options
from intune_scep.simulator.odata.paging import (
    Selection,
    page_of,
    render_collection,
    slice_of,
    total,
)
from intune_scep.simulator.odata.selection import check_selection, lead, show
from intune_scep.simulator.reissue import settle_certificates
from intune_scep.simulator.resources import (
    APPROVAL_REQUESTS,
    DIRECTORY,
    GROUPS,
    MANAGED_DEVICES,
    NDES_CONNECTORS,
    find_resource,
)
from intune_scep.simulator.schema import (
    StructuredType,
    derived_names,
    entity_type,
    require_entity_type,
    strip_namespace,
)

_LIST_OPTIONS = ("$filter", "$select", "$top", "$count", "$skiptoken")
_MEMBER_DEPTH = """
WITH RECURSIVE reached (id) AS (
    SELECT member_id FROM membership WHERE group_id = ?
    UNION
    SELECT membership.member_id FROM membership JOIN reached ON membership.group_id = reached.id
)
SELECT id FROM reached"""
_DIRECT = "SELECT member_id FROM membership WHERE group_id = ?"


def list_entities(collection: str, type_name: str, fragment: str) -> Handler:
    """GET a collection of entities of one type."""

    def handle(context: Context, _parameters: Mapping[str, str]) -> Response:
        options = read_options(context.request.query, _LIST_OPTIONS)
        kind = require_entity_type(type_name)
        _bring_up_to_date(context, collection)
        selection = _filtered("resource WHERE resource.collection = ?", [collection], options, kind)
        return _render(context, options, kind, selection, fragment)

    return handle


def get_entity(collection: str, type_name: str, fragment: str) -> Handler:
    """GET one entity."""

    def handle(context: Context, parameters: Mapping[str, str]) -> Response:
        _bring_up_to_date(context, collection)
        resource = find_resource(context.connection, collection, parameters["id"])
        if resource is None:
            raise _missing(collection, parameters["id"])
        options = read_options(context.request.query, ("$select",))
        check_selection(options.select, require_entity_type(type_name))
        head = {"@odata.context": f"{context.base_url}/$metadata#{fragment}/$entity"}
        return raw_json_response(200, lead(show(resource, options.select), head))

    return handle


def _bring_up_to_date(context: Context, collection: str) -> None:
    """Let what the clock alone changes stand in the entities."""
    if collection == MANAGED_DEVICES:
        show_last_contact(context.connection, context.settings, context.now)
    if collection == APPROVAL_REQUESTS:
        expire_approvals(context.connection, context.now)
    if collection == NDES_CONNECTORS:
        show_connectors(context.connection, context.now)


def list_members(*, transitive: bool) -> Handler:
    """GET the members of a group, direct or through nested groups, by cast if wanted."""
    reached = _MEMBER_DEPTH if transitive else _DIRECT

    def handle(context: Context, parameters: Mapping[str, str]) -> Response:
        group = find_resource(context.connection, GROUPS, parameters["id"])
        if group is None:
            raise _missing(GROUPS, parameters["id"])
        options = read_options(context.request.query, _LIST_OPTIONS)
        kind = _member_type(parameters.get("cast"))
        if "cast" in parameters or options.filter is not None:
            _require_advanced(context, options)
        names = derived_names(kind.name)
        source = (
            f"resource WHERE resource.id IN ({reached})"
            f" AND resource.collection IN ({_marks(DIRECTORY)})"
            f" AND resource.type IN ({_marks(names)})"
        )
        selection = _filtered(source, [group.id, *DIRECTORY, *names], options, kind)
        return _render(context, options, kind, selection, "directoryObjects")

    return handle


def list_all_certificate_states(context: Context, _parameters: Mapping[str, str]) -> Response:
    """GET deviceConfigurationsAllManagedDeviceCertificateStates."""
    options = read_options(context.request.query, ("$top", "$skiptoken"))
    settle_certificates(context)
    states = [
        dump_json(summarise(each.state, each.user_principal_name))
        for each in all_certificates(context.connection)
        if each.reported
    ]
    items, token = slice_of(context, options, states)
    fragment = "deviceManagement/deviceConfigurationsAllManagedDeviceCertificateStates"
    return render_collection(context, options, fragment, items, token=token)


def _filtered(
    source: str, parameters: list[str], options: Options, kind: StructuredType
) -> Selection:
    if options.filter is None:
        return Selection(source, parameters)
    sql, values = compile_filter(options.filter, kind)
    return Selection(f"{source} AND {sql}", [*parameters, *values])


def _render(
    context: Context, options: Options, kind: StructuredType, selection: Selection, fragment: str
) -> Response:
    check_selection(options.select, kind)
    rows, token = page_of(context, options, selection)
    return render_collection(
        context,
        options,
        fragment,
        (show(row, options.select) for row in rows),
        token=token,
        count=total(context, options, selection),
    )


def _member_type(cast: str | None) -> StructuredType:
    kind = entity_type(strip_namespace(cast)) if cast else require_entity_type("directoryObject")
    if kind is None or not kind.is_a("directoryObject"):
        raise GraphError(400, "BadRequest", f"Resource not found for the segment '{cast}'.")
    return kind


def _require_advanced(context: Context, options: Options) -> None:
    eventual = context.request.headers.get("consistencylevel", "").lower() == "eventual"
    if not eventual or not options.count:
        raise GraphError(
            400,
            "Request_UnsupportedQuery",
            "This query needs $count=true and the header ConsistencyLevel: eventual.",
        )


def _missing(collection: str, resource_id: str) -> GraphError:
    if collection in DIRECTORY:
        return GraphError(
            404,
            "Request_ResourceNotFound",
            f"Resource '{resource_id}' does not exist or one of its queried reference-property"
            " objects are not present.",
        )
    return not_found(f"{collection} '{resource_id}'")


def _marks(values: tuple[str, ...]) -> str:
    return ", ".join("?" * len(values))
