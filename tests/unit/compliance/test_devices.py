"""What the managed devices in scope have and lack: counted by hand, and found in a tenant."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from intune_scep import AsyncIntuneClient, IntuneClient
from intune_scep.compliance import Policy
from intune_scep.compliance.devices import DeviceScope, tenant_facts
from intune_scep.connection import ConnectionOptions
from intune_scep.profiles import Platform, parse_profile
from intune_scep.rules import NOT_READ
from intune_scep.rules.targets import read_targets
from intune_scep.simulator.scenario import Certificate, build_scenario
from intune_scep.simulator.scenarios.bulk import bulk
from intune_scep.simulator.scenarios.wire import SCEP_TYPES, scep_body, stable_id, upn
from intune_scep.tenant.devices import Devices, ManagedDevice, Presence
from intune_scep.tenant.directory import DeviceAccount, Directory
from intune_scep.tenant.issued import IssuedCertificate

from .conftest import NOW

RETIRED = {"windows_phone", "windows_10x"}
LENIENT = Policy(errors=False, required=False, defective=False, expired_roots=False)
ODATA = {
    "windows": "windows81SCEPCertificateProfile",
    "ios": "iosScepCertificateProfile",
    "macos": "macOSScepCertificateProfile",
    "owner": "androidDeviceOwnerScepCertificateProfile",
    "work": "androidWorkProfileScepCertificateProfile",
    "older": "androidForWorkScepCertificateProfile",
    "aosp": "aospDeviceOwnerScepCertificateProfile",
    "admin": "androidScepCertificateProfile",
}


def target(kind, group=None, filter_id=None):
    return {
        "target": {
            "@odata.type": f"#microsoft.graph.{kind}AssignmentTarget",
            "groupId": group,
            "deviceAndAppManagementAssignmentFilterId": filter_id,
            "deviceAndAppManagementAssignmentFilterType": "include" if filter_id else "none",
        }
    }


USERS, DEVICES = target("allLicensedUsers"), target("allDevices")


def device(system, user="", entra="", version="1", enrolment="", kind="", lacks=()):
    return ManagedDevice(entra, user, system, version, enrolment, kind, frozenset(lacks))


MANAGED = {
    "m1": device("windows", "ann", "e1", "10.0.26100"),
    "m2": device("windows", "bob", "e2", "10.0.22631", lacks=["imei", "meid"]),
    "m3": device("windows", "", "e3", "10.0.22631", lacks=["imei", "azureADDeviceId"]),
    "m4": device("ios", "ann", "e4", "26.1"),
    "m5": device("ipados", "", "", "13.7", lacks=["imei", "azureADDeviceId"]),
    "m6": device("macos", "eve", "e6", "15.1"),
    "m7": device("linux", "eve", "e7"),
}
DIRECTORY = Directory(
    devices={f"o{n}": DeviceAccount("windows", "azuread", False, f"e{n}") for n in (1, 2, 3, 4)},
    group_users={
        "staff": frozenset({"ANN", "bob"}),
        "guests": frozenset({"eve"}),
        "pcs": frozenset(),
        "empty": frozenset(),
    },
    group_devices={
        "staff": frozenset(),
        "guests": frozenset(),
        "pcs": frozenset({"o1", "o2", "o3", "o4"}),
        "empty": frozenset(),
    },
)


def facts(platform, *targets, managed=MANAGED, directory=DIRECTORY, certificates=None, now=NOW):
    profile = parse_profile({"@odata.type": f"#microsoft.graph.{ODATA[platform]}", "id": "P1"})
    devices = Devices(managed=managed, certificates=certificates)
    return DeviceScope(devices, directory, now).facts(profile, read_targets(targets))


@pytest.mark.parametrize(
    ("platform", "targets", "count", "without_user"),
    [
        ("windows", [DEVICES], 3, 1),
        ("windows", [USERS], 2, 0),
        ("windows", [USERS, DEVICES], 3, 1),
        ("windows", [target("group", "staff")], 2, 0),
        ("windows", [target("group", "pcs")], 3, 1),
        ("windows", [target("group", "guests")], 0, 0),
        ("windows", [target("group", "staff"), target("group", "pcs")], 3, 1),
        ("windows", [USERS, target("exclusionGroup", "staff")], 0, 0),
        ("windows", [DEVICES, target("exclusionGroup", "pcs")], 0, 0),
        # Kinds do not mix: a user's devices stay in a group of devices, and the other way round.
        ("windows", [DEVICES, target("exclusionGroup", "staff")], 3, 1),
        ("windows", [USERS, target("exclusionGroup", "pcs")], 2, 0),
        ("windows", [target("group", "empty")], 0, 0),
        ("windows", [], 0, 0),
        ("ios", [DEVICES], 2, 1),
        ("ios", [target("group", "STAFF")], 1, 0),
        ("macos", [USERS], 1, 0),
        ("macos", [target("group", "guests"), target("exclusionGroup", "empty")], 1, 0),
    ],
)
def test_devices_are_reached_directly_or_through_their_user(platform, targets, count, without_user):
    found = facts(platform, *targets)
    assert (found.devices, found.without_user) == (count, without_user)
    assert sum(found.os_versions.values()) == count


def test_what_they_run_and_lack_is_counted():
    found = facts("windows", DEVICES)
    assert found.os_versions == {"10.0.26100": 1, "10.0.22631": 2}
    assert (found.without["imei"], found.without["meid"], found.without["serialNumber"]) == (
        2,
        1,
        0,
    )
    assert facts("ios", DEVICES).without["azureADDeviceId"] == 1


@pytest.mark.parametrize(
    ("targets", "more"),
    [
        ([target("group", "staff", "a-filter")], {}),
        ([USERS, target("group", "staff", "a-filter")], {}),
        ([target("group", "unread")], {}),
        ([USERS, target("exclusionGroup", "unread")], {}),
        ([target("group", "staff")], {"directory": None}),
        ([DEVICES, target("exclusionGroup", "pcs")], {"directory": None}),
        ([DEVICES], {"managed": None}),
    ],
    ids=[
        "filter", "one filter", "unread group", "unread exclusion", "no directory",
        "exclusion without directory", "devices not read",
    ],
)  # fmt: skip
def test_what_cannot_be_counted_honestly_is_not_counted(targets, more):
    found = facts("windows", *targets, **more)
    assert found.devices is NOT_READ
    assert found.without_user is NOT_READ
    assert found.without is NOT_READ
    assert found.os_versions is NOT_READ
    assert found.android_enrolments is NOT_READ


def test_everybody_and_every_device_need_no_directory():
    assert facts("windows", USERS, directory=None).devices == 2
    assert facts("windows", DEVICES, directory=None).devices == 3


def test_devices_that_nobody_read_are_not_none():
    profile = parse_profile({"@odata.type": f"#microsoft.graph.{ODATA['ios']}", "id": "p"})
    assert DeviceScope(None, DIRECTORY, NOW).facts(profile, read_targets([USERS])) is NOT_READ
    assert tenant_facts(None) is NOT_READ
    assert tenant_facts(Devices()).requires_sid_alignment is NOT_READ


OWNER, WORK, AOSP, ADMIN = (
    Platform.ANDROID_DEVICE_OWNER,
    Platform.ANDROID_WORK_PROFILE,
    Platform.ANDROID_AOSP,
    Platform.ANDROID_DEVICE_ADMINISTRATOR,
)


@pytest.mark.parametrize(
    ("system", "enrolment", "kind", "platform"),
    [
        ("androidenterprise", "androidenterprisefullymanaged", "androidenterprise", OWNER),
        ("android", "androidenterprisededicateddevice", "unknown", OWNER),
        ("android", "androidenterprisecorporateworkprofile", "androidforwork", OWNER),
        ("androidforwork", "userenrollment", "androidforwork", WORK),
        ("android", "userenrollment", "androidforwork", WORK),
        ("", "userenrollment", "androidforwork", WORK),
        ("android (aosp)", "androidaospuserlessdeviceenrollment", "androidngms", AOSP),
        ("aosp", "unknown", "androidngms", AOSP),
        ("android", "userenrollment", "android", ADMIN),
        ("android", "deviceenrollmentmanager", "android", ADMIN),
        ("android", "unknown", "unknown", None),
        ("android", "unknownfuturevalue", "", None),
    ],
)
def test_the_platform_of_an_android_device_is_how_it_was_enrolled(
    system, enrolment, kind, platform
):
    managed = {"m": device(system, "ann", "e", enrolment=enrolment, kind=kind)}
    assert facts("owner", USERS, managed=managed).android_enrolments == {platform: 1}


@pytest.mark.parametrize(
    ("platform", "own"),
    [("owner", 1), ("work", 2), ("older", 2), ("aosp", 1), ("admin", 1), ("ios", 0)],
)
def test_a_profile_counts_only_the_androids_of_its_family(platform, own):
    managed = {
        "a": device("android", "u", enrolment="androidenterprisefullymanaged"),
        "b": device("androidforwork", "u", kind="androidforwork"),
        "c": device("androidforwork", "u", kind="androidforwork"),
        "d": device("aosp", "u", kind="androidngms"),
        "e": device("android", "u", kind="android"),
    }
    found = facts(platform, USERS, managed=managed)
    assert found.devices == own
    assert sum(found.android_enrolments.values()) == 5


def test_one_android_of_unknown_enrolment_leaves_the_others_uncounted():
    managed = {
        "a": device("android", "", enrolment="androidenterprisededicateddevice"),
        "b": device("android", ""),
    }
    found = facts("owner", DEVICES, managed=managed)
    assert found.android_enrolments == {OWNER: 1, None: 1}
    assert found.without_user is NOT_READ
    assert facts("windows", DEVICES, managed=managed).without_user == 0


HELD, COMING, GONE = Presence.HELD, Presence.COMING, Presence.GONE
PAST, FUTURE = NOW - timedelta(days=1), NOW + timedelta(days=1)


def held(*certificates, profile="p1", device_id="m4"):
    return [IssuedCertificate(device_id, profile, end, state) for end, state in certificates]


@pytest.mark.parametrize(
    ("certificates", "count"),
    [
        (held((PAST, HELD)), 1),
        (held((PAST, HELD), (PAST, HELD)), 1),
        (held((PAST, HELD)) + held((PAST, HELD), device_id="m5"), 2),
        (held((PAST, HELD), (FUTURE, HELD)), 0),
        (held((PAST, HELD), (PAST, COMING)), 0),
        (held((PAST, HELD), (None, HELD)), 0),
        (held((PAST, HELD), (FUTURE, GONE)), 1),
        (held((PAST, GONE)), 0),
        (held((FUTURE, HELD)), 0),
        (held((NOW, HELD)), 0),
        (held((PAST, HELD), profile="another"), 0),
        (held((PAST, HELD), device_id="no longer managed"), 0),
        ([], 0),
    ],
)
def test_a_device_counts_as_expired_when_nothing_on_it_is_valid_or_coming(certificates, count):
    assert facts("ios", certificates=tuple(certificates)).expired == count


def test_certificates_that_were_not_read_are_not_valid():
    assert facts("ios", USERS).expired is NOT_READ
    stranded = tuple(held((PAST, HELD), device_id="gone"))
    assert facts("ios", USERS, managed=None, certificates=stranded).expired == 1


def test_many_profiles_of_the_same_people_are_counted_once():
    """A tenant has thousands of profiles and hundreds of thousands of devices."""

    class Watched(dict):
        read = 0

        def __getitem__(self, key):
            Watched.read += 1
            return super().__getitem__(key)

        def items(self):
            Watched.read += len(self)
            return super().items()

    scope = DeviceScope(Devices(managed=Watched(MANAGED)), DIRECTORY, NOW)
    for number in range(50):
        for platform in ("windows", "ios"):
            wire = {"@odata.type": f"#microsoft.graph.{ODATA[platform]}", "id": f"p{number}"}
            scope.facts(parse_profile(wire), read_targets([USERS]))
    assert Watched.read <= 3 * len(MANAGED)


def placed(platform, name, targets, **changes):
    body = scep_body(platform, name, urls=("https://ndes.contoso.com/x",), sans=(upn(),))
    return {**body, **changes}, targets


def tenant_of(simulated, *profiles, certificates=(), **changes):
    """Contoso's people and machines with other profiles."""
    contoso = build_scenario("contoso")
    return simulated(
        replace(
            contoso,
            profiles=tuple(wire for wire, _ in profiles),
            assignments={wire["id"]: tuple(targets) for wire, targets in profiles},
            root_links={},
            links=(),
            certificates=tuple(certificates),
            resource_access_profiles=(),
            **changes,
        )
    )


