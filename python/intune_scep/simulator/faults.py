"""Faults by rule, the same ones in every run with the same requests.

A rule:

    {"match": {"method": "PATCH", "path": "deviceConfigurations", "nth": [1, 3]},
     "when": "after", "effect": 504, "retry_after": 2, "times": 1}

`match.path` is a regular expression searched in the path; `match` takes one of `nth` (a list),
`every` (a number) or `probability`; none of them means every time. `match.per` says what is
counted: `rule` (all requests the rule matches, the default) or `request` (each method and path by
itself). `effect` is a status or one of `EFFECTS`. `form` builds the error's message (`intune`,
`nested_twice`, `text`, `plain`, `empty`). `seconds` is the delay of `slow` and `drip`. `item` and
`status` say which item of a `$batch` answers what.
"""

import hashlib
import json
import re
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from intune_scep.simulator.context import Context
from intune_scep.simulator.graph_errors import fault_error, render_error
from intune_scep.simulator.messages import Effect, Response
from intune_scep.simulator.throttle import http_date

EFFECTS = (
    "html_502",
    "malformed_json",
    "close",
    "truncate",
    "slow",
    "drip",
    "batch_item",
    "kill",
)
_FORMS = (None, "intune", "nested_twice", "text", "plain", "empty")
_MATCH_KEYS = frozenset({"method", "path", "nth", "every", "probability", "per"})
_RULE_KEYS = frozenset(
    {"match", "when", "effect", "retry_after", "times", "form", "seconds", "item", "status", "name"}
)
_HTML = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    b"<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"
)


@dataclass(frozen=True)
class Fault:
    """A rule that strikes the present request."""

    rule: Mapping[str, Any]

    @property
    def name(self) -> str:
        """How the journal calls it."""
        return str(self.rule.get("name", f"{self.rule['effect']} {self.rule['when']}"))

    @property
    def before(self) -> bool:
        """Whether the request is not carried out."""
        return bool(self.rule["when"] == "before" and not self.is_item)

    @property
    def is_item(self) -> bool:
        """Whether it strikes one item of a batch."""
        return bool(self.rule["effect"] == "batch_item")

    @property
    def item(self) -> int:
        """Which item, from 1."""
        return int(self.rule.get("item", 1))

    def apply(self, context: Context, response: Response | None) -> Response:
        """The answer the client gets.

        Args:
            context: The request.
            response: The real answer; None when the request was not carried out.
        """
        effect = self.rule["effect"]
        if isinstance(effect, int):
            return self._error(context, effect)
        if effect == "html_502":
            return Response(502, _HTML, {"Content-Type": "text/html"} | self.headers(context))
        real = response or Response(200, b'{"value":[]}', {"Content-Type": "application/json"})
        if effect == "malformed_json":
            return Response(200, b'{"value":[{"id":', {"Content-Type": "application/json"})
        if effect == "truncate" and not real.body:
            real = Response(200, b'{"value":[]}', {"Content-Type": "application/json"})
        seconds = float(self.rule.get("seconds", 120))
        return Response(real.status, real.body, real.headers, Effect(effect, seconds))

    def _error(self, context: Context, status: int) -> Response:
        error = fault_error(status, self.rule.get("form"), self.headers(context))
        return render_error(context, error)

    def headers(self, context: Context) -> dict[str, str]:
        """`Retry-After`, in the form the rule asks for."""
        wanted = self.rule.get("retry_after")
        if wanted is None:
            return {}
        if wanted == "date":
            return {"Retry-After": http_date(context.now + 2)}
        return {"Retry-After": str(wanted)}


