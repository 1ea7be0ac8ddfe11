"""`/_simulator/…`: the tenant's journal, faults, clock, settings, devices and reports.

| path | |
|---|---|
| GET, DELETE `/_simulator/requests` | the journal (`?method=`, `?path=`, `?status=`, `?after=`) |
| GET, PUT, DELETE `/_simulator/faults` | the fault rules, a JSON array |
| GET, POST `/_simulator/clock` | `{"advance": seconds}` |
| GET, PUT `/_simulator/settings` | an object with the settings to change |
| GET `/_simulator/fleet` | what is so on the devices (`?since=`, `?bundle=`) |
| GET, PUT `/_simulator/connectors` | `{"connector": name, "dead": true, "hosts": […]}` |
| GET, PUT, DELETE `/_simulator/failures` | `{"profile": id, "share": 0.1}` |
| GET, PUT, DELETE `/_simulator/silent` | `{"devices": [id, …]}` or `{"share": 0.05}` |
| GET, PUT `/_simulator/approvals` | `{"code": id, "decision": "approve"}` or `"reject"` |
| GET `/_simulator/exports/<id>` | a finished report |

All but the report, whose address is its key as in Graph, need the bearer token of `intune-scep
simulator token`. It is judged by the machine's clock: setting the tenant's locks nobody out.
"""

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from intune_scep.simulator.clock import format_instant, parse_instant
from intune_scep.simulator.context import Context
from intune_scep.simulator.faults import read_rules, replace_rules
from intune_scep.simulator.fleet.checkins import settle_fleet
from intune_scep.simulator.graph_errors import GraphError
from intune_scep.simulator.handlers.export_jobs import download
from intune_scep.simulator.journal import clear_journal, read_journal
from intune_scep.simulator.messages import Request, Response, json_response, read_json
from intune_scep.simulator.operations import Operations, refuse_others
from intune_scep.simulator.settings import Settings
from intune_scep.simulator.store import Store, read_meta, write_meta
from intune_scep.simulator.tokens import SIMULATOR_CLIENT, verify_bearer

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
            if (refusal := _refusal(connection, request, clock)) is not None:
                return refusal
            action = _ACTIONS.get((request.method, request.path.removeprefix(_PREFIX)))
            if action is None:
                return json_response(404, {"error": _no_action(request)})
            return json_response(200, action(connection, request, clock))
        except ValueError as error:
            return json_response(400, {"error": str(error)})


def _no_action(request: Request) -> str:
    there = ", ".join(f"{method} {_PREFIX}{name}" for method, name in _ACTIONS)
    return f"There is no {request.method} {request.path[:200]}; there are {there}."


def _refusal(connection: sqlite3.Connection, request: Request, clock: Clock) -> Response | None:
    """Why the caller does not get in, None for one who does."""
    advice = "The control API takes the bearer token that `intune-scep simulator token` prints"
    try:
        caller = verify_bearer(read_meta(connection), request.headers, clock())
    except GraphError as error:
        return json_response(401, {"error": f"{advice}. {error.reason}"}, error.headers)
    if caller.application != SIMULATOR_CLIENT:
        return json_response(403, {"error": f"{advice}, not that of an application."})
    return None


def _requests(connection: sqlite3.Connection, request: Request, _clock: Clock) -> Any:
    query = {
        name: values[-1] for name, values in parse_qs(request.query, keep_blank_values=True).items()
    }
    refuse_others(query, ("method", "path", "status", "after"), "The journal")
    entries = read_journal(
        connection,
        method=query.get("method"),
        path=query.get("path"),
        status=_whole("status", query["status"]) if "status" in query else None,
        after=_whole("after", query.get("after", "0")),
    )
    return {"count": len(entries), "value": entries}


