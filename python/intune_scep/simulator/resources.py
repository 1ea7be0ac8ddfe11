"""Stored entities: one row each, its JSON ready to be sent."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from intune_scep.simulator.messages import dump_json
from intune_scep.simulator.schema import StructuredType, require_entity_type, strip_namespace

PROFILES = "deviceConfigurations"
RESOURCE_ACCESS_PROFILES = "resourceAccessProfiles"
USERS = "users"
GROUPS = "groups"
DEVICES = "devices"
MANAGED_DEVICES = "managedDevices"
ASSIGNMENT_FILTERS = "assignmentFilters"
ROLE_SCOPE_TAGS = "roleScopeTags"
EXPORT_JOBS = "exportJobs"
NDES_CONNECTORS = "ndesConnectors"
APPROVAL_REQUESTS = "operationApprovalRequests"
ORGANIZATION = "organization"

DIRECTORY = (USERS, GROUPS, DEVICES)


@dataclass(frozen=True)
class Resource:
    """A stored entity.

    Args:
        seq: Its place in the order of creation.
        id: Its id.
        type: Its type.
        text: Its JSON.
    """

    seq: int
    id: str
    type: StructuredType
    text: str

    @property
    def entity(self) -> dict[str, Any]:
        """The entity, a fresh copy."""
        copy: dict[str, Any] = json.loads(self.text)
        return copy


def add_resource(
    connection: sqlite3.Connection, collection: str, entity: Mapping[str, Any]
) -> None:
    """Store a new entity; it carries its `id` and `@odata.type`."""
    add_resources(connection, collection, [entity])


def add_resources(
    connection: sqlite3.Connection, collection: str, entities: Iterable[Mapping[str, Any]]
) -> None:
    """Store many new entities."""
    connection.executemany(
        "INSERT INTO resource (collection, id, type, body) VALUES (?, ?, ?, ?)",
        (
            (collection, each["id"], strip_namespace(each["@odata.type"]), dump_json(each))
            for each in entities
        ),
    )


def find_resource(
    connection: sqlite3.Connection, collection: str, resource_id: str
) -> Resource | None:
    """The entity with that id, compared without case."""
    row = connection.execute(
        "SELECT seq, id, type, body FROM resource WHERE collection = ? AND id = ?",
        (collection, resource_id.lower()),
    ).fetchone()
    return _resource(row) if row else None


def replace_resource(
    connection: sqlite3.Connection, collection: str, entity: Mapping[str, Any]
) -> None:
    """Store the new state of an entity; the one before is kept as the former."""
    connection.execute(
        "INSERT OR REPLACE INTO former SELECT collection, id, body FROM resource"
        " WHERE collection = ? AND id = ?",
        (collection, entity["id"]),
    )
    connection.execute(
        "UPDATE resource SET body = ? WHERE collection = ? AND id = ?",
        (dump_json(entity), collection, entity["id"]),
    )


def remove_resource(connection: sqlite3.Connection, collection: str, resource_id: str) -> None:
    """Forget an entity."""
    connection.execute(
        "DELETE FROM resource WHERE collection = ? AND id = ?", (collection, resource_id)
    )


def former_resource(connection: sqlite3.Connection, present: Resource, collection: str) -> Resource:
    """The entity as it was before its last change; only its version is older if none is known."""
    row = connection.execute(
        "SELECT body FROM former WHERE collection = ? AND id = ?", (collection, present.id)
    ).fetchone()
    entity: dict[str, Any] = json.loads(row[0]) if row else present.entity
    if "version" in entity:
        entity["version"] = present.entity["version"] - 1
    return replace(present, text=dump_json(entity))


def select_resources(
    connection: sqlite3.Connection, source: str, parameters: Iterable[Any]
) -> Iterator[Resource]:
    """Entities chosen by `source`: what follows FROM, with `resource` among its tables."""
    statement = f"SELECT resource.seq, resource.id, resource.type, resource.body FROM {source}"  # noqa: S608 - source is made of constants and placeholders
    return map(_resource, connection.execute(statement, tuple(parameters)))


def count_resources(connection: sqlite3.Connection, source: str, parameters: Iterable[Any]) -> int:
    """How many entities `source` chooses."""
    statement = f"SELECT count(*) FROM {source}"  # noqa: S608 - source is made of constants and placeholders
    return int(connection.execute(statement, tuple(parameters)).fetchone()[0])


def _resource(row: tuple[int, str, str, str]) -> Resource:
    seq, resource_id, type_name, text = row
    return Resource(seq, resource_id, require_entity_type(type_name), text)
