"""A service that misbehaves while it carries a request out, as a fault rule asks.

The rule is in the context; faults.py says what each effect means. All of it is simulated only:
nothing here claims that Graph does so.
"""

import json
import re
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from intune_scep.simulator.assignments import (
    assignments_by_profile,
    forget_assignments,
    new_assignment,
    replace_assignments,
)
from intune_scep.simulator.bodies import new_entity
from intune_scep.simulator.context import Context
from intune_scep.simulator.faults import read_profile, read_targets
from intune_scep.simulator.links import add_links, forget_profile
from intune_scep.simulator.messages import Response, dump_json, json_response
from intune_scep.simulator.reissue import reissue_certificates
from intune_scep.simulator.resources import (
    PROFILES,
    RESOURCE_ACCESS_PROFILES,
    add_resource,
    find_resource,
    remove_resource,
    replace_resource,
)
from intune_scep.simulator.store import savepoint

Work = Callable[[], Response]
Parameters = Mapping[str, str]

_COLLECTION = re.compile(rf"/deviceManagement/({PROFILES}|{RESOURCE_ACCESS_PROFILES})\b")


def carry_out(
    context: Context, handler: Callable[[Context, Parameters], Response], parameters: Parameters
) -> Response:
    """Let the handler answer, in the way of the rule that strikes the request.

    Raises:
        GraphError: The handler refused; what it did is undone.
    """

    def work() -> Response:
        with savepoint(context.connection):
            return handler(context, parameters)

    rule = context.misconduct
    effect = rule["effect"] if rule else ""
    if effect == "other_id":
        other = _another(context, parameters["id"].lower())
        return _seen(context, lambda: handler(context, {**parameters, "id": other}))
    if context.request.method == "GET" and effect not in _MISCONDUCT:
        return _seen(context, work)
    return _MISCONDUCT.get(effect, _plainly)(context, rule or {}, parameters, work)


def _plainly(
    _context: Context, _rule: Mapping[str, Any], _names: Parameters, work: Work
) -> Response:
    return work()


def _ignore(context: Context, _rule: Mapping[str, Any], _names: Parameters, work: Work) -> Response:
    return _undone(context.connection, work)


def _more(context: Context, rule: Mapping[str, Any], names: Parameters, work: Work) -> Response:
    response = work()
    _set(context, _target(names, response), rule["set"])
    return response


def _edit(context: Context, rule: Mapping[str, Any], names: Parameters, work: Work) -> Response:
    if rule["when"] == "before":
        _edit_by_another(context, rule, rule.get("id") or names.get("id", ""))
    response = _seen(context, work) if context.request.method == "GET" else work()
    if rule["when"] == "after":
        _edit_by_another(context, rule, rule.get("id") or _target(names, response))
    return response


def _lag(context: Context, rule: Mapping[str, Any], names: Parameters, work: Work) -> Response:
    collection = _collection(context)
    before = _image(context.connection, collection, names.get("id", "").lower())
    response = work()
    context.connection.execute(
        "INSERT INTO past (collection, id, until, image) VALUES (?, ?, ?, ?)",
        (collection, _target(names, response), context.now + rule["seconds"], dump_json(before)),
    )
    return response


def _odd_item(
    context: Context, rule: Mapping[str, Any], _names: Parameters, work: Work
) -> Response:
    response = _seen(context, work)
    content = response.json()
    content["value"].insert(0, rule["item"])
    return json_response(response.status, content, response.headers)


_MISCONDUCT: Mapping[str, Callable[[Context, Mapping[str, Any], Parameters, Work], Response]] = {
    "ignore": _ignore,
    "more": _more,
    "edit": _edit,
    "lag": _lag,
    "odd_item": _odd_item,
}


def _seen(context: Context, read: Work) -> Response:
    """A read's answer, from the past for profiles whose last write does not show yet."""
    rows = context.connection.execute(
        # The earliest write that does not show yet decides, so it is put back last.
        "SELECT collection, id, image FROM past WHERE until > ? ORDER BY seq DESC",
        (context.now,),
    ).fetchall()
    if not rows:
        return read()

    def work() -> Response:
        for collection, profile, image in rows:
            _restore(context.connection, collection, profile, json.loads(image))
        return read()

    return _undone(context.connection, work)


