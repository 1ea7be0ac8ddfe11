"""Large tenants: the right size and shape."""

import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from intune_scep.simulator.commands import app
from intune_scep.simulator.scenarios.bulk import PLATFORMS, build, bulk

SID_URI = {"sanType": "universalResourceIdentifier", "name": "{{OnPremisesSecurityIdentifier}}"}


def test_ten_thousand_profiles_have_ten_thousand_ids_and_names() -> None:
    scenario = bulk(10_000, n_root=40)
    assert len(scenario.profiles) == 10_040
    assert len({profile["id"] for profile in scenario.profiles}) == 10_040
    assert len({profile["displayName"] for profile in scenario.profiles}) == 10_040
    assert len(scenario.root_links) == 10_000


def test_every_profile_is_a_logon_certificate_for_users_without_a_sid_uri() -> None:
    scep = [p for p in bulk(50).profiles if "scep" in p["@odata.type"].lower()]
    assert len({p["@odata.type"] for p in scep}) == len(set(PLATFORMS))
    for profile in scep:
        assert profile["certificateStore"] == "user"
        assert [usage["name"] for usage in profile["extendedKeyUsages"]] == [
            "Client Authentication"
        ]
        assert SID_URI not in profile["customSubjectAlternativeNames"]


def test_some_may_be_mapped_already() -> None:
    scep = [p for p in bulk(20, mapped=6).profiles if "scep" in p["@odata.type"].lower()]
    mapped = [SID_URI in profile["customSubjectAlternativeNames"] for profile in scep]
    assert mapped == [True] * 6 + [False] * 14


def test_roots_match_the_platform_of_their_profiles() -> None:
    scenario = bulk(30, platforms=("macos", "android_work_profile"))
    kind = {profile["id"]: profile["@odata.type"] for profile in scenario.profiles}
    pairs = {(kind[scep], kind[root]) for scep, root in scenario.root_links.items()}
    assert pairs == {
        (
            "#microsoft.graph.macOSScepCertificateProfile",
            "#microsoft.graph.macOSTrustedRootCertificate",
        ),
        (
            "#microsoft.graph.androidWorkProfileScepCertificateProfile",
            "#microsoft.graph.androidWorkProfileTrustedRootCertificate",
        ),
    }


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output.strip()


def content(path: Path) -> dict[str, list[tuple[object, ...]]]:
    tables = ("resource", "link", "assignment", "membership", "certificate", "application")
    with sqlite3.connect(path) as connection:
        rows = {
            name: connection.execute(f"SELECT * FROM {name} ORDER BY 1, 2").fetchall()
            for name in tables
        }
    connection.close()
    return rows


@pytest.mark.parametrize(
    ("profiles", "users", "devices"),
    [(10, 20, 30), (0, 0, 0), (3, 0, 5), (0, 501, 2), (7, 1000, 0), (1, 1, 1)],
)
def test_a_tenant_has_the_sizes_that_were_asked_for(
    tmp_path: Path, profiles: int, users: int, devices: int
) -> None:
    path = tmp_path / "bulk.db"
    sizes = {"profiles": profiles, "users": users, "devices": devices}
    options = [part for name, count in sizes.items() for part in (f"--{name}", str(count))]
    command = ["seed", "--database", str(path), "--scenario", "bulk"]
    code, told = run(*command, *options)
    assert code == 0 and f"{profiles} profiles, {users} users, {devices} devices" in told
    found = content(path)
    kinds = [(row[1], row[3]) for row in found["resource"]]
    assert sum("scep" in str(kind).lower() for _, kind in kinds) == profiles
    assert sum(collection == "users" for collection, _ in kinds) == users
    assert sum(collection == "devices" for collection, _ in kinds) == devices
    assert sum(collection == "managedDevices" for collection, _ in kinds) == devices
    roots = sum("trustedroot" in str(kind).lower() for _, kind in kinds)
    assert len(found["link"]) == profiles
    assert len(found["assignment"]) == profiles + roots
    assert len(found["membership"]) == users
    assert len(found["certificate"]) <= devices
    assert run("reset", "--database", str(path)) == (0, told)
    assert content(path) == found


def test_a_large_tenant_is_the_same_in_every_run() -> None:
    assert build(200, 700, 300) == build(200, 700, 300)


def test_a_large_tenant_hangs_together() -> None:
    scenario = build(40, 1200, 60)
    people = {user["id"] for user in scenario.users}
    assert {each for members in scenario.members.values() for each in members} == people
    assert [len(members) for members in scenario.members.values()] == [500, 500, 200]
    assert sum(user["onPremisesSecurityIdentifier"] is None for user in scenario.users) == 120
    groups = {target["groupId"] for [target] in scenario.assignments.values() if len(target) > 1}
    assert groups == set(scenario.members)
    assert {device["userId"] for device in scenario.managed_devices} <= people
    joined = {device["deviceId"] for device in scenario.devices}
    assert {device["azureADDeviceId"] for device in scenario.managed_devices} == joined
    kinds = {profile["id"]: profile["@odata.type"].lower() for profile in scenario.profiles}
    systems = {device["id"]: device["operatingSystem"] for device in scenario.managed_devices}
    for certificate in scenario.certificates:
        system = systems[certificate.managed_device_id].lower()
        assert f"#microsoft.graph.{system}" in kinds[certificate.profile_id]
    assert len(scenario.certificates) == 60


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--scenario", "contoso", "--profiles", "5"], "Only the scenario bulk takes sizes"),
        (["--scenario", "rollout", "--users", "5"], "Only the scenario bulk takes sizes (--users)"),
        (["--devices", "5"], "Only the scenarios bulk and rollout take sizes (--devices)"),
        (["--users", "5"], "Only the scenario bulk takes sizes (--users)"),
        (["--scenario", "empty", "--devices", "0"], "not empty"),
        (["--scenario", "bulk", "--profiles", "-1"], "--profiles"),
        (["--scenario", "bulk", "--users", "many"], "--users"),
        (["--scenario", "bulk", "--devices", "100000000000"], "--devices"),
    ],
)
def test_sizes_that_make_no_sense_are_refused(
    tmp_path: Path, arguments: list[str], part: str
) -> None:
    code, told = run("seed", "--database", str(tmp_path / "x.db"), *arguments)
    assert code != 0 and part in told
    assert not (tmp_path / "x.db").exists()