def at(kind, group=None):
    return {"@odata.type": f"#microsoft.graph.{kind}AssignmentTarget"} | (
        {"groupId": stable_id("group", group)} if group else {}
    )


EVERYBODY, EVERY_DEVICE = at("allLicensedUsers"), at("allDevices")
SHARED_IPADS, SCANNERS = (at("group", name) for name in ("Shared iPads", "Warehouse Scanners"))
SUBJECT = "subjectNameFormatString"
PERSONAL = placed("android_work_profile", "Personal", [SCANNERS])
USERLESS = placed("android_device_owner", "Userless", [SCANNERS], **{SUBJECT: "CN={{UserName}}"})
TABLETS = placed("ios", "Tablets", [SHARED_IPADS], **{SUBJECT: "CN={{IMEI}}"})
STRONG_KEY = placed("ios", "Strong key", [EVERY_DEVICE], keySize="size4096")
STAFF = placed("windows", "Staff", [EVERYBODY])
DEPARTMENTS = placed("windows", "Departments", [EVERYBODY], **{SUBJECT: "CN={{Department}}"})
NAMES = placed("ios", "Names", [EVERYBODY], **{SUBJECT: "CN={{OnPremisesUserPrincipalName}}"})
EXPIRED = placed("macos", "Expired", [EVERYBODY])


