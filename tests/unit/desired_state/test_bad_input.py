"""Bad input: one message that names the option, before any request."""

import base64
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.unit.certificates.handmade import CA, certificate

from intune_scep.declarations import OPTIONS, options_of, parse_declaration
from intune_scep.declarations.codecs import to_pem
from intune_scep.errors import DeclarationError
from intune_scep.profiles import Platform, ProfileKind

from .declared import KINDS, ROOT_DER, ROOT_PEM, full

BAD = {
    "name": ["", "   ", 5, ["x"], None],
    "id": ["", "a/b", "..", 7, None],
    "platform": ["amiga", "windows_phone", "", None, ["ios"]],
    "state": ["gone", None, 1],
    "replace": ["perhaps", 3, None],
    "description": [5, ["x"]],
    "certificate_path": ["", "no-such-file.cer", 5, None],
    "certificate": ["", "no certificate", "TEZBSw==", 5, None],
    "certificate_file_name": ["", 5],
    "allow_expired": ["perhaps", None],
    "destination_store": ["root", "computerCertStoreRoot", 1, None],
    "deployment_channel": ["deviceChannel", "both", 1],
    "certificate_type": ["machine", "User", 1],
    "subject_name_format": ["", " ", 5, "CN=", "CN=,E={{EmailAddress}}"],
    "subject_name_format_type": ["CommonName", "other", 1, None],
    "subject_alternative_names": [
        "uri",
        [{"type": "urn", "value": "x"}],
        [{"type": "uri"}],
        [{"value": "x"}],
        [{"type": "uri", "value": ""}],
        [{"type": "uri", "value": "x", "critical": True}],
        [{"type": "uri", "value": "x"}] * 501,
    ],
    "legacy_subject_alternative_names": ["upn", ["userPrincipalName"], ["upn", "upn"], [1]],
    "legacy_subject_alternative_name_format": ["", 5],
    "validity": [
        1,
        {"value": 1},
        {"unit": "years"},
        {"value": 0, "unit": "years"},
        {"value": "one", "unit": "years"},
        {"value": True, "unit": "years"},
        {"value": 1, "unit": "Years"},
        {"value": 1.5, "unit": "years"},
        None,
    ],
    "key_storage_provider": ["tpm", "useSoftwareKsp", 1, None],
    "key_usage": ["digital_signature", [], ["digitalSignature"], ["digital_signature"] * 2, None],
    "key_size": [512, 8192, "big", True, [2048], None],
    "hash_algorithms": ["sha2", [], ["md5"], ["sha2", "sha2"]],
    "root_profile": [
        "Root",
        {},
        {"name": ""},
        {"name": "x", "id": "y"},
        {"thumbprint": "abc"},
        {"id": "a/b"},
        {"title": "x"},
    ],
    "extended_key_usages": [
        "client_authentication",
        ["client"],
        [{"name": "x"}],
        [{"object_identifier": "7.01.4"}],
        [{"object_identifier": "1"}],
        [3],
    ],
    "renewal_threshold": [0, 100, -1, "twenty", True, 20.5, None],
    "scep_server_urls": [
        "https://x",
        [""],
        ["ndes.contoso.com/certsrv"],
        ["ftp://x"],
        ["https://"],
        ["https://x", "https://x"],
    ],
    "allow_all_apps_access": ["perhaps", 7],
    "certificate_access": ["userApproval", 1],
    "certificate_access_apps": ["x", [""], ["a", "a"], [f"a{n}" for n in range(51)]],
    "applicability_rule_os_edition": [
        "x",
        {"rule": "include"},
        {"rule": "include", "editions": []},
        {"rule": "only", "editions": ["windows_10_home"]},
        {"rule": "include", "editions": ["windows10Home"]},
    ],
    "applicability_rule_os_version": ["x", {}, {"rule": "include", "minimum": 10}],
    "applicability_rule_device_mode": ["x", {"rule": "include"}, {"rule": "include", "mode": "s"}],
    "scope_tags": ["Default", [], [""], ["a", "a"], [0], None],
    "assignments": [
        "All Staff",
        [{}],
        [{"group": ""}],
        [{"group": "x", "all_users": True}],
        [{"all_users": True, "exclude": True}],
        [{"group": "x", "filter": "y"}],
        [{"group": "x", "filter_type": "include"}],
        [{"group": "x", "filter": "y", "filter_type": "none"}],
        [{"groups": "x"}],
        ["x"],
    ],
}
CASES = [
    pytest.param(kind, option, value, id=f"{kind}-{option}-{index}")
    for kind in KINDS
    for option in BAD
    if kind in OPTIONS[option].kinds
    for index, value in enumerate(BAD[option])
]


def refused(data, kind, **more):
    with pytest.raises(DeclarationError) as caught:
        parse_declaration(data, kind=kind, **more)
    return caught.value


@pytest.mark.parametrize(("kind", "option", "value"), CASES)
def test_one_message_names_the_option(kind, option, value):
    platform = OPTIONS[option].platforms(kind)[0]
    data = full(kind, platform) | {option: value}
    if option == "certificate_path":
        del data["certificate"]
    error = refused(data, kind)
    assert len(error.problems) == 1, error.problems
    assert error.problems[0].startswith(option)
    assert "\n" not in str(error)


def test_every_option_has_bad_input_here():
    assert set(BAD) == set(OPTIONS)


