"""Fault rules that bend how a request is carried out."""

import json
from typing import Any

import pytest

from intune_scep.simulator.messages import Response

from .conftest import CONFIGURATIONS, WINDOWS_ROOT, WINDOWS_SCEP, Graph

LICENSED = {"@odata.type": "#microsoft.graph.allLicensedUsersAssignmentTarget"}
NEW = {"@odata.type": f"#microsoft.graph.{WINDOWS_SCEP}", "displayName": "new"}
ASSIGN = {"assignments": [{"target": LICENSED}]}


def rule(graph: Graph, effect: str, method: str = "", **more: Any) -> None:
    match = {"method": method} if method else {}
    graph.control("PUT", "faults", [{"match": match, "effect": effect, **more}])


def path(profile: Any, rest: str = "") -> str:
    return f"{CONFIGURATIONS}/{profile['id']}{rest}"


def root_path(profile: Any, rest: str = "") -> str:
    return path(profile, f"/microsoft.graph.{WINDOWS_SCEP}/rootCertificate{rest}")


def reference(root: Any) -> dict[str, str]:
    return {"@odata.id": f"https://graph.example/beta/{path(root)}"}


def batch(graph: Graph, method: str, url: str, body: Any = None) -> Any:
    item = {"id": "1", "method": method, "url": url}
    if body is not None:
        item |= {"body": body, "headers": {"Content-Type": "application/json"}}
    response = graph("POST", "$batch", {"requests": [item]})
    assert response.status == 200
    return response.json()["responses"][0]


def edition(graph: Graph, profile: Any) -> tuple[int, str | None]:
    present = graph.get(profile["id"])
    return present["version"], present["description"]


def everything(graph: Graph) -> Any:
    profiles = graph.list()
    return [
        (
            each,
            graph.list(path(each, "/assignments")),
            graph("GET", root_path(each)).status if WINDOWS_SCEP in each["@odata.type"] else None,
        )
        for each in profiles
    ]


def writes(graph: Graph) -> list[tuple[str, str, Any, int]]:
    root, scep = graph.create_root(), graph.create(WINDOWS_SCEP)
    linked = graph.create(WINDOWS_SCEP)
    assert graph("PUT", root_path(linked, "/$ref"), reference(root)).status == 204
    body = {"@odata.type": scep["@odata.type"], "description": "new"}
    new = {"@odata.type": scep["@odata.type"], "displayName": "new"}
    return [
        ("PATCH", path(scep), body, 204),
        ("POST", path(scep, "/assign"), ASSIGN, 200),
        ("PUT", root_path(scep, "/$ref"), reference(root), 204),
        ("DELETE", root_path(linked, "/$ref"), None, 204),
        ("POST", CONFIGURATIONS, new, 201),
        ("DELETE", path(scep), None, 200),
    ]


def test_an_ignored_write_is_answered_as_done_and_does_nothing(graph: Graph) -> None:
    asked = writes(graph)
    before = everything(graph)
    rule(graph, "ignore")
    for method, url, body, status in asked:
        assert graph(method, url, body).status == status
        assert batch(graph, method, url, body)["status"] == status
        assert everything(graph) == before
    assert not any(
        each["committed"] for each in graph.control("GET", "requests")["value"] if each["fault"]
    )


def test_an_ignored_create_answers_an_id_that_is_not_found(graph: Graph) -> None:
    rule(graph, "ignore", "POST")
    made = graph.create(WINDOWS_SCEP)
    assert (made["displayName"], made["version"]) == ("Profile", 1)
    assert graph("GET", path(made)).status == 404


def test_a_refused_write_is_refused_although_it_would_be_ignored(graph: Graph) -> None:
    rule(graph, "ignore")
    assert graph("PATCH", path({"id": "missing"}), {}).status == 404


def test_a_write_can_change_more_than_it_was_asked_within_one_edit(graph: Graph) -> None:
    profile = graph.create(WINDOWS_SCEP)
    rule(graph, "more", "PATCH", set={"description": "and this"})
    assert graph.patch(profile, displayName="asked").status == 204
    assert edition(graph, profile) == (2, "and this")
    assert graph.get(profile["id"])["displayName"] == "asked"
    rule(graph, "more", "POST", set={"description": "assigned"})
    graph("POST", path(profile, "/assign"), ASSIGN)
    assert edition(graph, profile) == (2, "assigned")
    assert edition(graph, graph.create(WINDOWS_SCEP)) == (1, "assigned")


