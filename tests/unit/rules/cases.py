"""For every rule that is code: a profile it must pass and one it must find, read off the rules.

The examples are those of the catalogue of rules (`pass` and `fail` there), made into profiles.
"""

from dataclasses import dataclass

from intune_scep.profiles import Platform, parse_profile
from intune_scep.rules import (
    Context,
    Dependant,
    DeviceFacts,
    DirectoryFacts,
    GroupFacts,
    TenantFacts,
)

from .material import (
    ANY_USAGE,
    CLIENT,
    CLOUD_PKI,
    CODE_SIGNING,
    EMAIL_USAGE,
    ENDING_CA,
    ENDING_ISSUING_CA,
    ENDING_SECOND_CA,
    ENDING_THIRD_TIER_CA,
    EXPIRED_CA,
    EXPIRED_ISSUING_CA,
    GROUP_A,
    GROUP_B,
    GROUP_X,
    ISSUING_CA,
    LEAF,
    NAC,
    NDES,
    PEM,
    PFX,
    ROOT_CA,
    SID,
    SID_URI,
    STRANGE_CA,
    Wire,
    all_devices,
    all_users,
    context,
    device,
    dns,
    email,
    excluded,
    group,
    planned,
    root,
    root_profile,
    san,
    scep,
    upn,
    uri,
)


@dataclass(frozen=True)
class Case:
    """One row: what passes, what fails, and how bad that is."""

    rule: str
    severity: str
    ok: Context
    bad: Context
    label: str = ""

    def __str__(self) -> str:
        return f"{self.rule}{' ' if self.label else ''}{self.label}"


def case(
    rule: str, severity: str, ok: Wire | Context, bad: Wire | Context, label: str = ""
) -> Case:
    return Case(
        rule,
        severity,
        ok if isinstance(ok, Context) else context(ok),
        bad if isinstance(bad, Context) else context(bad),
        label,
    )


def subject(platform: str, text: str | None, **more: object) -> Wire:
    return scep(platform, subjectNameFormatString=text, **more)


def device_subject(platform: str, text: str) -> Wire:
    return device(platform, subjectNameFormatString=text)


def names(platform: str, *sans: Wire, **more: object) -> Wire:
    return scep(platform, customSubjectAlternativeNames=list(sans), **more)


def device_names(platform: str, *sans: Wire) -> Wire:
    return device(platform, customSubjectAlternativeNames=list(sans))


def urls(platform: str, *texts: str) -> Wire:
    return scep(platform, scepServerUrls=list(texts))


def validity(value: object, scale: object, platform: str = "windows", **more: object) -> Wire:
    return scep(
        platform,
        certificateValidityPeriodValue=value,
        certificateValidityPeriodScale=scale,
        **more,
    )


def usages(platform: str, *items: Wire, **more: object) -> Wire:
    return scep(platform, extendedKeyUsages=list(items), **more)


def linked(wire: Wire, to: object, **more: object) -> Context:
    return context(wire, root=to, **more)


def directory(wire: Wire, **facts: object) -> Context:
    return context(wire, directory=DirectoryFacts(**facts))


def devices(wire: Wire, **facts: object) -> Context:
    return context(wire, devices=DeviceFacts(**facts))


def lacking(wire: Wire, **counts: int) -> Context:
    return devices(wire, without=counts)


def below(root_certificate: str, *others: str) -> Context:
    """A profile with its root and the trusted root profiles of the tenant."""
    linked_root = root_profile("windows", root_certificate)
    there = [root_profile("windows", other, id=f"ca{n}") for n, other in enumerate(others)]
    return context(scep("windows"), root=linked_root, profiles=[linked_root, *there])


def without(wire: Wire, **counts: int) -> Context:
    return directory(wire, users_without=counts)


def assigned(mine: list[Wire], roots: list[Wire], **more: object) -> Context:
    return context(
        scep("windows"),
        root=root_profile("windows"),
        assignments=mine,
        root_assignments=roots,
        **more,
    )


def device_assigned(mine: list[Wire], roots: list[Wire], **more: object) -> Context:
    return context(
        device("windows"),
        root=root_profile("windows"),
        assignments=mine,
        root_assignments=roots,
        **more,
    )


def filtered(target: Wire, filter_id: str, mode: str = "include") -> Wire:
    given = {
        "deviceAndAppManagementAssignmentFilterId": filter_id,
        "deviceAndAppManagementAssignmentFilterType": mode,
    }
    return {**target, "target": {**target["target"], **given}}


def root_beside(
    platform: str,
    *others: object,
    certificate: str = ROOT_CA,
    targets: list[Wire] | None = None,
) -> Context:
    own = root(platform, certificate)
    return context(
        own,
        profiles=[root_profile(platform, certificate), *others],
        assignments=[all_users()] if targets is None else targets,
    )


def used_by(wire: Wire, *dependants: Dependant, **more: object) -> Context:
    return context(wire, dependants=dependants, **more)


WIFI = Dependant("Corporate Wi-Fi", "#microsoft.graph.windowsWifiEnterpriseEAPConfiguration")
VPN = Dependant("Always On", "#microsoft.graph.aospDeviceOwnerVpnConfiguration")
GROUPS = {GROUP_A: GroupFacts(users=40, devices=0), GROUP_X: GroupFacts(users=0, devices=12)}
EDITION = {"ruleType": "include", "name": "x", "osEditionTypes": ["windows10Enterprise"]}
VERSION = {"ruleType": "include", "name": "x", "minOSVersion": "10.0.22000", "maxOSVersion": None}
SEVENTY = "x" * 70
SUBJECT_TEXT = "subjectNameFormatString"
OS_EDITION = "deviceManagementApplicabilityRuleOsEdition"
OS_VERSION = "deviceManagementApplicabilityRuleOsVersion"
HELLO = "usePassportForWorkKspOtherwiseFail"
SMART_CARD = {"name": "Smart Card Logon", "objectIdentifier": "1.3.6.1.4.1.311.20.2.2"}
PKCS = {
    "@odata.type": "#microsoft.graph.windows81PkcsCertificateProfile",
    "id": "p",
    "displayName": "PKCS",
    "subjectNameFormatString": "CN={{UserName}}",
}
W, IOS, M = "windows", "ios", "macos"
DO, WP, FW, AOSP = (
    "android_device_owner",
    "android_work_profile",
    "android_for_work",
    "android_aosp",
)
DA, PHONE, X10 = "android_device_administrator", "windows_phone", "windows_10x"


