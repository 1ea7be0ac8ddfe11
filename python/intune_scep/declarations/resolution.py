"""Which profile each declaration means, and which root; or why it is refused (law 5). Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from intune_scep.declarations.codecs import encode_option
from intune_scep.declarations.declaration import (
    Declaration,
    ScepDeclaration,
    TrustedRootDeclaration,
)
from intune_scep.declarations.names import Candidates, root_certificate, thumbprints
from intune_scep.declarations.values import RootReference
from intune_scep.errors import UnresolvedNameError
from intune_scep.profiles import Platform, Profile, ProfileIndex, ProfileKind, normal_value

CHANNEL: Final = "deploymentChannel"
CHANNEL_STAYS: Final = "deployment_channel cannot be changed after deployment."
_CHANNEL_OPTION: Final = "deployment_channel"


@dataclass(frozen=True)
class RootTarget:
    """The trusted root a SCEP profile is to point at.

    Attributes:
        id: Its id, if it exists; None if `action` makes it.
        action: Index of the declaration that makes it, if one does.
        awaited: That nothing has the name yet, in a sentence, where a plan is only looked at.
    """

    name: str
    id: str | None = None
    action: int | None = None
    awaited: str = ""


@dataclass(frozen=True)
class Resolved:
    """What one declaration is about.

    Attributes:
        index: Its place among the declarations.
        current: The profile it means; None if there is none yet.
        root: The root that a SCEP profile is to point at; None if it names none.
        refusal: Why it cannot be carried out at all.
        root_refusal: Why the root that it names cannot be had.
    """

    index: int
    declaration: Declaration
    current: Profile | None = None
    root: RootTarget | None = None
    refusal: str | None = None
    root_refusal: str | None = None

    @property
    def is_made_anew(self) -> bool:
        """Whether a profile that may be replaced has to be, to become what is declared."""
        declaration, current = self.declaration, self.current
        if current is None or not declaration.replace:
            return False
        return current.profile_type is not declaration.profile_type or changes_channel(
            declaration, current
        )


def changes_channel(declaration: Declaration, current: Profile) -> bool:
    """Whether another deployment channel is declared than a profile has; null is one too."""
    if _CHANNEL_OPTION not in declaration.given:
        return False
    wanted = encode_option(_CHANNEL_OPTION, declaration.given[_CHANNEL_OPTION])[CHANNEL]
    kind, now = current.profile_type, current.to_wire().get(CHANNEL)
    return normal_value(kind, CHANNEL, wanted) != normal_value(kind, CHANNEL, now)


def wrong_type(declaration: Declaration, current: Profile) -> str:
    """That a profile is of another type than the declaration, in a sentence."""
    kind = current.profile_type
    return (
        f"The profile {current.id} is of kind {kind.kind} for {kind.platform}, not of kind"
        f" {declaration.kind} for {declaration.platform}; that cannot be changed."
    )


def resolve(
    declarations: Sequence[Declaration],
    profiles: Sequence[Profile],
    index: ProfileIndex,
    *,
    roots_may_come: bool = False,
) -> tuple[Resolved, ...]:
    """Find the profile and the root that each declaration means, in their order.

    Args:
        profiles: Every certificate profile of the tenant.
        index: Of the same profiles.
        roots_may_come: Await a root whose name nothing has, instead of refusing it; for plans that
            are never carried out.
    """
    refusals = declared_twice(declarations)
    matches: dict[int, Profile | None] = {}
    for number, declaration in enumerate(declarations):
        try:
            matches[number] = find_profile(declaration, index)
        except UnresolvedNameError as error:
            refusals.setdefault(number, str(error))
    _refuse_shared(matches, refusals)
    found = [
        Resolved(number, declaration, matches.get(number), refusal=refusals.get(number))
        for number, declaration in enumerate(declarations)
    ]
    roots = Roots(found, profiles)
    return tuple(_with_root(item, roots, refusals, roots_may_come=roots_may_come) for item in found)


def _with_root(
    item: Resolved, roots: Roots, refusals: Mapping[int, str], *, roots_may_come: bool
) -> Resolved:
    declaration = item.declaration
    if not isinstance(declaration, ScepDeclaration) or declaration.root_profile is None:
        return item
    if item.refusal is not None or declaration.state == "absent":
        return item
    try:
        target = roots.resolve(declaration, declaration.root_profile)
    except UnresolvedNameError as error:
        if roots_may_come and error.may_come:
            name = declaration.root_profile.name or ""
            why = str(error).removeprefix("root_profile: n")
            awaited = f"root_profile: {name!r} must exist when this is carried out. N{why}"
            return replace(item, root=RootTarget(name, awaited=awaited))
        return replace(item, root_refusal=str(error))
    if target.action is not None and target.action in refusals:
        return replace(item, root_refusal=f"root_profile: {target.name!r} is refused itself.")
    return replace(item, root=target)


def _refuse_shared(matches: Mapping[int, Profile | None], refusals: dict[int, str]) -> None:
    """Two declarations about one profile, one by id and one by name, contradict each other."""
    seen: dict[str | None, int] = {}
    for number, profile in matches.items():
        if profile is None:
            continue
        if profile.id in seen:
            reason = f"Two declarations are about the profile {profile.id}."
            refusals.setdefault(number, reason)
            refusals.setdefault(seen[profile.id], reason)
        seen[profile.id] = number


def find_profile(declaration: Declaration, index: ProfileIndex) -> Profile | None:
    """The profile a declaration is about: by id if given, else by type and exact name.

    Raises:
        UnresolvedNameError: No profile has the id, or several have the name.
    """
    if declaration.id is not None:
        by_id = index.by_id(declaration.id)
        if by_id is None and declaration.state != "absent":
            raise UnresolvedNameError(f"No certificate profile has the id {declaration.id!r}.")
        return by_id
    found = index.named(declaration.profile_type, declaration.name)
    if len(found) > 1:
        raise UnresolvedNameError(
            f"{len(found)} profiles of this type have the name {declaration.name!r}:"
            f" {', '.join(sorted(profile.id or '?' for profile in found))}.",
            hint="Give the id of the one that is meant.",
        )
    return found[0] if found else None


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
        found: The declarations with their profiles.
        profiles: Every profile there is.
    """

    def __init__(self, found: Iterable[Resolved], profiles: Iterable[Profile]) -> None:
        found = tuple(found)
        matched = {item.current.id for item in found if item.current is not None}
        self._by_platform: dict[Platform, list[_Root]] = {}
        self._listed: dict[Platform, Candidates] = {}
        self._by_id: dict[str, list[_Root]] = {}
        self._by_name: dict[str, list[_Root]] = {}
        self._by_thumbprint: dict[str, list[_Root]] = {}
        for item in found:
            declaration = item.declaration
            if isinstance(declaration, TrustedRootDeclaration) and declaration.state == "present":
                self._add(_declared_root(item, declaration))
        for profile in profiles:
            if profile.profile_type.kind is not ProfileKind.TRUSTED_ROOT or profile.id in matched:
                continue
            target = RootTarget(profile.display_name or "", profile.id)
            prints = thumbprints(root_certificate(profile))
            self._add(_Root(target, profile.profile_type.platform, prints))

    def _add(self, root: _Root) -> None:
        self._by_platform.setdefault(root.platform, []).append(root)
        self._by_id.setdefault((root.target.id or "").lower(), []).append(root)
        self._by_name.setdefault(root.target.name, []).append(root)
        for thumbprint in root.thumbprints:
            self._by_thumbprint.setdefault(thumbprint, []).append(root)

    def _fitting(self, reference: RootReference) -> Sequence[_Root]:
        if reference.id is not None:
            return self._by_id.get(reference.id.lower(), ())
        if reference.thumbprint is not None:
            return self._by_thumbprint.get(reference.thumbprint, ())
        return self._by_name.get(reference.name or "", ())

    def resolve(self, declaration: ScepDeclaration, reference: RootReference) -> RootTarget:
        """The root a reference means.

        Raises:
            UnresolvedNameError: Nothing or several things fit, or only roots of other platforms.
        """
        fitting = self._fitting(reference)
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
        wanted = reference.name or reference.id or reference.thumbprint or ""
        raise UnresolvedNameError(
            f"root_profile: no trusted root profile of {declaration.platform} has the {reference}."
            f"{self._candidates(declaration.platform).listed(wanted)}",
            may_come=reference.name is not None,
        )

    def _candidates(self, platform: Platform) -> Candidates:
        if platform not in self._listed:
            roots = (root.target for root in self._by_platform.get(platform, ()))
            self._listed[platform] = Candidates(
                (root.id or "declared in this run", root.name) for root in roots
            )
        return self._listed[platform]


def _declared_root(item: Resolved, declaration: TrustedRootDeclaration) -> _Root:
    current = item.current
    name = declaration.name or (current.display_name if current else "") or ""
    existing = current.id if current is not None and not item.is_made_anew else None
    if declaration.trusted_root is not None:
        der = declaration.trusted_root.der
    else:
        der = root_certificate(current) if current is not None else b""
    target = RootTarget(name, existing, None if existing else item.index)
    return _Root(target, declaration.platform, thumbprints(der))


def _shown(target: RootTarget) -> str:
    return f"{target.name!r} ({target.id or 'declared in this run'})"
