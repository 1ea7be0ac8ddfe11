"""A tenant that answers late, so that several requests are under way."""

import asyncio

import httpx


class Far(httpx.AsyncBaseTransport):
    """A tenant that is some way off.

    Args:
        seconds: For a request and its answer together.
        watch: Called with each write right before it arrives.
    """

    def __init__(self, tenant, seconds, watch=lambda request: None):
        self._inner = tenant.door.transport
        self._half = seconds / 2
        self._watch = watch
        self.under_way = self.most = 0
        self.writes = []
        tenant.door.transport = self

    async def handle_async_request(self, request):
        writes = request.method != "GET" and not request.url.path.endswith(("$batch", "exportJobs"))
        if writes:
            self.under_way += 1
            self.most = max(self.most, self.under_way)
            self.writes.append((asyncio.get_running_loop().time(), request.url.path))
            self._watch(request)
        try:
            await asyncio.sleep(self._half)
            answer = await self._inner.handle_async_request(request)
            await asyncio.sleep(self._half)
        finally:
            self.under_way -= writes
        return answer
