"""Further pages of what was read in a $batch are asked of Graph only, and of nothing odd."""

import json

import httpx
import pytest

from intune_scep.errors import UnsafeLinkError
from intune_scep.tenant import read_groups
from intune_scep.tenant.directory import read_directory

GROUP = "00000000-0000-0000-0000-000000000001"
READINGS = {
    "groups": lambda graph: read_groups(graph, names=["All Staff"]),
    "members": lambda graph: read_directory(graph, [GROUP], everyone=False, every_device=False),
}


class Going(httpx.AsyncBaseTransport):
    """Answers each item of a $batch with an empty page that goes on at `link`."""

    def __init__(self, link):
        self._link = link
        self.hosts = []

    async def handle_async_request(self, request):
        self.hosts.append(request.url.host)
        body = {"value": [], "@odata.nextLink": self._link}
        items = [
            {"id": item["id"], "status": 200, "body": body}
            for item in json.loads(request.content)["requests"]
        ]
        return httpx.Response(200, json={"responses": items}, request=request)


@pytest.mark.parametrize(
    "link", [7, True, {"a": 1}, ["x"], "", "/beta/groups", "https://e.example/"]
)
@pytest.mark.parametrize("reading", READINGS.values(), ids=READINGS)
def test_a_link_that_leads_nowhere_or_elsewhere_is_refused(simulated, reading, link):
    tenant = simulated("empty")
    tenant.door.transport = going = Going(link)
    with pytest.raises(UnsafeLinkError):
        tenant.run(reading)
    assert len(going.hosts) == 1
