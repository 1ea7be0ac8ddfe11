"""Faults by rule, the same ones in every run with the same requests.

A rule:

    {"match": {"method": "PATCH", "path": "deviceConfigurations", "nth": [1, 3]},
     "when": "after", "effect": 504, "retry_after": 2, "times": 1}

`match.path` is a regular expression searched in the path; `match` takes one of `nth` (a list),
`every` (a number) or `probability`; none of them means every time. `match.per` says what is
counted: `rule` (all requests the rule matches, the default) or `request` (each method and path by
itself). `effect` is a status or one of `EFFECTS` or of `BENDS`. `form` builds the error's message
(`intune`, `nested_twice`, `text`, `plain`, `empty`). `seconds` is the delay of `slow` and `drip`.
`item` and `status` say which item of a `$batch` answers what.

The effects of `BENDS` carry the request out in another way. They strike single requests and items
of a `$batch` alike, and only requests they can bend (a rule counts no others):

    {"effect": "ignore"}                         a write of a profile: answered, not done
    {"effect": "more", "set": {…}}               a write: done, and these properties changed too
    {"effect": "edit", "when": "after", "id": "…", "set": {…}}    anything: somebody else edits
    {"effect": "edit", "when": "before", "delete": true}          or deletes at that moment
    {"effect": "edit", "assign": [target, …]}                     or assigns it to others
    {"effect": "edit", "create": {…}}                             or makes a profile
    {"effect": "lag", "seconds": 30}             a write: reads of that profile do not show it yet
    {"effect": "overlap", "stale": true}         a later page of a listing: it begins with the last
                                                 item of the one before, if stale in an older
                                                 edition
    {"effect": "slip", "count": 2}               a later page of a listing: it lacks its first items
    {"effect": "split", "size": 1}               assignments, expanded or listed: this many at a
                                                 time, with a nextLink
    {"effect": "odd_item", "item": null}         a listing: this in front of its items
    {"effect": "other_id"}                       GET of one profile: another one is answered

Without `id` an `edit` is of the request's profile; a `create` needs none. What lags shows at once
when the rules are replaced. Properties in `set` are stored as given, whatever the schema says; what
`create` makes must be a profile that a POST could make, and an element of `assign` a target.
"""

import hashlib
import json
import math
import re
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from intune_scep.simulator.bodies import checked_complex, new_entity, read_type
from intune_scep.simulator.context import Context
from intune_scep.simulator.graph_errors import GraphError, bad_request, fault_error, render_error
from intune_scep.simulator.messages import Effect, Request, Response
from intune_scep.simulator.schema import DEVICE_CONFIGURATION, StructuredType
from intune_scep.simulator.throttle import http_date

EFFECTS: Mapping[str, frozenset[str]] = {
    "html_502": frozenset({"when", "retry_after"}),
    "malformed_json": frozenset({"when"}),
    "close": frozenset({"when"}),
    "truncate": frozenset({"when"}),
    "slow": frozenset({"when", "seconds"}),
    "drip": frozenset({"when", "seconds"}),
    "batch_item": frozenset({"when", "item", "status", "retry_after", "form"}),
    "kill": frozenset({"when"}),
}
"""Effects on the answer that are no status -> the keys of their own."""

BENDS: Mapping[str, frozenset[str]] = {
    "ignore": frozenset(),
    "more": frozenset({"set"}),
    "edit": frozenset({"when", "id", "set", "delete", "assign", "create"}),
    "lag": frozenset({"seconds"}),
    "overlap": frozenset({"stale"}),
    "slip": frozenset({"count"}),
    "split": frozenset({"size"}),
    "odd_item": frozenset({"item"}),
    "other_id": frozenset(),
}
"""Effects on how a request is carried out -> the keys of their own."""

_OF_A_STATUS = frozenset({"when", "retry_after", "form"})
_OF_ALL = frozenset({"match", "effect", "times", "name"})
_WRITES = ("POST", "PUT", "PATCH", "DELETE")
_ONLY: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("ignore", "more", "lag"), _WRITES),
    **dict.fromkeys(("overlap", "slip", "split", "odd_item", "other_id"), ("GET",)),
    "batch_item": ("POST",),
}
"""Effect -> the methods of the requests that it can strike, where not of all."""

