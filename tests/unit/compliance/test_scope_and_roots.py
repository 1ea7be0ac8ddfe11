"""Who is in scope, and how long roots last: counted by hand on small cases."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from intune_scep.compliance.roots import RootStatus, judge_roots
from intune_scep.compliance.scope import directory_facts
from intune_scep.profiles import parse_profile
from intune_scep.rules import NOT_READ
from intune_scep.rules.targets import read_targets
from intune_scep.tenant.directory import DeviceAccount, Directory

from .conftest import NOW

SCEP = "#microsoft.graph.windows81SCEPCertificateProfile"
HYBRID = DeviceAccount("windows", "serverad", has_sid=True)
CLOUD = DeviceAccount("windows", "azuread", has_sid=False)
PHONE = DeviceAccount("ios", "workplace", has_sid=False)
DIRECTORY = Directory(
    users={
        "ann": frozenset(),
        "bob": frozenset({"mail"}),
        "eve": frozenset({"mail", "onPremisesSecurityIdentifier"}),
    },
    devices={"pc1": HYBRID, "pc2": CLOUD, "phone": PHONE},
    group_users={"staff": frozenset({"ann", "bob"}), "guests": frozenset({"eve"}), "pcs": set()},
    group_devices={"staff": set(), "guests": set(), "pcs": frozenset({"pc1", "pc2", "phone"})},
    all_users=frozenset({"ann", "bob", "eve"}),
    all_devices=frozenset({"pc1", "pc2", "phone"}),
)


def target(kind, group=None, filter_id=None):
    return {
        "target": {
            "@odata.type": f"#microsoft.graph.{kind}AssignmentTarget",
            "groupId": group,
            "deviceAndAppManagementAssignmentFilterId": filter_id,
            "deviceAndAppManagementAssignmentFilterType": "include" if filter_id else "none",
        }
    }


def facts(*targets, directory=DIRECTORY):
    profile = parse_profile({"@odata.type": SCEP, "id": "1"})
    return directory_facts(directory, profile, read_targets(targets))


def test_users_of_groups_are_counted_once_and_without_the_excluded():
    found = facts(target("group", "staff"), target("group", "guests"))
    assert (found.users, found.users_without["mail"]) == (3, 2)
    assert found.users_without["onPremisesSecurityIdentifier"] == 1
    assert facts(target("allLicensedUsers"), target("exclusionGroup", "guests")).users == 2


def test_only_devices_of_the_platform_count():
    found = facts(target("group", "pcs"))
    assert (found.devices, found.devices_without_sid, found.hybrid_devices) == (2, 1, 1)
    assert facts(target("allDevices")).devices == 2


@pytest.mark.parametrize(
    "targets",
    [
        [target("group", "staff", "a-filter")],
        [target("group", "unread")],
        [target("group", "staff"), target("group", "pcs")],
        [target("allLicensedUsers"), target("exclusionGroup", "unread")],
    ],
    ids=["filter", "unread group", "users and devices", "unread exclusion"],
)
def test_what_cannot_be_counted_honestly_is_not_counted(targets):
    found = facts(*targets)
    assert found.users is NOT_READ
    assert found.devices is NOT_READ
    assert not found.users_without


def test_an_unread_directory_is_not_an_empty_one():
    assert facts(target("allDevices"), directory=None) is NOT_READ
    assert facts(target("allDevices"), directory=Directory()).devices is NOT_READ


def root(identifier, days):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, identifier)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(datetime(2010, 1, 1, tzinfo=UTC))
        .not_valid_after(NOW + timedelta(days=days, seconds=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    import base64

    der = certificate.public_bytes(serialization.Encoding.DER)
    return parse_profile(
        {
            "@odata.type": "#microsoft.graph.windows81TrustedRootCertificate",
            "id": identifier,
            "displayName": identifier,
            "trustedRootCertificate": base64.b64encode(der).decode(),
        }
    )


@pytest.mark.parametrize(
    ("days", "validity", "status"),
    [
        (-1, 365, RootStatus.EXPIRED),
        (89, 30, RootStatus.EXPIRING),
        (90, 30, RootStatus.SOUND),
        (364, 365, RootStatus.TOO_SHORT),
        (365, 365, RootStatus.SOUND),
        (4000, None, RootStatus.SOUND),
    ],
)
def test_a_root_is_judged_by_its_end_and_by_what_it_must_cover(days, validity, status):
    scep = parse_profile(
        {
            "@odata.type": SCEP,
            "id": "scep",
            "displayName": "Staff",
            "certificateValidityPeriodScale": "days",
            "certificateValidityPeriodValue": validity,
        }
    )
    authority = root("root", days)
    [found] = judge_roots(
        [scep, authority], {"scep": authority}, now=NOW, within=timedelta(days=90)
    )
    assert (found.status, found.days_left) == (status, days)
    assert [ref.name for ref in found.used_by] == ["Staff"]


def test_the_worst_comes_first_and_an_unreadable_root_is_said_so():
    broken = parse_profile(
        {
            "@odata.type": "#microsoft.graph.iosTrustedRootCertificate",
            "id": "broken",
            "trustedRootCertificate": "AAAA",
        }
    )
    roots = [root("sound", 900), broken, root("soon", 30), root("over", -3), root("sooner", 3)]
    found = judge_roots(roots, {}, now=NOW, within=timedelta(days=90))
    assert [item.id for item in found] == ["over", "sooner", "soon", "broken", "sound"]
    assert found[3].status is RootStatus.UNREADABLE