@pytest.mark.parametrize("in_batch", [False, True])
@pytest.mark.parametrize(("when", "seen"), [("before", (2, "theirs")), ("after", (1, None))])
def test_somebody_edits_around_a_read(
    graph: Graph, when: str, seen: tuple[int, str | None], in_batch: bool
) -> None:
    profile = graph.create(WINDOWS_SCEP)
    graph.clock.now += 60
    rule(graph, "edit", "GET", when=when, set={"description": "theirs"}, times=1)
    read = batch(graph, "GET", path(profile))["body"] if in_batch else graph.get(profile["id"])
    assert (read["version"], read["description"]) == seen
    assert edition(graph, profile) == (2, "theirs")
    assert graph.get(profile["id"])["lastModifiedDateTime"] > profile["lastModifiedDateTime"]


@pytest.mark.parametrize(("when", "last"), [("before", "mine"), ("after", "theirs")])
def test_somebody_edits_around_a_write(graph: Graph, when: str, last: str) -> None:
    profile = graph.create(WINDOWS_SCEP)
    rule(graph, "edit", "PATCH", when=when, set={"description": "theirs"})
    assert graph.patch(profile, description="mine").status == 204
    assert edition(graph, profile) == (3, last)


def test_somebody_edits_or_deletes_another_profile_meanwhile(graph: Graph) -> None:
    asked, other = graph.create(WINDOWS_SCEP), graph.create(WINDOWS_SCEP)
    rule(graph, "edit", "PATCH", id=other["id"], set={"description": "theirs"})
    graph.patch(asked, description="mine")
    assert (edition(graph, asked), edition(graph, other)) == ((2, "mine"), (2, "theirs"))
    rule(graph, "edit", "GET", id=other["id"], delete=True, when="after", times=1)
    assert len(graph.list()) == 2
    assert [each["id"] for each in graph.list()] == [asked["id"]]


@pytest.mark.parametrize(("when", "status"), [("before", 404), ("after", 204)])
def test_somebody_deletes_around_a_write(graph: Graph, when: str, status: int) -> None:
    profile = graph.create(WINDOWS_SCEP)
    rule(graph, "edit", "PATCH", delete=True, when=when)
    assert graph.patch(profile, description="mine").status == status
    assert graph("GET", path(profile)).status == 404


@pytest.mark.parametrize("number", range(6))
def test_reads_show_a_lagging_write_only_after_its_time(graph: Graph, number: int) -> None:
    method, url, body, status = writes(graph)[number]
    before = everything(graph)
    rule(graph, "lag", method, seconds=30)
    assert graph(method, url, body).status == status
    assert everything(graph) == before
    graph.clock.now += 29.5
    assert everything(graph) == before
    for each, _, _ in before:
        assert batch(graph, "GET", path(each))["body"]["version"] == each["version"]
    graph.clock.now += 1
    assert everything(graph) != before


def test_only_the_written_profile_lags_and_a_created_one_is_not_found(graph: Graph) -> None:
    lagging, other = graph.create(WINDOWS_SCEP), graph.create(WINDOWS_SCEP)
    rule(graph, "lag", seconds=30, times=2)
    graph.patch(lagging, description="late")
    made = graph.create(WINDOWS_SCEP)
    graph.patch(other, description="at once")
    assert edition(graph, lagging) == (1, None)
    assert edition(graph, other) == (2, "at once")
    assert graph("GET", path(made)).status == 404
    graph.clock.now += 31
    assert edition(graph, lagging) == (2, "late")
    assert graph.get(made["id"]) == made


def test_of_two_lagging_writes_each_shows_in_its_own_time(graph: Graph) -> None:
    profile = graph.create(WINDOWS_SCEP)
    rule(graph, "lag", "PATCH", seconds=30)
    graph.patch(profile, description="first")
    graph.clock.now += 10
    graph.patch(profile, description="second")
    assert edition(graph, profile) == (1, None)
    graph.clock.now += 21
    assert edition(graph, profile) == (2, "first")
    graph.clock.now += 10
    assert edition(graph, profile) == (3, "second")


