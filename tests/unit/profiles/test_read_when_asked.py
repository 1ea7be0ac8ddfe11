"""A property is validated when it is first asked for, and nobody can tell otherwise."""

import copy
import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from pydantic import BaseModel, TypeAdapter, ValidationError

from intune_scep.profiles import PROFILE_TYPES, Profile, ProfileType, ScepProfile, parse_profile
from intune_scep.rules import judge

from .strategies import any_wire, full_wire, hostile_wire

every_type = pytest.mark.parametrize("profile_type", PROFILE_TYPES, ids=lambda row: row.name)
IOS = next(row for row in PROFILE_TYPES if row.name == "iosScepCertificateProfile")
WINDOWS = next(row for row in PROFILE_TYPES if row.name == "windows81SCEPCertificateProfile")


class Watched(dict[str, Any]):
    """A wire object that counts how often each property is asked for."""

    def __init__(self, wire: dict[str, Any]) -> None:
        super().__init__(wire)
        self.asked: list[str] = []

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.append(name)
        return super().get(name, default)


def watched(profile_type: ProfileType = IOS, **changes: Any) -> tuple[Any, Watched]:
    wire = Watched({**full_wire(profile_type), **changes})
    return parse_profile(wire, copy=False), wire


class Holder(BaseModel):
    """A model of somebody else that holds a profile."""

    profile: Profile


ALIKE = {
    "repr": repr,
    "str": str,
    "dict": dict,
    "model_dump": lambda profile: profile.model_dump(),
    "by alias": lambda profile: profile.model_dump(by_alias=True),
    "model_dump_json": lambda profile: profile.model_dump_json(),
    "fields set": lambda profile: profile.model_fields_set,
    "only what is set": lambda profile: profile.model_dump(exclude_unset=True),
    "inside another model": lambda profile: Holder(profile=profile).model_dump(),
    "through an adapter": lambda profile: TypeAdapter(type(profile)).dump_json(profile),
    "hash": hash,
    "extra": lambda profile: profile.model_extra,
    "copied shallowly": lambda profile: dict(copy.copy(profile)),
    "copied deeply": lambda profile: repr(copy.deepcopy(profile)),
    "pickled": lambda profile: repr(pickle.loads(pickle.dumps(profile))),
    "every field": lambda p: [(name, getattr(p, name)) for name in type(p).model_fields],
}


@every_type
@pytest.mark.parametrize("look", ALIKE.values(), ids=ALIKE)
def test_one_that_was_read_looks_like_one_made_from_the_same_fields(
    profile_type: ProfileType, look: Any
) -> None:
    wire = full_wire(profile_type)
    read = parse_profile(wire)
    made = profile_type.model(**{n: getattr(read, n) for n in read.model_fields_set})
    assert look(parse_profile(wire)) == look(made)


@given(hostile_wire)
def test_copies_of_any_profile_are_it_whether_fields_were_read_or_not(wire: dict[str, Any]) -> None:
    for read in (lambda _: None, repr, lambda profile: profile.malformed):
        profile = parse_profile(wire)
        read(profile)
        for other in (
            copy.copy(profile),
            copy.deepcopy(profile),
            pickle.loads(pickle.dumps(profile)),
            profile.model_copy(),
            profile.model_copy(deep=True),
        ):
            assert json.dumps(other.to_wire()) == json.dumps(wire)
            assert other == profile
            assert hash(other) == hash(profile)
            assert other.malformed == profile.malformed
            assert other.model_fields_set == profile.model_fields_set
            assert repr(other) == repr(profile)


@given(any_wire)
def test_the_order_of_asking_changes_nothing(wire: dict[str, Any]) -> None:
    one, other = parse_profile(wire), parse_profile(wire)
    names = list(type(one).model_fields)
    first = {name: getattr(one, name) for name in names}
    last = {name: getattr(other, name) for name in reversed(names)}
    assert first == last
    assert list(dict(one)) == list(dict(other)) == names


LATE = [
    ("keySize", 2048),
    ("keyUsage", 3),
    ("version", True),
    ("roleScopeTagIds", [0]),
    ("customSubjectAlternativeNames", [{"sanType": "none", "name": 7}]),
    ("extendedKeyUsages", [{"name": "a", "objectIdentifier": "1.2"}, []]),
    ("scepServerUrls", ["https://a.example", None]),
    ("displayName", ["Staff"]),
    ("deviceManagementApplicabilityRuleOsVersion", {"minOSVersion": 10}),
    ("assignments", {"target": None}),
]


