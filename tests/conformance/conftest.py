"""Every test runs against a fresh tenant, once behind each door."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from intune_scep.simulator.scenario import Scenario

from .fleet import small_fleet
from .graph import Graph
from .harness import Switchboard, Tenant, open_tenant, open_tenant_on, running


@pytest.fixture(scope="session")
def server() -> Iterator[tuple[str, Switchboard]]:
    switchboard = Switchboard()
    with running(switchboard) as root:
        yield root, switchboard


def opened(request: pytest.FixtureRequest, path: Path, scenario: str | Scenario) -> Tenant:
    if request.param == "in process":
        return open_tenant(path, scenario)
    root, switchboard = request.getfixturevalue("server")
    return open_tenant_on(root, switchboard, path, scenario)


@pytest.fixture(params=["in process", "wire"])
def tenant(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Tenant]:
    present = opened(request, tmp_path / "tenant.db", "empty")
    yield present
    present.close()


@pytest.fixture
def graph(tenant: Tenant) -> Graph:
    return tenant.graph


@pytest.fixture(params=["in process", "wire"])
def contoso(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Graph]:
    present = opened(request, tmp_path / "tenant.db", "contoso")
    yield present.graph
    present.close()


@pytest.fixture(params=["in process", "wire"])
def fleet_tenant(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Tenant]:
    present = opened(request, tmp_path / "tenant.db", small_fleet())
    yield present
    present.close()


@pytest.fixture
def fleet(fleet_tenant: Tenant) -> Graph:
    """A tenant with check-in cycles; its token lives as long as a rollout."""
    return fleet_tenant.graph.with_token(fleet_tenant.door.access_token(expires_in=10**9))
