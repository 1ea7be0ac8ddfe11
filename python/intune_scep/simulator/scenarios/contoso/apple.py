"""SCEP profiles for iOS, iPadOS and macOS."""

from functools import partial

from intune_scep.simulator.scenarios.contoso.form import CLOUD_PKI, device_scep, scep
from intune_scep.simulator.scenarios.contoso.targets import all_devices, include
from intune_scep.simulator.scenarios.wire import SID_URI, SID_VARIABLE, dns, email, upn, uri

_ios = partial(scep, "ios")
_ios_device = partial(device_scep, "ios")
_mac = partial(scep, "macos", root="user")
_mac_device = partial(device_scep, "macos")

IOS = (
    _ios("iOS - SCEP - User - Corporate Wi-Fi", include("All Staff"), sans=[upn()]),
    _ios(
        "iOS - SCEP - User - Per-app VPN", include("Sales Field Force"), include("Executives"),
        sans=[upn(), email()],
    ),
    _ios("iOS - SCEP - User - Kerberos single sign-on", include("Staff Munich"), sans=[upn()]),
    _ios(
        "iOS - SCEP - User - Exchange mail", include("All Staff"),
        sans=[email(), upn()], usages=["Client Authentication", "Secure Email"],
    ),
    _ios(
        "iOS - SCEP - User - Zero trust (Cloud PKI)", include("All Staff"), root="cloud",
        urls=CLOUD_PKI, sans=[upn(), SID_URI],
    ),
    _ios(
        "iOS - SCEP - User - Executives", include("Executives"),
        sans=[uri("IntuneDeviceId://{{DeviceId}}"), SID_URI, upn()],
    ),
    _ios(
        "iOS - SCEP - User - S/MIME signing", include("All Staff"), sans=[email()],
        usages=["Secure Email"], keyUsage="digitalSignature",
    ),
    _ios(
        "iOS - SCEP - User - Mail 2018", include("Staff Vienna"),
        subjectAlternativeNameType="emailAddress", subjectNameFormat="commonName",
        subjectNameFormatString=None,
    ),
    _ios_device(
        "iOS - SCEP - Device - Shared iPads", include("Shared iPads", only_if="iOS - supervised"),
        sans=[dns("{{DeviceName}}.contoso.com")],
    ),
    _ios_device(
        "iOS - SCEP - Device - Warehouse iPads", include("Shared iPads"), sans=[SID_URI],
    ),
)  # fmt: skip

MACOS = (
    _mac("macOS - SCEP - User - Corporate Wi-Fi", include("All Staff"), sans=[upn()]),
    _mac("macOS - SCEP - User - Wired 802.1X", include("Staff Munich"), sans=[upn()]),
    _mac(
        "macOS - SCEP - User - Kerberos SSO extension", include("Staff Munich"),
        sans=[upn()], usages=["Client Authentication", "Smart Card Logon"],
    ),
    _mac(
        "macOS - SCEP - User - GlobalProtect", include("VPN Users"),
        sans=[upn(), uri("IntuneDeviceId://{{DeviceId}}")], allowAllAppsAccess=True,
        usages=["Any Purpose", "Client Authentication", "Secure Email"],
    ),
    _mac("macOS - SCEP - User - Design team", include("Design Team"), sans=[upn(), SID_URI]),
    _mac(
        "macOS - SCEP - User - Notarisation", include("Build Team"), sans=[email()],
        usages=["Code Signing"], keyUsage="digitalSignature",
    ),
    _mac(
        "macOS - SCEP - User - S/MIME signing", include("All Staff"), sans=[email()],
        usages=["Secure Email"], keyUsage="digitalSignature",
    ),
    _mac_device(
        "macOS - SCEP - Device - Wired 802.1X",
        all_devices(only_if="macOS - corporate owned"), sans=[dns("{{DeviceName}}")],
        keySize="size4096",
    ),
    _mac_device(
        "macOS - SCEP - Device - Jamf successor", include("Corporate Macs"),
        sans=[dns("{{DeviceName}}"), uri(SID_VARIABLE)],
    ),
)  # fmt: skip

PROFILES = (*IOS, *MACOS)
