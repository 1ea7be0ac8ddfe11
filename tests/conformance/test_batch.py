"""GRAPH.md 4.2: `$batch`."""

from typing import Any

import pytest

from .bodies import root, scep
from .graph import DEVICE_CONFIGURATIONS, Graph, Json, assert_refused, bind, one

TYPED = {"@odata.type": "#microsoft.graph.windows81SCEPCertificateProfile"}
JSON = {"Content-Type": "application/json"}


def batch(graph: Graph, *requests: Json) -> dict[str, Json]:
    response = graph.send("POST", "$batch", {"requests": list(requests)})
    assert response.status_code == 200, response.text
    responses = response.json()["responses"]
    assert len(responses) == len(requests)
    return {each["id"]: each for each in responses}


def get(key: str, path: str, **more: Any) -> Json:
    return {"id": key, "method": "GET", "url": f"/{path}", **more}


def test_reads_are_answered_each_with_its_own_status(graph: Graph) -> None:
    """GRAPH.md 4.2."""
    created = graph.create(scep())
    answers = batch(
        graph,
        get("1", one(created["id"])),
        get("2", one("0f1c2d3e-0000-4000-8000-00000000dead")),
        get("3", f"{DEVICE_CONFIGURATIONS}?$top=1"),
    )
    assert answers["1"]["status"] == 200
    assert answers["1"]["body"]["id"] == created["id"]
    assert answers["2"]["status"] == 404
    assert answers["2"]["body"]["error"]["code"]
    assert len(answers["3"]["body"]["value"]) == 1


def test_twenty_root_links_in_one_batch(graph: Graph) -> None:
    """GRAPH.md 3.4, 4.2: the reading the product relies on."""
    trusted = graph.create(root())
    link = {"rootCertificate@odata.bind": bind(graph, trusted["id"])}
    ids = [graph.create(scep() | (link if n % 2 else {}))["id"] for n in range(20)]
    cast = "microsoft.graph.windows81SCEPCertificateProfile/rootCertificate"
    answers = batch(graph, *(get(str(n), one(each, cast)) for n, each in enumerate(ids)))
    assert [answers[str(n)]["status"] for n in range(20)] == [404, 200] * 10
    assert answers["1"]["body"]["id"] == trusted["id"]


def test_url_without_leading_slash_is_relative_too(graph: Graph) -> None:
    """GRAPH.md 4.2."""
    answers = batch(graph, {"id": "1", "method": "GET", "url": DEVICE_CONFIGURATIONS})
    assert answers["1"]["status"] == 200


@pytest.mark.parametrize("keys", [[1, 2], [1, "2"], ["1", "2"]])
def test_ids_may_be_whole_numbers_and_are_answered_as_strings(
    graph: Graph, keys: list[Any]
) -> None:
    """GRAPH.md 4.2: IntuneCD sends integers, and reads the answers' ids with `int(...)`."""
    answers = batch(graph, *(get("", DEVICE_CONFIGURATIONS) | {"id": key} for key in keys))
    assert {key: each["status"] for key, each in answers.items()} == {"1": 200, "2": 200}


def test_writes_run(graph: Graph) -> None:
    """GRAPH.md 4.2: certificate writes in a batch are unknown; the simulator runs them."""
    created = graph.create(scep())
    answers = batch(
        graph,
        {
            "id": "1",
            "method": "PATCH",
            "url": f"/{one(created['id'])}",
            "headers": JSON,
            "body": {**TYPED, "description": "x"},
        },
    )
    assert answers["1"]["status"] == 204
    assert graph.read(one(created["id"]))["description"] == "x"


