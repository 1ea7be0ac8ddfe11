"""What Ansible leaves of `{{…}}` is recognised; what people write is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intune_scep.declarations import parse_declaration, template_accidents
from intune_scep.errors import DeclarationError
from intune_scep.profiles import KNOWN_VARIABLES, Platform, ProfileKind

from .declared import full

VARIABLES = [f"{{{{{known.name}}}}}" for known in KNOWN_VARIABLES]


@pytest.mark.parametrize(
    ("option", "data"),
    [
        ("subject_name_format", {"subject_name_format": ""}),
        ("subject_name_format", {"subject_name_format": "CN="}),
        ("subject_name_format", {"subject_name_format": "CN=,E="}),
        ("subject_name_format", {"subject_name_format": "CN={{UserName}}, E=,O=Contoso"}),
        ("subject_name_format", {"subject_name_format": 'CN="",O=Contoso'}),
        ("subject_name_format", {"subject_name_format": "CN='UserName' is undefined"}),
        ("subject_name_format", {"subject_name_format": "VARIABLE IS NOT DEFINED!"}),
        ("subject_name_format", {"subject_name_format": "<< error 1 - 'UserName' is undefined >>"}),
        (
            "legacy_subject_alternative_name_format",
            {"legacy_subject_alternative_name_format": " "},
        ),
        (
            "subject_alternative_names[1].value",
            {
                "subject_alternative_names": [
                    {"type": "upn", "value": "{{UserPrincipalName}}"},
                    {"type": "uri", "value": ""},
                ]
            },
        ),
        (
            "subject_alternative_names[0].value",
            {"subject_alternative_names": [{"type": "upn", "value": "@contoso.com"}]},
        ),
        (
            "subject_alternative_names[0].value",
            {"subject_alternative_names": [{"type": "uri", "value": "IntuneDeviceId://"}]},
        ),
        (
            "subject_alternative_names[0].value",
            {"subject_alternative_names": [{"type": "dns", "value": ".contoso.com"}]},
        ),
        ("scep_server_urls[0]", {"scep_server_urls": ["https:///TrafficGateway/x"]}),
    ],
)
def test_an_emptied_or_broken_value_says_what_to_do(option, data):
    [(named, message)] = template_accidents(data).items()
    assert named == option
    assert message.startswith(option)
    assert "!unsafe" in message
    with pytest.raises(DeclarationError) as caught:
        parse_declaration(full(ProfileKind.SCEP, Platform.IOS, **data), kind=ProfileKind.SCEP)
    assert message in caught.value.problems


@given(
    st.lists(
        st.tuples(st.sampled_from(["CN", "E", "OU", "O", "C"]), st.sampled_from(VARIABLES)),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from([",", ", ", "+"]),
)
def test_a_subject_with_its_variables_is_no_accident(parts, between):
    subject = between.join(f"{name}={value}" for name, value in parts)
    assert template_accidents({"subject_name_format": subject}) == {}


VALUES = st.none() | st.integers() | st.text(max_size=9)
OPTIONS = st.sampled_from(["subject_name_format", "subject_alternative_names", "scep_server_urls"])


@given(st.dictionaries(OPTIONS, VALUES | st.lists(VALUES | st.dictionaries(OPTIONS, VALUES))))
def test_values_of_any_type_are_passed_over(data):
    for option, message in template_accidents(data).items():
        assert message.startswith(option)


@pytest.mark.parametrize(
    "data",
    [
        {"subject_name_format": 'CN="{{OnPrem_Distinguished_Name}}",O="A, B"'},
        {"subject_alternative_names": [{"type": "uri", "value": "IntuneDeviceId://{{DeviceId}}"}]},
        {"subject_alternative_names": [{"type": "upn", "value": "{{AAD_Device_ID}}@contoso.com"}]},
        {"subject_alternative_names": [{"type": "uri", "value": "urn:contoso:staff"}]},
        {"scep_server_urls": ["https://{{CloudPKIFQDN}}/TrafficGateway/x"]},
        {"description": ""},
    ],
)
def test_what_people_write_is_no_accident(data):
    assert template_accidents(data) == {}
