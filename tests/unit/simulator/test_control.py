"""The control paths: journal, clock, settings; and read-only tenants."""

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from intune_scep.simulator import open_in_process, seed_database
from intune_scep.simulator.messages import Request
from intune_scep.simulator.scenarios import empty

from .conftest import CONFIGURATIONS, WINDOWS_SCEP, Graph


def ask(graph: Graph, method: str, path: str, body: bytes = b"") -> int:
    return graph.ask_control(method, path, body).status


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
        ("clock", b""),
        ("clock", b"{}"),
        ("clock", b'{"advance": 1e999}'),
        ("clock", b'{"advance": NaN}'),
        ("clock", b'{"advance": true}'),
        ("clock", b'{"advance": null}'),
        ("clock", b'{"advance": 1e15}'),
        ("clock", b'{"advance": 1, "by": 2}'),
        ("clock", b'{"advance": 1, "advance": 2}'),
        ("clock", b'{"set": 0}'),
        ("clock", b"\xff"),
        ("clock", b"[" * 100_000),
        ("settings", b'{"page_size": 1' + b"0" * 400 + b"}"),
        ("settings", b'{"issuance_seconds": Infinity}'),
        ("settings", b'{"issuance_seconds": 1e400}'),
        ("settings", b'{"page_size": 3, "page_size": 4}'),
        ("settings", b'{"page_size": 100000000000000000}'),
        ("settings", b'{"issuance_seconds": 1e300}'),
        ("settings", b'{"count": "some"}'),
        ("settings", b'{"count": true}'),
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
    refused = graph.ask_control(method, path, body)
    assert refused.status == 400 and refused.json()["error"].endswith(".")
    assert graph.control("GET", path) == before


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"advance": NaN}', "NaN"),
        (b'{"advance": 1e999}', "1e999"),
        (b'{"advance": -1}', "at least 0"),
        (b'{"advance": 1, "by": 2}', "takes advance; there is no 'by'"),
        (b'{"advance": 1e15}', "year 9000"),
        (b'{"advance"', "line 1, column 11"),
    ],
)
def test_what_is_refused_is_named(graph: Graph, body: bytes, told: str) -> None:
    assert told in graph.ask_control("POST", "clock", body).json()["error"]


@pytest.mark.parametrize("query", ["methd=GET", "status=ok", "after=-1", "after=", "status=1e2"])
def test_a_misspelt_question_to_the_journal_is_refused(graph: Graph, query: str) -> None:
    assert graph.ask_control("GET", "requests", query=query).status == 400


ACTIONS = [
    ("GET", "requests", b""),
    ("DELETE", "requests", b""),
    ("GET", "faults", b""),
    ("PUT", "faults", b"[]"),
    ("DELETE", "faults", b""),
    ("GET", "clock", b""),
    ("POST", "clock", b'{"advance": 5}'),
    ("GET", "settings", b""),
    ("PUT", "settings", b'{"page_size": 5}'),
    ("GET", "nothing", b""),
]


@pytest.mark.parametrize(("method", "path", "body"), ACTIONS)
@pytest.mark.parametrize(
    "authorization", ["", "Bearer", "Bearer ", "Bearer a.b.c", "Basic dXNlcjpwYXNz", "another's"]
)
def test_nobody_gets_in_without_the_token(
    graph: Graph, tmp_path: Path, method: str, path: str, body: bytes, authorization: str
) -> None:
    if authorization == "another's":
        authorization = f"Bearer {foreign_token(tmp_path)}"
    before = [graph.control("GET", each) for each in ("settings", "clock", "faults")]
    answer = graph.ask_control(method, path, body, authorization=authorization)
    assert answer.status == 401
    assert "intune-scep simulator token" in answer.json()["error"]
    assert [graph.control("GET", each) for each in ("settings", "clock", "faults")] == before


def foreign_token(folder: Path) -> str:
    seed_database(folder / "other.sqlite", "empty")
    door = open_in_process(folder / "other.sqlite")
    token = door.access_token()
    door.close()
    return token


def test_an_application_s_own_token_does_not_control_the_tenant(graph: Graph) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_id": empty.CLIENT_ID,
        "client_secret": empty.CLIENT_SECRET,
        "scope": "https://graph.microsoft.com/.default",
    }
    answer = graph.core.handle(
        Request("POST", f"/{empty.TENANT_ID}/oauth2/v2.0/token", body=urlencode(form).encode())
    )
    token = answer.json()["access_token"]
    assert graph("GET", "users", token=token).status == 200
    refused = graph.ask_control("GET", "faults", authorization=f"Bearer {token}")
    assert refused.status == 403


def test_an_expired_token_is_refused_and_the_tenant_s_clock_does_not_matter(graph: Graph) -> None:
    old = f"Bearer {graph.door.access_token(expires_in=60)}"
    graph.control("POST", "clock", {"advance": 86400})
    assert graph.ask_control("GET", "clock", authorization=old).status == 200
    graph.clock.now += 61
    assert graph.ask_control("GET", "clock", authorization=old).status == 401


def test_roles_do_not_matter_for_control(graph: Graph) -> None:
    token = graph.door.access_token(roles=[])
    assert graph.ask_control("GET", "faults", authorization=f"Bearer {token}").status == 200


def test_unknown_control_paths(graph: Graph) -> None:
    answer = graph.ask_control("GET", "nothing")
    assert answer.status == 404 and "PUT /_simulator/faults" in answer.json()["error"]
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
