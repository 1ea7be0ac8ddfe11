"""GRAPH.md 2: the directory, devices, filters, scope tags, certificate states."""

import csv
import io
import zipfile
from urllib.parse import quote

import pytest

from .bodies import scep
from .graph import DEVICE_CONFIGURATIONS, RESOURCE_ACCESS, Graph, assert_refused, one

EVENTUAL = {"ConsistencyLevel": "eventual"}


def by_name(graph: Graph, collection: str, name: str) -> str:
    expression = quote(f"displayName eq '{name}'")
    found = graph.all_of(f"{collection}?$filter={expression}")
    assert len(found) == 1
    return str(found[0]["id"])


def test_a_user_s_sid_is_shown_only_on_select(contoso: Graph) -> None:
    """GRAPH.md 2: documented for v1.0; for beta inferred."""
    user = contoso.all_of("users")[0]
    assert "onPremisesSecurityIdentifier" not in user
    chosen = contoso.read(f"users/{user['id']}?$select=id,onPremisesSecurityIdentifier")
    assert chosen["onPremisesSecurityIdentifier"].startswith("S-1-5-21-")


def test_a_cloud_only_user_has_no_sid(contoso: Graph) -> None:
    """GRAPH.md 2: `onPremisesSyncEnabled` null means never synced."""
    wanted = "$select=id,onPremisesSecurityIdentifier,onPremisesSyncEnabled"
    users = contoso.all_of(f"users?{wanted}")
    cloud = [each for each in users if each["onPremisesSyncEnabled"] is None]
    assert cloud
    assert {each["onPremisesSecurityIdentifier"] for each in cloud} == {None}
    assert len(cloud) < len(users)


def test_a_device_s_sid_is_shown_only_on_select(contoso: Graph) -> None:
    """GRAPH.md 2; that it requires `$select` is the property's own documentation."""
    devices = contoso.all_of("devices?$select=id,trustType,onPremisesSecurityIdentifier")
    with_sid = {each["trustType"] for each in devices if each["onPremisesSecurityIdentifier"]}
    assert with_sid == {"ServerAd"}
    assert {each["trustType"] for each in devices} == {"ServerAd", "AzureAd", "Workplace"}
    assert "onPremisesSecurityIdentifier" not in contoso.read(f"devices/{devices[0]['id']}")


def test_transitive_members_reach_into_nested_groups(contoso: Graph) -> None:
    """GRAPH.md 2."""
    group = by_name(contoso, "groups", "All Staff")
    direct = contoso.all_of(f"groups/{group}/members")
    assert {each["@odata.type"] for each in direct} == {"#microsoft.graph.group"}
    everyone = contoso.all_of(f"groups/{group}/transitiveMembers")
    kinds = [each["@odata.type"] for each in everyone]
    assert kinds.count("#microsoft.graph.group") == len(direct)
    assert kinds.count("#microsoft.graph.user") == 96


def test_cast_of_members_needs_the_eventual_header_and_count(contoso: Graph) -> None:
    """GRAPH.md 2."""
    group = by_name(contoso, "groups", "All Staff")
    path = f"groups/{group}/transitiveMembers/microsoft.graph.user"
    assert_refused(contoso.get(path), 400)
    assert_refused(contoso.get(path, headers=EVENTUAL), 400)
    page = contoso.read(f"{path}?$count=true", headers=EVENTUAL)
    assert page["@odata.count"] == len(page["value"]) == 96


def test_cast_of_members_takes_select(contoso: Graph) -> None:
    """GRAPH.md 2, 4.1."""
    group = by_name(contoso, "groups", "PKI Pilot")
    path = f"groups/{group}/transitiveMembers/microsoft.graph.user"
    query = "$count=true&$select=id,onPremisesSecurityIdentifier"
    page = contoso.read(f"{path}?{query}", headers=EVENTUAL)
    sids = [each["onPremisesSecurityIdentifier"] for each in page["value"]]
    assert None in sids
    assert any(sids)


def test_managed_devices_tell_how_they_joined(contoso: Graph) -> None:
    """GRAPH.md 2."""
    devices = contoso.all_of("deviceManagement/managedDevices")
    joins = {each["joinType"] for each in devices}
    assert joins == {"hybridAzureADJoined", "azureADJoined", "azureADRegistered"}
    directory = {each["deviceId"] for each in contoso.all_of("devices")}
    assert {each["azureADDeviceId"] for each in devices} <= directory


def test_managed_devices_tell_their_identifiers_on_a_list(contoso: Graph) -> None:
    """GRAPH.md 2: properties of managedDevice; that a list carries them is inferred."""
    names = "imei,meid,serialNumber,wiFiMacAddress,deviceEnrollmentType,deviceType"
    devices = contoso.all_of(f"deviceManagement/managedDevices?$select=id,{names}&$top=999")
    assert {name for each in devices for name in each} >= set(names.split(","))
    phones = [each for each in devices if each["deviceEnrollmentType"] == "appleBulkWithUser"]
    assert any(each["imei"] for each in phones)
    assert not any(each["meid"] for each in devices)


def test_a_user_s_department_is_shown_only_on_select(contoso: Graph) -> None:
    """Documented: not among the properties that a user shows by default."""
    user = contoso.all_of("users")[0]
    assert "department" not in user
    assert contoso.read(f"users/{user['id']}?$select=id,department")["department"]


