"""Requests and responses as the core sees them: no socket, no framework."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

EffectKind = Literal["close", "truncate", "slow", "drip", "kill"]


@dataclass(frozen=True)
class Request:
    """One HTTP request.

    Args:
        method: Upper case.
        path: Percent-decoded, with its leading slash.
        query: Raw, without the question mark.
        headers: Names in lower case.
        body: As received.
        scheme: `http` or `https`.
        host: With the port where there is one; links in the answer are built from it.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = b""
    scheme: str = "https"
    host: str = "graph.simulator.invalid"


@dataclass(frozen=True)
class Effect:
    """What happens to a response on its way to the client.

    Args:
        kind: `close` (no answer), `truncate` (body cut short), `slow` (late), `drip` (a byte at a
            time) or `kill` (the process dies, in process only).
        seconds: How late, for `slow` and `drip`.
    """

    kind: EffectKind
    seconds: float = 0.0


@dataclass(frozen=True)
class Response:
    """One HTTP response."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    effect: Effect | None = None

    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


def json_response(status: int, content: Any, headers: Mapping[str, str] | None = None) -> Response:
    """A response with a JSON body."""
    return raw_json_response(status, dump_json(content), headers)


def raw_json_response(status: int, text: str, headers: Mapping[str, str] | None = None) -> Response:
    """A response whose JSON text is ready."""
    return Response(status, text.encode(), {"Content-Type": "application/json", **(headers or {})})


def dump_json(content: Any) -> str:
    """JSON text as the simulator stores and sends it: compact, keys in order of insertion."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))