def finding(report, rule):
    found = [item for item in report.findings if item.rule_id == rule]
    assert len(found) == 1, (
        rule,
        [item.missing for item in report.skipped if item.rule_id == rule],
    )
    return found[0]


@pytest.mark.parametrize(
    ("rule", "profile", "said"),
    [
        ("R-004", PERSONAL, "None of the 18 Android devices in scope"),
        ("R-018", USERLESS, "18 devices in scope have no user"),
        ("R-036", TABLETS, "no imei of 12 devices in scope"),
        ("R-033", DEPARTMENTS, "12 users in scope have no department"),
        ("R-033", NAMES, "12 users in scope have no onPremisesUserPrincipalName"),
    ],
    ids=["R-004", "R-018", "R-036", "R-033 Department", "R-033 OnPremisesUserPrincipalName"],
)
def test_a_rule_that_needs_the_facts_speaks_when_they_are_read(
    simulated, check, rule, profile, said
):
    tenant = tenant_of(simulated, profile)
    report = check(tenant, with_directory=True, with_devices=True)
    assert not report.unread
    assert said in finding(report, rule).message
    # Without the facts it is told as not judged.
    assert rule in {item.rule_id for item in check(tenant).skipped}


def test_an_old_device_is_found_by_its_version(simulated, check):
    contoso = build_scenario("contoso")
    old = tuple(
        {**wire, "osVersion": "13.7"} if wire["deviceName"] in {"iPad-0001", "iPad-0002"} else wire
        for wire in contoso.managed_devices
    )
    tenant = tenant_of(simulated, STRONG_KEY, managed_devices=old)
    message = finding(check(tenant, with_devices=True), "R-115").message
    assert message.startswith("2 devices in scope run iOS/iPadOS below 14")
    sound = check(tenant_of(simulated, STRONG_KEY), with_devices=True)
    assert not [item for item in (*sound.findings, *sound.skipped) if item.rule_id == "R-115"]


