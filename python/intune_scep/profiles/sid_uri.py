"""The subject alternative name that makes a certificate strongly mapped (GRAPH.md 5)."""

from typing import Final

SID_VARIABLE: Final = "{{OnPremisesSecurityIdentifier}}"
"""The variable Intune resolves to the on-premises SID, in the spelling this library writes."""

SID_URI: Final[dict[str, str]] = {
    "sanType": "universalResourceIdentifier",
    "name": SID_VARIABLE,
}
"""The SID URI as an item of `customSubjectAlternativeNames`. Copy it before changing it."""
