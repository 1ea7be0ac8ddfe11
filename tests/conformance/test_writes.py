"""GRAPH.md 3.1 and 3.2: statuses and what comes back."""

import re

import pytest

from .bodies import SCEP_ROOTS, SID_URI, UPN, group_target, root, scep
from .graph import DEVICE_CONFIGURATIONS, Graph, assert_refused, one

GROUP = "5f9e6b0a-54b4-4f66-9a0e-1f3a3a6c1d01"
SEVEN_DIGITS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z")


def patch(name: str = "windows81SCEPCertificateProfile", **changes: object) -> dict[str, object]:
    return {"@odata.type": f"#microsoft.graph.{name}", **changes}


def test_create_answers_201_with_the_full_object(graph: Graph) -> None:
    """GRAPH.md 3.1."""
    response = graph.send("POST", DEVICE_CONFIGURATIONS, scep())
    assert response.status_code == 201
    created = response.json()
    assert created["version"] == 1
    assert created["supportsScopeTags"] is True
    assert created["displayName"] == "SCEP"


def test_get_answers_a_flat_object_with_context(graph: Graph) -> None:
    """GRAPH.md 3.1 (the `value` wrapper of the documentation is an artefact), 3.2."""
    created = graph.create(scep())
    shown = graph.read(one(created["id"]))
    assert "value" not in shown
    context = shown["@odata.context"]
    assert context == graph.url("$metadata#deviceManagement/deviceConfigurations/$entity")
    assert shown["@odata.type"] == "#microsoft.graph.windows81SCEPCertificateProfile"


def test_reading_does_not_change(graph: Graph) -> None:
    """GRAPH.md 3.1."""
    created = graph.create(scep())
    assert graph.read(one(created["id"])) == graph.read(one(created["id"]))


def test_key_form_of_the_address_is_the_same_resource(graph: Graph) -> None:
    """GRAPH.md 3.4: `deviceConfigurations('<id>')`."""
    created = graph.create(scep())
    keyed = graph.read(f"{DEVICE_CONFIGURATIONS}('{created['id']}')")
    assert keyed == graph.read(one(created["id"]))


def test_patch_answers_204_without_body(graph: Graph) -> None:
    """GRAPH.md 3.1, observed."""
    created = graph.create(scep())
    response = graph.send("PATCH", one(created["id"]), patch(description="new"))
    assert (response.status_code, response.content) == (204, b"")
    assert graph.read(one(created["id"]))["description"] == "new"


def test_put_is_refused(graph: Graph) -> None:
    """GRAPH.md 3.1."""
    created = graph.create(scep())
    assert_refused(graph.send("PUT", one(created["id"]), scep()), 400)


def test_delete_answers_200_without_body_and_the_profile_is_gone(graph: Graph) -> None:
    """GRAPH.md 3.1, observed."""
    created = graph.create(scep())
    response = graph.send("DELETE", one(created["id"]))
    assert (response.status_code, response.content) == (200, b"")
    assert_refused(graph.get(one(created["id"])), 404)
    assert_refused(graph.send("DELETE", one(created["id"])), 404)


def test_assign_answers_200_without_body(graph: Graph) -> None:
    """GRAPH.md 3.1, observed."""
    created = graph.create(scep())
    body = {"assignments": [group_target(GROUP)]}
    response = graph.send("POST", one(created["id"], "assign"), body)
    assert (response.status_code, response.content) == (200, b"")


def test_documented_statuses_are_a_switch(graph: Graph) -> None:
    """GRAPH.md 3.1, documented column."""
    graph.control("PUT", "settings", {"documented_statuses": True})
    created = graph.create(scep())
    patched = graph.send("PATCH", one(created["id"]), patch(description="new"))
    assert patched.status_code == 200
    assert patched.json()["description"] == "new"
    body = {"assignments": [group_target(GROUP)]}
    assigned = graph.send("POST", one(created["id"], "assign"), body)
    assert assigned.status_code == 200
    assert assigned.json()["value"][0]["target"]["groupId"] == GROUP
    assert graph.send("DELETE", one(created["id"])).status_code == 204


def test_unset_properties_are_null_or_empty(graph: Graph) -> None:
    """GRAPH.md 3.2."""
    sent = scep()
    for name in ("customSubjectAlternativeNames", "certificateStore", "hashAlgorithm"):
        del sent[name]
    shown = graph.read(one(graph.create(sent)["id"]))
    assert shown["description"] is None
    assert shown["certificateStore"] is None
    assert shown["deviceManagementApplicabilityRuleOsEdition"] is None
    assert shown["customSubjectAlternativeNames"] == []


