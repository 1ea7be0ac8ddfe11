"""GRAPH.md 1: the certificate types and where they live."""

import pytest

from .bodies import APPLE, DER, SCEP_ROOTS, WITHOUT_CUSTOM_SANS, root, scep, wire_type
from .graph import DEVICE_CONFIGURATIONS, RESOURCE_ACCESS, Graph, assert_refused, one

BASE = {
    "id", "createdDateTime", "lastModifiedDateTime", "displayName", "version",
    "supportsScopeTags", "description", "roleScopeTagIds",
    "deviceManagementApplicabilityRuleOsEdition", "deviceManagementApplicabilityRuleOsVersion",
    "deviceManagementApplicabilityRuleDeviceMode",
}  # fmt: skip
SCEP = {
    "renewalThresholdPercentage", "certificateValidityPeriodScale",
    "certificateValidityPeriodValue", "extendedKeyUsages", "keySize", "keyUsage",
    "subjectNameFormat", "subjectNameFormatString", "subjectAlternativeNameType",
    "subjectAlternativeNameFormatString", "scepServerUrls",
}  # fmt: skip
ONLY_SOME = {
    "hashAlgorithm": set(SCEP_ROOTS) - {"iosScepCertificateProfile"},
    "customSubjectAlternativeNames": set(SCEP_ROOTS) - set(WITHOUT_CUSTOM_SANS),
    "certificateStore": set(SCEP_ROOTS) - set(WITHOUT_CUSTOM_SANS),
    "keyStorageProvider": {
        "windows81SCEPCertificateProfile",
        "windowsPhone81SCEPCertificateProfile",
    },
    "certificateAccessType": {"androidDeviceOwnerScepCertificateProfile"},
    "silentCertificateAccessDetails": {"androidDeviceOwnerScepCertificateProfile"},
    "allowAllAppsAccess": {"macOSScepCertificateProfile"},
    "deploymentChannel": {"macOSScepCertificateProfile"},
}
"""Property -> the SCEP types that have it, the table of GRAPH.md 1.3."""


@pytest.mark.parametrize("name", SCEP_ROOTS)
def test_scep_profile_shows_exactly_its_declared_properties(graph: Graph, name: str) -> None:
    """GRAPH.md 1.2, 1.3, 3.2."""
    created = graph.create(scep(name))
    expected = BASE | SCEP | {prop for prop, types in ONLY_SOME.items() if name in types}
    shown = {prop for prop in graph.read(one(created["id"])) if "@" not in prop}
    assert shown == expected


@pytest.mark.parametrize("name", SCEP_ROOTS.values())
def test_trusted_root_shows_exactly_its_declared_properties(graph: Graph, name: str) -> None:
    """GRAPH.md 1.3: roots derive directly from deviceConfiguration."""
    created = graph.create(root(name))
    expected = BASE | {"trustedRootCertificate", "certFileName"}
    if name == "windows81TrustedRootCertificate":
        expected |= {"destinationStore"}
    if name == "macOSTrustedRootCertificate":
        expected |= {"deploymentChannel"}
    shown = {prop for prop in graph.read(one(created["id"])) if "@" not in prop}
    assert shown == expected


@pytest.mark.parametrize("name", WITHOUT_CUSTOM_SANS)
def test_two_types_cannot_carry_custom_sans(graph: Graph, name: str) -> None:
    """GRAPH.md 1.1, 1.3."""
    body = scep(name, customSubjectAlternativeNames=[])
    assert_refused(graph.send("POST", DEVICE_CONFIGURATIONS, body), 400)


def test_ios_has_no_hash_algorithm(graph: Graph) -> None:
    """GRAPH.md 1.3."""
    body = scep("iosScepCertificateProfile", hashAlgorithm="sha2")
    assert_refused(graph.send("POST", DEVICE_CONFIGURATIONS, body), 400)


@pytest.mark.parametrize("name", APPLE)
def test_apple_subject_name_format_lacks_three_members(graph: Graph, name: str) -> None:
    """GRAPH.md 1.4."""
    body = scep(name, subjectNameFormat="commonNameAsAadDeviceId")
    assert_refused(graph.send("POST", DEVICE_CONFIGURATIONS, body), 400)
    assert graph.create(scep(subjectNameFormat="commonNameAsAadDeviceId"))


