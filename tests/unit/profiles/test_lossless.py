"""What Graph sends comes back byte for byte (law 3)."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intune_scep.errors import UnknownProfileTypeError
from intune_scep.profiles import PROFILE_TYPES, Flags, ProfileType, find_profile_type, parse_profile

from .strategies import JSON, any_wire, full_wire, hostile_wire, values

every_type = pytest.mark.parametrize("profile_type", PROFILE_TYPES, ids=lambda row: row.name)


def as_json(value: Any) -> str:
    """JSON text, in which key order, 1 and 1.0, true and 1, null and absence all differ."""
    return json.dumps(value)


@given(any_wire)
def test_every_profile_comes_back_as_it_was_sent(wire: dict[str, Any]) -> None:
    profile = parse_profile(wire)
    assert as_json(profile.to_wire()) == as_json(wire)
    assert profile.malformed == ()


@given(hostile_wire)
def test_values_of_any_json_type_come_back_and_never_raise(wire: dict[str, Any]) -> None:
    profile = parse_profile(wire)
    assert as_json(profile.to_wire()) == as_json(wire)
    for name in profile.malformed:
        assert wire[name] is not None
        assert getattr(profile, _field_of(profile, name)) is None


@given(hostile_wire)
def test_reading_again_what_was_written_gives_an_equal_profile(wire: dict[str, Any]) -> None:
    profile = parse_profile(wire)
    again = parse_profile(json.loads(json.dumps(profile.to_wire())))
    assert again == profile
    assert hash(again) == hash(profile)
    assert again.malformed == profile.malformed


@given(any_wire, st.data())
def test_a_value_of_the_wrong_type_is_named_and_the_others_stay_readable(
    wire: dict[str, Any], data: st.DataObject
) -> None:
    profile_type = _row(wire)
    row = data.draw(st.sampled_from(profile_type.properties))
    wrong = data.draw(JSON.filter(lambda value: not _fits(row, value)))
    sound = parse_profile(wire)
    broken = parse_profile({**wire, row.name: wrong})
    assert broken.malformed == (row.name,)
    for other in profile_type.properties:
        if other.name != row.name:
            field = _field_of(sound, other.name)
            assert getattr(broken, field) == getattr(sound, field)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("keySize", 2048),
        ("keyUsage", ["digitalSignature"]),
        ("version", True),
        ("version", 1.0),
        ("version", "1"),
        ("supportsScopeTags", 1),
        ("certificateValidityPeriodValue", "1"),
        ("scepServerUrls", "https://ndes.contoso.com"),
        ("scepServerUrls", ["https://ndes.contoso.com", None]),
        ("customSubjectAlternativeNames", {"sanType": "none"}),
        ("customSubjectAlternativeNames", [{"sanType": 16, "name": "x"}]),
        ("customSubjectAlternativeNames", ["{{UserName}}"]),
        ("extendedKeyUsages", [None]),
        ("deviceManagementApplicabilityRuleOsEdition", []),
        ("assignments", [7]),
    ],
)
def test_payloads_of_the_wrong_type_survive(name: str, value: Any) -> None:
    wire = {**full_wire(_row({"@odata.type": "iosScepCertificateProfile"})), name: value}
    profile = parse_profile(wire)
    assert profile.malformed == (name,)
    assert as_json(profile.to_wire()) == as_json(wire)


@every_type
def test_null_absent_and_none_stay_different(profile_type: ProfileType) -> None:
    full = full_wire(profile_type)
    for row in profile_type.properties:
        null = {**full, row.name: None}
        absent = {name: value for name, value in full.items() if name != row.name}
        assert parse_profile(null).to_wire() == null
        assert parse_profile(absent).to_wire() == absent
        assert parse_profile(null) != parse_profile(absent)


@every_type
def test_every_property_of_the_type_has_a_field_with_its_value(profile_type: ProfileType) -> None:
    wire = full_wire(profile_type)
    profile = parse_profile(wire)
    assert profile.malformed == ()
    assert profile.unknown == {}
    for row in profile_type.properties:
        value = getattr(profile, _field_of(profile, row.name))
        assert _plain(value) == wire[row.name]
        assert isinstance(value, Flags) == row.is_flags or row.properties


@every_type
def test_a_profile_is_not_reached_through_what_was_read_or_given_back(
    profile_type: ProfileType,
) -> None:
    wire = {**full_wire(profile_type), "unknown": {"list": [{"deep": 1}]}}
    before = copy.deepcopy(wire)
    profile = parse_profile(wire)
    wire["unknown"]["list"][0]["deep"] = 2
    profile.to_wire()["unknown"]["list"].clear()
    profile.unknown["unknown"].clear()
    assert profile.to_wire() == before


@every_type
def test_a_changed_copy_differs_in_nothing_else(profile_type: ProfileType) -> None:
    wire = {**full_wire(profile_type), "keySize2": [1], "version": "not a number"}
    copied = parse_profile(wire).model_copy(update={"display_name": "Other"})
    assert as_json(copied.to_wire()) == as_json({**wire, "displayName": "Other"})
    assert copied.display_name == "Other"
    assert copied.malformed == ("version",)


def test_a_copy_cannot_invent_a_field() -> None:
    profile = parse_profile(full_wire(PROFILE_TYPES[0]))
    with pytest.raises(KeyError):
        profile.model_copy(update={"key_sise": "size2048"})


@every_type
def test_a_profile_made_from_fields_has_exactly_those(profile_type: ProfileType) -> None:
    made = profile_type.model(display_name="Staff", description=None)
    assert made.to_wire() == {
        "@odata.type": profile_type.odata_type,
        "displayName": "Staff",
        "description": None,
    }
    assert made.profile_type is profile_type


@every_type
def test_the_fields_of_a_profile_are_enough_to_make_it_again(profile_type: ProfileType) -> None:
    profile = parse_profile(full_wire(profile_type))
    fields = {name: getattr(profile, name) for name in profile.model_fields_set}
    assert profile_type.model(**fields) == profile


@pytest.mark.parametrize(
    "odata_type",
    [None, "", 7, "#microsoft.graph.iosPkcsCertificateProfile", "#microsoft.graph.", "ios"],
)
def test_other_types_are_refused_with_a_clear_message(odata_type: Any) -> None:
    with pytest.raises(UnknownProfileTypeError, match=r"type"):
        parse_profile({"@odata.type": odata_type, "id": "1"})


def test_the_items_of_a_list_give_back_their_own_wire_objects() -> None:
    san = {"name": None, "x": [1], "sanType": "emailAddress"}
    wire = {
        "@odata.type": "#microsoft.graph.iosScepCertificateProfile",
        "customSubjectAlternativeNames": [san, {"sanType": "none"}],
    }
    profile: Any = parse_profile(wire)
    first, second = profile.custom_subject_alternative_names
    assert as_json(first.to_wire()) == as_json(san)
    assert second.to_wire() == {"sanType": "none"}


def _row(wire: dict[str, Any]) -> ProfileType:
    row = find_profile_type(wire["@odata.type"])
    assert row is not None
    return row


def _field_of(profile: Any, wire_name: str) -> str:
    fields: dict[str, Any] = type(profile).model_fields
    return next(name for name, info in fields.items() if info.alias == wire_name)


def _plain(value: Any) -> Any:
    if isinstance(value, Flags):
        return value.to_json()
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.to_wire() if hasattr(value, "to_wire") else value


def _fits(row: Any, value: Any) -> bool:
    """Whether a JSON value has the type that the metadata states; written for the tests only."""
    if value is None:
        return True
    if row.collection:
        return isinstance(value, list) and all(
            item is not None and _fits_single(row, item) for item in value
        )
    return _fits_single(row, value)


def _fits_single(row: Any, value: Any) -> bool:
    if row.properties:
        return isinstance(value, dict) and all(
            _fits(inner, value[inner.name]) for inner in row.properties if inner.name in value
        )
    if row.graph_type == "Edm.Int32":
        return type(value) is int
    if row.graph_type == "Edm.Boolean":
        return type(value) is bool
    return type(value) is str


@given(st.data())
def test_the_strategies_give_values_that_fit(data: st.DataObject) -> None:
    row = data.draw(st.sampled_from(data.draw(st.sampled_from(PROFILE_TYPES)).properties))
    assert _fits(row, data.draw(values(row)))
