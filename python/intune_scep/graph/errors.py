"""What went wrong between us and Graph, in words and with the ids that support asks for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from intune_scep.errors import GraphError
from intune_scep.graph.answers import parse_answer
from intune_scep.graph.approval import approval_in
from intune_scep.graph.permissions import needed_permission

_ACTIVITY_ID = re.compile(r"Activity ID:\s*([0-9a-fA-F-]{36})")
_SUPPORT_TAIL = re.compile(r"\s+- Operation ID \(for customer support\).*", re.DOTALL)
_MAX_NESTING = 3
_LONGEST_DETAIL = 2_000
_LONGEST_WORD = 200


def error_from_response(
    method: str,
    path: str,
    status: int,
    headers: Mapping[str, str],
    body: Any,
    *,
    clean: Callable[[str], str] = str,
) -> GraphError:
    """Build the error for a response with a status of 400 and above, tolerating every form.

    Args:
        headers: With lower-case names.
        body: Parsed JSON, or None where it was not JSON.
        clean: Takes secrets out of text: a server may repeat what it was sent.
    """

    def word(value: Any) -> str:
        return clean(str(value or ""))[:_LONGEST_WORD]

    error = body.get("error") if isinstance(body, Mapping) else None
    error = error if isinstance(error, Mapping) else {}
    inner = error.get("innerError") or error.get("innererror") or {}
    inner = inner if isinstance(inner, Mapping) else {}
    detail, activity_id = unwrap_message(error.get("message"))
    approval = approval_in(status, headers, body)
    return GraphError(
        method=method,
        path=path,
        status=status,
        code=word(error.get("code")),
        detail=clean(detail)[:_LONGEST_DETAIL],
        request_id=word(headers.get("request-id") or inner.get("request-id")) or None,
        activity_id=activity_id,
        retry_after=headers.get("retry-after"),
        needs=needed_permission(method, path),
        approval=word(approval.code) or None,
        approval_asked=approval.asked,
        approval_active=approval.active,
    )


def unwrap_message(message: Any) -> tuple[str, str | None]:
    """Return the human part of an Intune error message and its activity id (GRAPH.md 3.7)."""
    text = message if isinstance(message, str) else ""
    phrase = ""
    for _ in range(_MAX_NESTING):
        inner = _json_object(text)
        if inner is None:
            break
        phrase = str(inner.get("CustomApiErrorPhrase") or phrase)
        nested = inner.get("Message", inner.get("message"))
        text = nested if isinstance(nested, str) else ""
    activity = _ACTIVITY_ID.search(text)
    plain = _SUPPORT_TAIL.sub("", text).strip()
    if phrase:
        plain = f"{plain} ({phrase})" if plain else phrase
    return plain, activity.group(1) if activity else None


def _json_object(text: str) -> dict[str, Any] | None:
    value = parse_answer(text) if text.lstrip().startswith("{") else None
    return value if isinstance(value, dict) else None