def enrolled(platform: str, counts: dict[Platform | None, int]) -> Context:
    facts = DeviceFacts(android_enrolments=counts)
    return context(scep(platform), assignments=[group(GROUP_A)], devices=facts)


PROFILE_TYPE = [
    case(
        "R-001",
        "error",
        {**scep(W), "@odata.type": "#microsoft.graph.Windows81ScepCertificateProfile"},
        {**scep(W), "@odata.type": "#microsoft.graph.windows10SCEPCertificateProfile"},
    ),
    case("R-001", "error", scep(W), {"displayName": "x"}, "no type at all"),
    case("R-002", "warning", scep(IOS), scep(PHONE)),
    case("R-002", "warning", scep(IOS), scep(X10), "10X"),
    case("R-003", "warning", scep(WP), scep(DA)),
    case(
        "R-004",
        "warning",
        context(
            scep(DO),
            assignments=[group(GROUP_A)],
            devices=DeviceFacts(android_enrolments={Platform.ANDROID_DEVICE_OWNER: 9}),
        ),
        context(
            scep(WP),
            assignments=[group(GROUP_A)],
            devices=DeviceFacts(android_enrolments={Platform.ANDROID_DEVICE_OWNER: 9}),
        ),
    ),
    *(
        case(
            "R-004",
            "warning",
            enrolled(platform, sound),
            enrolled(platform, wrong),
            f"{platform}: {label}",
        )
        for platform, sound, wrong, label in (
            (DO, {}, {Platform.ANDROID_WORK_PROFILE: 1}, "one personal device"),
            (DO, {Platform.ANDROID_DEVICE_OWNER: 1, None: 4}, {Platform.ANDROID_AOSP: 3}, "AOSP"),
            (WP, {Platform.ANDROID_FOR_WORK: 2}, {Platform.ANDROID_AOSP: 2}, "the older twin"),
            (
                FW,
                {Platform.ANDROID_WORK_PROFILE: 1, Platform.ANDROID_DEVICE_OWNER: 90},
                {Platform.ANDROID_DEVICE_OWNER: 90},
                "one among many is enough",
            ),
            (
                WP,
                {Platform.ANDROID_WORK_PROFILE: 1},
                {Platform.ANDROID_DEVICE_ADMINISTRATOR: 5},
                "device administrator",
            ),
        )
    ),
    case("R-005", "error", scep(W), scep(W, displayName="")),
    case("R-005", "error", scep(W), scep(W, displayName=None), "null"),
    case("R-006", "info", scep(W), scep(W, description=None)),
]

CERTIFICATE_TYPE = [
    case("R-010", "error", device(W), scep(W, certificateStore="DeviceCertificate")),
    case("R-010", "error", device(W), scep(W, certificateStore=None), "missing"),
    case("R-010", "error", device(W), scep(W, certificateStore=2), "number"),
    case("R-011", "error", device(W), device_names(W, upn())),
    case(
        "R-011",
        "error",
        device_names(W, SID_URI),
        device(W, subjectAlternativeNameFormatString="{{username}}@x"),
        "legacy, and not the SID variable",
    ),
    case("R-013", "error", scep(M), device(M, deploymentChannel="userChannel")),
    case("R-014", "warning", device(M), scep(M, deploymentChannel="deviceChannel")),
    case(
        "R-015",
        "error",
        planned(device(M), device(M, description="other")),
        planned(device(M), device(M, deploymentChannel="userChannel")),
    ),
    case(
        "R-016",
        "warning",
        linked(device(M), root_profile(M, deploymentChannel="deviceChannel")),
        linked(scep(M), root_profile(M, deploymentChannel="deviceChannel")),
    ),
    case("R-017", "error", scep(IOS), scep(IOS, deploymentChannel="deviceChannel")),
    case("R-017", "error", root(IOS), root(IOS, deploymentChannel="deviceChannel"), "root"),
    case(
        "R-018",
        "warning",
        devices(device(DO), without_user=7),
        devices(scep(DO), without_user=7),
    ),
    *(
        case(
            "R-018", "warning", devices(wire, without_user=0), devices(wire, without_user=1), label
        )
        for label, wire in {
            "AOSP": scep(AOSP),
            "a legacy name": device(DO, subjectAlternativeNameFormatString="{{UserName}}"),
            "an alternative name": device(DO, customSubjectAlternativeNames=[upn()]),
            "one of several": subject(DO, "CN={{AAD_Device_ID}},E={{EmailAddress}}"),
        }.items()
    ),
    case(
        "R-019",
        "info",
        planned(device(W), device(W, description="other")),
        planned(device_names(W), device_names(W, SID_URI)),
    ),
]

