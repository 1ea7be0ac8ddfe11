"""Which profiles use the certificates of which SCEP profiles (DOMAIN.md 5.3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from intune_scep.errors import GraphTransportError, IntuneScepError
from intune_scep.graph.batch import read_batch
from intune_scep.graph.session import checked_id
from intune_scep.tenant.profiles import CONFIGURATIONS
from intune_scep.tenant.tenant import Tenant

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


class Use(StrEnum):
    """What a dependant does with a certificate."""

    WI_FI = "wi_fi"
    VPN = "vpn"
    WIRED = "wired"
    MAIL = "mail"
    SINGLE_SIGN_ON = "single_sign_on"
    OTHER = "other"


USE_WORDS: Final[Mapping[Use, str]] = {
    Use.WI_FI: "Wi-Fi",
    Use.VPN: "VPN",
    Use.WIRED: "wired network",
    Use.MAIL: "mail",
    Use.SINGLE_SIGN_ON: "single sign-on",
    Use.OTHER: "other",
}
"""What each is called, for people."""

# What the names of their types have in them, in lower case; DOMAIN.md 5.3 lists the types.
_IN_NAMES: Final = {
    "wifi": Use.WI_FI,
    "vpn": Use.VPN,
    "wired": Use.WIRED,
    "eas": Use.MAIL,
    "email": Use.MAIL,
    "devicefeatures": Use.SINGLE_SIGN_ON,
}


def use_of(odata_type: str) -> Use:
    """What a profile of a type uses a certificate for."""
    name = odata_type.rsplit(".", 1)[-1].lower()
    return next((use for part, use in _IN_NAMES.items() if part in name), Use.OTHER)


_TYPES: Final = {name.lower(): name for name in CERTIFICATE_LINKS}


@dataclass(frozen=True)
class UsedBy:
    """A profile that uses the certificates of another one.

    Attributes:
        odata_type: With prefix, as it came.
        assignments: Wire objects.
    """

    id: str
    name: str
    odata_type: str
    assignments: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class DependantLinks:
    """Who uses which SCEP profile.

    Attributes:
        by_profile: SCEP profile id to the profiles that use it, in the order of the listing.
        failures: (profile name, error) of every link that could not be read.
    """

    by_profile: Mapping[str, tuple[UsedBy, ...]] = field(default_factory=dict)
    failures: tuple[tuple[str, IntuneScepError], ...] = ()


async def read_dependants(
    tenant: Tenant, configurations: Iterable[Mapping[str, Any]]
) -> DependantLinks:
    """Follow the certificate links of Wi-Fi, VPN, wired, mail and single sign-on profiles.

    The links are no part of a plain GET, so each is read through the cast to its type, 20 a
    request.

    Args:
        configurations: Wire objects of a listing with assignments; other types are passed over.

    Raises:
        GraphError, GraphTransportError: a whole request failed for good.
    """
    questions = [
        (configuration, name, link)
        for configuration in configurations
        if (name := _type_name(configuration))
        for link in CERTIFICATE_LINKS[name]
    ]
    paths = [
        f"{CONFIGURATIONS}/{checked_id(str(configuration.get('id') or ''))}"
        f"/microsoft.graph.{name}/{link}"
        for configuration, name, link in questions
    ]
    found: dict[str, dict[str, UsedBy]] = {}
    failures: list[tuple[str, IntuneScepError]] = []
    for (configuration, _, _), answer in zip(
        questions, await read_batch(tenant.session, paths), strict=True
    ):
        user = _used_by(configuration)
        if answer.not_found:
            continue
        if answer.error is not None:
            failures.append((user.name, answer.error))
        elif isinstance(answer.body, dict) and isinstance(answer.body.get("id"), str):
            found.setdefault(answer.body["id"], {})[user.id] = user
        else:
            failures.append((user.name, _no_profile(answer.path)))
    by_profile = {identifier: tuple(users.values()) for identifier, users in found.items()}
    return DependantLinks(by_profile, tuple(failures))


def _no_profile(path: str) -> GraphTransportError:
    return GraphTransportError(
        f"The answer to GET {path} is not a certificate profile.", hides_commit=False
    )


def has_certificate_links(odata_type: str) -> bool:
    """Whether profiles of a type may point at a certificate profile."""
    return odata_type.lower().removeprefix(_PREFIX) in _TYPES


def _type_name(configuration: Mapping[str, Any]) -> str | None:
    odata_type = str(configuration.get("@odata.type") or "").lower()
    return _TYPES.get(odata_type.removeprefix(_PREFIX))


def _used_by(configuration: Mapping[str, Any]) -> UsedBy:
    return UsedBy(
        id=str(configuration.get("id")),
        name=str(configuration.get("displayName") or configuration.get("id")),
        odata_type=str(configuration.get("@odata.type")),
        assignments=tuple(configuration.get("assignments") or ()),
    )
