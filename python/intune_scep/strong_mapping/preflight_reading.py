"""Reading of Graph what the preflight need not ask. Each reading costs only itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

from intune_scep.errors import IntuneScepError
from intune_scep.profiles import Profile, ScepProfile
from intune_scep.rules import judge
from intune_scep.rules.ca_certificates import read_ca_certificate
from intune_scep.rules.settings import settings_of
from intune_scep.strong_mapping.answers import Answers
from intune_scep.strong_mapping.preflight import Preflight, judge_preflight
from intune_scep.strong_mapping.preflight_facts import Found, Root
from intune_scep.tenant import SCEP_TYPES, Snapshot, Tenant, Wanted, add_root_links, read_snapshot
from intune_scep.tenant.connectors import read_connectors
from intune_scep.tenant.deployments import uses_deployments
from intune_scep.tenant.devices import read_sid_alignment

_T = TypeVar("_T")
_MOST_TOLD: Final = 3


async def run_preflight(
    tenant: Tenant, answers: Answers | None = None, *, only: Collection[str] | None = None
) -> Preflight:
    """Read what Graph tells and judge every question.

    Args:
        answers: What people and the script answered.
        only: Ids of the SCEP profiles it is about; all that would change by default.
    """
    found = await read_found(tenant, only=only)
    now = tenant.now()
    return judge_preflight(tenant.tenant_id, tenant.cloud, found, answers or Answers(), now)


async def read_found(tenant: Tenant, *, only: Collection[str] | None = None) -> Found:
    """What Graph tells; what could not be read is told, and nothing is raised for it."""
    unread: dict[str, str] = {}

    async def tried(what: str, called: str, read: Callable[[], Awaitable[_T]]) -> _T | None:
        try:
            return await read()
        except IntuneScepError as error:
            unread[what] = f"{called}: {error}"
            return None

    connectors = await tried(
        "connectors", "the certificate connectors", lambda: read_connectors(tenant)
    )
    snapshot = await tried("roots", "the profiles", lambda: _changing(tenant, only))
    alignment, failures = await read_sid_alignment(tenant)
    for called, error in failures:
        unread["alignment"] = f"{called}: {error}"
    deployments = await tried(
        "deployments", "Microsoft's own deployments", lambda: uses_deployments(tenant)
    )
    if snapshot is not None and snapshot.unread:
        unread["roots"] = " ".join(map(str, snapshot.unread[:_MOST_TOLD]))
    found = Found(
        connectors, requires_alignment=alignment, has_deployments=deployments, unread=unread
    )
    if snapshot is None:
        return found
    roots, without = _roots(snapshot)
    return replace(found, roots=roots, without_root=without, changing=len(snapshot.profiles))


async def _changing(tenant: Tenant, only: Collection[str] | None) -> Snapshot:
    """The profiles that would change, with their roots."""
    snapshot = await read_snapshot(tenant, Wanted(SCEP_TYPES))
    changing = tuple(
        item
        for item in snapshot.profiles
        if isinstance(item, ScepProfile)
        and judge(item).changeable
        and (only is None or item.id in only)
    )
    return await add_root_links(tenant, replace(snapshot, profiles=changing), changing)


def _roots(snapshot: Snapshot) -> tuple[tuple[Root, ...], tuple[str, ...]]:
    """Every linked root, and the names of the profiles that link none."""
    users: dict[str, list[ScepProfile]] = {}
    linked: dict[str, Any] = {}
    without: list[str] = []
    for profile in snapshot.profiles:
        root = snapshot.root_of(profile)
        if root is None:
            without.append(_name(profile))
        elif isinstance(root, Profile) and isinstance(profile, ScepProfile):
            key = root.id or _name(root)
            linked[key] = root
            users.setdefault(key, []).append(profile)
    roots = (_root(linked[key], profiles) for key, profiles in users.items())
    return tuple(sorted(roots, key=lambda root: root.name.casefold())), tuple(sorted(without))


def _root(root: Any, users: Sequence[ScepProfile]) -> Root:
    read = read_ca_certificate(root.trusted_root_certificate)
    facts = read.facts
    validities = [days for user in users if (days := settings_of(user).validity_days)]
    return Root(
        name=_name(root),
        subject=facts.subject if facts else None,
        thumbprint=facts.sha1_thumbprint if facts else None,
        is_root=facts.self_signed if facts else None,
        not_after=facts.not_after if facts else None,
        longest_validity_days=max(validities, default=None),
        profiles=tuple(sorted(map(_name, users))),
    )


def _name(profile: Profile) -> str:
    return profile.display_name or profile.id or "?"
