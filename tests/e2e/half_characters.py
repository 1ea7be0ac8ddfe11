"""A tenant whose names hold half a surrogate pair, which JSON can say and no database can keep.

As a program it is the command on such a tenant.
"""

import sys

import httpx
import pytest

from intune_scep.simulator.in_process import InProcessTransport

STANDS_FOR_HALF = "HALF-A-PAIR"
"""Every answer has half a surrogate pair where the tenant has this."""


def install(patch):
    answer = InProcessTransport.handle_async_request

    async def halved(self, request):
        response = await answer(self, request)
        body = (await response.aread()).replace(STANDS_FOR_HALF.encode(), b"\\ud800")
        headers = {**response.headers, "Content-Length": str(len(body))}
        return httpx.Response(
            response.status_code,
            headers=headers,
            stream=httpx.ByteStream(body),
            request=request,
        )

    patch.setattr(InProcessTransport, "handle_async_request", halved)


if __name__ == "__main__":
    from intune_scep.cli.app import run

    install(pytest.MonkeyPatch())
    sys.exit(run(sys.argv[1:]))
