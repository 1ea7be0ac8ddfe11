"""ROLLOUT.md 1, 3 and 5: devices that check in, and what reaches them then."""

from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

import pytest

from intune_scep.simulator.scenarios.rollout import HOSTS, RINGS, group_id

from .bodies import SID_URI, target_of
from .fleet import (
    CYCLE,
    HOUR,
    JOBS,
    OWNED_DEVICES,
    STATUS_REPORT,
    add_sid,
    advance,
    assign,
    counted,
    create_copy,
    edit,
    named,
    owned,
    report,
    serials,
    states,
    truth,
)
from .graph import DEVICE_CONFIGURATIONS, Graph, Json, assert_refused, bind, one

WIFI = named("Windows user Wi-Fi")
VPN = named("Windows user VPN")
IOS = named("iOS user Wi-Fi")
MACHINES = named("Windows device Wi-Fi")
MANAGED = "deviceManagement/managedDevices"
CONNECTORS = "deviceManagement/ndesConnectors"
EDITED = 30
NINE_DAYS = {"certificateValidityPeriodScale": "days", "certificateValidityPeriodValue": 9}
EVERYBODY = target_of("allLicensedUsersAssignmentTarget")
EVERYTHING = target_of("allDevicesAssignmentTarget")


def group(ring: str, kind: str, *, excluded: bool = False) -> Json:
    name = "exclusionGroupAssignmentTarget" if excluded else "groupAssignmentTarget"
    return target_of(name, groupId=group_id(ring, kind))


def held(graph: Graph, profile: str) -> set[str]:
    """Serial numbers of the certificates that are on devices."""
    found = states(graph, profile)
    return {
        each["certificateSerialNumber"]
        for each in found
        if each["certificateIssuanceState"] == "issued"
    }


def kill(graph: Graph, connector: str, **more: Any) -> None:
    graph.control("PUT", "connectors", {"connector": connector, "dead": True, **more})


def test_every_answer_carries_the_time_of_the_service(fleet: Graph) -> None:
    """HTTP; the tenant's clock, not the machine's."""
    before = parsedate_to_datetime(fleet.get(one(WIFI)).headers["Date"])
    advance(fleet, 100 * 86_400)
    items = [{"id": "1", "method": "GET", "url": f"/{one(WIFI)}"}]
    batch = fleet.send("POST", "$batch", {"requests": items})
    missing = fleet.get(one("00000000-0000-0000-0000-00000000ffff"))
    for answer in (fleet.get(one(WIFI)), missing, batch):
        passed = parsedate_to_datetime(answer.headers["Date"]) - before
        assert 100 <= passed.days <= 101
        assert len(answer.headers.get_list("Date")) == 1
    assert "Date" not in batch.json()["responses"][0]["headers"]


def test_every_device_checks_in_once_a_cycle(fleet: Graph) -> None:
    """ROLLOUT.md 3: about every 8 h; how they are spread is unknown."""
    advance(fleet, CYCLE)
    first = {each["id"]: each["lastSyncDateTime"] for each in fleet.all_of(MANAGED)}
    advance(fleet, HOUR)
    hour = {each["id"]: each["lastSyncDateTime"] for each in fleet.all_of(MANAGED)}
    moved = [device for device, instant in hour.items() if instant != first[device]]
    assert 0 < len(moved) < len(first) / 2
    advance(fleet, CYCLE - HOUR)
    last = {each["id"]: each["lastSyncDateTime"] for each in fleet.all_of(MANAGED)}
    assert all(last[device] > first[device] for device in first)