def pages(graph: Graph) -> list[Any]:
    found, query = [], ""
    while True:
        content = graph("GET", CONFIGURATIONS, query=query).json()
        found.append(content["value"])
        if "@odata.nextLink" not in content:
            return found
        query = content["@odata.nextLink"].partition("?")[2]


@pytest.mark.parametrize("stale", [False, True])
def test_pages_can_overlap_by_one_item(graph: Graph, stale: bool) -> None:
    made = [graph.create(WINDOWS_SCEP, str(number)) for number in range(5)]
    graph.patch(made[1], description="newer")
    graph.control("PUT", "settings", {"page_size": 2})
    rule(graph, "overlap", stale=stale)
    first, second, third = pages(graph)
    assert [each["displayName"] for each in first + second + third] == list("0112334")
    assert (first[1]["version"], first[1]["description"]) == (2, "newer")
    copy = (second[0]["version"], second[0]["description"])
    assert copy == ((1, None) if stale else (2, "newer"))


@pytest.mark.parametrize(
    ("match", "more", "listed"),
    [
        ({}, {}, "01346"),
        ({"nth": [1]}, {}, "013456"),
        ({"nth": [2]}, {}, "012356"),
        ({}, {"count": 2}, "0145"),
        ({}, {"count": 99}, "01"),
        ({"nth": [1]}, {"times": 1, "count": 2}, "01456"),
        ({"path": "resourceAccess"}, {}, "0123456"),
    ],
)
def test_items_can_slip_between_two_pages(graph: Graph, match: Any, more: Any, listed: str) -> None:
    for number in range(7):
        graph.create(WINDOWS_SCEP, str(number))
    graph.control("PUT", "settings", {"page_size": 2})
    graph.control("PUT", "faults", [{"match": match, "effect": "slip", **more}])
    found = [each["displayName"] for page in pages(graph) for each in page]
    assert "".join(found) == listed
    counted = graph("GET", CONFIGURATIONS, query="$count=true&$top=1").json()
    assert counted["@odata.count"] == 7


GROUPS = [f"5f9e6b0a-54b4-4f66-9a0e-1f3a3a6c1d0{number}" for number in range(5)]
TO_GROUPS = {
    "assignments": [
        {"target": {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group}}
        for group in GROUPS
    ]
}


def groups_of(graph: Graph, content: Any, prefix: str = "") -> list[list[str]]:
    """The groups in each part of an expanded or listed collection of assignments."""
    parts = [content[prefix.rstrip("@") or "value"]]
    link = content.get(f"{prefix}@odata.nextLink" if prefix else "@odata.nextLink")
    while link:
        url, _, query = link.partition("/beta/")[2].partition("?")
        content = graph("GET", url, query=query).json()
        parts.append(content["value"])
        link = content.get("@odata.nextLink")
    return [[each["target"]["groupId"] for each in part] for part in parts]


@pytest.mark.parametrize(
    ("more", "sizes"),
    [({}, [1, 1, 1, 1, 1]), ({"size": 2}, [2, 2, 1]), ({"size": 5}, [5]), ({"size": 9}, [5])],
)
def test_assignments_can_come_in_parts(graph: Graph, more: Any, sizes: list[int]) -> None:
    profile = graph.create(WINDOWS_SCEP)
    other = graph.create(WINDOWS_SCEP, "nobody's")
    assert graph("POST", path(profile, "/assign"), TO_GROUPS).status == 200
    rule(graph, "split", **more)
    expanded = graph.get(profile["id"], query="$expand=assignments")
    listed = {each["id"]: each for each in graph.list(query="$expand=assignments")}
    for content in (expanded, listed[profile["id"]]):
        parts = groups_of(graph, content, "assignments")
        assert [len(part) for part in parts] == sizes
        assert [group for part in parts for group in part] == GROUPS
    alone = graph("GET", path(profile, "/assignments")).json()
    assert [len(part) for part in groups_of(graph, alone)] == sizes
    assert "assignments@odata.nextLink" not in listed[other["id"]]
    assert "assignments" not in graph.get(profile["id"])


