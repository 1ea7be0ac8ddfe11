"""Which profiles of a backup a tenant has already."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from intune_scep.backup.backup import BackedUpProfile
from intune_scep.profiles import Profile, normal_form


@dataclass(frozen=True)
class Match:
    """What a tenant has for one profile of a backup.

    Attributes:
        existing: The profile that is there already; None if there is none.
        ambiguous: Ids of the profiles that it could be, where that cannot be told.
    """

    existing: Profile | None = None
    ambiguous: tuple[str, ...] = ()


def match_profiles(
    wanted: Sequence[BackedUpProfile], there: Sequence[Profile], *, same_tenant: bool
) -> dict[str, Match]:
    """Find each profile of a backup in a tenant, by file name of the backup.

    By id in the same tenant, else by type and name. Where several of one type and name stand on
    both sides, equal content tells them apart; where it does not, the match is ambiguous.
    """
    matches: dict[str, Match] = {}
    free = {profile.id or "": profile for profile in there}
    if same_tenant:
        for item in wanted:
            identifier = item.profile.id or ""
            if identifier in free and _key(free[identifier])[0] == _key(item.profile)[0]:
                matches[item.file] = Match(free.pop(identifier))
    by_key: dict[tuple[str, str], list[BackedUpProfile]] = {}
    for item in wanted:
        if item.file not in matches:
            by_key.setdefault(_key(item.profile), []).append(item)
    candidates: dict[tuple[str, str], list[Profile]] = {}
    for profile in free.values():
        candidates.setdefault(_key(profile), []).append(profile)
    for key, items in by_key.items():
        matches |= _match_named(items, candidates.get(key, ()))
    return matches


def _match_named(
    items: Sequence[BackedUpProfile], candidates: Sequence[Profile]
) -> Mapping[str, Match]:
    if not candidates:
        return {item.file: Match() for item in items}
    if len(items) == 1 and len(candidates) == 1:
        return {items[0].file: Match(candidates[0])}
    matches: dict[str, Match] = {}
    left = {profile.id: profile for profile in candidates}
    alike: dict[frozenset[object], deque[Profile]] = {}
    for profile in candidates:
        alike.setdefault(_content(profile), deque()).append(profile)
    for item in items:
        if equal := alike.get(_content(item.profile)):
            chosen = equal.popleft()
            matches[item.file] = Match(chosen)
            del left[chosen.id]
    ids = tuple(sorted(identifier or "" for identifier in left))
    for item in items:
        matches.setdefault(item.file, Match(ambiguous=ids))
    return matches


def _key(profile: Profile) -> tuple[str, str]:
    return profile.profile_type.odata_type, profile.display_name or ""


def _content(profile: Profile) -> frozenset[object]:
    """What tells profiles of one type and name apart."""
    return frozenset(item for item in normal_form(profile).items() if item[0] != _TAGS)


_TAGS = "roleScopeTagIds"