def test_all_wrong_options_are_named_at_once():
    error = refused(
        full(ProfileKind.SCEP, Platform.IOS, key_size=1, renewal_threshold=0, kez_usage=[]),
        ProfileKind.SCEP,
        source="staff.yml",
    )
    named = [problem.split()[0] for problem in error.problems]
    assert sorted(named) == ["key_size", "kez_usage", "renewal_threshold"]
    assert str(error).startswith('SCEP profile "Staff" (ios) in staff.yml: ')
    assert "key_usage" in next(p for p in error.problems if p.startswith("kez_usage"))


@pytest.mark.parametrize(
    ("option", "value", "platforms"),
    [
        ("key_storage_provider", "software", "windows"),
        ("deployment_channel", "device", "macos"),
        ("allow_all_apps_access", True, "macos"),
        ("certificate_access", "user_approval", "android_device_owner"),
        ("certificate_access_apps", [], "android_device_owner"),
        (
            "applicability_rule_os_version",
            {"rule": "include", "minimum": "10"},
            "windows",
        ),
    ],
)
def test_what_a_platform_does_not_have_is_refused_naming_those_that_do(option, value, platforms):
    error = refused(full(ProfileKind.SCEP, Platform.IOS, **{option: value}), ProfileKind.SCEP)
    assert error.problems == (f"{option} exists only on: {platforms}.",)


def test_options_that_many_platforms_have_name_them_all():
    data = full(ProfileKind.SCEP, Platform.ANDROID_DEVICE_ADMINISTRATOR, certificate_type="user")
    [problem] = refused(data, ProfileKind.SCEP).problems
    assert problem == (
        "certificate_type exists only on: windows, ios, macos, android_device_owner,"
        " android_work_profile, android_for_work, android_aosp."
    )


def test_an_option_of_the_other_kind_is_refused_as_such():
    root = full(ProfileKind.TRUSTED_ROOT, Platform.IOS, key_size=2048)
    assert refused(root, ProfileKind.TRUSTED_ROOT).problems == (
        "key_size is an option of SCEP profiles only.",
    )


def test_a_subject_format_that_apple_does_not_know_names_those_it_knows():
    data = full(
        ProfileKind.SCEP, Platform.IOS, subject_name_format_type="common_name_as_aad_device_id"
    )
    [problem] = refused(data, ProfileKind.SCEP).problems
    assert "does not exist on ios" in problem
    assert "common_name_as_imei" in problem


@pytest.mark.parametrize("data", [None, [], "x", 3, {1: 2}])
def test_what_is_no_declaration_at_all_is_said_to_be_none(data):
    assert "options" in str(refused(data, ProfileKind.SCEP, source="x.yml"))


def test_a_certificate_says_why_it_is_refused_and_never_shows_a_key(tmp_path):
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    data = {"name": "Root", "platform": "ios"}
    error = refused({**data, "certificate": key.decode()}, ProfileKind.TRUSTED_ROOT)
    assert "private key" in str(error)
    assert not any(line.decode() in str(error) for line in key.splitlines()[1:-1])
    twice = parse_declaration({**data, "certificate": ROOT_PEM * 2}, kind=ProfileKind.TRUSTED_ROOT)
    assert twice.trusted_root.der == ROOT_DER
    bundle = ROOT_PEM + to_pem(base64.b64encode(certificate(CA)).decode())
    assert "bundle of 2" in str(refused({**data, "certificate": bundle}, ProfileKind.TRUSTED_ROOT))
    both = {**data, "certificate": ROOT_PEM, "certificate_path": "x"}
    assert "exclude each other" in str(refused(both, ProfileKind.TRUSTED_ROOT))


def test_an_expired_certificate_is_refused_unless_allowed():
    later = datetime(2099, 1, 1, tzinfo=UTC)
    data = {"name": "Old", "platform": "ios", "certificate": ROOT_PEM}
    error = refused(data, ProfileKind.TRUSTED_ROOT, now=later)
    assert "expired" in str(error)
    assert "allow_expired: true" in str(error)
    assert "SHA-1" in str(error)
    allowed = {**data, "allow_expired": True}
    parsed = parse_declaration(allowed, kind=ProfileKind.TRUSTED_ROOT, now=later)
    assert parsed.trusted_root.der == ROOT_DER


@pytest.mark.parametrize("form", ["pem", "der", "base64"])
def test_a_certificate_is_taken_as_pem_der_and_base64(tmp_path, form):
    (tmp_path / "root.cer").write_bytes(ROOT_PEM.encode() if form == "pem" else ROOT_DER)
    data = {"name": "Root", "platform": "ios"}
    if form == "base64":
        data["certificate"] = "".join(ROOT_PEM.splitlines()[1:-1])
    else:
        data["certificate_path"] = "root.cer"
    parsed = parse_declaration(data, kind=ProfileKind.TRUSTED_ROOT, base=tmp_path)
    assert parsed.trusted_root.der == ROOT_DER


def test_the_table_loads_without_pydantic():
    code = (
        "import sys; from intune_scep.declarations import OPTIONS; assert OPTIONS;"
        "assert not {'pydantic', 'cryptography', 'httpx', 'yaml', 'msgraph'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_every_option_is_documented_and_belongs_to_a_model():
    for kind in KINDS:
        for option in options_of(kind):
            assert option.summary.endswith("."), option.name
            assert option.platforms(kind), option.name
            for platform in option.platforms(kind):
                data = full(kind, platform)
                assert option.name in type(parse_declaration(data, kind=kind)).model_fields