def test_an_edit_reaches_a_device_at_its_next_check_in(fleet: Graph) -> None:
    """GRAPH.md 5 says that all are revoked; that it happens at check-in is inferred."""
    before = {each["certificateSerialNumber"] for each in states(fleet, WIFI)}
    edit(fleet, WIFI, renewalThresholdPercentage=EDITED)
    assert {each["certificateSerialNumber"] for each in states(fleet, WIFI)} == before
    advance(fleet, CYCLE / 4)
    part = counted(fleet, WIFI)
    assert 0 < part["revoked"] < len(before)
    advance(fleet, CYCLE)
    after = states(fleet, WIFI)
    revoked = {
        each["certificateSerialNumber"]
        for each in after
        if each["certificateRevokeStatus"] == "revoked"
    }
    assert revoked == before
    assert len(held(fleet, WIFI)) == len(before)
    assert not held(fleet, WIFI) & before


def test_device_owner_certificates_are_never_revoked(fleet: Graph, fleet_tenant: Any) -> None:
    """ROLLOUT.md 5: Intune cannot; that a new certificate comes all the same is inferred."""
    edit(fleet, owned(), renewalThresholdPercentage=EDITED)
    advance(fleet, CYCLE + 1)
    assert truth(fleet, owned())["current"] == OWNED_DEVICES
    assert states(fleet, owned()) == []
    kept = fleet_tenant.door.core.store.connection
    ends = kept.execute("SELECT ended_as FROM certificate WHERE profile_id = ?", (owned(),))
    assert {how for (how,) in ends} == {None, "deleted"}


def test_each_dependant_costs_a_certificate_on_apple_only(fleet: Graph) -> None:
    """DOMAIN.md 4."""
    for profile, factor in ((IOS, 2), (WIFI, 1)):
        before = len(states(fleet, profile))
        assert before == factor * truth(fleet, profile)["valid"]
        edit(fleet, profile, renewalThresholdPercentage=EDITED)
        advance(fleet, CYCLE + 1)
        assert counted(fleet, profile) == {"revoked": before, "issued": before}


def test_pointing_a_dependant_elsewhere_enrols_on_apple(fleet: Graph) -> None:
    """ROLLOUT.md 5: installing a profile enrols anew, on Apple."""
    expression = quote("displayName eq 'iOS Wi-Fi'")
    [wifi] = fleet.all_of(f"{DEVICE_CONFIGURATIONS}?$filter={expression}")
    mail = named("iOS user mail")
    before = counted(fleet, IOS)["issued"], counted(fleet, mail)["issued"]
    path = one(
        wifi["id"],
        "microsoft.graph.iosEnterpriseWiFiConfiguration",
        "identityCertificateForClientAuthentication/$ref",
    )
    assert fleet.send("PUT", path, {"@odata.id": bind(fleet, mail)}).status_code == 204
    advance(fleet, CYCLE + 1)
    devices = truth(fleet, IOS)["assigned"]
    assert counted(fleet, IOS)["issued"] == before[0] - devices
    assert counted(fleet, mail)["issued"] == before[1] + devices


@pytest.mark.parametrize(
    ("profile", "targets", "reached"),
    [
        (WIFI, [EVERYBODY], "all"),
        (WIFI, [group("first", "users")], "ring"),
        (MACHINES, [group("first", "devices")], "ring"),
        (WIFI, [group("first", "devices")], "ring"),
        (WIFI, [EVERYBODY, group("first", "users", excluded=True)], "rest"),
        (MACHINES, [EVERYTHING, group("first", "devices", excluded=True)], "rest"),
        (WIFI, [EVERYBODY, *(group(ring, "users", excluded=True) for ring in RINGS)], "none"),
        (WIFI, [group("first", "users", excluded=True)], "none"),
    ],
)  # fmt: skip
def test_users_are_taken_out_of_users_and_devices_out_of_devices(
    fleet: Graph, profile: str, targets: list[Json], reached: str
) -> None:
    """ROLLOUT.md 1."""
    everybody = truth(fleet, VPN)["assigned"]
    assert assign(fleet, profile, group("first", "users")) == 200
    ring = truth(fleet, profile)["assigned"]
    assert 0 < ring < everybody
    assert assign(fleet, profile, *targets) == 200
    wanted = {"all": everybody, "ring": ring, "rest": everybody - ring, "none": 0}
    assert truth(fleet, profile)["assigned"] == wanted[reached]


