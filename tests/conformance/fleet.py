"""A small tenant with check-in cycles, and what the tests ask of it."""

import csv
import io
import zipfile
from collections import Counter
from dataclasses import replace
from typing import Any

from intune_scep.simulator.scenario import Certificate, Scenario, build_scenario
from intune_scep.simulator.scenarios.rollout import scep_profile
from intune_scep.simulator.scenarios.wire import root_body, scep_body, stable_id, upn

from .bodies import SID_URI
from .graph import DEVICE_CONFIGURATIONS, Graph, Json, one

HOUR = 3600
CYCLE = 8 * HOUR
JOBS = "deviceManagement/reports/exportJobs"
STATUS_REPORT = "deviceManagement/reports/getConfigurationPolicyDevicesReport"
OWNED = "Android device owner Wi-Fi"
OWNED_DEVICES = 2
ALL_USERS = "allLicensedUsersAssignmentTarget"


def small_fleet() -> Scenario:
    """The scenario `rollout` with 60 devices, and an Android device owner profile on two more."""
    scenario = build_scenario("rollout", {"devices": 60})
    profile = scep_body(
        "android_device_owner", OWNED, urls=["https://scep1.rollout.example/scep"], sans=[upn()]
    )
    root = root_body("android_device_owner", "Device owner root", "bulk-root")
    devices = tuple(
        {
            "id": stable_id("owned", str(number)),
            "deviceName": f"OWNED-{number}",
            "operatingSystem": "Android",
            "deviceEnrollmentType": "androidEnterpriseFullyManaged",
            "userId": scenario.users[number]["id"],
        }
        for number in range(OWNED_DEVICES)
    )
    target = {"@odata.type": f"#microsoft.graph.{ALL_USERS}"}
    return replace(
        scenario,
        managed_devices=(*scenario.managed_devices, *devices),
        profiles=(*scenario.profiles, root, profile),
        root_links={**scenario.root_links, profile["id"]: root["id"]},
        assignments={**scenario.assignments, profile["id"]: (target,)},
        certificates=(
            *scenario.certificates,
            *(Certificate(profile["id"], each["id"], "2025-12-01T08:00:00Z") for each in devices),
        ),
        silent=(),
    )


def named(name: str) -> str:
    """Id of the SCEP profile of that display name."""
    return str(scep_profile(name)["id"])


def owned() -> str:
    """Id of the device owner profile."""
    return stable_id("androidDeviceOwnerScepCertificateProfile", OWNED)


def advance(graph: Graph, seconds: float) -> None:
    graph.control("POST", "clock", {"advance": seconds})


def edit(graph: Graph, profile: str, **changes: Any) -> None:
    present = graph.read(one(profile))
    body = {"@odata.type": present["@odata.type"], **changes}
    assert graph.send("PATCH", one(profile), body).status_code == 204


def add_sid(graph: Graph, profile: str) -> None:
    present = graph.read(one(profile))
    edit(
        graph,
        profile,
        customSubjectAlternativeNames=[*present["customSubjectAlternativeNames"], SID_URI],
    )


def assign(graph: Graph, profile: str, *targets: Json) -> int:
    body = {"assignments": list(targets)}
    return graph.send("POST", one(profile, "assign"), body).status_code


def states(graph: Graph, profile: str) -> list[Json]:
    kind = graph.read(one(profile))["@odata.type"].removeprefix("#")
    return graph.all_of(one(profile, kind, "managedDeviceCertificateStates"))


def counted(graph: Graph, profile: str) -> Counter[str]:
    return Counter(each["certificateIssuanceState"] for each in states(graph, profile))


def truth(graph: Graph, profile: str) -> Json:
    found = graph.control("GET", "fleet")["profiles"]
    return next(each for each in found if each["id"] == profile)


def report(graph: Graph, name: str, **more: Any) -> list[dict[str, str]]:
    """The lines of a report that is asked for now."""
    asked = graph.send("POST", JOBS, {"reportName": name, **more})
    assert asked.status_code == 201, asked.text
    advance(graph, 6)
    job = graph.read(f"{JOBS}('{asked.json()['id']}')")
    with zipfile.ZipFile(io.BytesIO(graph.with_token(None).get(job["url"]).content)) as archive:
        [member] = archive.namelist()
        return list(csv.DictReader(io.StringIO(archive.read(member).decode())))


def serials(graph: Graph, profile: str) -> set[str]:
    """Serial numbers that the certificate report has of a profile."""
    rows = report(graph, "AllDeviceCertificates")
    return {row["SerialNumber"] for row in rows if row["PolicyId"] == profile} - {""}


def create_copy(graph: Graph, profile: str, name: str) -> str:
    present = graph.read(one(profile))
    kept = {
        key: value
        for key, value in present.items()
        if key not in ("id", "version", "supportsScopeTags", "@odata.context")
        and not key.endswith("DateTime")
    }
    created = graph.send("POST", DEVICE_CONFIGURATIONS, {**kept, "displayName": name})
    assert created.status_code == 201, created.text
    return str(created.json()["id"])
