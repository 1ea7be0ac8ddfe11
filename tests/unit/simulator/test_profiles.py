"""deviceConfigurations as GRAPH.md 3 describes them."""

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import CONFIGURATIONS, SID_URI, WINDOWS_ROOT, WINDOWS_SCEP, Graph


def inner_message(body: Any) -> Any:
    return json.loads(body["error"]["message"])


def test_a_created_profile_shows_every_declared_property(graph: Graph) -> None:
    created = graph.create(WINDOWS_SCEP, keyUsage="digitalSignature,keyEncipherment")
    shown = graph.get(created["id"])
    assert shown == created
    assert shown["keyUsage"] == "keyEncipherment,digitalSignature"
    assert shown["customSubjectAlternativeNames"] == [] and shown["description"] is None
    assert shown["version"] == 1 and shown["roleScopeTagIds"] == ["0"]
    assert "rootCertificate" not in shown and "assignments" not in shown
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z", shown["createdDateTime"])
    assert shown["@odata.context"].startswith("https://graph.example/beta/$metadata#")


def test_the_portals_zero_id_and_dates_are_ignored(graph: Graph) -> None:
    zero = "00000000-0000-0000-0000-000000000000"
    created = graph.create(WINDOWS_SCEP, id=zero, version=7, createdDateTime="x")
    assert created["id"] != zero and created["version"] == 1


def test_patch_merges_counts_up_and_answers_nothing(graph: Graph) -> None:
    profile = graph.create(WINDOWS_SCEP, renewalThresholdPercentage=20)
    graph.clock.now += 60
    response = graph.patch(profile, customSubjectAlternativeNames=[SID_URI])
    assert (response.status, response.body) == (204, b"")
    changed = graph.get(profile["id"])
    assert changed["customSubjectAlternativeNames"] == [SID_URI]
    assert changed["renewalThresholdPercentage"] == 20 and changed["version"] == 2
    assert changed["lastModifiedDateTime"] > profile["lastModifiedDateTime"]
    graph.patch(profile, customSubjectAlternativeNames=[])
    assert graph.get(profile["id"])["customSubjectAlternativeNames"] == []


def test_documented_statuses_are_a_switch(graph: Graph) -> None:
    graph.control("PUT", "settings", {"documented_statuses": True})
    profile = graph.create(WINDOWS_SCEP, supportsScopeTags=True)
    patched = graph.patch(profile, description="changed")
    assert patched.status == 200 and patched.json()["description"] == "changed"
    assigned = graph("POST", f"{CONFIGURATIONS}/{profile['id']}/assign", {"assignments": []})
    assert assigned.status == 200 and assigned.json()["value"] == []
    assert graph("DELETE", f"{CONFIGURATIONS}/{profile['id']}").status == 204


def test_delete_answers_200_and_leaves_404(graph: Graph) -> None:
    profile = graph.create(WINDOWS_SCEP)
    path = f"{CONFIGURATIONS}/{profile['id']}"
    assert graph("DELETE", path).status == 200
    assert graph("GET", path).status == 404
    assert graph("DELETE", path).status == 404


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"keySize": "size3072"}, 400),
        ({"keySize": 2048}, 400),
        ({"keyUsage": ["digitalSignature"]}, 400),
        ({"renewalThresholdPercentage": 100}, 400),
        ({"renewalThresholdPercentage": "20"}, 400),
        ({"scepServerUrls": "https://ndes.example"}, 400),
        ({"noSuchProperty": 1}, 400),
        ({"displayName": None}, 400),
        ({"roleScopeTagIds": []}, 400),
        ({"roleScopeTagIds": None}, 400),
        ({"supportsScopeTags": True}, 400),
        ({"rootCertificate": {}}, 400),
        ({"rootCertificate@odata.bind": None}, 400),
        ({"customSubjectAlternativeNames": [SID_URI] * 501}, 400),
        ({"customSubjectAlternativeNames": [{"sanType": "universalResourceIdentifier"}]}, 500),
        ({"customSubjectAlternativeNames": [{**SID_URI, "name": " "}]}, 500),
        ({"customSubjectAlternativeNames": [{"name": "x"}]}, 400),
        ({"customSubjectAlternativeNames": None}, 204),
        ({"description": None}, 204),
    ],
)
def test_a_body_that_does_not_fit_changes_nothing(
    graph: Graph, change: dict[str, Any], status: int
) -> None:
    profile = graph.create(WINDOWS_SCEP, customSubjectAlternativeNames=[SID_URI])
    response = graph.patch(profile, **change)
    assert response.status == status
    if status >= 400:
        assert graph.get(profile["id"]) == profile
        assert "Activity ID" in inner_message(response.json())["Message"]