_COMPUTED = frozenset({"id", "@odata.type", "version", "lastModifiedDateTime"})
_PROFILE_PATH = re.compile(
    r"/(?:beta|v1\.0)/deviceManagement/(?:deviceConfigurations|resourceAccessProfiles)"
    r"(?P<one>/+[^/]+|\('[^']*'\))?(?P<cast>/microsoft\.graph\.[^/]+)?(?P<rest>/.+)?/*"
)
_FORMS = (None, "intune", "nested_twice", "text", "plain", "empty")
_LONGEST = 100_000_000
"""Seconds, about three years: the clock that a late answer sets forward must stay a date."""
_TARGET = "deviceAndAppManagementAssignmentTarget"
_METHODS = ("GET", *_WRITES)
_MATCH_KEYS = frozenset({"method", "path", "nth", "every", "probability", "per"})
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
        return str(
            self.rule.get("name", f"{self.rule['effect']} {self.rule.get('when', '')}".strip())
        )

    @property
    def before(self) -> bool:
        """Whether the request is not carried out."""
        return not self.is_item and not self.bends and bool(self.rule["when"] == "before")

    @property
    def bends(self) -> bool:
        """Whether the request is carried out, in another way."""
        return self.rule["effect"] in BENDS

    @property
    def ignores(self) -> bool:
        """Whether the request only seems to be carried out."""
        return bool(self.rule["effect"] == "ignore")

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
        if rule["effect"] in BENDS and not _can_bend(rule, context.request):
            continue
        if rule["effect"] == "batch_item" and not path.endswith("/$batch"):
            continue
        nth = _count(context.connection, number, f"{method} {path}", _counted(match))
        if _strikes(match, nth, context.meta["seed"], number, f"{method} {path}") and _use(
            context.connection, number, rule.get("times")
        ):
            return Fault(rule)
    return None


def _can_bend(rule: Mapping[str, Any], request: Request) -> bool:
    effect, about = rule["effect"], _PROFILE_PATH.fullmatch(request.path)
    if effect == "edit" and rule.keys() & {"id", "create"}:
        return True
    if about is None:
        return False
    reads, one, rest = request.method == "GET", about["one"] is not None, about["rest"]
    if effect == "edit":
        return one or request.method == "POST"
    query = parse_qs(request.query)
    if effect == "split":
        expanded = "assignments" in query.get("$expand", [""])[0]
        return reads and (expanded if rest is None else rest == "/assignments")
    if effect in ("overlap", "slip"):
        return reads and not one and "$skiptoken" in query
    if effect == "odd_item":
        return reads and not one
    if effect == "other_id":
        return reads and one and rest is None
    return not reads


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
    connection.execute("DELETE FROM past")
    connection.executemany(
        "INSERT INTO fault_rule VALUES (?, ?)",
        ((number, json.dumps(rule)) for number, rule in enumerate(checked)),
    )


def _check_rule(rule: Any) -> dict[str, Any]:
    if not isinstance(rule, dict) or "effect" not in rule:
        raise ValueError("A fault rule is an object with an 'effect'.")
    effect, match = rule["effect"], rule.get("match", {})
    _check_effect(effect)
    if not isinstance(match, dict):
        raise ValueError("'match' is an object.")
    bends = effect in BENDS
    own = {**EFFECTS, **BENDS}.get(effect, _OF_A_STATUS)
    _refuse_others(rule, _OF_ALL | own, f"A rule with the effect {effect!r}")
    _refuse_others(match, _MATCH_KEYS, "'match'")
    _check_match(match)
    _check_method(effect, match)
    _check_texts(rule)
    if not bends or effect == "edit":
        rule.setdefault("when", "before")
    if rule.get("when", "before") not in ("before", "after"):
        raise ValueError("'when' is before or after.")
    _check_numbers(rule)
    if bends:
        _check_bend(rule)
    return rule


def _refuse_others(given: Mapping[str, Any], known: Collection[str], what: str) -> None:
    if others := sorted(given.keys() - known):
        names = ", ".join(repr(name[:80]) for name in others)
        raise ValueError(f"{what} has no {names}; it takes {', '.join(sorted(known))}.")


def _check_method(effect: Any, match: Mapping[str, Any]) -> None:
    possible = _ONLY.get(effect, _METHODS)
    if match.get("method", possible[0]).upper() not in possible:
        raise ValueError(
            f"The effect {effect!r} strikes only {', '.join(possible)}, never {match['method']}."
        )


def _check_texts(rule: Mapping[str, Any]) -> None:
    if rule.get("form") not in _FORMS:
        raise ValueError(f"The form is one of {', '.join(filter(None, _FORMS))}.")
    if not isinstance(rule.get("name", ""), str):
        raise ValueError("'name' is a text.")
    again = rule.get("retry_after")
    if isinstance(again, bool) or (not isinstance(again, int | float | None) and again != "date"):
        raise ValueError("'retry_after' is a number of seconds, \"date\" or null.")


def _check_effect(effect: Any) -> None:
    if isinstance(effect, int) and 200 <= effect <= 599:
        return
    if not isinstance(effect, str) or effect not in (*EFFECTS, *BENDS):
        words = ", ".join((*EFFECTS, *BENDS))
        raise ValueError(f"The effect is a status (a number from 200 to 599) or one of {words}.")


