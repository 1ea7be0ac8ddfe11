"""Profiles that use certificates (Wi-Fi, VPN, wired, mail, single sign-on), and PKCS profiles."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from intune_scep.simulator.scenario import NavigationLink, Wire
from intune_scep.simulator.scenarios.contoso.roots import root_id
from intune_scep.simulator.scenarios.contoso.targets import (
    all_devices,
    all_users,
    exclude,
    include,
)
from intune_scep.simulator.scenarios.wire import (
    EXTENDED_KEY_USAGES,
    SCEP_TYPES,
    Placed,
    email,
    history,
    stable_id,
    upn,
)

_IDENTITY = "identityCertificateForClientAuthentication"
_SERVER_ROOTS = "rootCertificatesForServerValidation"
_SERVER_ROOT = "rootCertificateForServerValidation"


@dataclass(frozen=True)
class Dependant:
    """A profile and the certificates it uses.

    Args:
        placed: The profile and its targets.
        certificates: Navigation property -> (platform, name) of the SCEP profile.
        roots: Navigation property -> (platform, short name) of the trusted root.
    """

    placed: Placed
    certificates: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    roots: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def links(self) -> tuple[NavigationLink, ...]:
        """The references, one by one."""
        scep = {
            navigation: stable_id(SCEP_TYPES[platform], name)
            for navigation, (platform, name) in self.certificates.items()
        }
        roots = {navigation: root_id(*root) or "" for navigation, root in self.roots.items()}
        return tuple(
            NavigationLink(self.placed.id, navigation, target)
            for navigation, target in (scep | roots).items()
        )


def _profile(type_name: str, name: str, *targets: Wire, **properties: Any) -> Placed:
    profile_id = stable_id(type_name, name)
    wire = {
        "@odata.type": f"#microsoft.graph.{type_name}",
        "id": profile_id,
        "displayName": name,
        "roleScopeTagIds": ["0"],
        **history(profile_id),
        **properties,
    }
    return Placed(wire, targets=targets)


_EAP_TLS: Mapping[str, Any] = {
    "authenticationMethod": "certificate",
    "eapType": "eapTls",
    "trustedServerCertificateNames": ["nps01.corp.contoso.com", "nps02.corp.contoso.com"],
}
_CORPORATE_SSID: Mapping[str, Any] = {
    "networkName": "Contoso Corporate",
    "ssid": "contoso-corp",
    "connectAutomatically": True,
}

DEPENDANTS = (
    Dependant(
        _profile(
            "windowsWifiEnterpriseEAPConfiguration", "Windows - Wi-Fi - contoso-corp",
            include("All Staff"), **_EAP_TLS, **_CORPORATE_SSID,
            wifiSecurityType="wpa2Enterprise", authenticationType="user",
        ),
        {_IDENTITY: ("windows", "Windows - SCEP - User - Corporate Wi-Fi")},
        {_SERVER_ROOTS: ("windows", "main")},
    ),
    Dependant(
        _profile(
            "windowsWifiEnterpriseEAPConfiguration", "Windows - Wi-Fi - contoso-machine",
            include("Windows Hybrid Joined"), **_EAP_TLS,
            networkName="Contoso Machine", ssid="contoso-machine",
            wifiSecurityType="wpa2Enterprise", authenticationType="machine",
        ),
        {_IDENTITY: ("windows", "Windows - SCEP - Device - Wi-Fi before logon")},
        {_SERVER_ROOTS: ("windows", "main")},
    ),
    Dependant(
        _profile(
            "windows10VpnConfiguration", "Windows - VPN - Always On", include("VPN Users"),
            exclude("VPN Exceptions"), connectionName="Contoso Always On",
            connectionType="ikEv2", authenticationMethod="certificate", enableAlwaysOn=True,
        ),
        {"identityCertificate": ("windows", "Windows - SCEP - User - Always On VPN")},
    ),
    Dependant(
        _profile(
            "windows10VpnConfiguration", "Windows - VPN - Device tunnel",
            include("Windows Hybrid Joined"), connectionName="Contoso Device Tunnel",
            connectionType="ikEv2", authenticationMethod="certificate", enableDeviceTunnel=True,
        ),
        {
            "identityCertificate": (
                "windows", "Windows - SCEP - Device - Always On VPN device tunnel",
            )
        },
    ),
    Dependant(
        _profile(
            "windowsWiredNetworkConfiguration", "Windows - Wired - Munich docking stations",
            include("Staff Munich"), **_EAP_TLS, authenticationType="user",
        ),
        {
            _IDENTITY: ("windows", "Windows - SCEP - User - Wired 802.1X"),
            "secondaryIdentityCertificateForClientAuthentication": (
                "windows", "Windows - SCEP - User - Head office docking",
            ),
        },
        {_SERVER_ROOTS: ("windows", "main")},
    ),
    Dependant(
        _profile(
            "iosEnterpriseWiFiConfiguration", "iOS - Wi-Fi - contoso-corp", include("All Staff"),
            **_EAP_TLS, **_CORPORATE_SSID, wiFiSecurityType="wpa2Enterprise",
        ),
        {_IDENTITY: ("ios", "iOS - SCEP - User - Corporate Wi-Fi")},
        {_SERVER_ROOTS: ("ios", "main")},
    ),
    Dependant(
        _profile(
            "iosVpnConfiguration", "iOS - VPN - Per-app", include("Sales Field Force"),
            include("Executives"), connectionName="Contoso per-app",
            connectionType="ciscoAnyConnectV2", authenticationMethod="certificate",
            enablePerApp=True,
        ),
        {"identityCertificate": ("ios", "iOS - SCEP - User - Per-app VPN")},
    ),
    Dependant(
        _profile(
            "iosDeviceFeaturesConfiguration", "iOS - Kerberos single sign-on extension",
            include("Staff Munich"),
        ),
        {
            "singleSignOnExtensionPkinitCertificate": (
                "ios", "iOS - SCEP - User - Kerberos single sign-on",
            )
        },
    ),
    Dependant(
        _profile(
            "iosEasEmailProfileConfiguration", "iOS - Mail - Exchange", include("All Staff"),
            hostName="mail.contoso.com", accountName="Contoso", authenticationMethod="certificate",
            requireSmime=True,
        ),
        {
            "identityCertificate": ("ios", "iOS - SCEP - User - Exchange mail"),
            "smimeSigningCertificate": ("ios", "iOS - SCEP - User - S/MIME signing"),
        },
    ),
    Dependant(
        _profile(
            "macOSEnterpriseWiFiConfiguration", "macOS - Wi-Fi - contoso-corp",
            include("All Staff"), **_EAP_TLS, **_CORPORATE_SSID,
            wiFiSecurityType="wpa2Enterprise", deploymentChannel="userChannel",
        ),
        {_IDENTITY: ("macos", "macOS - SCEP - User - Corporate Wi-Fi")},
        {_SERVER_ROOT: ("macos", "user")},
    ),
    Dependant(
        _profile(
            "macOSWiredNetworkConfiguration", "macOS - Wired - Munich", include("Staff Munich"),
            **_EAP_TLS, networkInterface="anyEthernet", networkName="Munich",
            deploymentChannel="userChannel",
        ),
        {_IDENTITY: ("macos", "macOS - SCEP - User - Wired 802.1X")},
        {_SERVER_ROOT: ("macos", "user")},
    ),
    Dependant(
        _profile(
            "macOSDeviceFeaturesConfiguration", "macOS - Kerberos single sign-on extension",
            include("Staff Munich"),
        ),
        {
            "singleSignOnExtensionPkinitCertificate": (
                "macos", "macOS - SCEP - User - Kerberos SSO extension",
            )
        },
    ),
    Dependant(
        _profile(
            "androidDeviceOwnerEnterpriseWiFiConfiguration", "Android COBO - Wi-Fi - contoso-corp",
            include("All Staff"), **_EAP_TLS, **_CORPORATE_SSID, wiFiSecurityType="wpaEnterprise",
        ),
        {_IDENTITY: ("android_device_owner", "Android COBO - SCEP - User - Corporate Wi-Fi")},
        {_SERVER_ROOT: ("android_device_owner", "main")},
    ),
    Dependant(
        _profile(
            "androidDeviceOwnerVpnConfiguration", "Android COPE - VPN",
            include("Sales Field Force"),
            connectionName="Contoso", connectionType="microsoftTunnel",
            authenticationMethod="certificate", alwaysOn=True,
        ),
        {"identityCertificate": ("android_device_owner", "Android COPE - SCEP - User - VPN")},
    ),
    Dependant(
        _profile(
            "androidWorkProfileEnterpriseWiFiConfiguration", "Android BYOD - Wi-Fi - contoso-corp",
            include("BYOD Phones"), **_EAP_TLS, **_CORPORATE_SSID, wiFiSecurityType="wpaEnterprise",
        ),
        {_IDENTITY: ("android_work_profile", "Android BYOD - SCEP - User - Corporate Wi-Fi")},
        {_SERVER_ROOT: ("android_work_profile", "main")},
    ),
    Dependant(
        _profile(
            "aospDeviceOwnerEnterpriseWiFiConfiguration", "AOSP - Wi-Fi - contoso-rooms",
            include("AOSP Devices"), **_EAP_TLS, networkName="Contoso Rooms",
            ssid="contoso-rooms", wiFiSecurityType="wpaEnterprise",
        ),
        {_IDENTITY: ("android_aosp", "AOSP - SCEP - Device - Meeting room consoles")},
        {_SERVER_ROOT: ("android_aosp", "main")},
    ),
)  # fmt: skip

_PKCS: Mapping[str, Any] = {
    "renewalThresholdPercentage": 20,
    "certificateValidityPeriodScale": "years",
    "certificateValidityPeriodValue": 1,
    "certificateStore": "user",
    "certificationAuthority": "ca01.corp.contoso.com",
    "certificationAuthorityName": "Contoso Issuing CA 2",
    "certificateTemplateName": "ContosoIntuneUser",
    "subjectNameFormat": "custom",
    "subjectNameFormatString": "CN={{UserName}},E={{EmailAddress}}",
    "customSubjectAlternativeNames": [upn(), email()],
}
_CLIENT_AUTHENTICATION = [
    {
        "name": "Client Authentication",
        "objectIdentifier": EXTENDED_KEY_USAGES["Client Authentication"],
    }
]

PKCS = (
    _profile(
        "windows10PkcsCertificateProfile", "Windows - PKCS - User - Wi-Fi fallback",
        include("Staff Vienna"), **_PKCS, extendedKeyUsages=_CLIENT_AUTHENTICATION,
        keyStorageProvider="useTpmKspOtherwiseUseSoftwareKsp",
    ),
    _profile(
        "windows10PkcsCertificateProfile", "Windows - PKCS - User - S/MIME archive", all_users(),
        **_PKCS, keyStorageProvider="useSoftwareKsp",
    ),
    _profile("iosPkcsCertificateProfile", "iOS - PKCS - User - Mail", all_users(), **_PKCS),
    _profile(
        "macOSPkcsCertificateProfile", "macOS - PKCS - User - Wi-Fi fallback", all_devices(),
        **_PKCS, deploymentChannel="userChannel",
    ),
    _profile(
        "androidWorkProfilePkcsCertificateProfile", "Android BYOD - PKCS - User - Mail",
        include("BYOD Phones"), **_PKCS, extendedKeyUsages=_CLIENT_AUTHENTICATION,
    ),
    _profile(
        "androidDeviceOwnerPkcsCertificateProfile", "Android COBO - PKCS - User - Mail",
        include("Sales Field Force"), **_PKCS, extendedKeyUsages=_CLIENT_AUTHENTICATION,
    ),
)  # fmt: skip
