"""What the names in a rollout file mean in a tenant, and whether it can be carried out there. Pure.

What is wrong is told all at once, like the mistakes of the file itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from intune_scep.declarations.names import NameIndex
from intune_scep.errors import RolloutFileError, UnresolvedNameError
from intune_scep.profiles import ScepProfile
from intune_scep.rollout.file import sentences
from intune_scep.rollout.model import Bundle, Dependants, Finish, Ring, RolloutFile
from intune_scep.rollout.repointing import Users
from intune_scep.rollout.structure import Place, Problem, path_of
from intune_scep.rules import Verdict, judge
from intune_scep.tenant import Snapshot
from intune_scep.tenant.dependants import UsedBy

_MOST_NAMED: Final = 10


@dataclass(frozen=True)
class ResolvedBundle:
    """A SCEP profile of the tenant that is moved.

    Attributes:
        bundle: How it is cloned; None in place.
        verifiable: Whether Intune reports its certificates, so that a re-issue can be seen.
        dependants: The profiles that use its certificates, where those are copied.
    """

    profile: ScepProfile
    bundle: Bundle | None
    verifiable: bool
    dependants: tuple[UsedBy, ...] = ()

    @property
    def clone_name(self) -> str:
        """Name of the copy; empty in place."""
        if self.bundle is None:
            return ""
        return self.bundle.clone_name.replace("{name}", self.profile.display_name or "")

    def copy_name(self, dependant: str) -> str:
        """Name of the copy of a dependant: as that of the profile where it has `{name}` in it."""
        rule = self.bundle.clone_name if self.bundle is not None else ""
        rule = rule if "{name}" in rule else Bundle.clone_name
        return rule.replace("{name}", dependant)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "id": self.profile.id,
            "name": self.profile.display_name,
            "platform": self.profile.profile_type.platform.value,
            "clone_name": self.clone_name or None,
            "verifiable": self.verifiable,
            "dependants": [
                {"id": user.id, "name": user.name, "clone_name": self.copy_name(user.name)}
                for user in self.dependants
            ],
        }


@dataclass(frozen=True)
class ResolvedRing:
    """A ring with what it moves.

    Attributes:
        bundles: In place those of the ring, by clone all of them.
        group_ids: In the order of the file; empty in place and for the rest.
    """

    ring: Ring
    bundles: tuple[ResolvedBundle, ...]
    group_ids: tuple[str, ...]

    def exchanged(self, clones: Mapping[str, str]) -> Mapping[str, tuple[str, str]]:
        """Id of each original to the profile that its people have before the ring, and after it.

        Args:
            clones: Id of an original to that of its clone.
        """
        ids = [item.profile.id or "" for item in self.bundles]
        if self.ring.back:
            return {key: (clones.get(key, key), key) for key in ids}
        return {key: (key, clones.get(key, key)) for key in ids}

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "name": self.ring.name,
            "order": self.ring.order,
            "profiles": [item.profile.id for item in self.bundles],
            "groups": list(self.group_ids),
            "rest": self.ring.rest,
            **({"back": True} if self.ring.back else {}),
        }


@dataclass(frozen=True)
class Resolved:
    """A rollout file and what it means in a tenant.

    Attributes:
        notes: What an operator should know before it starts.
        unread: What could not be read of dependants that are copied, in sentences.
    """

    file: RolloutFile
    bundles: tuple[ResolvedBundle, ...]
    rings: tuple[ResolvedRing, ...]
    notes: tuple[str, ...]
    unread: tuple[str, ...] = ()

    def ring(self, name: str) -> ResolvedRing:
        """The ring of a name.

        Raises:
            KeyError: there is none.
        """
        found = {item.ring.name: item for item in self.rings}
        return found[name]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "bundles": [item.to_dict() for item in self.bundles],
            "rings": [item.to_dict() for item in self.rings],
            "notes": list(self.notes),
        }


def resolve(
    file: RolloutFile,
    snapshot: Snapshot,
    *,
    made: Collection[str] = (),
    users: Users | None = None,
) -> Resolved:
    """Find what a file names.

    Args:
        snapshot: With the SCEP profiles, and the names of the groups that the file names.
        made: Ids of copies that this rollout has made already.
        users: Who uses the certificates of which profile, where dependants are copied.

    Raises:
        RolloutFileError: a name leads to nothing or to several things, something is named twice, a
            copy's name is taken, or a ring holds what cannot be verified without a gate that
            could tell; every problem is told.
    """
    resolving = _Resolving(file, snapshot, made, users or Users())
    resolved = resolving.resolved()
    if resolving.problems:
        raise RolloutFileError(str(file.path), sentences(resolving.problems, file.lines, file.path))
    return resolved


class _Resolving:
    """One resolution: what is wrong is gathered on the way."""

    def __init__(
        self, file: RolloutFile, snapshot: Snapshot, made: Collection[str], users: Users
    ) -> None:
        self._users = users
        self.problems: list[Problem] = []
        self._file = file
        self._made = {identifier.lower() for identifier in made}
        self._all = snapshot.profiles
        self._groups = snapshot.names.groups
        self._profiles = {
            item.id.lower(): item
            for item in snapshot.profiles
            if isinstance(item, ScepProfile) and item.id
        }
        self._names = NameIndex(
            "SCEP profile",
            tuple((item.id or "", item.display_name or "") for item in self._profiles.values()),
        )
        self._seen: dict[str, Place] = {}

    def resolved(self) -> Resolved:
        """What the file means, as far as its names lead somewhere."""
        bundles, in_rings = self._cloned() if self._file.bundles else self._edited()
        rings = tuple(
            ResolvedRing(ring, in_rings[number], self._group_ids(number, ring))
            for number, ring in enumerate(self._file.rings)
        )
        for number, found in enumerate(rings):
            # The ring in which originals come back has the gates of the one before it.
            self._require_proof(number - 1 if found.ring.back else number, found)
        notes = tuple(self._notes(bundles, rings))
        return Resolved(self._file, bundles, rings, notes, self._users.unread)

    def _edited(self) -> tuple[tuple[ResolvedBundle, ...], list[tuple[ResolvedBundle, ...]]]:
        in_rings = [
            tuple(
                ResolvedBundle(profile, None, _is_verifiable(profile))
                for place, name in enumerate(ring.profiles)
                if (profile := self._profile(("rings", number, "profiles", place), name))
            )
            for number, ring in enumerate(self._file.rings)
        ]
        return tuple(item for ring in in_rings for item in ring), in_rings

    def _cloned(self) -> tuple[tuple[ResolvedBundle, ...], list[tuple[ResolvedBundle, ...]]]:
        found = []
        for number, bundle in enumerate(self._file.bundles):
            profile = self._profile(("bundles", number, "profile"), bundle.profile)
            if profile is not None:
                users = self._copied(bundle, profile)
                found.append(ResolvedBundle(profile, bundle, _is_verifiable(profile), users))
                self._require_new_name(number, found[-1], found[:-1])
        self._require_copies(found)
        back = tuple(
            item
            for item in found
            if item.bundle is not None and item.bundle.finish is Finish.SWING_BACK
        )
        return tuple(found), [back if ring.back else tuple(found) for ring in self._file.rings]

    def _copied(self, bundle: Bundle, profile: ScepProfile) -> tuple[UsedBy, ...]:
        if bundle.dependants is not Dependants.CLONE:
            return ()
        users = self._users.by_profile.get(profile.id or "", ())
        return tuple(user for user in users if user.assignments)

    def _require_copies(self, found: Iterable[ResolvedBundle]) -> None:
        """Refuse names of copies that are taken, and dependants that another bundle holds back."""
        names: dict[str, str] = {}
        for number, item in enumerate(found):
            place: Place = ("bundles", number, "clone_name")
            for user in item.dependants:
                self._require_one_way(number, item, user)
                if user.id in names.values():
                    continue  # Another bundle copies it already.
                name = item.copy_name(user.name)
                taken = [i for i in self._users.named.get(name, ()) if i.lower() not in self._made]
                if taken:
                    self._wrong(
                        place,
                        f"gives the copy of {user.name!r} the name {name!r}, which"
                        f" {', '.join(taken)} has already",
                    )
                elif name in names:
                    self._wrong(
                        place,
                        f"gives two copies the name {name!r}: {names[name]} and {user.id} have one"
                        " name; rename one of them",
                    )
                names.setdefault(name, user.id)

    def _require_one_way(self, number: int, item: ResolvedBundle, user: UsedBy) -> None:
        for other in self._file.bundles:
            if other.dependants is Dependants.CLONE:
                continue
            try:
                profile = self._names.resolve(other.profile)
            except UnresolvedNameError:
                continue  # It is told where it stands.
            if any(user.id == one.id for one in self._users.by_profile.get(profile, ())):
                self._wrong(
                    ("bundles", number, "dependants"),
                    f"cannot be clone: {user.name!r} uses {item.profile.display_name!r} and"
                    f" {other.profile!r}, whose dependants are {other.dependants}; write the same"
                    " for both",
                )

    def _require_new_name(
        self, number: int, bundle: ResolvedBundle, before: Iterable[ResolvedBundle]
    ) -> None:
        place: Place = ("bundles", number, "clone_name")
        name = bundle.clone_name
        taken = [
            item.id or ""
            for item in self._all
            if item.display_name == name and (item.id or "").lower() not in self._made
        ]
        if taken:
            self._wrong(
                place, f"gives the copy the name {name!r}, which {', '.join(taken)} has already"
            )
        elif any(name == other.clone_name for other in before):
            self._wrong(place, f"gives two copies the name {name!r}; write {{name}} in it")

    def _profile(self, place: Place, reference: str) -> ScepProfile | None:
        identifier = self._one(place, reference, self._names.resolve)
        return self._profiles[identifier.lower()] if identifier is not None else None

    def _group_ids(self, number: int, ring: Ring) -> tuple[str, ...]:
        found = (
            self._one(("rings", number, "groups", place), name, self._groups.resolve)
            for place, name in enumerate(ring.groups)
        )
        return tuple(identifier for identifier in found if identifier is not None)

    def _one(self, place: Place, reference: str, resolve: Callable[[str], str]) -> str | None:
        """The id that a reference leads to, if it is the only one and was not named before."""
        try:
            identifier = resolve(reference)
        except UnresolvedNameError as error:
            self._wrong(place, f"cannot be used: {str(error).removesuffix('.')}")
            return None
        before = self._seen.setdefault(identifier.lower(), place)
        if before != place:
            self._wrong(place, f"is the same as {path_of(before)} ({identifier}); name it once")
            return None
        return identifier

    def _require_proof(self, number: int, found: ResolvedRing) -> None:
        """Refuse gates that can never tell, where Intune reports no certificates."""
        unverifiable = [item for item in found.bundles if not item.verifiable]
        if not unverifiable:
            return
        gates, place = found.ring.gates, ("rings", number, "gates")
        names = _listed(item.profile.display_name or "" for item in unverifiable)
        why = f"Intune reports no certificates of {names}"
        if not gates.approval and gates.command is None:
            self._wrong(
                place,
                f"must have approval: required or a command: {why}, so nothing else can tell"
                " whether it went well",
            )
        asked = [name for name in ("reissued", "seen") if getattr(gates, name) is not None]
        if asked and len(unverifiable) == len(found.bundles):
            none = " and ".join(f"{name}: none" for name in asked)
            self._wrong((*place, asked[0]), f"can never be known: {why}; write {none} in this ring")

    def _notes_of_dependants(self, item: ResolvedBundle) -> Iterator[str]:
        yield from notes_of_copies(item)
        if item.bundle is None or item.bundle.dependants is not Dependants.CLONE:
            return
        for user in self._users.by_profile.get(item.profile.id or "", ()):
            named = self._users.named.get(item.copy_name(user.name), ())
            copied = any(identifier.lower() in self._made for identifier in named)
            if user not in item.dependants and not copied:
                yield f"{user.name!r} is assigned to nobody, so it gets no copy."

    def _wrong(self, place: Place, sentence: str) -> None:
        problem = Problem(place, sentence)
        if problem not in self.problems:
            self.problems.append(problem)

    def _notes(
        self, bundles: tuple[ResolvedBundle, ...], rings: tuple[ResolvedRing, ...]
    ) -> Iterator[str]:
        for item in bundles:
            judgement = judge(item.profile)
            for_review = judgement.verdict is Verdict.REVIEW and item.bundle is None
            if not judgement.changeable or for_review:
                yield (
                    f"{item.profile.display_name!r} stays as it is"
                    f" ({judgement.verdict.value}): {judgement.reason}"
                )
            yield from self._notes_of_dependants(item)
        for ring in rings:
            yield from _notes_of(ring)
        taken = {item.profile.id for item in bundles}
        left = [
            item.display_name or ""
            for item in self._profiles.values()
            if item.id not in taken
            and (item.id or "").lower() not in self._made
            and judge(item).verdict is Verdict.REQUIRED
        ]
        if left:
            yield f"Not in this rollout, although they need strong mapping: {_listed(left)}."


def notes_of_copies(item: ResolvedBundle) -> Iterator[str]:
    """Which dependants get which copies, in sentences."""
    for user in item.dependants:
        yield (
            f"{user.name!r} uses {item.profile.display_name!r} and gets the copy"
            f" {item.copy_name(user.name)!r}."
        )


def _notes_of(found: ResolvedRing) -> Iterator[str]:
    gates, name = found.ring.gates, found.ring.name
    if gates.is_time_alone:
        yield f"Ring {name!r} is judged by time alone: its gates ask for nothing but soak."
    unverifiable = [item for item in found.bundles if not item.verifiable]
    if unverifiable and len(unverifiable) < len(found.bundles):
        names = _listed(item.profile.display_name or "" for item in unverifiable)
        yield (
            f"Ring {name!r}: reissued and seen say nothing of {names}, of which Intune reports no"
            " certificates."
        )


def _is_verifiable(profile: ScepProfile) -> bool:
    return profile.profile_type.certificate_reporting


def _listed(names: Iterable[str]) -> str:
    """Names in quotes; of many the first, and how many more."""
    quoted = [repr(name) for name in names]
    more = len(quoted) - _MOST_NAMED
    shown = ", ".join(quoted[:_MOST_NAMED])
    return f"{shown} and {more} more" if more > 0 else shown
