"""The registry says what Graph's metadata, Microsoft's SDK and the admin center say."""

import ast
import importlib.util
import json
import subprocess
import sys
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import pytest

from intune_scep.profiles import (
    PROFILE_TYPES,
    Platform,
    ProfileKind,
    ProfileType,
    find_profile_type,
    platforms_with,
    profile_type_for,
)
from intune_scep.profiles.enums import ENUMS, FLAGS
from intune_scep.profiles.properties import COMPLEX_TYPES, NAVIGATION_PROPERTIES

SCHEMA = Path(__file__).parents[4] / "shared" / "schema" / "certificate-profiles.schema.json"
every_type = pytest.mark.parametrize("profile_type", PROFILE_TYPES, ids=lambda row: row.name)


def test_each_platform_has_one_type_of_each_kind() -> None:
    pairs = {(row.kind, row.platform) for row in PROFILE_TYPES}
    assert len(PROFILE_TYPES) == len(pairs) == len(Platform) * len(ProfileKind) == 20
    assert all(profile_type_for(row.kind, row.platform) is row for row in PROFILE_TYPES)


@every_type
def test_a_scep_type_takes_the_root_of_its_platform(profile_type: ProfileType) -> None:
    if profile_type.kind == ProfileKind.TRUSTED_ROOT:
        assert profile_type.root_type is None
        return
    root = find_profile_type(profile_type.root_type or "")
    assert root is profile_type_for(ProfileKind.TRUSTED_ROOT, profile_type.platform)


def test_sixteen_types_are_creatable_and_all_are_device_configurations() -> None:
    creatable = [row for row in PROFILE_TYPES if row.creatable]
    assert len(creatable) == 16
    assert {row.collection for row in creatable} == {"deviceManagement/deviceConfigurations"}
    assert {row.platform for row in PROFILE_TYPES if row.retired} == {
        Platform.WINDOWS_PHONE,
        Platform.WINDOWS_10X,
    }


def test_who_can_carry_the_sid_uri() -> None:
    scep = [row for row in PROFILE_TYPES if row.kind == ProfileKind.SCEP]
    without = {row.platform for row in scep if not row.supports_custom_sans}
    assert without == {
        Platform.ANDROID_DEVICE_ADMINISTRATOR,
        Platform.WINDOWS_PHONE,
        Platform.WINDOWS_10X,
    }
    storeless = {row.platform for row in scep if not row.has_certificate_store}
    assert storeless == {Platform.ANDROID_DEVICE_ADMINISTRATOR, Platform.WINDOWS_PHONE}


def test_intune_neither_reports_nor_revokes_on_corporate_android() -> None:
    blind = {row.platform for row in PROFILE_TYPES if not row.certificate_reporting}
    assert blind == {Platform.ANDROID_DEVICE_OWNER, Platform.ANDROID_AOSP}
    assert blind == {row.platform for row in PROFILE_TYPES if not row.can_revoke}


@every_type
@pytest.mark.parametrize("spell", [str, str.upper, str.lower, lambda t: t.removeprefix("#")])
def test_a_type_is_found_however_it_is_spelled(profile_type: ProfileType, spell: Any) -> None:
    assert find_profile_type(spell(profile_type.odata_type)) is profile_type


@pytest.mark.parametrize(
    "odata_type",
    [
        "",
        "#microsoft.graph.windows10SCEPCertificateProfile",
        "#microsoft.graph.macOSPkcsCertificateProfile",
        "#microsoft.graph.iosScepCertificateProfile ",
        "microsoft.graph.deviceConfiguration",
    ],
)
def test_other_types_are_not_found(odata_type: str) -> None:
    assert find_profile_type(odata_type) is None


def test_platforms_of_a_property() -> None:
    scep, root = ProfileKind.SCEP, ProfileKind.TRUSTED_ROOT
    assert platforms_with("keyStorageProvider", scep) == (Platform.WINDOWS,)
    assert platforms_with("destinationStore", root) == (Platform.WINDOWS,)
    assert platforms_with("deploymentChannel", root) == (Platform.MACOS,)
    assert platforms_with("certificateAccessType", scep) == (Platform.ANDROID_DEVICE_OWNER,)
    assert Platform.IOS not in platforms_with("hashAlgorithm", scep)
    assert len(platforms_with("displayName", root)) == 8
    assert platforms_with("rootCertificateId", scep) == ()


