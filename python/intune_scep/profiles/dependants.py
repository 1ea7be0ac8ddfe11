"""The types of profiles that can point at a certificate profile: its dependants (DOMAIN.md 5.3).

Of their own properties nothing is known here, so what Graph sends of one is kept as it came.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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

_SERVER: Final = "rootCertificateForServerValidation"
_SERVERS: Final = "rootCertificatesForServerValidation"
_CLIENT: Final = "rootCertificateForClientValidation"

ROOT_LINKS: Final[Mapping[str, tuple[str, ...]]] = {
    "androidDeviceOwnerEnterpriseWiFiConfiguration": (_SERVER, _SERVERS),
    "androidEnterpriseWiFiConfiguration": (_SERVER,),
    "androidForWorkEnterpriseWiFiConfiguration": (_SERVER,),
    "androidWorkProfileEnterpriseWiFiConfiguration": (_SERVER,),
    "aospDeviceOwnerEnterpriseWiFiConfiguration": (_SERVER,),
    "iosEnterpriseWiFiConfiguration": (_SERVERS,),
    "iosWiredNetworkConfiguration": (_SERVER,),
    "macOSEnterpriseWiFiConfiguration": (_SERVER, _SERVERS),
    "macOSWiredNetworkConfiguration": (_SERVER,),
    "windowsWifiEnterpriseEAPConfiguration": (_CLIENT, _SERVERS),
    "windowsWiredNetworkConfiguration": (
        _CLIENT,
        _SERVERS,
        "secondaryRootCertificateForClientValidation",
    ),
}
"""Type name without prefix -> its navigation properties that lead to trusted roots."""

COLLECTIONS: Final = frozenset({_SERVERS})
"""The navigation properties that lead to any number of profiles."""

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


def links_of(odata_type: str) -> tuple[str, ...]:
    """Every navigation property of a dependant's type that leads to a certificate or root."""
    name = name_of_dependant(odata_type) or ""
    return (*CERTIFICATE_LINKS.get(name, ()), *ROOT_LINKS.get(name, ()))


_MASKS: Final = frozenset("*\u2022\u25cf")
_IS_SET: Final = "IsSet"
_NEEDED: Final = {
    # By the value of another property: the secret that is then in use.
    ("authenticationMethod", "sharedsecret"): "sharedSecret",
    ("wiFiSecurityType", "wpapersonal"): "preSharedKey",
    ("wiFiSecurityType", "wpa2personal"): "preSharedKey",
    ("wiFiSecurityType", "wep"): "preSharedKey",
}


def hidden_secrets(wire: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the secrets that a dependant has and that are not in what Graph sent of it.

    No source says which ones Graph returns (ROLLOUT.md 8), so it is told by the object: one that is
    said to be set and is not there, is masked or stands elsewhere, or is needed and missing.
    """
    return tuple(sorted(set(_hidden(wire, ""))))


def _hidden(value: Any, place: str) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _hidden(item, place)
    if not isinstance(value, Mapping):
        return
    for name, held in value.items():
        here = f"{place}.{name}" if place else name
        beside = name.removesuffix(_IS_SET)
        if beside != name and held is True and not value.get(beside):
            yield here.removesuffix(_IS_SET)
        if isinstance(held, str) and held and set(held) <= _MASKS:
            yield here
        if (name == "isEncrypted" and held is True) or (name == "secretReferenceValueId" and held):
            yield f"{place or name}"
        needed = _NEEDED.get((name, held.lower())) if isinstance(held, str) else None
        if needed and not value.get(needed):
            yield f"{place}.{needed}" if place else needed
        yield from _hidden(held, here)


def is_apple_dependant(odata_type: str) -> bool:
    """Whether a dependant is for iOS or macOS, where installing it enrols anew (ROLLOUT.md 5)."""
    return (name_of_dependant(odata_type) or "").lower().startswith(_APPLE)
