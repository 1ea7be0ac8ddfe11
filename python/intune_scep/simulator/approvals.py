"""Multi admin approval: a write is filed, approved by another administrator, and sent again.

ROLLOUT.md 6. Whether it applies to `deviceConfigurations` is unknown, so it is off unless the
setting `approvals` says with which status a filed request is answered.
"""

import base64
import binascii
import hashlib
import sqlite3
from collections.abc import Mapping
from typing import Any

from intune_scep.simulator.clock import format_instant, parse_instant
from intune_scep.simulator.context import Context
from intune_scep.simulator.graph_errors import GraphError, bad_request
from intune_scep.simulator.resources import (
    APPROVAL_REQUESTS,
    add_resource,
    find_resource,
    replace_resource,
)

JUSTIFICATION = "x-msft-approval-justification"
CODE = "x-msft-approval-code"
SECONDS_TO_LIVE = 3 * 86_400
_LONGEST = 1024
_TYPE = "operationApprovalRequest"
_ACTIVE = ("needsApproval", "approved")
DECISIONS: Mapping[str, str] = {"approve": "approved", "reject": "rejected"}
"""What an approver decides -> the status it gives."""


def pass_approval(context: Context, entity: str | None) -> str | None:
    """Let a write pass that is approved; every other one is filed or refused.

    Args:
        context: The write.
        entity: Id of what it is about; None for something new.

    Returns:
        The code of the request that it completes; None where nothing is protected.

    Raises:
        GraphError: 400, 403, 409 or 412: it is not carried out.
    """
    if context.settings.approvals == "off":
        return None
    expire_approvals(context.connection, context.now)
    headers = context.request.headers
    justification, code = headers.get(JUSTIFICATION), headers.get(CODE)
    if code is not None and justification is None:
        return _completed(context, code)
    if justification is None:
        raise bad_request(f"Header '{JUSTIFICATION}' is required to request approval.")
    reason = _read_justification(justification)
    if entity is not None and _is_waited_for(context.connection, entity):
        raise GraphError(
            409, "Conflict", "An active Approval Request already exists for this entity."
        )
    raise _filed(context, entity, reason)


def complete_approval(context: Context, code: str) -> None:
    """The approved write was carried out."""
    _set(context.connection, code, context.now, status="completed")


def expire_approvals(connection: sqlite3.Connection, now: float) -> None:
    """Let requests expire that nobody processed in three days."""
    rows = connection.execute(
        "SELECT id FROM resource WHERE collection = ?"
        " AND json_extract(body, '$.status') IN (?, ?)"
        " AND json_extract(body, '$.expirationDateTime') <= ?",
        (APPROVAL_REQUESTS, *_ACTIVE, format_instant(now)),
    )
    for (code,) in rows.fetchall():
        ended = find_resource(connection, APPROVAL_REQUESTS, code)
        if ended is not None:
            moment = parse_instant(ended.entity["expirationDateTime"])
            _set(connection, code, moment, status="expired")


def list_approvals(connection: sqlite3.Connection, now: float) -> list[dict[str, Any]]:
    """Every request with what it asks for, oldest first."""
    expire_approvals(connection, now)
    rows = connection.execute(
        "SELECT approval.id, json_extract(resource.body, '$.status'),"
        " json_extract(resource.body, '$.requestJustification'), method, path, entity"
        " FROM approval JOIN resource ON resource.collection = ? AND resource.id = approval.id"
        " ORDER BY resource.seq",
        (APPROVAL_REQUESTS,),
    )
    names = ("code", "status", "justification", "method", "path", "entity")
    return [dict(zip(names, row, strict=True)) for row in rows]


