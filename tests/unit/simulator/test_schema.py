"""The schema table against the sources it must agree with."""

import importlib
import inspect
import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from intune_scep.simulator.schema import (
    EnumType,
    PropertyType,
    StructuredType,
    complex_type,
    derived_names,
    entity_names,
    entity_type,
    enum_type,
    require_entity_type,
)

PLATFORMS = (
    "androidDeviceOwner",
    "androidWorkProfile",
    "androidForWork",
    "aospDeviceOwner",
    "android",
    "ios",
    "macOS",
    "windows81",
    "windowsPhone81",
    "windows10X",
)
UPPER_CASE_SCEP = ("windows81", "windowsPhone81", "windows10X")
SCEP_TYPES = [
    f"{name}{'SCEP' if name in UPPER_CASE_SCEP else 'Scep'}CertificateProfile" for name in PLATFORMS
]
ROOT_TYPES = [f"{name}TrustedRootCertificate" for name in PLATFORMS]
CERTIFICATE_TYPES = SCEP_TYPES + ROOT_TYPES
SHARED = Path(__file__).parents[3].parent / "shared" / "schema"

# What the simulator leaves out on purpose: status collections nobody asks it for.
LEFT_OUT = {
    "deviceSettingStateSummaries",
    "deviceStatuses",
    "deviceStatusOverview",
    "groupAssignments",
    "userStatuses",
    "userStatusOverview",
}
# Where the admin center offers Not configured, null is taken whatever the metadata says.
TAKES_NULL = {"keySize", "keyStorageProvider", "hashAlgorithm"}
GETTERS = {
    "get_str_value": {"Edm.String"},
    "get_int_value": {"Edm.Int32"},
    "get_bool_value": {"Edm.Boolean"},
    "get_bytes_value": {"Edm.Binary"},
    "get_datetime_value": {"Edm.DateTimeOffset"},
    "get_uuid_value": {"Edm.Guid"},
}


def test_all_twenty_certificate_types_are_concrete() -> None:
    kinds = [entity_type(name) for name in CERTIFICATE_TYPES]
    assert all(kind is not None and not kind.abstract and not kind.partial for kind in kinds)


@pytest.mark.parametrize("name", [*SCEP_TYPES[:-1]])
def test_a_scep_profile_leads_to_its_platforms_root(name: str) -> None:
    target = require_entity_type(name).navigation["rootCertificate"].target
    assert target == ROOT_TYPES[SCEP_TYPES.index(name)]


def test_derived_types_are_concrete_and_derive() -> None:
    names = derived_names("deviceConfiguration")
    assert set(CERTIFICATE_TYPES[:9]) < set(names)
    assert "windows10XSCEPCertificateProfile" not in names
    assert not any(require_entity_type(name).abstract for name in names)


def test_every_type_named_in_the_table_exists() -> None:
    for name in entity_names():
        kind = require_entity_type(name)
        for declared in kind.properties.values():
            resolved = (
                declared.name.startswith("Edm.")
                or complex_type(declared.name)
                or enum_type(declared.name)
            )
            assert resolved, (name, declared.name)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the CSDL extract is not beside the repository")
@pytest.mark.parametrize("name", CERTIFICATE_TYPES)
def test_agrees_with_the_csdl(name: str) -> None:
    whole = _csdl()
    kind = require_entity_type(name)
    wanted = [f"microsoft.graph.{each}" for each in kind.chain]
    assert wanted == whole["concrete"][f"microsoft.graph.{name}"]["chain"]
    properties: dict[str, PropertyType] = {}
    navigation: dict[str, str] = {}
    for each in wanted:
        row = whole["entityTypes"][each]
        for key, value in row["properties"].items():
            short = value["type"].removeprefix("microsoft.graph.")
            properties[key] = PropertyType(short, value["collection"], value["nullable"])
        for key, value in row["navigationProperties"].items():
            navigation[key] = value["type"].removeprefix("microsoft.graph.")
    for key in TAKES_NULL & properties.keys():
        single = not properties[key].collection
        properties[key] = replace(properties[key], nullable=single)
    assert dict(kind.properties) == properties
    ours = {key: value.target for key, value in kind.navigation.items()}
    ours.pop("assignments", None)
    assert ours == {
        key: target for key, target in navigation.items() if key not in LEFT_OUT | {"assignments"}
    }


