"""A whole directory: how many requests, how much memory, and what happens to a page that fails."""

import json
import math
import tracemalloc

import httpx
import pytest
from tests.length import LONG

from intune_scep.graph.clouds import CLOUDS
from intune_scep.graph.credentials import StaticCredential
from intune_scep.graph.engine import GraphEngine
from intune_scep.graph.pacing import Pacer
from intune_scep.graph.session import GraphSession
from intune_scep.tenant import Tenant
from intune_scep.tenant.population import read_population

USERS = 200_000 if LONG else 20_000
GROUPS = 500 if LONG else 50
MEMBERS = 2_000
MIB = 1 << 20
ROOT = "https://graph.microsoft.com/beta"


class Unpaced(Pacer):
    """Waits for nobody."""

    async def admit(self, *_, **__):
        return


class Directory:
    """Graph's answers for a directory of any size, made when they are asked for."""

    def __init__(self, users, groups, members):
        self.users, self.groups, self.members = users, groups, members
        self.asked = []

    def transport(self):
        return httpx.MockTransport(self.answer)

    def answer(self, request):
        self.asked.append(request)
        if request.url.path.endswith("$batch"):
            items = json.loads(request.content)["requests"]
            answers = [
                {"id": item["id"], "status": 200, "body": self.listing(ROOT + item["url"])}
                for item in items
            ]
            return httpx.Response(200, json={"responses": answers})
        return httpx.Response(200, json=self.listing(str(request.url)))

    def listing(self, link):
        url = httpx.URL(link)
        start = int(url.params.get("$skiptoken", 0))
        size = int(url.params["$top"])
        count, make = self.of(url.path)
        numbers = range(start, min(start + size, count))
        page = {"value": [make(number) for number in numbers]}
        if start + size < count:
            page["@odata.nextLink"] = str(url.copy_merge_params({"$skiptoken": start + size}))
        return page

    def of(self, path):
        if path.endswith("/users"):
            return self.users, self.user
        if "/groups/" in path:
            group = int(path.split("/groups/")[1].split("/")[0].rpartition("-")[2])
            return self.members, lambda n: {"id": user_id((group * 397 + n) % self.users)}
        return self.users // 10, self.device

    def user(self, number):
        return {
            "id": user_id(number),
            "userPrincipalName": f"user{number:06d}@contoso.com",
            "accountEnabled": number % 50 != 0,
            "userType": "Member",
            "onPremisesSyncEnabled": True if number % 10 else None,
            "onPremisesSecurityIdentifier": f"S-1-5-21-1-2-3-{number}" if number % 10 else None,
        }

    def device(self, number):
        return {
            "id": f"d0000000-0000-0000-0000-{number:012d}",
            "deviceId": f"e0000000-0000-0000-0000-{number:012d}",
            "azureADDeviceId": f"e0000000-0000-0000-0000-{number:012d}",
            "userId": user_id(number),
            "displayName": f"PC-{number:06d}",
            "operatingSystem": "Windows",
            "trustType": "ServerAd",
        }


def user_id(number):
    return f"a0000000-0000-0000-0000-{number:012d}"


def group_id(number):
    return f"b0000000-0000-0000-0000-{number:012d}"


def test_requests_and_memory_stay_small(virtual_time):
    directory = Directory(USERS, GROUPS, MEMBERS)
    told = []

    async def work():
        engine = GraphEngine(
            CLOUDS["public"], StaticCredential("token"), transport=directory.transport()
        )
        tenant = Tenant(GraphSession(engine, Unpaced()), "tenant", "public")
        groups = [group_id(number) for number in range(GROUPS)]
        found = await read_population(
            tenant, groups, progress=lambda count, total, what: told.append((what, count, total))
        )
        await tenant.close()
        directory.asked = len(directory.asked)
        return found, tracemalloc.get_traced_memory()[1]

    tracemalloc.start()
    try:
        found, peak = virtual_time(work())
    finally:
        tracemalloc.stop()
    devices = USERS // 10
    bound = math.ceil(USERS / 999) + 2 * math.ceil(devices / 999) + math.ceil(GROUPS / 20)
    bound += GROUPS * (math.ceil(MEMBERS / 999) - 1)
    assert directory.asked == found.requests == bound
    assert len(found.users) == USERS
    assert {members.bit_count() for members in found.group_users.values()} == {MEMBERS}
    assert found.failures == ()
    assert peak <= (150 if LONG else 25) * MIB
    assert ("users", USERS, None) in told
    assert ("groups", GROUPS, GROUPS) in told


KINDS = {
    "a user that was not listed": ({"@odata.type": "#microsoft.graph.user"}, {"users"}),
    "a device that was not listed": ({"@odata.type": "#Microsoft.Graph.Device"}, {"devices"}),
    "a group within it": ({"@odata.type": "#microsoft.graph.group"}, set()),
    "a service principal": ({"@odata.type": "#microsoft.graph.servicePrincipal"}, set()),
    "a contact": ({"@odata.type": "#microsoft.graph.orgContact"}, set()),
    "something of which Graph tells no kind": ({}, set()),
}


@pytest.mark.parametrize(("extra", "unknown"), KINDS.values(), ids=KINDS.keys())
def test_a_member_of_whom_nothing_was_read_is_never_left_out_unsaid(extra, unknown, virtual_time):
    stranger = {"id": "f0000000-0000-0000-0000-000000000001", **extra}

    class WithStranger(Directory):
        def of(self, path):
            count, make = super().of(path)
            if "/groups/" in path:
                return count + 1, lambda n: stranger if n == count else make(n)
            return count, make

    async def work():
        engine = GraphEngine(
            CLOUDS["public"],
            StaticCredential("token"),
            transport=WithStranger(40, 1, 10).transport(),
        )
        tenant = Tenant(GraphSession(engine, Unpaced()), "tenant", "public")
        found = await read_population(tenant, [group_id(1)])
        await tenant.close()
        return found

    found = virtual_time(work())
    group = group_id(1)
    assert {what for what, _ in found.failures} == {
        f"the {kind} of group {group}" for kind in unknown
    }
    assert (group in found.group_users) is ("users" not in unknown)
    assert (group in found.group_devices) is ("devices" not in unknown)
