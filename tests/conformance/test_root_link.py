"""GRAPH.md 3.4: the trusted root of a SCEP profile."""

import pytest

from .bodies import SCEP_ROOTS, root, scep, target_of, wire_type
from .graph import DEVICE_CONFIGURATIONS, Graph, Json, assert_refused, bind, one

WINDOWS = "windows81SCEPCertificateProfile"


def link_path(profile: Json, *more: str) -> str:
    return one(profile["id"], profile["@odata.type"].lstrip("#"), "rootCertificate", *more)


def bound(graph: Graph, name: str = WINDOWS) -> tuple[Json, Json]:
    trusted = graph.create(root(SCEP_ROOTS[name]))
    body = scep(name) | {"rootCertificate@odata.bind": bind(graph, trusted["id"])}
    return graph.create(body), trusted


@pytest.mark.parametrize("name", SCEP_ROOTS)
def test_bind_on_create_is_read_through_the_cast_segment(graph: Graph, name: str) -> None:
    """GRAPH.md 3.4: works for every type, wherever the property is declared."""
    profile, trusted = bound(graph, name)
    linked = graph.read(link_path(profile))
    assert linked["id"] == trusted["id"]
    assert linked["@odata.type"] == wire_type(SCEP_ROOTS[name])
    assert linked["trustedRootCertificate"] == trusted["trustedRootCertificate"]


def test_the_assignments_of_the_root_are_expanded(graph: Graph) -> None:
    """GRAPH.md 3.4, 3.5: inferred from the expansion of a profile by its id."""
    profile, trusted = bound(graph)
    body = {"assignments": [{"target": target_of("allDevicesAssignmentTarget")}]}
    graph.send("POST", one(trusted["id"], "assign"), body)
    linked = graph.read(link_path(profile) + "?$expand=assignments")
    assert linked["assignments"] == graph.all_of(one(trusted["id"], "assignments"))


def test_the_link_is_never_in_the_plain_get(graph: Graph) -> None:
    """GRAPH.md 3.4."""
    profile, _ = bound(graph)
    assert not [name for name in graph.read(one(profile["id"])) if "rootCertificate" in name]


def test_expand_is_refused(graph: Graph) -> None:
    """GRAPH.md 3.4."""
    profile, _ = bound(graph)
    assert_refused(graph.get(one(profile["id"]) + "?$expand=rootCertificate"), 400)


def test_the_uncast_path_is_refused(graph: Graph) -> None:
    """GRAPH.md 3.4; which of 400 and 404 is unknown."""
    profile, _ = bound(graph)
    assert_refused(graph.get(one(profile["id"], "rootCertificate")), 400, 404)


def test_the_wrong_cast_is_refused(graph: Graph) -> None:
    """Inferred."""
    profile, _ = bound(graph)
    path = one(profile["id"], "microsoft.graph.iosScepCertificateProfile", "rootCertificate")
    assert_refused(graph.get(path), 400, 404)


def test_an_unbound_profile_answers_404(graph: Graph) -> None:
    """GRAPH.md 3.4."""
    assert_refused(graph.get(link_path(graph.create(scep()))), 404)


def test_put_ref_replaces_the_link_and_keeps_the_profile(graph: Graph) -> None:
    """GRAPH.md 3.4."""
    profile, _ = bound(graph)
    other = graph.create(root(displayName="Other"))
    response = graph.send(
        "PUT", link_path(profile, "$ref"), {"@odata.id": bind(graph, other["id"])}
    )
    assert (response.status_code, response.content) == (204, b"")
    assert graph.read(link_path(profile))["id"] == other["id"]
    assert graph.read(one(profile["id"]))["displayName"] == profile["displayName"]


def test_put_ref_binds_an_unbound_profile(graph: Graph) -> None:
    """GRAPH.md 3.4."""
    profile, trusted = graph.create(scep()), graph.create(root())
    body = {"@odata.id": bind(graph, trusted["id"])}
    assert graph.send("PUT", link_path(profile, "$ref"), body).status_code == 204
    assert graph.read(link_path(profile))["id"] == trusted["id"]


def test_delete_ref_removes_the_link_only(graph: Graph) -> None:
    """GRAPH.md 3.4."""
    profile, trusted = bound(graph)
    response = graph.send("DELETE", link_path(profile, "$ref"))
    assert (response.status_code, response.content) == (204, b"")
    assert_refused(graph.get(link_path(profile)), 404)
    assert graph.read(one(trusted["id"]))["id"] == trusted["id"]


def test_deleting_the_root_unbinds(graph: Graph) -> None:
    """Inferred: nothing is known of deleting a root in use."""
    profile, trusted = bound(graph)
    assert graph.send("DELETE", one(trusted["id"])).status_code == 200
    assert_refused(graph.get(link_path(profile)), 404)
    assert graph.read(one(profile["id"]))["id"] == profile["id"]


def test_bind_of_null_is_refused(graph: Graph) -> None:
    """GRAPH.md 3.4."""
    body = scep() | {"rootCertificate@odata.bind": None}
    assert_refused(graph.send("POST", DEVICE_CONFIGURATIONS, body), 400)
    assert graph.all_of(DEVICE_CONFIGURATIONS) == []


