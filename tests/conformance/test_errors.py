"""GRAPH.md 3.7: how a refusal looks."""

import json
import re
from contextlib import closing

import httpx
import pytest

from .bodies import scep
from .graph import DEVICE_CONFIGURATIONS, Graph, assert_refused, error_of, one
from .harness import open_tenant

MISSING = "0f1c2d3e-0000-4000-8000-00000000dead"
ACTIVITY = re.compile(r"Activity ID: [0-9a-f-]{36}")


def test_intune_s_message_is_json_in_a_string(graph: Graph) -> None:
    """GRAPH.md 3.7."""
    error = assert_refused(graph.get(one(MISSING)), 404)
    inner = json.loads(error["message"])
    assert inner["_version"] == 3
    assert ACTIVITY.search(inner["Message"])
    assert "Operation ID (for customer support)" in inner["Message"]
    assert {"CustomApiErrorPhrase", "RetryAfter", "ErrorSourceService", "HttpHeaders"} <= set(inner)


def test_client_request_id_is_returned(graph: Graph) -> None:
    """GRAPH.md 3.7."""
    mine = "6a5f3c1e-9f1f-4f6e-8a4e-6f2f0e1c0001"
    response = graph.get(one(MISSING), headers={"client-request-id": mine})
    assert error_of(response)["innerError"]["client-request-id"] == mine


def test_every_answer_names_its_request(graph: Graph) -> None:
    """GRAPH.md 3.7: `request-id`, in the body of errors and in the header of every answer."""
    refused = graph.get(one(MISSING))
    assert refused.headers["request-id"] == error_of(refused)["innerError"]["request-id"]
    good = graph.get(DEVICE_CONFIGURATIONS)
    assert good.headers["request-id"]
    assert good.headers["request-id"] != refused.headers["request-id"]


def fault(graph: Graph, effect: object, **rule: object) -> None:
    match = {"method": "GET", "path": "deviceConfigurations$"}
    graph.control("PUT", "faults", [{"match": match, "effect": effect, "times": 1, **rule}])


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_an_injected_failure_wears_the_envelope_once(graph: Graph, status: int) -> None:
    """SIMULATOR.md 3; GRAPH.md 3.7 for the form."""
    fault(graph, status)
    assert_refused(graph.get(DEVICE_CONFIGURATIONS), status)
    assert graph.get(DEVICE_CONFIGURATIONS).status_code == 200


def test_an_html_page_may_come_instead(graph: Graph) -> None:
    """SIMULATOR.md 3."""
    fault(graph, "html_502")
    response = graph.get(DEVICE_CONFIGURATIONS)
    assert response.status_code == 502
    assert response.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(("when", "kept"), [("before", 0), ("after", 1)])
def test_a_failed_create_may_or_may_not_have_happened(graph: Graph, when: str, kept: int) -> None:
    """GRAPH.md 3.4: a write answered 500 and yet took effect (Microsoft365DSC#5650)."""
    match = {"method": "POST", "path": "deviceConfigurations$"}
    rule = {"match": match, "when": when, "effect": 500, "times": 1}
    graph.control("PUT", "faults", [rule])
    assert_refused(graph.send("POST", DEVICE_CONFIGURATIONS, scep()), 500)
    assert len(graph.all_of(DEVICE_CONFIGURATIONS)) == kept


