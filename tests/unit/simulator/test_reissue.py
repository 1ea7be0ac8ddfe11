"""What an edit costs: certificates revoked and issued again, by the tenant's clock."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from intune_scep.simulator.in_process import open_in_process
from intune_scep.simulator.scenario import Certificate, Scenario, build_scenario
from intune_scep.simulator.seed import seed_database

from .conftest import CONFIGURATIONS, SID_URI, WINDOWS_SCEP, Clock, Graph

SYNCED, CLOUD = "0000000a-0000-0000-0000-000000000000", "0000000b-0000-0000-0000-000000000000"
ISSUED = "2026-03-01T08:00:00Z"
ALL_STATES = "deviceManagement/deviceConfigurationsAllManagedDeviceCertificateStates"


def scenario() -> Scenario:
    """One user with a SID and one without, a device each, a SCEP profile for each case."""
    kinds = {
        "1": (WINDOWS_SCEP, {"certificateStore": "user"}),
        "2": (WINDOWS_SCEP, {"certificateStore": "machine"}),
        "3": ("androidDeviceOwnerScepCertificateProfile", {}),
        "4": ("aospDeviceOwnerScepCertificateProfile", {}),
    }
    profiles = tuple(
        {
            "@odata.type": f"#microsoft.graph.{kind}",
            "id": number,
            "displayName": f"Profile {number}",
            "certificateValidityPeriodScale": "years",
            "certificateValidityPeriodValue": 1,
            **more,
        }
        for number, (kind, more) in kinds.items()
    )
    return replace(
        build_scenario("empty"),
        profiles=profiles,
        users=(
            {"id": SYNCED, "displayName": "Synced", "onPremisesSecurityIdentifier": "S-1-5-21-1"},
            {"id": CLOUD, "displayName": "Cloud"},
        ),
        devices=(
            {"id": "da", "deviceId": "ea", "onPremisesSecurityIdentifier": "S-1-5-21-2"},
            {"id": "db", "deviceId": "eb"},
        ),
        managed_devices=(
            {"id": "ma", "deviceName": "A", "userId": SYNCED, "azureADDeviceId": "ea"},
            {"id": "mb", "deviceName": "B", "userId": CLOUD, "azureADDeviceId": "eb"},
        ),
        certificates=tuple(
            Certificate(number, device, ISSUED) for number in kinds for device in ("ma", "mb")
        ),
    )


@pytest.fixture
def tenant(tmp_path: Path, clock: Clock) -> Iterator[Graph]:
    path = tmp_path / "tenant.sqlite"
    seed_database(path, scenario())
    door = open_in_process(path, clock=clock)
    yield Graph(door, clock)
    door.close()


def states(graph: Graph, number: str) -> list[Any]:
    profile = graph.get(number)
    kind = profile["@odata.type"].removeprefix("#")
    return graph.list(f"{CONFIGURATIONS}/{number}/{kind}/managedDeviceCertificateStates")


def summary(graph: Graph, number: str = "1") -> list[tuple[str, str, str]]:
    return [
        (
            each["deviceDisplayName"],
            each["certificateIssuanceState"],
            each["certificateRevokeStatus"],
        )
        for each in states(graph, number)
    ]


def test_an_edit_revokes_and_reissues_by_the_clock(tenant: Graph) -> None:
    before = states(tenant, "1")
    assert summary(tenant) == [("A", "issued", "none"), ("B", "issued", "none")]
    tenant.patch(tenant.get("1"), renewalThresholdPercentage=30)
    pending = [("A", "issued", "pending"), ("B", "issued", "pending")]
    waiting = [("A", "issuePending", "none"), ("B", "issuePending", "none")]
    assert summary(tenant) == pending + waiting
    tenant.control("POST", "clock", {"advance": 899})
    assert summary(tenant) == pending + waiting
    tenant.control("POST", "clock", {"advance": 2})
    revoked = [("A", "revoked", "revoked"), ("B", "revoked", "revoked")]
    assert summary(tenant) == [*revoked, ("A", "issued", "none"), ("B", "issued", "none")]
    after = states(tenant, "1")[2:]
    for old, new in zip(before, after, strict=True):
        assert new["certificateIssuanceDateTime"] > old["certificateIssuanceDateTime"]
        assert new["certificateExpirationDateTime"] > old["certificateExpirationDateTime"]
        assert new["certificateThumbprint"] != old["certificateThumbprint"]


@pytest.mark.parametrize(
    "change", [{"description": "x"}, {"displayName": "x"}, {"roleScopeTagIds": ["1"]}]
)
def test_an_edit_that_certificates_do_not_bear_costs_nothing(
    tenant: Graph, change: dict[str, Any]
) -> None:
    before = states(tenant, "1")
    tenant.patch(tenant.get("1"), **change)
    tenant.control("POST", "clock", {"advance": 10_000})
    assert states(tenant, "1") == before


def test_neither_a_refused_edit_nor_an_assignment_costs_anything(tenant: Graph) -> None:
    before = states(tenant, "1")
    assert tenant.patch(tenant.get("1"), keySize="huge").status == 400
    tenant("POST", f"{CONFIGURATIONS}/1/assign", {"assignments": []})
    assert states(tenant, "1") == before and states(tenant, "2")


def test_writing_the_value_already_there_is_taken_for_an_edit(tenant: Graph) -> None:
    tenant.patch(tenant.get("1"), customSubjectAlternativeNames=[])
    assert len(states(tenant, "1")) == 4


def test_a_second_edit_starts_the_wait_again_and_issues_once(tenant: Graph) -> None:
    for _ in range(2):
        tenant.patch(tenant.get("1"), renewalThresholdPercentage=30)
        tenant.control("POST", "clock", {"advance": 600})
    assert ("A", "issuePending", "none") in summary(tenant)
    tenant.control("POST", "clock", {"advance": 600})
    assert len(states(tenant, "1")) == 4
    assert summary(tenant)[2:] == [("A", "issued", "none"), ("B", "issued", "none")]


@pytest.mark.parametrize("number", ["1", "2"])
def test_whoever_has_no_sid_gets_no_certificate(tenant: Graph, number: str) -> None:
    tenant.patch(tenant.get(number), customSubjectAlternativeNames=[SID_URI])
    tenant.control("POST", "clock", {"advance": 1000})
    assert summary(tenant, number)[2:] == [("A", "issued", "none"), ("B", "issueFailed", "none")]
    assert states(tenant, number)[3]["certificateErrorCode"] != 0


@pytest.mark.parametrize("number", ["3", "4"])
def test_device_owner_and_aosp_report_nothing(tenant: Graph, number: str) -> None:
    assert states(tenant, number) == []
    tenant.patch(tenant.get(number), renewalThresholdPercentage=30)
    assert states(tenant, number) == []


def test_the_list_of_all_certificates(tenant: Graph) -> None:
    listed = tenant.list(ALL_STATES)
    assert len(listed) == 4
    assert {each["managedDeviceDisplayName"] for each in listed} == {"A", "B"}
    tenant.patch(tenant.get("1"), renewalThresholdPercentage=30)
    statuses = [each["certificateRevokeStatus"] for each in tenant.list(ALL_STATES)]
    assert sorted(statuses) == ["none"] * 4 + ["pending"] * 2


def test_a_certificate_outlives_its_profile(tenant: Graph) -> None:
    tenant.patch(tenant.get("1"), renewalThresholdPercentage=30)
    tenant("DELETE", f"{CONFIGURATIONS}/1")
    tenant.control("POST", "clock", {"advance": 1000})
    assert len(tenant.list(ALL_STATES)) == 6
