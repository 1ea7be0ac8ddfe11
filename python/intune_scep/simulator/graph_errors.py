"""Graph's refusals and failures: what a handler raises and how it looks on the wire."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from intune_scep.simulator.context import Context
from intune_scep.simulator.messages import Response, json_response

MessageForm = Literal["intune", "nested_twice", "text", "plain", "empty"]
_NO_OPERATION = "00000000-0000-0000-0000-000000000000"
_SERVICE = (
    "https://fef.simulator.invalid/DeviceConfiguration_2611/StatelessDeviceConfigurationFEService"
)
_GENERIC = "An error has occurred"
_INTERNAL = "An internal server error has occurred"


class GraphError(Exception):
    """An error answer, on its way to the client.

    Args:
        status: HTTP status.
        code: `error.code`.
        reason: Sentence for `error.message`, or for Intune's `Message` inside it.
        form: How `error.message` is built (GRAPH.md 3.7). None: `intune` for resources of
            deviceManagement, `plain` for all others.
        headers: Further response headers.
    """

    def __init__(
        self,
        status: int,
        code: str,
        reason: str,
        *,
        form: MessageForm | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(reason)
        self.status = status
        self.code = code
        self.reason = reason
        self.form = form
        self.headers = dict(headers or {})


def bad_request(reason: str) -> GraphError:
    """400: the request does not fit the model or the service."""
    return GraphError(400, "BadRequest", reason)


def not_found(what: str) -> GraphError:
    """404. The code is not known from any capture (GRAPH.md 7)."""
    return GraphError(404, "ResourceNotFound", f"Resource not found: {what}")


def internal_error() -> GraphError:
    """500, which says nothing about its cause."""
    return GraphError(500, "InternalServerError", _INTERNAL)


_FAULT_CODES: Mapping[int, tuple[str, str]] = {
    400: ("BadRequest", _GENERIC),
    403: ("Forbidden", "Application is not authorized to perform this operation"),
    404: ("ResourceNotFound", _GENERIC),
    409: ("Conflict", _GENERIC),
    412: ("PreconditionFailed", _GENERIC),
    423: ("Locked", _GENERIC),
    424: ("FailedDependency", "A request this one depends on failed."),
    429: ("TooManyRequests", _GENERIC),
    500: ("InternalServerError", _INTERNAL),
    501: ("NotImplemented", _GENERIC),
    502: ("BadGateway", _GENERIC),
    503: ("ServiceUnavailable", "The service is temporarily unavailable"),
    504: ("UnknownError", _GENERIC),
}


def fault_error(status: int, form: MessageForm | None, headers: Mapping[str, str]) -> GraphError:
    """The error a fault rule asks for."""
    code, reason = _FAULT_CODES.get(status, ("UnknownError", _GENERIC))
    return GraphError(status, code, reason, form=form, headers=headers)


def render_error(context: Context, error: GraphError) -> Response:
    """The error as Graph's envelope."""
    default: MessageForm = "intune" if is_intune_path(context.request.path) else "plain"
    message = _FORMS[error.form or default](context, error.reason)
    client_request_id = context.request.headers.get("client-request-id", context.request_id)
    date = datetime.fromtimestamp(context.now, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    envelope = {
        "error": {
            "code": error.code,
            "message": message,
            "innerError": {
                "date": date,
                "request-id": context.request_id,
                "client-request-id": client_request_id,
            },
        }
    }
    return json_response(error.status, envelope, error.headers)


def is_intune_path(path: str) -> bool:
    """Whether Intune, not the directory, answers for `path`."""
    return "/deviceManagement" in path


def _sentence(context: Context, reason: str) -> str:
    resource = context.request.path.partition(f"/{context.version}")[2]
    return (
        f"{reason} - Operation ID (for customer support): {_NO_OPERATION}"
        f" - Activity ID: {context.request_id} - Url: {_SERVICE}{resource}?api-version=5026-10-08"
    )


def _intune(context: Context, reason: str) -> str:
    content: dict[str, Any] = {
        "_version": 3,
        "Message": _sentence(context, reason),
        "CustomApiErrorPhrase": "",
        "RetryAfter": None,
        "ErrorSourceService": "",
        "HttpHeaders": "{}",
    }
    return json.dumps(content, indent=2).replace("\n", "\r\n")


def _nested_twice(context: Context, reason: str) -> str:
    return json.dumps({"Message": _intune(context, reason)})


def _text(context: Context, reason: str) -> str:
    return _sentence(context, reason) + " - CustomApiErrorPhrase: "


_FORMS: Mapping[MessageForm, Callable[[Context, str], str]] = {
    "intune": _intune,
    "nested_twice": _nested_twice,
    "text": _text,
    "plain": lambda _context, reason: reason,
    "empty": lambda _context, _reason: "",
}