@pytest.mark.parametrize(
    ("form", "shape"),
    [
        (2, r"2"),
        (2.128, r"2\.128"),
        ("date", r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT"),
        (None, None),
    ],
)
def test_retry_after_comes_in_every_form(graph: Graph, form: object, shape: str | None) -> None:
    """GRAPH.md 4.1: integer, fractional, date, absent."""
    fault(graph, 429, retry_after=form)
    header = graph.get(DEVICE_CONFIGURATIONS).headers.get("Retry-After")
    assert (header is None) if shape is None else re.fullmatch(shape, header or "")


@pytest.mark.parametrize("effect", ["close", "truncate"])
@pytest.mark.parametrize(("when", "kept"), [("before", 0), ("after", 1)])
def test_a_cut_connection_hides_what_happened(
    graph: Graph, effect: str, when: str, kept: int
) -> None:
    """SIMULATOR.md 3."""
    match = {"method": "POST", "path": "deviceConfigurations$"}
    rule = {"match": match, "when": when, "effect": effect, "times": 1}
    graph.control("PUT", "faults", [rule])
    with pytest.raises(httpx.TransportError):
        graph.send("POST", DEVICE_CONFIGURATIONS, scep())
    assert len(graph.all_of(DEVICE_CONFIGURATIONS)) == kept


@pytest.mark.parametrize("effect", ["slow", "drip"])
def test_a_late_answer_is_a_timeout(effect: str) -> None:
    """SIMULATOR.md 3; in process nobody waits, only the tenant's clock goes on."""
    with closing(open_tenant()) as tenant:
        before = tenant.graph.control("GET", "clock")["skew"]
        fault(tenant.graph, effect, seconds=600)
        with pytest.raises(httpx.ReadTimeout):
            tenant.graph.get(DEVICE_CONFIGURATIONS)
        assert tenant.graph.control("GET", "clock")["skew"] == before + 600


def test_one_item_of_a_batch_may_fail(graph: Graph) -> None:
    """SIMULATOR.md 3."""
    rule = {"match": {"path": "batch$"}, "effect": "batch_item", "item": 2, "status": 503}
    graph.control("PUT", "faults", [rule])
    items = [{"id": str(n), "method": "GET", "url": f"/{DEVICE_CONFIGURATIONS}"} for n in range(3)]
    response = graph.send("POST", "$batch", {"requests": items})
    assert response.status_code == 200
    assert sorted(each["status"] for each in response.json()["responses"]) == [200, 200, 503]


def test_faults_by_chance_are_the_same_in_every_run(graph: Graph) -> None:
    """SIMULATOR.md 1: decided from the request, never from a shared random generator."""
    match = {"method": "GET", "path": "deviceConfigurations$", "probability": 0.5}

    def run() -> list[int]:
        graph.control("PUT", "faults", [{"match": match, "effect": 503}])
        return [graph.get(DEVICE_CONFIGURATIONS).status_code for _ in range(30)]

    first = run()
    assert set(first) == {200, 503}
    assert run() == first


@pytest.mark.parametrize("form", ["nested_twice", "text", "empty"])
def test_other_forms_of_the_message_can_be_asked_for(graph: Graph, form: str) -> None:
    """GRAPH.md 3.7: nested twice, plain text with the suffix, empty."""
    fault(graph, 504, form=form)
    message = assert_refused(graph.get(DEVICE_CONFIGURATIONS), 504)["message"]
    if form == "empty":
        assert message == ""
    elif form == "text":
        assert ACTIVITY.search(message)
        assert not message.startswith("{")
    else:
        assert ACTIVITY.search(json.loads(json.loads(message)["Message"])["Message"])


@pytest.mark.parametrize(
    ("rule", "seen"),
    [
        ({"effect": "ignore"}, (1, None)),
        ({"effect": "more", "set": {"displayName": "theirs"}}, (2, "mine")),
        ({"effect": "edit", "when": "before", "set": {"description": "theirs"}}, (3, "mine")),
        ({"effect": "edit", "when": "after", "set": {"description": "theirs"}}, (3, "theirs")),
        ({"effect": "lag", "seconds": 600}, (1, None)),
    ],
)
def test_a_request_can_be_carried_out_in_another_way(
    graph: Graph, rule: dict[str, object], seen: tuple[int, str | None]
) -> None:
    """SIMULATOR.md, faults."""
    made = graph.send("POST", DEVICE_CONFIGURATIONS, scep()).json()
    graph.control("PUT", "faults", [{"match": {"method": "PATCH"}, **rule}])
    change = {"@odata.type": made["@odata.type"], "description": "mine"}
    assert graph.send("PATCH", one(made["id"]), change).status_code == 204
    present = graph.get(one(made["id"])).json()
    assert (present["version"], present["description"]) == seen