@pytest.mark.parametrize(("name", "value"), LATE)
@pytest.mark.parametrize("before", ["nothing", "others", "itself", "all"])
def test_a_malformed_value_is_found_however_late_one_looks(
    name: str, value: Any, before: str
) -> None:
    profile, _ = watched(**{name: value})
    field = next(n for n, info in IOS.model.model_fields.items() if info.alias == name)
    if before == "others":
        assert profile.id and profile.created_date_time
    if before == "itself":
        assert getattr(profile, field) is None
    if before == "all":
        repr(profile)
    assert profile.malformed_of([name, "id", "unknown"]) == [name]
    assert profile.malformed == (name,)
    assert getattr(profile, field) is None
    assert field not in profile.model_fields_set
    assert "id" in profile.model_fields_set
    assert profile.to_wire()[name] == value
    assert pickle.loads(pickle.dumps(profile)).malformed == (name,)
    assert profile.model_copy(update={"description": "Other"}).malformed == (name,)
    assert profile.model_copy(update={field: None}).malformed == ()


def test_parsing_asks_for_no_property_and_a_field_for_its_own_once() -> None:
    profile, wire = watched()
    assert wire.asked == ["@odata.type"]
    assert profile.key_size and profile.key_size
    assert profile.key_usage and profile.key_usage
    assert profile.hash_algorithm if profile.profile_type.has("hashAlgorithm") else True
    assert wire.asked[1:] == ["keySize", "keyUsage"]


@every_type
def test_everything_is_asked_for_once_however_often_one_looks(profile_type: ProfileType) -> None:
    profile, wire = watched(profile_type)
    for _ in range(3):
        assert profile.malformed == ()
        repr(profile)
        assert profile.model_fields_set
    fields = [name for name in wire.asked if name != "@odata.type"]
    assert sorted(fields) == sorted({*fields})
    assert len(fields) == len(type(profile).model_fields)


def test_a_verdict_asks_for_what_it_rests_on_and_for_nothing_else() -> None:
    profile, wire = watched(WINDOWS)
    assert isinstance(profile, ScepProfile)
    judge(profile)
    rests_on = {
        "@odata.type",
        "subjectNameFormatString",
        "customSubjectAlternativeNames",
        "subjectAlternativeNameFormatString",
        "subjectAlternativeNameType",
        "extendedKeyUsages",
        "certificateStore",
    }
    assert set(wire.asked) <= rests_on
    judge(profile)
    # Whether one is malformed asks for it once more.
    assert max(map(wire.asked.count, rests_on)) <= 4


def test_threads_that_ask_at_once_get_the_same() -> None:
    with ThreadPoolExecutor(8) as pool:
        for _ in range(50):
            profile, _wire = watched(WINDOWS)
            names = list(pool.map(lambda p: p.custom_subject_alternative_names, [profile] * 8))
            assert all(item is names[0] for item in names)
            odd = pool.map(lambda p: (p.malformed, repr(p)), [profile] * 8)
            assert len(set(odd)) == 1


@every_type
def test_what_is_not_copied_is_kept_itself_and_what_is_given_back_is_a_copy(
    profile_type: ProfileType,
) -> None:
    wire = full_wire(profile_type)
    before = json.dumps(wire)
    profile = parse_profile(wire, copy=False)
    assert profile.wire == wire
    profile.to_wire().clear()
    changed = profile.model_copy(update={"display_name": "Other"})
    assert changed.wire["displayName"] == "Other"
    assert all(changed.wire[name] is wire[name] for name in wire if name != "displayName")
    profile.to_write().clear()
    with pytest.raises(TypeError):
        profile.wire["id"] = "1"  # type: ignore[index]
    assert json.dumps(wire) == before


def test_a_profile_is_frozen_and_has_no_other_attributes() -> None:
    profile, _ = watched()
    with pytest.raises(ValidationError, match="frozen"):
        profile.key_size = "size4096"
    with pytest.raises(ValidationError, match="frozen"):
        del profile.key_size
    with pytest.raises(AttributeError, match="key_sise"):
        _ = profile.key_sise
    assert not hasattr(profile, "hash_algorithms")


@every_type
@pytest.mark.parametrize("mode", ["validation", "serialization"])
def test_the_schema_of_a_model_names_every_property(profile_type: ProfileType, mode: Any) -> None:
    schema = profile_type.model.model_json_schema(mode=mode)
    assert {row.name for row in profile_type.properties} <= set(schema["properties"])
