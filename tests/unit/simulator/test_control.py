"""The control paths: journal, clock, settings; and read-only tenants."""

from typing import Any

import pytest

from intune_scep.simulator.messages import Request

from .conftest import CONFIGURATIONS, WINDOWS_SCEP, Graph


def ask(graph: Graph, method: str, path: str, body: bytes = b"") -> int:
    return graph.core.handle(Request(method, f"/_simulator/{path}", body=body)).status


def test_the_journal_tells_what_was_asked(graph: Graph) -> None:
    profile = graph.create(WINDOWS_SCEP)
    graph("PATCH", f"{CONFIGURATIONS}/{profile['id']}", {"description": "untyped"})
    graph("GET", CONFIGURATIONS, query="$top=1", client_request_id="mine")
    journal = graph.control("GET", "requests")
    assert journal["count"] == 3
    created, refused, listed = journal["value"]
    assert created["body"]["displayName"] == "Profile" and created["committed"]
    assert (refused["status"], refused["committed"]) == (400, False)
    assert (listed["query"], listed["client_request_id"]) == ("$top=1", "mine")
    assert len({each["request_id"] for each in journal["value"]}) == 3
    assert graph.token not in str(journal)


def test_the_journal_can_be_asked_and_cleared(graph: Graph) -> None:
    profile = graph.create(WINDOWS_SCEP)
    graph.get(profile["id"])
    graph("GET", "users")
    for query, count in (("method=POST", 1), ("path=users", 1), ("status=200", 2), ("after=2", 1)):
        assert graph.control("GET", "requests", query=query)["count"] == count
    graph.control("DELETE", "requests")
    assert graph.control("GET", "requests")["count"] == 0
    graph("GET", "users")
    assert graph.control("GET", "requests")["value"][0]["seq"] == 4


def test_the_clock_is_set_forward_for_good(graph: Graph) -> None:
    before = graph.create(WINDOWS_SCEP)["createdDateTime"]
    assert graph.control("POST", "clock", {"advance": 3600})["skew"] == 3600
    assert graph.control("POST", "clock", {"advance": 60.5})["skew"] == 3660.5
    after = graph.create(WINDOWS_SCEP, "Later")["createdDateTime"]
    assert (before[11:19], after[11:19]) == ("20:26:40", "21:27:40")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("clock", b'{"advance": -1}'),
        ("clock", b'{"advance": "soon"}'),
        ("clock", b'{"advance": Infinity}'),
        ("settings", b'{"window_seconds": NaN}'),
        ("settings", b'{"version_step": -1}'),
        ("clock", b"[]"),
        ("settings", b'{"page_size": 0}'),
        ("settings", b'{"page_size": "many"}'),
        ("settings", b'{"page_size": true}'),
        ("settings", b'{"read_only": 1}'),
        ("settings", b'{"retry_after": "someday"}'),
        ("settings", b'{"colour": "blue"}'),
        ("settings", b"{"),
    ],
)
def test_malformed_control_requests_change_nothing(graph: Graph, path: str, body: bytes) -> None:
    before = graph.control("GET", path)
    method = "POST" if path == "clock" else "PUT"
    assert ask(graph, method, path, body) == 400
    assert graph.control("GET", path) == before


def test_unknown_control_paths(graph: Graph) -> None:
    assert ask(graph, "GET", "nothing") == 404
    assert ask(graph, "DELETE", "clock") == 404
    assert ask(graph, "GET", "exports/missing") == 404


def test_settings_keep_what_is_not_named(graph: Graph) -> None:
    before = graph.control("GET", "settings")
    after = graph.control("PUT", "settings", {"page_size": 7})
    assert after == before | {"page_size": 7} == graph.control("GET", "settings")


def test_a_read_only_tenant_refuses_and_records_every_write(graph: Graph) -> None:
    profile = graph.create(WINDOWS_SCEP)
    graph.control("PUT", "settings", {"read_only": True})
    graph.control("DELETE", "requests")
    item = f"{CONFIGURATIONS}/{profile['id']}"
    writes: list[tuple[str, str, Any]] = [
        ("POST", CONFIGURATIONS, {"@odata.type": profile["@odata.type"], "displayName": "x"}),
        ("PATCH", item, {"@odata.type": profile["@odata.type"], "description": "x"}),
        ("POST", f"{item}/assign", {"assignments": []}),
        ("DELETE", item, None),
    ]
    assert {graph(*each).status for each in writes} == {405}
    assert graph.get(profile["id"]) == profile
    recorded = graph.control("GET", "requests", query="status=405")["value"]
    assert [each["method"] for each in recorded] == [each[0] for each in writes]
    assert not any(each["committed"] for each in recorded)
