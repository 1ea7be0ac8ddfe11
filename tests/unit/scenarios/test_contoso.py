"""Scenario contoso: complete, consistent, and the same in every run."""

import base64
import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from intune_scep.simulator import schema
from intune_scep.simulator.scenario import Scenario
from intune_scep.simulator.scenarios import SCENARIOS

VERDICTS: dict[str, list[str]] = json.loads(
    Path(__file__).with_name("contoso_verdicts.json").read_text()
)
PLATFORMS = [
    "androidDeviceOwner",
    "androidWorkProfile",
    "androidForWork",
    "aospDeviceOwner",
    "android",
    "ios",
    "macOS",
    "windows81",
    "windowsPhone81",
    "windows10X",
]
UPPER_CASE_SCEP = ("windows81", "windowsPhone81", "windows10X")


@pytest.fixture(scope="module")
def contoso() -> Scenario:
    return SCENARIOS["contoso"]()


def every_profile(scenario: Scenario) -> tuple[Any, ...]:
    return (*scenario.profiles, *scenario.resource_access_profiles)


def type_name(profile: Any) -> str:
    return str(profile["@odata.type"]).removeprefix("#microsoft.graph.")


def is_scep(profile: Any) -> bool:
    return "scep" in type_name(profile).lower()


def is_root(profile: Any) -> bool:
    return type_name(profile).endswith("TrustedRootCertificate")


def test_every_scep_profile_has_exactly_one_expected_verdict(contoso: Scenario) -> None:
    expected = Counter(name for names in VERDICTS.values() for name in names)
    actual = Counter(p["displayName"] for p in every_profile(contoso) if is_scep(p))
    assert actual == expected


def test_every_verdict_occurs_several_times() -> None:
    assert set(VERDICTS) == {
        "mapped", "required", "opt_in", "not_applicable", "unsupported", "defective", "review",
    }  # fmt: skip
    assert all(len(names) >= 3 for names in VERDICTS.values())


def test_sizes(contoso: Scenario) -> None:
    assert sum(map(is_scep, every_profile(contoso))) >= 60
    assert sum(map(is_root, every_profile(contoso))) >= 14
    assert len(contoso.certificates) >= 300


def test_all_twenty_certificate_types_occur_in_their_collection(contoso: Scenario) -> None:
    expected = {f"{platform}TrustedRootCertificate" for platform in PLATFORMS} | {
        f"{platform}{'SCEP' if platform in UPPER_CASE_SCEP else 'Scep'}CertificateProfile"
        for platform in PLATFORMS
    }
    certificates = {type_name(p) for p in every_profile(contoso) if is_scep(p) or is_root(p)}
    assert len(expected) == 20
    assert certificates == expected
    assert {type_name(p) for p in contoso.resource_access_profiles} == {
        name for name in expected if name.startswith("windows10X")
    }