SUBJECT = [
    case("R-020", "error", subject(W, "CN={{UserName}}"), subject(W, "")),
    case("R-020", "error", subject(W, "CN={{UserName}}"), subject(W, None), "null"),
    case("R-021", "warning", scep(W), scep(W, subjectNameFormat="commonName")),
    case("R-022", "error", subject(W, "CN={{DeviceName}}"), subject(W, "CN={DeviceName}")),
    case("R-022", "error", subject(W, "CN={{DeviceName}}"), subject(W, "CN={{DeviceName}"), "half"),
    case("R-022", "error", names(W, NAC), names(W, dns("{{{DeviceName}}}.x")), "three"),
    case("R-022", "error", names(W, NAC), names(W, dns("{DeviceName")), "open"),
    case("R-023", "error", scep(W), subject(W, "CN={{UserPrincipleName}}")),
    case("R-023", "warning", scep(W), subject(W, "CN={{EmployeeNumber}}"), "new"),
    case("R-023", "warning", urls(W, CLOUD_PKI), subject(W, "CN={{CloudPKIFQDN}}"), "misplaced"),
    case(
        "R-025",
        "error",
        subject(
            W,
            "CN={{UserName}},E={{EmailAddress}},OU=Mobile,O=Finance Group,"
            "L=Redmond,ST=Washington,C=US",
        ),
        subject(W, "{{UserName}}"),
    ),
    case("R-025", "error", subject(W, 'CN="Doe, Jane"'), subject(W, "CN={{UserName}},Mobile")),
    case("R-025", "error", subject(W, "CN=a,2.5.4.5=b"), subject(W, 'CN="a,O=b'), "open quote"),
    case("R-025", "warning", subject(W, "CN=a+OU=b"), subject(W, "CN=a,XX=b"), "attribute"),
    case(
        "R-026",
        "info",
        subject(W, "CN={{UserPrincipalName}},E={{EmailAddress}}"),
        subject(W, "E={{UserName}}"),
    ),
    case(
        "R-027",
        "error",
        device_subject(W, "CN={{DeviceName}}Device1"),
        device_subject(W, "CN={{UserName}}"),
    ),
    case("R-028", "warning", subject(W, "CN={{UserName}}"), subject(W, f"CN={SEVENTY}")),
    case(
        "R-028",
        "warning",
        scep(W),
        subject(W, 'CN="{{OnPrem_Distinguished_Name}}"'),
        "may exceed",
    ),
    case(
        "R-029",
        "error",
        subject(W, 'CN="Test User (TestCompany, LLC)",OU=X'),
        subject(W, "CN=Test User (TestCompany\\, LLC),OU=X"),
    ),
    *(
        case("R-029", "error", PKCS, {**PKCS, "@odata.type": kind, SUBJECT_TEXT: text}, label)
        for label, kind, text in (
            ("PKCS, comma", PKCS["@odata.type"], "CN=Test (Company\\, LLC)"),
            ("PKCS, plus", "#microsoft.graph.iosPkcsCertificateProfile", "CN=A\\+B"),
            ("PKCS, equals", "#microsoft.graph.macOSPkcsCertificateProfile", "CN=A\\=B,O=x"),
            ("PKCS, semicolon", "#microsoft.graph.WINDOWS10PKCSCERTIFICATEPROFILE", "CN=A\\;B"),
            (
                "PKCS, second attribute",
                "#microsoft.graph.androidWorkProfilePkcsCertificateProfile",
                "CN={{UserName}},OU=Sales\\, East",
            ),
        )
    ),
    case(
        "R-029",
        "error",
        {**PKCS, SUBJECT_TEXT: 'CN="Test User (TestCompany, LLC)",OU=X'},
        {**PKCS, SUBJECT_TEXT: "CN={{UserName}}\\, x"},
        "PKCS, quoted",
    ),
    case("R-030", "error", subject(W, 'CN="A+B",O=C'), subject(W, "CN=A+B,O=C")),
    case("R-030", "error", subject(W, 'CN="A=B"'), subject(W, "CN=A;B"), "semicolon"),
    case(
        "R-031",
        "error",
        subject(W, 'CN="{{OnPrem_Distinguished_Name}}"'),
        subject(W, "CN={{OnPrem_Distinguished_Name}}"),
    ),
    *(
        case("R-041", "error", scep(W), bad, label)
        for label, bad in {
            "subject": subject(W, "CN=svc-intune"),
            "subject of several attributes": subject("macos", "CN=Contoso,OU=Staff,O=Contoso"),
            "UPN": names("ios", upn("svc-intune@contoso.com")),
            "e-mail": names("android_aosp", upn(), email("helpdesk@contoso.com")),
            "brackets of another language": subject(W, "CN=%UserName%"),
            "any purpose": subject(W, "CN=alice", extendedKeyUsages=[ANY_USAGE]),
            "no usage": subject(W, "CN=alice", extendedKeyUsages=[]),
        }.items()
    ),
    case(
        "R-041",
        "warning",
        device_subject(W, "CN=Kiosk"),
        subject(W, "CN=Signing", extendedKeyUsages=[CODE_SIGNING]),
        "not for logging on",
    ),
    *(
        case("R-042", "error", subject(W, 'CN="{{OnPrem_Distinguished_Name}}"'), subject(W, text))
        for text in (
            "CN=\u201c{{OnPrem_Distinguished_Name}}\u201d",
            "CN=\u201e{{OnPrem_Distinguished_Name}}\u201c,O=Contoso",
            "CN=\u00ab{{OnPrem_Distinguished_Name}}\u00bb",
            "CN=\u2018{{OnPrem_Distinguished_Name}}\u2019",
            "CN={{UserName}},O=\uff02Contoso, Ltd.\uff02",
            "CN={{UserName}}, O= \u201dContoso\u201d",
        )
    ),
    *(
        case("R-043", "error", names(W, upn()), names(W, san), san["name"])
        for san in (
            upn("CN={{UserPrincipalName}}"),
            upn("{{UserPrincipalName}}@contoso.com"),
            upn("UPN:{{userprincipalname}}"),
            upn("{{UserPrincipalName}}{{UserPrincipalName}}"),
            upn("CONTOSO\\{{OnPremisesUserPrincipalName}}"),
            email("mailto:{{EmailAddress}}"),
            email("{{EmailAddress}};{{UserName}}@contoso.com"),
        )
    ),
    case(
        "R-032",
        "warning",
        without(subject(W, "CN={{OnPremisesSamAccountName}}"), onPremisesSamAccountName=0),
        without(subject(W, "CN={{OnPremisesSamAccountName}}"), onPremisesSamAccountName=3),
    ),
    case(
        "R-033",
        "warning",
        without(subject(W, "E={{EmailAddress}}"), mail=0, userPrincipalName=0),
        without(subject(W, "E={{EmailAddress}}"), mail=5, userPrincipalName=0),
    ),
    *(
        case(
            "R-033",
            "warning",
            without(subject(W, f"CN={{{{{name}}}}}"), **{attribute: 0}, userPrincipalName=0),
            without(subject(W, f"CN={{{{{name}}}}}"), **{attribute: 2}, userPrincipalName=0),
            name,
        )
        for name, attribute in (
            ("Department", "department"),
            ("department", "department"),
            ("OnPremisesUserPrincipalName", "onPremisesUserPrincipalName"),
            ("GivenName", "givenName"),
            ("SurName", "surname"),
        )
    ),
    case(
        "R-034",
        "warning",
        device_subject(W, "CN={{AAD_Device_ID}}"),
        device_subject(W, "CN={{DeviceId}}"),
    ),
    case(
        "R-035",
        "warning",
        device_subject(W, "CN={{AAD_Device_ID}}"),
        device_subject(W, "CN={{SerialNumber}}"),
    ),
    case("R-036", "warning", device_subject(M, "CN=x"), device_subject(M, "CN={{IMEI}}")),
    *(
        case(
            "R-036",
            "warning",
            lacking(device_subject(platform, text), **{name: 0}),
            lacking(device_subject(platform, text), **{name: 1}),
            f"{platform} {text}",
        )
        for platform, text, name in (
            (IOS, "CN={{IMEI}}", "imei"),
            (IOS, "CN={{imeinumber}}", "imei"),
            (DO, "CN={{Device_IMEI}}", "imei"),
            (DO, "CN=x,OU={{MEID}}", "meid"),
            (AOSP, "CN={{SerialNumber}}", "serialNumber"),
            (IOS, "CN={{Device_Serial}}", "serialNumber"),
            (IOS, "CN={{WiFiMacAddress}}", "wiFiMacAddress"),
            (DO, "CN={{AAD_Device_ID}}", "azureADDeviceId"),
            (IOS, "CN={{AzureADDeviceId}}", "azureADDeviceId"),
        )
    ),
    case(
        "R-036",
        "warning",
        lacking(device_names(IOS, dns("{{IMEI}}.x")), imei=0),
        lacking(device_names(IOS, dns("{{IMEI}}.x")), imei=12),
        "alternative name",
    ),
    case(
        "R-037",
        "error",
        device_names(W, dns("{{DeviceName}}")),
        device_names(IOS, dns("{{FullyQualifiedDomainName}}")),
    ),
    case(
        "R-037",
        "info",
        device(W),
        device_names(W, dns("{{FullyQualifiedDomainName}}")),
        "Windows",
    ),
    case(
        "R-038",
        "error",
        subject(WP, "CN={{AAD_Device_ID}}"),
        subject(WP, "CN={{Device_Serial}}"),
    ),
    case("R-038", "error", scep(FW), names(FW, dns("{{imei}}.contoso.com")), "for work"),
    case(
        "R-039",
        "error",
        subject(AOSP, "CN={{UserPrincipalName}}"),
        subject(AOSP, "CN={{OnPremisesSamAccountName}}"),
    ),
    case(
        "R-040",
        "warning",
        usages(W, EMAIL_USAGE, subjectNameFormatString="CN=x,G={{GivenName}},SN={{SurName}}"),
        usages(W, EMAIL_USAGE),
    ),
]

