"""SCEP profiles for Windows 10 and 11."""

from functools import partial

from intune_scep.simulator.scenarios.contoso.form import (
    CLOUD_PKI,
    INTERNAL_NDES,
    TWO_NDES,
    device_scep,
    scep,
)
from intune_scep.simulator.scenarios.contoso.people import DOMAIN_SID
from intune_scep.simulator.scenarios.contoso.targets import (
    all_devices,
    all_users,
    exclude,
    include,
)
from intune_scep.simulator.scenarios.wire import SID_URI, SID_VARIABLE, dns, email, upn, uri

_user = partial(scep, "windows")
_device = partial(device_scep, "windows")

NAC = uri("IntuneDeviceId://{{DeviceId}}")

LOGON = (
    _user(
        "Windows - SCEP - User - Corporate Wi-Fi", include("All Staff"),
        description="EAP-TLS against NPS. Owner: NetOps.", sans=[upn()], urls=TWO_NDES,
    ),
    # The Zurich administrators made theirs under the same name.
    _user(
        "Windows - SCEP - User - Corporate Wi-Fi", include("Staff Zurich"),
        key="Windows - SCEP - User - Corporate Wi-Fi (Zurich)",
        description="EAP-TLS Zurich", sans=[upn(), email()], roleScopeTagIds=["2"],
    ),
    _user(
        "Windows - SCEP - User - Always On VPN", include("VPN Users"), exclude("VPN Exceptions"),
        sans=[upn(), email()], keyStorageProvider="useTpmKspOtherwiseFail",
    ),
    _user(
        "Windows - SCEP - User - Wired 802.1X", include("Staff Munich"),
        sans=[upn()], usages=["Client Authentication", "Smart Card Logon"],
    ),
    _user(
        "Windows - SCEP - User - Smart card logon", include("Executives"),
        sans=[upn()], usages=["Smart Card Logon"],
        keyStorageProvider="usePassportForWorkKspOtherwiseFail",
    ),
    _user(
        "Windows - SCEP - User - Plant floor NPS", include("Staff Leipzig Plant"),
        sans=[upn()], usages=["Any Purpose"], urls=INTERNAL_NDES, roleScopeTagIds=["3"],
    ),
    _user(
        "Windows - SCEP - User - Intranet single sign-on", include("Staff Vienna"),
        sans=[upn()], usages=[],
    ),
    _user(
        "Windows - SCEP - User - Cisco ISE posture", include("Staff Vienna"),
        sans=[upn(), NAC, uri("urn:contoso:nac:{{AAD_Device_ID}}")],
    ),
    _user(
        "Windows - SCEP - User - Entra joined (Cloud PKI)", include("Windows Entra Joined"),
        root="cloud", urls=CLOUD_PKI, sans=[upn()],
    ),
    _user(
        "Windows - SCEP - User - WLAN 2019", include("Staff Munich"), root="wlan",
        subject="CN={{UserName}}", subjectAlternativeNameType="none",
    ),
    _user(
        "Windows - SCEP - User - Distinguished name", include("Engineering"),
        subject='CN="{{OnPrem_Distinguished_Name}}"', sans=[upn()],
        deviceManagementApplicabilityRuleOsEdition={
            "osEditionTypes": ["windows10Enterprise"], "name": "Enterprise only",
            "ruleType": "include",
        },
    ),
    _user(
        "Windows - SCEP - User - Lab", include("Engineering"), root=None, sans=[upn()],
        description="Root comes with the lab image.",
    ),
    _user(
        "Windows - SCEP - User - Corporate Wi-Fi (draft, do not assign)", root="issuing",
        sans=[upn()],
    ),
    _user(
        "Windows - SCEP - User - Partner portal", include("Partners"),
        subject="CN={{UserPrincipalName}}", sans=[upn()],
        usages=["Client Authentication", "Secure Email"],
    ),
)  # fmt: skip

MAPPED = (
    _user(
        "Windows - SCEP - User - PKI pilot", include("PKI Pilot"), sans=[upn(), SID_URI],
        description="Strong mapping pilot, February 2025.",
    ),
    _user(
        "Windows - SCEP - User - Head office docking", include("Staff Munich"),
        sans=[upn(), NAC, SID_URI],
    ),
    _user(
        "Windows - SCEP - User - Branch offices", include("Staff Zurich"), include("Staff Vienna"),
        sans=[SID_URI | {"name": SID_VARIABLE.lower()}, upn()],
    ),
    _user(
        "Windows - SCEP - User - Finance terminal", all_users(),
        sans=[upn(), SID_URI | {"name": f"  {SID_VARIABLE} "}],
    ),
    _device(
        "Windows - SCEP - Device - Kerberos before logon",
        all_devices(only_if="Windows - hybrid joined"),
        sans=[dns("{{FullyQualifiedDomainName}}"), SID_URI],
    ),
)  # fmt: skip

