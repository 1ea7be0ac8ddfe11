"""GRAPH.md 4.1: throttling per application and tenant, by the tenant's own clock."""

from .bodies import scep
from .graph import DEVICE_CONFIGURATIONS, Graph, assert_refused, one


def write(graph: Graph, profile_id: str) -> int:
    body = {
        "@odata.type": "#microsoft.graph.windows81SCEPCertificateProfile",
        "description": "x",
    }
    return graph.send("PATCH", one(profile_id), body).status_code


def test_one_application_writes_a_hundred_times_in_twenty_seconds(graph: Graph) -> None:
    """GRAPH.md 4.1."""
    created = graph.create(scep())
    assert [write(graph, created["id"]) for _ in range(99)] == [204] * 99
    response = graph.send("POST", DEVICE_CONFIGURATIONS, scep())
    error = assert_refused(response, 429)
    assert error["code"] == "TooManyRequests"
    assert 0 < float(response.headers["Retry-After"]) <= 20
    assert graph.get(one(created["id"])).status_code == 200
    graph.control("POST", "clock", {"advance": 21})
    assert write(graph, created["id"]) == 204
    assert len(graph.all_of(DEVICE_CONFIGURATIONS)) == 1


def test_waiting_as_told_is_enough(graph: Graph) -> None:
    """GRAPH.md 4.1."""
    graph.control("PUT", "settings", {"application_writes": 3})
    created = graph.create(scep())
    assert [write(graph, created["id"]) for _ in range(3)] == [204, 204, 429]
    response = graph.send("POST", DEVICE_CONFIGURATIONS, scep())
    wait = float(response.headers["Retry-After"])
    graph.control("POST", "clock", {"advance": wait + 0.001})
    assert write(graph, created["id"]) == 204


def test_any_request_counts_to_a_thousand(graph: Graph) -> None:
    """GRAPH.md 4.1: scaled down by the settings, whose defaults are the published numbers."""
    settings = graph.control("GET", "settings")
    assert settings["application_writes"] == 100
    assert settings["application_requests"] == 1000
    assert settings["tenant_writes"] == 200
    assert settings["tenant_requests"] == 2000
    graph.control("PUT", "settings", {"application_requests": 5})
    statuses = [graph.get(DEVICE_CONFIGURATIONS).status_code for _ in range(7)]
    assert statuses == [200] * 5 + [429] * 2


def test_the_directory_has_limits_of_its_own(contoso: Graph) -> None:
    """GRAPH.md 4.1: identity counts resource units, not Intune's requests."""
    contoso.control("PUT", "settings", {"application_requests": 2})
    statuses = [contoso.get("users?$top=1").status_code for _ in range(4)]
    assert statuses == [200] * 4