ALTERNATIVE_NAME = [
    case("R-050", "error", scep(W), names(W, san("uri", "x"))),
    case("R-050", "warning", scep(W), names(W, san("none", "x")), "legacy"),
    case("R-051", "error", names(W, NAC, uri("urn:x")), names(W, *[NAC] * 501)),
    case("R-052", "error", scep(W), names(W, upn(""))),
    case("R-053", "error", scep(DO), names(DO, email("{{UserName}}@contoso.com"))),
    case(
        "R-054",
        "error",
        names(W, dns("{{AzureADDeviceId}}.domain.com")),
        names(W, dns("{{AzureADDeviceId}};domain.com")),
    ),
    case("R-054", "warning", scep(W), subject(W, "CN={{UserName}}|x"), "subject"),
    case("R-054", "error", scep(W), names(W, dns("{{DeviceName}}.x}")), "bracket"),
    case("R-055", "warning", names(W, upn("{{AAD_Device_ID}}@contoso.com")),
         names(W, upn("{{AAD_Device_ID}}"))),
    case("R-056", "warning", names(W, dns("{{DeviceName}}.contoso.com")),
         names(W, dns("{{UserPrincipalName}}"))),
    case("R-056", "warning", names(W, dns("{{DeviceName}}")), names(W, dns("host.")), "symbol"),
    case("R-057", "warning", scep(W), names(W, SID_URI)),
    case("R-058", "warning", names(WP, upn()), names(WP)),
    case("R-059", "warning", names(W, NAC, uri("urn:x")),
         names(W, NAC, uri("IntuneDeviceId://{{deviceid}}"))),
    case(
        "R-060",
        "error",
        planned(names(W, upn(), NAC), names(W, upn(), NAC, SID_URI)),
        planned(names(W, upn(), NAC), names(W, upn(), SID_URI)),
    ),
    case(
        "R-060",
        "error",
        planned(names(W, upn(), NAC), names(W, upn())),
        planned(names(W, upn(), NAC), names(W, NAC, upn(), SID_URI)),
        "order",
    ),
    case("R-061", "warning", scep(W, subjectAlternativeNameType=None),
         scep(W, subjectAlternativeNameType="emailAddress,universalResourceIdentifier")),
    case("R-061", "warning", scep(W), scep(W, subjectAlternativeNameFormatString="x"), "text"),
    case("R-062", "warning", scep(WP), scep(DA)),
    case("R-062", "error", scep(WP), scep(DA, customSubjectAlternativeNames=[SID_URI]), "given"),
]  # fmt: skip

