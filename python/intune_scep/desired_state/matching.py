"""Which profile a declaration means, and which root it points at. Pure, and loud (law 5)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from intune_scep.declarations.declaration import (
    Declaration,
    ScepDeclaration,
    TrustedRootDeclaration,
)
from intune_scep.declarations.names import (
    Names,
    UnresolvedNameError,
    listed,
    root_certificate,
    thumbprints,
)
from intune_scep.declarations.values import RootReference
from intune_scep.desired_state.plan import RootTarget
from intune_scep.errors import IntuneScepError
from intune_scep.profiles import Platform, Profile, ProfileKind


@dataclass(frozen=True)
class Observed:
    """What was read of a tenant for a set of declarations.

    Attributes:
        profiles: Every certificate profile, with its assignments.
        root_links: By SCEP profile id: its root, None if it has none, or why it is not known.
            Profiles whose link does not matter are not in it.
        names: Those that the declarations use.
    """

    profiles: tuple[Profile, ...]
    root_links: Mapping[str, Profile | IntuneScepError | None] = field(default_factory=dict)
    names: Names = field(default_factory=Names)
    notes: tuple[str, ...] = ()


def find_profile(declaration: Declaration, profiles: Sequence[Profile]) -> Profile | None:
    """The profile a declaration is about: by id if given, else by type and exact name.

    Raises:
        UnresolvedNameError: No profile has the id, or several have the name.
    """
    if declaration.id is not None:
        return _by_id(declaration.id, profiles, optional=declaration.state == "absent")
    found = [
        profile
        for profile in profiles
        if profile.profile_type is declaration.profile_type
        and profile.display_name == declaration.name
    ]
    if len(found) > 1:
        raise UnresolvedNameError(
            f"{len(found)} profiles of this type have the name {declaration.name!r}:"
            f" {', '.join(sorted(profile.id or '?' for profile in found))}.",
            hint="Give the id of the one that is meant.",
        )
    return found[0] if found else None


def _by_id(identifier: str, profiles: Sequence[Profile], *, optional: bool) -> Profile | None:
    for profile in profiles:
        if (profile.id or "").lower() == identifier.lower():
            return profile
    if optional:
        return None
    raise UnresolvedNameError(f"No certificate profile has the id {identifier!r}.")


def declared_twice(declarations: Sequence[Declaration]) -> dict[int, str]:
    """Index of each declaration that another one contradicts, with the reason.

    Two of one name that both have an id are no contradiction: a tenant may have two profiles of
    one name, and the ids tell them apart.
    """
    ids = Counter(item.id.lower() for item in declarations if item.id)
    names = Counter(_type_and_name(item) for item in declarations)
    by_name = {_type_and_name(item) for item in declarations if item.id is None}
    reasons: dict[int, str] = {}
    for index, item in enumerate(declarations):
        called = _type_and_name(item)
        if item.id and ids[item.id.lower()] > 1:
            reasons[index] = f"The id {item.id!r} is declared more than once."
        elif item.name and names[called] > 1 and called in by_name:
            reasons[index] = f"The name {item.name!r} is declared more than once for this type."
    return reasons


def _type_and_name(declaration: Declaration) -> tuple[str, str | None]:
    return declaration.profile_type.name, declaration.name


@dataclass(frozen=True)
class _Root:
    target: RootTarget
    platform: Platform
    thumbprints: tuple[str, str]


class Roots:
    """The trusted roots that SCEP declarations may refer to: those there are, and those to be.

    Args:
        declarations: All of the run.
        matches: By index of a declaration: the profile it is about.
        observed: What was read.
        replaced: Indexes of root declarations whose profile is made anew.
    """

    def __init__(
        self,
        declarations: Sequence[Declaration],
        matches: Mapping[int, Profile | None],
        observed: Observed,
        replaced: frozenset[int] = frozenset(),
    ) -> None:
        matched = {profile.id for profile in matches.values() if profile is not None}
        self._roots = [
            _declared_root(index, item, matches.get(index), anew=index in replaced)
            for index, item in enumerate(declarations)
            if isinstance(item, TrustedRootDeclaration) and item.state == "present"
        ]
        self._roots += [
            _Root(
                RootTarget(profile.display_name or "", profile.id),
                profile.profile_type.platform,
                thumbprints(root_certificate(profile)),
            )
            for profile in observed.profiles
            if profile.profile_type.kind is ProfileKind.TRUSTED_ROOT and profile.id not in matched
        ]

    def resolve(self, declaration: ScepDeclaration, reference: RootReference) -> RootTarget:
        """The root a reference means.

        Raises:
            UnresolvedNameError: Nothing or several things fit, or only roots of other platforms.
        """
        fitting = [root for root in self._roots if _fits(root, reference)]
        own = [root for root in fitting if root.platform is declaration.platform]
        if len(own) == 1:
            return own[0].target
        if own:
            raise UnresolvedNameError(
                f"root_profile: {len(own)} trusted root profiles of {declaration.platform} have the"
                f" {reference}: {', '.join(sorted(_shown(root.target) for root in own))}.",
                hint="Give the id instead.",
            )
        if fitting:
            others = ", ".join(sorted(f"{_shown(r.target)} of {r.platform}" for r in fitting))
            raise UnresolvedNameError(
                f"root_profile: the trusted root profile with the {reference} is not for"
                f" {declaration.platform}, but: {others}."
            )
        candidates = [
            (root.target.id or "declared in this run", root.target.name)
            for root in self._roots
            if root.platform is declaration.platform
        ]
        wanted = reference.name or reference.id or reference.thumbprint or ""
        raise UnresolvedNameError(
            f"root_profile: no trusted root profile of {declaration.platform} has the {reference}."
            f"{listed('root', candidates, wanted)}"
        )


def _declared_root(
    index: int, declaration: TrustedRootDeclaration, current: Profile | None, *, anew: bool
) -> _Root:
    name = declaration.name or (current.display_name if current else "") or ""
    existing = current.id if current is not None and not anew else None
    if declaration.trusted_root is not None:
        der = declaration.trusted_root.der
    else:
        der = root_certificate(current) if current is not None else b""
    target = RootTarget(name, existing, None if existing else index)
    return _Root(target, declaration.platform, thumbprints(der))


def _fits(root: _Root, reference: RootReference) -> bool:
    if reference.id is not None:
        return (root.target.id or "").lower() == reference.id.lower()
    if reference.thumbprint is not None:
        return reference.thumbprint in root.thumbprints
    return root.target.name == reference.name


def _shown(target: RootTarget) -> str:
    return f"{target.name!r} ({target.id or 'declared in this run'})"
