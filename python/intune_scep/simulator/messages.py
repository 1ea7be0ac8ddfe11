"""Requests and responses as the core sees them: no socket, no framework."""

import json
import math
from collections.abc import Mapping, Sequence
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


def read_json(content: bytes | str) -> Any:
    """JSON of the simulator's own surfaces: finite numbers, no key twice in an object.

    Raises:
        ValueError: It is no such JSON, said in one line.
    """
    try:
        return json.loads(
            content,
            parse_constant=_refuse_constant,
            parse_float=finite_float,
            parse_int=_sane_int,
            object_pairs_hook=_single_keys,
        )
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise ValueError(f"This is no JSON: it cannot be read on from {where}.") from None
    except (UnicodeDecodeError, RecursionError):
        raise ValueError("This is no JSON: it is no UTF-8, or nested too deeply.") from None


def finite_float(text: str) -> float:
    """A number of JSON with a fraction or an exponent.

    Raises:
        ValueError: It is too large for a float, which would make it infinite.
    """
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"Numbers must be finite: {text[:40]} is too large.")
    return number


def _sane_int(text: str) -> int:
    if len(text) > 18:
        raise ValueError(f"Numbers must be of sane size, and {text[:40]} is not.")
    return int(text)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"Numbers must be finite, and {name} is not.")


def _single_keys(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"The key {twice[:80]!r} stands twice in one object.")
    return content
