"""GRAPH.md 3.6: $filter, $select, $top, $count, paging."""

from urllib.parse import quote, urlsplit

import pytest

from .bodies import root, scep
from .graph import DEVICE_CONFIGURATIONS, Graph, Json, assert_refused, one


def named(graph: Graph, *names: str) -> dict[str, Json]:
    return {name: graph.create(scep(displayName=name)) for name in names}


def filtered(graph: Graph, expression: str) -> set[str]:
    path = f"{DEVICE_CONFIGURATIONS}?$filter={quote(expression)}"
    return {each["displayName"] for each in graph.all_of(path)}


@pytest.fixture
def mixed(graph: Graph) -> Graph:
    graph.create(scep(displayName="Wi-Fi"))
    graph.create(scep("iosScepCertificateProfile", displayName="Wi-Fi iOS"))
    graph.create(scep("macOSScepCertificateProfile", displayName="O'Brien & Söhne"))
    graph.create(root(displayName="Root"))
    graph.create(root("iosTrustedRootCertificate", displayName="Wi-Fi"))
    return graph


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("isof('microsoft.graph.windows81SCEPCertificateProfile')", {"Wi-Fi"}),
        (
            "isof('microsoft.graph.windows81SCEPCertificateProfile') or"
            " isof('microsoft.graph.iosScepCertificateProfile')",
            {"Wi-Fi", "Wi-Fi iOS"},
        ),
        ("displayName eq 'Root'", {"Root"}),
        ("displayName eq 'O''Brien & Söhne'", {"O'Brien & Söhne"}),
        (
            "displayName eq 'Wi-Fi' and isof('microsoft.graph.iosTrustedRootCertificate')",
            {"Wi-Fi"},
        ),
        (
            "displayName eq 'Root' and isof('microsoft.graph.iosTrustedRootCertificate')",
            set(),
        ),
        ("not isof('microsoft.graph.windows81TrustedRootCertificate')",
         {"Wi-Fi", "Wi-Fi iOS", "O'Brien & Söhne"}),
        ("startswith(displayName,'Wi-Fi ')", {"Wi-Fi iOS"}),
        ("contains(displayName,'Brien')", {"O'Brien & Söhne"}),
        ("(displayName eq 'Root' or displayName eq 'Wi-Fi iOS') and"
         " not (displayName eq 'Root')", {"Wi-Fi iOS"}),
    ],
)  # fmt: skip
def test_filter_selects(mixed: Graph, expression: str, names: set[str]) -> None:
    """GRAPH.md 3.6: `isof` and `displayName eq`, alone and combined; the rest is OData."""
    assert filtered(mixed, expression) == names


def test_isof_of_an_abstract_base_selects_its_types(mixed: Graph) -> None:
    """Inferred: OData's `isof` is true for derived types."""
    assert filtered(mixed, "isof('microsoft.graph.iosCertificateProfile')") == {"Wi-Fi iOS"}