def test_it_is_the_same_in_another_process_with_another_hash_seed(contoso: Scenario) -> None:
    program = (
        "import hashlib; from intune_scep.simulator.scenarios import SCENARIOS;"
        "print(hashlib.sha256(repr(SCENARIOS['contoso']()).encode()).hexdigest())"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONHASHSEED": "4711", "TZ": "Pacific/Auckland"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.strip() == hashlib.sha256(repr(contoso).encode()).hexdigest()


def test_ids_are_unique(contoso: Scenario) -> None:
    things = (
        *every_profile(contoso), *contoso.users, *contoso.groups, *contoso.devices,
        *contoso.managed_devices, *contoso.assignment_filters,
    )  # fmt: skip
    assert max(Counter(thing["id"] for thing in things).values()) == 1


def test_every_property_is_one_of_its_type(contoso: Scenario) -> None:
    for profile in every_profile(contoso):
        declared = schema.require_entity_type(type_name(profile)).properties
        assert set(profile) - {"@odata.type"} <= set(declared), profile["displayName"]


def test_every_enum_value_is_a_member(contoso: Scenario) -> None:
    for profile in every_profile(contoso):
        declared = schema.require_entity_type(type_name(profile)).properties
        for name, value in profile.items():
            enum = schema.enum_type(declared[name].name) if name in declared else None
            if enum is None or value is None:
                continue
            members = value if isinstance(value, list) else value.split(",")
            assert set(members) <= set(enum.members), (profile["displayName"], name)


def test_every_managed_device_property_is_declared(contoso: Scenario) -> None:
    for kind, things in (
        ("managedDevice", contoso.managed_devices),
        ("device", contoso.devices),
        ("user", contoso.users),
        ("group", contoso.groups),
        ("deviceAndAppManagementAssignmentFilter", contoso.assignment_filters),
        ("roleScopeTag", contoso.role_scope_tags),
    ):
        declared = set(schema.require_entity_type(kind).properties)
        assert all(set(thing) <= declared for thing in things), kind


def test_every_reference_leads_somewhere_of_the_right_type(contoso: Scenario) -> None:
    by_id = {profile["id"]: profile for profile in every_profile(contoso)}
    for source, target in contoso.root_links.items():
        navigation = schema.require_entity_type(type_name(by_id[source])).navigation
        assert type_name(by_id[target]) == navigation["rootCertificate"].target
    for link in contoso.links:
        declared = schema.require_entity_type(type_name(by_id[link.source_id])).navigation
        target_type = schema.require_entity_type(type_name(by_id[link.target_id]))
        assert target_type.is_a(declared[link.navigation].target), link


def test_every_assignment_names_a_group_and_filter_of_the_tenant(contoso: Scenario) -> None:
    groups = {group["id"] for group in contoso.groups}
    filters = {each["id"] for each in contoso.assignment_filters}
    profiles = {profile["id"] for profile in every_profile(contoso)}
    assert set(contoso.assignments) <= profiles
    for target in all_targets(contoso):
        if "groupId" in target:
            assert target["groupId"] in groups
        filter_id = target["deviceAndAppManagementAssignmentFilterId"]
        assert filter_id is None or filter_id in filters


def all_targets(scenario: Scenario) -> Iterator[Any]:
    for targets in scenario.assignments.values():
        yield from targets


def test_members_devices_and_certificates_refer_to_each_other(contoso: Scenario) -> None:
    directory = {thing["id"] for thing in (*contoso.users, *contoso.groups, *contoso.devices)}
    groups = {group["id"] for group in contoso.groups}
    assert set(contoso.members) <= groups
    assert {member for ids in contoso.members.values() for member in ids} <= directory
    assert all(ids for ids in contoso.members.values())
    device_ids = {device["deviceId"] for device in contoso.devices}
    assert {machine["azureADDeviceId"] for machine in contoso.managed_devices} == device_ids
    managed = {machine["id"] for machine in contoso.managed_devices}
    scep = {profile["id"] for profile in contoso.profiles if is_scep(profile)}
    assert {each.managed_device_id for each in contoso.certificates} <= managed
    assert {each.profile_id for each in contoso.certificates} <= scep


def test_directory_has_people_and_devices_with_and_without_a_sid(contoso: Scenario) -> None:
    users = {bool(user["onPremisesSecurityIdentifier"]) for user in contoso.users}
    assert users == {True, False}
    by_trust = {
        (device["trustType"], bool(device["onPremisesSecurityIdentifier"]))
        for device in contoso.devices
    }
    assert by_trust == {("ServerAd", True), ("AzureAd", False), ("Workplace", False)}


def test_groups_nest_and_one_pilot_mixes_users_with_and_without_a_sid(contoso: Scenario) -> None:
    group = {each["displayName"]: each["id"] for each in contoso.groups}
    assert group["Staff Zurich"] in contoso.members[group["All Staff"]]
    sid = {user["id"]: bool(user["onPremisesSecurityIdentifier"]) for user in contoso.users}
    assert {sid[member] for member in contoso.members[group["PKI Pilot"]]} == {True, False}


def test_assignments_come_in_every_form(contoso: Scenario) -> None:
    targets = list(all_targets(contoso))
    kinds = {target["@odata.type"].rpartition(".")[2] for target in targets}
    assert kinds == {
        "groupAssignmentTarget", "exclusionGroupAssignmentTarget",
        "allDevicesAssignmentTarget", "allLicensedUsersAssignmentTarget",
    }  # fmt: skip
    assert any(t["deviceAndAppManagementAssignmentFilterId"] for t in targets)
    unassigned = [p for p in contoso.profiles if p["id"] not in contoso.assignments]
    assert any(is_scep(profile) for profile in unassigned)


def test_scope_tags_other_than_default_are_in_use(contoso: Scenario) -> None:
    tags = {tag for profile in contoso.profiles for tag in profile["roleScopeTagIds"]}
    assert tags > {"0"}
    assert tags <= {tag["id"] for tag in contoso.role_scope_tags}


def test_two_profiles_share_a_name(contoso: Scenario) -> None:
    names = Counter(profile["displayName"] for profile in contoso.profiles)
    assert [name for name, count in names.items() if count > 1] == [
        "Windows - SCEP - User - Corporate Wi-Fi"
    ]


def test_root_links_are_missing_shared_and_assigned_elsewhere(contoso: Scenario) -> None:
    name = {profile["id"]: profile["displayName"] for profile in contoso.profiles}
    unbound = [p["displayName"] for p in contoso.profiles if is_scep(p) and no_root(contoso, p)]
    assert unbound == ["Windows - SCEP - User - Lab"]
    elsewhere = {
        name[scep]
        for scep, root in contoso.root_links.items()
        if scep in contoso.assignments
        and group_ids(contoso, scep)
        and not covers(contoso, root, scep)
    }
    assert "iOS - SCEP - User - Zero trust (Cloud PKI)" in elsewhere


def no_root(scenario: Scenario, profile: Any) -> bool:
    return profile["id"] not in scenario.root_links


def group_ids(scenario: Scenario, profile_id: str) -> set[str]:
    targets = scenario.assignments.get(profile_id, ())
    return {target["groupId"] for target in targets if "groupId" in target}


def covers(scenario: Scenario, root: str, scep: str) -> bool:
    targets = scenario.assignments.get(root, ())
    everybody = any("groupId" not in target for target in targets)
    return everybody or group_ids(scenario, scep) <= group_ids(scenario, root)


def test_root_certificates_are_der_and_one_is_about_to_expire(contoso: Scenario) -> None:
    expiry = {
        profile["displayName"]: x509.load_der_x509_certificate(
            base64.b64decode(profile["trustedRootCertificate"], validate=True)
        ).not_valid_after_utc.date().isoformat()
        for profile in every_profile(contoso)
        if is_root(profile)
    }  # fmt: skip
    assert expiry["Windows - Root - Contoso WLAN Root CA"] == "2026-12-19"
    assert sorted(expiry.values())[1] > "2029"


def test_legacy_sans_cloud_pki_and_network_access_control_occur(contoso: Scenario) -> None:
    scep = [profile for profile in contoso.profiles if is_scep(profile)]
    urls = {url for profile in scep for url in profile["scepServerUrls"]}
    assert any(url.startswith("https://{{CloudPKIFQDN}}/TrafficGateway/") for url in urls)
    uris = [
        [san["name"] for san in profile.get("customSubjectAlternativeNames", ())
         if san["sanType"] == "universalResourceIdentifier"]
        for profile in scep
    ]  # fmt: skip
    assert any(len(names) > 1 and "IntuneDeviceId://{{DeviceId}}" in names for names in uris)
    legacy = {profile.get("subjectAlternativeNameType") for profile in scep}
    assert {None, "none", "emailAddress,userPrincipalName"} <= legacy


def test_pkcs_profiles_of_several_platforms_invite_a_careless_edit(contoso: Scenario) -> None:
    pkcs = [profile for profile in contoso.profiles if "Pkcs" in type_name(profile)]
    assert len({type_name(profile) for profile in pkcs}) >= 5
    assert all(profile["customSubjectAlternativeNames"] for profile in pkcs)


def test_dependants_use_scep_profiles_and_roots(contoso: Scenario) -> None:
    by_id = {profile["id"]: profile for profile in contoso.profiles}
    kinds = {type_name(by_id[link.source_id]) for link in contoso.links}
    for word in ("wifi", "vpn", "wired", "email", "features"):
        assert any(word in kind.lower() for kind in kinds), word
    assert {is_root(by_id[link.target_id]) for link in contoso.links} == {True, False}