UNMAPPED = names(W, upn())
STRONG_MAPPING = [
    case("R-071", "error", scep(W), names(W, upn(SID))),
    case("R-071", "error", scep(W), subject(W, f"CN={SID}"), "subject"),
    case("R-071", "error", scep(W), scep(W, subjectAlternativeNameFormatString=SID), "legacy"),
    case("R-072", "error", device_names(IOS, NAC), device_names(IOS, SID_URI)),
    case(
        "R-072",
        "info",
        directory(device_names(W, SID_URI), devices=9, hybrid_devices=9),
        device_names(W, SID_URI),
        "Windows",
    ),
    case("R-073", "error", scep(W), names(W, uri(f"tag:microsoft.com,2022-09-14:sid:{SID}"))),
    case("R-073", "error", names(W, uri(SID.lower())), names(W, uri(SID[2:-2])), "bare"),
    case("R-074", "error", names(W, SID_URI), names(W, SID_URI, SID_URI)),
    case("R-075", "warning", scep(W), UNMAPPED),
    case(
        "R-075",
        "error",
        context(scep(W), answers={"R-070": True}),
        context(UNMAPPED, answers={"R-070": True}),
        "confirmed",
    ),
    case("R-075", "warning", usages(W, CODE_SIGNING), names(W, upn(), extendedKeyUsages=[]), "any"),
    case("R-075", "info", scep(WP), names(WP, upn()), "Android"),
    case(
        "R-076",
        "warning",
        directory(device_names(W, SID_URI), hybrid_devices=20),
        directory(device(W), hybrid_devices=20),
    ),
    case("R-076", "warning", directory(device(W), hybrid_devices=0),
         directory(device(W), hybrid_devices=1), "none hybrid"),
    *(
        case("R-076", "info", directory(device(W), hybrid_devices=0), unread, label)
        for label, unread in {
            "directory not read": context(device(W)),
            "scope not counted": directory(device(W)),
            "users counted only": directory(device(W), users=9),
            "smart card logon": device(W, extendedKeyUsages=[SMART_CARD]),
            "any purpose": device(W, extendedKeyUsages=[]),
            "another URI": device_names(W, NAC),
        }.items()
    ),
    case(
        "R-077",
        "warning",
        without(scep(W), onPremisesSecurityIdentifier=0),
        without(scep(W), onPremisesSecurityIdentifier=12),
    ),
    case(
        "R-077",
        "warning",
        directory(device_names(W, SID_URI), devices_without_sid=0),
        directory(device_names(W, SID_URI), devices_without_sid=1),
        "devices",
    ),
    case("R-078", "info", names(WP, upn()), scep(WP)),
    case("R-081", "info", names(W, upn(), extendedKeyUsages=[CODE_SIGNING]),
         names(W, SID_URI, extendedKeyUsages=[CODE_SIGNING])),
    case(
        "R-082",
        "warning",
        planned(UNMAPPED, scep(W), certificates=800, approved=True),
        planned(UNMAPPED, scep(W)),
    ),
    case("R-083", "error", scep(W),
         names(W, uri("tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-500"))),
    case("R-084", "error", PKCS, {**PKCS, "customSubjectAlternativeNames": [SID_URI]}),
    *(
        case(
            "R-087",
            "warning",
            {**PKCS, "extendedKeyUsages": [EMAIL_USAGE]},
            {**PKCS, "@odata.type": f"#microsoft.graph.{kind}PkcsCertificateProfile", **more},
            kind,
        )
        for kind, more in {
            "windows81": {},
            "windows10": {"extendedKeyUsages": [CLIENT]},
            "ios": {"extendedKeyUsages": None},
            "macOS": {"extendedKeyUsages": [ANY_USAGE, EMAIL_USAGE]},
            "androidWorkProfile": {"extendedKeyUsages": "odd"},
            "androidDeviceOwner": {"extendedKeyUsages": [SMART_CARD]},
        }.items()
    ),
    case(
        "R-087",
        "warning",
        context(PKCS, answers={"R-087": True}),
        context(PKCS, answers={"R-087": False}),
        "answered",
    ),
    case("R-087", "warning", {**PKCS, "@odata.type": "#microsoft.graph.iosImportedPFXCertificate"},
         PKCS, "imported PFX"),
    case(
        "R-086",
        "info",
        context(UNMAPPED, tenant=TenantFacts(requires_sid_alignment=False)),
        context(UNMAPPED, tenant=TenantFacts(requires_sid_alignment=True)),
    ),
    case(
        "R-086",
        "info",
        context(scep(W), tenant=TenantFacts(requires_sid_alignment=True)),
        context(UNMAPPED, tenant=TenantFacts(requires_sid_alignment=True)),
        "all re-issued",
    ),
]  # fmt: skip

VALIDITY = [
    case("R-090", "warning", validity(2, "years"), validity(5, "years")),
    case("R-090", "error", validity(24, "months"), validity(25, "months", id=None), "new"),
    case("R-090", "warning", validity(730, "days"), validity(731, "days"), "days"),
    case("R-091", "warning", validity(30, "days"), validity(3, "days")),
    case(
        "R-092",
        "warning",
        below(ROOT_CA, ISSUING_CA),
        linked(scep(W), root_profile(W, ENDING_CA)),
    ),
    *(
        case("R-092", severity, sound, below(ROOT_CA, *others), label)
        for label, severity, sound, others in (
            ("issuing CA", "warning", below(ROOT_CA), [ENDING_ISSUING_CA]),
            (
                "renewed issuing CA",
                "warning",
                below(ROOT_CA, ENDING_ISSUING_CA, ISSUING_CA),
                [ENDING_ISSUING_CA, EXPIRED_ISSUING_CA],
            ),
            (
                "third tier",
                "info",
                below(ROOT_CA, ISSUING_CA, STRANGE_CA),
                [ISSUING_CA, ENDING_THIRD_TIER_CA],
            ),
            (
                "one of two",
                "info",
                below(ROOT_CA, EXPIRED_ISSUING_CA),
                [ISSUING_CA, ENDING_SECOND_CA],
            ),
            (
                "both of two",
                "warning",
                below(ROOT_CA, LEAF),
                [ENDING_ISSUING_CA, ENDING_SECOND_CA, STRANGE_CA],
            ),
        )
    ),
    case(
        "R-092",
        "warning",
        context(
            scep(W),
            root=root_profile(W),
            profiles=[root_profile(W), root_profile(IOS, ENDING_ISSUING_CA, id="other")],
        ),
        below(ROOT_CA, ENDING_ISSUING_CA),
        "another platform",
    ),
    case("R-093", "error", validity(1, "years"), validity(0, "years")),
    case("R-093", "error", validity(1, "years"), validity(1, "Years"), "case"),
    case("R-093", "error", validity(1, "years"), validity("1", "years"), "text"),
    case(
        "R-094",
        "info",
        planned(scep(M), scep(M, description="other")),
        planned(scep(M), validity(6, "months", M)),
    ),
]


def running(platform: str, *versions: str) -> Context:
    wire = scep(platform, keySize="size4096")
    return devices(wire, os_versions=dict.fromkeys(versions, 2))


