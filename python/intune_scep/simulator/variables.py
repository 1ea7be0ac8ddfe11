"""Variables of a profile that this tenant fills in."""

from collections.abc import Mapping
from typing import Any

_SID_VARIABLE = "{{onpremisessecurityidentifier}}"


def wants_sid(profile: Mapping[str, Any]) -> bool:
    """Whether a SCEP profile writes the SID of its user or device."""
    sans = profile.get("customSubjectAlternativeNames") or ()
    return any(_SID_VARIABLE in (san["name"] or "").casefold() for san in sans)