@pytest.mark.parametrize(
    "targets",
    [
        [EVERYBODY, group("first", "devices", excluded=True)],
        [EVERYTHING, group("first", "users", excluded=True)],
    ],
)
def test_an_exclusion_of_the_other_kind_does_nothing(fleet: Graph, targets: list[Json]) -> None:
    """ROLLOUT.md 1: "not supported", everybody stays included."""
    everybody = truth(fleet, VPN)["assigned"]
    assert assign(fleet, WIFI, *targets) == 200
    assert truth(fleet, WIFI)["assigned"] == everybody


@pytest.mark.parametrize("everybody", ["allLicensedUsers", "allDevices"])
def test_everybody_beside_a_group_is_refused_where_the_tenant_says_so(
    fleet: Graph, everybody: str
) -> None:
    """ROLLOUT.md 1: the admin center forbids it; what Graph answers is unknown."""
    mixed = [target_of(f"{everybody}AssignmentTarget"), group("first", "users")]
    assert assign(fleet, WIFI, *mixed) == 400
    excluded = [mixed[0], group("first", "users", excluded=True)]
    assert assign(fleet, WIFI, *excluded) == 200
    fleet.control("PUT", "settings", {"refuse_mixed_targets": False})
    assert assign(fleet, WIFI, *mixed) == 200


@pytest.mark.parametrize(
    ("leaving", "state", "revocation"),
    [("revoked", "revoked", "revoked"), ("removed", "removedFromCollection", "none")],
)
def test_a_profile_that_leaves_takes_its_certificate_along(
    fleet: Graph, leaving: str, state: str, revocation: str
) -> None:
    """ROLLOUT.md 5: documentation and administrators differ; a setting here."""
    fleet.control("PUT", "settings", {"leaving": leaving})
    before = len(states(fleet, WIFI))
    assert assign(fleet, WIFI, group("first", "users")) == 200
    left = before - truth(fleet, WIFI)["assigned"]
    assert counted(fleet, WIFI)["issued"] == before
    advance(fleet, CYCLE + 1)
    gone = [each for each in states(fleet, WIFI) if each["certificateIssuanceState"] == state]
    assert len(gone) == left
    assert {each["certificateRevokeStatus"] for each in gone} == {revocation}
    assert truth(fleet, WIFI)["valid"] == before - left


def test_a_copy_that_is_assigned_brings_a_second_certificate(fleet: Graph) -> None:
    """ROLLOUT.md 5: two certificates side by side; what an assignment alone does is unknown."""
    before = serials(fleet, WIFI)
    copy = create_copy(fleet, WIFI, "Copy")
    assert assign(fleet, copy, group("first", "users")) == 200
    advance(fleet, CYCLE + 1)
    there = truth(fleet, copy)
    assert there["valid"] == there["assigned"] > 0
    assert {each["certificateSerialNumber"] for each in states(fleet, WIFI)} == before


def test_a_certificate_beyond_its_threshold_is_renewed_at_a_check_in(fleet: Graph) -> None:
    """GRAPH.md 5: a threshold of 20 % is 80 % of the validity. Revoking nothing is inferred."""
    edit(fleet, VPN, certificateValidityPeriodScale="days", certificateValidityPeriodValue=5)
    advance(fleet, CYCLE + 1)
    before, revoked = held(fleet, VPN), counted(fleet, VPN)["revoked"]
    advance(fleet, 4 * 86_400 - 2 * CYCLE)
    assert held(fleet, VPN) == before
    advance(fleet, 3 * CYCLE)
    renewed = held(fleet, VPN)
    assert not renewed & before
    assert len(renewed) == truth(fleet, VPN)["valid"] == len(before)
    assert counted(fleet, VPN)["revoked"] == revoked


