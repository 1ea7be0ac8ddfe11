"""What we rely on in Microsoft's SDK, so that a release that changes it is noticed here."""

import asyncio
import subprocess
import sys
import textwrap
from dataclasses import replace
from uuid import UUID

import httpx
import pytest

from intune_scep.errors import UnsafeLinkError
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


def token_for(cloud, uri, **more):
    """What the adapter would send as a token to an address."""

    async def main():
        engine = GraphEngine(
            cloud, StaticCredential("token"), transport=httpx.MockTransport(lambda _: None)
        )
        provider = engine._adapter._authentication_provider.access_token_provider
        try:
            return await provider.get_authorization_token(uri, more)
        finally:
            await engine.close()

    return asyncio.run(main())


@pytest.mark.parametrize(
    "uri",
    [
        "http://graph.microsoft.com/beta/x",
        "https://graph.microsoft.com:8443/beta/x",
        "https://graph.microsoft.com.evil.example/beta/x",
        "https://evil.example/graph.microsoft.com",
        "https://me:you@graph.microsoft.com/beta/x",
        "https://graph.microsoft.com@evil.example/beta/x",
        "https://graph.microsoft.us/beta/x",
        "//graph.microsoft.com/beta/x",
        "graph.microsoft.com/beta/x",
        "",
    ],
)
def test_no_token_goes_anywhere_but_to_the_cloud_s_own_origin(uri):
    with pytest.raises(UnsafeLinkError, match="No token goes to"):
        token_for(CLOUDS["public"], uri)


@pytest.mark.parametrize(
    ("graph", "is_given"),
    [
        ("https://graph.microsoft.com", True),
        ("https://proxy.example:8443", True),
        ("http://127.0.0.1:8080", True),
        ("http://[::1]:8080", True),
        ("http://localhost:8080", True),
        ("http://192.0.2.7:8080", False),
        ("http://proxy.example", False),
    ],
)
def test_a_token_goes_unencrypted_to_this_machine_only(graph, is_given):
    cloud = replace(CLOUDS["public"], graph=graph)
    if is_given:
        assert token_for(cloud, f"{graph}/beta/x") == "token"
        return
    with pytest.raises(UnsafeLinkError, match="No token goes to"):
        token_for(cloud, f"{graph}/beta/x")


@pytest.mark.parametrize(
    ("cloud", "is_told"), [*((name, name != "simulator") for name in sorted(CLOUDS))]
)
def test_microsoft_gets_an_id_by_which_to_find_a_request_and_nobody_else_does(cloud, is_told):
    seen = []

    def handle(request):
        seen.append(request.headers.get("client-request-id"))
        return httpx.Response(200, json={})

    async def main():
        transport = ClosableTransport(handle)
        engine = GraphEngine(CLOUDS[cloud], StaticCredential("token"), transport=transport)
        await engine.send("GET", "x")
        await engine.send("GET", "x")
        await engine.close()

    asyncio.run(main())
    assert len({UUID(told) for told in seen if told}) == (2 if is_told else 0)


def test_httpx_comes_without_its_command_line_which_is_there_when_it_is_called():
    script = """
        import sys
        from intune_scep.graph.network import load_httpx

        load_httpx()
        load_httpx()
        import httpx

        assert not {"httpx._main", "click", "pygments", "rich"} & set(sys.modules)
        assert httpx.main.__module__ == "httpx"
        sys.argv = ["httpx", "--help"]
        try:
            httpx.main()
        except SystemExit as stop:
            assert not stop.code
        assert "httpx._main" in sys.modules
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        check=True,
        timeout=60,
        capture_output=True,
        text=True,
    )
    assert "HTTPX" in done.stdout
