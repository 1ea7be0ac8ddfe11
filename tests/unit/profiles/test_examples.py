"""Payloads of Microsoft's documentation and of real tenants are read without loss."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from intune_scep.profiles import find_profile_type, parse_profile, same_profile

EXAMPLES = Path(__file__).parents[4] / "shared" / "examples"
FILES = sorted(EXAMPLES.rglob("*.json"))

CAPTURED_MACOS_SCEP = """{
  "@odata.context": "https://graph.microsoft.com/beta/$metadata#deviceManagement/$entity",
  "@odata.type": "#microsoft.graph.macOSScepCertificateProfile",
  "id": "df301cbc-a3e9-4369-8613-291ce7292a85",
  "lastModifiedDateTime": "2025-08-19T08:13:19.0484998Z",
  "roleScopeTagIds": ["0"],
  "supportsScopeTags": true,
  "deviceManagementApplicabilityRuleOsEdition": null,
  "createdDateTime": "2025-08-19T08:13:19.0484998Z",
  "description": "scep-cert",
  "displayName": "scep-cert",
  "version": 1,
  "renewalThresholdPercentage": 20,
  "subjectNameFormat": "custom",
  "subjectAlternativeNameType": null,
  "certificateValidityPeriodValue": 1,
  "certificateValidityPeriodScale": "years",
  "scepServerUrls": ["https://scep-url.com", "https://scep-url-2.com"],
  "subjectNameFormatString": "CN={{AAD_Device_ID}}",
  "keyUsage": "keyEncipherment,digitalSignature",
  "keySize": "size4096",
  "hashAlgorithm": null,
  "subjectAlternativeNameFormatString": null,
  "certificateStore": "machine",
  "allowAllAppsAccess": true,
  "deploymentChannel": "deviceChannel",
  "extendedKeyUsages": [{"name": "Any Purpose", "objectIdentifier": "2.5.29.37.0"}],
  "customSubjectAlternativeNames": [
    {"sanType": "emailAddress", "name": "domain.com"},
    {"sanType": "universalResourceIdentifier", "name": "some-uri"}
  ]
}"""


def test_a_real_macos_profile_reads_as_a_person_would_read_it() -> None:
    profile: Any = parse_profile(json.loads(CAPTURED_MACOS_SCEP))
    assert profile.id == "df301cbc-a3e9-4369-8613-291ce7292a85"
    assert (profile.display_name, profile.version) == ("scep-cert", 1)
    assert profile.last_modified_date_time == "2025-08-19T08:13:19.0484998Z"
    assert profile.odata_type == "#microsoft.graph.macOSScepCertificateProfile"
    assert (profile.profile_type.platform, profile.certificate_type) == ("macos", "device")
    assert profile.is_scep
    assert profile.key_usage.members == {"digitalSignature", "keyEncipherment"}
    assert profile.hash_algorithm is None
    assert [(san.san_type, san.name) for san in profile.custom_subject_alternative_names] == [
        ("emailAddress", "domain.com"),
        ("universalResourceIdentifier", "some-uri"),
    ]
    assert profile.extended_key_usages[0].object_identifier == "2.5.29.37.0"
    assert profile.scep_server_urls == ["https://scep-url.com", "https://scep-url-2.com"]
    assert profile.deployment_channel == "deviceChannel"
    assert profile.allow_all_apps_access is True
    assert list(profile.unknown) == ["@odata.context"]


def _profiles(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if isinstance(kind := value.get("@odata.type"), str) and find_profile_type(kind):
            yield value
        for inner in value.values():
            yield from _profiles(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _profiles(inner)


@pytest.mark.skipif(not FILES, reason="the collected examples are not here")
def test_every_collected_example_is_read_without_loss() -> None:
    seen = set()
    for file in FILES:
        for wire in _profiles(json.loads(file.read_text())):
            profile = parse_profile(wire)
            assert json.dumps(profile.to_wire()) == json.dumps(wire), file
            assert profile.malformed == (), file
            assert same_profile(profile.to_write(), wire), file
            seen.add(profile.profile_type)
    assert len(seen) == 20