def test_somebody_makes_a_profile_between_two_requests(graph: Graph) -> None:
    made = {"@odata.type": f"#microsoft.graph.{WINDOWS_SCEP}", "displayName": "theirs"}
    rule(graph, "edit", "GET", create=made, when="after", times=1)
    assert graph.list() == []
    [theirs] = graph.list()
    assert (theirs["displayName"], theirs["version"]) == ("theirs", 1)
    rule(graph, "edit", create=made, times=1)
    assert graph("GET", "users").status == 200
    assert [each["displayName"] for each in graph.list()] == ["theirs", "theirs"]


@pytest.mark.parametrize(("when", "seen"), [("before", "theirs"), ("after", None)])
def test_somebody_edits_around_a_whole_batch(graph: Graph, when: str, seen: str | None) -> None:
    profile = graph.create(WINDOWS_SCEP)
    match = {"path": "batch$", "nth": [1]}
    edit = {"effect": "edit", "id": profile["id"], "set": {"description": "theirs"}}
    graph.control("PUT", "faults", [{"match": match, "when": when, **edit}])
    assert graph.get(profile["id"])["description"] is None
    assert batch(graph, "GET", path(profile))["body"]["description"] == seen
    assert edition(graph, profile) == (2, "theirs")
    assert batch(graph, "GET", path(profile))["body"]["version"] == 2


@pytest.mark.parametrize(("when", "left"), [("before", [LICENSED]), ("after", [])])
def test_somebody_assigns_around_a_write(graph: Graph, when: str, left: list[Any]) -> None:
    profile = graph.create(WINDOWS_SCEP)
    rule(graph, "edit", "POST", assign=[], when=when)
    assert graph("POST", path(profile, "/assign"), ASSIGN).status == 200
    shown = graph.list(path(profile, "/assignments"))
    assert [each["target"]["@odata.type"] for each in shown] == [
        each["@odata.type"] for each in left
    ]


@pytest.mark.parametrize("item", [None, {"id": "x"}, {"@odata.type": "#a", "id": 7}, 3])
def test_a_listing_can_hold_an_odd_item(graph: Graph, item: Any) -> None:
    graph.create(WINDOWS_SCEP)
    [profile] = graph.list()
    rule(graph, "odd_item", item=item)
    assert graph.list() == [item, profile]
    assert batch(graph, "GET", CONFIGURATIONS)["body"]["value"] == [item, profile]
    assert graph.get(profile["id"])["id"] == profile["id"]


def test_a_read_can_answer_about_another_profile(graph: Graph) -> None:
    graph.create_root()
    asked, other = graph.create(WINDOWS_SCEP), graph.create(WINDOWS_SCEP)
    rule(graph, "other_id")
    assert graph.get(asked["id"])["id"] == other["id"]
    assert batch(graph, "GET", path(asked))["body"]["id"] == other["id"]
    cast = path(asked, f"/microsoft.graph.{WINDOWS_SCEP}")
    assert graph("GET", cast).json()["id"] == other["id"]
    assert len(graph.list()) == 3
    assert WINDOWS_ROOT in graph.list()[0]["@odata.type"]


@pytest.mark.parametrize(("step", "version"), [(0, 1), (1, 2), (2, 3)])
def test_a_tenant_can_count_versions_in_another_way(graph: Graph, step: int, version: int) -> None:
    graph.control("PUT", "settings", {"version_step": step})
    profile = graph.create(WINDOWS_SCEP)
    graph.patch(profile, description="new")
    assert edition(graph, profile) == (version, "new")


def test_an_item_of_a_batch_is_struck_in_batches_alone(graph: Graph) -> None:
    rule(graph, "batch_item", item=1, status=429, times=1)
    assert graph("GET", CONFIGURATIONS).status == 200
    assert graph.create(WINDOWS_SCEP)
    assert batch(graph, "GET", CONFIGURATIONS)["status"] == 429
    assert batch(graph, "GET", CONFIGURATIONS)["status"] == 200


def put(graph: Graph, rules: str) -> Response:
    return graph.ask_control("PUT", "faults", rules.encode())