def test_an_expired_certificate_is_never_renewed_on_apple(fleet: Graph) -> None:
    """ROLLOUT.md 5: the device must leave the profile and come back."""
    everybody, windows = (truth(fleet, each)["assigned"] for each in (IOS, WIFI))
    for profile in (IOS, WIFI):
        edit(fleet, profile, **NINE_DAYS)
    advance(fleet, CYCLE + 1)
    for number in range(1, 4):
        kill(fleet, f"NDES {number}")
    advance(fleet, 10 * 86_400)
    assert truth(fleet, IOS)["valid"] == truth(fleet, WIFI)["valid"] == 0
    for number in range(1, 4):
        fleet.control("PUT", "connectors", {"connector": f"NDES {number}", "dead": False})
    advance(fleet, 2 * CYCLE)
    assert truth(fleet, WIFI)["valid"] == windows
    assert truth(fleet, IOS)["valid"] == 0
    for targets in ([], [group(ring, "users") for ring in RINGS]):
        assert assign(fleet, IOS, *targets) == 200
        advance(fleet, CYCLE + 1)
    assert truth(fleet, IOS)["valid"] == everybody


@pytest.mark.parametrize("missing", ["fails", "issues"])
def test_what_an_account_without_a_sid_gets_is_a_setting(fleet: Graph, missing: str) -> None:
    """DOMAIN.md 2: Microsoft's pages differ."""
    fleet.control("PUT", "settings", {"missing_sid": missing})
    assert assign(fleet, WIFI, EVERYBODY) == 200
    add_sid(fleet, WIFI)
    advance(fleet, CYCLE + 1)
    there = truth(fleet, WIFI)
    assert there["valid"] == there["assigned"] - there["failed"]
    assert there["failed"] == (1 if missing == "fails" else 0)
    assert counted(fleet, WIFI)["issueFailed"] == there["failed"]


def lagging_states(graph: Graph) -> set[str]:
    """What the certificate report says of the certificates of one profile."""
    rows = report(graph, "AllDeviceCertificates")
    return {row["CertificateStatus"] for row in rows if row["PolicyId"] == WIFI}


def last_told(graph: Graph) -> str:
    """When the status report last heard of that profile."""
    expression = f"(PolicyId eq '{WIFI}')"
    rows = report(graph, "DeviceStatusesByConfigurationProfile", filter=expression)
    return max(row["PspdpuLastModifiedTimeUtc"] for row in rows)


def test_reports_lag_by_as_much_as_the_tenant_says(fleet: Graph) -> None:
    """ROLLOUT.md 3: up to 6 h; that it is always as much is the simulator's choice."""
    before, told = serials(fleet, WIFI), last_told(fleet)
    edit(fleet, WIFI, renewalThresholdPercentage=EDITED)
    advance(fleet, 6 * HOUR - 60)
    assert serials(fleet, WIFI) == before
    assert lagging_states(fleet) == {"issued"}
    assert last_told(fleet) == told
    contact = max(row["Last check-in"] for row in report(fleet, "DevicesWithInventory"))
    assert contact < max(each["lastSyncDateTime"] for each in fleet.all_of(MANAGED))
    advance(fleet, CYCLE)
    assert serials(fleet, WIFI) > before
    assert lagging_states(fleet) == {"issued", "revoked"}
    assert last_told(fleet) > told
    fleet.control("PUT", "settings", {"report_lag_seconds": 0})
    edit(fleet, WIFI, renewalThresholdPercentage=EDITED + 1)
    present = serials(fleet, WIFI)
    advance(fleet, CYCLE / 4)
    assert serials(fleet, WIFI) > present


def test_the_inventory_names_devices_and_their_last_contact(fleet: Graph) -> None:
    """ROLLOUT.md 2 (the columns); which others there are is not simulated."""
    rows = {row["Device ID"]: row for row in report(fleet, "DevicesWithInventory")}
    managed = fleet.all_of(MANAGED)
    assert set(rows) == {each["id"] for each in managed}
    for each in managed:
        row = rows[each["id"]]
        assert row["UserId"] == each["userId"]
        assert row["JoinType"] == each["joinType"]
        assert row["OS"] == each["operatingSystem"]
        assert row["Microsoft Entra Device ID"] == (each["azureADDeviceId"] or "")


