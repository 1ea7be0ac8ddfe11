"""The wire door: the commands, TLS, azure-identity and effects on a real socket."""

import json
import ssl
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from intune_scep.simulator.commands import app
from intune_scep.simulator.scenarios import empty

from .conftest import CONFIGURATIONS

COMMAND = [sys.executable, "-c", "from intune_scep.simulator.commands import app; app()"]
URL = f"/beta/{CONFIGURATIONS}"


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output.strip()


@contextmanager
def serving(*arguments: str) -> Iterator[str]:
    with subprocess.Popen(
        [*COMMAND, "serve", *arguments], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()
            assert server.stdout.read() == ""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("wire")


@pytest.fixture(scope="module")
def database(folder: Path) -> Path:
    path = folder / "tenant.sqlite"
    assert run("seed", "--database", str(path), "--scenario", "empty")[0] == 0
    return path


@pytest.fixture(scope="module")
def server(folder: Path, database: Path) -> Iterator[str]:
    with serving("--database", str(database), "--tls-directory", str(folder / "tls")) as url:
        yield url


@pytest.fixture
def client(server: str, folder: Path, database: Path) -> Iterator[httpx.Client]:
    trusted = ssl.create_default_context(cafile=folder / "tls" / "ca.pem")
    token = run("token", "--database", str(database))[1]
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(
        base_url=server, verify=trusted, headers=headers, timeout=1.5, trust_env=False
    ) as opened:
        yield opened
        opened.delete("/_simulator/faults")


def test_it_serves_https_with_a_certificate_of_its_own(
    client: httpx.Client, server: str, folder: Path
) -> None:
    assert server.startswith("https://127.0.0.1:")
    answer = client.get(URL)
    assert answer.status_code == 200
    assert answer.json()["@odata.context"].startswith(f"{server}/beta/$metadata#")
    assert stat.S_IMODE((folder / "tls" / "server.key").stat().st_mode) == 0o600
    with pytest.raises(httpx.ConnectError):
        httpx.get(server, trust_env=False)


@pytest.mark.parametrize(
    ("effect", "error"),
    [
        ("close", httpx.RemoteProtocolError),
        ("kill", httpx.RemoteProtocolError),
        ("truncate", httpx.RemoteProtocolError),
        ("slow", httpx.ReadTimeout),
    ],
)
def test_effects_happen_on_the_socket(
    client: httpx.Client, effect: str, error: type[Exception]
) -> None:
    rule = {"match": {"path": "deviceConf"}, "effect": effect, "when": "after", "times": 1}
    rules = [rule | ({"seconds": 3} if effect == "slow" else {})]
    assert client.put("/_simulator/faults", json=rules).status_code == 200
    with pytest.raises(error):
        client.get(URL)
    assert client.get(URL).status_code == 200


def from_host(client: httpx.Client, host: str, path: str = URL) -> httpx.Response:
    return client.get(path, headers={"Host": host})


@pytest.mark.parametrize(
    "host",
    ["localhost", "LocalHost:8080", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:443", "localhost."],
)
def test_loopback_is_served_by_every_name_of_it(client: httpx.Client, host: str) -> None:
    answer = from_host(client, host)
    assert answer.status_code == 200
    assert answer.json()["@odata.context"].startswith(f"https://{host}/beta/$metadata#")


@pytest.mark.parametrize(
    "host",
    [
        "rebound.example",
        "rebound.example:8080",
        "graph.microsoft.com",
        "127.0.0.1.rebound.example",
        "localhost.rebound.example",
        "192.0.2.1",
        "0.0.0.0",
        "[::2]",
        "localhost@rebound.example",
        "127.0.0.1:80:80",
        "",
    ],
)
@pytest.mark.parametrize("path", [URL, "/_simulator/requests", "/common/oauth2/v2.0/token"])
def test_a_request_for_another_host_is_refused(client: httpx.Client, host: str, path: str) -> None:
    answer = from_host(client, host, path)
    assert answer.status_code in (421, 400)
    assert "value" not in answer.text


def test_the_refusal_names_the_host_and_the_option(client: httpx.Client) -> None:
    error = from_host(client, "rebound.example").json()["error"]
    assert error["code"] == "MisdirectedRequest"
    assert "'rebound.example'" in error["message"] and "--allow-host" in error["message"]
    entries = client.get("/_simulator/requests").json()["value"]
    assert all(entry["status"] != 421 for entry in entries)


def test_more_hosts_are_served_by_option_and_stand_in_the_certificate(
    tmp_path: Path, database: Path
) -> None:
    options = ["--tls-directory", str(tmp_path), "--database", str(database)]
    with serving(*options):
        pass
    hosts = ("graph.microsoft.com", "Two.Example", "192.0.2.7", "[2001:db8::7]")
    names = [part for host in hosts for part in ("--allow-host", host)]
    with serving(*options, *names) as url:
        trusted = ssl.create_default_context(cafile=tmp_path / "ca.pem")
        with httpx.Client(base_url=url, verify=trusted, trust_env=False) as client:
            for host in (*map(str.lower, hosts), "localhost"):
                named = {"sni_hostname": host.strip("[]")}
                answer = client.get(URL, headers={"Host": host}, extensions=named)
                assert answer.status_code == 401
            assert from_host(client, "three.example").status_code == 421


@pytest.mark.parametrize(
    "name",
    ["", "https://graph.microsoft.com", "graph.microsoft.com:443", "a b", "*/", "*", "*.example"],
)
def test_what_is_no_host_is_refused_before_anything_is_served(database: Path, name: str) -> None:
    code, output = run("serve", "--database", str(database), "--allow-host", name)
    assert code == 1 and "no name of a host" in output and "\n" not in output


def test_the_control_api_needs_the_token_on_the_wire_too(client: httpx.Client) -> None:
    anonymous = {"Authorization": ""}
    assert client.get("/_simulator/requests", headers=anonymous).status_code == 401
    rules = [{"effect": 503}]
    assert client.put("/_simulator/faults", json=rules, headers=anonymous).status_code == 401
    assert client.get("/_simulator/faults").json() == []


def test_faults_can_come_from_a_file(tmp_path: Path, database: Path) -> None:
    path = tmp_path / "faults.json"
    rule = {"match": {"path": "deviceConf", "nth": [1]}, "effect": 418}
    path.write_text(json.dumps([rule]))
    token = run("token", "--database", str(database))[1]
    headers = {"Authorization": f"Bearer {token}"}
    with (
        serving("--database", str(database), "--faults", str(path)) as url,
        httpx.Client(base_url=url, headers=headers, trust_env=False) as client,
    ):
        assert [client.get(URL).status_code for _ in range(2)] == [418, 200]
        assert client.get("/_simulator/faults").json() == [rule | {"when": "before"}]
        client.delete("/_simulator/faults")


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (None, "no file"),
        ("{}", "array"),
        ("[{", "no JSON"),
        ('[{"effect": "explode"}]', "one of html_502"),
        ('[{"effect": 503, "match": {"nth": 1}}]', "as in [1, 3]"),
        ('[{"effect": 503, "match": {"probability": NaN}}]', "NaN"),
        ('[{"effect": 503, "wenn": "after"}]', "'wenn'; it takes effect"),
    ],
)
def test_a_file_with_no_rules_is_one_line(
    tmp_path: Path, database: Path, content: str | None, part: str
) -> None:
    path = tmp_path / "faults.json"
    if content is not None:
        path.write_text(content)
    code, output = run("serve", "--database", str(database), "--faults", str(path))
    assert code == 1 and part in output and str(path) in output and "\n" not in output


