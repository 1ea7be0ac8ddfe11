"""GRAPH.md 3.4 and 1: profiles that use a certificate are made, linked, copied and assigned."""

import pytest

from .bodies import scep, target_of, wire_type
from .graph import DEVICE_CONFIGURATIONS, Graph, Json, assert_refused, bind, one

LOGON = "identityCertificateForClientAuthentication"
IDENTITY = "identityCertificate"
WINDOWS = "windows81SCEPCertificateProfile"
IOS = "iosScepCertificateProfile"
MACOS = "macOSScepCertificateProfile"
OWNER = "androidDeviceOwnerScepCertificateProfile"
WORK = "androidWorkProfileScepCertificateProfile"
FOR_WORK = "androidForWorkScepCertificateProfile"
LEGACY = "androidScepCertificateProfile"
AOSP = "aospDeviceOwnerScepCertificateProfile"
PHONE = "windowsPhone81SCEPCertificateProfile"

LINKS = [
    ("androidDeviceOwnerEnterpriseWiFiConfiguration", LOGON, OWNER),
    ("androidDeviceOwnerVpnConfiguration", IDENTITY, OWNER),
    ("androidEasEmailProfileConfiguration", IDENTITY, LEGACY),
    ("androidEasEmailProfileConfiguration", "smimeSigningCertificate", LEGACY),
    ("androidEnterpriseWiFiConfiguration", LOGON, LEGACY),
    ("androidForWorkEnterpriseWiFiConfiguration", LOGON, FOR_WORK),
    ("androidForWorkGmailEasConfiguration", IDENTITY, FOR_WORK),
    ("androidForWorkNineWorkEasConfiguration", IDENTITY, FOR_WORK),
    ("androidForWorkVpnConfiguration", IDENTITY, FOR_WORK),
    ("androidVpnConfiguration", IDENTITY, LEGACY),
    ("androidWorkProfileEnterpriseWiFiConfiguration", LOGON, WORK),
    ("androidWorkProfileGmailEasConfiguration", IDENTITY, WORK),
    ("androidWorkProfileNineWorkEasConfiguration", IDENTITY, WORK),
    ("androidWorkProfileVpnConfiguration", IDENTITY, WORK),
    ("aospDeviceOwnerEnterpriseWiFiConfiguration", LOGON, AOSP),
    ("iosDeviceFeaturesConfiguration", LOGON, IOS),
    ("iosDeviceFeaturesConfiguration", "singleSignOnExtensionPkinitCertificate", IOS),
    ("iosEasEmailProfileConfiguration", IDENTITY, IOS),
    ("iosEasEmailProfileConfiguration", "smimeSigningCertificate", IOS),
    ("iosEasEmailProfileConfiguration", "smimeEncryptionCertificate", IOS),
    ("iosEnterpriseWiFiConfiguration", LOGON, IOS),
    ("iosVpnConfiguration", IDENTITY, IOS),
    ("iosikEv2VpnConfiguration", IDENTITY, IOS),
    ("iosWiredNetworkConfiguration", LOGON, IOS),
    ("macOSDeviceFeaturesConfiguration", "singleSignOnExtensionPkinitCertificate", MACOS),
    ("macOSEnterpriseWiFiConfiguration", LOGON, MACOS),
    ("macOSVpnConfiguration", IDENTITY, MACOS),
    ("macOSWiredNetworkConfiguration", LOGON, MACOS),
    ("windows10VpnConfiguration", IDENTITY, WINDOWS),
    ("windowsPhone81VpnConfiguration", IDENTITY, PHONE),
    ("windowsWifiEnterpriseEAPConfiguration", LOGON, WINDOWS),
    ("windowsWiredNetworkConfiguration", LOGON, WINDOWS),
    (
        "windowsWiredNetworkConfiguration",
        "secondaryIdentityCertificateForClientAuthentication",
        WINDOWS,
    ),
]
EVERY_LINK = pytest.mark.parametrize(("kind", "link", "issuer"), LINKS)
KINDS = sorted({kind for kind, _, _ in LINKS})


