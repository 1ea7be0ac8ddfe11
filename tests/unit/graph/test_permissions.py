"""What a token grants, and what is missing of what a run needs."""

import pytest

from intune_scep.graph.permissions import granted, missing_permissions, needed_permission


@pytest.mark.parametrize(
    ("claims", "names"),
    [
        ({"roles": ["A.Read.All", "B.Read.All"]}, {"A.Read.All", "B.Read.All"}),
        ({"scp": "A.Read.All  B.Read.All"}, {"A.Read.All", "B.Read.All"}),
        ({"roles": []}, set()),
        ({"roles": ["A.Read.All", 7, None]}, {"A.Read.All"}),
    ],
)
def test_application_and_delegated_permissions_are_read(claims, names):
    assert granted(claims) == names


@pytest.mark.parametrize("claims", [{}, {"roles": None}, {"scp": 7}, {"roles": "A", "scp": ["B"]}])
def test_a_token_without_either_claim_says_nothing(claims):
    assert granted(claims) is None


@pytest.mark.parametrize(
    ("needed", "have", "missing"),
    [
        (["A.Read.All"], ["A.ReadWrite.All"], ()),
        (["A.ReadWrite.All"], ["A.Read.All"], ("A.ReadWrite.All",)),
        (["GroupMember.Read.All"], ["Group.Read.All"], ()),
        (["GroupMember.Read.All"], ["Group.ReadWrite.All"], ()),
        (["Group.Read.All"], ["GroupMember.Read.All"], ("Group.Read.All",)),
        (
            ["User.Read.All", "Group.Read.All", "Device.Read.All", "GroupMember.Read.All"],
            ["Directory.Read.All"],
            (),
        ),
        (["User.Read.All"], ["Directory.ReadWrite.All"], ()),
        (["User.ReadWrite.All"], ["Directory.ReadWrite.All"], ("User.ReadWrite.All",)),
        (["A.Read.All"], ["a.read.all"], ()),
        (["B", "A", "B"], [], ("B", "A")),
    ],
)
def test_what_a_permission_includes_is_not_missing(needed, have, missing):
    assert missing_permissions(needed, frozenset(have)) == missing


@pytest.mark.parametrize(
    ("method", "path", "permission"),
    [
        (
            "POST",
            "deviceManagement/reports/exportJobs",
            "DeviceManagementManagedDevices.Read.All",
        ),
        (
            "GET",
            "deviceManagement/reports/exportJobs('AllDeviceCertificates_1')",
            "DeviceManagementManagedDevices.Read.All",
        ),
        ("GET", "deviceManagement/managedDevices", "DeviceManagementManagedDevices.Read.All"),
        (
            "GET",
            "policies/authenticationMethodsPolicy/authenticationMethodConfigurations"
            "/x509Certificate",
            "Policy.Read.AuthenticationMethod",
        ),
        (
            "POST",
            "deviceManagement/deviceConfigurations",
            "DeviceManagementConfiguration.ReadWrite.All",
        ),
        ("GET", "devices", "Device.Read.All"),
        ("GET", "users", "User.Read.All"),
    ],
)
def test_a_refusal_names_the_least_permission_of_the_request(method, path, permission):
    assert needed_permission(method, path) == permission
