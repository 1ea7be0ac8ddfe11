"""The published limits over a sliding window."""

from email.utils import parsedate_to_datetime

import pytest

from .conftest import CONFIGURATIONS, Graph


def read(graph: Graph, token: str | None = None) -> int:
    return graph("GET", f"{CONFIGURATIONS}/missing", token=token).status


def write(graph: Graph, token: str | None = None) -> int:
    return graph("DELETE", f"{CONFIGURATIONS}/missing", token=token).status


def token_of(graph: Graph, application: str) -> str:
    from intune_scep.simulator.store import read_meta
    from intune_scep.simulator.tokens import issue_token

    with graph.core.store.transaction() as connection:
        meta = read_meta(connection)
    return issue_token(meta, now=graph.clock.now, application=application)


def test_a_hundred_writes_in_twenty_seconds_and_no_more(graph: Graph) -> None:
    assert {write(graph) for _ in range(100)} == {404}
    assert write(graph) == 429
    assert read(graph) == 404
    graph.clock.now += 20
    assert write(graph) == 404


def test_a_thousand_requests_in_twenty_seconds_and_no_more(graph: Graph) -> None:
    assert {read(graph) for _ in range(1000)} == {404}
    assert read(graph) == 429


def test_applications_have_their_own_and_share_the_tenants(graph: Graph) -> None:
    graph.control("PUT", "settings", {"application_writes": 3, "tenant_writes": 5})
    one, other = token_of(graph, "one"), token_of(graph, "other")
    assert [write(graph, one) for _ in range(4)] == [404, 404, 404, 429]
    # The refused one counts too: one more and the tenant's five are used up.
    assert [write(graph, other) for _ in range(2)] == [404, 429]


def test_the_window_slides(graph: Graph) -> None:
    graph.control("PUT", "settings", {"application_writes": 2})
    assert write(graph) == 404
    graph.clock.now += 15
    assert write(graph) == 404
    refused = graph("DELETE", f"{CONFIGURATIONS}/missing")
    assert refused.status == 429
    assert refused.headers["Retry-After"] == "20"
    graph.clock.now += 19.9
    assert read(graph) == 404


def test_waiting_as_told_is_enough(graph: Graph) -> None:
    graph.control("PUT", "settings", {"application_writes": 3})
    for _ in range(3):
        write(graph)
        graph.clock.now += 4
    refused = graph("DELETE", f"{CONFIGURATIONS}/missing")
    graph.clock.now += int(refused.headers["Retry-After"])
    assert write(graph) == 404


@pytest.mark.parametrize("form", ["integer", "fractional", "date", "absent"])
def test_retry_after_in_every_form(graph: Graph, form: str) -> None:
    graph.control("PUT", "settings", {"application_writes": 1, "retry_after": form})
    write(graph)
    refused = graph("DELETE", f"{CONFIGURATIONS}/missing")
    assert refused.status == 429 and refused.json()["error"]["code"] == "TooManyRequests"
    value = refused.headers.get("Retry-After")
    if form == "absent":
        assert value is None
        return
    assert value is not None
    if form == "date":
        seconds = parsedate_to_datetime(value).timestamp() - graph.clock.now
    else:
        seconds = float(value)
        assert ("." in value) == (form == "fractional")
    assert 0 < seconds <= 21


def test_the_directory_and_the_control_paths_are_not_counted(graph: Graph) -> None:
    graph.control("PUT", "settings", {"application_requests": 1})
    assert [graph("GET", "users").status for _ in range(3)] == [200, 200, 200]
    assert read(graph) == 404 and read(graph) == 429


def test_throttling_can_be_switched_off(graph: Graph) -> None:
    graph.control("PUT", "settings", {"application_writes": 1, "throttling": False})
    assert {write(graph) for _ in range(5)} == {404}
