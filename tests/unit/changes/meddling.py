"""A transport between a job and its tenant in which anything may happen at the nth write."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from intune_scep.simulator.messages import Request, Response

from .jobs import WRITES, Ready

COLLEAGUE = "a colleague"
Act = Callable[[httpx.Request], httpx.Response | None]


class Meddling(httpx.AsyncBaseTransport):
    """Calls `act` with the nth requests that match; what it returns is the answer.

    Args:
        match: As in a fault rule; without a method, every write.
        after: Let the tenant carry the request out first.
    """

    def __init__(
        self,
        ready: Ready,
        act: Act,
        nth: set[int] | None = None,
        *,
        match: Mapping[str, str] | None = None,
        after: bool = False,
    ) -> None:
        self._inner = ready.tenant.door.transport
        self._act = act
        self._nth = nth
        self._match = match or WRITES[ready.job.kind]
        self._after = after
        self.count = 0
        ready.tenant.door.transport = self

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not self._strikes(request):
            return await self._inner.handle_async_request(request)
        response = await self._inner.handle_async_request(request) if self._after else None
        answer = self._act(request)
        if answer is not None:
            return answer
        return response or await self._inner.handle_async_request(request)

    def _is_wanted(self, method: str) -> bool:
        wanted = self._match.get("method")
        return method == wanted if wanted else method != "GET"

    def _strikes(self, request: httpx.Request) -> bool:
        if not self._is_wanted(request.method):
            return False
        if not re.search(self._match["path"], request.url.path):
            return False
        self.count += 1
        return self._nth is None or self.count in self._nth


def colleague(ready: Ready, method: str, path: str, body: Any = None) -> Response:
    """Somebody else writes, past every fault and limit of this run."""
    door = ready.tenant.door
    response = door.core.handle(
        Request(
            method=method,
            path=f"/beta/deviceManagement/deviceConfigurations{path}",
            headers={
                "authorization": f"Bearer {door.access_token(expires_in=100_000_000)}",
                "content-type": "application/json",
                "client-request-id": COLLEAGUE,
            },
            body=b"" if body is None else json.dumps(body).encode(),
        )
    )
    assert 200 <= response.status < 300, response.body
    return response


def lost(request: httpx.Request) -> httpx.Response | None:
    """The connection breaks before the answer comes."""
    raise httpx.ReadError("Connection reset by peer", request=request)
