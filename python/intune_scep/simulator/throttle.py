"""Intune's published limits, over a sliding window kept in the tenant's file (GRAPH.md 4.1)."""

import math
from datetime import UTC, datetime
from email.utils import format_datetime

from intune_scep.simulator.context import Context
from intune_scep.simulator.graph_errors import GraphError


def throttle(context: Context, *, write: bool) -> None:
    """Count the request, and refuse it when a limit is passed.

    Refused requests count as well: a client that does not wait stays throttled.

    Raises:
        GraphError: 429.
    """
    settings = context.settings
    if not settings.throttling:
        return
    connection = context.connection
    start = context.now - settings.window_seconds
    connection.execute("DELETE FROM request_window WHERE at <= ?", (start,))
    connection.execute(
        "INSERT INTO request_window (at, application, is_write) VALUES (?, ?, ?)",
        (context.now, context.application, write),
    )
    wait = max(
        _wait(context, settings.tenant_requests, "1", ()),
        _wait(context, settings.application_requests, "application = ?", (context.application,)),
        _wait(context, settings.tenant_writes, "is_write", ()) if write else 0.0,
        _wait(
            context,
            settings.application_writes,
            "is_write AND application = ?",
            (context.application,),
        )
        if write
        else 0.0,
    )
    if wait > 0:
        raise GraphError(
            429, "TooManyRequests", "An error has occurred", headers=_retry_after(context, wait)
        )


def _wait(
    context: Context, limit: int, condition: str, parameters: tuple[str | None, ...]
) -> float:
    """Seconds until the window has room again; 0 when the request is within the limit."""
    count = context.connection.execute(
        f"SELECT count(*) FROM request_window WHERE {condition}",  # noqa: S608 - constants of this module
        parameters,
    ).fetchone()[0]
    if count <= limit:
        return 0.0
    oldest = context.connection.execute(
        f"SELECT at FROM request_window WHERE {condition} ORDER BY at LIMIT 1 OFFSET ?",  # noqa: S608 - constants of this module
        (*parameters, count - limit),
    ).fetchone()[0]
    return max(float(oldest) + context.settings.window_seconds - context.now, 0.001)


def _retry_after(context: Context, wait: float) -> dict[str, str]:
    form = context.settings.retry_after
    if form == "absent":
        return {}
    if form == "fractional":
        return {"Retry-After": f"{wait + 0.001:.3f}"}
    if form == "date":
        return {"Retry-After": http_date(math.ceil(context.now + wait))}
    return {"Retry-After": str(math.ceil(wait))}


def http_date(seconds: float) -> str:
    """Epoch seconds as an HTTP date."""
    return format_datetime(datetime.fromtimestamp(seconds, UTC), usegmt=True)
