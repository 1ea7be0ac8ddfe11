"""The variables `{{Name}}` in subjects, SANs and URLs (DOMAIN.md 5.5).

Names are compared without letter case (R-024). Only ASCII letters are folded, so that no exotic
character turns into a known name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_PATTERN: Final = re.compile(r"\{\{([^{}]+)\}\}")
_LOWER: Final = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable in a text; `text[start:end]` is it with its brackets.

    Attributes:
        name: What stands between the brackets, as written, without surrounding blanks.
    """

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class KnownVariable:
    """What Microsoft's pages say of a variable.

    Attributes:
        user: A user certificate may use it.
        device: A device certificate may use it.
        only_in: The one place it works: `uri_san`, `scep_url`; None if there is no such limit.
        synced_only: It has a value only for users and devices synced from Active Directory.
        note: What else a person should know.
    """

    name: str
    user: bool
    device: bool
    only_in: str | None = None
    synced_only: bool = False
    note: str = ""


KNOWN_VARIABLES: Final[tuple[KnownVariable, ...]] = (
    KnownVariable(
        "UserName", user=True, device=False, note="not in a SAN on Android device owner (R-053)"
    ),
    KnownVariable("UserPrincipalName", user=True, device=False),
    KnownVariable(
        "EmailAddress", user=True, device=False, note="users without mail get no certificate"
    ),
    KnownVariable(
        "OnPrem_Distinguished_Name",
        user=True,
        device=False,
        synced_only=True,
        note="put it in quotes (R-031); not on AOSP (R-039)",
    ),
    KnownVariable(
        "OnPremisesSamAccountName",
        user=True,
        device=False,
        synced_only=True,
        note="not on AOSP (R-039)",
    ),
    KnownVariable(
        "OnPremisesSecurityIdentifier",
        user=True,
        device=True,
        only_in="uri_san",
        synced_only=True,
        note="in a device certificate only on hybrid-joined Windows (R-072)",
    ),
    KnownVariable(
        "Department", user=True, device=False, note="undocumented elsewhere; not on AOSP (R-039)"
    ),
    KnownVariable("GivenName", user=True, device=False),
    KnownVariable("SurName", user=True, device=False),
    KnownVariable("OnPremisesUserPrincipalName", user=True, device=False, synced_only=True),
    KnownVariable("AAD_Device_ID", user=True, device=True),
    KnownVariable("AzureADDeviceId", user=True, device=True),
    KnownVariable(
        "DeviceId", user=True, device=True, note="avoid in the subject on Windows (R-034)"
    ),
    *(
        KnownVariable(
            name,
            user=True,
            device=True,
            note="can be spoofed (R-035); not on personal work profiles, Android 12+ (R-038)",
        )
        for name in ("Device_Serial", "SerialNumber", "Device_IMEI", "IMEINumber", "IMEI", "MEID")
    ),
    KnownVariable("WiFiMacAddress", user=True, device=True),
    KnownVariable("DeviceName", user=True, device=True),
    KnownVariable(
        "FullyQualifiedDomainName",
        user=True,
        device=True,
        note="domain-joined Windows only (R-037)",
    ),
    KnownVariable("CloudPKIFQDN", user=False, device=False, only_in="scep_url"),
)
"""Every variable the pages name. Microsoft adds to them: an unknown one is not an error."""


def fold(name: str) -> str:
    """A variable name without letter case, for comparing."""
    return name.translate(_LOWER)


_BY_NAME: Final = {fold(known.name): known for known in KNOWN_VARIABLES}


def find_variables(text: str) -> list[Variable]:
    """The variables in a text, from left to right; unbalanced brackets are no variable."""
    return [
        Variable(match.group(1).strip(), match.start(), match.end())
        for match in _PATTERN.finditer(text)
    ]


def known_variable(name: str) -> KnownVariable | None:
    """What is known of a variable, its name taken without letter case and brackets; or None."""
    return _BY_NAME.get(fold(name))


def fold_variables(text: str) -> str:
    """The text with every variable in lower case and all else as it is, for comparing."""
    return _PATTERN.sub(lambda match: fold(match.group()), text)
