"""Which tenant a connection leads to, how the sign-in may fail, and how the way out is found."""

import asyncio
import base64
import json
import logging
import socket
import subprocess
import sys
import textwrap
import threading
import time

import httpx
import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError

from intune_scep.connection import ConnectionOptions
from intune_scep.errors import (
    AuthenticationError,
    ConnectionOptionError,
    GraphTransportError,
    IntuneScepError,
)
from intune_scep.graph import sign_in
from intune_scep.graph.clouds import CLOUDS
from intune_scep.graph.connect import connect
from intune_scep.graph.engine import GraphEngine
from intune_scep.graph.network import open_client, proxy_in_use
from intune_scep.graph.retry import never_sent
from intune_scep.graph.session import GraphSession
from intune_scep.tenant import Tenant

ONE = "11111111-1111-4111-8111-111111111111"
OTHER = "22222222-2222-4222-8222-222222222222"
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def token_of(**claims):
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJub25lIn0.{payload}.c2ln"


def opened(**given):
    async def main():
        tenant = await Tenant.open(ConnectionOptions.from_environment({}, **given))
        await tenant.close()
        return tenant

    return asyncio.run(main())


def test_the_tenant_of_a_bare_token_is_its_own():
    assert opened(access_token=token_of(tid=ONE)).tenant_id == ONE


@pytest.mark.parametrize("given", [ONE, ONE.upper(), "contoso.com"])
def test_a_tenant_that_fits_or_cannot_be_compared_is_kept(given):
    assert opened(access_token=token_of(tid=ONE), tenant=given).tenant_id == ONE


@pytest.mark.parametrize("token", ["opaque", token_of(tid=None), token_of()])
def test_a_token_that_names_no_tenant_is_believed_to_be_of_the_one_that_was_given(token):
    assert opened(access_token=token, tenant=ONE).tenant_id == ONE


def test_a_token_of_another_tenant_is_refused_with_both_named():
    with pytest.raises(ConnectionOptionError) as caught:
        opened(access_token=token_of(tid=ONE), tenant=OTHER)
    assert ONE in str(caught.value)
    assert OTHER in str(caught.value)


def test_the_simulator_of_another_tenant_is_refused_before_any_request(simulated):
    tenant = simulated("contoso")
    with pytest.raises(ConnectionOptionError) as caught:
        opened(cloud="simulator", simulator=str(tenant.path), tenant=OTHER)
    assert tenant.door.tenant_id in str(caught.value)
    assert OTHER in str(caught.value)
    assert tenant.requests() == []


def test_the_tenant_knows_its_patience_and_what_its_token_grants(simulated):
    path = str(simulated("contoso").path)
    tenant = opened(cloud="simulator", simulator=path, patience=0)
    assert tenant.patience == 0
    assert "DeviceManagementConfiguration.ReadWrite.All" in tenant.granted_permissions
    assert opened(access_token="opaque").granted_permissions is None
    assert opened(access_token=token_of(scp="A B")).granted_permissions == {"A", "B"}


class Credential:
    """Signs in as it is told: each item is an exception or the seconds for which a token lasts."""

    def __init__(self, *outcomes):
        self.outcomes = list(outcomes)

    def get_token(self, *scopes, **options):
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return AccessToken(f"token-{len(self.outcomes)}", int(time.time()) + outcome)


def talk(credential, work):
    seen = []

    def answer(request):
        seen.append(request)
        return httpx.Response(200, json={"id": "1"})

    async def main():
        transport = httpx.MockTransport(answer)
        session = GraphSession(GraphEngine(CLOUDS["public"], credential, transport=transport))
        try:
            return await work(session)
        finally:
            await session.close()

    return asyncio.run(main()), seen


def wrapped(cause):
    error = ClientAuthenticationError("Authentication failed: no way")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("failure", "ours"),
    [
        (ClientAuthenticationError("AADSTS7000222: the secret expired"), AuthenticationError),
        (ValueError("odd"), AuthenticationError),
        (OSError("no such token file"), AuthenticationError),
        (RecursionError(), AuthenticationError),
    ],
)
def test_a_sign_in_that_fails_in_mid_run_sends_nothing_and_is_tried_anew(failure, ours):
    async def work(session):
        with pytest.raises(ours):
            await session.write("PATCH", "things/1", {})
        return await session.write("PATCH", "things/1", {})

    answer, seen = talk(Credential(failure, 3600), work)
    assert answer.status == 200
    assert len(seen) == 1


