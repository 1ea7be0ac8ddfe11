"""Two profiles are the same exactly when nothing that means something differs (law 1)."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intune_scep.profiles import (
    PROFILE_TYPES,
    ProfileType,
    Property,
    changed_properties,
    normal_form,
    parse_profile,
    same_profile,
    writable,
)

from .strategies import ANNOTATIONS, any_wire, full_wire, hostile_wire

every_type = pytest.mark.parametrize("profile_type", PROFILE_TYPES, ids=lambda row: row.name)


def other_values(row: Property, value: Any) -> Iterator[Any]:
    """Values that differ from `value` in a way a certificate or a person would notice."""
    yield None
    if row.collection:
        yield value[:1]
        yield [*value, value[0] if row.name == "customSubjectAlternativeNames" else "more"]
        for index, item in enumerate(value):
            for changed in _other_items(row, item):
                yield [*value[:index], changed, *value[index + 1 :]]
        return
    yield from _other_items(row, value)


def _other_items(row: Property, item: Any) -> Iterator[Any]:
    if row.properties:
        for inner in row.properties:
            yield {name: kept for name, kept in item.items() if name != inner.name}
            for changed in other_values(inner, item[inner.name]):
                yield {**item, inner.name: changed}
        yield {**item, "unknown": 1}
        return
    if isinstance(item, bool):
        yield from (not item, "true", int(item))
    elif isinstance(item, int):
        yield from (item + 1, str(item), bool(item))
    elif row.choices:
        yield from ("unknownMember", item.upper(), [item])
        yield from (choice for choice in row.choices if choice != item)
    else:
        yield from (item + " x", " " + item if row.graph_type != "Edm.Binary" else "x", "")
        if "{{" in item:
            yield from (item.replace("{{", "{"), item.replace("text", "Text"))
            if not row.has_variables and row.graph_type != "Edm.Binary":
                yield item.replace("UserName", "username")


@every_type
def test_every_single_change_of_a_property_is_seen(profile_type: ProfileType) -> None:
    wire = full_wire(profile_type)
    for row in profile_type.editable:
        without = {name: value for name, value in wire.items() if name != row.name}
        assert changed_properties(without, wire) == (row.name,)
        assert not same_profile(without, wire)
        for value in other_values(row, wire[row.name]):
            changed = {**wire, row.name: value}
            assert changed_properties(wire, changed) == (row.name,), value
            assert changed_properties(parse_profile(changed), wire) == (row.name,), value
            assert not same_profile(wire, changed)


def _rearranged(row: Property, value: Any, shuffle: random.Random) -> Any:
    """The same value in other words."""
    if value is None:
        return None
    if isinstance(value, list):
        items = [_rearranged_item(row, item, shuffle) for item in value]
        if row.unordered or row.is_flags:
            shuffle.shuffle(items)
        return items
    return _rearranged_item(row, value, shuffle)


def _rearranged_item(row: Property, item: Any, shuffle: random.Random) -> Any:
    if isinstance(item, dict):
        known = {inner.name: inner for inner in row.properties}
        pairs = [
            (name, _rearranged(known[name], value, shuffle) if name in known else value)
            for name, value in item.items()
        ]
        shuffle.shuffle(pairs)
        return {**dict(pairs), "@odata.type": "microsoft.graph.whatever", "name@odata.x": 1}
    if not isinstance(item, str):
        return item
    if row.is_flags:
        members = item.split(",")
        shuffle.shuffle(members)
        return " ,".join(members)
    if row.has_variables:
        return item.replace("{{UserName}}", "{{USERname}}")
    if row.graph_type == "Edm.Binary":
        return f"{item[:3]}\r\n{item[3:]}\n"
    return item


@given(any_wire, st.randoms(use_true_random=False), st.integers(), st.text())
def test_what_means_nothing_is_not_a_change(
    wire: dict[str, Any], shuffle: random.Random, version: int, text: str
) -> None:
    rows = next(
        row.properties_by_name for row in PROFILE_TYPES if row.odata_type == wire["@odata.type"]
    )
    other = {
        name: _rearranged(rows[name], value, shuffle) if name in rows else value
        for name, value in wire.items()
    }
    other |= {**ANNOTATIONS, "id": text, "version": version, "lastModifiedDateTime": text}
    other |= {"createdDateTime": text, "supportsScopeTags": not version, "assignments": []}
    other["@odata.type"] = wire["@odata.type"].upper().removeprefix("#")
    assert normal_form(other) == normal_form(wire)
    assert same_profile(parse_profile(wire), other)
    assert changed_properties(wire, other) == ()


@given(hostile_wire)
def test_any_profile_is_the_same_as_itself_and_as_its_model(wire: dict[str, Any]) -> None:
    assert changed_properties(wire, parse_profile(wire)) == ()
    assert changed_properties(wire, {"@odata.type": wire["@odata.type"]}) == ()


def test_a_property_that_is_not_wanted_is_no_change_but_makes_profiles_differ() -> None:
    wire = full_wire(PROFILE_TYPES[0])
    wanted = {"@odata.type": wire["@odata.type"], "keySize": "size4096"}
    assert changed_properties(wire, wanted) == ("keySize",)
    assert not same_profile(wire, wanted)


def test_another_type_is_a_change() -> None:
    ios, macos = ({"@odata.type": f"{name}ScepCertificateProfile"} for name in ("ios", "macOS"))
    assert changed_properties(ios, macos) == ("@odata.type",)


def test_the_order_of_names_in_the_certificate_is_a_change() -> None:
    wire = full_wire(PROFILE_TYPES[0])
    reordered = wire["customSubjectAlternativeNames"][::-1]
    changed = {**wire, "customSubjectAlternativeNames": reordered}
    assert changed_properties(wire, changed) == ("customSubjectAlternativeNames",)


def test_an_empty_object_is_not_an_empty_set_of_flags() -> None:
    wire = {"@odata.type": "iosScepCertificateProfile", "keyUsage": ""}
    assert changed_properties(wire, {**wire, "keyUsage": {}}) == ("keyUsage",)


def _marked(mark: str) -> set[str]:
    top = {row for profile_type in PROFILE_TYPES for row in profile_type.properties}
    rows = top | {inner for row in top for inner in row.properties}
    return {row.name for row in rows if getattr(row, mark)}


def test_which_differences_mean_nothing() -> None:
    """By hand: the tests above take the table's word for it."""
    assert _marked("unordered") == {
        "scepServerUrls",
        "extendedKeyUsages",
        "roleScopeTagIds",
        "silentCertificateAccessDetails",
        "osEditionTypes",
    }
    assert _marked("is_flags") == {
        "keyUsage",
        "hashAlgorithm",
        "subjectAlternativeNameType",
        "sanType",
    }
    texts = {"subjectNameFormatString", "subjectAlternativeNameFormatString", "scepServerUrls"}
    assert _marked("has_variables") == {*texts, "name"}
    names = [row for row in PROFILE_TYPES[0].properties if row.name.startswith("extended")]
    assert not any(inner.has_variables for inner in names[0].properties)


