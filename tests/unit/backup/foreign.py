"""One root and one SCEP profile as other tools leave them in files, and as Graph answers."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from intune_scep.simulator.scenarios.wire import SID_URI, root_body, scep_body, upn

CONTEXT = "https://graph.microsoft.com/beta/$metadata#deviceManagement/deviceConfigurations"
CONFIGURATIONS = "https://graph.microsoft.com/beta/deviceManagement/deviceConfigurations"
GROUP = "5c0f3f10-6d3d-4d57-8a3e-1d2c3b4a5f60"
GROUP_TARGET = "#microsoft.graph.groupAssignmentTarget"
URL = "https://ndes.halvorsen.example/certsrv/mscep/mscep.dll"
ROOT_NAME, SCEP_NAME = "Root [prod]", "SCEP [prod]"

Wire = dict[str, Any]


def root_wire(name: str = ROOT_NAME, platform: str = "windows") -> Wire:
    """A trusted root profile as Graph has it."""
    return root_body(platform, name, "contoso-root-ca-2021")


def scep_wire(
    name: str = SCEP_NAME, platform: str = "windows", *, key: str | None = None, **more: Any
) -> Wire:
    """A SCEP profile, strongly mapped, as Graph has it; `key` tells twins apart."""
    return scep_body(platform, name, urls=[URL], sans=[upn(), SID_URI], key=key) | more


def assigned(wire: Wire, **target: Any) -> Wire:
    """A profile with one assignment to a group."""
    item = {
        "id": f"{wire['id']}_{GROUP}",
        "source": "direct",
        "sourceId": wire["id"],
        "intent": "apply",
        "target": {
            "@odata.type": GROUP_TARGET,
            "deviceAndAppManagementAssignmentFilterId": None,
            "deviceAndAppManagementAssignmentFilterType": "none",
            **(target or {"groupId": GROUP}),
        },
    }
    return {**wire, "assignments": [item]}


def without(wire: Wire, *names: str) -> Wire:
    """A profile without some properties."""
    return {name: value for name, value in wire.items() if name not in names}


def write(path: Path, value: Any, *, encoding: str = "utf-8", form: str = "json") -> Path:
    """Write a value as JSON or YAML."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(value, indent=2) if form == "json" else yaml.safe_dump(value)
    path.write_bytes(text.encode(encoding))
    return path


def bound(wire: Wire, root: Wire) -> Wire:
    """A SCEP profile that names its root as a create does."""
    return {**wire, "rootCertificate@odata.bind": f"{CONFIGURATIONS}('{root['id']}')"}


def referring(wire: Wire, root: Wire) -> Wire:
    """A SCEP profile as IntuneManagement has it: full metadata, and its root by name and type."""
    place = f"{CONFIGURATIONS}('{wire['id']}')/microsoft.graph.{wire['@odata.type'].split('.')[-1]}"
    return {
        "@odata.context": f"{CONTEXT}/$entity",
        "@odata.id": f"deviceManagement/deviceConfigurations('{wire['id']}')",
        "@odata.editLink": place,
        "createdDateTime@odata.type": "#DateTimeOffset",
        "rootCertificate@odata.associationLink": f"{place}/rootCertificate/$ref",
        "rootCertificate@odata.navigationLink": f"{place}/rootCertificate",
        "#microsoft.graph.assign": {"target": f"{place}/microsoft.graph.assign"},
        "@ObjectType": "DeviceConfiguration",
        "@ObjectFromFile": True,
        "#CustomRef_rootCertificate": f"{root['displayName']}|:|{root['@odata.type']}",
        **wire,
    }


def _intune_management(where: Path, encoding: str) -> Path:
    root, scep = root_wire(), assigned(scep_wire())
    folder = where / "DeviceConfiguration"
    write(folder / f"{ROOT_NAME}.json", root, encoding=encoding)
    write(folder / f"{SCEP_NAME}.json", referring(scep, root), encoding=encoding)
    group = {"id": GROUP, "displayName": "All Staff", "groupTypes": [], "securityEnabled": True}
    write(where / "Groups" / "All Staff.json", group, encoding=encoding)
    table = {
        "TenantId": "%OrganizationId%",
        "Organization": "Halvorsen",
        "Objects": [{"Id": GROUP, "DisplayName": "All Staff", "Type": "Group"}],
    }
    write(where / "MigrationTable.json", table, encoding=encoding)
    return where


_TAKEN_OUT = ("id", "version", "createdDateTime", "lastModifiedDateTime", "supportsScopeTags")


def _intune_cd(where: Path, form: str, *, with_id: bool) -> Path:
    root = root_wire()
    scep = assigned(scep_wire(), groupName="All Staff", groupType="StaticMembership")
    for wire in (root, scep):
        kind = wire["@odata.type"].split(".")[2]
        tail = f"__{wire['id']}" if with_id else ""
        name = f"{wire['displayName']}_{kind}{tail}.{form}"
        content = without(wire, *_TAKEN_OUT) | {"roleScopeTagIds": ["Default"]}
        write(where / "Device Configurations" / name, content, form=form)
    return where


def _sdk(wire: Wire) -> Wire:
    """A profile as `Get-MgBetaDeviceManagementDeviceConfiguration | ConvertTo-Json` shows it."""
    known = ("id", "displayName", "description", "version", "roleScopeTagIds", "assignments")
    shown = {f"{name[0].upper()}{name[1:]}": wire.get(name) for name in known}
    return {**shown, "AdditionalProperties": without(wire, *known)}