def _check_match(match: Mapping[str, Any]) -> None:
    for name in ("method", "path"):
        if not isinstance(match.get(name, ""), str):
            raise ValueError(f"{name!r} is a text.")
    if match.get("method", "GET").upper() not in _METHODS:
        raise ValueError(f"'method' is one of {', '.join(_METHODS)}.")
    try:
        re.compile(match.get("path", ""))
    except re.error as error:
        raise ValueError(f"'path' is no regular expression: {error}.") from None
    if len(match.keys() & {"nth", "every", "probability"}) > 1:
        raise ValueError("A rule takes one of 'nth', 'every' and 'probability'.")
    if match.get("per", "rule") not in ("rule", "request"):
        raise ValueError("'per' is rule or request.")
    if "nth" in match and (not isinstance(match["nth"], list) or not match["nth"]):
        raise ValueError("'nth' is a list of whole numbers, as in [1, 3].")
    for each in match.get("nth", ()):
        _check_whole("nth", each, 1, math.inf)
    if "every" in match:
        _check_whole("every", match["every"], 1, math.inf)
    if "probability" in match:
        _check_number("probability", match["probability"], 0, 1)


def _check_numbers(rule: Mapping[str, Any]) -> None:
    if "seconds" in rule or rule["effect"] == "lag":
        _check_number("seconds", rule.get("seconds"), 0, _LONGEST)
    if isinstance(rule.get("retry_after"), int | float):
        _check_number("retry_after", rule["retry_after"], 0, _LONGEST)
    if rule.get("times") is not None:
        _check_whole("times", rule["times"], 0, math.inf)
    if "status" in rule:
        _check_whole("status", rule["status"], 100, 599)
    if "item" in rule and rule["effect"] != "odd_item":
        _check_whole("item", rule["item"], 1, math.inf)


def _check_bend(rule: Mapping[str, Any]) -> None:
    effect, changes = rule["effect"], rule.get("set")
    if effect == "odd_item" and "item" not in rule:
        raise ValueError("An 'odd_item' rule says which 'item'; null is one.")
    for name in ("delete", "stale"):
        if not isinstance(rule.get(name, False), bool):
            raise ValueError(f"{name!r} is true or false.")
    for name in ("count", "size"):
        if name in rule:
            _check_whole(name, rule[name], 1, 1_000_000)
    if "id" in rule and (not isinstance(rule["id"], str) or not rule["id"]):
        raise ValueError("'id' is a profile's id.")
    if "set" in rule and (not isinstance(changes, dict) or changes.keys() & _COMPUTED):
        raise ValueError(f"'set' is an object without {', '.join(sorted(_COMPUTED))}.")
    if effect == "more" and not changes:
        raise ValueError("A 'more' rule says in 'set' what else is changed.")
    if effect == "edit":
        _check_edit(rule)


def _check_edit(rule: Mapping[str, Any]) -> None:
    deeds = [name for name in ("set", "assign", "create") if name in rule]
    if len(deeds) + bool(rule.get("delete")) != 1:
        raise ValueError("An 'edit' rule has one of 'set', 'delete': true, 'assign' and 'create'.")
    if "create" in rule and "id" in rule:
        raise ValueError("An 'edit' rule with 'create' takes no 'id': a new one is given.")
    try:
        read_targets(rule.get("assign", []))
        if "create" in rule:
            read_profile(rule["create"])
    except GraphError as error:
        raise ValueError(f"This 'edit' is one that Graph would refuse: {error.reason}") from None


def read_targets(given: Any) -> list[dict[str, Any]]:
    """The targets in the `assign` of a rule.

    Raises:
        GraphError: They are none.
    """
    if not isinstance(given, list):
        raise bad_request("'assign' is a list of targets.")
    return [checked_complex("target", each, _TARGET) for each in given]


def read_profile(given: Any) -> tuple[StructuredType, dict[str, Any]]:
    """The type of the profile in the `create` of a rule, and its body.

    Raises:
        GraphError: It is none.
    """
    if not isinstance(given, dict):
        raise bad_request("'create' is a profile.")
    kind = read_type(given, DEVICE_CONFIGURATION)
    new_entity(kind, given, {"id": ""})
    return kind, given


def _check_number(name: str, value: Any, least: float, most: float) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value) or not least <= value <= most:
        ends = f"at least {least}" if most == math.inf else f"from {least} to {most}"
        raise ValueError(f"{name!r} takes a finite number, {ends}.")


def _check_whole(name: str, value: Any, least: float, most: float) -> None:
    if not isinstance(value, int):
        raise ValueError(f"{name!r} takes whole numbers.")
    _check_number(name, value, least, most)


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
