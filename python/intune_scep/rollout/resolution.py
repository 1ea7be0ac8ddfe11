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
from intune_scep.rollout.model import Bundle, Finish, Ring, RolloutFile
from intune_scep.rollout.structure import Place, Problem, path_of
from intune_scep.rules import Verdict, judge
from intune_scep.tenant import Snapshot

_MOST_NAMED: Final = 10


@dataclass(frozen=True)
class ResolvedBundle:
    """A SCEP profile of the tenant that is moved.

    Attributes:
        bundle: How it is cloned; None in place.
        verifiable: Whether Intune reports its certificates, so that a re-issue can be seen.
    """

    profile: ScepProfile
    bundle: Bundle | None
    verifiable: bool

    @property
    def clone_name(self) -> str:
        """Name of the copy; empty in place."""
        if self.bundle is None:
            return ""
        return self.bundle.clone_name.replace("{name}", self.profile.display_name or "")

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "id": self.profile.id,
            "name": self.profile.display_name,
            "platform": self.profile.profile_type.platform.value,
            "clone_name": self.clone_name or None,
            "verifiable": self.verifiable,
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
    """

    file: RolloutFile
    bundles: tuple[ResolvedBundle, ...]
    rings: tuple[ResolvedRing, ...]
    notes: tuple[str, ...]

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


def resolve(file: RolloutFile, snapshot: Snapshot, *, made: Collection[str] = ()) -> Resolved:
    """Find what a file names.

    Args:
        snapshot: With the SCEP profiles, and the names of the groups that the file names.
        made: Ids of copies that this rollout has made already.

    Raises:
        RolloutFileError: a name leads to nothing or to several things, something is named twice, a
            copy's name is taken, or a ring holds what cannot be verified without a gate that
            could tell; every problem is told.
    """
    resolving = _Resolving(file, snapshot, made)
    resolved = resolving.resolved()
    if resolving.problems:
        raise RolloutFileError(str(file.path), sentences(resolving.problems, file.lines, file.path))
    return resolved


class _Resolving:
    """One resolution: what is wrong is gathered on the way."""

    def __init__(self, file: RolloutFile, snapshot: Snapshot, made: Collection[str]) -> None:
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
        return Resolved(self._file, bundles, rings, tuple(self._notes(bundles, rings)))

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
                found.append(ResolvedBundle(profile, bundle, _is_verifiable(profile)))
                self._require_new_name(number, found[-1], found[:-1])
        back = tuple(
            item
            for item in found
            if item.bundle is not None and item.bundle.finish is Finish.SWING_BACK
        )
        return tuple(found), [back if ring.back else tuple(found) for ring in self._file.rings]

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