def _in_table(wire: Wire) -> Wire:
    return {"id": "1", "status": 200, "headers": {}, "body": wire}


DSC = """
<# Made for tests. #>
Configuration Halvorsen
{{
    Import-DscResource -ModuleName 'Microsoft365DSC'
    Node localhost
    {{
        IntuneDeviceConfigurationTrustedCertificatePolicyWindows10 "Root"
        {{
            DisplayName            = "{root}";
            CertFileName           = "contoso-root-ca-2021.cer"; # as it was
            DestinationStore       = "computerCertStoreRoot"
            TrustedRootCertificate = "{certificate}";
            Ensure                 = "Present";
            TenantId               = $OrganizationName;
        }}
        IntuneDeviceConfigurationSCEPCertificatePolicyWindows10 'SCEP'
        {{
            Assignments = @(
                MSFT_DeviceManagementConfigurationPolicyAssignments{{
                    dataType = '#microsoft.graph.groupAssignmentTarget'
                    groupDisplayName = 'All Staff'
                    deviceAndAppManagementAssignmentFilterType = 'none'
                }}
            );
            CertificateStore = "user";
            CertificateValidityPeriodScale = "years";
            CertificateValidityPeriodValue = 1;
            CustomSubjectAlternativeNames = @(
                MSFT_MicrosoftGraphcustomSubjectAlternativeName{{
                    SanType = 'userPrincipalName'
                    Name = '{{{{UserPrincipalName}}}}'
                }}
                MSFT_MicrosoftGraphcustomSubjectAlternativeName{{
                    SanType = 'universalResourceIdentifier'
                    Name = '{{{{OnPremisesSecurityIdentifier}}}}'
                }}
            );
            DisplayName = "{scep}";
            ExtendedKeyUsages = @(
                MSFT_MicrosoftGraphextendedKeyUsage{{
                    ObjectIdentifier = '1.3.6.1.5.5.7.3.2'
                    Name = 'Client Authentication'
                }}
            );
            HashAlgorithm = "sha2";
            KeySize = "size2048";
            KeyStorageProvider = "useTpmKspOtherwiseUseSoftwareKsp";
            KeyUsage = @("keyEncipherment", "digitalSignature");
            RenewalThresholdPercentage = 20;
            RootCertificateDisplayName = "{root}";
            ScepServerUrls = @("{url}");
            SubjectNameFormat = "custom";
            SubjectNameFormatString = "CN={{{{UserName}}}},E={{{{EmailAddress}}}}";
            ApplicationId = $ApplicationId;
        }}
    }}
}}
"""


def _dsc(where: Path) -> Path:
    text = DSC.format(
        root=ROOT_NAME,
        scep=SCEP_NAME,
        url=URL,
        certificate=root_wire()["trustedRootCertificate"],
    )
    (where / "M365TenantConfig.ps1").write_text(text, encoding="utf-8")
    return where / "M365TenantConfig.ps1"


def _both() -> tuple[Wire, Wire]:
    root = root_wire()
    return root, bound(assigned(scep_wire()), root)


def _inside() -> Wire:
    return {**assigned(scep_wire()), "rootCertificate": root_wire()}


FORMS: dict[str, Callable[[Path], Path]] = {
    "IntuneManagement from PowerShell 7": lambda p: _intune_management(p, "utf-8"),
    "IntuneManagement with a byte order mark": lambda p: _intune_management(p, "utf-8-sig"),
    "IntuneManagement from Windows PowerShell": lambda p: _intune_management(p, "utf-16"),
    "IntuneManagement in UTF-16 without a mark": lambda p: _intune_management(p, "utf-16-le"),
    "IntuneCD in JSON": lambda p: _intune_cd(p, "json", with_id=False),
    "IntuneCD in YAML": lambda p: _intune_cd(p, "yaml", with_id=False),
    "IntuneCD with ids in the names of files": lambda p: _intune_cd(p, "json", with_id=True),
    "an answer with value": lambda p: write(
        p / "list.json", {"@odata.context": CONTEXT, "@odata.count": 2, "value": [*_both()]}
    ),
    "a list": lambda p: write(p / "list.json", [*_both()]),
    "a list in YAML": lambda p: write(p / "list.yaml", [*_both()], form="yaml"),
    "a $batch answer": lambda p: write(
        p / "batch.json", {"responses": [_in_table(wire) for wire in _both()]}
    ),
    "one object with its root inside": lambda p: write(p / "one.json", _inside()),
    "the PowerShell SDK": lambda p: write(p / "sdk.json", [_sdk(wire) for wire in _both()]),
    "types in other letter case": lambda p: write(
        p / "case.json",
        [{**without(w, "@odata.type"), "@OData.Type": w["@odata.type"].upper()} for w in _both()],
    ),
    "a file named otherwise": lambda p: write(p / "saved.txt", [*_both()]),
    "a configuration of Microsoft365DSC": _dsc,
}
"""Name of a form to a function that writes it into a directory and returns what is to be named."""

NO_ROOT_LINK = frozenset(name for name in FORMS if name.startswith("IntuneCD"))
"""Forms that cannot say which root a SCEP profile points at."""