@pytest.mark.parametrize(
    "cause", [ServiceRequestError("no route"), wrapped(ServiceRequestError(""))]
)
def test_a_sign_in_service_out_of_reach_hides_no_commit_and_is_tried_again(cause):
    async def work(session):
        with pytest.raises(GraphTransportError) as caught:
            await session.write("PATCH", "things/1", {})
        assert never_sent(caught.value)
        return await session.read("things/1")

    answer, seen = talk(Credential(cause, cause, 3600), work)
    assert answer == {"id": "1"}
    assert len(seen) == 1


def test_a_token_is_used_until_it_has_little_time_left():
    async def work(session):
        for _ in range(3):
            await session.read("things/1")

    _, seen = talk(Credential(100, 3600), work)
    assert [request.headers["authorization"] for request in seen] == [
        "Bearer token-1",
        "Bearer token-0",
        "Bearer token-0",
    ]


def test_a_sign_in_that_hangs_ends_in_time_and_lets_the_process_go(monkeypatch):
    monkeypatch.setattr(sign_in, "SIGN_IN_SECONDS", 0.2)
    release = threading.Event()

    class Hanging:
        def get_token(self, *scopes, **options):
            release.wait(60)
            raise AssertionError("too late to matter")

    async def work(session):
        with pytest.raises(GraphTransportError, match="did not end within") as caught:
            await session.engine.tokens.refresh()
        return caught.value

    start = time.monotonic()
    error, seen = talk(Hanging(), work)
    release.set()
    assert time.monotonic() - start < 5
    assert not error.hides_commit
    assert seen == []


