"""$filter, $select, $top, $count, $expand and nextLinks."""

from urllib.parse import quote, unquote, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import CONFIGURATIONS, WINDOWS_SCEP, Graph

NAMES = ("Alpha", "alpha beta", "It's", "Zeta ' or 1=1 --")


@pytest.fixture
def filled(graph: Graph) -> Graph:
    for name in NAMES:
        graph.create(WINDOWS_SCEP, name)
    graph.create_root(display_name="Root")
    graph.create("iosScepCertificateProfile", "Alpha")
    return graph


def names(graph: Graph, text: str) -> list[str]:
    return [each["displayName"] for each in graph.list(query=f"$filter={text}")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("displayName eq 'It''s'", ["It's"]),
        ("displayName eq 'ALPHA'", ["Alpha", "Alpha"]),
        ("displayName eq 'Alpha' and isof('microsoft.graph.iosScepCertificateProfile')", ["Alpha"]),
        ("isof('microsoft.graph.windows81TrustedRootCertificate')", ["Root"]),
        ("isof('microsoft.graph.windowsCertificateProfileBase')", list(NAMES)),
        ("startswith(displayName,'alp') and contains(displayName, 'beta')", ["alpha beta"]),
        ("endswith(displayName,'ta')", ["alpha beta"]),
        ("not(isof('microsoft.graph.windows81SCEPCertificateProfile'))", ["Root", "Alpha"]),
        ("displayName eq 'Root' or displayName eq 'It''s'", ["It's", "Root"]),
        ("displayName eq 'Root' or version eq 1 and not version eq 1", ["Root"]),
        ("contains(displayName,'zzz'' or 1=1 --')", []),
        ("contains(displayName,''' or 1=1 --')", ["Zeta ' or 1=1 --"]),
        ("description eq null and version eq 1 and displayName ne 'Root'", [*NAMES, "Alpha"]),
        ("version gt 1", []),
        ("supportsScopeTags eq false", []),
        ("createdDateTime lt 2020-01-01T00:00:00Z", []),
    ],
)  # fmt: skip
def test_filter_finds(filled: Graph, text: str, expected: list[str]) -> None:
    assert names(filled, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "displayName",
        "displayName eq",
        "displayName eq Root",
        "displayName eq 'Root' andisof('x')",
        "noSuch eq 'x'",
        "keySize eq 'size2048'",
        "isof('microsoft.graph.noSuchType')",
        "isof('microsoft.graph.user')",
        "version eq '1'",
        "displayName eq 1",
        "roleScopeTagIds eq '0'",
        "contains(version, '1')",
        "json_extract(body,'x') eq 'y'",
        "displayName eq 'x'; DROP TABLE resource",
        "(" * 40 + "version eq 1" + ")" * 40,
        "not " * 40 + "version eq 1",
    ],
)
def test_filter_refuses(filled: Graph, text: str) -> None:
    assert filled("GET", CONFIGURATIONS, query=f"$filter={text}").status == 400


@pytest.mark.parametrize(
    ("text", "alike"),
    [
        (" displayName\teq\n'Root' ", "displayName eq 'Root'"),
        ("displayName eq'Root'", "displayName eq 'Root'"),
        ("( ( displayName eq 'Root' ) )", "displayName eq 'Root'"),
        ("isof ( 'microsoft.graph.iosScepCertificateProfile' )",
         "isof('microsoft.graph.iosScepCertificateProfile')"),
        ("contains( displayName ,'It''s' )", "contains(displayName,'It''s')"),
        ("not not displayName eq 'Root'", "displayName eq 'Root'"),
        ("version eq 1or displayName eq 'Root'", "version eq 1 or displayName eq 'Root'"),
        ("supportsScopeTags eq falseor version eq 2", "supportsScopeTags eq false or version eq 2"),
        ("version eq 1 or version eq 2 and version eq 3",
         "version eq 1 or (version eq 2 and version eq 3)"),
        ("not version eq 2 or version eq 1", "(not version eq 2) or version eq 1"),
        ("version gt -1", "version ge 0"),
    ],
)  # fmt: skip
def test_a_filter_reads_alike_however_it_is_spaced(filled: Graph, text: str, alike: str) -> None:
    assert names(filled, text) == names(filled, alike)