@pytest.mark.parametrize(
    ("select", "received"),
    [
        (["DeviceId", "ReferenceId"], ["Device ID", "Microsoft Entra Device ID"]),
        (["DeviceType"], ["OS"]),
        (["OS"], ["OS"]),
        (["DeviceType", "OS", "UserId"], ["OS", "UserId"]),
        (["ManagementAgent", "UPN"], ["Managed by", "Primary user UPN"]),
    ],
)
def test_the_inventory_calls_its_columns_otherwise_than_one_asks_for_them(
    fleet: Graph, select: list[str], received: list[str]
) -> None:
    """ROLLOUT.md 2: a table of what is asked for and what is received."""
    assert list(report(fleet, "DevicesWithInventory", select=select)[0]) == received


def test_an_export_job_takes_as_long_as_the_tenant_says(fleet: Graph) -> None:
    """Unknown; a setting here."""
    asked = {"reportName": "DevicesWithInventory"}
    first = fleet.send("POST", JOBS, asked).json()
    assert first["status"] == "notStarted"
    fleet.control("PUT", "settings", {"export_seconds": 0})
    assert fleet.send("POST", JOBS, asked).json()["status"] == "completed"
    fleet.control("PUT", "settings", {"export_seconds": 60})
    slow = fleet.send("POST", JOBS, asked).json()
    for seconds, status in ((30, "inProgress"), (40, "completed")):
        advance(fleet, seconds)
        assert fleet.read(f"{JOBS}('{slow['id']}')")["status"] == status


def test_export_jobs_have_limits_of_their_own(fleet: Graph) -> None:
    """ROLLOUT.md 3: 48 in a minute from an application; which requests count is unknown."""
    body = {"reportName": "AllDeviceCertificates"}
    answers = [fleet.send("POST", JOBS, body) for _ in range(49)]
    assert [each.status_code for each in answers] == [201] * 48 + [429]
    wait = int(answers[-1].headers["Retry-After"])
    assert 0 < wait <= 60
    assert fleet.send("POST", JOBS, body).status_code == 429
    advance(fleet, wait + 1)
    assert fleet.send("POST", JOBS, body).status_code == 201


def test_a_user_and_a_tenant_have_limits_of_export_jobs_too(fleet_tenant: Any) -> None:
    """ROLLOUT.md 3: 8 in a minute from a user, 100 in a tenant."""
    graph, door = fleet_tenant.graph, fleet_tenant.door
    body = {"reportName": "AllDeviceCertificates"}
    person = graph.with_token(door.access_token(user="0000000a-0000-4000-8000-000000000000"))
    answers = [person.send("POST", JOBS, body).status_code for _ in range(9)]
    assert answers == [201] * 8 + [429]
    graph.control("PUT", "settings", {"export_tenant_jobs": 10})
    assert graph.send("POST", JOBS, body).status_code == 201
    assert graph.send("POST", JOBS, body).status_code == 429


def test_connectors_tell_their_health(fleet: Graph) -> None:
    """ROLLOUT.md 3: the entity is in the metadata; when Intune calls one inactive is unknown."""
    found = fleet.all_of(CONNECTORS)
    assert [each["displayName"] for each in found] == ["NDES 1", "NDES 2", "NDES 3"]
    assert {each["state"] for each in found} == {"active"}
    assert {"connectorVersion", "machineName", "enrolledDateTime", "roleScopeTagIds"} <= set(
        found[0]
    )
    kill(fleet, "NDES 2")
    dead = fleet.all_of(CONNECTORS)[1]
    advance(fleet, 2 * HOUR)
    first, second, _ = fleet.all_of(CONNECTORS)
    assert (first["state"], second["state"]) == ("active", "inactive")
    assert second["lastConnectionDateTime"] == dead["lastConnectionDateTime"]
    assert first["lastConnectionDateTime"] > dead["lastConnectionDateTime"]
    assert fleet.read(f"{CONNECTORS}/{second['id']}")["state"] == "inactive"


