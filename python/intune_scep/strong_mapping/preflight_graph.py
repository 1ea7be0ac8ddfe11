"""What follows from Graph's word for the questions of the preflight. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Final

from intune_scep.rules.texts import counted
from intune_scep.strong_mapping.preflight_facts import MOST_NAMED, Found, Root, Seen
from intune_scep.tenant.connectors import Connector
from intune_scep.texts import first_of

# Releases of the certificate connector and their days (DOMAIN.md 2, row 7).
_STRONG_MAPPING: Final = (6, 2406, 0, 1001)
_RELEASES: Final = (
    (_STRONG_MAPPING, date(2024, 9, 19)),
    ((6, 2510, 3, 2002), date(2026, 2, 18)),
)
_SUPPORTED: Final = timedelta(days=183)
_QUIET: Final = timedelta(hours=24)


def seen_in_graph(found: Found, now: datetime) -> dict[str, Seen]:
    """The answers that follow from what Graph tells, by question."""
    return {
        "connectors_healthy": _connectors(found, now),
        "roots_valid": _roots(found, now),
        "sid_alignment_considered": _alignment(found),
    }


def _connectors(found: Found, now: datetime) -> Seen:
    if found.connectors is None:
        return None, found.why("connectors")
    if not found.connectors:
        return None, ("The tenant has no certificate connector: none issues behind NDES.",)
    sentences = tuple(_connector(item, now) for item in found.connectors)
    # One that nobody needs may be inactive for ever, and profiles do not name theirs.
    return (True if all(item.is_active for item in found.connectors) else None), sentences


def _connector(item: Connector, now: datetime) -> str:
    last = f"{item.last_connection:%Y-%m-%d %H:%M} UTC" if item.last_connection else "unknown"
    version = item.version or "of unknown version"
    return f"Connector {item.name}: {item.state or 'unknown'}, {version}, last heard of: {last}."


def _roots(found: Found, now: datetime) -> Seen:
    if found.roots is None:
        return None, found.why("roots")
    judged = [_root(root, now) for root in found.roots]
    unread = found.why("roots")
    sentences = (*(sentence for _, sentence in judged), *unread)
    lasting = [lasts for lasts, _ in judged]
    if False in lasting:
        return False, sentences
    if found.without_root and not judged:
        return None, (*sentences, "None of the profiles to change points at a trusted root.")
    return (None if None in lasting or unread else True), sentences


def _root(root: Root, now: datetime) -> tuple[bool | None, str]:
    kind = {True: "root", False: "intermediate", None: "CA"}[root.is_root]
    about = f"{root.name} ({kind}, {counted(len(root.profiles), 'profile')})"
    if root.not_after is None:
        return None, f"{about}: its certificate cannot be read."
    end = f"{root.not_after:%Y-%m-%d}"
    if root.not_after < now:
        return False, f"{about}: it ended on {end}."
    days = root.longest_validity_days
    if days is not None and root.not_after < now + timedelta(days=days):
        return False, f"{about}: it ends on {end}, before certificates of {days} days issued now."
    return True, f"{about}: it ends on {end}."


def _alignment(found: Found) -> Seen:
    if found.requires_alignment is None:
        unread = found.why("alignment")
        return (None, unread) if unread else (True, ("Graph has no such setting here.",))
    if found.requires_alignment:
        return True, (
            "Entra compares the SID: a certificate without one is refused. Strong-mapping readiness"
            " says whose.",
        )
    return True, ("Entra does not compare the SID.",)


def told_by_graph(found: Found, now: datetime) -> Iterator[str]:
    """What is not judged, in sentences."""
    for item in found.connectors or ():
        yield from _told_of_connector(item, now)
    if found.without_root:
        names = first_of(found.without_root, most=MOST_NAMED)
        yield f"No trusted root is linked to: {names}."
    if found.has_deployments is not None:
        does = "uses" if found.has_deployments else "does not use"
        yield f"The tenant {does} Microsoft's own deployments (deviceManagement/deployments, beta)."
    elif "deployments" in found.unread:
        yield f"Not read: {found.unread['deployments']}"
    else:
        yield (
            "Whether the tenant uses Microsoft's own deployments is not known: Graph has none here."
        )


def _told_of_connector(item: Connector, now: datetime) -> Iterator[str]:
    release = item.release
    if release is None:
        yield f"Connector {item.name}: the version {item.version!r} cannot be understood."
    elif release < _STRONG_MAPPING:
        yield (
            f"Connector {item.name}: {item.version} is older than 6.2406.0.1001, which strong"
            " mapping of PKCS certificates needs; for SCEP the profile is enough (Microsoft,"
            " overview of the certificate connector)."
        )
    newer = [day for version, day in _RELEASES if release is not None and release < version]
    if newer and newer[0] + _SUPPORTED < now.date():
        yield (
            f"Connector {item.name}: {item.version} is out of support; a release is supported for"
            f" six months after the next one, which came on {newer[0]}."
        )
    last = item.last_connection
    if item.is_active and last is not None and last < now - _QUIET:
        yield f"Connector {item.name}: it is active, but has been quiet for more than a day."