KEYS = [
    case("R-100", "error", scep(W), scep(IOS, keyStorageProvider="useSoftwareKsp")),
    case("R-100", "error", scep(W), scep(W, keyStorageProvider="useTpm"), "unknown"),
    case("R-101", "warning", scep(W), scep(W, keyStorageProvider=None)),
    case(
        "R-102",
        "info",
        context(scep(W, keyStorageProvider=HELLO), answers={"R-102": True}),
        scep(W, keyStorageProvider=HELLO),
    ),
    case("R-110", "error", scep(W), scep(W, keyUsage="")),
    case("R-110", "error", scep(W, keyUsage="keyEncipherment"), scep(W, keyUsage=None), "null"),
    case("R-110", "error", scep(W), scep(W, keyUsage=["digitalSignature"]), "list"),
    case(
        "R-111",
        "warning",
        planned(scep(W), scep(W, keyUsage="keyEncipherment,digitalSignature")),
        planned(scep(W, keyUsage="digitalSignature"), scep(W)),
    ),
    case("R-112", "error", scep(W), scep(W, keySize="2048")),
    case("R-112", "error", scep(W), scep(W, keySize=2048), "number"),
    case("R-112", "warning", scep(W), scep(W, keySize="size1024"), "1024"),
    case("R-112", "warning", scep(W), scep(W, keySize=None), "null"),
    case(
        "R-112",
        "error",
        urls(W, CLOUD_PKI),
        scep(W, keySize="size1024", scepServerUrls=[CLOUD_PKI]),
        "1024 with Cloud PKI",
    ),
    case(
        "R-113",
        "error",
        scep(W, keySize="size4096", keyStorageProvider="useSoftwareKsp"),
        scep(W, keySize="size4096", keyStorageProvider="useTpmKspOtherwiseFail"),
    ),
    case("R-113", "error", scep(W), scep(W, keySize="size4096"), "TPM if present"),
    case(
        "R-114",
        "error",
        scep(W, keyStorageProvider=HELLO),
        scep(W, keySize="size4096", keyStorageProvider=HELLO),
    ),
    case(
        "R-115",
        "warning",
        running(IOS, "17.2"),
        running(IOS, "13.7"),
    ),
    *(
        case("R-115", "warning", running(platform, *sound), running(platform, *old), label)
        for label, platform, sound, old in (
            ("one among many", IOS, ["14.0", "26.1"], ["26.1", "13.7", "17.0"]),
            ("no device", IOS, [], ["9.3.5"]),
            ("macOS", M, ["11", "15.5"], ["10.15.7"]),
            ("macOS with its build", M, ["14.5 (23F79)"], ["10.14 (18A391)"]),
            ("not told", IOS, ["18"], [""]),
            ("no number", M, ["26.0"], ["unknown"]),
        )
    ),
    case("R-116", "warning", scep(W), scep(W, hashAlgorithm="sha1")),
    case("R-116", "warning", scep(W), scep(W, hashAlgorithm="sha1,sha2"), "both"),
    case("R-116", "warning", scep(DO), scep(DO, hashAlgorithm=None), "null"),
    case("R-117", "info", scep(WP), scep(WP, hashAlgorithm="sha1")),
    case("R-118", "error", scep(IOS), scep(IOS, hashAlgorithm="sha2")),
    case("R-118", "info", scep(M), scep(M, hashAlgorithm="sha2"), "macOS"),
]

TRUSTED_ROOT = [
    case("R-120", "error", linked(scep(W), root_profile(W)), linked(scep(W), None)),
    case(
        "R-121", "error", linked(scep(IOS), root_profile(IOS)), linked(scep(IOS), root_profile(M))
    ),
    case(
        "R-122",
        "warning",
        linked(scep(W), root_profile(W)),
        linked(scep(W), root_profile(W, ISSUING_CA)),
    ),
    case(
        "R-123",
        "error",
        assigned([group(GROUP_A)], [group(GROUP_A)]),
        assigned([group(GROUP_A)], []),
    ),
    case("R-123", "error", assigned([], []), assigned([all_users()], []), "a draft"),
    case(
        "R-123",
        "error",
        assigned([excluded(GROUP_A)], []),
        assigned([group(GROUP_A)], [excluded(GROUP_A)]),
        "exclusions alone",
    ),
    case("R-124", "error", root(W), root(W, LEAF)),
    case("R-124", "error", root(W, ISSUING_CA), root(W, PFX), "PFX"),
    case("R-124", "error", root(W), root(W, EXPIRED_CA), "expired"),
    case("R-124", "error", root(W), root(W, PEM), "PEM"),
    case("R-124", "error", root(W), root(W, "not base64!"), "garbage"),
    case("R-124", "error", root(W), root(W, trustedRootCertificate=7), "number"),
    case("R-125", "warning", root(W), root(W, destinationStore="computerCertStoreIntermediate")),
    case("R-125", "warning", root(W), root(W, ISSUING_CA), "intermediate in the root store"),
    case(
        "R-126",
        "warning",
        root_beside(W, root_profile(W, ISSUING_CA)),
        root_beside(W, root_profile(IOS, ISSUING_CA)),
    ),
    case("R-126", "warning", root_beside(W, targets=[]), root_beside(W), "nobody gets the root"),
    case("R-126", "warning", root_beside(W, certificate=ISSUING_CA), root_beside(IOS), "no root"),
    case(
        "R-126",
        "warning",
        root_beside(WP, root_profile(FW, ISSUING_CA)),
        root_beside(WP, root_profile(DO, ISSUING_CA)),
        "twin platforms",
    ),
    case("R-127", "warning", root(WP), root(DA)),
]

USAGES = [
    case("R-130", "warning", scep(W), usages(W)),
    case("R-130", "info", scep(W), usages(W, EMAIL_USAGE), "another purpose"),
    case("R-131", "error", scep(W), usages(W, {"name": "x", "objectIdentifier": "7.01.4"})),
    case("R-131", "error", scep(W), usages(W, {"name": "x", "objectIdentifier": None}), "null"),
    case("R-132", "warning", scep(W), usages(W, ANY_USAGE)),
    case(
        "R-132",
        "error",
        urls(W, CLOUD_PKI),
        usages(W, ANY_USAGE, scepServerUrls=[CLOUD_PKI]),
        "Cloud PKI",
    ),
    case(
        "R-133",
        "info",
        usages(W, {**CLIENT, "name": "client authentication"}),
        usages(W, {"name": "Client Auth", "objectIdentifier": "1.3.6.1.5.5.7.3.1"}),
    ),
    case("R-134", "info", scep(IOS), usages(IOS, EMAIL_USAGE)),
]