def test_a_failed_sign_in_with_a_secret_tells_neither_secret_nor_traceback():
    script = """
        import asyncio
        from intune_scep.connection import ConnectionOptions
        from intune_scep.graph import credentials, sign_in
        from intune_scep.graph.connect import connect
        from intune_scep.errors import (AuthenticationError)

        sign_in.SIGN_IN_SECONDS = 3
        options = ConnectionOptions.from_environment(
            {}, tenant="11111111-1111-4111-8111-111111111111", client_id="x", secret="p4ssw0rd!",
            authority="https://127.0.0.1:1")
        try:
            asyncio.run(connect(options))
        except AuthenticationError as error:
            print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "https://127.0.0.1:1" in done.stdout
    assert "p4ssw0rd!" not in done.stdout
    assert done.stderr == ""


def test_foreign_loggers_are_silent_and_ours_has_a_handler():
    sign_in.silence_loggers()
    for name in ("azure.identity", "msal", "intune_scep.graph"):
        assert logging.getLogger(name.partition(".")[0]).handlers


def refused(**given):
    given = {"access_token": "x", **given}
    with pytest.raises(ConnectionOptionError) as caught:
        asyncio.run(connect(ConnectionOptions.from_environment({}, **given)))
    return str(caught.value)


@pytest.mark.parametrize("content", [None, b"no certificate"])
@pytest.mark.parametrize("how", [{"access_token": "x"}, {"secret": "s3cret", "access_token": None}])
def test_certificates_that_cannot_be_read_are_named(monkeypatch, tmp_path, content, how):
    path = tmp_path / "bundle.pem"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    assert f"SSL_CERT_FILE {path}" in refused(tenant=ONE, client_id="x", **how)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTPS_PROXY", "ftp://user:p4ss@proxy.example"),
        ("https_proxy", "http://user:p4ss@proxy.example:port"),
        ("ALL_PROXY", "socks5://user:p4ss@proxy.example:1080"),
        ("HTTP_PROXY", "http://user:p4ss@pro\x7fxy.example"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_named_without_its_password(monkeypatch, name, value):
    if value.startswith("socks"):
        monkeypatch.setitem(sys.modules, "socksio", None)
    monkeypatch.setenv(name, value)
    message = refused()
    assert name in message
    assert "p4ss" not in message


def test_a_proxy_out_of_reach_is_named(monkeypatch):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")

    async def main():
        connection = await connect(ConnectionOptions.from_environment({}, access_token="x"))
        try:
            await connection.session.engine.send("GET", "things")
        finally:
            await connection.session.close()

    with pytest.raises(GraphTransportError, match="through the proxy in HTTPS_PROXY") as caught:
        asyncio.run(main())
    assert not caught.value.hides_commit


@pytest.mark.parametrize("no_proxy", ["", "example.com"])
@pytest.mark.parametrize("root", ["http://127.0.0.1:1", "https://localhost:1", "http://[::1]:1"])
def test_this_machine_is_never_reached_through_a_proxy(monkeypatch, root, no_proxy):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://proxy.example:8080")
    monkeypatch.setenv("NO_PROXY", no_proxy)

    async def proxies():
        graph = "https://graph.microsoft.com"
        async with open_client(root, timeout=1) as near, open_client(graph, timeout=1) as far:
            return proxy_in_use(near, root), proxy_in_use(far, graph)

    assert asyncio.run(proxies()) == (None, "HTTPS_PROXY")


def test_a_request_to_this_machine_does_not_arrive_at_the_proxy(monkeypatch):
    arrived = []

    async def serve(reader, writer):
        arrived.append(await reader.readline())
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        await writer.drain()
        writer.close()

    def address(server):
        return f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def main():
        graph = await asyncio.start_server(serve, "127.0.0.1", 0)
        proxy = await asyncio.start_server(serve, "127.0.0.1", 0)
        monkeypatch.setenv("ALL_PROXY", address(proxy))
        options = ConnectionOptions.from_environment(
            {},
            access_token="x",
            endpoint=address(graph),
        )
        connection = await connect(options)
        await connection.session.read("things")
        await connection.session.close()
        graph.close()
        proxy.close()

    asyncio.run(main())
    assert arrived == [b"GET /beta/things HTTP/1.1\r\n"]


@pytest.mark.parametrize("value", ["soon", "-1", "3601", "nan", "inf", -0.1, 1e9])
def test_an_impossible_patience_is_refused_by_name(value):
    for given in ({"patience": value}, {}):
        with pytest.raises(ConnectionOptionError, match=r"patience \(INTUNE_SCEP_PATIENCE\)"):
            ConnectionOptions.from_environment(
                {"INTUNE_SCEP_PATIENCE": str(value)}, access_token="x", **given
            )


@pytest.mark.parametrize(("value", "seconds"), [("0", 0), (0, 0), ("1.5", 1.5), (3600, 3600)])
def test_a_possible_patience_is_taken_nothing_included(value, seconds):
    read = ConnectionOptions.from_environment
    assert read({}, access_token="x", patience=value).patience == seconds
    assert read({"INTUNE_SCEP_PATIENCE": str(value)}, access_token="x").patience == seconds
    assert read({}, access_token="x").patience == 60


@pytest.mark.parametrize("value", ["soon", 0, "0", -1, "nan", 3601])
def test_an_impossible_timeout_is_refused_by_name(value):
    with pytest.raises(ConnectionOptionError, match=r"timeout \(INTUNE_SCEP_TIMEOUT\)"):
        ConnectionOptions.from_environment({}, access_token="x", timeout=value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("access_token", "two\nlines"),
        ("access_token", "tökén"),
        ("endpoint", "https://[::1"),
        ("endpoint", "https://graph.example:port"),
        ("authority", "https://[::1"),
        ("authority", "http://login.example"),
    ],
)
def test_what_cannot_be_a_token_or_a_url_is_refused_by_name(name, value):
    with pytest.raises(IntuneScepError, match=name) as caught:
        ConnectionOptions.from_environment({}, **{"access_token": "x", name: value})
    if name == "access_token":
        assert value not in str(caught.value)


def test_a_token_with_a_line_end_is_taken_without_it():
    assert opened(access_token=token_of(tid=ONE) + "\n").tenant_id == ONE
