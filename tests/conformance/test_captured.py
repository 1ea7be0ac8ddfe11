"""Exchanges that others recorded on live tenants, replayed.

`captured/` holds copies; where the collection they were taken from lies beside the checkout, all
of it is replayed.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from .bodies import root
from .graph import DEVICE_CONFIGURATIONS, RESOURCE_ACCESS, Graph, Json, bind, one

COPIES = sorted(Path(__file__).with_name("captured").glob("*.json"))
COLLECTION = Path(__file__).parents[3] / "shared" / "examples" / "graph"
DOCUMENTED = sorted(COLLECTION.glob("*-create.json"))
PROFILES = ("CertificateProfile", "TrustedRootCertificate", "RootCertificate")

COMPUTED = {"id", "createdDateTime", "creationDateTime", "lastModifiedDateTime", "version"}
NOT_WRITTEN = COMPUTED | {"supportsScopeTags"}
"""What a client strips before it writes (GRAPH.md 3.2)."""


def plain(body: Json, *without: str) -> Json:
    """A body without annotations and the named properties."""
    return {
        name: value
        for name, value in body.items()
        if name not in without and ("@" not in name or name == "@odata.type")
    }


def writable(captured: Json) -> Json:
    return plain(captured, *NOT_WRITTEN)


def rebound(graph: Graph, body: Json) -> Json:
    """The body, its root link pointed at a root of this tenant."""
    if "rootCertificate@odata.bind" not in body:
        return body
    name = body["@odata.type"].rpartition(".")[2].replace("Scep", "TrustedRoot")
    trusted = graph.create(root(name.removesuffix("CertificateProfile") + "Certificate"))
    return body | {"rootCertificate@odata.bind": bind(graph, trusted["id"])}


@pytest.mark.parametrize("path", COPIES, ids=lambda path: path.stem)
def test_the_captured_object_is_created_and_read_back_equal(graph: Graph, path: Path) -> None:
    """GRAPH.md 3.1, 3.2: every property, its null or empty value, and no other."""
    captured = json.loads(path.read_text())
    sent = captured.get("request") or writable(captured["response"])
    created = graph.create(rebound(graph, sent))
    assert plain(created, *COMPUTED) == plain(captured["response"], *COMPUTED)
    assert created["version"] == 1
    shown = graph.read(one(created["id"]))
    assert plain(shown) == plain(created)
    assert set(captured["response"]) - set(shown) == set()


@pytest.mark.parametrize("path", COPIES, ids=lambda path: path.stem)
def test_what_was_read_can_be_written_back(graph: Graph, path: Path) -> None:
    """GRAPH.md 3.2: the list of what to strip is enough for a restore."""
    captured = json.loads(path.read_text())["response"]
    first = graph.create(writable(captured))
    second = graph.create(writable(first))
    assert plain(first, *COMPUTED) == plain(second, *COMPUTED)


def test_an_abridged_capture_is_contained_in_the_answer(graph: Graph) -> None:
    """GRAPH.md 3.2: create body and plain GET of an iOS profile, ids and dates cut out."""
    path = Path(__file__).parent / "captured" / "abridged" / "iosScepCertificateProfile.json"
    captured = json.loads(path.read_text())
    created = graph.create(rebound(graph, captured["request"]))
    assert plain(captured["response"]).items() <= plain(graph.read(one(created["id"]))).items()


@pytest.mark.skipif(not DOCUMENTED, reason="the collection of examples is not beside the checkout")
def test_every_documented_example_is_accepted_and_echoed(graph: Graph) -> None:
    """GRAPH.md 8: the documentation's placeholders, with the documented statuses."""
    graph.control("PUT", "settings", {"documented_statuses": True})
    replayed = 0
    for path in DOCUMENTED:
        name, body = path.name.removesuffix("-create.json"), request_body(path)
        if not name.endswith(PROFILES) or body is None:
            continue
        collection = RESOURCE_ACCESS if "windows10X" in name else DEVICE_CONFIGURATIONS
        created = graph.create(body, collection)
        assert_echoed(body, created)
        change = request_body(path.with_name(f"{name}-update.json"))
        if change is not None:
            changed = graph.send("PATCH", f"{collection}/{created['id']}", change)
            assert changed.status_code == 200
            assert_echoed(change, changed.json())
        replayed += 1
    assert replayed >= 18


def request_body(path: Path) -> Json | None:
    """The body of an example; None when the page shows none that is JSON."""
    if not path.exists():
        return None
    body = (json.loads(path.read_text()).get("request") or {}).get("body")
    return body if isinstance(body, dict) and "@odata.type" in body else None


def assert_echoed(sent: Json, created: Json) -> None:
    for name, value in plain(sent, *NOT_WRITTEN).items():
        assert without_types(created[name]) == without_types(value), name


def without_types(value: Any) -> Any:
    """A value without the element annotations that Graph does not return (GRAPH.md 3.2)."""
    if isinstance(value, list):
        return [without_types(item) for item in value]
    if isinstance(value, dict):
        return {name: without_types(item) for name, item in value.items() if "@" not in name}
    return value