@pytest.mark.parametrize(
    "given",
    [
        {"effect": 503, "match": {"nth": 1}},
        {"effect": 503, "match": {"nth": [0]}},
        {"effect": 503, "match": {"nth": []}},
        {"effect": 503, "match": {"nth": "1"}},
        {"effect": 503, "match": {"nth": [True]}},
        {"effect": 503, "match": {"method": "FETCH"}},
        {"effect": 503, "match": {"path": "("}},
        {"effect": 503, "match": {"probability": "0.5"}},
        {"effect": 503, "match": {"url": "x"}},
        {"effect": 503, "retry_after": "soon"},
        {"effect": 503, "retry_after": True},
        {"effect": 503, "name": 7},
        {"effect": 503, "times": -1},
        {"effect": 503, "times": True},
        {"effect": 503.0},
        {"effect": "503"},
        {"effect": 100},
        {"effect": 600},
        {"effect": 503, "match": {"every": 0}},
        {"effect": 503, "match": {"every": 2, "nth": [1]}},
        {"effect": 503, "match": {"probability": 2}},
        {"effect": 503, "match": "PATCH"},
        {"effect": 503, "match": {"method": 1}},
        {"effect": 503, "times": "two"},
        {"effect": 503, "set": {}},
        {"effect": True},
        {"effect": None},
        {"effect": ["ignore"]},
        {"effect": "slow", "seconds": float("nan")},
        {"effect": "slow", "seconds": 1e300},
        {"effect": 503, "seconds": 5},
        {"effect": 503, "item": 2},
        {"effect": "close", "retry_after": 1},
        {"effect": "close", "seconds": 1},
        {"effect": "html_502", "status": 503},
        {"effect": "slow", "form": "empty"},
        {"effect": "malformed_json", "set": {}},
        {"effect": "batch_item", "seconds": 1},
        {"effect": "lag", "seconds": 5, "match": {"method": "GET"}},
        {"effect": "ignore", "match": {"method": "get"}},
        {"effect": "more", "set": {"description": "x"}, "match": {"method": "GET"}},
        {"effect": "overlap", "match": {"method": "PATCH"}},
        {"effect": "slip", "match": {"method": "POST"}},
        {"effect": "split", "match": {"method": "DELETE"}},
        {"effect": "other_id", "match": {"method": "PUT"}},
        {"effect": "batch_item", "match": {"method": "GET"}},
        {"effect": 429, "retry_after": 1e300},
        {"effect": 429, "retry_after": -1},
        {"effect": "lag"},
        {"effect": "lag", "seconds": float("inf")},
        {"effect": "lag", "seconds": -1},
        {"effect": "lag", "seconds": 1, "when": "after"},
        {"effect": "ignore", "set": {"description": "x"}},
        {"effect": "more"},
        {"effect": "more", "set": {"version": 7}},
        {"effect": "more", "set": ["description"]},
        {"effect": "edit"},
        {"effect": "edit", "set": {}, "delete": True},
        {"effect": "edit", "delete": 1},
        {"effect": "edit", "id": "", "delete": True},
        {"effect": "edit", "delete": True, "assign": []},
        {"effect": "edit", "assign": {}},
        {"effect": "edit", "assign": [{"@odata.type": "#microsoft.graph.everybody"}]},
        {"effect": "edit", "create": {"displayName": "untyped"}},
        {"effect": "edit", "create": {"@odata.type": "#microsoft.graph.user"}},
        {"effect": "edit", "create": {"@odata.type": f"#microsoft.graph.{WINDOWS_SCEP}"}},
        {"effect": "edit", "create": []},
        {"effect": "edit", "id": "x", "create": NEW},
        {"effect": "slip", "count": 0},
        {"effect": "slip", "count": 1.5},
        {"effect": "slip", "size": 1},
        {"effect": "split", "size": 0},
        {"effect": "split", "size": "1"},
        {"effect": "split", "count": 1},
        {"effect": "overlap", "stale": "yes"},
        {"effect": "odd_item"},
        {"effect": "other_id", "id": "x"},
    ],
)
def test_a_misread_rule_is_refused_with_a_sentence(graph: Graph, given: Any) -> None:
    response = put(graph, json.dumps([given]))
    assert response.status == 400
    assert response.json()["error"].endswith(".")
    assert graph.control("GET", "faults") == []
