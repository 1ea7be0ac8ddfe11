"""All certificate profiles of a tenant, and what was read off its trusted roots. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from intune_scep.profiles import Platform, ProfileKind

if TYPE_CHECKING:
    from intune_scep.profiles import Profile

T = TypeVar("T")


class TenantProfiles(tuple["Profile", ...]):
    """The profiles in their order. Rules ask for the same things of them for each profile."""

    def __init__(self, _profiles: Iterable[Profile] = ()) -> None:
        self._kept: dict[tuple[frozenset[Platform], Callable[..., Any]], Any] = {}

    def of_roots(
        self, platforms: frozenset[Platform], read: Callable[[Sequence[str | None]], T]
    ) -> T:
        """What a function reads off the certificates of the trusted roots for some platforms.

        Args:
            read: A function of a module: it is called once and its result kept.
        """
        key = platforms, read
        if key not in self._kept:
            self._kept[key] = read(
                [
                    getattr(profile, "trusted_root_certificate", None)
                    for profile in self
                    if profile.profile_type.kind is ProfileKind.TRUSTED_ROOT
                    and profile.profile_type.platform in platforms
                ]
            )
        kept: T = self._kept[key]
        return kept