def test_a_drip_outlives_a_timeout_per_read(client: httpx.Client) -> None:
    rule = {"match": {"path": "deviceConf"}, "effect": "drip", "seconds": 2, "times": 1}
    client.put("/_simulator/faults", json=[rule | {"when": "after"}])
    with client.stream("GET", URL) as answer:
        chunks = list(answer.iter_raw())
    assert answer.status_code == 200 and len(chunks) > 3


def test_azure_identity_gets_a_token_unmodified(
    client: httpx.Client, server: str, folder: Path
) -> None:
    from azure.core.exceptions import ClientAuthenticationError
    from azure.identity import ClientSecretCredential

    options = {
        "authority": server,
        "disable_instance_discovery": True,
        "connection_verify": str(folder / "tls" / "ca.pem"),
    }
    scope = "https://graph.microsoft.com/.default"
    with ClientSecretCredential(
        empty.TENANT_ID, empty.CLIENT_ID, empty.CLIENT_SECRET, **options
    ) as credential:
        token = credential.get_token(scope).token
    answer = client.get(URL, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    with (
        ClientSecretCredential(empty.TENANT_ID, empty.CLIENT_ID, "wrong", **options) as wrong,
        pytest.raises(ClientAuthenticationError, match="AADSTS7000215"),
    ):
        wrong.get_token(scope)


def test_serving_makes_the_tenant_when_there_is_none(tmp_path: Path) -> None:
    path = tmp_path / "new.sqlite"
    with serving("--database", str(path), "--scenario", "empty") as url:
        assert url.startswith("http://127.0.0.1:")
        assert httpx.get(f"{url}{URL}", trust_env=False).status_code == 401
    assert run("serve", "--database", str(path), "--scenario", "contoso")[0] == 1


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["serve", "--host", "0.0.0.0"], "loopback"),
        (["serve", "--host", "graph.example"], "loopback"),
        (["serve", "--tls-key", "x"], "belong together"),
        (["serve", "--tls-key", "x", "--tls-certificate", "y"], "no file"),
        (["seed", "--scenario", "fabrikam"], "no scenario 'fabrikam'"),
        (["token", "--expires-in", "nan"], "--expires-in takes a number of seconds"),
        (["token", "--expires-in", "inf"], "--expires-in takes a number of seconds"),
        (["token", "--expires-in", "-1e300"], "--expires-in takes a number of seconds"),
    ],
)
def test_mistakes_are_one_line(database: Path, arguments: list[str], part: str) -> None:
    code, output = run(*arguments, "--database", str(database))
    assert code == 1 and part in output and "\n" not in output