def test_an_untyped_or_mistyped_patch_is_refused(graph: Graph) -> None:
    profile = graph.create(WINDOWS_SCEP)
    path = f"{CONFIGURATIONS}/{profile['id']}"
    assert graph("PATCH", path, {"description": "x"}).status == 400
    for other in ("iosScepCertificateProfile", "noSuchType", "windows81CertificateProfileBase"):
        body = {"@odata.type": f"#microsoft.graph.{other}", "description": "x"}
        assert graph("PATCH", path, body).status == 400
    assert graph("PUT", path, profile).status == 400
    assert graph.get(profile["id"]) == profile


def test_v1_has_no_certificate_profiles_and_fails_on_patch(graph: Graph) -> None:
    profile = graph.create(WINDOWS_SCEP)
    body = {"@odata.type": profile["@odata.type"], "description": "x"}
    path = f"{CONFIGURATIONS}/{profile['id']}"
    assert graph("PATCH", path, body, version="v1.0").status == 500
    assert graph("GET", CONFIGURATIONS, version="v1.0").status == 400


def test_windows10x_lives_in_its_own_collection(graph: Graph) -> None:
    body = {
        "@odata.type": "#microsoft.graph.windows10XTrustedRootCertificate",
        "displayName": "Root",
        "trustedRootCertificate": "MIIB",
    }
    assert graph("POST", CONFIGURATIONS, body).status == 400
    created = graph("POST", "deviceManagement/resourceAccessProfiles", body)
    assert created.status == 201
    assert "creationDateTime" in created.json()
    assert graph.list() == []


def test_what_the_core_shows_is_what_sdk_examples_send(graph: Graph) -> None:
    sans = [
        {"sanType": kind, "name": f"name {number}"}
        for number, kind in enumerate(
            ["emailAddress", "userPrincipalName", "domainNameService", "emailAddress"]
        )
    ]
    created = graph.create("macOSScepCertificateProfile", customSubjectAlternativeNames=sans)
    assert created["customSubjectAlternativeNames"] == sans


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
_NAMES = (
    st.sampled_from(
        [
            "displayName",
            "keyUsage",
            "customSubjectAlternativeNames",
            "roleScopeTagIds",
            "extendedKeyUsages",
            "scepServerUrls",
            "deviceManagementApplicabilityRuleOsEdition",
            "rootCertificate@odata.bind",
        ]
    )
    | st.text()
)
_SEGMENTS = st.sampled_from(
    [
        "deviceManagement",
        "deviceConfigurations",
        "groups",
        "users",
        "$ref",
        "assign",
        "$batch",
        "microsoft.graph.windows81SCEPCertificateProfile",
        "rootCertificate",
        "transitiveMembers",
    ]
) | st.text(max_size=8)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(properties=st.dictionaries(_NAMES, _VALUES, max_size=4))
def test_any_json_is_stored_or_refused_and_never_breaks_reading(
    graph: Graph, properties: dict[str, Any]
) -> None:
    graph.clock.now += 20
    body = {"displayName": "x", **properties, "@odata.type": f"#microsoft.graph.{WINDOWS_SCEP}"}
    raw = json.dumps(body).encode()
    response = graph("POST", CONFIGURATIONS, raw)
    assert response.status in (201, 400, 500)
    if response.status == 201:
        created = response.json()
        assert graph.get(created["id"]) == created


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]),
    path=st.lists(_SEGMENTS, max_size=6),
    query=st.text(max_size=30),
    body=st.binary(max_size=30),
)
def test_any_request_gets_an_answer(
    graph: Graph, method: str, path: list[str], query: str, body: bytes
) -> None:
    graph.clock.now += 20
    response = graph(method, "/".join(path), body, query=query)
    assert 200 <= response.status < 600
    if response.status >= 400:
        assert set(response.json()["error"]) == {"code", "message", "innerError"}


def test_an_empty_id_lists_everything(graph: Graph) -> None:
    graph.create_root()
    assert len(graph.list(f"{CONFIGURATIONS}/")) == 1
    assert len(graph.list(f"{CONFIGURATIONS}('')")) == 1


def test_ids_compare_without_case(graph: Graph) -> None:
    root = graph.create(WINDOWS_ROOT, trustedRootCertificate="MIIB")
    assert graph.get(root["id"].upper())["id"] == root["id"]
    assert graph("GET", f"{CONFIGURATIONS}('{root['id']}')").status == 200
