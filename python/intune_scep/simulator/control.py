"""`/_simulator/…`: the tenant's journal, faults, clock, settings and reports.

| path | |
|---|---|
| GET, DELETE `/_simulator/requests` | the journal (`?method=`, `?path=`, `?status=`, `?after=`) |
| GET, PUT, DELETE `/_simulator/faults` | the fault rules, a JSON array |
| GET, POST `/_simulator/clock` | `{"advance": seconds}` |
| GET, PUT `/_simulator/settings` | an object with the settings to change |
| GET `/_simulator/exports/<id>` | a finished report |
"""

import json
import math
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from intune_scep.simulator.clock import format_instant
from intune_scep.simulator.context import Context
from intune_scep.simulator.faults import read_rules, replace_rules
from intune_scep.simulator.graph_errors import GraphError
from intune_scep.simulator.handlers.export_jobs import download
from intune_scep.simulator.journal import clear_journal, read_journal
from intune_scep.simulator.messages import Request, Response, json_response
from intune_scep.simulator.settings import Settings, change_settings
from intune_scep.simulator.store import Store, read_meta, write_meta

_PREFIX = "/_simulator/"
_EXPORTS = _PREFIX + "exports/"
Clock = Callable[[], float]


def is_control(path: str) -> bool:
    """Whether `path` belongs to the control surface."""
    return path.startswith(_PREFIX)


def handle_control(store: Store, request: Request, clock: Clock) -> Response:
    """Answer a control request. It is not journalled, throttled or struck by faults."""
    with store.transaction() as connection:
        try:
            if request.method == "GET" and request.path.startswith(_EXPORTS):
                return _export(connection, request, clock)
            action = _ACTIONS.get((request.method, request.path.removeprefix(_PREFIX)))
            if action is None:
                return json_response(
                    404, {"error": f"There is no {request.path} to {request.method}."}
                )
            return json_response(200, action(connection, request, clock))
        except (ValueError, TypeError) as error:
            return json_response(400, {"error": str(error)})


def _requests(connection: sqlite3.Connection, request: Request, _clock: Clock) -> Any:
    query = {name: values[-1] for name, values in parse_qs(request.query).items()}
    entries = read_journal(
        connection,
        method=query.get("method"),
        path=query.get("path"),
        status=int(query["status"]) if "status" in query else None,
        after=int(query.get("after", 0)),
    )
    return {"count": len(entries), "value": entries}


def _forget_requests(connection: sqlite3.Connection, _request: Request, _clock: Clock) -> Any:
    clear_journal(connection)
    return {"count": 0, "value": []}


def _faults(connection: sqlite3.Connection, _request: Request, _clock: Clock) -> Any:
    return read_rules(connection)


def _set_faults(connection: sqlite3.Connection, request: Request, _clock: Clock) -> Any:
    rules = json.loads(request.body)
    if not isinstance(rules, list):
        raise ValueError("Fault rules are a JSON array.")
    replace_rules(connection, rules)
    return read_rules(connection)


def _clear_faults(connection: sqlite3.Connection, _request: Request, _clock: Clock) -> Any:
    replace_rules(connection, [])
    return []


def _clock(connection: sqlite3.Connection, _request: Request, clock: Clock) -> Any:
    skew = read_meta(connection)["clock_skew"]
    return {"now": format_instant(clock() + skew), "skew": skew}


def _advance(connection: sqlite3.Connection, request: Request, clock: Clock) -> Any:
    seconds = _object(request).get("advance")
    if not isinstance(seconds, int | float) or isinstance(seconds, bool):
        raise ValueError("'advance' is a number of seconds, at least 0.")
    if not math.isfinite(seconds) or seconds < 0:
        raise ValueError("'advance' is a number of seconds, at least 0.")
    advance_clock(connection, seconds)
    return _clock(connection, request, clock)


def advance_clock(connection: sqlite3.Connection, seconds: float) -> None:
    """Set the tenant's clock forward."""
    write_meta(connection, "clock_skew", read_meta(connection)["clock_skew"] + seconds)


def _settings(connection: sqlite3.Connection, _request: Request, _clock: Clock) -> Any:
    return read_meta(connection)["settings"]


def _set_settings(connection: sqlite3.Connection, request: Request, _clock: Clock) -> Any:
    present = Settings(**read_meta(connection)["settings"])
    changed = change_settings(present, _object(request)).to_dict()
    write_meta(connection, "settings", changed)
    return changed


def _export(connection: sqlite3.Connection, request: Request, clock: Clock) -> Response:
    meta = read_meta(connection)
    context = Context(
        connection=connection,
        request=request,
        number=0,
        now=clock() + meta["clock_skew"],
        settings=Settings(**meta["settings"]),
        meta=meta,
    )
    try:
        return download(context, request.path.removeprefix(_EXPORTS))
    except GraphError as error:
        return json_response(error.status, {"error": error.reason})


def _object(request: Request) -> Mapping[str, Any]:
    content = json.loads(request.body)
    if not isinstance(content, dict):
        raise ValueError("A JSON object is expected.")
    return content


_ACTIONS: Mapping[tuple[str, str], Callable[[sqlite3.Connection, Request, Clock], Any]] = {
    ("GET", "requests"): _requests,
    ("DELETE", "requests"): _forget_requests,
    ("GET", "faults"): _faults,
    ("PUT", "faults"): _set_faults,
    ("DELETE", "faults"): _clear_faults,
    ("GET", "clock"): _clock,
    ("POST", "clock"): _advance,
    ("GET", "settings"): _settings,
    ("PUT", "settings"): _set_settings,
}
