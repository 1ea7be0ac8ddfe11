"""Every test runs against a fresh tenant, once behind each door."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from .graph import Graph
from .harness import Tenant, open_tenant


@pytest.fixture(params=["in process"])
def tenant(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Tenant]:
    opened = open_tenant(tmp_path / "tenant.db")
    yield opened
    opened.close()


@pytest.fixture
def graph(tenant: Tenant) -> Graph:
    return tenant.graph


@pytest.fixture
def contoso(tmp_path: Path) -> Iterator[Graph]:
    opened = open_tenant(tmp_path / "tenant.db", "contoso")
    yield opened.graph
    opened.close()