def test_certificate_sign_in_tells_whether_it_compares_the_sid(contoso: Graph) -> None:
    """GRAPH.md 2: beta, false by default, not nullable."""
    path = "policies/authenticationMethodsPolicy/authenticationMethodConfigurations"
    method = contoso.read(f"{path}/x509Certificate")
    assert method["@odata.type"].endswith(".x509CertificateAuthenticationMethodConfiguration")
    assert method["requireCertificateSidAlignment"] is False
    contoso.control("PUT", "settings", {"sid_alignment": True, "certificate_sign_in": True})
    wanted = "$select=state,requireCertificateSidAlignment"
    method = contoso.read(f"{path}/X509Certificate?{wanted}")
    assert (method["state"], method["requireCertificateSidAlignment"]) == ("enabled", True)
    assert_refused(contoso.get(f"{path}/fido2"), 404)


def test_assignment_filters_are_listed(contoso: Graph) -> None:
    """GRAPH.md 2."""
    filters = contoso.all_of("deviceManagement/assignmentFilters")
    assert all({"displayName", "platform", "rule"} <= set(each) for each in filters)
    first = filters[0]
    again = contoso.read(f"deviceManagement/assignmentFilters/{first['id']}")
    assert again["rule"] == first["rule"]


def test_scope_tags_have_numeric_ids(contoso: Graph) -> None:
    """GRAPH.md 2: "0" is Default."""
    tags = {each["id"]: each for each in contoso.all_of("deviceManagement/roleScopeTags")}
    assert tags["0"]["displayName"] == "Default"
    assert tags["0"]["isBuiltIn"] is True
    assert all(tag.isdecimal() for tag in tags)


STATES = "managedDeviceCertificateStates"


def test_certificate_states_are_read_through_the_cast(contoso: Graph) -> None:
    """GRAPH.md 1.3, 2."""
    profile = by_name(contoso, DEVICE_CONFIGURATIONS, "iOS - SCEP - User - Corporate Wi-Fi")
    states = contoso.all_of(one(profile, "microsoft.graph.iosScepCertificateProfile", STATES))
    assert len(states) > 20
    state = states[0]
    assert state["certificateProfileDisplayName"] == "iOS - SCEP - User - Corporate Wi-Fi"
    assert state["certificateIssuanceState"] in ("issued", "revoked", "issueFailed")
    assert {"certificateSerialNumber", "certificateThumbprint", "deviceDisplayName"} <= set(state)
    assert_refused(contoso.get(one(profile, STATES)), 400, 404)


def test_all_certificate_states_are_in_one_report(contoso: Graph) -> None:
    """GRAPH.md 2."""
    path = "deviceManagement/deviceConfigurationsAllManagedDeviceCertificateStates"
    report = contoso.all_of(path)
    assert len(report) > 250
    assert {"certificateRevokeStatus", "certificateThumbprint"} <= set(report[0])


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (
            "Android COBO - SCEP - User - Corporate Wi-Fi",
            "androidDeviceOwnerScepCertificateProfile",
        ),
        ("AOSP - SCEP - User - RealWear headsets", "aospDeviceOwnerScepCertificateProfile"),
    ],
)
def test_device_owner_and_aosp_report_no_certificates(contoso: Graph, name: str, kind: str) -> None:
    """GRAPH.md 2: certificate reporting is not available for them."""
    profile = by_name(contoso, DEVICE_CONFIGURATIONS, name)
    assert contoso.all_of(one(profile, f"microsoft.graph.{kind}", STATES)) == []


def test_resource_access_profiles_hold_windows10x_only(contoso: Graph) -> None:
    """GRAPH.md 1.1."""
    kinds = {each["@odata.type"] for each in contoso.all_of(RESOURCE_ACCESS)}
    assert kinds == {
        "#microsoft.graph.windows10XSCEPCertificateProfile",
        "#microsoft.graph.windows10XTrustedRootCertificate",
    }


def test_a_fresh_profile_has_no_certificates(graph: Graph) -> None:
    """Inferred."""
    created = graph.create(scep())
    cast = "microsoft.graph.windows81SCEPCertificateProfile"
    assert graph.all_of(one(created["id"], cast, STATES)) == []


@pytest.mark.parametrize("report", ["AllDeviceCertificates", "CertificatesByRAPolicy"])
def test_a_report_is_asked_for_polled_and_downloaded(contoso: Graph, report: str) -> None:
    """GRAPH.md 2: 201, then until `completed`, then a zip at `url`."""
    jobs = "deviceManagement/reports/exportJobs"
    body = {"reportName": report, "format": "csv"}
    created = contoso.send("POST", jobs, body)
    assert created.status_code == 201
    job = created.json()
    assert job["id"].startswith(f"{report}_")
    assert job["status"] != "completed"
    contoso.control("POST", "clock", {"advance": 60})
    job = contoso.read(f"{jobs}('{job['id']}')")
    assert job["status"] == "completed"
    archive = zipfile.ZipFile(io.BytesIO(contoso.with_token(None).get(job["url"]).content))
    (name,) = archive.namelist()
    rows = list(csv.DictReader(io.StringIO(archive.read(name).decode())))
    assert len(rows) > 200
    assert {"SerialNumber", "Thumbprint", "UPN", "ValidTo", "PolicyId"} <= set(rows[0])
