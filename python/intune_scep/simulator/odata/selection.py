"""`$select`: which properties of an entity are shown."""

from collections.abc import Mapping
from typing import Any

from intune_scep.simulator.graph_errors import bad_request
from intune_scep.simulator.messages import dump_json
from intune_scep.simulator.odata.filter import unknown_property
from intune_scep.simulator.resources import Resource
from intune_scep.simulator.schema import StructuredType, require_entity_type, strip_namespace

_ALWAYS_SHOWN = {"deviceAndAppManagementAssignmentFilter": frozenset({"id"})}
"""Type -> what is shown although `$select` does not name it.

IntuneCD asks for `$select=displayName` of assignment filters and reads their `id`.
"""


def check_selection(select: tuple[str, ...] | None, kind: StructuredType) -> None:
    """Refuse names the type does not have; a derived property needs its cast
    (`microsoft.graph.type/property`).
    """
    for name in select or ():
        cast, _, leaf = name.rpartition("/")
        owner = kind
        if cast:
            try:
                owner = require_entity_type(strip_namespace(cast))
            except KeyError:
                raise bad_request(f"A type named '{cast}' could not be resolved.") from None
        if leaf != "*" and leaf not in owner.properties:
            raise unknown_property(leaf, owner)


def show(resource: Resource, select: tuple[str, ...] | None) -> str:
    """The entity's JSON text, cut to what `$select` names."""
    hidden = resource.type.only_on_select
    if select is None and not hidden:
        return resource.text
    return dump_json(_chosen(resource.entity, resource.type, select))


def _chosen(
    entity: Mapping[str, Any], kind: StructuredType, select: tuple[str, ...] | None
) -> dict[str, Any]:
    if select is None or "*" in select:
        return {name: value for name, value in entity.items() if name not in kind.only_on_select}
    leaves = {_leaf(name, kind) for name in select} | _ALWAYS_SHOWN.get(kind.name, frozenset())
    chosen = {name: value for name, value in entity.items() if name in leaves}
    return {"@odata.type": entity["@odata.type"], **chosen}


def _leaf(name: str, kind: StructuredType) -> str | None:
    cast, _, leaf = name.rpartition("/")
    return leaf if not cast or kind.is_a(strip_namespace(cast)) else None


def splice(text: str, extra: Mapping[str, Any]) -> str:
    """JSON text of an object with further members at its end."""
    if not extra:
        return text
    return f"{text[:-1]},{dump_json(extra)[1:]}"


def lead(text: str, first: Mapping[str, Any]) -> str:
    """JSON text of an object with further members at its beginning."""
    return f"{dump_json(first)[:-1]},{text[1:]}"
