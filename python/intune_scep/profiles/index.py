"""Profiles found by id or by name without a search through all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from intune_scep.profiles.registry import ProfileType

if TYPE_CHECKING:
    from intune_scep.profiles.models import Profile


class ProfileIndex:
    """Some profiles, none of them twice.

    Args:
        profiles: In the order in which several of one name are given back.
    """

    def __init__(self, profiles: Iterable[Profile]) -> None:
        self._by_id: dict[str, Profile] = {}
        self._by_name: dict[str | None, list[Profile]] = {}
        self._by_type_and_name: dict[tuple[str, str | None], list[Profile]] = {}
        for profile in profiles:
            name, kind = profile.display_name, profile.profile_type.odata_type
            self._by_id[(profile.id or "").lower()] = profile
            self._by_name.setdefault(name, []).append(profile)
            self._by_type_and_name.setdefault((kind, name), []).append(profile)

    def by_id(self, identifier: str | None) -> Profile | None:
        """The profile with an id; letter case means nothing."""
        return self._by_id.get(identifier.lower()) if identifier else None

    def called(self, name: str | None) -> Sequence[Profile]:
        """Profiles of any type with exactly this name."""
        return self._by_name.get(name, ())

    def named(self, kind: ProfileType, name: str | None) -> Sequence[Profile]:
        """Profiles of one type with exactly this name."""
        return self._by_type_and_name.get((kind.odata_type, name), ())

    def twins_of(self, profile: Profile) -> int:
        """How many of them share type and name with one, itself included."""
        return len(self.named(profile.profile_type, profile.display_name))
