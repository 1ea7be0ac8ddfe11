"""The journal of requests: what clients asked, in order, without their credentials."""

import json
import sqlite3
from contextlib import suppress
from typing import Any

from intune_scep.simulator.context import Context
from intune_scep.simulator.messages import Request

_COLUMNS = (
    "seq",
    "at",
    "batch",
    "method",
    "path",
    "query",
    "body",
    "request_id",
    "client_request_id",
    "application",
    "status",
    "committed",
    "fault",
)
_LARGEST_BODY = 100_000


def open_entry(connection: sqlite3.Connection, request: Request, at: str, batch: int | None) -> int:
    """Record that a request came in; its number."""
    keep_body = request.body and b"client_secret" not in request.body
    body = request.body[:_LARGEST_BODY].decode(errors="replace") if keep_body else None
    cursor = connection.execute(
        "INSERT INTO journal (at, batch, method, path, query, body, client_request_id)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            at,
            batch,
            request.method,
            request.path,
            request.query,
            body,
            request.headers.get("client-request-id"),
        ),
    )
    return int(cursor.lastrowid or 0)


def close_entry(
    context: Context, *, status: int | None, committed: bool, fault: str | None
) -> None:
    """Record how the request ended.

    Args:
        context: The request.
        status: The status the client was sent; None when it was sent nothing.
        committed: Whether a write took effect.
        fault: The fault that was injected.
    """
    context.connection.execute(
        "UPDATE journal SET request_id = ?, application = ?, status = ?, committed = ?, fault = ?"
        " WHERE seq = ?",
        (context.request_id, context.application, status, committed, fault, context.number),
    )


def read_journal(
    connection: sqlite3.Connection,
    *,
    method: str | None = None,
    path: str | None = None,
    status: int | None = None,
    after: int = 0,
) -> list[dict[str, Any]]:
    """Entries in order, filtered.

    Args:
        connection: The tenant's.
        method: Only this method.
        path: Only paths that contain this text.
        status: Only this status.
        after: Only entries numbered higher.
    """
    rows = connection.execute(
        f"SELECT {', '.join(_COLUMNS)} FROM journal WHERE seq > ?"  # noqa: S608 - constants of this module
        " AND (? IS NULL OR method = ?) AND (? IS NULL OR instr(path, ?) > 0)"
        " AND (? IS NULL OR status = ?) ORDER BY seq",
        (after, method, method, path, path, status, status),
    )
    return [_entry(dict(zip(_COLUMNS, row, strict=True))) for row in rows]


def clear_journal(connection: sqlite3.Connection) -> None:
    """Forget every entry; numbers go on."""
    connection.execute("DELETE FROM journal")


def _entry(row: dict[str, Any]) -> dict[str, Any]:
    row["committed"] = bool(row["committed"])
    if row["body"] is not None:
        with suppress(ValueError):
            row["body"] = json.loads(row["body"])
    return row