def decide_approval(
    connection: sqlite3.Connection, now: float, code: str, decision: str, reason: str | None
) -> None:
    """Approve or reject a request, as another administrator would.

    Raises:
        ValueError: There is no such request, or it is over, said in one line.
    """
    expire_approvals(connection, now)
    found = find_resource(connection, APPROVAL_REQUESTS, code)
    if found is None:
        raise ValueError(f"There is no approval request {code[:80]!r}.")
    status = found.entity["status"]
    if status != "needsApproval":
        raise ValueError(f"The approval request {code[:80]!r} is {status} already.")
    approver = {"user": {"displayName": "Another administrator", "id": None}}
    changes = {"status": DECISIONS[decision], "approvalJustification": reason, "approver": approver}
    _set(connection, found.id, now, **changes)


def _completed(context: Context, code: str) -> str:
    """The code of an approved request that this write is, byte for byte, from its filer."""
    row = context.connection.execute(
        "SELECT approval.id FROM approval JOIN resource ON resource.collection = ?"
        " AND resource.id = approval.id WHERE approval.id = ? AND method = ? AND path = ?"
        " AND digest = ? AND identity = ? AND json_extract(resource.body, '$.status') = 'approved'",
        (APPROVAL_REQUESTS, code.lower(), *_what(context)),
    ).fetchone()
    if row is None:
        raise GraphError(403, "Forbidden", "", form="empty")
    return str(row[0])


def _what(context: Context) -> tuple[str, str, str, str]:
    """Method, address, digest of the body and who asks."""
    request = context.request
    address = f"{request.path}?{request.query}" if request.query else request.path
    who = context.user or context.application or ""
    return request.method, address, hashlib.sha256(request.body).hexdigest(), who


def _read_justification(text: str) -> str:
    try:
        decoded = base64.b64decode(text, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise bad_request(f"Header '{JUSTIFICATION}' must be Base64 of UTF-8.") from None
    if not decoded.strip() or len(decoded) > _LONGEST:
        raise bad_request(f"Header '{JUSTIFICATION}' takes 1 to {_LONGEST} characters.")
    return decoded


def _is_waited_for(connection: sqlite3.Connection, entity: str) -> bool:
    row = connection.execute(
        "SELECT 1 FROM approval JOIN resource ON resource.collection = ?"
        " AND resource.id = approval.id WHERE entity = ?"
        " AND json_extract(resource.body, '$.status') IN (?, ?)",
        (APPROVAL_REQUESTS, entity, *_ACTIVE),
    ).fetchone()
    return row is not None


def _filed(context: Context, entity: str | None, reason: str) -> GraphError:
    code = context.new_id()
    application = {"id": context.application, "displayName": None}
    person = None if context.user is None else {"id": context.user, "displayName": None}
    add_resource(
        context.connection,
        APPROVAL_REQUESTS,
        {
            "@odata.type": f"#microsoft.graph.{_TYPE}",
            "id": code,
            "requestDateTime": context.timestamp,
            "expirationDateTime": format_instant(context.now + SECONDS_TO_LIVE),
            "lastModifiedDateTime": context.timestamp,
            "requestor": {"application": application, "device": None, "user": person},
            "approver": None,
            "status": "needsApproval",
            "requestJustification": reason,
            "approvalJustification": None,
            "requiredOperationApprovalPolicyTypes": ["configurationPolicy"],
        },
    )
    context.connection.execute(
        "INSERT INTO approval (id, entity, method, path, digest, identity)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (code, entity, *_what(context)),
    )
    told = f"An approval request was created for this operation: {code}."
    status, name = _ANSWERS[context.settings.approvals]
    return GraphError(status, name, told, headers={CODE: code})


_ANSWERS = {"412": (412, "BadRequest"), "403": (403, "ApprovalRequired")}


def _set(connection: sqlite3.Connection, code: str, now: float, **changes: Any) -> None:
    found = find_resource(connection, APPROVAL_REQUESTS, code)
    if found is not None:
        moment = {"lastModifiedDateTime": format_instant(now)}
        replace_resource(connection, APPROVAL_REQUESTS, found.entity | changes | moment)