@pytest.mark.parametrize(
    "requests",
    [
        [get(str(n), DEVICE_CONFIGURATIONS) for n in range(21)],
        [get("1", DEVICE_CONFIGURATIONS), get("1", DEVICE_CONFIGURATIONS)],
        [{"id": "1", "method": "GET", "url": "https://graph.microsoft.com/beta/users"}],
        [{"id": "1", "method": "GET", "url": f"/beta/{DEVICE_CONFIGURATIONS}"}],
        [{"method": "GET", "url": f"/{DEVICE_CONFIGURATIONS}"}],
        [{"id": "1", "url": f"/{DEVICE_CONFIGURATIONS}"}],
        [{"id": "1", "method": "GET"}],
        [{"id": "1", "method": "POST", "url": f"/{DEVICE_CONFIGURATIONS}", "body": scep()}],
        [get("1", DEVICE_CONFIGURATIONS, dependsOn=["7"])],
        [
            get("1", DEVICE_CONFIGURATIONS, dependsOn=["2"]),
            get("2", DEVICE_CONFIGURATIONS, dependsOn=["1"]),
        ],
        "GET everything",
    ],
    ids=[
        "21 requests", "same id twice", "absolute URL", "URL with version", "no id", "no method",
        "no url", "body without Content-Type", "depends on nobody", "circle", "not a list",
    ],
)  # fmt: skip
def test_a_malformed_batch_is_refused(graph: Graph, requests: object) -> None:
    """GRAPH.md 4.2: malformed answers 400; for a single item the 400 may be the item's own."""
    response = graph.send("POST", "$batch", {"requests": requests})
    if response.status_code == 200:
        assert any(each["status"] == 400 for each in response.json()["responses"])
        return
    assert_refused(response, 400)


def test_an_absolute_url_refuses_the_whole_batch(graph: Graph) -> None:
    """GRAPH.md 4.2, SIMULATOR.md 2: URLs are relative."""
    request = {"id": "1", "method": "GET", "url": graph.url(DEVICE_CONFIGURATIONS)}
    response = graph.send("POST", "$batch", {"requests": [request]})
    assert_refused(response, 400)


def test_dependents_of_a_failure_answer_424(graph: Graph) -> None:
    """GRAPH.md 4.2."""
    answers = batch(
        graph,
        get("1", one("0f1c2d3e-0000-4000-8000-00000000dead")),
        get("2", DEVICE_CONFIGURATIONS, dependsOn=["1"]),
        get("3", DEVICE_CONFIGURATIONS, dependsOn=["2"]),
    )
    assert [answers[key]["status"] for key in "123"] == [404, 424, 424]


def test_depends_on_is_obeyed_in_order(graph: Graph) -> None:
    """GRAPH.md 4.2."""
    created = graph.create(scep())
    answers = batch(
        graph,
        get("read", one(created["id"]), dependsOn=["write"]),
        {
            "id": "write",
            "method": "PATCH",
            "url": f"/{one(created['id'])}",
            "headers": JSON,
            "body": {**TYPED, "description": "first"},
        },
    )
    assert answers["read"]["body"]["description"] == "first"


def test_misspelt_depends_on_is_ignored(graph: Graph) -> None:
    """SIMULATOR.md 2: `depends_on`, which the Python SDK sends, means nothing to Graph."""
    answers = batch(
        graph,
        get("1", one("0f1c2d3e-0000-4000-8000-00000000dead")),
        get("2", DEVICE_CONFIGURATIONS, depends_on=["1"]),
    )
    assert answers["2"]["status"] == 200


def test_items_are_throttled_one_by_one(graph: Graph) -> None:
    """GRAPH.md 4.2: 429 inside a 200, with its own Retry-After."""
    graph.control("PUT", "settings", {"application_requests": 3})
    answers = batch(graph, *(get(str(n), DEVICE_CONFIGURATIONS) for n in range(8)))
    statuses = sorted(each["status"] for each in answers.values())
    assert statuses[0] == 200
    assert statuses[-1] == 429
    throttled = [each for each in answers.values() if each["status"] == 429]
    assert all(float(each["headers"]["Retry-After"]) > 0 for each in throttled)


def test_responses_are_not_in_the_order_of_the_requests(graph: Graph) -> None:
    """GRAPH.md 4.2: unordered; a client that relies on the order must fail here."""
    requests = [get(str(n), DEVICE_CONFIGURATIONS) for n in range(20)]
    orders = set()
    for _ in range(3):
        response = graph.send("POST", "$batch", {"requests": requests})
        orders.add(tuple(each["id"] for each in response.json()["responses"]))
    assert any(order != tuple(map(str, range(20))) for order in orders)


def test_items_appear_in_the_request_journal(graph: Graph) -> None:
    """Control surface: the requests inside a batch can be counted."""
    graph.control("DELETE", "requests")
    batch(graph, get("1", DEVICE_CONFIGURATIONS), get("2", DEVICE_CONFIGURATIONS))
    journal = graph.control("GET", "requests")["value"]
    assert sum(each["path"].endswith("deviceConfigurations") for each in journal) == 2
