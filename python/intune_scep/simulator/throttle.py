"""Intune's published limits, over a sliding window kept in the tenant's file (GRAPH.md 4.1)."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from intune_scep.simulator.context import Context
from intune_scep.simulator.graph_errors import GraphError

_MINUTE = 60.0


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
    window = _Window(context, "request_window", settings.window_seconds)
    application = (context.application,)
    waits = [
        window.wait(settings.tenant_requests, "1"),
        window.wait(settings.application_requests, "application = ?", application),
    ]
    if write:
        waits += [
            window.wait(settings.tenant_writes, "is_write"),
            window.wait(settings.application_writes, "is_write AND application = ?", application),
        ]
    _refuse(context, max(waits))


def throttle_export(context: Context) -> None:
    """Count a request for an export job, and refuse it when one of their limits is passed.

    Raises:
        GraphError: 429.
    """
    settings = context.settings
    if not settings.throttling:
        return
    connection = context.connection
    connection.execute("DELETE FROM export_window WHERE at <= ?", (context.now - _MINUTE,))
    connection.execute(
        "INSERT INTO export_window (at, application, user) VALUES (?, ?, ?)",
        (context.now, context.application, context.user),
    )
    window = _Window(context, "export_window", _MINUTE)
    waits = [
        window.wait(settings.export_tenant_jobs, "1"),
        window.wait(settings.export_application_jobs, "application = ?", (context.application,)),
    ]
    if context.user is not None:
        waits.append(window.wait(settings.export_user_jobs, "user = ?", (context.user,)))
    _refuse(context, max(waits))


@dataclass(frozen=True)
class _Window:
    """The requests of the last `seconds`, one row each in a table."""

    context: Context
    table: str
    seconds: float

    def wait(self, limit: int, condition: str, parameters: tuple[str | None, ...] = ()) -> float:
        """Seconds until the window has room again; 0 when the request is within the limit."""
        rows = f"{self.table} WHERE {condition}"
        connection = self.context.connection
        count = connection.execute(
            f"SELECT count(*) FROM {rows}",  # noqa: S608 - constants of this module
            parameters,
        ).fetchone()[0]
        if count <= limit:
            return 0.0
        oldest = connection.execute(
            f"SELECT at FROM {rows} ORDER BY at LIMIT 1 OFFSET ?",  # noqa: S608 - constants of this module
            (*parameters, count - limit),
        ).fetchone()[0]
        return max(float(oldest) + self.seconds - self.context.now, 0.001)


def _refuse(context: Context, wait: float) -> None:
    if wait > 0:
        raise GraphError(
            429, "TooManyRequests", "An error has occurred", headers=_retry_after(context, wait)
        )


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