def test_a_taken_port_is_one_line(server: str, database: Path) -> None:
    port = server.rpartition(":")[2]
    code, output = run("serve", "--database", str(database), "--port", port)
    assert code == 1 and "Cannot listen" in output and "\n" not in output


def test_commands_refuse_what_is_no_tenant(tmp_path: Path) -> None:
    foreign = tmp_path / "notes.txt"
    foreign.write_text("precious")
    for command in ("serve", "seed", "reset", "token"):
        code, output = run(command, "--database", str(foreign))
        assert (code, "\n" in output) == (1, False) and "not a simulator database" in output
    assert run("reset", "--database", str(tmp_path / "missing"))[0] == 1
    assert foreign.read_text() == "precious"


def test_reset_brings_the_scenario_back(tmp_path: Path) -> None:
    path = tmp_path / "tenant.sqlite"
    run("seed", "--database", str(path), "--scenario", "empty")
    before = run("token", "--database", str(path))[1]
    code, output = run("reset", "--database", str(path))
    assert code == 0 and "scenario empty" in output
    assert run("token", "--database", str(path))[1] != before


def test_roles_of_a_token_are_those_asked_for(database: Path) -> None:
    import jwt

    arguments = ["token", "--database", str(database), "--roles", "A,B", "--roles", "C"]
    token = run(*arguments)[1]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["roles"] == ["A", "B", "C"] and claims["tid"] == empty.TENANT_ID


def test_each_part_of_an_answer_is_sent_at_once(tmp_path: Path) -> None:
    """Nagle's algorithm and delayed acknowledgements together would hold each answer for 40 ms."""
    probe = tmp_path / "probe.py"
    probe.write_text(
        "import socket, sys\n"
        "from intune_scep.simulator import wire\n"
        "made = wire._Protocol.connection_made\n"
        "def connection_made(self, transport):\n"
        "    given = transport.get_extra_info('socket')\n"
        "    print(given.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY), flush=True)\n"
        "    made(self, transport)\n"
        "wire._Protocol.connection_made = connection_made\n"
        "wire.serve(None, announce=lambda url: print(url, flush=True))\n"
    )
    command = [sys.executable, str(probe)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        try:
            httpx.get(url, headers={"host": "other"}, trust_env=False)
            assert server.stdout.readline().strip() == "1"
        finally:
            server.terminate()
