"""“Not configured” of the admin center: a word in declarations, null on the wire, both ways."""

import pytest

from intune_scep.declarations import OPTIONS, Names, declaration_from_profile, parse_declaration
from intune_scep.declarations.from_profile import inexpressible
from intune_scep.declarations.options import NOT_CONFIGURED
from intune_scep.errors import DeclarationError
from intune_scep.profiles import Platform, ProfileKind, parse_profile, profile_type_for

from .declared import ERRORS_AS_WARNINGS, root, scep

CHOSEN = [
    ("key_size", "keySize", Platform.IOS, 2048),
    ("key_size", "keySize", Platform.ANDROID_DEVICE_ADMINISTRATOR, 2048),
    ("key_storage_provider", "keyStorageProvider", Platform.WINDOWS, "software"),
    ("hash_algorithms", "hashAlgorithm", Platform.WINDOWS, ["sha2"]),
    ("hash_algorithms", "hashAlgorithm", Platform.ANDROID_AOSP, ["sha1", "sha2"]),
    ("hash_algorithms", "hashAlgorithm", Platform.MACOS, ["sha2"]),
    ("certificate_access", "certificateAccessType", Platform.ANDROID_DEVICE_OWNER, "user_approval"),
    ("certificate_type", "certificateStore", Platform.IOS, "user"),
]
IDS = [f"{option}-{platform}" for option, _, platform, _ in CHOSEN]
WITHOUT_APPS = {Platform.ANDROID_DEVICE_OWNER: {"certificate_access_apps": ...}}


def word(option):
    return [NOT_CONFIGURED] if OPTIONS[option].elements else NOT_CONFIGURED


def declared(platform, **changes):
    return [
        root(platform),
        scep(platform, **{**WITHOUT_APPS.get(platform, {}), **changes}),
    ]


@pytest.mark.parametrize(("option", "wire_name", "platform", "value"), CHOSEN, ids=IDS)
def test_a_new_profile_is_made_without_the_choice(tenant, option, wire_name, platform, value):
    tenant.applied(declared(platform, **{option: word(option)}), rules=ERRORS_AS_WARNINGS)
    assert tenant.profile("Staff")[wire_name] is None
    assert tenant.plan(declared(platform, **{option: word(option)})).is_empty


@pytest.mark.parametrize(("option", "wire_name", "platform", "value"), CHOSEN, ids=IDS)
def test_a_choice_is_taken_back_and_made_again(tenant, option, wire_name, platform, value):
    tenant.applied(declared(platform, **{option: value}), rules=ERRORS_AS_WARNINGS)
    wanted = declared(platform, **{option: word(option)})
    [action] = tenant.plan(wanted, rules=ERRORS_AS_WARNINGS).writing
    [difference] = action.diff
    assert (difference.property, difference.before, difference.after) == (
        option,
        value,
        word(option),
    )
    tenant.applied(wanted, rules=ERRORS_AS_WARNINGS)
    assert tenant.profile("Staff")[wire_name] is None
    [action] = tenant.plan(declared(platform, **{option: value}), rules=ERRORS_AS_WARNINGS).writing
    assert (action.diff[0].before, action.diff[0].after) == (word(option), value)


@pytest.mark.parametrize("option", ["key_size", "key_storage_provider", "hash_algorithms"])
def test_left_out_it_stays_as_it_is_and_a_new_profile_gets_the_default(tenant, option):
    windows = Platform.WINDOWS
    tenant.applied(declared(windows, **{option: word(option)}), rules=ERRORS_AS_WARNINGS)
    assert tenant.plan(declared(windows, **{option: ...})).is_empty
    tenant.applied(
        [scep(windows, name="Another", **{option: ...})],
        rules=ERRORS_AS_WARNINGS,
    )
    assert tenant.profile("Another")[OPTIONS[option].wire[0]] is not None


def test_certificate_access_left_out_is_the_documented_default(tenant):
    platform = Platform.ANDROID_DEVICE_OWNER
    out = {"certificate_access": ..., "certificate_access_apps": ...}
    tenant.applied([root(platform), scep(platform, **out)])
    assert tenant.profile("Staff")["certificateAccessType"] == "userApproval"


NULLS = {
    "keySize": ("key_size", NOT_CONFIGURED),
    "keyStorageProvider": ("key_storage_provider", NOT_CONFIGURED),
    "hashAlgorithm": ("hash_algorithms", [NOT_CONFIGURED]),
    "certificateStore": ("certificate_type", NOT_CONFIGURED),
}


def windows_profile(**changes):
    kind = profile_type_for(ProfileKind.SCEP, Platform.WINDOWS)
    return parse_profile(
        {
            "@odata.type": kind.odata_type,
            "id": "1",
            "displayName": "Staff",
            "subjectNameFormat": "custom",
            "subjectNameFormatString": "CN={{UserName}}",
            "renewalThresholdPercentage": 20,
            "certificateValidityPeriodValue": 1,
            "certificateValidityPeriodScale": "years",
            **changes,
        }
    )


@pytest.mark.parametrize("wire_name", NULLS)
def test_null_is_said_in_the_word_of_the_admin_center(wire_name):
    option, said = NULLS[wire_name]
    options = declaration_from_profile(windows_profile(**{wire_name: None}), names=Names())
    assert options[option] == said
    assert inexpressible(windows_profile(**{wire_name: None})) == {}
    assert parse_declaration(options, kind=ProfileKind.SCEP).given[option] == said


@pytest.mark.parametrize(
    ("platform", "wire_name"),
    [("ios", "hashAlgorithm"), ("macos", "hashAlgorithm"), ("ios", "keyStorageProvider")],
)
def test_null_that_a_new_profile_has_too_is_not_said(platform, wire_name):
    kind = profile_type_for(ProfileKind.SCEP, Platform(platform))
    profile = parse_profile({"@odata.type": kind.odata_type, "id": "1", wire_name: None})
    options = declaration_from_profile(profile, names=Names())
    assert not {"hash_algorithms", "key_storage_provider"} & options.keys()


@pytest.mark.parametrize(
    "wire_name", ["renewalThresholdPercentage", "certificateValidityPeriodScale", "keyUsage"]
)
def test_null_without_a_word_is_told(wire_name):
    assert "null" in inexpressible(windows_profile(**{wire_name: None}))[wire_name]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"key_size": "2048"}, 2048),
        ({"key_size": "not_configured"}, NOT_CONFIGURED),
        ({"hash_algorithms": "not_configured"}, [NOT_CONFIGURED]),
        ({"hash_algorithms": ["not_configured"]}, [NOT_CONFIGURED]),
        ({"key_storage_provider": "not_configured"}, NOT_CONFIGURED),
    ],
)
def test_forms_in_which_it_may_be_given(given, expected):
    parsed = parse_declaration({"name": "x", "platform": "windows", **given}, kind=ProfileKind.SCEP)
    [option] = given
    assert parsed.given[option] == expected


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"key_size": 3000}, "key_size must be one of 1024, 2048, 4096, not_configured"),
        ({"key_size": True}, "key_size must be one of"),
        ({"key_size": None}, "Write not_configured for that"),
        ({"hash_algorithms": ["sha2", "not_configured"]}, "not_configured alone"),
        ({"key_storage_provider": "not_configurd"}, "not_configured is nearest"),
        ({"key_usage": ["not_configured"]}, "key_usage[0] must be one of"),
    ],
)
def test_what_it_may_not_be(given, complaint):
    with pytest.raises(DeclarationError) as caught:
        parse_declaration({"name": "x", "platform": "windows", **given}, kind=ProfileKind.SCEP)
    assert complaint in str(caught.value)