def _whole(name: str, text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 15:
        raise ValueError(f"{name!r} takes a whole number, not {text[:40]!r}.")
    return int(text)


def _instant(name: str, text: str) -> float:
    try:
        return parse_instant(text)
    except ValueError:
        raise ValueError(f"{name!r} is an instant, as 2026-03-01T08:00:00Z.") from None


def _forget_requests(connection: sqlite3.Connection, _request: Request, _clock: Clock) -> Any:
    clear_journal(connection)
    return {"count": 0, "value": []}


def _faults(connection: sqlite3.Connection, _request: Request, _clock: Clock) -> Any:
    return read_rules(connection)


def _set_faults(connection: sqlite3.Connection, request: Request, _clock: Clock) -> Any:
    rules = read_json(request.body)
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
    given = _object(request)
    refuse_others(given, ("advance",), "The clock")
    Operations(connection, clock()).advance(given.get("advance"))
    return _clock(connection, request, clock)


def advance_clock(connection: sqlite3.Connection, seconds: float) -> None:
    """Set the tenant's clock forward."""
    write_meta(connection, "clock_skew", read_meta(connection)["clock_skew"] + seconds)


def _settings(connection: sqlite3.Connection, _request: Request, _clock: Clock) -> Any:
    return read_meta(connection)["settings"]


def _set_settings(connection: sqlite3.Connection, request: Request, clock: Clock) -> Any:
    return Operations(connection, clock()).change_settings(_object(request))


def _fleet(connection: sqlite3.Connection, request: Request, clock: Clock) -> Any:
    query = parse_qs(request.query, keep_blank_values=True)
    refuse_others(query, ("since", "bundle"), "The fleet")
    operations = Operations(connection, clock())
    if "bundle" in query:
        named = [name for given in query["bundle"] for name in given.split(",")]
        return operations.bundle(named)
    return operations.truth(_instant("since", query["since"][-1]) if "since" in query else 0.0)


def _connectors(connection: sqlite3.Connection, _request: Request, clock: Clock) -> Any:
    return Operations(connection, clock()).connectors()


def _set_connector(connection: sqlite3.Connection, request: Request, clock: Clock) -> Any:
    return Operations(connection, clock()).set_connector(_object(request))


def _approvals(connection: sqlite3.Connection, _request: Request, clock: Clock) -> Any:
    return Operations(connection, clock()).approvals()


def _decide_approval(connection: sqlite3.Connection, request: Request, clock: Clock) -> Any:
    return Operations(connection, clock()).decide_approval(_object(request))


def _failures(connection: sqlite3.Connection, _request: Request, clock: Clock) -> Any:
    return Operations(connection, clock()).failures()


def _set_failure(connection: sqlite3.Connection, request: Request, clock: Clock) -> Any:
    return Operations(connection, clock()).set_failure(_object(request))


def _clear_failures(connection: sqlite3.Connection, _request: Request, clock: Clock) -> Any:
    return Operations(connection, clock()).clear_failures()


def _silent(connection: sqlite3.Connection, _request: Request, clock: Clock) -> Any:
    return Operations(connection, clock()).silent()


def _set_silent(connection: sqlite3.Connection, request: Request, clock: Clock) -> Any:
    return Operations(connection, clock()).set_silent(_object(request))


def _clear_silent(connection: sqlite3.Connection, _request: Request, clock: Clock) -> Any:
    return Operations(connection, clock()).set_silent({"devices": []})


def _export(connection: sqlite3.Connection, request: Request, clock: Clock) -> Response:
    meta = read_meta(connection)
    settle_fleet(connection, meta, clock() + meta["clock_skew"])
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
    content = read_json(request.body)
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
    ("GET", "approvals"): _approvals,
    ("PUT", "approvals"): _decide_approval,
    ("GET", "fleet"): _fleet,
    ("GET", "connectors"): _connectors,
    ("PUT", "connectors"): _set_connector,
    ("GET", "failures"): _failures,
    ("PUT", "failures"): _set_failure,
    ("DELETE", "failures"): _clear_failures,
    ("GET", "silent"): _silent,
    ("PUT", "silent"): _set_silent,
    ("DELETE", "silent"): _clear_silent,
}