@pytest.mark.parametrize(
    ("settings", "speaks"),
    [
        ({"sid_alignment": True, "certificate_sign_in": True}, True),
        ({"sid_alignment": True, "certificate_sign_in": False}, False),
        ({"sid_alignment": False, "certificate_sign_in": True}, False),
        ({}, False),
    ],
)
def test_the_setting_of_entra_is_judged_once_it_is_read(simulated, check, settings, speaks):
    tenant = tenant_of(simulated, STAFF)
    tenant.control("PUT", "settings", settings)
    report = check(tenant, with_devices=True)
    assert ("R-086" in {item.rule_id for item in report.findings}) is speaks
    assert "R-086" not in {item.rule_id for item in report.skipped}
    assert "R-086" in {item.rule_id for item in check(tenant).skipped}


def test_expired_certificates_are_found_on_their_devices(simulated, check):
    macs = [
        wire
        for wire in build_scenario("contoso").managed_devices
        if wire["operatingSystem"] == "macOS"
    ]
    profile = EXPIRED[0]["id"]
    old = [Certificate(profile, mac["id"], "2024-01-02T00:00:00Z", "2025-01-02T00:00:00Z")
           for mac in macs]  # fmt: skip
    renewed = [Certificate(profile, macs[0]["id"], "2026-10-01T00:00:00Z", "2027-10-01T00:00:00Z")]
    report = check(tenant_of(simulated, EXPIRED, certificates=[*old, *renewed]), with_devices=True)
    assert finding(report, "R-144").message.startswith(f"On {len(macs) - 1} devices")
    later = datetime(2024, 6, 1, tzinfo=UTC)
    tenant = tenant_of(simulated, EXPIRED, certificates=old)
    sound = check(tenant, with_devices=True, now=later)
    assert not [item for item in (*sound.findings, *sound.skipped) if item.rule_id == "R-144"]