DEVICE = (
    _device(
        "Windows - SCEP - Device - Wi-Fi before logon", include("Windows Hybrid Joined"),
        sans=[dns("{{FullyQualifiedDomainName}}")], urls=TWO_NDES,
    ),
    _device(
        "Windows - SCEP - Device - Always On VPN device tunnel", include("Windows Hybrid Joined"),
        sans=[dns("{{DeviceName}}.corp.contoso.com")],
    ),
    _device("Windows - SCEP - Device - Kiosk Wi-Fi", include("Windows Kiosks")),
    _device(
        "Windows - SCEP - Device - All corporate laptops",
        all_devices(only_if="Windows - corporate owned"), sans=[NAC], root="cloud", urls=CLOUD_PKI,
    ),
    _device(
        "Windows - SCEP - Device - Remote Desktop server", include("Windows Hybrid Joined"),
        sans=[dns("{{FullyQualifiedDomainName}}")],
        usages=["Server Authentication", "Remote Desktop Authentication"],
    ),
)  # fmt: skip

NO_LOGON = (
    _user(
        "Windows - SCEP - User - S/MIME signing", include("All Staff"),
        subject="CN={{UserName}},E={{EmailAddress}},G={{GivenName}},SN={{SurName}}",
        sans=[email()], usages=["Secure Email"], keyUsage="digitalSignature",
    ),
    _user(
        "Windows - SCEP - User - S/MIME encryption", include("All Staff"), sans=[email()],
        usages=["Secure Email"], keyUsage="keyEncipherment",
    ),
    _user(
        "Windows - SCEP - User - Code signing", include("Build Team"),
        sans=[email()], usages=["Code Signing"], keyUsage="digitalSignature",
    ),
    _user(
        "Windows - SCEP - User - Document signing", include("Executives"), sans=[upn()],
        usages=["Document Signing"],
    ),
)  # fmt: skip

LEGACY = (
    _user(
        "Windows - SCEP - User - NPS 2016", include("Staff Munich"), root="wlan",
        subjectNameFormat="commonName", subjectNameFormatString=None,
        subjectAlternativeNameType="userPrincipalName",
    ),
    _user(
        "Windows - SCEP - User - NPS 2017", include("Staff Vienna"),
        subjectNameFormat="commonNameIncludingEmail", subjectNameFormatString=None,
        subjectAlternativeNameType="emailAddress,userPrincipalName", sans=[dns("nps.contoso.com")],
    ),
    _user(
        "Windows - SCEP - User - Employee number", include("Staff Leipzig Plant"),
        subjectAlternativeNameType="customAzureADAttribute",
        subjectAlternativeNameFormatString="extension_employeeNumber", sans=[upn()],
    ),
)  # fmt: skip

DEFECTIVE = (
    _user(
        "Windows - SCEP - User - RADIUS test", include("PKI Pilot"),
        subject=f"CN={{{{UserName}}}},OU={SID_VARIABLE}", sans=[upn()],
    ),
    _user(
        "Windows - SCEP - User - RADIUS test 2", include("PKI Pilot"),
        subject=f"CN={SID_VARIABLE}", sans=[upn(), SID_URI],
    ),
    _user(
        "Windows - SCEP - User - SID in UPN", include("PKI Pilot"), sans=[upn(SID_VARIABLE)],
    ),
    _user(
        "Windows - SCEP - User - Tag by hand", include("Staff Zurich"),
        sans=[upn(), uri(f"tag:microsoft.com,2022-09-14:sid:{SID_VARIABLE}")],
    ),
    _user(
        "Windows - SCEP - User - SID with realm", include("Staff Zurich"),
        sans=[upn(), uri(f"{SID_VARIABLE}@corp.contoso.com")],
    ),
    _user(
        "Windows - SCEP - User - Mapped twice", include("Staff Vienna"),
        sans=[upn(), SID_URI, uri(SID_VARIABLE.lower())],
    ),
    _user(
        "Windows - SCEP - User - Service desk admin", include("PKI Pilot"),
        sans=[upn(), uri(f"tag:microsoft.com,2022-09-14:sid:{DOMAIN_SID}-1611")],
    ),
    _user(
        "Windows - SCEP - User - Backup operator", include("PKI Pilot"),
        subject=f"CN={{{{UserName}}}},OU={DOMAIN_SID}-1623", sans=[upn()],
    ),
)  # fmt: skip

PROFILES = (*LOGON, *MAPPED, *DEVICE, *NO_LOGON, *LEGACY, *DEFECTIVE)