@pytest.mark.parametrize(
    "expression",
    [
        "shoeSize eq 'x'",
        "displayName eq",
        "displayName eq 'open",
        "isof('microsoft.graph.nonsense')",
        "isof(",
        "displayName eq 'a' xor displayName eq 'b'",
        "contains(displayName,'zzz'' or 1=1 --')x",
        "(" * 200 + "displayName eq 'a'" + ")" * 200,
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(mixed: Graph, expression: str) -> None:
    """Inferred; an unknown property or type is refused, never ignored."""
    path = f"{DEVICE_CONFIGURATIONS}?$filter={quote(expression)}"
    assert_refused(mixed.get(path), 400)


@pytest.mark.parametrize("text", ["zzz' or 1=1 --", '"; DROP TABLE profiles; --', "%", "_i-Fi"])
def test_a_filter_value_is_a_value(mixed: Graph, text: str) -> None:
    """Inferred: nothing in a literal is interpreted."""
    escaped = text.replace("'", "''")
    assert filtered(mixed, f"contains(displayName,'{escaped}')") == set()
    assert len(mixed.all_of(DEVICE_CONFIGURATIONS)) == 5


def test_select_returns_the_named_properties(graph: Graph) -> None:
    """GRAPH.md 3.6: on base properties."""
    created = graph.create(scep())
    path = one(created["id"]) + "?$select=id,displayName"
    shown = {name for name in graph.read(path) if "@" not in name}
    assert shown == {"id", "displayName"}
    page = graph.read(f"{DEVICE_CONFIGURATIONS}?$select=displayName")
    assert [each["displayName"] for each in page["value"]] == ["SCEP"]
    assert "version" not in page["value"][0]


def test_select_keeps_the_type(graph: Graph) -> None:
    """Inferred: a derived instance in a collection of its base keeps `@odata.type`."""
    graph.create(scep())
    page = graph.read(f"{DEVICE_CONFIGURATIONS}?$select=id")
    assert page["value"][0]["@odata.type"].endswith("windows81SCEPCertificateProfile")


def test_select_of_an_unknown_property_is_refused(graph: Graph) -> None:
    """Inferred."""
    assert_refused(graph.get(f"{DEVICE_CONFIGURATIONS}?$select=shoeSize"), 400)


@pytest.mark.parametrize("total", [0, 1, 6, 7, 8, 21])
def test_pages_hold_every_item_once(graph: Graph, total: int) -> None:
    """GRAPH.md 3.6: nextLink; the page size is a setting because Graph's is unknown."""
    graph.control("PUT", "settings", {"page_size": 7})
    created = named(graph, *(f"P{number:02d}" for number in range(total)))
    sizes, ids, link = [], [], DEVICE_CONFIGURATIONS
    while link:
        page = graph.read(link)
        sizes.append(len(page["value"]))
        ids += [each["id"] for each in page["value"]]
        link = page.get("@odata.nextLink", "")
    assert sorted(ids) == sorted(each["id"] for each in created.values())
    assert sizes == [7] * (total // 7) + ([total % 7] if total % 7 or not total else [])


def test_top_limits_the_page_and_continues(graph: Graph) -> None:
    """GRAPH.md 3.6: the portal uses `$top=1000`."""
    named(graph, "a", "b", "c")
    page = graph.read(f"{DEVICE_CONFIGURATIONS}?$top=2")
    assert len(page["value"]) == 2
    rest = graph.all_of(page["@odata.nextLink"])
    assert len(rest) == 1


@pytest.mark.parametrize("top", ["0", "-1", "many"])
def test_a_senseless_top_is_refused_or_empty(graph: Graph, top: str) -> None:
    """Inferred."""
    named(graph, "a")
    response = graph.get(f"{DEVICE_CONFIGURATIONS}?$top={top}")
    if top == "0" and response.status_code == 200:
        assert response.json()["value"] == []
    else:
        assert_refused(response, 400)


def test_next_link_keeps_the_query_and_is_opaque(graph: Graph) -> None:
    """GRAPH.md 3.6: followed verbatim."""
    graph.control("PUT", "settings", {"page_size": 2})
    named(graph, "a1", "a2", "a3", "b1")
    expression = quote("startswith(displayName,'a')")
    page = graph.read(f"{DEVICE_CONFIGURATIONS}?$filter={expression}&$select=displayName")
    rest = graph.read(page["@odata.nextLink"])
    assert {each["displayName"] for each in page["value"] + rest["value"]} == {"a1", "a2", "a3"}
    assert "version" not in rest["value"][0]


def test_next_link_and_context_are_built_from_the_host_asked(graph: Graph) -> None:
    """SIMULATOR.md 2: as Graph's clouds each name themselves."""
    graph.control("PUT", "settings", {"page_size": 1})
    named(graph, "a", "b")
    page = graph.read(DEVICE_CONFIGURATIONS)
    asked = urlsplit(graph.root)
    for link in (page["@odata.nextLink"], page["@odata.context"]):
        assert (urlsplit(link).scheme, urlsplit(link).netloc) == (asked.scheme, asked.netloc)


@pytest.mark.parametrize("token", ["", "x", "!!!", "AAAA"])
def test_a_forged_next_link_is_refused(graph: Graph, token: str) -> None:
    """Inferred."""
    assert_refused(graph.get(f"{DEVICE_CONFIGURATIONS}?$skiptoken={token}"), 400)


def test_paging_survives_a_delete_behind_it(graph: Graph) -> None:
    """Inferred: items already passed may vanish without others being skipped."""
    graph.control("PUT", "settings", {"page_size": 2})
    named(graph, "a", "b", "c", "d")
    page = graph.read(DEVICE_CONFIGURATIONS)
    graph.send("DELETE", one(page["value"][0]["id"]))
    rest = graph.all_of(page["@odata.nextLink"])
    assert len({each["id"] for each in page["value"] + rest}) == 4


def test_count_is_of_all_items_that_match(graph: Graph) -> None:
    """OData; practised on Intune collections."""
    graph.control("PUT", "settings", {"page_size": 2})
    named(graph, "a1", "a2", "a3", "b1")
    expression = quote("startswith(displayName,'a')")
    page = graph.read(f"{DEVICE_CONFIGURATIONS}?$count=true&$filter={expression}")
    assert page["@odata.count"] == 3


def test_an_empty_id_lists_everything(graph: Graph) -> None:
    """GRAPH.md 3.6: Microsoft365DSC#7453."""
    named(graph, "a", "b")
    assert len(graph.read(f"{DEVICE_CONFIGURATIONS}/")["value"]) == 2


def test_unknown_id_answers_404(graph: Graph) -> None:
    """GRAPH.md 3.6: status observed, code inferred."""
    error = assert_refused(graph.get(one("0f1c2d3e-0000-4000-8000-00000000dead")), 404)
    assert error["code"] == "ResourceNotFound"


def test_unknown_path_is_refused(graph: Graph) -> None:
    """Inferred."""
    assert_refused(graph.get("deviceManagement/nonsense"), 400, 404)


def test_order_is_that_of_creation_and_stable(graph: Graph) -> None:
    """Unknown in Graph; here it makes runs comparable."""
    named(graph, "c", "a", "b")
    assert [e["displayName"] for e in graph.all_of(DEVICE_CONFIGURATIONS)] == ["c", "a", "b"]


def test_names_compare_without_case(graph: Graph) -> None:
    """Unknown for Intune; the directory does so."""
    named(graph, "Wi-Fi", "WI-FI")
    assert filtered(graph, "displayName eq 'wi-fi'") == {"Wi-Fi", "WI-FI"}


def test_an_option_nobody_knows_is_refused(graph: Graph) -> None:
    """Inferred; `$skip` is unknown (GRAPH.md 3.6) and refused."""
    assert_refused(graph.get(f"{DEVICE_CONFIGURATIONS}?$shuffle=true"), 400)
    assert_refused(graph.get(f"{DEVICE_CONFIGURATIONS}?$skip=1"), 400)


def test_version_one_does_not_have_the_certificate_types(graph: Graph) -> None:
    """GRAPH.md 3.3: PATCH on v1.0 fails; 7.11: how it lists such profiles is unknown."""
    created = graph.create(scep())
    body = {"@odata.type": created["@odata.type"], "description": "x"}
    path = f"/v1.0/{one(created['id'])}"
    assert_refused(graph.send("PATCH", path, body), 500)
    assert graph.read(one(created["id"]))["version"] == 1