def test_where_ndes_is_dead_nobody_gets_a_certificate(fleet: Graph) -> None:
    """Unknown: what devices keep meanwhile. Here an edit revokes, a renewal does not."""
    edited, untouched = WIFI, MACHINES
    before = truth(fleet, edited)["valid"]
    kill(fleet, "NDES 1")
    edit(fleet, edited, renewalThresholdPercentage=EDITED)
    advance(fleet, CYCLE + 1)
    assert truth(fleet, edited)["valid"] == 0
    assert counted(fleet, edited) == {"revoked": before, "issueFailed": before}
    assert truth(fleet, VPN)["failed"] == 0
    advance(fleet, 30 * 86_400)
    there = truth(fleet, untouched)
    assert there["failed"] > 0
    assert there["valid"] == there["assigned"]
    fleet.control("PUT", "connectors", {"connector": "NDES 1", "dead": False})
    advance(fleet, CYCLE + 1)
    assert truth(fleet, edited)["valid"] == before
    assert truth(fleet, untouched)["failed"] == truth(fleet, edited)["failed"] == 0
    assert "issueFailed" not in counted(fleet, edited)


def test_an_edit_revokes_although_a_renewal_had_failed_before(fleet: Graph) -> None:
    """Unknown: the dearer outcome. A failed renewal must not hide the edit that follows."""
    edit(fleet, WIFI, **NINE_DAYS)
    advance(fleet, CYCLE + 1)
    kill(fleet, "NDES 1")
    advance(fleet, 8 * 86_400)
    there = truth(fleet, WIFI)
    assert there["failed"] == there["valid"] == there["assigned"] > 0
    edit(fleet, WIFI, renewalThresholdPercentage=EDITED)
    advance(fleet, CYCLE + 1)
    assert truth(fleet, WIFI)["valid"] == 0
    assert not held(fleet, WIFI)


def test_a_host_is_served_as_long_as_one_connector_of_it_lives(fleet: Graph) -> None:
    """The simulator's own way; without a mapping every connector serves every host."""
    for number in range(1, 4):
        fleet.control("PUT", "connectors", {"connector": f"NDES {number}", "hosts": None})
    kill(fleet, "NDES 1")
    kill(fleet, "NDES 2")
    edit(fleet, WIFI, renewalThresholdPercentage=EDITED)
    advance(fleet, CYCLE + 1)
    there = truth(fleet, WIFI)
    assert there["current"] == there["assigned"]
    assert HOSTS[0] in {each["host"] for each in fleet.control("GET", "fleet")["enrolments"]}


def test_the_status_report_tells_success_and_error_of_each_device(fleet: Graph) -> None:
    """ROLLOUT.md 3: the columns; the words of `PolicyStatus` are inferred."""
    fleet.control("PUT", "settings", {"report_lag_seconds": 0})
    fleet.control("PUT", "failures", {"profile": WIFI, "share": 0.5})
    edit(fleet, WIFI, renewalThresholdPercentage=EDITED)
    advance(fleet, CYCLE + 1)
    failed = truth(fleet, WIFI)["failed"]
    expression = f"(PolicyId eq '{WIFI}')"
    rows = report(fleet, "DeviceStatusesByConfigurationProfile", filter=expression)
    found = [row["PolicyStatus"] for row in rows]
    assert 0 < failed < len(found)
    assert sorted(found) == ["error"] * failed + ["succeeded"] * (len(found) - failed)
    asked = {"filter": expression, "select": ["IntuneDeviceId", "PolicyStatus"], "top": 500}
    table = fleet.send("POST", STATUS_REPORT, asked).json()
    assert [each["Column"] for each in table["Schema"]] == ["IntuneDeviceId", "PolicyStatus"]
    assert {tuple(row) for row in table["Values"]} == {
        (row["IntuneDeviceId"], row["PolicyStatus"]) for row in rows
    }
    assert table["TotalRowCount"] == len(rows)


