"""SCEP profiles for Android in each way it can be managed."""

from functools import partial

from intune_scep.simulator.scenarios.contoso.form import TWO_NDES, device_scep, scep
from intune_scep.simulator.scenarios.contoso.targets import all_devices, all_users, include
from intune_scep.simulator.scenarios.wire import SID_URI, SID_VARIABLE, dns, email, upn, uri

_corporate = partial(scep, "android_device_owner")
_personal = partial(scep, "android_work_profile")
_for_work = partial(scep, "android_for_work")
_aosp = partial(scep, "android_aosp")
_administrator = partial(scep, "android_device_administrator")

CORPORATE = (
    _corporate(
        "Android COBO - SCEP - User - Corporate Wi-Fi",
        include("All Staff", only_if="Android - fully managed"), sans=[upn()], urls=TWO_NDES,
    ),
    _corporate(
        "Android COPE - SCEP - User - VPN", include("Sales Field Force"), sans=[upn(), email()],
        certificateAccessType="specificApps",
        silentCertificateAccessDetails=[{"packageId": "com.microsoft.scmx"}],
    ),
    _corporate(
        "Android COBO - SCEP - User - Sales tablets", include("Sales Field Force"),
        sans=[upn(), SID_URI],
    ),
    _corporate(
        "Android COBO - SCEP - User - S/MIME signing", all_users(), sans=[email()],
        usages=["Secure Email"], keyUsage="digitalSignature",
    ),
    _corporate(
        "Android COPE - SCEP - User - Field service", include("Sales Field Force"),
        sans=[upn(), dns(SID_VARIABLE)],
    ),
    device_scep(
        "android_device_owner", "Android dedicated - SCEP - Device - Scanner Wi-Fi",
        include("Warehouse Scanners"), sans=[dns("{{DeviceName}}.scan.contoso.com")],
    ),
)  # fmt: skip

PERSONAL = (
    _personal(
        "Android BYOD - SCEP - User - Corporate Wi-Fi", include("BYOD Phones"), sans=[upn()],
    ),
    _personal(
        "Android BYOD - SCEP - User - Tunnel VPN", include("BYOD Phones"),
        sans=[upn(), uri("IntuneDeviceId://{{DeviceId}}")], certificateValidityPeriodScale="months",
        certificateValidityPeriodValue=9,
    ),
    _personal(
        "Android BYOD - SCEP - User - Pilot", include("PKI Pilot"), sans=[upn(), SID_URI],
    ),
    device_scep(
        "android_work_profile", "Android BYOD - SCEP - Device - Compliance Wi-Fi",
        all_devices(), sans=[dns("{{AAD_Device_ID}}")],
    ),
    _for_work(
        "Android for Work - SCEP - User - Wi-Fi (2018)", include("BYOD Phones"), sans=[upn()],
    ),
    _for_work("Android for Work - SCEP - User - Mail (2018)", sans=[email(), upn()]),
)  # fmt: skip

AOSP = (
    _aosp(
        "AOSP - SCEP - User - RealWear headsets", include("Staff Leipzig Plant"), sans=[upn()],
        subject="CN={{UserPrincipalName}}", roleScopeTagIds=["3"],
    ),
    _aosp(
        "AOSP - SCEP - User - Training goggles", include("AOSP Devices"), sans=[upn()],
        subject="CN={{UserPrincipalName}}",
    ),
    device_scep(
        "android_aosp", "AOSP - SCEP - Device - Meeting room consoles", include("AOSP Devices"),
        sans=[dns("{{DeviceName}}.rooms.contoso.com")],
    ),
)  # fmt: skip

DEVICE_ADMINISTRATOR = (
    _administrator("Android DA - SCEP - Wi-Fi", include("Warehouse Scanners")),
    _administrator("Android DA - SCEP - VPN", subjectAlternativeNameType="none"),
    _administrator(
        "Android DA - SCEP - Mail", subjectAlternativeNameType="emailAddress,userPrincipalName",
        usages=["Client Authentication", "Secure Email"],
    ),
)  # fmt: skip

PROFILES = (*CORPORATE, *PERSONAL, *AOSP, *DEVICE_ADMINISTRATOR)
