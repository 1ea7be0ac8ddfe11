"""The types of profiles that can point at a certificate profile: its dependants (DOMAIN.md 5.3).

Of their own properties nothing is known here, so what Graph sends of one is kept as it came.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from intune_scep.profiles.registry import require_profile_type

_PREFIX: Final = "#microsoft.graph."
_LOGON: Final = "identityCertificateForClientAuthentication"
_IDENTITY: Final = "identityCertificate"
_SIGNING: Final = "smimeSigningCertificate"
_ENCRYPTION: Final = "smimeEncryptionCertificate"
_SINGLE_SIGN_ON: Final = "singleSignOnExtensionPkinitCertificate"

CERTIFICATE_LINKS: Final[Mapping[str, tuple[str, ...]]] = {
    "androidDeviceOwnerEnterpriseWiFiConfiguration": (_LOGON,),
    "androidDeviceOwnerVpnConfiguration": (_IDENTITY,),
    "androidEasEmailProfileConfiguration": (_IDENTITY, _SIGNING),
    "androidEnterpriseWiFiConfiguration": (_LOGON,),
    "androidForWorkEnterpriseWiFiConfiguration": (_LOGON,),
    "androidForWorkGmailEasConfiguration": (_IDENTITY,),
    "androidForWorkNineWorkEasConfiguration": (_IDENTITY,),
    "androidForWorkVpnConfiguration": (_IDENTITY,),
    "androidVpnConfiguration": (_IDENTITY,),
    "androidWorkProfileEnterpriseWiFiConfiguration": (_LOGON,),
    "androidWorkProfileGmailEasConfiguration": (_IDENTITY,),
    "androidWorkProfileNineWorkEasConfiguration": (_IDENTITY,),
    "androidWorkProfileVpnConfiguration": (_IDENTITY,),
    "aospDeviceOwnerEnterpriseWiFiConfiguration": (_LOGON,),
    "iosDeviceFeaturesConfiguration": (_LOGON, _SINGLE_SIGN_ON),
    "iosEasEmailProfileConfiguration": (_IDENTITY, _SIGNING, _ENCRYPTION),
    "iosEnterpriseWiFiConfiguration": (_LOGON,),
    "iosVpnConfiguration": (_IDENTITY,),
    "iosikEv2VpnConfiguration": (_IDENTITY,),
    "iosWiredNetworkConfiguration": (_LOGON,),
    "macOSDeviceFeaturesConfiguration": (_SINGLE_SIGN_ON,),
    "macOSEnterpriseWiFiConfiguration": (_LOGON,),
    "macOSVpnConfiguration": (_IDENTITY,),
    "macOSWiredNetworkConfiguration": (_LOGON,),
    "windows10VpnConfiguration": (_IDENTITY,),
    "windowsPhone81VpnConfiguration": (_IDENTITY,),
    "windowsWifiEnterpriseEAPConfiguration": (_LOGON,),
    "windowsWiredNetworkConfiguration": (
        _LOGON,
        "secondaryIdentityCertificateForClientAuthentication",
    ),
}
"""Type name without prefix -> its navigation properties that lead to a certificate profile."""

_TYPES: Final = {name.lower(): name for name in CERTIFICATE_LINKS}
_APPLE: Final = ("ios", "macos")


def name_of_dependant(odata_type: Any) -> str | None:
    """Graph's name of a dependant's type, without prefix; None for every other type."""
    return _TYPES.get(str(odata_type or "").lower().removeprefix(_PREFIX))


def require_written_type(odata_type: Any) -> None:
    """Refuse a type that no run writes: neither a certificate profile nor a dependant of one.

    Raises:
        UnknownProfileTypeError: it is neither.
    """
    if name_of_dependant(odata_type) is None:
        require_profile_type(odata_type)


def is_apple_dependant(odata_type: str) -> bool:
    """Whether a dependant is for iOS or macOS, where installing it enrols anew (ROLLOUT.md 5)."""
    return (name_of_dependant(odata_type) or "").lower().startswith(_APPLE)
