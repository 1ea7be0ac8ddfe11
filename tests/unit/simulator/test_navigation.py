"""Root links and other references: cast segment, bind, $ref."""

from typing import Any

import pytest

from .conftest import CONFIGURATIONS, WINDOWS_ROOT, WINDOWS_SCEP, Graph

WIFI = "windowsWifiEnterpriseEAPConfiguration"


def item(profile: Any, *segments: str) -> str:
    kind = profile["@odata.type"].removeprefix("#")
    return "/".join([f"{CONFIGURATIONS}/{profile['id']}", kind, *segments])


def reference(profile: Any) -> str:
    return f"https://graph.microsoft.com/beta/{CONFIGURATIONS}('{profile['id']}')"


def test_a_bound_root_is_seen_only_through_the_cast_segment(graph: Graph) -> None:
    root = graph.create_root()
    scep = graph.create(WINDOWS_SCEP, **{"rootCertificate@odata.bind": reference(root)})
    bound = graph("GET", item(scep, "rootCertificate"))
    assert bound.status == 200 and bound.json()["id"] == root["id"]
    assert bound.json()["trustedRootCertificate"] == "MIIB"
    uncast = f"{CONFIGURATIONS}/{scep['id']}"
    assert graph("GET", f"{uncast}/rootCertificate").status == 400
    assert graph("GET", uncast, query="$expand=rootCertificate").status == 400
    assert graph("GET", CONFIGURATIONS, query="$expand=rootCertificate").status == 400


def test_replace_and_remove_by_ref(graph: Graph) -> None:
    first, second = graph.create_root(), graph.create_root(display_name="Second")
    scep = graph.create(WINDOWS_SCEP)
    path = item(scep, "rootCertificate")
    assert graph("GET", path).status == 404
    for root in (first, second):
        assert graph("PUT", f"{path}/$ref", {"@odata.id": reference(root)}).status == 204
        assert graph("GET", path).json()["id"] == root["id"]
    assert graph("DELETE", f"{path}/$ref").status == 204
    assert graph("GET", path).status == 404
    assert graph("DELETE", f"{path}/$ref").status == 404


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "https://graph.microsoft.com/beta/users('x')",
        f"https://graph.microsoft.com/beta/{CONFIGURATIONS}('00000000-0000-0000-0000-000000000000')",
        ["https://graph.microsoft.com"],
    ],
)
def test_a_reference_that_leads_nowhere_is_refused(graph: Graph, value: Any) -> None:
    scep = graph.create(WINDOWS_SCEP)
    body = {
        "@odata.type": f"#microsoft.graph.{WINDOWS_SCEP}",
        "displayName": "Second",
        "rootCertificate@odata.bind": value,
    }
    assert graph("POST", CONFIGURATIONS, body).status == 400
    ref = item(scep, "rootCertificate", "$ref")
    assert graph("PUT", ref, {"@odata.id": value}).status == 400
    assert len(graph.list()) == 1


def test_a_root_of_another_platform_or_host_is_refused(graph: Graph) -> None:
    ios = graph.create_root("iosTrustedRootCertificate")
    root = graph.create_root()
    scep = graph.create(WINDOWS_SCEP)
    ref = item(scep, "rootCertificate", "$ref")
    assert graph("PUT", ref, {"@odata.id": reference(ios)}).status == 400
    elsewhere = reference(root).replace("graph.microsoft.com", "graph.attacker.example")
    assert graph("PUT", ref, {"@odata.id": elsewhere}).status == 400
    own = reference(root).replace("graph.microsoft.com", "graph.example")
    assert graph("PUT", ref, {"@odata.id": own}).status == 204


def test_a_cast_to_another_type_is_not_found(graph: Graph) -> None:
    scep = graph.create(WINDOWS_SCEP)
    path = f"{CONFIGURATIONS}/{scep['id']}/microsoft.graph.iosScepCertificateProfile"
    assert graph("GET", f"{path}/rootCertificate").status == 404
    assert graph("GET", path).status == 404
    assert graph("GET", item(scep)).json()["id"] == scep["id"]


def test_collection_references_take_post_and_refuse_put(graph: Graph) -> None:
    roots = [graph.create_root(), graph.create_root(display_name="Second")]
    wifi = graph.create(WIFI, ssid="Corp")
    path = item(wifi, "rootCertificatesForServerValidation")
    for root in roots:
        body = {"@odata.id": reference(root)}
        assert graph("POST", f"{path}/$ref", body).status == 204
        refused = graph("PUT", f"{path}/$ref", body)
        assert refused.status == 400 and b"No OData route exists" in refused.body
    assert [each["id"] for each in graph.list(path)] == [root["id"] for root in roots]
    assert graph("DELETE", f"{path}/{roots[0]['id']}/$ref").status == 204
    assert [each["id"] for each in graph.list(path)] == [roots[1]["id"]]


def test_a_dependant_leads_to_its_scep_profile(graph: Graph) -> None:
    scep = graph.create(WINDOWS_SCEP)
    name = "identityCertificateForClientAuthentication"
    wifi = graph.create(WIFI, **{f"{name}@odata.bind": reference(scep)})
    assert graph("GET", item(wifi, name)).json()["id"] == scep["id"]
    graph("DELETE", f"{CONFIGURATIONS}/{scep['id']}")
    assert graph("GET", item(wifi, name)).status == 404


def test_some_types_drop_or_reject_binds(graph: Graph) -> None:
    name = "identityCertificateForClientAuthentication"
    android = graph.create("androidDeviceOwnerScepCertificateProfile")
    kind = "androidDeviceOwnerEnterpriseWiFiConfiguration"
    wifi = graph.create(kind, **{f"{name}@odata.bind": reference(android)})
    assert graph("GET", item(wifi, name)).status == 404
    ios = graph.create("iosScepCertificateProfile")
    body = {
        "@odata.type": "#microsoft.graph.iosWiredNetworkConfiguration",
        "displayName": "Wired",
        f"{name}@odata.bind": reference(ios),
    }
    assert graph("POST", CONFIGURATIONS, body).status == 400


def test_full_metadata_tells_where_the_root_is(graph: Graph) -> None:
    scep = graph.create(WINDOWS_SCEP)
    accept = {"accept": "application/json;odata.metadata=full"}
    shown = graph("GET", f"{CONFIGURATIONS}/{scep['id']}", **accept).json()
    link = shown["rootCertificate@odata.navigationLink"]
    assert link.endswith(f"microsoft.graph.{WINDOWS_SCEP}/rootCertificate")
    assert graph("GET", f"{CONFIGURATIONS}/{scep['id']}").json().keys() < shown.keys()
    assert WINDOWS_ROOT not in shown
