"""A Graph that answers whatever a test wants, and a session that talks to it."""

import httpx
import pytest

from intune_scep.graph.clouds import CLOUDS
from intune_scep.graph.credentials import StaticCredential
from intune_scep.graph.engine import GraphEngine
from intune_scep.graph.session import GraphSession


@pytest.fixture
def converse(virtual_time):
    """Return a function that runs `work(session)` against `answer(request)`, on virtual time."""

    def run(answer, work, *, credential=None, **options):
        async def main():
            engine = GraphEngine(
                CLOUDS["public"],
                credential or StaticCredential("a-token"),
                transport=httpx.MockTransport(answer),
                **options,
            )
            session = GraphSession(engine)
            try:
                return await work(session)
            finally:
                await session.close()

        return virtual_time(main())

    return run