def body(kind: str) -> Json:
    """A profile with a property that the table of types does not know."""
    return {
        "@odata.type": wire_type(kind),
        "displayName": kind,
        "description": "uses a certificate",
        "propertyOfTomorrow": {"kept": [1, "two"]},
    }


@EVERY_LINK
def test_a_certificate_link_is_set_read_replaced_and_removed(
    graph: Graph, kind: str, link: str, issuer: str
) -> None:
    """GRAPH.md 3.4: by `$ref` through the cast segment."""
    first, second = (graph.create(scep(issuer, displayName=name)) for name in ("A", "B"))
    dependant = graph.create(body(kind))
    path = one(dependant["id"], f"microsoft.graph.{kind}", link)
    assert_refused(graph.get(path), 404)
    for target in (first, second):
        reference = {"@odata.id": bind(graph, target["id"])}
        assert graph.send("PUT", f"{path}/$ref", reference).status_code == 204
        assert graph.read(path)["id"] == target["id"]
    assert link not in graph.read(one(dependant["id"]))
    assert graph.send("DELETE", f"{path}/$ref").status_code == 204
    assert_refused(graph.get(path), 404)
    assert graph.read(one(second["id"]))["id"] == second["id"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_dependant_is_read_whole_copied_and_assigned(graph: Graph, kind: str) -> None:
    """GRAPH.md 3.2: what was read, less what Graph sets itself, can be created again."""
    original = graph.read(one(graph.create(body(kind))["id"]))
    assert original["propertyOfTomorrow"] == {"kept": [1, "two"]}
    own = {"id", "version", "supportsScopeTags", "createdDateTime", "lastModifiedDateTime"}
    kept = {
        name: value
        for name, value in original.items()
        if name not in own and "@odata.context" not in name
    }
    copied = graph.create(kept | {"displayName": "Copy"})
    assert copied["id"] != original["id"]
    there = graph.read(one(copied["id"]))
    changed = {name for name in original if there[name] != original[name]}
    assert changed <= own | {"displayName"}
    targets = [target_of("allDevicesAssignmentTarget")]
    sent = graph.send("POST", one(copied["id"], "assign"), {"assignments": targets})
    assert sent.status_code == 200
    assert len(graph.all_of(one(copied["id"], "assignments"))) == 1
    assert graph.all_of(one(original["id"], "assignments")) == []


@pytest.mark.parametrize(
    ("kind", "link", "wrong"),
    [
        ("iosEnterpriseWiFiConfiguration", LOGON, MACOS),
        ("windows10VpnConfiguration", IDENTITY, IOS),
        ("androidWorkProfileVpnConfiguration", IDENTITY, FOR_WORK),
        ("macOSWiredNetworkConfiguration", LOGON, WINDOWS),
        ("aospDeviceOwnerEnterpriseWiFiConfiguration", LOGON, OWNER),
        ("iosDeviceFeaturesConfiguration", "singleSignOnExtensionPkinitCertificate", MACOS),
    ],
)
def test_a_certificate_of_another_platform_is_refused(
    graph: Graph, kind: str, link: str, wrong: str
) -> None:
    """Inferred from the declared target types."""
    dependant, other = graph.create(body(kind)), graph.create(scep(wrong))
    path = one(dependant["id"], f"microsoft.graph.{kind}", link)
    assert_refused(graph.send("PUT", f"{path}/$ref", {"@odata.id": bind(graph, other["id"])}), 400)
    assert_refused(graph.get(path), 404)


def test_binds_of_wired_ios_networks_are_refused_on_create(graph: Graph) -> None:
    """GRAPH.md 3.4: some types reject them; the link is then set by `$ref`."""
    issuer = graph.create(scep(IOS))
    asked = body("iosWiredNetworkConfiguration") | {
        f"{LOGON}@odata.bind": bind(graph, issuer["id"])
    }
    assert_refused(graph.send("POST", DEVICE_CONFIGURATIONS, asked), 400)