def test_legacy_san_type_is_null_when_never_set_and_none_when_sent(graph: Graph) -> None:
    """GRAPH.md 3.2."""
    never = graph.create(scep())
    sent = graph.create(scep(subjectAlternativeNameType="none"))
    assert graph.read(one(never["id"]))["subjectAlternativeNameType"] is None
    assert graph.read(one(sent["id"]))["subjectAlternativeNameType"] == "none"


def test_flags_come_back_in_bit_order(graph: Graph) -> None:
    """GRAPH.md 3.2: `keyUsage` observed."""
    created = graph.create(scep(keyUsage="digitalSignature,keyEncipherment"))
    assert graph.read(one(created["id"]))["keyUsage"] == "keyEncipherment,digitalSignature"


def test_two_hash_algorithms_are_accepted(graph: Graph) -> None:
    """GRAPH.md 3.2: inferred."""
    created = graph.create(scep(hashAlgorithm="sha2,sha1"))
    assert graph.read(one(created["id"]))["hashAlgorithm"] == "sha1,sha2"


def test_timestamps_have_seven_digits(graph: Graph) -> None:
    """GRAPH.md 3.2 by the captured responses."""
    created = graph.create(scep())
    assert SEVEN_DIGITS.fullmatch(created["createdDateTime"])
    assert created["lastModifiedDateTime"] == created["createdDateTime"]


def test_complex_elements_carry_no_type(graph: Graph) -> None:
    """GRAPH.md 3.2."""
    san = {"@odata.type": "microsoft.graph.customSubjectAlternativeName", **UPN}
    created = graph.create(scep(customSubjectAlternativeNames=[san]))
    assert graph.read(one(created["id"]))["customSubjectAlternativeNames"] == [UPN]


def test_sans_of_every_type_and_duplicates_are_kept_in_order(graph: Graph) -> None:
    """GRAPH.md 3.2."""
    sans = [
        {"sanType": kind, "name": f"{kind}-{number}"}
        for number in (2, 1)
        for kind in (
            "universalResourceIdentifier",
            "emailAddress",
            "userPrincipalName",
            "domainNameService",
            "customAzureADAttribute",
        )
    ]
    sans += [SID_URI, SID_URI]
    created = graph.create(scep(customSubjectAlternativeNames=sans))
    assert graph.read(one(created["id"]))["customSubjectAlternativeNames"] == sans


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_empty_san_value_answers_500_and_changes_nothing(graph: Graph, method: str) -> None:
    """GRAPH.md 3.2: seen in public issue threads."""
    created = graph.create(scep())
    path = one(created["id"]) if method == "PATCH" else DEVICE_CONFIGURATIONS
    bad = [UPN, {"sanType": "userPrincipalName", "name": ""}]
    body = scep(customSubjectAlternativeNames=bad)
    assert_refused(graph.send(method, path, body), 500)
    assert [each["version"] for each in graph.all_of(DEVICE_CONFIGURATIONS)] == [1]
    assert graph.read(one(created["id"]))["customSubjectAlternativeNames"] == [UPN]


def test_root_comes_back_whole(graph: Graph) -> None:
    """GRAPH.md 3.2."""
    sent = root()
    shown = graph.read(one(graph.create(sent)["id"]))
    assert shown["trustedRootCertificate"] == sent["trustedRootCertificate"]
    assert shown["certFileName"] == "root.cer"


def test_id_of_zeros_in_a_create_body_is_ignored(graph: Graph) -> None:
    """GRAPH.md 3.2: the portal sends it."""
    zeros = "00000000-0000-0000-0000-000000000000"
    created = graph.create(scep(id=zeros))
    assert created["id"] != zeros
    assert_refused(graph.get(one(zeros)), 404)


def test_read_only_properties_in_a_body_do_not_take_effect(graph: Graph) -> None:
    """GRAPH.md 3.2: to be stripped before a write; that Graph ignores them is inferred."""
    created = graph.create(scep(version=41, createdDateTime="2001-01-01T00:00:00Z"))
    assert created["version"] == 1
    assert not created["createdDateTime"].startswith("2001")