@pytest.mark.parametrize("what", ["missing", "other platform", "not a root", "empty", "elsewhere"])
def test_bind_to_something_else_than_a_root_of_the_platform_is_refused(
    graph: Graph, what: str
) -> None:
    """Inferred from the declared target types of GRAPH.md 1.3."""
    target = {
        "missing": lambda: bind(graph, "0f1c2d3e-0000-4000-8000-00000000dead"),
        "other platform": lambda: bind(
            graph, graph.create(root("iosTrustedRootCertificate"))["id"]
        ),
        "not a root": lambda: bind(graph, graph.create(scep())["id"]),
        "empty": lambda: bind(graph, ""),
        "elsewhere": lambda: graph.url("users('0f1c2d3e-0000-4000-8000-00000000dead')"),
    }[what]()
    count = len(graph.all_of(DEVICE_CONFIGURATIONS))
    body = scep() | {"rootCertificate@odata.bind": target}
    assert_refused(graph.send("POST", DEVICE_CONFIGURATIONS, body), 400, 404)
    assert len(graph.all_of(DEVICE_CONFIGURATIONS)) == count


def test_wrong_verb_on_a_collection_reference_names_the_route(graph: Graph) -> None:
    """GRAPH.md 3.4, 3.7: PUT on a collection's `$ref` (IntuneManagement#114)."""
    wifi = graph.create(
        {
            "@odata.type": wire_type("windowsWifiEnterpriseEAPConfiguration"),
            "displayName": "Wi-Fi",
        }
    )
    trusted = graph.create(root())
    path = one(
        wifi["id"],
        "microsoft.graph.windowsWifiEnterpriseEAPConfiguration",
        "rootCertificatesForServerValidation",
        "$ref",
    )
    body = {"@odata.id": bind(graph, trusted["id"])}
    error = assert_refused(graph.send("PUT", path, body), 400)
    assert "No OData route exists" in error["message"]
    assert graph.send("POST", path, body).status_code == 204
    listed = graph.read(path.removesuffix("/$ref"))
    assert [each["id"] for each in listed["value"]] == [trusted["id"]]


def test_a_dependant_is_created_with_binds_and_read_back(graph: Graph) -> None:
    """GRAPH.md 3.4; the captured iOS Wi-Fi create."""
    trusted = graph.create(root("iosTrustedRootCertificate"))
    identity = graph.create(scep("iosScepCertificateProfile"))
    wifi = graph.create(
        {
            "@odata.type": wire_type("iosEnterpriseWiFiConfiguration"),
            "displayName": "Wi-Fi",
            "networkName": "NetworkName",
            "ssid": "NetworkSSID",
            "wiFiSecurityType": "wpa2Enterprise",
            "eapType": "eapTls",
            "authenticationMethod": "certificate",
            "trustedServerCertificateNames": ["srv.contoso.com"],
            "rootCertificatesForServerValidation@odata.bind": [bind(graph, trusted["id"])],
            "identityCertificateForClientAuthentication@odata.bind": bind(graph, identity["id"]),
        }
    )
    cast = "microsoft.graph.iosEnterpriseWiFiConfiguration"
    used = graph.read(one(wifi["id"], cast, "identityCertificateForClientAuthentication"))
    assert used["id"] == identity["id"]
    roots = graph.read(one(wifi["id"], cast, "rootCertificatesForServerValidation"))
    assert [each["id"] for each in roots["value"]] == [trusted["id"]]


def test_android_enterprise_wifi_drops_embedded_binds(graph: Graph) -> None:
    """GRAPH.md 3.4: some types drop them silently."""
    identity = graph.create(scep("androidWorkProfileScepCertificateProfile"))
    name = "androidWorkProfileEnterpriseWiFiConfiguration"
    wifi = graph.create(
        {
            "@odata.type": wire_type(name),
            "displayName": "Wi-Fi",
            "identityCertificateForClientAuthentication@odata.bind": bind(graph, identity["id"]),
        }
    )
    path = one(wifi["id"], f"microsoft.graph.{name}", "identityCertificateForClientAuthentication")
    assert_refused(graph.get(path), 404)
    reference = {"@odata.id": bind(graph, identity["id"])}
    assert graph.send("PUT", f"{path}/$ref", reference).status_code == 204
    assert graph.read(path)["id"] == identity["id"]


def test_full_metadata_names_the_link(graph: Graph) -> None:
    """GRAPH.md 3.4: practised by a public tool."""
    profile, _ = bound(graph)
    accept = {"Accept": "application/json;odata.metadata=full"}
    shown = graph.read(one(profile["id"]), headers=accept)
    assert "rootCertificate@odata.navigationLink" in shown
    link = shown["rootCertificate@odata.associationLink"]
    assert graph.send("DELETE", link).status_code == 204


def test_bind_in_a_patch_is_refused(graph: Graph) -> None:
    """GRAPH.md 7.3: unknown; refusing it shows a client that relies on it."""
    profile, trusted = bound(graph)
    body = {
        "@odata.type": profile["@odata.type"],
        "rootCertificate@odata.bind": bind(graph, trusted["id"]),
    }
    assert_refused(graph.send("PATCH", one(profile["id"]), body), 400)


def test_the_hosts_of_graph_s_clouds_are_accepted_in_a_bind(graph: Graph) -> None:
    """GRAPH.md 3.4, 4.3: the reference names the cloud's own host; another host is refused."""
    trusted = graph.create(root())
    for host in ("graph.microsoft.com", "graph.microsoft.us", "microsoftgraph.chinacloudapi.cn"):
        link = f"https://{host}/beta/{DEVICE_CONFIGURATIONS}('{trusted['id']}')"
        profile = graph.create(scep() | {"rootCertificate@odata.bind": link})
        assert graph.read(link_path(profile))["id"] == trusted["id"]
    foreign = f"https://graph.example.com/beta/{DEVICE_CONFIGURATIONS}('{trusted['id']}')"
    body = scep() | {"rootCertificate@odata.bind": foreign}
    assert_refused(graph.send("POST", DEVICE_CONFIGURATIONS, body), 400)