@pytest.mark.parametrize(
    ("prop", "value"),
    [
        ("keySize", "size8192"),
        ("keySize", 2048),
        ("keyUsage", "digitalSignature,cRLSign"),
        ("keyUsage", ["digitalSignature"]),
        ("certificateStore", "computer"),
        ("certificateValidityPeriodScale", "weeks"),
        ("hashAlgorithm", "sha256"),
        ("customSubjectAlternativeNames", [{"sanType": "uri", "name": "x"}]),
    ],
)
def test_value_outside_an_enum_is_refused(graph: Graph, prop: str, value: object) -> None:
    """GRAPH.md 1.4 gives the members; that others are refused is inferred."""
    response = graph.send("POST", DEVICE_CONFIGURATIONS, scep(**{prop: value}))
    assert_refused(response, 400)
    assert graph.all_of(DEVICE_CONFIGURATIONS) == []


def test_more_than_five_hundred_sans_are_refused(graph: Graph) -> None:
    """GRAPH.md 1.3."""
    sans = [{"sanType": "domainNameService", "name": f"h{n}.example.com"} for n in range(501)]
    assert graph.create(scep(customSubjectAlternativeNames=sans[:500]))
    too_many = scep(customSubjectAlternativeNames=sans)
    assert_refused(graph.send("POST", DEVICE_CONFIGURATIONS, too_many), 400)


@pytest.mark.parametrize("percentage", [0, 100])
def test_renewal_threshold_is_between_one_and_ninety_nine(graph: Graph, percentage: int) -> None:
    """GRAPH.md 1.3."""
    body = scep(renewalThresholdPercentage=percentage)
    assert_refused(graph.send("POST", DEVICE_CONFIGURATIONS, body), 400)


@pytest.mark.parametrize("name", ["windows10SCEPCertificateProfile", "nonsense"])
def test_unknown_type_cannot_be_resolved(graph: Graph, name: str) -> None:
    """GRAPH.md 1.1 (there is no windows10 SCEP type), 3.7 for the sentence."""
    body = scep() | {"@odata.type": wire_type(name)}
    error = assert_refused(graph.send("POST", DEVICE_CONFIGURATIONS, body), 400)
    assert "could not be resolved by the model" in error["message"]


def test_abstract_type_cannot_be_created(graph: Graph) -> None:
    """GRAPH.md 1.1: iosCertificateProfileBase and its like are abstract."""
    body = scep("iosScepCertificateProfile") | {
        "@odata.type": wire_type("iosCertificateProfileBase")
    }
    assert_refused(graph.send("POST", DEVICE_CONFIGURATIONS, body), 400)


def test_windows10x_lives_in_resource_access_profiles(graph: Graph) -> None:
    """GRAPH.md 1.1: other collection, root by id, other name for the SANs."""
    root_profile = graph.create(
        {
            "@odata.type": wire_type("windows10XTrustedRootCertificate"),
            "displayName": "Root 10X",
            "trustedRootCertificate": DER,
            "destinationStore": "computerCertStoreRoot",
        },
        RESOURCE_ACCESS,
    )
    body = {
        "@odata.type": wire_type("windows10XSCEPCertificateProfile"),
        "displayName": "SCEP 10X",
        "certificateStore": "user",
        "hashAlgorithm": ["sha2"],
        "rootCertificateId": root_profile["id"],
        "subjectAlternativeNameFormats": [
            {"sanType": "userPrincipalName", "name": "{{UserPrincipalName}}"}
        ],
    }
    created = graph.create(body, RESOURCE_ACCESS)
    shown = graph.read(f"{RESOURCE_ACCESS}/{created['id']}")
    assert shown["hashAlgorithm"] == ["sha2"]
    assert shown["rootCertificateId"] == root_profile["id"]
    assert "createdDateTime" not in shown
    assert shown["creationDateTime"]
    assert graph.all_of(DEVICE_CONFIGURATIONS) == []
    assert_refused(graph.send("POST", DEVICE_CONFIGURATIONS, body), 400)
    assert_refused(graph.send("POST", RESOURCE_ACCESS, scep()), 400)
