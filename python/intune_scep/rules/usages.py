"""Rules about the extended key usages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from intune_scep.memory import remembered
from intune_scep.profiles.vocabulary import PLATFORM_NAMES
from intune_scep.rules.model import Complaint, Severity
from intune_scep.rules.platforms import APPLE
from intune_scep.rules.registry import (
    ADMIN_CENTER,
    CLOUD_PKI_PAGE,
    SCEPMAN,
    TOOL_RULE,
    page,
    rule,
)
from intune_scep.rules.said import of_settings, of_wording
from intune_scep.rules.settings import Settings
from intune_scep.rules.wording import ANY_PURPOSE, CLIENT_AUTHENTICATION, Wording

_USAGES: Final = "extendedKeyUsages"
_AUTHENTICATING: Final = ANY_PURPOSE | {CLIENT_AUTHENTICATION}
_OID: Final = re.compile(r"(?:[01]\.(?:[0-9]|[1-3][0-9])|2\.(?:0|[1-9]\d*))(?:\.(?:0|[1-9]\d*))*")
_NAMES: Final = {
    "1.3.6.1.5.5.7.3.1": ("Server Authentication",),
    CLIENT_AUTHENTICATION: ("Client Authentication",),
    "1.3.6.1.5.5.7.3.3": ("Code Signing",),
    "1.3.6.1.5.5.7.3.4": ("Secure Email", "Email Protection", "E-mail Protection"),
    "1.3.6.1.4.1.311.20.2.2": ("Smart Card Logon", "Smartcard Logon"),
    "2.5.29.37.0": ("Any Purpose",),
    "1.3.6.1.4.1.311.10.12.1": ("Any App Policy", "All Application Policies"),
}


@rule(
    "R-130",
    Severity.WARNING,
    "No client authentication",
    remedy=f"Add Client Authentication ({CLIENT_AUTHENTICATION}), unless the certificate has"
    " another purpose.",
    source=page("step 7, Extended key usage"),
    property=_USAGES,
)
@of_wording
def check_client_authentication(wording: Wording) -> Iterator[Complaint]:
    """Most certificates are there to authenticate a user or device to a server, which needs client
    authentication. Where other purposes are named instead, this is an information."""
    usages = wording.usages
    if not usages:
        yield Complaint("There is no extended key usage.")
    elif _AUTHENTICATING.isdisjoint(usages):
        yield Complaint("Client Authentication is not among the usages.", Severity.INFO)


@rule(
    "R-131",
    Severity.ERROR,
    "Malformed object identifier",
    remedy="Write numbers separated by dots, for example 1.3.6.1.5.5.7.3.2.",
    source=TOOL_RULE,
    property=_USAGES,
)
@of_settings
def check_object_identifiers(settings: Settings) -> Iterator[Complaint]:
    """An object identifier starts with 0, 1 or 2, has at least two numbers, and no number has a
    leading zero. A CA refuses a request with a broken one."""
    for usage in settings.profile.extended_key_usages or ():
        identifier = usage.object_identifier or ""
        if not _is_identifier(identifier):
            yield Complaint(f"{identifier!r} ({usage.name or 'unnamed'}) is no object identifier.")


@remembered
def _is_identifier(text: str) -> bool:
    return _OID.fullmatch(text) is not None


@rule(
    "R-132",
    Severity.WARNING,
    "Any purpose",
    remedy="Name the purposes that are needed.",
    source=f"{ADMIN_CENTER}; {CLOUD_PKI_PAGE}",
    property=_USAGES,
    reads=(_USAGES, "scepServerUrls"),
)
@of_settings
def check_any_purpose(settings: Settings) -> Iterator[Complaint]:
    """Any Purpose and Any App Policy let a certificate do everything, code signing and server
    authentication included. Microsoft Cloud PKI refuses them, so with it this is an error."""
    for identifier in sorted(ANY_PURPOSE.intersection(settings.wording.usages)):
        cloud = settings.uses_cloud_pki
        yield Complaint(
            f"{_NAMES[identifier][0]} ({identifier}) is among the usages"
            f"{', which Cloud PKI refuses' if cloud else ''}.",
            Severity.ERROR if cloud else None,
        )


@rule(
    "R-133",
    Severity.INFO,
    "Unusual name of a known usage",
    remedy="Check that the object identifier is the one that is meant, and name it so.",
    source=TOOL_RULE,
    property=_USAGES,
)
@of_settings
def check_usage_names(settings: Settings) -> Iterator[Complaint]:
    """The name is only a label: the object identifier decides. A label of something else misleads
    whoever reads the profile."""
    for usage in settings.profile.extended_key_usages or ():
        names = _NAMES.get((usage.object_identifier or "").strip(), ())
        given = _fold(usage.name or "")
        if names and given and all(given != _fold(name) for name in names):
            yield Complaint(
                f"{usage.object_identifier} is {names[0]}, but is named {usage.name!r}."
            )


@remembered
def _fold(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())


@rule(
    "R-134",
    Severity.INFO,
    "Usage that Apple devices ignore",
    remedy="Do not rely on it on these devices.",
    source=SCEPMAN,
    property=_USAGES,
    platforms=APPLE,
)
@of_wording
def check_apple_usages(wording: Wording) -> Iterator[Complaint]:
    """iOS/iPadOS and macOS are reported to ask for client authentication only, whatever else the
    profile names."""
    others = sorted({usage for usage in wording.usages if usage != CLIENT_AUTHENTICATION})
    if others:
        names = ", ".join(_NAMES.get(identifier, (identifier,))[0] for identifier in others)
        yield Complaint(f"{PLATFORM_NAMES[wording.profile_type.platform]} ignores {names}.")