def test_supports_scope_tags_in_a_body_is_refused(graph: Graph) -> None:
    """GRAPH.md 3.2: 400 in 2019."""
    response = graph.send("POST", DEVICE_CONFIGURATIONS, scep(supportsScopeTags=True))
    assert_refused(response, 400)


@pytest.mark.parametrize("tags", [None, []])
def test_empty_scope_tags_in_a_patch_are_refused(graph: Graph, tags: object) -> None:
    """GRAPH.md 3.2: IntuneCD#218."""
    created = graph.create(scep())
    response = graph.send("PATCH", one(created["id"]), patch(roleScopeTagIds=tags))
    assert_refused(response, 400)
    assert graph.read(one(created["id"]))["roleScopeTagIds"] == ["0"]


def test_version_counts_changes_and_modified_moves(graph: Graph) -> None:
    """GRAPH.md 3.2: 1 after create is observed, the increment is inferred."""
    created = graph.create(scep())
    graph.control("POST", "clock", {"advance": 60})
    graph.send("PATCH", one(created["id"]), patch(description="a"))
    graph.send("PATCH", one(created["id"]), patch(description="b"))
    shown = graph.read(one(created["id"]))
    assert shown["version"] == 3
    assert shown["createdDateTime"] == created["createdDateTime"]
    assert shown["lastModifiedDateTime"] > created["lastModifiedDateTime"]


def test_nothing_carries_an_etag_and_if_match_is_ignored(graph: Graph) -> None:
    """GRAPH.md 3.2: no capture has one; treated as no optimistic concurrency (inferred)."""
    created = graph.create(scep())
    response = graph.get(one(created["id"]))
    assert "etag" not in response.headers
    assert "@odata.etag" not in response.json()
    patched = graph.send(
        "PATCH", one(created["id"]), patch(description="x"), headers={"If-Match": '"stale"'}
    )
    assert patched.status_code == 204


def test_malformed_json_is_refused(graph: Graph) -> None:
    """Inferred: not in GRAPH.md, any JSON service."""
    response = graph.send("POST", DEVICE_CONFIGURATIONS, content=b'{"displayName": ')
    assert_refused(response, 400)


def test_unknown_property_is_refused(graph: Graph) -> None:
    """Inferred from the closed types of GRAPH.md 1."""
    assert_refused(graph.send("POST", DEVICE_CONFIGURATIONS, scep(subjectName="x")), 400)


CONFIGURED = {
    "keySize": "size4096",
    "keyStorageProvider": "useSoftwareKsp",
    "hashAlgorithm": "sha2",
    "keyUsage": "digitalSignature",
}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        *(("keySize", kind) for kind in SCEP_ROOTS),
        ("keyStorageProvider", "windows81SCEPCertificateProfile"),
        ("hashAlgorithm", "windows81SCEPCertificateProfile"),
        ("hashAlgorithm", "macOSScepCertificateProfile"),
        ("hashAlgorithm", "androidDeviceOwnerScepCertificateProfile"),
        ("hashAlgorithm", "aospDeviceOwnerScepCertificateProfile"),
    ],
)
def test_not_configured_is_null_on_create_and_change(graph: Graph, name: str, kind: str) -> None:
    """DOMAIN.md 5.1: the admin center's "Not configured" is null on the wire."""
    assert_takes_null(graph, name, kind)


@pytest.mark.parametrize("kind", SCEP_ROOTS)
def test_key_usage_may_be_null_too(graph: Graph, kind: str) -> None:
    """Of `keyUsage` no source says that it can be left open."""
    assert_takes_null(graph, "keyUsage", kind)


def assert_takes_null(graph: Graph, name: str, kind: str) -> None:
    created = graph.create(scep(kind) | {name: None})
    item = one(created["id"])
    assert created[name] is None
    assert graph.read(item)[name] is None
    for value in (CONFIGURED[name], None):
        assert graph.send("PATCH", item, patch(kind, **{name: value})).status_code == 204
        assert graph.read(item)[name] == value


def test_null_where_the_schema_forbids_it_is_refused(graph: Graph) -> None:
    """Inferred from nullability in GRAPH.md 1.3."""
    created = graph.create(scep())
    for name in ("displayName", "renewalThresholdPercentage", "subjectNameFormat"):
        assert_refused(graph.send("PATCH", one(created["id"]), patch(**{name: None})), 400)
    cleared = graph.send("PATCH", one(created["id"]), patch(certificateStore=None))
    assert cleared.status_code == 204
    assert graph.read(one(created["id"]))["certificateStore"] is None