def _undone(connection: sqlite3.Connection, work: Work) -> Response:
    """The answer of `work`, none of whose changes stays."""
    connection.execute("SAVEPOINT undone")
    try:
        return work()
    finally:
        connection.execute("ROLLBACK TO undone")
        connection.execute("RELEASE undone")


def _image(connection: sqlite3.Connection, collection: str, profile: str) -> Any:
    row = connection.execute(
        "SELECT seq, type, body FROM resource WHERE collection = ? AND id = ?",
        (collection, profile),
    ).fetchone()
    if row is None:
        return None
    links = connection.execute(
        "SELECT source_id, navigation, target_id FROM link WHERE source_id = ?", (profile,)
    ).fetchall()
    assignments = assignments_by_profile(connection, [profile]).get(profile, [])
    return {"row": row, "links": links, "assignments": assignments}


def _restore(connection: sqlite3.Connection, collection: str, profile: str, image: Any) -> None:
    remove_resource(connection, collection, profile)
    connection.execute("DELETE FROM link WHERE source_id = ?", (profile,))
    forget_assignments(connection, profile)
    if image is None:
        return
    seq, kind, body = image["row"]
    connection.execute(
        "INSERT INTO resource (seq, collection, id, type, body) VALUES (?, ?, ?, ?, ?)",
        (seq, collection, profile, kind, body),
    )
    add_links(connection, map(tuple, image["links"]))
    replace_assignments(connection, profile, image["assignments"])


def _edit_by_another(context: Context, rule: Mapping[str, Any], profile: str) -> None:
    if "create" in rule:
        _create(context, rule["create"])
        return
    if "assign" in rule:
        _assign(context, profile.lower(), rule["assign"])
        return
    if not rule.get("delete"):
        changes = {"lastModifiedDateTime": context.timestamp, **rule.get("set", {})}
        _set(context, profile, changes, step=context.settings.version_step)
        return
    for collection in (PROFILES, RESOURCE_ACCESS_PROFILES):
        if find_resource(context.connection, collection, profile):
            remove_resource(context.connection, collection, profile.lower())
            forget_profile(context.connection, profile.lower())
            forget_assignments(context.connection, profile.lower())


def _create(context: Context, given: Any) -> None:
    kind, body = read_profile(given)
    computed = {
        "id": context.new_id(),
        "version": 1,
        "createdDateTime": context.timestamp,
        "lastModifiedDateTime": context.timestamp,
        "supportsScopeTags": True,
    }
    add_resource(context.connection, PROFILES, new_entity(kind, body, computed))


def _assign(context: Context, profile: str, given: Any) -> None:
    if find_resource(context.connection, PROFILES, profile) is None:
        return
    targets = read_targets(given)
    whole = [new_assignment(profile, target) for target in targets]
    replace_assignments(context.connection, profile, whole)


def _set(context: Context, profile: str, changes: Mapping[str, Any], step: int = 0) -> None:
    """Change properties of a profile, unless there is none (any more)."""
    for collection in (PROFILES, RESOURCE_ACCESS_PROFILES):
        resource = find_resource(context.connection, collection, profile)
        if resource is None:
            continue
        entity = {**resource.entity, **changes}
        entity["version"] += step
        replace_resource(context.connection, collection, entity)
        reissue_certificates(context, resource.type, entity, changes)


def _target(names: Parameters, response: Response) -> str:
    """The profile a request is about; a create's answer names it."""
    if "id" in names:
        return names["id"].lower()
    return str(response.json().get("id", ""))


def edit_around(context: Context, rule: Mapping[str, Any], when: str) -> None:
    """Let somebody else edit, if the rule asks for it at this moment of a `$batch` as a whole."""
    if rule["when"] == when:
        _edit_by_another(context, rule, rule.get("id", ""))


def _another(context: Context, profile: str) -> str:
    """Another profile of the collection, of the same type if there is one; else the same."""
    row = context.connection.execute(
        "SELECT other.id FROM resource AS other LEFT JOIN resource AS asked"
        " ON asked.collection = other.collection AND asked.id = ?"
        " WHERE other.collection = ? AND other.id <> ?"
        " ORDER BY other.type IS NOT asked.type, other.seq",
        (profile, _collection(context), profile),
    ).fetchone()
    return row[0] if row else profile


def _collection(context: Context) -> str:
    match = _COLLECTION.search(context.request.path)
    return match[1] if match else ""
