"""Who may ask the simulator, and for which host. Nothing here says anything about Graph."""

from pathlib import Path

import httpx
import pytest

from .graph import DEVICE_CONFIGURATIONS, Graph
from .harness import commanded


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_the_control_api_needs_a_token(graph: Graph, method: str) -> None:
    """Anybody on this machine, and any page in a browser on it, can reach the port."""
    anonymous = graph.with_token(None)
    assert anonymous.send(method, "/_simulator/faults", []).status_code == 401
    assert graph.control("GET", "faults") == []


def test_only_the_hosts_that_were_allowed_are_served(tmp_path: Path) -> None:
    """A name that was made to lead to loopback is asked for by itself (DNS rebinding)."""
    options = ("--allow-host", "graph.microsoft.com")
    with (
        commanded(tmp_path / "tenant.db", "empty", *options) as root,
        httpx.Client(base_url=root, trust_env=False) as client,
    ):
        for host, status in (
            ("localhost", 401),
            ("graph.microsoft.com", 401),
            ("login.microsoftonline.com", 421),
            ("rebound.example", 421),
        ):
            answer = client.get(f"/beta/{DEVICE_CONFIGURATIONS}", headers={"Host": host})
            assert answer.status_code == status


@pytest.mark.parametrize("form", ["collection", "page", "absent", "refused"])
def test_what_count_gets_is_a_setting(graph: Graph, form: str) -> None:
    """GRAPH.md 3.6: no source says what `$count` gets of this collection."""
    for number in range(3):
        body = {"@odata.type": "#microsoft.graph.iosScepCertificateProfile"}
        graph.create(body | {"displayName": str(number)})
    graph.control("PUT", "settings", {"count": form})
    answer = graph.get(f"{DEVICE_CONFIGURATIONS}?$count=true&$top=2")
    if form == "refused":
        assert answer.status_code == 400
        return
    counted = answer.json().get("@odata.count")
    assert counted == {"collection": 3, "page": 2, "absent": None}[form]
