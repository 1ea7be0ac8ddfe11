"""What went wrong between us and Graph, in words and with the ids that support asks for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from intune_scep.errors import IntuneScepError
from intune_scep.graph.answers import parse_answer
from intune_scep.graph.permissions import needed_permission

_ACTIVITY_ID = re.compile(r"Activity ID:\s*([0-9a-fA-F-]{36})")
_SUPPORT_TAIL = re.compile(r"\s+- Operation ID \(for customer support\).*", re.DOTALL)
_MAX_NESTING = 3
_LONGEST_DETAIL = 2_000
_LONGEST_WORD = 200
_TOO_MANY_REQUESTS = 429
_REQUEST_TIMEOUT = 408


class GraphError(IntuneScepError):
    """Graph answered with an error status.

    Attributes:
        status: HTTP status.
        code: Graph's error code, for example `Forbidden`; empty when it sent none.
        detail: The unwrapped message (GRAPH.md 3.7: Intune nests JSON in it up to twice).
        request_id: The id of the request, for Microsoft's support.
        activity_id: Intune's own id inside the message; the one its support needs.
        retry_after: The Retry-After header as it came.
        hides_commit: Whether the request may have taken effect all the same (law 4).
        approval: Code of the approval by another administrator that it waits for, if it does.
    """

    def __init__(
        self,
        *,
        method: str,
        path: str,
        status: int,
        code: str = "",
        detail: str = "",
        request_id: str | None = None,
        activity_id: str | None = None,
        retry_after: str | None = None,
        approval: str | None = None,
    ) -> None:
        self.approval = approval
        self.method = method
        self.path = path
        self.status = status
        self.code = code
        self.detail = detail
        self.request_id = request_id
        self.activity_id = activity_id
        self.retry_after = retry_after
        super().__init__(self._describe(), hint=self._way_out())

    @property
    def hides_commit(self) -> bool:
        return self.status >= 500 or self.status in {_REQUEST_TIMEOUT, _TOO_MANY_REQUESTS}

    @property
    def is_throttling(self) -> bool:
        return self.status == _TOO_MANY_REQUESTS

    def _describe(self) -> str:
        what = f"Graph answered {self.status}" + (f" {self.code}" if self.code else "")
        ids = [
            f"{label} {value}"
            for label, value in (("request id", self.request_id), ("activity id", self.activity_id))
            if value
        ]
        said = f": {self.detail}" if self.detail else ""
        known_as = f" [{', '.join(ids)}]" if ids else ""
        return f"{what} to {self.method} {self.path}{said}{known_as}"

    def _way_out(self) -> str | None:
        if self.status == 401:
            return "The token is missing, expired or not for this cloud. Sign in again."
        if self.status != 403:
            return None
        permission = needed_permission(self.method, self.path)
        return f"The application needs the Graph permission {permission} with admin consent."


class GraphTransportError(IntuneScepError):
    """No whole answer came: unreachable, cut off, too slow, or not what Graph speaks.

    Attributes:
        hides_commit: False only where the request surely never left.
        may_repeat: Whether trying again can help (a bad certificate stays bad).
        retry_after: Always None; the same name as on `GraphError`.
    """

    retry_after: str | None = None
    is_throttling = False

    def __init__(
        self, message: str, *, hides_commit: bool, may_repeat: bool = True, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.hides_commit = hides_commit
        self.may_repeat = may_repeat


class AuthenticationError(IntuneScepError):
    """No token could be had."""


class OutcomeUnknownError(IntuneScepError):
    """A write may or may not have happened and could not be read back (law 4)."""


class UnsafeLinkError(IntuneScepError):
    """Graph sent a link to another host; it is not followed (law 7)."""


class InvalidIdError(IntuneScepError):
    """An id that must not enter a URL: empty, or with characters no id has."""


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
    return GraphError(
        method=method,
        path=path,
        status=status,
        code=word(error.get("code")),
        detail=clean(detail)[:_LONGEST_DETAIL],
        request_id=word(headers.get("request-id") or inner.get("request-id")) or None,
        activity_id=activity_id,
        retry_after=headers.get("retry-after"),
        approval=headers.get("x-msft-approval-code"),
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
