"""GRAPH.md 3.3: partial updates."""

from .bodies import CLIENT_AUTHENTICATION, SID_URI, UPN, root, scep, wire_type
from .graph import Graph, Json, assert_refused, bind, one

SCEP = "windows81SCEPCertificateProfile"


def patch(graph: Graph, profile: Json, **changes: object) -> None:
    response = graph.send(
        "PATCH", one(profile["id"]), {"@odata.type": profile["@odata.type"], **changes}
    )
    assert response.status_code == 204, response.text


def test_untyped_patch_is_refused(graph: Graph) -> None:
    """GRAPH.md 3.3: observed for another derived type."""
    created = graph.create(scep())
    response = graph.send("PATCH", one(created["id"]), {"description": "x"})
    assert_refused(response, 400)
    assert graph.read(one(created["id"]))["version"] == 1


def test_patch_with_the_type_of_another_profile_is_refused(graph: Graph) -> None:
    """Inferred."""
    created = graph.create(scep())
    body = {"@odata.type": wire_type("iosScepCertificateProfile"), "description": "x"}
    assert_refused(graph.send("PATCH", one(created["id"]), body), 400)


def test_omitted_properties_are_retained(graph: Graph) -> None:
    """GRAPH.md 3.3."""
    created = graph.create(scep(description="kept", keySize="size4096"))
    patch(graph, created, displayName="Renamed")
    moving = {"displayName", "version", "lastModifiedDateTime"}
    before = {name: value for name, value in created.items() if name not in moving}
    shown = graph.read(one(created["id"]))
    assert {name: value for name, value in shown.items() if name not in moving} == before
    assert shown["displayName"] == "Renamed"


def test_collections_are_replaced_whole(graph: Graph) -> None:
    """GRAPH.md 3.3: inferred."""
    created = graph.create(scep(customSubjectAlternativeNames=[UPN]))
    patch(graph, created, customSubjectAlternativeNames=[SID_URI])
    assert graph.read(one(created["id"]))["customSubjectAlternativeNames"] == [SID_URI]
    patch(graph, created, customSubjectAlternativeNames=[])
    shown = graph.read(one(created["id"]))
    assert shown["customSubjectAlternativeNames"] == []
    assert shown["extendedKeyUsages"] == [CLIENT_AUTHENTICATION]


def test_patch_keeps_the_root_link(graph: Graph) -> None:
    """GRAPH.md 3.3."""
    trusted = graph.create(root())
    created = graph.create(scep(**{"rootCertificate@odata.bind": bind(graph, trusted["id"])}))
    patch(graph, created, customSubjectAlternativeNames=[UPN, SID_URI])
    linked = graph.read(one(created["id"], f"microsoft.graph.{SCEP}", "rootCertificate"))
    assert linked["id"] == trusted["id"]


def test_patch_of_an_unbound_profile_works(graph: Graph) -> None:
    """GRAPH.md 7.13: unknown; the simulator allows it."""
    created = graph.create(scep())
    patch(graph, created, customSubjectAlternativeNames=[SID_URI])
    assert graph.read(one(created["id"]))["customSubjectAlternativeNames"] == [SID_URI]


def test_refused_patch_changes_nothing(graph: Graph) -> None:
    """Inferred."""
    created = graph.create(scep())
    body = {"@odata.type": wire_type(SCEP), "description": "x", "keySize": "size1"}
    assert_refused(graph.send("PATCH", one(created["id"]), body), 400)
    assert graph.read(one(created["id"])) == created


def test_patch_of_a_missing_profile_is_not_found(graph: Graph) -> None:
    """GRAPH.md 3.6: 404 observed; the code is unknown."""
    missing = "0f1c2d3e-0000-4000-8000-00000000dead"
    body = {"@odata.type": wire_type(SCEP), "description": "x"}
    assert_refused(graph.send("PATCH", one(missing), body), 404)


def test_a_tenant_can_be_told_to_count_versions_otherwise(graph: Graph) -> None:
    """A setting of the simulator; by itself it counts by one."""
    created = graph.create(scep())
    for step, version in ((0, 1), (2, 3)):
        graph.control("PUT", "settings", {"version_step": step})
        patch(graph, created, description="x")
        assert graph.read(one(created["id"]))["version"] == version
