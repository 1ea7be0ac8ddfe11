"""Fault rules: what strikes, when, how often, and what it leaves behind."""

import json
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from intune_scep.simulator.core import Core
from intune_scep.simulator.messages import Request

from .conftest import CONFIGURATIONS, WINDOWS_SCEP, Graph

PATH = {"path": "deviceConfigurations"}


def create(graph: Graph) -> Any:
    body = {"@odata.type": f"#microsoft.graph.{WINDOWS_SCEP}", "displayName": "x"}
    return graph("POST", CONFIGURATIONS, body)


def stored(graph: Graph) -> int:
    graph.control("DELETE", "faults")
    return len(graph.list())


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
@pytest.mark.parametrize("when", ["before", "after"])
def test_an_error_before_the_commit_undoes_it_and_after_hides_it(
    graph: Graph, status: int, when: str
) -> None:
    graph.control("PUT", "faults", [{"match": PATH, "effect": status, "when": when}])
    assert create(graph).status == status
    entry = graph.control("GET", "requests")["value"][-1]
    assert (entry["status"], entry["committed"]) == (status, when == "after")
    assert entry["fault"] == f"{status} {when}"
    assert stored(graph) == (when == "after")


@pytest.mark.parametrize("effect", ["close", "truncate", "slow", "drip", "kill"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_an_effect_on_the_connection_is_left_to_the_door(
    graph: Graph, effect: str, when: str
) -> None:
    late = effect in ("slow", "drip")
    rule = {"match": PATH, "effect": effect, "when": when}
    graph.control("PUT", "faults", [rule | ({"seconds": 7} if late else {})])
    response = create(graph)
    assert response.effect is not None
    assert response.effect.kind == effect
    assert not late or response.effect.seconds == 7
    entry = graph.control("GET", "requests")["value"][-1]
    assert (entry["status"] is None) == (effect in ("close", "kill"))
    assert stored(graph) == (when == "after")


def test_bodies_that_are_not_json(graph: Graph) -> None:
    graph.control("PUT", "faults", [{"match": PATH, "effect": "html_502", "times": 1}])
    page = create(graph)
    assert page.status == 502 and page.body.startswith(b"<html>")
    assert page.headers["Content-Type"] == "text/html"
    graph.control("PUT", "faults", [{"match": PATH, "effect": "malformed_json", "times": 1}])
    malformed = graph("GET", CONFIGURATIONS)
    assert malformed.status == 200
    with pytest.raises(json.JSONDecodeError):
        malformed.json()


@pytest.mark.parametrize(
    ("form", "depth"), [("intune", 1), ("nested_twice", 2), ("text", 0), ("empty", 0)]
)
def test_the_forms_of_a_message(graph: Graph, form: str, depth: int) -> None:
    graph.control("PUT", "faults", [{"match": PATH, "effect": 504, "form": form}])
    message = create(graph).json()["error"]["message"]
    for _ in range(depth):
        message = json.loads(message)["Message"]
    assert message == "" if form == "empty" else "Activity ID: " in message


@pytest.mark.parametrize("value", [2, 2.128, "date", None])
def test_retry_after(graph: Graph, value: Any) -> None:
    graph.control("PUT", "faults", [{"match": PATH, "effect": 429, "retry_after": value}])
    header = create(graph).headers.get("Retry-After")
    if value == "date":
        assert header is not None
        assert parsedate_to_datetime(header).timestamp() == int(graph.clock.now) + 2
    else:
        assert header == (None if value is None else str(value))


@pytest.mark.parametrize(
    ("match", "times", "struck"),
    [
        ({"nth": [1, 3]}, None, [1, 3]),
        ({"every": 2}, None, [2, 4]),
        ({"every": 2}, 1, [2]),
        ({}, 2, [1, 2]),
        ({"method": "DELETE"}, None, []),
        ({"path": "/noSuchPath"}, None, []),
    ],
)
def test_which_requests_a_rule_strikes(
    graph: Graph, match: dict[str, Any], times: int | None, struck: list[int]
) -> None:
    rule = {"match": match, "effect": 503}
    graph.control("PUT", "faults", [rule | ({"times": times} if times else {})])
    statuses = [create(graph).status for _ in range(5)]
    assert [number for number, status in enumerate(statuses, 1) if status == 503] == struck


def test_each_request_can_be_counted_by_itself(graph: Graph) -> None:
    one, other = graph.create(WINDOWS_SCEP)["id"], graph.create(WINDOWS_SCEP)["id"]
    rule = {"match": {"path": PATH["path"], "nth": [1], "per": "request"}, "effect": 503}
    graph.control("PUT", "faults", [rule])
    for profile in (one, other):
        path = f"{CONFIGURATIONS}/{profile}"
        assert [graph("GET", path).status for _ in range(2)] == [503, 200]


def test_chance_does_not_depend_on_the_order_of_requests(graph: Graph) -> None:
    rule = {"match": {"probability": 0.5}, "effect": 503}
    paths = [f"{CONFIGURATIONS}/{number}" for number in range(40)]

    def run(order: list[str]) -> dict[str, int]:
        graph.control("PUT", "faults", [rule])
        return {path: graph("GET", path).status for path in order}

    first = run(paths)
    assert run(paths[::-1]) == first
    assert set(first.values()) == {404, 503}


def test_counts_survive_the_process(graph: Graph) -> None:
    graph.control("PUT", "faults", [{"match": PATH, "effect": "kill", "times": 1}])
    assert create(graph).effect is not None
    other = Core(graph.core.store.path, clock=graph.clock)
    request = Request(
        "GET", f"/beta/{CONFIGURATIONS}", headers={"authorization": f"Bearer {graph.token}"}
    )
    assert other.handle(request).effect is None
    other.close()


@pytest.mark.parametrize(
    "rules",
    [
        {},
        [{}],
        [{"effect": "explode"}],
        [{"effect": 503, "when": "later"}],
        [{"effect": 503, "match": {"path": "("}}],
        [{"effect": 503, "match": {"verb": "GET"}}],
        [{"effect": 503, "sometimes": True}],
        [{"effect": 503, "form": "poem"}],
    ],
)
def test_a_malformed_rule_is_refused(graph: Graph, rules: Any) -> None:
    response = graph.ask_control("PUT", "faults", json.dumps(rules).encode())
    assert response.status == 400 and response.json()["error"]
    assert graph.control("GET", "faults") == []