def test_groups_are_not_judged_without_the_directory_and_a_note_says_so(simulated, check):
    report = check(tenant_of(simulated, PERSONAL), with_devices=True)
    assert "R-004" in {item.rule_id for item in report.skipped}
    assert any("Groups need the directory" in note for note in report.notes)
    assert not report.unread


@pytest.mark.parametrize("profiles", [4, 40, 160])
def test_devices_cost_the_same_however_many_profiles_there_are(simulated, check, profiles):
    contoso = build_scenario("contoso")
    scenario = replace(
        bulk(profiles),
        users=contoso.users,
        devices=contoso.devices,
        managed_devices=contoso.managed_devices,
    )
    tenant = simulated(scenario, name=f"bulk-devices-{profiles}")
    check(tenant)
    without = len(tenant.sent())
    tenant.control("DELETE", "requests")
    assert not check(tenant, with_devices=True).unread
    more = tenant.sent()
    jobs = [item for item in more if "exportJobs" in item["path"]]
    assert sum(item["method"] == "POST" for item in jobs) == 1
    # One page of devices and one setting; the job and asking after it come on top.
    assert len(more) - len(jobs) == without + 2


BROKEN = {
    "the devices": {"match": {"path": "managedDevices"}, "effect": 500},
    "their second page": {
        "match": {"path": "managedDevices", "nth": list(range(2, 60))},
        "effect": "close",
    },
    "the job": {"match": {"method": "POST", "path": "exportJobs"}, "effect": 403},
    "its end": {"match": {"method": "GET", "path": "exportJobs"}, "effect": 503},
    "the setting": {"match": {"path": "x509Certificate"}, "effect": 403},
}


