"""A compliance run over a simulated tenant, on a fixed day."""

from datetime import UTC, datetime

import pytest

from intune_scep.compliance import check_tenant

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


@pytest.fixture
def check():
    def run(tenant, *, now=NOW, **options):
        return tenant.run(lambda graph: check_tenant(graph, now=now, **options))

    return run


@pytest.fixture
def contoso(simulated):
    return simulated("contoso")


@pytest.fixture
def edit():
    """Change profiles in the tenant behind the run's back."""

    def send(tenant, method, path, body):
        async def work(graph):
            await graph.session.write(method, path, body)

        tenant.run(work)

    return send
