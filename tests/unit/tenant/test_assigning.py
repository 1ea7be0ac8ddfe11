"""What an assignment of a profile sends."""

import asyncio
from typing import Any

import pytest

from intune_scep.tenant import Tenant
from intune_scep.tenant.writes import assign_profile

PROFILE = "0e2f87bd-de2c-47c2-a69b-c8cbe9823042"
TARGET = {"@odata.type": "#microsoft.graph.allDevicesAssignmentTarget"}


class Recorder:
    """A session that keeps what is written."""

    def __init__(self) -> None:
        self.bodies: list[Any] = []

    async def write(self, _method: str, _path: str, body: Any) -> None:
        self.bodies.append(body)


def sent(assignment: dict[str, Any]) -> Any:
    session = Recorder()
    tenant = Tenant(session, "t", "public")  # type: ignore[arg-type]
    asyncio.run(assign_profile(tenant, PROFILE, [assignment]))
    [body] = session.bodies
    return body["assignments"]


@pytest.mark.parametrize("said", [{}, {"intent": None}, {"intent": "apply"}])
def test_apply_is_not_sent_and_null_means_apply(said):
    assert sent({"target": TARGET, **said}) == [{"target": TARGET}]


def test_another_intent_is_sent():
    assert sent({"target": TARGET, "intent": "remove"}) == [{"target": TARGET, "intent": "remove"}]