@every_type
def test_every_property_a_person_may_write_has_a_label(profile_type: ProfileType) -> None:
    assert [row.name for row in profile_type.editable if not row.label] == []
    assert {row.name for row in profile_type.properties if row.server_owned} == {
        row.name for row in profile_type.properties
    } - {row.name for row in profile_type.editable}


def test_choices_leave_out_the_placeholder_of_the_future() -> None:
    row = profile_type_for(ProfileKind.SCEP, Platform.MACOS).properties_by_name
    assert row["deploymentChannel"].choices == ("deviceChannel", "userChannel")
    assert row["keySize"].choices == ("size1024", "size2048", "size4096")
    assert row["displayName"].choices == ()


@every_type
def test_the_model_has_a_field_for_each_property_and_no_invented_one(
    profile_type: ProfileType,
) -> None:
    aliases = {info.alias for info in profile_type.model.model_fields.values()}
    names = set(profile_type.properties_by_name)
    shared = {  # fields of the base ScepProfile that some types do not have
        "hashAlgorithm",
        "certificateStore",
        "customSubjectAlternativeNames",
        "subjectNameFormat",
        "subjectAlternativeNameType",
        "subjectAlternativeNameFormatString",
    }
    assert names <= aliases
    extra = aliases - names - {"assignments"}
    assert extra <= (shared if profile_type.kind == ProfileKind.SCEP else set())


