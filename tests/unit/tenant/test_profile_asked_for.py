"""An answer about another profile than the one that was asked for is refused."""

import asyncio
import json

import httpx
import pytest

from intune_scep.errors import GraphTransportError
from intune_scep.graph.clouds import CLOUDS
from intune_scep.graph.credentials import StaticCredential
from intune_scep.graph.engine import GraphEngine
from intune_scep.graph.session import GraphSession
from intune_scep.tenant import Tenant, read_profiles_by_id
from intune_scep.tenant.profiles import read_profile

ONE, OTHER = "0e2f87bd-de2c-47c2-a69b-c8cbe9823042", "1e2f87bd-de2c-47c2-a69b-c8cbe9823042"


def profile(identifier):
    return {"@odata.type": "#microsoft.graph.iosScepCertificateProfile", "id": identifier}


def with_tenant(answer, work):
    async def main():
        transport = httpx.MockTransport(answer)
        engine = GraphEngine(CLOUDS["public"], StaticCredential("x"), transport=transport)
        tenant = Tenant(GraphSession(engine), "t", "public")
        try:
            return await work(tenant)
        finally:
            await tenant.close()

    return asyncio.run(main())


def test_a_profile_read_by_itself():
    def answer(request):
        return httpx.Response(200, json=profile(OTHER))

    with pytest.raises(GraphTransportError, match=f"asked for {ONE} and answered about '{OTHER}'"):
        with_tenant(answer, lambda tenant: read_profile(tenant, ONE))
    read = with_tenant(answer, lambda tenant: read_profile(tenant, OTHER.upper()))
    assert read.id == OTHER


@pytest.mark.parametrize("body", [profile(ONE), {}, None, [], "x", {"id": OTHER}])
def test_a_profile_in_a_batch_costs_itself_only(body):
    def answer(request):
        items = json.loads(request.content)["requests"]
        bodies = [profile(ONE), body]
        responses = [
            {"id": item["id"], "status": 200, "body": bodies[index]}
            for index, item in enumerate(items)
        ]
        return httpx.Response(200, json={"responses": responses})

    found = with_tenant(answer, lambda tenant: read_profiles_by_id(tenant, [ONE, OTHER]))
    assert found[ONE].id == ONE
    assert isinstance(found[OTHER], Exception)