def decide_fault(context: Context) -> Fault | None:
    """The first rule that strikes the present request, counted as used."""
    method, path = context.request.method, context.request.path
    for number, text in context.connection.execute(
        "SELECT position, body FROM fault_rule ORDER BY position"
    ).fetchall():
        rule = json.loads(text)
        match = rule.get("match", {})
        if match.get("method", method).upper() != method or not re.search(
            match.get("path", ""), path
        ):
            continue
        nth = _count(context.connection, number, f"{method} {path}", _counted(match))
        if _strikes(match, nth, context.meta["seed"], number, f"{method} {path}") and _use(
            context.connection, number, rule.get("times")
        ):
            return Fault(rule)
    return None


def read_rules(connection: sqlite3.Connection) -> list[dict[str, Any]]:
    """The rules in force."""
    rows = connection.execute("SELECT body FROM fault_rule ORDER BY position")
    return [json.loads(text) for (text,) in rows]


def replace_rules(connection: sqlite3.Connection, rules: Sequence[Any]) -> None:
    """Put rules in force and forget what was counted for the old ones.

    Raises:
        ValueError: A rule is malformed, said in one line.
    """
    checked = [_check_rule(rule) for rule in rules]
    connection.execute("DELETE FROM fault_rule")
    connection.execute("DELETE FROM fault_count")
    connection.executemany(
        "INSERT INTO fault_rule VALUES (?, ?)",
        ((number, json.dumps(rule)) for number, rule in enumerate(checked)),
    )


def _check_rule(rule: Any) -> dict[str, Any]:
    if not isinstance(rule, dict) or "effect" not in rule:
        raise ValueError("A fault rule is an object with an 'effect'.")
    match = rule.get("match", {})
    unknown = (rule.keys() - _RULE_KEYS) | (match.keys() - _MATCH_KEYS)
    if unknown:
        raise ValueError(f"A fault rule has no {', '.join(sorted(map(repr, unknown)))}.")
    effect = rule["effect"]
    if not isinstance(effect, int) and effect not in EFFECTS:
        raise ValueError(f"The effect is a status or one of {', '.join(EFFECTS)}.")
    if rule.get("form") not in _FORMS:
        raise ValueError(f"The form is one of {', '.join(filter(None, _FORMS))}.")
    if rule.setdefault("when", "before") not in ("before", "after"):
        raise ValueError("'when' is before or after.")
    try:
        re.compile(match.get("path", ""))
    except re.error as error:
        raise ValueError(f"'path' is no regular expression: {error}.") from None
    return rule


def _counted(match: Mapping[str, Any]) -> str:
    # Counting each request by itself keeps chance independent of how requests interleave.
    return str(match.get("per", "request" if "probability" in match else "rule"))


def _count(connection: sqlite3.Connection, rule: int, request: str, per: str) -> int:
    """How often the rule has matched: every request, or this one if counted by itself."""
    connection.executemany(
        "INSERT INTO fault_count (rule, key, matched) VALUES (?, ?, 1)"
        " ON CONFLICT (rule, key) DO UPDATE SET matched = matched + 1",
        [(rule, ""), (rule, request)],
    )
    row = connection.execute(
        "SELECT matched FROM fault_count WHERE rule = ? AND key = ?",
        (rule, request if per == "request" else ""),
    ).fetchone()
    return int(row[0])


def _strikes(match: Mapping[str, Any], nth: int, seed: str, rule: int, request: str) -> bool:
    if "nth" in match:
        return nth in match["nth"]
    if "every" in match:
        return nth % int(match["every"]) == 0
    if "probability" in match:
        # A shared random generator would give other faults to other interleavings.
        digest = hashlib.sha256(f"{seed}|{rule}|{request}|{nth}".encode()).digest()
        return int.from_bytes(digest[:8], "big") / 2**64 < float(match["probability"])
    return True


def _use(connection: sqlite3.Connection, rule: int, times: int | None) -> bool:
    used = connection.execute(
        "SELECT injected FROM fault_count WHERE rule = ? AND key = ''", (rule,)
    ).fetchone()[0]
    if times is not None and used >= times:
        return False
    connection.execute(
        "UPDATE fault_count SET injected = injected + 1 WHERE rule = ? AND key = ''", (rule,)
    )
    return True
