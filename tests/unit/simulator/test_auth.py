"""Tokens and permissions."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from intune_scep.simulator.permissions import ALL_ROLES
from intune_scep.simulator.seed import seed_database
from intune_scep.simulator.store import read_meta
from intune_scep.simulator.tokens import issue_token

from .conftest import CONFIGURATIONS, WINDOWS_SCEP, Graph

READ = "DeviceManagementConfiguration.Read.All"
MANAGED = "DeviceManagementManagedDevices.Read.All"
ALL_STATES = "deviceManagement/deviceConfigurationsAllManagedDeviceCertificateStates"
WRITE = "DeviceManagementConfiguration.ReadWrite.All"


def token(graph: Graph, **changes: Any) -> str:
    with graph.core.store.transaction() as connection:
        meta = read_meta(connection)
    given = {"now": graph.clock.now, "application": "app"} | changes
    meta |= given.pop("meta", {})
    return issue_token(meta, **given)


def forged(original: str) -> str:
    header, claims, signature = original.split(".")
    content = json.loads(base64.urlsafe_b64decode(claims + "=="))
    content["exp"] += 10
    changed = base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()
    return f"{header}.{changed}.{signature}"


def unsigned(original: str) -> str:
    header = base64.urlsafe_b64encode(b'{"typ":"JWT","alg":"none"}').rstrip(b"=").decode()
    return f"{header}.{original.split('.')[1]}."


def test_a_good_token_opens(graph: Graph) -> None:
    assert graph("GET", CONFIGURATIONS, token=token(graph)).status == 200
    for host in ("graph.microsoft.us", "microsoftgraph.chinacloudapi.cn"):
        other = token(graph, audience=f"https://{host}/")
        assert graph("GET", CONFIGURATIONS, token=other).status == 200


def test_every_other_token_answers_401(graph: Graph) -> None:
    good = token(graph)
    bad = {
        "none": "",
        "garbled": "garbled",
        "dots": "a.b.c",
        "more dots": f"{good}.x",
        "expired": token(graph, expires_in=-1),
        "other audience": token(graph, audience="https://vault.azure.net"),
        "other tenant": token(graph, meta={"tenant_id": "other"}),
        "other key": token(graph, meta={"signing_key": "00"}),
        "forged": forged(good),
        "unsigned": unsigned(good),
        "not text": good + "é",
    }
    for name, value in bad.items():
        response = graph("GET", CONFIGURATIONS, token=value)
        assert response.status == 401, name
        assert response.json()["error"]["code"] == "InvalidAuthenticationToken", name
        assert response.headers["WWW-Authenticate"].startswith("Bearer "), name
    assert graph("GET", CONFIGURATIONS, authorization="Basic x").status == 401
    assert graph("POST", "$batch", {"requests": []}, token="").status == 401


def test_a_token_expires_by_the_tenants_clock(graph: Graph) -> None:
    short = token(graph, expires_in=60)
    assert graph("GET", CONFIGURATIONS, token=short).status == 200
    graph.control("POST", "clock", {"advance": 61})
    assert graph("GET", CONFIGURATIONS, token=short).status == 401


@pytest.mark.parametrize(
    ("roles", "method", "path", "status"),
    [
        ([READ], "GET", CONFIGURATIONS, 200),
        ([WRITE], "GET", CONFIGURATIONS, 200),
        ([READ], "POST", CONFIGURATIONS, 403),
        ([], "GET", CONFIGURATIONS, 403),
        (["DeviceManagementServiceConfig.Read.All"], "GET", CONFIGURATIONS, 403),
        ([WRITE], "GET", "deviceManagement/resourceAccessProfiles", 403),
        ([READ], "GET", "deviceManagement/assignmentFilters", 200),
        ([READ], "GET", "deviceManagement/roleScopeTags", 403),
        (["DeviceManagementRBAC.Read.All"], "GET", "deviceManagement/roleScopeTags", 200),
        ([MANAGED], "GET", "deviceManagement/managedDevices", 200),
        ([READ], "GET", "users", 403),
        (["User.Read.All"], "GET", "users", 200),
        (["GroupMember.Read.All"], "GET", "groups", 200),
        (["Device.Read.All"], "GET", "devices", 200),
        ([READ], "GET", ALL_STATES, 200),
    ],
)
def test_permissions(graph: Graph, roles: list[str], method: str, path: str, status: int) -> None:
    response = graph(method, path, {}, token=token(graph, roles=roles))
    assert response.status == status
    if status != 403:
        return
    error = response.json()["error"]
    assert error["code"] in ("Forbidden", "Authorization_RequestDenied")
    assert not any(role in error["message"] for role in ALL_ROLES)


def test_a_forbidden_write_changes_nothing(graph: Graph) -> None:
    profile = graph.create(WINDOWS_SCEP)
    reader = token(graph, roles=[READ])
    path = f"{CONFIGURATIONS}/{profile['id']}"
    assert graph("DELETE", path, token=reader).status == 403
    assert graph.get(profile["id"]) == profile


def test_two_tenants_do_not_accept_each_others_tokens(graph: Graph, tmp_path: Path) -> None:
    other = tmp_path / "other.sqlite"
    seed_database(other, "empty")
    from intune_scep.simulator.in_process import open_in_process

    door = open_in_process(other, clock=graph.clock)
    foreign = door.access_token()
    door.close()
    assert graph("GET", CONFIGURATIONS, token=foreign).status == 401
