"""Profiles of one type and name: what somebody else made meanwhile, and what was made twice."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from intune_scep.changes.plan import Plan
from intune_scep.errors import IntuneScepError
from intune_scep.profiles import Profile, require_profile_type
from intune_scep.profiles.dependants import name_of_dependant
from intune_scep.profiles.parsing import parse_written
from intune_scep.tenant import Tenant, read_profiles
from intune_scep.tenant.listing import list_configurations

_Called = tuple[str, str | None]
"""A type in lower case, and a name."""


class Twins:
    """Looks for profiles that have the type and name of one to be made.

    Args:
        plan: Whose creates are looked after; one listing serves them all until an answer is lost.
    """

    def __init__(self, tenant: Tenant, plan: Plan) -> None:
        self._tenant = tenant
        made = {action.odata_type for action in plan.actions if action.creates}
        self._dependants = {name.lower() for name in made if name_of_dependant(name) is not None}
        self._types = {
            name: require_profile_type(name)
            for name in made
            if name.lower() not in self._dependants
        }
        self._listed: Mapping[_Called, Sequence[Profile]] | None = None
        self._made: set[str] = set()

    def made(self, identifier: str) -> None:
        """Remember a profile that this run made."""
        self._made.add(identifier)

    async def namesakes(
        self, odata_type: str, name: str | None, *, fresh: bool
    ) -> Sequence[Profile]:
        """The profiles of a type and name that this run did not make; `fresh` asks Graph again."""
        there = (await self._list(fresh=fresh)).get((odata_type.lower(), name), ())
        return [profile for profile in there if profile.id not in self._made]

    async def _list(self, *, fresh: bool) -> Mapping[_Called, Sequence[Profile]]:
        if fresh or self._listed is None:
            named: dict[_Called, list[Profile]] = {}
            for profile in await self._read():
                key = (profile.odata_type.lower(), profile.display_name)
                named.setdefault(key, []).append(profile)
            self._listed = named
        return self._listed

    async def _read(self) -> list[Profile]:
        found: list[Profile] = []
        if self._types:
            found += (await read_profiles(self._tenant, self._types.values())).profiles
        if self._dependants:
            listed = await list_configurations(
                self._tenant,
                (),
                lambda odata_type: odata_type.lower() in self._dependants,
                with_assignments=False,
            )
            found += map(parse_written, listed.items)
        return found

    async def notes(self, made: Collection[str]) -> list[str]:
        """A sentence for each profile that was made and has a twin of its type and name."""
        if not made:
            return []
        try:
            listed = await self._list(fresh=True)
        except IntuneScepError as error:
            return [f"Whether a profile was made twice could not be read: {error}"]
        made = set(made)
        named = {key: [item.id or "?" for item in profiles] for key, profiles in listed.items()}
        return [
            f"{len(ids)} profiles of one type have the name {name!r}: {', '.join(sorted(ids))}."
            for (_, name), ids in named.items()
            if len(ids) > 1 and not made.isdisjoint(ids)
        ]
