"""The simulated Graph: one request in, one response out, no socket."""

import os
import sqlite3
import time
from collections.abc import Callable, Mapping

from intune_scep.simulator.approvals import complete_approval, pass_approval
from intune_scep.simulator.batch import is_batch, run_batch
from intune_scep.simulator.clock import format_instant
from intune_scep.simulator.conduct import carry_out
from intune_scep.simulator.context import Context
from intune_scep.simulator.control import handle_control, is_control
from intune_scep.simulator.faults import Fault, decide_fault
from intune_scep.simulator.fleet.checkins import settle_fleet
from intune_scep.simulator.graph_errors import GraphError, bad_request, render_error
from intune_scep.simulator.journal import close_entry, open_entry
from intune_scep.simulator.messages import Request, Response
from intune_scep.simulator.oauth import handle_oauth, is_oauth
from intune_scep.simulator.permissions import authorize
from intune_scep.simulator.routing import Route, find_routes
from intune_scep.simulator.settings import Settings
from intune_scep.simulator.store import Store, read_meta
from intune_scep.simulator.throttle import http_date, throttle, throttle_export
from intune_scep.simulator.tokens import authenticate

_VERSIONS = ("beta", "v1.0")
_SILENT = ("close", "kill")


class Core:
    """A tenant that answers requests.

    Args:
        path: The tenant's file.
        clock: Epoch seconds; the skew kept in the file is added to it.

    Raises:
        SimulatorError: The file is missing or is not a tenant file.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, clock: Callable[[], float] = time.time
    ) -> None:
        self.store = Store(path)
        self._clock = clock
        with self.store.transaction() as connection:
            self.tenant_id: str = read_meta(connection)["tenant_id"]

    def close(self) -> None:
        """Close the file."""
        self.store.close()

    def handle(self, request: Request) -> Response:
        """Answer one request. An `effect` in the response is for the door to act out."""
        if is_control(request.path):
            return handle_control(self.store, request, self._clock)
        if is_oauth(request.path):
            return handle_oauth(self.store, request, self._clock)
        if is_batch(request.path):
            return run_batch(self, request)
        return self.serve(request)

    def serve(self, request: Request, *, batch: int | None = None) -> Response:
        """Answer one request inside one transaction.

        Args:
            request: The request.
            batch: Number of the `$batch` request it is an item of.
        """
        with self.store.transaction() as connection:
            context = self.open_context(connection, request, batch)
            fault = decide_fault(context)
            if fault is not None and fault.before:
                return self.close_context(context, None, fault)
            if fault is not None and fault.bends:
                context.misconduct = fault.rule
            return self.close_context(context, self.attempt(context, _route), fault)

    def open_context(
        self, connection: sqlite3.Connection, request: Request, batch: int | None = None
    ) -> Context:
        """Begin a request: read the tenant's facts, write the journal's entry."""
        meta = read_meta(connection)
        now = self._clock() + meta["clock_skew"]
        settle_fleet(connection, meta, now)
        number = open_entry(connection, request, format_instant(now), batch)
        return Context(
            connection=connection,
            request=request,
            number=number,
            now=now,
            settings=Settings(**meta["settings"]),
            meta=meta,
            batch=batch,
        )

    def attempt(self, context: Context, work: Callable[[Context], Response]) -> Response:
        """Do `work` for a caller with a valid token; an error becomes its answer."""
        try:
            context.version = _version(context.request.path)
            caller = authenticate(context)
            context.application, context.roles = caller.application, caller.roles
            context.user = caller.user
            response = work(context)
        except GraphError as error:
            response = render_error(context, error)
        headers = {"request-id": context.request_id, **response.headers}
        if "client-request-id" in context.request.headers:
            headers["client-request-id"] = context.request.headers["client-request-id"]
        return Response(response.status, response.body, headers, response.effect)

    def close_context(
        self, context: Context, real: Response | None, fault: Fault | None
    ) -> Response:
        """End a request: apply the fault, complete the journal's entry.

        Args:
            context: The request.
            real: Its answer; None when it was not carried out.
            fault: What strikes it.
        """
        struck = fault is not None and not fault.is_item and not fault.bends
        response = fault.apply(context, real) if fault is not None and struck else real
        if response is None:
            raise ValueError("a request that is not carried out needs a fault")
        silent = response.effect is not None and response.effect.kind in _SILENT
        close_entry(
            context,
            status=None if silent else response.status,
            committed=real is not None
            and real.status < 400
            and context.request.method != "GET"
            and not (fault is not None and fault.ignores),
            fault=fault.name if fault is not None else None,
        )
        dated = {**response.headers, "Date": http_date(context.now)}
        return Response(response.status, response.body, dated, response.effect)


def _version(path: str) -> str:
    version = path.split("/", 2)[1] if path.startswith("/") else ""
    if version not in _VERSIONS:
        raise GraphError(400, "BadRequest", "Invalid version.", form="plain")
    return version


def _route(context: Context) -> Response:
    segments = split_path(context.request.path)[1:]
    routes = find_routes(segments, context.version)
    if not routes:
        raise bad_request(f"Resource not found for the segment '{(segments or ('',))[-1]}'.")
    for route, parameters in routes:
        if route.method == context.request.method:
            return _run(context, route, parameters)
    raise bad_request(
        f"No OData route exists that match template ~/{routes[0][0].template} with http verb"
        f" {context.request.method} for request {context.request.path}."
    )


def _run(context: Context, route: Route, parameters: Mapping[str, str]) -> Response:
    authorize(context, route.permissions, write=route.writes)
    if route.template.startswith("deviceManagement/"):
        throttle(context, write=context.request.method != "GET")
    if route.begins_job:
        throttle_export(context)
    if route.writes and context.settings.read_only:
        raise GraphError(405, "NotAllowed", "The simulated tenant is read-only.", form="plain")
    entity = parameters["id"].lower() if "id" in parameters else None
    code = pass_approval(context, entity) if route.protectable else None
    # A refused request changes nothing, and yet was counted above.
    response = carry_out(context, route.handler, parameters)
    if code is not None:
        complete_approval(context, code)
    return response


def split_path(path: str) -> tuple[str, ...]:
    """Segments of a path; `name('key')` is two, and an empty one is none.

    An empty id therefore lists the whole collection, as Graph does (GRAPH.md 3.6).
    """
    segments: list[str] = []
    for part in path.split("/"):
        name, parenthesis, key = part.partition("(")
        if parenthesis and key.endswith(")"):
            segments += [name, key[:-1].strip("'")]
        else:
            segments.append(part)
    return tuple(segment for segment in segments if segment)
