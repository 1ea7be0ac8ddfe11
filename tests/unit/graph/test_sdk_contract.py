"""What we rely on in Microsoft's SDK, so that a release that changes it is noticed here."""

import asyncio
import subprocess
import sys
import textwrap

import httpx
import pytest

from intune_scep.graph.clouds import CLOUDS
from intune_scep.graph.credentials import StaticCredential
from intune_scep.graph.engine import GraphEngine

URL = "https://graph.microsoft.com/beta/deviceManagement/deviceConfigurations"


class ClosableTransport(httpx.MockTransport):
    closed = False

    async def aclose(self):
        self.closed = True


def exchange(answer, *arguments, **options):
    seen = []

    def handle(request):
        seen.append(request)
        return answer if isinstance(answer, httpx.Response) else answer(request)

    async def main():
        transport = ClosableTransport(handle)
        engine = GraphEngine(CLOUDS["public"], StaticCredential("token"), transport=transport)
        response = await engine.send(*arguments, **options)
        await engine.close()
        assert transport.closed
        return response

    return asyncio.run(main()), seen


@pytest.mark.parametrize("status", [200, 204, 302, 404, 429, 500, 503, 504])
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH"])
def test_every_answer_comes_back_as_it_is_and_is_asked_for_once(status, method):
    answer = httpx.Response(status, content=b'{"a":null}', headers={"location": "https://x/"})
    response, seen = exchange(answer, method, "deviceManagement/deviceConfigurations")
    assert (response.status_code, response.content) == (status, b'{"a":null}')
    assert len(seen) == 1


def test_urls_and_query_options_are_expanded_and_escaped_once():
    query = {"$filter": "displayName eq 'it''s & co'", "$expand": "assignments"}
    _, [request] = exchange(
        httpx.Response(200), "GET", "deviceManagement/deviceConfigurations", query=query
    )
    assert str(request.url).startswith(f"{URL}?")
    assert dict(request.url.params) == query


def test_a_body_is_sent_byte_for_byte():
    content = '{"a": null, "keyUsage": "digitalSignature,keyEncipherment", "ü": 1.0}'.encode()
    _, [request] = exchange(httpx.Response(204), "PATCH", "x/1", content=content)
    assert request.content == content
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"].startswith("intune-scep/")


def test_a_challenge_for_more_claims_is_answered_once():
    claims = "eyJhIjoxfQ=="

    def answer(request):
        if len(answered) == 0:
            answered.append(request)
            header = f'Bearer error="insufficient_claims", claims="{claims}"'
            return httpx.Response(401, headers={"www-authenticate": header})
        return httpx.Response(200, json={})

    answered = []
    response, seen = exchange(answer, "GET", "x")
    assert response.status_code == 200
    assert len(seen) == 2


def test_reading_profiles_loads_no_generated_model(simulated):
    """A process that read 1,000 profiles holds none of the 2,500 modules of models."""
    from intune_scep.simulator.scenarios.bulk import bulk

    tenant = simulated(bulk(1000), name="bulk1000")
    script = """
        import sys
        from intune_scep import IntuneClient
        from intune_scep.connection import ConnectionOptions

        options = ConnectionOptions.from_environment(cloud="simulator", simulator=sys.argv[1])
        with IntuneClient(options) as client:
            assert len(client.strong_mapping.assess().assessed) == 1000
        bad = [m for m in sys.modules if m.startswith(("msgraph.generated.models", "msgraph_beta"))]
        assert not bad, bad[:3]
        assert "kiota_http.httpx_request_adapter" in sys.modules
    """
    subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(tenant.path)], check=True, timeout=60
    )


def test_importing_the_package_and_failing_on_options_loads_nothing_heavy():
    script = """
        import sys
        import intune_scep
        from intune_scep.connection import ConnectionOptions
        from intune_scep.errors import IntuneScepError

        try:
            ConnectionOptions.from_environment({}, cloud="public")
        except IntuneScepError:
            pass
        heavy = {"msgraph", "azure", "httpx", "kiota_http", "pydantic", "tenacity", "cryptography"}
        assert not heavy & set(sys.modules), heavy & set(sys.modules)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(script)], check=True, timeout=60)