RENEWAL = [
    case("R-140", "error", scep(W), scep(W, renewalThresholdPercentage=0)),
    case("R-140", "error", scep(W), scep(W, renewalThresholdPercentage=100), "100"),
    case("R-140", "error", scep(W), scep(W, renewalThresholdPercentage=None), "null"),
    case("R-140", "error", scep(W), scep(W, renewalThresholdPercentage="20"), "text"),
    case("R-141", "info", scep(W), scep(W, renewalThresholdPercentage=5)),
    case(
        "R-142",
        "warning",
        scep(IOS, renewalThresholdPercentage=50),
        scep(IOS, renewalThresholdPercentage=10),
    ),
    *(
        case("R-144", "warning", devices(wire, expired=0), devices(wire, expired=count), label)
        for label, wire, count in (
            ("iOS user", scep(IOS), 1),
            ("iOS device", device(IOS), 40),
            ("macOS user", scep(M), 3),
            ("macOS device", device(M), 2),
            ("whatever the threshold", scep(IOS, renewalThresholdPercentage=None), 5),
        )
    ),
    case("R-143", "warning", scep(W), validity(10, "days")),
]

URLS = [
    case("R-150", "error", scep(W), urls(W)),
    case("R-151", "error", scep(DO), urls(DO, "http://ndes.contoso.com/x")),
    case("R-152", "warning", scep(W), urls(W, "HTTP://ndes.contoso.com/x")),
    case("R-152", "error", scep(AOSP), urls(AOSP, "http://ndes.contoso.com/x"), "AOSP"),
    case("R-153", "error", urls(W, CLOUD_PKI), urls(W, "ndes.contoso.com/certsrv")),
    case("R-154", "error", urls(W, CLOUD_PKI), urls(W, NDES, CLOUD_PKI)),
    *(
        case("R-153", "error", scep(W), urls(W, text), text)
        for text in (
            "https://https://ndes.contoso.com/x",
            "https://https//ndes.contoso.com/x",
            "https://a.contoso.com/x;https://b.contoso.com/x",
            "https://a.contoso.com/x,https://b.contoso.com/x",
            "https://a.contoso.com/xhttps://b.contoso.com/x",
            "https://a.contoso.com/x https://b.contoso.com/x",
            "HTTPS://HTTP:/ndes.contoso.com",
        )
    ),
    *(
        case("R-159", "error", scep(W), urls(W, text), text)
        for text in (
            "https://ndes.contoso.com/certsrv/mscep_admin",
            "https://ndes.contoso.com/CertSrv/mscep_admin/",
            "https://ndes.contoso.com/certsrv/MSCEP_ADMIN/mscep.dll",
            "https://ndes.contoso.com/certsrv/mscep_admin?x=1",
            "https://ndes-contoso.msappproxy.net/certsrv/mscep_admin",
        )
    ),
    case("R-155", "warning", scep(W), urls(W, "https://ndes01.corp.local/x")),
    case("R-155", "warning", scep(W), urls(W, "https://ndes01/x"), "single label"),
    case("R-155", "warning", scep(W), urls(W, "https://10.1.2.3/x"), "private address"),
    case("R-156", "warning", scep(W), urls(W, NDES, "https://ndes2.contoso.com/x")),
    case(
        "R-156",
        "warning",
        context(urls(W, NDES, "https://ndes2.contoso.com/x"), answers={"R-156": True}),
        context(urls(W, NDES, "https://ndes2.contoso.com/x"), answers={"R-156": False}),
        "affinity",
    ),
    case("R-157", "info", urls(IOS, NDES), urls(IOS, NDES, "https://ndes2.contoso.com/x")),
    case("R-157", "info", urls(IOS, NDES, NDES), urls(IOS, NDES, f"{NDES}?x"), "twice the same"),
    case(
        "R-157",
        "info",
        urls(M, NDES, "https://ndes2.contoso.com/x"),
        urls(IOS, *(f"https://ndes{number}.contoso.com/x" for number in range(5))),
        "five",
    ),
    case(
        "R-157",
        "info",
        urls(IOS),
        context(urls(IOS, NDES, "https://ndes2.contoso.com/x"), answers={"R-156": True}),
        "affinity does not help",
    ),
    case(
        "R-157",
        "info",
        urls(W, NDES, "https://b.contoso.com/x"),
        urls(IOS, NDES, CLOUD_PKI),
        "two PKIs",
    ),
    case("R-158", "warning", urls(W, NDES, f"{NDES}?x"), urls(W, NDES, NDES.replace("n", "N", 1))),
]

SILENT = scep(
    DO,
    certificateAccessType="specificApps",
    silentCertificateAccessDetails=[{"packageId": "com.contoso.vpn"}],
)


def vpn(kind: str) -> Dependant:
    return Dependant("Always On", f"#microsoft.graph.{kind}")


ACCESS = [
    case("R-160", "error", scep(DO), scep(AOSP, certificateAccessType="userApproval")),
    case("R-160", "error", scep(DO), scep(IOS, silentCertificateAccessDetails=[]), "list"),
    case(
        "R-161",
        "error",
        scep(
            DO,
            certificateAccessType="specificApps",
            silentCertificateAccessDetails=[{"packageId": "com.contoso.vpn"}],
        ),
        scep(DO, certificateAccessType="specificApps"),
    ),
    case(
        "R-161",
        "error",
        scep(DO),
        scep(
            DO,
            certificateAccessType="specificApps",
            silentCertificateAccessDetails=[{"packageId": f"a{x}"} for x in range(51)],
        ),
        "51",
    ),
    case(
        "R-162",
        "warning",
        scep(DO),
        scep(DO, silentCertificateAccessDetails=[{"packageId": "com.contoso.vpn"}]),
    ),
    *(
        case("R-163", severity, used_by(wire, WIFI), used_by(wire, WIFI, vpn(kind)), label)
        for label, severity, wire, kind in (
            ("silent", "warning", SILENT, "androidDeviceOwnerVpnConfiguration"),
            ("approval", "info", scep(DO), "androidDeviceOwnerVpnConfiguration"),
            ("personal", "info", scep(WP), "androidWorkProfileVpnConfiguration"),
            ("for work", "info", scep(FW), "androidForWorkVpnConfiguration"),
            ("letter case", "warning", SILENT, "ANDROIDDEVICEOWNERVPNCONFIGURATION"),
            ("device certificate", "info", device(DO), "androidDeviceOwnerVpnConfiguration"),
        )
    ),
]

