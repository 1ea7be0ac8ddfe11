from __future__ import annotations

from dataclasses import dataclass

from intune_scep.profiles import ScepProfile
from intune_scep.rollout.model import Bundle, Ring, RolloutFile
from intune_scep.tenant import Snapshot


@dataclass(frozen=True)
class ResolvedBundle:
    profile: ScepProfile
    bundle: Bundle | None
    verifiable: bool

    @property
    def clone_name(self) -> str:
        return (
            self.bundle.clone_name.replace("{name}", self.profile.display_name or "")
            if self.bundle
            else ""
        )


@dataclass(frozen=True)
class ResolvedRing:
    ring: Ring
    bundles: tuple[ResolvedBundle, ...]
    group_ids: tuple[str, ...]


@dataclass(frozen=True)
class Resolved:
    file: RolloutFile
    bundles: tuple[ResolvedBundle, ...]
    rings: tuple[ResolvedRing, ...]
    notes: tuple[str, ...]

    def ring(self, name: str) -> ResolvedRing:
        return next(r for r in self.rings if r.ring.name == name)


def resolve(file: RolloutFile, snapshot: Snapshot) -> Resolved:
    by_name = {p.display_name: p for p in snapshot.profiles} | {p.id: p for p in snapshot.profiles}

    def one(name, bundle=None):
        profile = by_name[name]
        return ResolvedBundle(profile, bundle, True)

    if file.bundles:
        bundles = tuple(one(b.profile, b) for b in file.bundles)
        rings = tuple(ResolvedRing(r, bundles, r.groups) for r in file.rings)
    else:
        rings = tuple(ResolvedRing(r, tuple(one(n) for n in r.profiles), ()) for r in file.rings)
        bundles = tuple(b for r in rings for b in r.bundles)
    return Resolved(file, bundles, rings, ())
