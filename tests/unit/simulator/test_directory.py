"""Users, groups, devices and the read-only collections of Intune."""

import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from intune_scep.simulator.in_process import open_in_process
from intune_scep.simulator.messages import Request
from intune_scep.simulator.scenario import build_scenario
from intune_scep.simulator.seed import seed_database

from .conftest import Clock, Graph
from .test_reissue import scenario

SID = "onPremisesSecurityIdentifier"
ADVANCED = {"ConsistencyLevel": "eventual"}


@pytest.fixture
def tenant(tmp_path: Path, clock: Clock) -> Iterator[Graph]:
    groups = [{"id": f"g{number}", "displayName": f"Group {number}"} for number in range(4)]
    filters = [{"id": "f1", "displayName": "Corporate", "platform": "iOS", "rule": "(x)"}]
    base = scenario()
    user = base.users[0]["id"]
    content = replace(
        base,
        groups=tuple(groups),
        members={"g0": ("g1", user), "g1": ("g2", "da"), "g2": ("g0", base.users[1]["id"])},
        assignment_filters=tuple(
            {**each, "assignmentFilterManagementType": "devices"} for each in filters
        ),
        role_scope_tags=build_scenario("empty").role_scope_tags,
    )
    path = tmp_path / "tenant.sqlite"
    seed_database(path, content)
    door = open_in_process(path, clock=clock)
    yield Graph(door, clock)
    door.close()


def ids(graph: Graph, path: str, query: str = "", **headers: str) -> list[str]:
    response = graph("GET", path, query=query, **headers)
    assert response.status == 200, response.body
    return [each["id"] for each in response.json()["value"]]


@pytest.mark.parametrize("version", ["beta", "v1.0"])
@pytest.mark.parametrize("collection", ["users", "devices"])
def test_the_sid_is_shown_only_on_select(tenant: Graph, version: str, collection: str) -> None:
    shown = tenant("GET", collection, version=version).json()["value"]
    assert not any(SID in each for each in shown)
    asked = tenant("GET", collection, version=version, query=f"$select=id,{SID}").json()["value"]
    assert [bool(each[SID]) for each in asked] == [True, False]
    one = tenant("GET", f"{collection}/{asked[0]['id']}", query=f"$select={SID}", version=version)
    assert one.json()[SID] == asked[0][SID]
    assert SID not in tenant("GET", f"{collection}/{asked[0]['id']}", version=version).json()


def test_members_are_direct_and_transitive_members_are_all(tenant: Graph) -> None:
    assert sorted(ids(tenant, "groups/g1/members")) == ["da", "g2"]
    reached = ids(tenant, "groups/g0/transitiveMembers")
    # The nesting is circular: the group reaches itself, and each member is told once.
    assert len(reached) == len(set(reached)) == 6
    assert ids(tenant, "groups/g3/transitiveMembers") == []
    assert tenant("GET", "groups/missing/members").status == 404


def test_a_cast_needs_an_advanced_query(tenant: Graph) -> None:
    path = "groups/g0/transitiveMembers/microsoft.graph.user"
    assert tenant("GET", path).status == 400
    assert tenant("GET", path, query="$count=true").status == 400
    headers = {"consistencylevel": "eventual"}
    found = ids(tenant, path, f"$count=true&$select=id,{SID}", **headers)
    assert len(found) == 2
    text = f"$count=true&$filter={SID} eq 'S-1-5-21-1'"
    assert len(ids(tenant, path, text, **headers)) == 1


def test_members_come_in_pages(tenant: Graph) -> None:
    first = tenant("GET", "groups/g0/transitiveMembers", query="$top=4").json()
    assert len(first["value"]) == 4 and "@odata.nextLink" in first


@pytest.mark.parametrize(
    ("path", "query", "count"),
    [
        ("users", "$filter=displayName eq 'Synced'", 1),
        ("devices", "$filter=deviceId eq 'ea'", 1),
        ("groups", "$filter=startswith(displayName,'group')", 4),
        ("deviceManagement/managedDevices", "$filter=deviceName eq 'A'", 1),
        ("deviceManagement/managedDevices", "$filter=joinType eq 'unknown'", 2),
        ("deviceManagement/assignmentFilters", "", 1),
        ("deviceManagement/roleScopeTags", "", 1),
        ("organization", "", 1),
    ],
)
def test_lists_and_items(tenant: Graph, path: str, query: str, count: int) -> None:
    found = ids(tenant, path, query)
    assert len(found) == count
    assert tenant("GET", f"{path}/{found[0]}").json()["id"] == found[0]
    assert tenant("GET", f"{path}/missing").status == 404
    assert tenant("POST", path, {}).status == 400


def test_a_report_is_asked_for_polled_and_downloaded(tenant: Graph) -> None:
    path = "deviceManagement/reports/exportJobs"
    body = {"reportName": "CertificatesByRAPolicy", "format": "csv"}
    created = tenant("POST", path, body)
    assert created.status == 201 and created.json()["status"] == "notStarted"
    job = created.json()["id"]
    assert job.startswith("CertificatesByRAPolicy_")
    tenant.clock.now += 0.5
    assert tenant("GET", f"{path}('{job}')").json()["status"] == "inProgress"
    tenant.clock.now += 10
    done = tenant("GET", f"{path}('{job}')").json()
    assert done["status"] == "completed" and done["id"] == job
    location = done["url"].removeprefix("https://graph.example")
    answer = tenant.core.handle(Request("GET", location, host="graph.example"))
    archive = zipfile.ZipFile(io.BytesIO(answer.body))
    rows = list(csv.DictReader(io.StringIO(archive.read(archive.namelist()[0]).decode())))
    # Four of the eight certificates come through profiles that are not reported.
    assert [row["PolicyId"] for row in rows] == ["1", "1", "2", "2"]
    assert tenant("POST", path, {"reportName": "NoSuchReport"}).status == 400
    assert tenant("GET", f"{path}/missing").status == 404
