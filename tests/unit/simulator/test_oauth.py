"""The token endpoint: secrets, certificates, federated tokens."""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from intune_scep.simulator.in_process import open_in_process
from intune_scep.simulator.messages import Request, Response
from intune_scep.simulator.scenario import Application, build_scenario
from intune_scep.simulator.seed import seed_database

from .conftest import CONFIGURATIONS, Clock, Graph

CLIENT = "0000000c-0000-0000-0000-000000000000"
TENANT = "11111111-2222-4333-8444-555555555555"
SECRET = "right"
ENDPOINT = f"https://login.example/{TENANT}/oauth2/v2.0/token"
SUBJECT = "repo:contoso/pki:ref:refs/heads/main"


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def certificate(key: rsa.RSAPrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "client")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    return builder.sign(key, hashes.SHA256())


@pytest.fixture
def tenant(
    tmp_path: Path, clock: Clock, key: rsa.RSAPrivateKey, certificate: x509.Certificate
) -> Iterator[Graph]:
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    application = Application(
        CLIENT,
        "Client",
        roles=("DeviceManagementConfiguration.Read.All",),
        secret=SECRET,
        certificate=certificate.public_bytes(serialization.Encoding.PEM).decode(),
        federated_subject=SUBJECT,
        federated_issuer="https://token.actions.example",
        federated_key=public.decode(),
    )
    path = tmp_path / "tenant.sqlite"
    seed_database(path, replace(build_scenario("empty"), applications=(application,)))
    door = open_in_process(path, clock=clock)
    yield Graph(door, clock)
    door.close()


def ask(graph: Graph, tenant: str = TENANT, **form: str) -> Response:
    given = {
        "client_id": CLIENT,
        "grant_type": "client_credentials",
        "scope": "https://graph.microsoft.com/.default",
    } | form
    path = f"/{tenant}/oauth2/v2.0/token"
    body = urlencode(given).encode()
    return graph.core.handle(Request("POST", path, body=body, host="login.example"))


def with_assertion(graph: Graph, assertion: str) -> Response:
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    return ask(graph, client_assertion=assertion, client_assertion_type=kind)


def claims(**changes: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    given = {"aud": ENDPOINT, "iss": CLIENT, "sub": CLIENT, "exp": now + timedelta(minutes=5)}
    return given | changes


def test_a_secret_gets_a_token_with_the_clients_roles(tenant: Graph) -> None:
    answer = ask(tenant, client_secret=SECRET).json()
    assert answer["token_type"] == "Bearer" and answer["expires_in"] == 3599
    token = answer["access_token"]
    assert tenant("GET", CONFIGURATIONS, token=token).status == 200
    assert tenant("POST", CONFIGURATIONS, {}, token=token).status == 403
    assert tenant("GET", "users", token=token).status == 403


@pytest.mark.parametrize(
    ("form", "number"),
    [
        ({"client_secret": "wrong"}, 7000215),
        ({}, 7000218),
        ({"client_id": "unknown", "client_secret": SECRET}, 700016),
        ({"client_secret": SECRET, "grant_type": "password"}, 70003),
        ({"client_secret": SECRET, "scope": "User.Read"}, 70011),
    ],
)
def test_what_gets_no_token(tenant: Graph, form: dict[str, str], number: int) -> None:
    answer = ask(tenant, **form)
    assert answer.status in (400, 401)
    assert answer.json()["error_codes"] == [number]
    assert answer.json()["error_description"].startswith(f"AADSTS{number}: ")
    assert SECRET not in answer.body.decode()


def test_another_tenant_is_not_found(tenant: Graph) -> None:
    answer = ask(tenant, tenant="fabrikam.example", client_secret=SECRET)
    assert (answer.status, answer.json()["error_codes"]) == (400, [90002])


def test_a_token_for_something_else_does_not_open_graph(tenant: Graph) -> None:
    answer = ask(tenant, client_secret=SECRET, scope="https://vault.azure.net/.default")
    token = answer.json()["access_token"]
    assert tenant("GET", CONFIGURATIONS, token=token).status == 401


@pytest.mark.parametrize("algorithm", ["RS256", "PS256"])
def test_a_certificate_signs_both_ways(
    tenant: Graph, key: rsa.RSAPrivateKey, certificate: x509.Certificate, algorithm: str
) -> None:
    name = "x5t" if algorithm == "RS256" else "x5t#S256"
    digest = hashes.SHA1() if algorithm == "RS256" else hashes.SHA256()
    print_ = base64.urlsafe_b64encode(certificate.fingerprint(digest)).rstrip(b"=").decode()
    assertion = jwt.encode(claims(), key, algorithm, headers={name: print_})
    assert with_assertion(tenant, assertion).status == 200
    other = base64.urlsafe_b64encode(hashlib.sha256(b"").digest()).rstrip(b"=").decode()
    strange = jwt.encode(claims(), key, algorithm, headers={"x5t#S256": other})
    assert with_assertion(tenant, strange).status == 401


def test_an_assertion_that_is_not_the_clients_is_refused(
    tenant: Graph, key: rsa.RSAPrivateKey
) -> None:
    thief = rsa.generate_private_key(65537, 2048)
    expired = datetime.now(UTC) - timedelta(hours=1)
    for assertion in (
        "garbled",
        jwt.encode(claims(), thief, "RS256"),
        jwt.encode(claims(), "x" * 32, "HS256"),
        jwt.encode(claims(), None, "none"),
        jwt.encode(claims(aud="https://other.example"), key, "RS256"),
        jwt.encode(claims(exp=expired), key, "RS256"),
    ):
        assert with_assertion(tenant, assertion).status == 401


def test_a_federated_token_needs_its_issuer_and_subject(
    tenant: Graph, key: rsa.RSAPrivateKey
) -> None:
    given = claims(
        aud="api://AzureADTokenExchange", iss="https://token.actions.example", sub=SUBJECT
    )
    assert with_assertion(tenant, jwt.encode(given, key, "RS256")).status == 200
    for change in ({"sub": "repo:fork"}, {"iss": "https://other.example"}, {"aud": ENDPOINT}):
        assertion = jwt.encode(given | change, key, "RS256")
        assert with_assertion(tenant, assertion).status in (400, 401)


def test_discovery_leads_to_the_token_endpoint(tenant: Graph) -> None:
    path = f"/{TENANT}/v2.0/.well-known/openid-configuration"
    found = tenant.core.handle(Request("GET", path, host="login.example")).json()
    assert found["token_endpoint"] == ENDPOINT


def test_neither_secrets_nor_tokens_are_kept_in_the_journal(tenant: Graph) -> None:
    token = ask(tenant, client_secret=SECRET).json()["access_token"]
    tenant("GET", CONFIGURATIONS, token=token)
    journal = str(tenant.control("GET", "requests"))
    assert token not in journal and "client_secret" not in journal
    assert repr(Application(CLIENT, "x", secret=SECRET)).find(SECRET) < 0
