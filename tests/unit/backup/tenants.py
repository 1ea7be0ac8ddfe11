"""Tenants full of certificate profiles, and what of them must survive a way out and back."""

import uuid
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from intune_scep.declarations.names import root_certificate
from intune_scep.profiles import PROFILE_TYPES, Platform, ProfileKind, ProfileType, normal_form
from intune_scep.simulator.scenario import Scenario, build_scenario
from intune_scep.simulator.scenarios.wire import root_certificate as certificate_named
from intune_scep.tenant import (
    Tenant,
    read_assignment_filters,
    read_groups,
    read_profiles,
    read_root_links,
    read_scope_tags,
)

URL = "https://ndes.example/certsrv/mscep/mscep.dll"
CREATABLE = [row for row in PROFILE_TYPES if row.creatable]
ROOT_OF = {row.odata_type: row for row in CREATABLE if row.kind is ProfileKind.TRUSTED_ROOT}


def _id(*parts: Any) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, "/".join(map(str, parts))))


GROUPS = {name: _id("group", name) for name in ("All Staff", "O'Brien & Söhne: #1", "- yes", "1.0")}
TWINS = [_id("twin", 1), _id("twin", 2)]
FILTERS = {name: _id("filter", name) for name in ("Corporate", "{{x}}")}
TAGS = {"0": "Default", "1": "Zürich", "2": "null"}


def directory(**changes: Any) -> Scenario:
    """A tenant without profiles, with groups (two of one name), filters and scope tags."""
    groups = [*GROUPS.items(), *(("Twins", identifier) for identifier in TWINS)]
    scenario = replace(
        build_scenario("empty"),
        groups=tuple({"id": identifier, "displayName": name} for name, identifier in groups),
        assignment_filters=tuple(
            {"id": identifier, "displayName": name, "platform": "unknown", "rule": "(x)"}
            for name, identifier in FILTERS.items()
        ),
        role_scope_tags=tuple(
            {"id": identifier, "displayName": name, "isBuiltIn": identifier == "0"}
            for identifier, name in TAGS.items()
        ),
    )
    return replace(scenario, **changes)


def elsewhere(scenario: Scenario) -> Scenario:
    """Another tenant without profiles whose groups, filters and tags have other ids."""

    def renewed(items: Any) -> tuple[dict[str, Any], ...]:
        return tuple({**item, "id": _id("elsewhere", item["id"])} for item in items)

    tags = [tag for tag in scenario.role_scope_tags if tag["id"] != "0"]
    return replace(
        scenario,
        tenant_id=_id("elsewhere"),
        groups=renewed(scenario.groups),
        assignment_filters=renewed(scenario.assignment_filters),
        role_scope_tags=(
            {"id": "0", "displayName": "Default", "isBuiltIn": True},
            *({**tag, "id": f"7{tag['id']}"} for tag in tags),
        ),
        profiles=(),
        resource_access_profiles=(),
        root_links={},
        links=(),
        assignments={},
        certificates=(),
        members={},
    )


NAMES = st.one_of(
    st.text(st.characters(exclude_categories=("Cs",)), max_size=12).filter(str.strip),
    st.sampled_from(
        [
            "../../etc/passwd",
            "CON",
            "nul.txt",
            "a\\b/c:d*e?",
            "Wi-Fi {{UserName}} {% raw %}",
            "x" * 300,
            "line\nbreak: # no comment\u2028---\n- y",
            "\uff37\uff2c\uff21\uff2e \U0001f512 Zürich",
            "yes",
            " lead and trail ",
            "!unsafe x",
        ]
    ),
)
TEXTS = st.one_of(
    NAMES,
    st.sampled_from(["CN={{UserName}},E={{EmailAddress}}", "{{OnPremisesSecurityIdentifier}}"]),
)


def _value(draw: Any, kind: ProfileType, row: Any) -> Any:
    one = _one(draw, kind, row)
    if not row.collection:
        return one
    if row.name == "roleScopeTagIds":
        return draw(st.lists(st.sampled_from(sorted(TAGS)), min_size=1, unique=True))
    items = [one] if draw(st.booleans()) else [one, _one(draw, kind, row)]
    return [item for index, item in enumerate(items) if item not in items[:index]]


def _one(draw: Any, kind: ProfileType, row: Any) -> Any:
    if row.properties:
        return {inner.name: _value(draw, kind, inner) for inner in row.properties}
    if row.is_flags and row.name != "sanType":
        members = draw(st.lists(st.sampled_from(row.choices), min_size=1, unique=True))
        return ",".join(member for member in row.choices if member in members)
    if row.choices:
        return draw(st.sampled_from(row.choices))
    if row.name == "objectIdentifier":
        return draw(st.sampled_from(["1.3.6.1.5.5.7.3.2", "1.2.3.4", "2.5.29.37.0"]))
    if row.name == "scepServerUrls":
        return draw(st.sampled_from(["https://a.example/x?{{y}}", "http://b.example/"]))
    if row.graph_type == "Edm.Int32":
        return draw(st.integers(1, 99))
    if row.graph_type == "Edm.Boolean":
        return draw(st.booleans())
    return draw(TEXTS)


