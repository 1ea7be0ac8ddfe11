"""Deliberately broken copies of the simulator: what the stateful suite must notice."""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from intune_scep.simulator import bodies
from intune_scep.simulator.graph_errors import GraphError
from intune_scep.simulator.handlers import assign, navigation, profiles
from intune_scep.simulator.odata import filter as odata_filter

Entity = Mapping[str, Any]


def _store(change: Callable[[sqlite3.Connection, Entity], Entity]) -> Any:
    """An edit that stores something else than it should."""
    real = profiles.replace_resource

    def replaced(connection: sqlite3.Connection, collection: str, entity: Entity) -> None:
        real(connection, collection, change(connection, entity))

    return patch.object(profiles, "replace_resource", replaced)


def _old(connection: sqlite3.Connection, entity: Entity) -> dict[str, Any]:
    row = connection.execute("SELECT body FROM resource WHERE id = ?", (entity["id"],)).fetchone()
    old: dict[str, Any] = json.loads(row[0])
    return old


def version_not_bumped() -> Any:
    """A change keeps the version."""
    return _store(lambda _, entity: {**entity, "version": entity["version"] - 1})


def modified_date_not_moved() -> Any:
    """A change keeps the date."""
    return _store(
        lambda connection, entity: {
            **entity,
            "lastModifiedDateTime": _old(connection, entity)["lastModifiedDateTime"],
        }
    )


def patch_merges_collections() -> Any:
    """A PATCH adds to collections instead of replacing them."""

    def merged(connection: sqlite3.Connection, entity: Entity) -> Entity:
        old = _old(connection, entity)
        return {
            name: [*old[name], *(item for item in value if item not in old[name])]
            if isinstance(value, list)
            else value
            for name, value in entity.items()
        }

    return _store(merged)


def patch_clears_what_it_omits() -> Any:
    """A PATCH without a description removes it."""

    def cleared(connection: sqlite3.Connection, entity: Entity) -> Entity:
        unchanged = entity["description"] == _old(connection, entity)["description"]
        return {**entity, "description": None if unchanged else entity["description"]}

    return _store(cleared)


def page_off_by_one() -> Any:
    """The last item of every page but the last is lost."""
    real = profiles.page_of

    def shortened(*arguments: Any) -> Any:
        rows, token = real(*arguments)
        return (rows[:-1], token) if token else (rows, token)

    return patch.object(profiles, "page_of", shortened)


def assignment_leak() -> Any:
    """A profile shows the assignments of its neighbours."""
    real = profiles.assignments_by_profile

    def leaked(connection: sqlite3.Connection, ids: Any) -> Any:
        found = real(connection, ids)
        everything = [each for key in ids for each in found.get(key, ())]
        return dict.fromkeys(ids, everything)

    return patch.object(profiles, "assignments_by_profile", leaked)


def assign_appends() -> Any:
    """/assign adds to the set instead of replacing it."""
    real = assign.replace_assignments

    def append(connection: sqlite3.Connection, profile: str, new: Any) -> None:
        old = assign.assignments_by_profile(connection, [profile]).get(profile, [])
        added = [each for each in new if each["id"] not in {kept["id"] for kept in old}]
        real(connection, profile, [*old, *added])

    return patch.object(assign, "replace_assignments", append)


def enum_unchecked() -> Any:
    """Any text is a member of any enum."""
    return patch.object(bodies, "_checked_enum", lambda _name, value, _enum: value)


def flags_not_ordered() -> Any:
    """Flags come back as they were sent."""
    real = bodies._checked_enum

    def unordered(name: str, value: Any, enum: Any) -> Any:
        real(name, value, enum)
        return value

    return patch.object(bodies, "_checked_enum", unordered)


def bad_properties_ignored() -> Any:
    """The good half of a bad PATCH is applied."""
    real = profiles.checked_properties

    def lenient(kind: Any, body: Entity) -> dict[str, Any]:
        good: dict[str, Any] = {}
        for name, value in body.items():
            try:
                good |= real(kind, {name: value})
            except GraphError:
                continue
        return good

    return patch.object(profiles, "checked_properties", lenient)


def root_link_survives_delete() -> Any:
    """Deleting a root leaves the references to it."""
    return patch.object(profiles, "forget_profile", lambda _connection, _profile: None)


def unlink_reaches_too_far() -> Any:
    """DELETE $ref unbinds every profile."""

    def clear(connection: sqlite3.Connection, _source: str, name: str) -> int:
        cursor = connection.execute("DELETE FROM link WHERE navigation = ?", (name,))
        return cursor.rowcount

    return patch.object(navigation, "clear_links", clear)


def any_root_will_do() -> Any:
    """A link may lead to a root of another platform."""
    real = navigation.read_reference

    def careless(context: Any, reference: object, declared: Any) -> Any:
        anything = type(declared)(target="deviceConfiguration", collection=declared.collection)
        return real(context, reference, anything)

    return patch.object(navigation, "read_reference", careless)


def filter_ignores_the_type() -> Any:
    """isof is always true."""
    read = odata_filter._isof

    def isof(words: Any) -> Any:
        read(words)
        return lambda _kind: ("1", [])

    return patch.object(odata_filter, "_isof", isof)


MUTANTS: tuple[Callable[[], Any], ...] = (
    version_not_bumped,
    modified_date_not_moved,
    patch_merges_collections,
    patch_clears_what_it_omits,
    page_off_by_one,
    assignment_leak,
    assign_appends,
    enum_unchecked,
    flags_not_ordered,
    bad_properties_ignored,
    root_link_survives_delete,
    unlink_reaches_too_far,
    any_root_will_do,
    filter_ignores_the_type,
)


@contextmanager
def broken(mutant: Callable[[], Any]) -> Iterator[None]:
    """The simulator with one defect."""
    with ExitStack() as stack:
        stack.enter_context(mutant())
        yield
