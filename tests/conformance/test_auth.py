"""GRAPH.md 4.4: tokens and permissions."""

import jwt
import pytest

from .bodies import scep
from .graph import DEVICE_CONFIGURATIONS, RESOURCE_ACCESS, Graph, assert_refused, one
from .harness import Tenant

READ = "DeviceManagementConfiguration.Read.All"
WRITE = "DeviceManagementConfiguration.ReadWrite.All"


def with_roles(tenant: Tenant, *roles: str) -> Graph:
    return tenant.graph.with_token(tenant.door.access_token(list(roles)))


def test_no_token_answers_401(tenant: Tenant) -> None:
    """GRAPH.md 4.4."""
    response = tenant.graph.with_token(None).get(DEVICE_CONFIGURATIONS)
    assert_refused(response, 401)
    assert response.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "a.b.c.d.e"])
def test_something_else_than_a_token_answers_401(tenant: Tenant, token: str) -> None:
    """GRAPH.md 4.4."""
    assert_refused(tenant.graph.with_token(token).get(DEVICE_CONFIGURATIONS), 401)


@pytest.mark.parametrize("what", ["foreign key", "no signature", "changed claims"])
def test_a_token_nobody_issued_answers_401(tenant: Tenant, what: str) -> None:
    """SIMULATOR.md 4: tokens are verified."""
    good = tenant.door.access_token()
    claims = jwt.decode(good, options={"verify_signature": False})
    header, _, signature = good.split(".")
    forged = {
        "foreign key": jwt.encode(claims, "x" * 32, algorithm="HS256"),
        "no signature": jwt.encode(claims, None, algorithm="none"),
        "changed claims": ".".join(
            [header, jwt.encode(claims | {"tid": "x"}, "x" * 32).split(".")[1], signature]
        ),
    }[what]
    assert_refused(tenant.graph.with_token(forged).get(DEVICE_CONFIGURATIONS), 401)


def test_an_expired_token_answers_401(tenant: Tenant) -> None:
    """SIMULATOR.md 4: by the tenant's clock."""
    graph = tenant.graph.with_token(tenant.door.access_token(expires_in=600))
    assert graph.get(DEVICE_CONFIGURATIONS).status_code == 200
    graph.control("POST", "clock", {"advance": 1200})
    assert_refused(graph.get(DEVICE_CONFIGURATIONS), 401)


def test_reading_needs_read_or_read_write(tenant: Tenant) -> None:
    """GRAPH.md 4.4."""
    for role in (READ, WRITE):
        assert with_roles(tenant, role).get(DEVICE_CONFIGURATIONS).status_code == 200
    refused = with_roles(tenant, "User.Read.All").get(DEVICE_CONFIGURATIONS)
    assert assert_refused(refused, 403)["code"] == "Forbidden"


def test_writing_needs_read_write(tenant: Tenant) -> None:
    """GRAPH.md 4.4."""
    created = with_roles(tenant, WRITE).create(scep())
    reader = with_roles(tenant, READ)
    body = {"@odata.type": created["@odata.type"], "description": "x"}
    assert_refused(reader.send("POST", DEVICE_CONFIGURATIONS, scep()), 403)
    assert_refused(reader.send("PATCH", one(created["id"]), body), 403)
    assert_refused(reader.send("POST", one(created["id"], "assign"), {"assignments": []}), 403)
    assert_refused(reader.send("DELETE", one(created["id"])), 403)
    assert reader.read(one(created["id"]))["version"] == 1


@pytest.mark.parametrize(
    ("role", "path"),
    [
        ("User.Read.All", "users"),
        ("Device.Read.All", "devices"),
        ("Group.Read.All", "groups"),
        ("DeviceManagementManagedDevices.Read.All", "deviceManagement/managedDevices"),
        ("DeviceManagementRBAC.Read.All", "deviceManagement/roleScopeTags"),
        (READ, "deviceManagement/assignmentFilters"),
        (
            "Policy.Read.AuthenticationMethod",
            "policies/authenticationMethodsPolicy/authenticationMethodConfigurations"
            "/x509Certificate",
        ),
        ("DeviceManagementServiceConfig.Read.All", RESOURCE_ACCESS),
    ],
)
def test_each_collection_needs_its_own_permission(tenant: Tenant, role: str, path: str) -> None:
    """GRAPH.md 4.4; 1.1 for resourceAccessProfiles."""
    assert with_roles(tenant, role).get(path).status_code == 200
    assert_refused(with_roles(tenant, "DeviceManagementScripts.Read.All").get(path), 403)


def test_a_read_only_tenant_refuses_every_write_and_records_it(tenant: Tenant) -> None:
    """Control surface: used to prove that check mode writes nothing."""
    graph = tenant.graph
    created = graph.create(scep())
    graph.control("PUT", "settings", {"read_only": True})
    graph.control("DELETE", "requests")
    body = {"@odata.type": created["@odata.type"], "description": "x"}
    assert graph.send("PATCH", one(created["id"]), body).status_code in (403, 405)
    assert graph.send("POST", DEVICE_CONFIGURATIONS, scep()).status_code in (403, 405)
    assert graph.read(one(created["id"])) == created
    journal = graph.control("GET", "requests")["value"]
    assert [each["method"] for each in journal] == ["PATCH", "POST", "GET"]