def _may_be_null(row: Any) -> bool:
    return (row.nullable or row.not_configured) and row.name != "roleScopeTagIds"


@st.composite
def _profile(
    draw: Any, kind: ProfileType, identifier: str, name: str, *, odd: bool
) -> dict[str, Any]:
    wire: dict[str, Any] = {"@odata.type": kind.odata_type}
    for row in kind.properties:
        rule = row.name.startswith("deviceManagementApplicabilityRule")
        if row.server_owned or (rule and not odd and kind.platform is not Platform.WINDOWS):
            continue
        absent = _may_be_null(row) and draw(st.booleans())
        wire[row.name] = None if absent else _value(draw, kind, row)
    wire |= {"id": identifier, "displayName": name}
    if "trustedRootCertificate" in wire:
        wire["trustedRootCertificate"] = certificate_named(
            draw(st.sampled_from(["contoso-root-ca-2021", "bulk-root"]))
        )
    return wire


@st.composite
def _targets(draw: Any) -> tuple[dict[str, Any], ...]:
    groups = draw(st.lists(st.sampled_from([*GROUPS.values(), *TWINS]), max_size=3, unique=True))
    targets = []
    for group in groups:
        word = "exclusionGroup" if draw(st.booleans()) else "group"
        targets.append(
            {"@odata.type": f"#microsoft.graph.{word}AssignmentTarget", "groupId": group}
        )
    if draw(st.booleans()):
        targets.append({"@odata.type": "#microsoft.graph.allDevicesAssignmentTarget"})
    for target in targets:
        if "exclusion" not in target["@odata.type"] and draw(st.booleans()):
            target["deviceAndAppManagementAssignmentFilterId"] = draw(
                st.sampled_from([*FILTERS.values()])
            )
            target["deviceAndAppManagementAssignmentFilterType"] = draw(
                st.sampled_from(["include", "exclude"])
            )
    return tuple(targets)


@st.composite
def tenants(draw: Any, *, odd: bool = False) -> Scenario:
    """A tenant with up to four SCEP profiles, their roots, links and assignments.

    Args:
        odd: Whether there may be what declarations cannot say in full or move elsewhere: two
            profiles of one type and name, applicability rules of other platforms than Windows.
    """
    roots: dict[tuple[str, str], dict[str, Any]] = {}
    profiles: list[dict[str, Any]] = []
    links: dict[str, str] = {}
    taken: set[tuple[str, str]] = set()
    for number in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from([row for row in CREATABLE if row.root_type]))
        name = draw(NAMES)
        if (kind.name, name) in taken and not odd:
            continue
        taken.add((kind.name, name))
        wire = draw(_profile(kind, _id("scep", number), name, odd=odd))
        profiles.append(wire)
        if draw(st.integers(0, 3)):
            root_kind = ROOT_OF[str(kind.root_type)]
            root_name = draw(st.sampled_from(["Root", "Root/2", "root"]))
            key = (root_kind.name, root_name)
            if key not in roots:
                roots[key] = draw(_profile(root_kind, _id("root", *key), root_name, odd=odd))
            links[wire["id"]] = roots[key]["id"]
    everything = (*roots.values(), *profiles)
    return directory(
        profiles=everything,
        root_links=links,
        assignments={wire["id"]: draw(_targets()) for wire in everything},
    )


async def content(tenant: Tenant) -> list[dict[str, Any]]:
    """What a tenant has, in names instead of ids: equal for tenants that mean the same."""
    profiles = (await read_profiles(tenant, CREATABLE, with_assignments=True)).profiles
    links = await read_root_links(tenant, [profile for profile in profiles if profile.is_scep])
    ids = {a["target"].get("groupId") for p in profiles for a in p.assignments or ()} - {None}
    names = dict(await read_groups(tenant, ids=ids))
    names |= dict(await read_assignment_filters(tenant))
    tags = dict(await read_scope_tags(tenant))
    found = []
    for profile in profiles:
        normal = {
            name: value
            for name, value in normal_form(profile).items()
            if name != "roleScopeTagIds" and value not in (None, ())
        }
        root = links.get(profile.id or "")
        found.append(
            {
                "normal": {
                    name: value for name, value in normal.items() if value not in (None, ())
                },
                "tags": sorted(tags[tag] for tag in profile.role_scope_tag_ids or ()),
                "root": None
                if root is None
                else (root.odata_type, root.display_name, root_certificate(root)),
                "assignments": sorted(
                    str(
                        sorted(
                            (key, names.get(value, value))
                            for key, value in assignment["target"].items()
                            if value not in (None, "none")
                        )
                    )
                    for assignment in profile.assignments or ()
                ),
            }
        )
    return sorted(found, key=repr)