APPLICABILITY = [
    case("R-170", "warning", scep(IOS, **{OS_EDITION: None}), scep(IOS, **{OS_EDITION: EDITION})),
    case(
        "R-171",
        "error",
        scep(W, **{OS_EDITION: EDITION}),
        scep(W, **{OS_EDITION: {**EDITION, "ruleType": None}}),
    ),
    case(
        "R-171",
        "error",
        scep(W, **{OS_VERSION: {**VERSION, "maxOSVersion": "10.0.22631"}}),
        scep(W, **{OS_VERSION: {**VERSION, "maxOSVersion": "10.0.9999"}}),
        "min > max",
    ),
    case(
        "R-172",
        "warning",
        linked(scep(W, **{OS_EDITION: EDITION}), root_profile(W, **{OS_EDITION: EDITION})),
        linked(scep(W, **{OS_EDITION: EDITION}), root_profile(W)),
    ),
]

ASSIGNMENT = [
    case(
        "R-180",
        "info",
        context(scep(W), assignments=[group(GROUP_A)]),
        context(scep(W), assignments=[]),
    ),
    case("R-180", "info", scep(W, assignments=[all_users()]), scep(W, assignments=[]), "expanded"),
    case(
        "R-181",
        "warning",
        assigned([group(GROUP_A), group(GROUP_B)], [group(GROUP_B), group(GROUP_A.upper())]),
        assigned([group(GROUP_A), group(GROUP_B)], [group(GROUP_A)]),
    ),
    case(
        "R-181",
        "warning",
        assigned([group(GROUP_A)], [all_devices()]),
        assigned([all_devices()], [group(GROUP_A)]),
        "All devices includes every group",
    ),
    case(
        "R-181",
        "warning",
        assigned([all_users(), group(GROUP_A)], [all_devices(), all_users()]),
        assigned([all_devices()], [all_users()]),
        "everybody",
    ),
    case(
        "R-181",
        "warning",
        assigned([group(GROUP_A)], [all_users()]),
        device_assigned([group(GROUP_A)], [all_users()]),
        "All users includes groups of users",
    ),
    case(
        "R-181",
        "warning",
        device_assigned([group(GROUP_A)], [all_users()], groups=GROUPS),
        assigned([group(GROUP_X)], [all_users()], groups=GROUPS),
        "members that were read",
    ),
    case(
        "R-181",
        "warning",
        assigned([filtered(group(GROUP_A), "f")], [filtered(all_devices(), "F")]),
        assigned([group(GROUP_A)], [filtered(all_devices(), "f")]),
        "a filter on the root",
    ),
    case(
        "R-181",
        "warning",
        assigned([group(GROUP_A)], [group(GROUP_A), group(GROUP_B)]),
        assigned([filtered(group(GROUP_A), "f")], [filtered(group(GROUP_A), "f", "exclude")]),
        "a root that goes to more",
    ),
    case(
        "R-182",
        "warning",
        assigned([group(GROUP_A)], [all_users()], groups=GROUPS),
        assigned([group(GROUP_A)], [group(GROUP_X)], groups=GROUPS),
    ),
    case(
        "R-183",
        "info",
        context(scep(W), assignments=[group(GROUP_A)], groups=GROUPS),
        context(scep(W), assignments=[group(GROUP_X)], groups=GROUPS),
    ),
    case("R-183", "info", context(device(W), assignments=[all_devices()]),
         context(scep(W), assignments=[all_devices()]), "all devices"),
    case(
        "R-184",
        "warning",
        assigned([group(GROUP_A), excluded(GROUP_X)], [group(GROUP_A), excluded(GROUP_X)]),
        assigned([group(GROUP_A)], [group(GROUP_A), excluded(GROUP_X)]),
    ),
    case(
        "R-186",
        "warning",
        used_by(
            scep(W),
            Dependant(WIFI.name, WIFI.odata_type, [group(GROUP_A)]),
            assignments=[group(GROUP_A)],
        ),
        used_by(
            scep(W),
            Dependant(WIFI.name, WIFI.odata_type, [group(GROUP_A), group(GROUP_B)]),
            assignments=[group(GROUP_A)],
        ),
    ),
]  # fmt: skip


def _mapping(platform: str) -> tuple[Context, Context]:
    """A harmless change, and the change to strong mapping."""
    before = names(platform, upn())
    return (
        planned(before, {**before, "displayName": "Renamed"}),
        planned(before, names(platform, upn(), SID_URI)),
    )


PLATFORM_FACTS = [
    case("R-190", "info", *_mapping(DO)),
    case("R-191", "warning", *_mapping(AOSP)),
    case("R-193", "info", used_by(scep(AOSP), WIFI), used_by(scep(AOSP), WIFI, VPN)),
    case("R-194", "info", used_by(scep(IOS)), used_by(scep(IOS), WIFI, WIFI, WIFI)),
    case("R-195", "info", *_mapping(W)),
    case("R-196", "info", *_mapping(WP)),
    case("R-197", "info", scep(IOS), scep(IOS, keySize="size1024")),
    case(
        "R-198",
        "info",
        planned(scep(W), scep(W, scepServerUrls=[NDES])),
        planned(scep(W), usages(W, CLIENT, EMAIL_USAGE)),
    ),
    *(
        case(
            "R-199",
            "info",
            context(wire, assignments=sound, groups=GROUPS),
            context(wire, assignments=wrong, groups=GROUPS),
            label,
        )
        for label, wire, sound, wrong in (
            ("user, all devices", scep(W), [all_users()], [all_devices()]),
            ("user, device group", scep(W), [group(GROUP_A)], [group(GROUP_X)]),
            ("user, one of two", scep(W), [], [group(GROUP_A), group(GROUP_X)]),
            ("device, all users", device(W), [all_devices()], [all_users()]),
            ("device, user group", device(W), [group(GROUP_X)], [group(GROUP_A)]),
            (
                "device, an excluded user group is nothing",
                device(W),
                [all_devices(), excluded(GROUP_A)],
                [all_users(), excluded(GROUP_X)],
            ),
        )
    ),
]

CASES = [
    *PROFILE_TYPE,
    *CERTIFICATE_TYPE,
    *SUBJECT,
    *ALTERNATIVE_NAME,
    *STRONG_MAPPING,
    *VALIDITY,
    *KEYS,
    *TRUSTED_ROOT,
    *USAGES,
    *RENEWAL,
    *URLS,
    *ACCESS,
    *APPLICABILITY,
    *ASSIGNMENT,
    *PLATFORM_FACTS,
]

assert parse_profile(scep(W)).to_wire() == scep(W)