def test_unknown_properties_and_the_types_inside_them_are_compared() -> None:
    base = {"@odata.type": "iosTrustedRootCertificate"}
    one = {**base, "new": {"@odata.type": "#microsoft.graph.a", "x@odata.context": "1"}}
    assert not same_profile(one, {**base, "new": {"@odata.type": "#microsoft.graph.b"}})
    assert same_profile(one, {**base, "new": {"@odata.type": "#microsoft.graph.a"}})


@every_type
def test_a_write_has_all_a_person_chose_and_nothing_graph_owns(profile_type: ProfileType) -> None:
    wire = {
        **ANNOTATIONS,
        **full_wire(profile_type),
        "assignments": [],
        "groupAssignments": [],
        "rootCertificate": {"id": "1"},
        "rootCertificate@odata.bind": "https://graph.microsoft.com/beta/x('1')",
        "unknown": {"@odata.type": "#a", "b@odata.type": "#b", "c": [{"@odata.etag": "d"}]},
    }
    sent = parse_profile(wire).to_write()
    assert list(sent) == [
        name
        for name in wire
        if name in {row.name for row in profile_type.editable}
        or name in ("@odata.type", "rootCertificate@odata.bind", "unknown")
    ]
    assert sent["unknown"] == {"@odata.type": "#a", "c": [{}]}
    assert same_profile(sent, wire)


@pytest.mark.parametrize("tags", [None, []])
def test_empty_scope_tags_are_not_sent(tags: Any) -> None:
    wire = {"@odata.type": "iosTrustedRootCertificate", "roleScopeTagIds": tags}
    assert writable(wire) == {"@odata.type": "iosTrustedRootCertificate"}
    assert writable({**wire, "roleScopeTagIds": ["0"]})["roleScopeTagIds"] == ["0"]


@given(hostile_wire)
def test_a_write_loses_no_value_and_shares_none(wire: dict[str, Any]) -> None:
    before = repr(wire)
    sent = writable(wire)
    assert list(normal_form(sent).items() - normal_form(wire).items()) == []
    for value in sent.values():
        if isinstance(value, (dict, list)):
            value.clear()
    assert repr(wire) == before