@pytest.mark.parametrize("policy", [Policy(), LENIENT], ids=["strict", "lenient"])
@pytest.mark.parametrize("fault", BROKEN.values(), ids=BROKEN)
def test_devices_that_cannot_be_read_are_never_green(contoso, check, fault, policy):
    contoso.control("PUT", "settings", {"page_size": 100})
    contoso.control("PUT", "faults", [{"when": "before", "times": 1000, **fault}])
    report = check(contoso, policy=policy, with_devices=True)
    assert report.outcome.exit_code == 3
    assert len(report.unread) == 1
    contoso.control("PUT", "faults", [])
    assert check(contoso, policy=LENIENT, with_devices=True).outcome.exit_code == 0


def test_nothing_is_written_and_the_job_is_allowed_to_who_may_only_read(contoso, check):
    contoso.control("PUT", "settings", {"read_only": True})
    assert not check(contoso, with_directory=True, with_devices=True).unread
    posted = {item["path"] for item in contoso.sent("POST")}
    assert posted == {"/beta/$batch", "/beta/deviceManagement/reports/exportJobs"}


def test_both_clients_read_devices_and_name_the_permission_that_is_missing(simulated):
    tenant = tenant_of(simulated, STAFF)

    def options(*roles):
        token = tenant.door.access_token(["DeviceManagementConfiguration.Read.All", *roles])
        return ConnectionOptions(cloud="simulator", simulator=str(tenant.path), access_token=token)

    async def work():
        async with AsyncIntuneClient(options()) as client:
            return await client.compliance.check(LENIENT, with_devices=True)

    refused = asyncio.run(work())
    assert refused.outcome.exit_code == 3
    said = " ".join(item.why for item in refused.unread)
    assert "DeviceManagementManagedDevices.Read.All" in said
    assert "Policy.Read.AuthenticationMethod" in said
    granted = ("DeviceManagementManagedDevices.Read.All", "Policy.Read.AuthenticationMethod")
    with IntuneClient(options(*granted)) as client:
        assert not client.compliance.check(LENIENT, with_devices=True).unread


def uses_everything(platform, store):
    """A profile that gives every rule about facts of its platform something to ask."""
    user = ("UserPrincipalName", "EmailAddress", "Department", "GivenName", "SurName",
            "OnPremisesSamAccountName", "OnPremisesUserPrincipalName")  # fmt: skip
    own = ("IMEI", "MEID", "SerialNumber", "WiFiMacAddress", "AAD_Device_ID")
    names = (*user, *own) if store == "user" else own
    subject = ",".join(f"OU={{{{{name}}}}}" for name in names)
    sid = {"sanType": "universalResourceIdentifier", "name": "{{OnPremisesSecurityIdentifier}}"}
    body = scep_body(
        platform,
        f"{platform} {store}",
        urls=("https://ndes.contoso.com/x",),
        store=store,
        sans=(upn(), sid) if store == "user" else (),
        **{SUBJECT: subject, "keySize": "size4096"},
    )
    return body, [EVERYBODY if store == "user" else EVERY_DEVICE]


@pytest.mark.parametrize("store", ["user", "machine"])
@pytest.mark.parametrize("platform", [name for name in SCEP_TYPES if name not in RETIRED])
def test_no_rule_is_out_of_reach_when_everything_was_read(simulated, check, platform, store):
    """What a rule needs must be read by somebody, or the rule can never speak."""
    tenant = tenant_of(simulated, uses_everything(platform, store))
    report = check(tenant, with_directory=True, with_devices=True)
    assert not report.unread
    assert {item.rule_id: item.missing for item in report.skipped} == {}