def test_the_registry_loads_no_pydantic() -> None:
    program = (
        "import sys, intune_scep.profiles as p\n"
        "p.PROFILE_TYPES, p.Flags('a'), p.find_variables('{{a}}'), p.SID_URI\n"
        "p.normal_form({'@odata.type': 'iosTrustedRootCertificate'})\n"
        "heavy = {'pydantic', 'httpx', 'msgraph', 'azure'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or 0)"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(SCHEMA.read_text())
    return loaded


@pytest.mark.skipif(not SCHEMA.exists(), reason="the extract of Graph's metadata is not here")
class TestAgainstTheMetadata:
    """Names, types, nullability and members as in Graph's beta metadata."""

    @every_type
    def test_properties(self, schema: dict[str, Any], profile_type: ProfileType) -> None:
        stated: dict[str, Any] = {}
        links: dict[str, Any] = {}
        base = f"microsoft.graph.{profile_type.name}"
        while base:
            entity = schema["entityTypes"][base]
            stated |= entity["properties"]
            links |= entity["navigationProperties"]
            base = entity["baseType"]
        assert {
            row.name: (row.graph_type, row.collection, row.nullable)
            for row in profile_type.properties
        } == {name: (p["type"], p["collection"], p["nullable"]) for name, p in stated.items()}
        assert set(links) <= NAVIGATION_PROPERTIES
        if "rootCertificate" in links:
            assert f"#{links['rootCertificate']['type']}" == profile_type.root_type

    def test_no_type_is_missing(self, schema: dict[str, Any]) -> None:
        assert {f"microsoft.graph.{row.name}" for row in PROFILE_TYPES} == set(schema["concrete"])

    @pytest.mark.parametrize("name", ENUMS)
    def test_members(self, schema: dict[str, Any], name: str) -> None:
        stated = schema["enums"][name]
        in_value_order = sorted(stated["members"], key=stated["values"].__getitem__)
        assert sorted(ENUMS[name]) == sorted(in_value_order)
        assert (ENUMS[name] in FLAGS) == stated["isFlags"]
        if stated["isFlags"]:
            assert list(ENUMS[name]) == in_value_order

    @pytest.mark.parametrize("name", COMPLEX_TYPES)
    def test_complex_types(self, schema: dict[str, Any], name: str) -> None:
        stated = schema["complexTypes"][name]["properties"]
        assert {
            row.name: (row.graph_type, row.collection, row.nullable) for row in COMPLEX_TYPES[name]
        } == {key: (p["type"], p["collection"], p["nullable"]) for key, p in stated.items()}


class Sdk:
    """Microsoft's generated models, read as source: importing one would load thousands."""

    def __init__(self) -> None:
        spec = importlib.util.find_spec("msgraph_beta")
        assert spec is not None
        assert spec.origin is not None
        self.models = Path(spec.origin).parent / "generated" / "models"

    @cache  # noqa: B019 - there is one instance, as long as the module
    def class_named(self, graph_name: str) -> ast.ClassDef:
        """The class for Graph's type, from the file of that name without underscores."""
        wanted = graph_name.lower()
        path = self.files[wanted]
        return next(
            node
            for node in ast.parse(path.read_text()).body
            if isinstance(node, ast.ClassDef) and node.name.lower().rstrip("_") == wanted
        )

    @cached_property
    def files(self) -> dict[str, Path]:
        """Model files by name in lower case without underscores."""
        return {path.stem.replace("_", ""): path for path in self.models.glob("*.py")}

    def properties(self, graph_name: str) -> dict[str, tuple[str, str | None]]:
        """Wire name to (method that reads it, its argument), bases included."""
        node = self.class_named(graph_name)
        found: dict[str, tuple[str, str | None]] = {}
        for base in node.bases:
            if isinstance(base, ast.Name) and base.id not in ("Parsable", "AdditionalDataHolder"):
                found |= self.properties(base.id) if base.id != "BackedModel" else {}
        for entry in ast.walk(node):
            if isinstance(entry, ast.Dict):
                found |= dict(_reader(k, v) for k, v in zip(entry.keys, entry.values, strict=True))
        return found

    def members(self, graph_name: str) -> set[str]:
        """The members of an enumeration."""
        return {
            str(constant.value)
            for statement in self.class_named(graph_name).body
            if isinstance(statement, ast.Assign)
            for constant in ast.walk(statement.value)
            if isinstance(constant, ast.Constant)
        }


def _reader(key: ast.expr | None, value: ast.expr) -> tuple[str, tuple[str, str | None]]:
    assert isinstance(key, ast.Constant)
    call = next(
        node
        for node in ast.walk(value)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr.startswith("get_")
    )
    assert isinstance(call.func, ast.Attribute)
    argument = call.args[0].id if call.args and isinstance(call.args[0], ast.Name) else None
    return str(key.value), (call.func.attr, argument)


_READERS = {
    "Edm.String": "get_str_value",
    "Edm.Int32": "get_int_value",
    "Edm.Boolean": "get_bool_value",
    "Edm.Binary": "get_bytes_value",
    "Edm.DateTimeOffset": "get_datetime_value",
    "Edm.Guid": "get_uuid_value",
}


def _expected_reader(row: Any) -> tuple[str, str | None]:
    own = row.graph_type.removeprefix("microsoft.graph.")
    if row.graph_type in _READERS:
        scalar = _READERS[row.graph_type]
        return ("get_collection_of_primitive_values", "str") if row.collection else (scalar, None)
    kind = "enum" if row.enum else "object"
    many = row.collection or row.is_flags
    return (f"get_collection_of_{kind}_values" if many else f"get_{kind}_value"), own.lower()


class TestAgainstTheSdk:
    """The same, as the generated models of msgraph-beta-sdk have it."""

    sdk = Sdk()

    @every_type
    def test_properties(self, profile_type: ProfileType) -> None:
        self._compare(profile_type.name, profile_type.properties)

    @pytest.mark.parametrize("name", COMPLEX_TYPES)
    def test_complex_types(self, name: str) -> None:
        self._compare(name.removeprefix("microsoft.graph."), COMPLEX_TYPES[name])

    @pytest.mark.parametrize("name", ENUMS)
    def test_members(self, name: str) -> None:
        assert set(ENUMS[name]) == self.sdk.members(name.removeprefix("microsoft.graph."))

    def _compare(self, graph_name: str, rows: Any) -> None:
        stated = {
            name: (reader, argument and (argument if argument == "str" else argument.lower()))
            for name, (reader, argument) in self.sdk.properties(graph_name).items()
            if name != "@odata.type" and name not in NAVIGATION_PROPERTIES
        }
        assert {row.name: _expected_reader(row) for row in rows} == stated
