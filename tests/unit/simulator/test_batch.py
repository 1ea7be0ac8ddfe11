"""`$batch` and its rules."""

from typing import Any

import pytest

from .conftest import CONFIGURATIONS, WINDOWS_SCEP, Graph


def read(item_id: str, path: str = CONFIGURATIONS, **more: Any) -> dict[str, Any]:
    return {"id": item_id, "method": "GET", "url": f"/{path}", **more}


def create(item_id: str, name: str, **more: Any) -> dict[str, Any]:
    return {
        "id": item_id,
        "method": "POST",
        "url": CONFIGURATIONS,
        "headers": {"Content-Type": "application/json"},
        "body": {"@odata.type": f"#microsoft.graph.{WINDOWS_SCEP}", "displayName": name},
        **more,
    }


def run(graph: Graph, *requests: Any) -> dict[str, Any]:
    response = graph("POST", "$batch", {"requests": list(requests)})
    assert response.status == 200, response.body
    return {each["id"]: each for each in response.json()["responses"]}


def test_twenty_reads_in_one(graph: Graph) -> None:
    answers = run(graph, *[read(str(number)) for number in range(20)])
    assert {each["status"] for each in answers.values()} == {200}
    context = answers["0"]["body"]["@odata.context"]
    assert context.startswith("https://graph.example/beta/$metadata#")


def test_answers_come_in_another_order_always_the_same(graph: Graph) -> None:
    requests = [read(str(number)) for number in range(20)]
    asked = [each["id"] for each in requests]
    order = [
        each["id"] for each in graph("POST", "$batch", {"requests": requests}).json()["responses"]
    ]
    assert sorted(order) == sorted(asked) and order != asked


@pytest.mark.parametrize(
    "requests",
    [
        [],
        {},
        [1],
        [read(str(number)) for number in range(21)],
        [read("1"), read("1")],
        [{"method": "GET", "url": "/users"}],
        [read("1"), read("1") | {"id": 1}],
        [read("1") | {"id": True}],
        [read("1") | {"id": 1.0}],
        [read("1") | {"id": None}],
        [read("1") | {"id": ["1"]}],
        [read("")],
        [read("1"), read("2", dependsOn=1)],
        [read("1"), read("2", dependsOn=[True])],
        [{"id": "1", "url": "/users"}],
        [{"id": "1", "method": "GET"}],
        [read("1") | {"url": "https://graph.microsoft.com/beta/users"}],
        [read("1") | {"url": "//graph.microsoft.com/beta/users"}],
        [read("1", "$batch")],
        [create("1", "x") | {"headers": {}}],
        [read("1", dependsOn=["2"])],
        [read("1", dependsOn=["1"])],
        [read("1"), read("2"), read("3", dependsOn=["1", "2"])],
        [read("1"), read("2"), read("3", dependsOn=["1"]), read("4", dependsOn=["2"])],
    ],
)
def test_a_malformed_batch_is_refused_whole(graph: Graph, requests: Any) -> None:
    assert graph("POST", "$batch", {"requests": requests}).status == 400


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        ([1, 2, 3], {"1", "2", "3"}),
        ([0], {"0"}),
        ([-7, 7], {"-7", "7"}),
        ([10**15], {"1000000000000000"}),
        ([1, "2", "three"], {"1", "2", "three"}),
        (list(range(20)), {str(number) for number in range(20)}),
    ],
)
def test_ids_that_are_whole_numbers_are_answered_as_strings(
    graph: Graph, sent: list[Any], answered: set[str]
) -> None:
    answers = run(graph, *[read("") | {"id": each} for each in sent])
    assert answers.keys() == answered
    assert {each["status"] for each in answers.values()} == {200}


@pytest.mark.parametrize(("first", "named"), [(1, 1), ("1", 1), (1, "1")])
def test_dependencies_may_be_whole_numbers_too(graph: Graph, first: Any, named: Any) -> None:
    missing = read("", f"{CONFIGURATIONS}/missing") | {"id": first}
    answers = run(graph, missing, create("2", "Two", dependsOn=[named]))
    assert (answers["1"]["status"], answers["2"]["status"]) == (404, 424)


def test_a_url_with_the_version_finds_nothing(graph: Graph) -> None:
    answers = run(graph, read("1", f"beta/{CONFIGURATIONS}"))
    assert answers["1"]["status"] == 400


def test_every_item_stands_for_itself(graph: Graph) -> None:
    answers = run(graph, create("1", "One"), read("2", f"{CONFIGURATIONS}/missing"), read("3"))
    assert [answers[each]["status"] for each in "123"] == [201, 404, 200]
    assert len(graph.list()) == 1


def test_dependents_of_a_failure_answer_424_and_do_nothing(graph: Graph) -> None:
    answers = run(
        graph,
        read("1", f"{CONFIGURATIONS}/missing"),
        create("2", "Two", dependsOn=["1"]),
        create("3", "Three", dependsOn=["2"]),
    )
    assert [answers[each]["status"] for each in "123"] == [404, 424, 424]
    assert graph.list() == []


def test_a_sequence_runs_in_order_and_depends_on_is_ignored(graph: Graph) -> None:
    answers = run(graph, create("1", "One"), read("2", dependsOn=["1"]))
    assert len(answers["2"]["body"]["value"]) == 1
    ignored = run(graph, read("1", f"{CONFIGURATIONS}/missing"), read("2", depends_on=["1"]))
    assert ignored["2"]["status"] == 200


def test_items_are_throttled_one_by_one(graph: Graph) -> None:
    graph.control("PUT", "settings", {"application_writes": 2})
    answers = run(graph, *[create(str(number), f"P{number}") for number in range(4)])
    statuses = sorted(each["status"] for each in answers.values())
    assert statuses == [201, 201, 429, 429]
    throttled = next(each for each in answers.values() if each["status"] == 429)
    assert throttled["headers"]["Retry-After"] == "20"


def test_one_bad_item_before_and_after_the_commit(graph: Graph) -> None:
    for when, stored in (("before", 1), ("after", 3)):
        rule = {
            "match": {"path": r"/\$batch$"},
            "effect": "batch_item",
            "item": 2,
            "status": 503,
            "when": when,
            "times": 1,
        }
        graph.control("PUT", "faults", [rule])
        answers = run(graph, create("1", f"{when} 1"), create("2", f"{when} 2"))
        assert [answers[each]["status"] for each in "12"] == [201, 503]
        assert len(graph.list()) == stored


def test_a_lost_answer_inside_a_batch_is_a_timeout(graph: Graph) -> None:
    rule = {
        "match": {"method": "POST", "path": "Configurations"},
        "effect": "close",
        "when": "after",
    }
    graph.control("PUT", "faults", [rule])
    assert run(graph, create("1", "One"))["1"]["status"] == 504
    assert len(graph.list()) == 1


def test_the_whole_batch_may_fail_after_it_was_done(graph: Graph) -> None:
    rule = {"match": {"path": r"/\$batch$"}, "effect": 504, "when": "after", "times": 1}
    graph.control("PUT", "faults", [rule])
    assert graph("POST", "$batch", {"requests": [create("1", "One")]}).status == 504
    assert len(graph.list()) == 1


def test_the_journal_knows_which_batch_an_item_came_in(graph: Graph) -> None:
    run(graph, read("1"), read("2"))
    entries = graph.control("GET", "requests")["value"]
    outer = next(each for each in entries if each["path"].endswith("$batch"))
    assert [each["batch"] for each in entries] == [None, outer["seq"], outer["seq"]]
