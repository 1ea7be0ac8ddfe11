"""Microsoft's examples and captured traffic: read, planned and given back without loss."""

import json
from pathlib import Path

import pytest

from intune_scep.declarations import (
    NameIndex,
    Names,
    declaration_from_profile,
    inexpressible,
    parse_declaration,
)
from intune_scep.declarations.resolution import resolve
from intune_scep.declarations.wire_form import managed_wire
from intune_scep.desired_state.choices import PlanChoices
from intune_scep.desired_state.planner import make_plan
from intune_scep.desired_state.steps import to_plan
from intune_scep.profiles import find_profile_type, normal_value, parse_profile, same_profile
from intune_scep.tenant import Snapshot

EXAMPLES = Path(__file__).parents[4] / "shared" / "examples"

CAPTURED_IOS_SCEP = {
    "@odata.type": "#microsoft.graph.iosScepCertificateProfile",
    "@microsoft.graph.tips": "Use $select to choose only the properties your app needs...",
    "id": "df301cbc-a3e9-4369-8613-291ce7292a85",
    "displayName": "SCEP Cert",
    "description": None,
    "version": 1,
    "roleScopeTagIds": ["0"],
    "renewalThresholdPercentage": 20,
    "certificateStore": "machine",
    "certificateValidityPeriodScale": "years",
    "certificateValidityPeriodValue": 1,
    "subjectNameFormat": "custom",
    "subjectNameFormatString": "CN={{AAD_Device_ID}}",
    "subjectAlternativeNameType": None,
    "subjectAlternativeNameFormatString": None,
    "keyUsage": "keyEncipherment,digitalSignature",
    "keySize": "size2048",
    "scepServerUrls": ["https://contoso.com/certsrv/mscep/mscep.dll"],
    "extendedKeyUsages": [
        {"name": "Client Authentication", "objectIdentifier": "1.3.6.1.5.5.7.3.2"}
    ],
    "customSubjectAlternativeNames": [{"sanType": "domainNameService", "name": "device.name"}],
}


def test_a_captured_profile_reads_as_an_administrator_would_write_it():
    options = declaration_from_profile(parse_profile(CAPTURED_IOS_SCEP), names=Names())
    assert options == {
        "name": "SCEP Cert",
        "platform": "ios",
        "certificate_type": "device",
        "subject_name_format": "CN={{AAD_Device_ID}}",
        "subject_alternative_names": [{"type": "dns", "value": "device.name"}],
        "validity": {"value": 1, "unit": "years"},
        "key_usage": ["key_encipherment", "digital_signature"],
        "key_size": 2048,
        "extended_key_usages": ["client_authentication"],
        "renewal_threshold": 20,
        "scep_server_urls": ["https://contoso.com/certsrv/mscep/mscep.dll"],
        "scope_tags": ["0"],
    }
    assert list(options)[:2] == ["name", "platform"]


def profiles():
    for file in sorted(EXAMPLES.rglob("*.json")):
        for number, wire in enumerate(_found(json.loads(file.read_text(encoding="utf-8")))):
            yield pytest.param(wire, id=f"{file.stem}-{number}")


def _found(value):
    if isinstance(value, dict):
        odata_type = value.get("@odata.type")
        kind = find_profile_type(odata_type) if isinstance(odata_type, str) else None
        if kind is not None and kind.creatable:
            yield value
            return
        for item in value.values():
            yield from _found(item)
    elif isinstance(value, list):
        for item in value:
            yield from _found(item)


CASES = list(profiles())


@pytest.mark.skipif(not CASES, reason="the examples are not beside this checkout")
@pytest.mark.parametrize("wire", CASES)
def test_an_example_is_read_planned_and_given_back_without_loss(wire):
    """What no option says is named with its reason, stays in the profile, and is never written."""
    profile = parse_profile(wire)
    assert profile.to_wire() == wire
    profile = parse_profile({"id": "x", "displayName": "Example", **wire})
    options = declaration_from_profile(profile, names=Names())
    unsaid = inexpressible(profile)
    if "trustedRootCertificate" in wire:
        options["allow_expired"] = True
    kind = profile.profile_type
    declaration = parse_declaration(options, kind=kind.kind)
    written = managed_wire(declaration)
    for name, value in profile.to_write().items():
        if name in unsaid or value in (None, []) or "@" in name or name == "roleScopeTagIds":
            continue
        assert normal_value(kind, name, written[name]) == normal_value(kind, name, value), name
    named = Snapshot(profiles=(profile,), names=_tags(profile))
    resolved = resolve([declaration], named.profiles, named.index)
    plan = to_plan(make_plan("t", "c", resolved, named, PlanChoices()), {})
    assert plan.is_empty, plan.to_dict()
    again = parse_profile({**profile.to_wire(), **written})
    assert same_profile(again, profile)


def _tags(profile):
    tags = tuple((tag, f"Tag {tag}") for tag in profile.role_scope_tag_ids or ())
    return Names(scope_tags=NameIndex("scope tag", tags))