def test_the_status_report_takes_a_filter_on_one_profile_only(fleet: Graph) -> None:
    """ROLLOUT.md 3: the filter; that others are refused is a limit of the simulator."""
    for body in (
        {},
        {"filter": "PolicyStatus eq 'error'"},
        {"filter": f"(PolicyId eq '{WIFI}')", "select": ["x"]},
    ):
        assert_refused(fleet.send("POST", STATUS_REPORT, body), 400)
    job = {"reportName": "DeviceStatusesByConfigurationProfile", "filter": "UPN eq 'x'"}
    assert_refused(fleet.send("POST", JOBS, job), 400)


def test_failures_strike_the_same_devices_in_every_run(fleet: Graph) -> None:
    """The simulator's own: a share of devices that fail at a profile."""
    fleet.control("PUT", "failures", {"profile": WIFI, "share": 0.3})
    edit(fleet, WIFI, customSubjectAlternativeNames=[SID_URI])
    advance(fleet, CYCLE + 1)
    first = {
        each["deviceDisplayName"] for each in states(fleet, WIFI) if each["certificateErrorCode"]
    }
    assert first
    assert truth(fleet, WIFI)["failed"] == len(first)
    edit(fleet, WIFI, customSubjectAlternativeNames=[SID_URI])
    advance(fleet, CYCLE + 1)
    again = {
        each["deviceDisplayName"] for each in states(fleet, WIFI) if each["certificateErrorCode"]
    }
    assert again == first
    fleet.control("DELETE", "failures")
    advance(fleet, CYCLE + 1)
    assert truth(fleet, WIFI)["failed"] <= 1


def test_silent_devices_do_not_check_in(fleet: Graph) -> None:
    """The simulator's own."""
    everybody = fleet.control("GET", "fleet")["devices"]
    silent = fleet.control("PUT", "silent", {"share": 0.4})
    assert 0 < len(silent) < everybody
    edit(fleet, WIFI, renewalThresholdPercentage=EDITED)
    before = {each["id"]: each["lastSyncDateTime"] for each in fleet.all_of(MANAGED)}
    advance(fleet, 3 * CYCLE)
    after = {each["id"]: each["lastSyncDateTime"] for each in fleet.all_of(MANAGED)}
    assert {device for device in after if after[device] == before[device]} == set(silent)
    there = truth(fleet, WIFI)
    assert 0 < there["waiting"] == there["assigned"] - there["current"]
    fleet.control("DELETE", "silent")
    advance(fleet, CYCLE + 1)
    assert truth(fleet, WIFI)["waiting"] == 0


def test_the_truth_tells_bundles_and_load(fleet: Graph) -> None:
    """The simulator's own: for invariants of tests."""
    copy = create_copy(fleet, WIFI, "Copy")
    before = fleet.control("GET", f"fleet?bundle={WIFI},{copy}")
    assert before["valid"] == before["assigned"] > 0
    assert before["without_profile"] == before["without_certificate"] == []
    assert assign(fleet, WIFI) == 200
    between = fleet.control("GET", f"fleet?bundle={WIFI},{copy}")
    assert len(between["without_profile"]) == before["assigned"]
    assert assign(fleet, copy, EVERYBODY) == 200
    waiting = fleet.control("GET", f"fleet?bundle={WIFI},{copy}")
    assert waiting["without_profile"] == []
    advance(fleet, CYCLE + 1)
    load = fleet.control("GET", "fleet")["enrolments"]
    assert (
        sum(each["enrolments"] for each in load if each["host"] == HOSTS[0]) >= before["assigned"]
    )
