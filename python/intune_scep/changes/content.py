"""In which properties two readings of a profile differ. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from intune_scep.profiles.normal_form import normaliser

_SERVER_OWNED: Final = frozenset({"version", "lastModifiedDateTime", "assignments"})
_NOT_KEPT: Final = object()


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> set[str]:
    """Names of the properties in which two readings of a profile differ in meaning, without
    annotations, dates and assignments."""
    normal = normaliser(now.get("@odata.type"))
    names = {name for name in {*before, *now} if "@" not in name} - _SERVER_OWNED
    raw = {name for name in names if before.get(name, _NOT_KEPT) != now.get(name, _NOT_KEPT)}
    return {
        name
        for name in raw
        if name not in before
        or name not in now
        or normal(name, before[name]) != normal(name, now[name])
    }