@pytest.mark.parametrize(
    "text",
    [
        "displayNameeq 'Root'",
        "version eq1",
        "version eq 1 orversion eq 1",
        "version eq 1 and",
        "or version eq 1",
        "not",
        "()",
        "(version eq 1",
        "version eq 1)",
        "version eq 1 version eq 1",
        "version EQ 1",
        "version eq 1.5",
        "version eq True",
        "displayName eq 'a'b'",
        "isof(displayName)",
        "isof eq 'x'",
        "contains displayName, 'x'",
        "containsName eq 'x'",
        "startswith(displayName 'x')",
        "startswith('x',displayName)",
        "createdDateTime lt 2020-13-01T00:00:00Z",
        "createdDateTime lt 2020-01-01",
        "version\u00a0eq 1",
    ],
)
def test_what_is_no_filter_is_refused_whatever_it_begins_with(filled: Graph, text: str) -> None:
    answer = filled("GET", CONFIGURATIONS, query=f"$filter={quote(text)}")
    assert answer.status == 400


def test_syntax_is_looked_at_before_names(filled: Graph) -> None:
    answer = filled("GET", CONFIGURATIONS, query="$filter=noSuch eq 'x' and (")
    assert "syntax error" in answer.json()["error"]["message"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=30))
def test_a_quoted_name_matches_itself_and_nothing_else(graph: Graph, name: str) -> None:
    graph.clock.now += 20
    profile = graph.create(WINDOWS_SCEP, name)
    literal = quote(name.replace("'", "''"), safe="")
    found = graph.list(query=f"$filter=displayName eq '{literal}'")
    assert {each["displayName"].casefold() for each in found} == {name.casefold()}
    graph("DELETE", f"{CONFIGURATIONS}/{profile['id']}")


def test_select_shows_only_what_it_names(filled: Graph) -> None:
    shown = filled.list(query="$select=id,displayName")
    assert all(set(each) == {"@odata.type", "id", "displayName"} for each in shown)
    cast = filled.list(query=f"$select=microsoft.graph.{WINDOWS_SCEP}/keySize")
    assert "keySize" in cast[0] and "keySize" not in cast[-1]
    for name in ("keySize", "noSuch", ""):
        assert filled("GET", CONFIGURATIONS, query=f"$select={name}").status == 400


@pytest.mark.parametrize(
    "query", ["$top=0", "$top=-1", "$top=x", "$skip=1", "$orderby=displayName", "$count=maybe",
              "$nonsense=1", "$top=1&$top=2", "$skiptoken=AAAA", "$expand=deviceStatuses"],
)  # fmt: skip
def test_options_nobody_has_seen_are_refused(filled: Graph, query: str) -> None:
    assert filled("GET", CONFIGURATIONS, query=query).status == 400


@pytest.mark.parametrize("size", [1, 2, 4, 6, 7])
def test_pages_hold_every_profile_once(filled: Graph, size: int) -> None:
    filled.control("PUT", "settings", {"page_size": size})
    seen: list[str] = []
    pages = 0
    query = "$select=id&$count=true"
    while query:
        page = filled("GET", CONFIGURATIONS, query=query).json()
        assert page["@odata.count"] == 6
        seen += [each["id"] for each in page["value"]]
        pages += 1
        link = page.get("@odata.nextLink", "")
        assert not link or link.startswith(f"https://graph.example/beta/{CONFIGURATIONS}?")
        query = unquote(urlsplit(link).query)
    assert len(seen) == len(set(seen)) == 6
    assert pages == -(-6 // size)


def test_a_profile_deleted_between_pages_shifts_nothing(filled: Graph) -> None:
    first = filled("GET", CONFIGURATIONS, query="$top=2").json()
    filled("DELETE", f"{CONFIGURATIONS}/{first['value'][0]['id']}")
    query = unquote(urlsplit(first["@odata.nextLink"]).query)
    rest = filled.list(query=query)
    assert rest[0]["displayName"] == NAMES[2]


def test_assignments_expand_on_lists_and_items(filled: Graph) -> None:
    profile = filled.list()[0]
    group = "11111111-0000-0000-0000-000000000000"
    target = {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group}
    path = f"{CONFIGURATIONS}/{profile['id']}"
    filled("POST", f"{path}/assign", {"assignments": [{"target": target}]})
    listed = filled.list(query="$expand=assignments")
    one = filled("GET", path, query="$expand=assignments").json()
    assert listed[0]["assignments"] == one["assignments"]
    assert one["assignments"][0]["id"] == f"{profile['id']}_{group}"
    assert one["assignments"][0]["target"]["deviceAndAppManagementAssignmentFilterType"] == "none"
    assert all(each["assignments"] == [] for each in listed[1:])