@pytest.mark.skipif(not SHARED.is_dir(), reason="the CSDL extract is not beside the repository")
@pytest.mark.parametrize("kind", ["enums", "complexTypes"])
def test_enums_and_complex_types_agree_with_the_csdl(kind: str) -> None:
    for full, row in _csdl()[kind].items():
        name = full.removeprefix("microsoft.graph.")
        if kind == "enums" and (ours := enum_type(name)):
            assert set(ours.members) == set(row["members"]), name
            assert ours.flags == row["isFlags"], name
        if kind == "complexTypes" and (complex_ours := complex_type(name)):
            own = {key: complex_ours.properties[key] for key in row["properties"]}
            theirs = {
                key: PropertyType(
                    value["type"].removeprefix("microsoft.graph."),
                    value["collection"],
                    value["nullable"],
                )
                for key, value in row["properties"].items()
            }
            assert own == theirs, name


@pytest.mark.parametrize("name", CERTIFICATE_TYPES)
def test_agrees_with_the_generated_models(name: str) -> None:
    kind = require_entity_type(name)
    theirs = _model_fields(name)
    ours = set(kind.properties) | set(kind.navigation)
    assert ours == set(theirs) - LEFT_OUT
    for key, (getter, argument) in theirs.items():
        if key in kind.properties:
            _compare_property(key, kind.properties[key], getter, argument)
        elif key in kind.navigation:
            assert kind.navigation[key].target == _wire_name(argument), key


@pytest.mark.parametrize(
    "name",
    [
        each
        for each in derived_names("deviceConfiguration")
        if require_entity_type(each).partial and each != "iosGeneralDeviceConfiguration"
    ],
)
def test_a_dependant_has_only_what_the_generated_model_has(name: str) -> None:
    kind: StructuredType = require_entity_type(name)
    theirs = _model_fields(name)
    assert set(kind.properties) | set(kind.navigation) <= set(theirs)
    links = {
        key
        for key, (_, argument) in theirs.items()
        if re.search(r"(CertificateProfile(Base)?|TrustedRootCertificate)$", argument)
    }
    assert links <= set(kind.navigation)


@pytest.mark.parametrize(
    "name",
    ["keyUsages", "hashAlgorithms", "subjectAlternativeNameType", "keySize", "certificateStore"],
)
def test_enum_members_agree_with_the_generated_models(name: str) -> None:
    ours = enum_type(name)
    assert isinstance(ours, EnumType)
    module = importlib.import_module(f"msgraph_beta.generated.models.{_snake(name)}")
    theirs = getattr(module, name[0].upper() + name[1:])
    assert {member.value for member in theirs} == set(ours.members)


def _compare_property(key: str, declared: PropertyType, getter: str, argument: str) -> None:
    if getter in GETTERS:
        assert declared.name in GETTERS[getter] and not declared.collection, key
        return
    # The generator reads flags enums now as one value, now as a collection.
    if getter in ("get_enum_value", "get_collection_of_enum_values"):
        assert declared.name == _wire_name(argument), key
        return
    assert declared.collection == getter.startswith("get_collection"), key
    if argument == "str":
        assert declared.name == "Edm.String", key
    else:
        assert declared.name == _wire_name(argument), key


@cache
def _csdl() -> Any:
    return json.loads((SHARED / "certificate-profiles.schema.json").read_text())


@cache
def _model_fields(name: str) -> dict[str, tuple[str, str]]:
    """Wire name -> (reader, class read), from the source of the generated deserialisers.

    Calling them would import thousands of sibling models.
    """
    fields: dict[str, tuple[str, str]] = {}
    for ancestor in require_entity_type(name).chain:
        module = importlib.import_module(f"msgraph_beta.generated.models.{_snake(ancestor)}")
        model = getattr(module, ancestor[0].upper() + ancestor[1:])
        source = inspect.getsource(model.get_field_deserializers)
        pattern = r'"([^"]+)": lambda n : setattr\(self, \'\w+\', n\.(get_\w+)\((\w*)\)\)'
        for key, getter, argument in re.findall(pattern, source):
            fields[key] = (getter, argument)
    fields.pop("@odata.type", None)
    return fields


def _wire_name(model: str) -> str:
    return "macOS" + model[5:] if model.startswith("MacOS") else model[0].lower() + model[1:]


def _snake(name: str) -> str:
    parts = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name[0].upper() + name[1:])
    return re.sub(r"([A-Z])(?=[A-Z])", r"\1_", parts).lower()
